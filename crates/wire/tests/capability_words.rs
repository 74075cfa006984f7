//! Capability words: what is known is understood, what is not is passed over.

use cuelight_wire::caps::Ext;

fn read(json: &str) -> Result<Ext, serde_json::Error> {
    serde_json::from_str(json)
}

/// CTRL-5
#[test]
fn unknown_words_of_any_length_are_passed_over() {
    assert_eq!(read("[]").unwrap(), Ext::NONE);
    assert_eq!(read(r#"["full-state"]"#).unwrap(), Ext::FULL_STATE);
    assert_eq!(read(r#"["FULL-STATE", "full-state ", ""]"#).unwrap(), Ext::NONE);
    let long = "w".repeat(900);
    assert_eq!(read(&format!(r#"["{long}", "ns-exchange", "{long}"]"#)).unwrap(), Ext::NS_EXCHANGE);
    let all = r#"["\u0066ull-state", "full-state", "restart", "ota-stop", "show-lock", "cues", "universes", "geometry", "seal",
        "ns-exchange"]"#;
    assert_eq!(read(all).unwrap(), Ext::ALL);
}

#[test]
fn what_is_not_a_list_of_words_is_refused() {
    for bad in [r#""full-state""#, "[1]", r#"{"full-state": true}"#, "null", r#"[["full-state"]]"#] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

/// CTRL-4
#[test]
fn both_sides_use_only_the_words_both_know() {
    let words = |set: Ext| set.words().collect::<Vec<_>>();
    assert_eq!(words(Ext::ALL.and(Ext::FULL_STATE)), ["full-state"]);
    assert_eq!(
        words(Ext::ALL),
        ["full-state", "ns-exchange", "show-lock", "cues", "ota-stop", "restart", "universes", "geometry", "seal"]
    );
    assert_eq!(
        words(Ext::ALL.without(Ext::CUES)),
        ["full-state", "ns-exchange", "show-lock", "ota-stop", "restart", "universes", "geometry", "seal"]
    );
    assert!(Ext::ALL.has(Ext::NS_EXCHANGE) && !Ext::FULL_STATE.has(Ext::ALL));
    let written =
        r#"["full-state","ns-exchange","show-lock","cues","ota-stop","restart","universes","geometry","seal"]"#;
    assert_eq!(serde_json::to_string(&Ext::ALL).unwrap(), written);
}

#[test]
fn a_set_is_written_as_its_words() {
    assert_eq!(Ext::NONE.to_string(), "none");
    assert_eq!(Ext::FULL_STATE.or(Ext::SEAL).to_string(), "full-state seal");
}
