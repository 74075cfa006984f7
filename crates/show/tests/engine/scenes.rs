//! Scenes of the LED side in cues.

use cuelight_show::cue::{SceneContent, SceneTarget};
use cuelight_show::scenes::scenes;
use cuelight_show::{Cue, Timing};
use cuelight_wire::ids::EffectId;
use cuelight_wire::scene::Scene;

use crate::rig::{Desk, MAIN, SECOND, list, ms, number};

fn with(text: &str, fade_ms: u32, contents: &[(SceneTarget, u16)]) -> Cue {
    let mut cue = Cue::new(number(text));
    cue.timing = Timing { fade_up_ms: fade_ms, ..Timing::default() };
    cue.look.scenes.extend(contents.iter().map(|(target, effect)| SceneContent {
        target: target.clone(),
        scene: Scene { effect: EffectId(*effect), ..Scene::default() },
    }));
    cue
}

#[test]
fn scenes_track_and_keep_the_start_of_the_cue_that_brought_them() {
    let left = SceneTarget::Node("left".into());
    let cues = [with("1", 2_000, &[(SceneTarget::Show, 5)]), with("2", 0, &[(left.clone(), 6)]), with("3", 500, &[])];
    let mut desk = Desk::of_lists([list(1, cues)]);
    for now in [0, 1_000, 2_000] {
        desk.go(MAIN, now);
    }
    let now = scenes(&desk.score, &desk.playbacks);
    let seen: Vec<_> = now.iter().map(|s| (&s.target, s.scene.effect.0, s.cue, s.at, s.fade_ms)).collect();
    let expected = [(&SceneTarget::Show, 5, number("1"), ms(0), 2_000), (&left, 6, number("2"), ms(1_000), 0)];
    assert_eq!(seen, expected);
}

#[test]
fn the_list_that_moved_a_target_last_has_it_until_it_lets_go() {
    let mut desk = Desk::of_lists([
        list(1, [with("1", 0, &[(SceneTarget::Show, 5)]), with("2", 0, &[])]),
        list(2, [with("1", 0, &[(SceneTarget::Show, 7)])]),
    ]);
    let effect = |desk: &Desk| scenes(&desk.score, &desk.playbacks).first().map(|s| (s.list, s.scene.effect.0));
    desk.go(MAIN, 0);
    desk.go(SECOND, 1_000);
    desk.go(MAIN, 2_000);
    assert_eq!(effect(&desk), Some((SECOND, 7)));
    desk.playbacks.release(&desk.score, SECOND, 0, ms(3_000)).unwrap();
    assert_eq!(effect(&desk), Some((MAIN, 5)));
    desk.playbacks.release(&desk.score, MAIN, 0, ms(4_000)).unwrap();
    assert_eq!(effect(&desk), None);
}
