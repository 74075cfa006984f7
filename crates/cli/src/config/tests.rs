//! The promises of configuration: every wrong source is refused with a message of one form, every setting has its place
//! in the order of sources.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct HubFlags {
    #[command(flatten)]
    flags: HubOptions,
}

#[derive(Parser)]
struct NodeFlags {
    #[command(flatten)]
    flags: NodeOptions,
}

#[derive(Parser)]
struct AccessPointFlags {
    #[command(flatten)]
    flags: AccessPointOptions,
}

/// The message for a file of this name and text.
fn refusal(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let message = read_file(&path).unwrap_err().to_string();
    let in_folder = format!("{}/", folder.path().display());
    message.strip_prefix(&in_folder).unwrap_or_else(|| panic!("{message}")).to_owned()
}

fn options(text: &str) -> FileOptions {
    read_text(text, Format::Toml).unwrap().1
}

fn environment<T: DeserializeOwned>(prefix: &str, variables: &[(&str, &str)]) -> Result<T, ConfigError> {
    read_environment(prefix, variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

const GEOMETRY: &str =
    "node.geometry: unknown shape: expected strip:LEN, ring:LEN or matrix:WIDTHxHEIGHT, found \"strap:3\"";
const PORT: &str = "expected a whole number from 0 to 65535";

#[test]
fn a_wrong_value_is_named_with_file_line_column_and_what_was_expected() {
    for (name, text, message) in [
        ("a.toml", "[hub]\n\nport = 99999\n", format!("3:8: hub.port: {PORT}, found 99999")),
        ("a.toml", "[hub]\nport = \"80\"\n", format!("2:8: hub.port: {PORT}, found \"80\"")),
        ("a.toml", "hub.port = 80.5\n", format!("1:12: hub.port: {PORT}, found 80.5")),
        ("a.toml", "[node]\ngeometry = \"strap:3\"\n", format!("2:12: {GEOMETRY}")),
        ("a.json", "{\n\t\"hub\": {\n\t\t\"port\": -1\n\t}\n}\n", format!("3:11: hub.port: {PORT}, found -1")),
        ("a.json", "{\"node\": {\"name\": \"ä\", \"geometry\": \"strap:3\"}}", format!("1:36: {GEOMETRY}")),
        ("a.yaml", "hub:\n  port: many\n", format!("2:9: hub.port: {PORT}, found \"many\"")),
        ("a.yml", "# here\nnode:\n  geometry: strap:3\n", format!("3:13: {GEOMETRY}")),
    ] {
        assert_eq!(refusal(name, text), format!("{name}:{message}"));
    }
}

#[test]
fn kinds_and_choices_are_told_in_a_users_words() {
    for (text, message) in [
        ("hub = 3", "1:7: hub: expected a table of hub settings, found 3"),
        ("hub.mdns = 1", "1:12: hub.mdns: expected true or false, found 1"),
        ("hub.log = \"xml\"", "1:11: hub.log: expected text or json, found \"xml\""),
        ("hub.bind = \"1.2.3\"", "1:12: hub.bind: expected an IP address like 0.0.0.0 or 192.168.4.1, found \"1.2.3\""),
        ("hub.lead_ms = 5", "1:15: hub.lead_ms: expected a whole number from 10 to 2000, found 5"),
        ("hub.name = \"\"", "1:12: hub.name: expected a name of 1 to 63 bytes, found \"\""),
        ("node.gamma = 11", "1:14: node.gamma: expected a number from 0.1 to 10, found 11"),
        ("node.mac = [1]", "1:12: node.mac: expected a MAC address like 02:00:00:00:00:01, found a list"),
        ("node.sync = \"never\"", "1:13: node.sync: expected scheduled or on-arrival, found \"never\""),
        (
            "node.outputs = [\"null\",\n \"led\"]",
            "2:2: node.outputs: expected an output: terminal, null, record:FILE, ddp:HOST[:PORT], sacn:UNIVERSE[@HOST] or artnet:UNIVERSE[@HOST], found \"led\"",
        ),
        (
            "node.fallback = \"idle:Nowhere\"",
            "1:17: node.fallback: there is no preset \"Nowhere\" (cuelight effects lists them): expected hold, idle, \
             idle:PRESET or blackout, found \"idle:Nowhere\"",
        ),
    ] {
        assert_eq!(refusal("a.toml", text), format!("a.toml:{message}"));
    }
}

#[test]
fn an_unknown_setting_is_refused_with_the_one_that_may_be_meant() {
    for (name, text) in [("a.toml", "[hub]\nprot = 1\n"), ("a.yaml", "hub:\n  prot: 1\n")] {
        let column = text.lines().nth(1).unwrap().find("prot").unwrap() + 1;
        let expected = format!("{name}:2:{column}: hub.prot: there is no such setting; did you mean port?");
        assert_eq!(refusal(name, text), expected);
    }
    let message = refusal("a.json", "{\"hubs\": {}}");
    assert!(message.starts_with("a.json:1:3: hubs: ") && message.ends_with("did you mean hub?"), "{message}");
    let message = refusal("a.toml", "[node]\nzzz = 1");
    assert!(message.contains("expected one of hub, hub_ca, name, outputs, universes"), "{message}");
}

#[test]
fn broken_files_are_refused_where_they_break() {
    for (name, text, place) in [
        ("a.toml", "[hub]\nport = \n", "a.toml:2:"),
        ("a.toml", "[hub]\nport = 1\nport = 2\n", "a.toml:3:1: "),
        ("a.json", "{\"hub\": {\n\"port\" 1}}", "a.json:2:8: "),
        ("a.json", "{\"hub\": {\"port\": 1, \"port\": 2}}", "a.json:1:22: "),
        ("a.yaml", "hub:\n  port: 1\n bad: 2\n", "a.yaml:3:"),
        ("a.yaml", "hub:\n  port: 1\n  port: 2\n", "a.yaml:3:"),
    ] {
        let message = refusal(name, text);
        assert!(message.starts_with(place) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn a_file_of_another_kind_or_none_is_named() {
    let message = refusal("a.ini", "");
    assert_eq!(message, "a.ini: unknown format: expected a name that ends in .toml, .json, .yaml or .yml");
    let message = read_file(Path::new("/nowhere/a.toml")).unwrap_err().to_string();
    assert!(message.starts_with("/nowhere/a.toml: cannot be read: "), "{message}");
}

#[test]
fn all_formats_say_the_same() {
    let toml = "[hub]\nport = 81\nmdns = false\n[node]\noutputs = [\"null\", \"ddp:a\"]\ngamma = 2\n";
    let json = r#"{"hub": {"port": 81, "mdns": false}, "node": {"outputs": ["null", "ddp:a"], "gamma": 2.0}}"#;
    let yaml = "hub:\n  port: 81\n  mdns: false\nnode:\n  outputs: [\"null\", ddp:a]\n  gamma: 2\n";
    let meant = options(toml);
    assert_eq!(read_text(json, Format::Json).unwrap().1, meant);
    assert_eq!(read_text(yaml, Format::Yaml).unwrap().1, meant);
    assert_eq!(meant.hub.unwrap().settings().port, 81);
    assert_eq!(meant.node.unwrap().settings().outputs.len(), 2);
}

#[test]
fn empty_files_and_tables_say_nothing() {
    for (text, format) in [("", Format::Toml), ("{}", Format::Json), ("", Format::Yaml), ("# only\n", Format::Yaml)] {
        assert_eq!(read_text(text, format).unwrap().1, FileOptions::default());
    }
    assert_eq!(read_text("hub:\nnode:\n", Format::Yaml).unwrap().1, FileOptions::default());
}

#[test]
fn flags_go_over_the_environment_and_both_over_the_file() {
    let file = options("[hub]\nport = 1\nts_port = 1\nname = \"file\"\n").hub.unwrap();
    let variables = [("CUELIGHT_HUB_PORT", "2"), ("CUELIGHT_HUB_TS_PORT", "2"), ("OTHER", "x")];
    let environment: HubOptions = environment(HUB_VARIABLES, &variables).unwrap();
    let flags = HubFlags::parse_from(["hub", "--port", "3"]).flags;
    let settings = flags.over(environment).over(file).settings();
    assert_eq!((settings.port, settings.ts_port, settings.name.as_str()), (3, 2, "file"));
    assert_eq!(settings.max_nodes, 1024);
}

#[test]
fn outputs_of_the_highest_source_stand_alone() {
    let file = options("node.outputs = [\"terminal\"]").node.unwrap();
    let variables = [("CUELIGHT_NODE_OUTPUTS", "null, ddp:a"), ("CUELIGHT_NODE_NAME", "")];
    let environment: NodeOptions = environment(NODE_VARIABLES, &variables).unwrap();
    assert_eq!(NodeOptions::default().over(file.clone()).settings().outputs.len(), 1);
    assert_eq!(environment.clone().over(file.clone()).settings().outputs.len(), 2);
    let flags = NodeFlags::parse_from(["node", "--output", "null", "--output", "ddp:a", "--output", "ddp:b"]).flags;
    assert_eq!(flags.over(environment).over(file).settings().outputs.len(), 3);
}

#[test]
fn a_wrong_variable_is_named_with_what_was_expected() {
    for (name, value, message) in [
        ("CUELIGHT_NODE_UDP_PORT", "x", format!("{PORT}, found \"x\"")),
        ("CUELIGHT_NODE_UDP_PORT", "65536", format!("{PORT}, found 65536")),
        ("CUELIGHT_NODE_DITHER", "maybe", "expected true or false, found \"maybe\"".to_owned()),
        ("CUELIGHT_NODE_UPD_PORT", "1", "there is no such setting; did you mean CUELIGHT_NODE_UDP_PORT?".to_owned()),
    ] {
        let refusal = environment::<NodeOptions>(NODE_VARIABLES, &[(name, value)]).unwrap_err();
        assert_eq!(refusal.to_string(), format!("{name}: {message}"));
    }
}

#[test]
fn every_setting_can_be_given_as_key_variable_and_flag() {
    let text = r#"
        [node]
        hub = "a:1"
        name = "left"
        outputs = ["null"]
        page = "127.0.0.1:8090"
        universes = ["1..4"]
        inputs = ["sacn:1?max=120"]
        lights = ["sacn:1?hz=30"]
        show = "/s.toml"
        geometry = "ring:60"
        fallback = "idle"
        gamma = 1.0
        dither = false
        power_limit_ma = 4000
        bind = "127.0.0.1"
        udp_port = 0
        data_dir = "/d"
        supervised = true
        mac = "02:00:00:00:00:01"
        seed = 4294967295
        realtime = false
        spin_us = 300
        sync = "on-arrival"
        update_keys = ["cuelight-public:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="]
        update_signatures = 2
        update_channel = "beta"
        log = "json"
        inject_clock = "-1000,50"
        update_fails_at = "image-moved"
    "#;
    let (tree, file) = read_text(text, Format::Toml).unwrap();
    let file = file.node.unwrap();
    let tree::Value::Table(entries) = &tree.at("node").unwrap().value else { panic!("{tree:?}") };
    let word = |value: &tree::Value| match value {
        tree::Value::Text(text) => text.clone(),
        tree::Value::Whole(number) => number.to_string(),
        tree::Value::Decimal(number) => number.to_string(),
        tree::Value::Switch(on) => on.to_string(),
        tree::Value::List(items) => items.iter().map(|item| format!("{:?}", item.value)).collect(),
        other => panic!("{other:?}"),
    };
    let mut flags = vec!["node".to_owned()];
    let mut variables = Vec::new();
    for entry in entries {
        let (flag, value) = match entry.key.as_str() {
            "outputs" => ("output".to_owned(), "null".to_owned()),
            "universes" => ("universes".to_owned(), "1..4".to_owned()),
            "inputs" => ("input".to_owned(), "sacn:1?max=120".to_owned()),
            "lights" => ("lights".to_owned(), "sacn:1?hz=30".to_owned()),
            "update_keys" => {
                let key = "cuelight-public:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
                ("update-key".to_owned(), key.to_owned())
            }
            key => (key.replace('_', "-"), word(&entry.value.value)),
        };
        variables.push((format!("{NODE_VARIABLES}{}", entry.key.to_ascii_uppercase()), value.clone()));
        flags.extend([format!("--{flag}"), value]);
    }
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(environment::<NodeOptions>(NODE_VARIABLES, &variables).unwrap(), file);
    assert_eq!(NodeFlags::parse_from(flags).flags, file);
    let settings = file.settings();
    assert_eq!(settings.seed, u32::MAX);
    assert_eq!(settings.finish.gamma_x100, 100);
    assert_eq!(settings.clock.ppb(), 50_000);
    // Everything but what is only for measurements is shown by `cuelight check`.
    let shown = node::shown(&file);
    assert!(
        entries
            .iter()
            .all(|entry| ["inject_clock", "update_fails_at"].contains(&entry.key.as_str())
                || shown.contains_key(&entry.key)),
        "{shown:?}"
    );
}

#[test]
fn universes_are_numbers_or_ranges_and_what_is_wrong_is_said() {
    let universes = |text: &str| {
        let node = read_text(&format!("[node]\nuniverses = {text}"), Format::Toml).map(|(_, file)| file.node.unwrap());
        node.map(|node| node.settings().universes.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(universes("[1, \"3..5\"]").unwrap(), ["1", "3..5"]);
    assert_eq!(
        universes("[0]").unwrap_err().to_string(),
        "2:14: node.universes: expected universes of 1 to 63999, like 7 or 1..4, found \"0\""
    );
    assert!(universes("[true]").unwrap_err().to_string().contains("expected universes of 1 to 63999"));
    let flags = NodeFlags::parse_from(["node", "--universes", "1..4,7", "--lights", "artnet@10.0.0.5?sync=on"]).flags;
    assert_eq!((flags.settings().universes.len(), flags.settings().lights.len()), (2, 1));
}

fn access_point(text: &str) -> AccessPointOptions {
    options(text).access_point.unwrap()
}

#[test]
fn every_setting_of_the_access_point_can_be_given_as_key_variable_and_flag() {
    let file = access_point(
        "[access-point]\ninterface = \"wlan0\"\nradio = \"none\"\nssid = \"LightwaveOS-AP\"\n\
         password_file = \"/p\"\nchannel = 36\ncountry = \"DE\"\n",
    );
    let settings = [
        ("INTERFACE", "access-point", "wlan0"),
        ("RADIO", "radio", "none"),
        ("SSID", "ssid", "LightwaveOS-AP"),
        ("PASSWORD_FILE", "password-file", "/p"),
        ("CHANNEL", "channel", "36"),
        ("COUNTRY", "country", "DE"),
    ];
    let named: Vec<_> =
        settings.iter().map(|(name, _, value)| (format!("{ACCESS_POINT_VARIABLES}{name}"), *value)).collect();
    let variables: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(environment::<AccessPointOptions>(ACCESS_POINT_VARIABLES, &variables).unwrap(), file);
    let flags = settings.iter().flat_map(|(_, flag, value)| [format!("--{flag}"), (*value).to_owned()]);
    assert_eq!(AccessPointFlags::parse_from(["hub".to_owned()].into_iter().chain(flags)).flags, file);
}

/// AP-1
#[test]
fn a_hub_is_an_appliance_when_it_is_told_an_interface_and_nothing_else() {
    assert_eq!(AccessPointOptions::default().settings().unwrap(), None);
    let network = access_point("access-point.interface = \"wlan0\"").settings().unwrap().unwrap();
    assert!(network.passphrase.is_default());
    assert_eq!((network.ssid.to_string().as_str(), network.channel.number()), ("K1-LightwaveOS", 6));
    let hub = HubOptions::default();
    assert_eq!(hub.settings_with(Some(network.clone())).port, 80);
    assert_eq!(hub.settings_with(None).port, 8080);
    let given = HubFlags::parse_from(["hub", "--port", "8081"]).flags;
    assert_eq!(given.settings_with(Some(network)).port, 8081);
}

/// AP-2
#[test]
fn a_wrong_password_is_not_repeated() {
    let message = "1:25: access-point.password: expected a WPA2 password of 8 to 63 printable ASCII characters";
    for (value, more) in
        [("\"seven77\"", ""), ("1234567", ", in quotes"), ("12345.67", ", in quotes"), ("true", ", in quotes")]
    {
        let refusal = refusal("a.toml", &format!("access-point.password = {value}\n"));
        assert_eq!(refusal, format!("a.toml:{message}{more}"));
    }
    let variable = [("CUELIGHT_ACCESS_POINT_PASSWORD", "seven77")];
    let refusal = environment::<AccessPointOptions>(ACCESS_POINT_VARIABLES, &variable).unwrap_err().to_string();
    assert!(
        refusal.starts_with("CUELIGHT_ACCESS_POINT_PASSWORD: expected") && !refusal.contains("seven77"),
        "{refusal}"
    );
}

#[test]
fn a_password_comes_from_the_highest_source_that_has_one_in_any_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "from the file\n").unwrap();
    let flag = ["hub", "--access-point", "wlan0", "--password-file", path.to_str().unwrap()];
    let flags = AccessPointFlags::parse_from(flag).flags;
    let below = access_point("access-point.password = \"from the table\"");
    let password = |options: AccessPointOptions| options.settings().map(|settings| settings.unwrap().passphrase);
    assert_eq!(password(flags.clone().over(below.clone())).unwrap(), "from the file".parse().unwrap());
    let named = access_point("access-point.interface = \"wlan0\"");
    assert_eq!(password(named.over(below)).unwrap(), "from the table".parse().unwrap());

    fs::write(&path, "two\nlines of it\n").unwrap();
    let refusal = password(flags.clone()).unwrap_err().to_string();
    assert!(refusal.contains("expected one line") && !refusal.contains("lines of it"), "{refusal}");
    fs::remove_file(&path).unwrap();
    assert!(password(flags).unwrap_err().to_string().contains("cannot be read"));
    let both = access_point("access-point = {interface = \"a\", password = \"12345678\", password_file = \"/p\"}");
    assert!(password(both).unwrap_err().to_string().contains("not both"));
}

/// AP-4
#[test]
fn wrong_settings_of_the_access_point_are_told_in_a_users_words() {
    for (text, message) in [
        ("interface = \"a/b\"", "expected the name of a network interface like wlan0, found \"a/b\""),
        ("radio = \"wext\"", "expected nl80211, none or off, found \"wext\""),
        ("country = \"Germany\"", "expected a country as two capital letters like DE, found \"Germany\""),
        ("channel = 52", "expected a channel: 1 to 13, 36, 40, 44, 48, 149, 153, 157, 161 or 165, found 52"),
    ] {
        let refusal = refusal("a.toml", &format!("[access-point]\n{text}\n"));
        assert!(refusal.starts_with("a.toml:2:") && refusal.ends_with(message), "{refusal}");
    }
    let abroad = access_point("access-point = {interface = \"a\", channel = 13}").settings().unwrap_err().to_string();
    assert!(abroad.contains("channel 13") && abroad.contains("--country"), "{abroad}");
}
