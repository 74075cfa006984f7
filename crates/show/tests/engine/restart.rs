//! The state as it is saved and sent.

use cuelight_show::{Next, Playbacks, Score, Stage};
use cuelight_wire::scene::{Master, Tempo};
use proptest::prelude::*;

use crate::properties::{act, deed, draft, show};
use crate::rig::{Desk, MAIN, cue, following, list, ms};

#[test]
fn a_hub_that_restarts_in_mid_fade_goes_on_with_it() {
    let cues = [following(cue("1", 10_000, &[(1, 100)]), Next::Hang(1_000)), cue("2", 4_000, &[(1, 0)])];
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 0);
    let before: Vec<_> = (3_000..16_000).step_by(125).map(|now| desk.slot(1, now)).collect();
    let saved = serde_json::to_string(&desk.playbacks).unwrap();
    let mut other = Desk::new(desk.show.clone());
    other.playbacks = serde_json::from_str(&saved).unwrap();
    let after: Vec<_> = (3_000..16_000).step_by(125).map(|now| other.slot(1, now)).collect();
    assert_eq!(before, after);
    assert!(before.windows(2).any(|pair| pair[0] < pair[1]) && before.windows(2).any(|pair| pair[0] > pair[1]));
}

#[test]
fn a_saved_state_is_small_and_says_what_it_means() {
    let mut desk = Desk::of_lists([list(1, [cue("1.5", 0, &[(1, 100)])])]);
    desk.go(MAIN, 2);
    assert_eq!(
        serde_json::to_string(&desk.playbacks).unwrap(),
        r#"{"lists":[{"list":1,"runs":[{"cue":"1.5","started_at_ns":2000000,"held_ns":0,"follows":true}],"held_ns":0}],"holds_from_ns":2000000}"#
    );
}

proptest! {
    #[test]
    fn any_state_goes_on_after_it_was_saved(
        lists in prop::collection::vec(prop::collection::vec(draft(), 0..9), 2),
        deeds in prop::collection::vec(deed(), 1..14),
        later in prop::collection::vec(1_i64..700, 1..8),
    ) {
        let show = show(&lists);
        let score = Score::new(&show);
        let (mut playbacks, mut master, mut now) = (Playbacks::default(), Master::DEFAULT, 0);
        for (n, deed, pause) in deeds {
            now += pause;
            act(&mut playbacks, &score, &show, &mut master, n, deed, now);
        }
        let restored: Playbacks = serde_json::from_slice(&serde_json::to_vec(&playbacks).unwrap()).unwrap();
        prop_assert_eq!(&restored, &playbacks);
        let (mut before, mut after) = (Stage::new(&score), Stage::new(&score));
        for step in later {
            now += step;
            let expected = before.levels(&score, &playbacks, &master, &Tempo::DEFAULT, ms(now));
            prop_assert_eq!(after.levels(&score, &restored, &master, &Tempo::DEFAULT, ms(now)), expected);
        }
    }
}
