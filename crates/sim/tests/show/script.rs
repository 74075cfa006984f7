//! What an operator does in these scenarios.

use cuelight_conductor::{Answer, Command, Scope};
use cuelight_sim::rng::Rng;
use cuelight_sim::world::World;
use cuelight_wire::change::ScenePatch;
use cuelight_wire::ids::{EffectId, PaletteId};
use cuelight_wire::scene::{Parameters, Scene};
use cuelight_wire::time::Span;

pub(crate) fn ms(ms: i64) -> Span {
    Span::from_ms(ms)
}

/// A scene unlike its neighbours in number.
pub(crate) fn scene(n: u16) -> Scene {
    Scene {
        effect: EffectId(1 + n * 7 % 24),
        palette: PaletteId(1 + n * 5 % 24),
        parameters: Parameters { speed: 40 + (n * 37 % 200) as u8, hue: n.wrapping_mul(9_973), ..Parameters::DEFAULT },
        seed: u32::from(n),
        ..Scene::default()
    }
}

pub(crate) fn cut_to(n: u16) -> Command {
    Command::SetScene { scope: Scope::Show, scene: scene(n), fade_ms: 0 }
}

pub(crate) fn fade_to(n: u16, fade_ms: u32) -> Command {
    Command::SetScene { scope: Scope::Show, scene: scene(n), fade_ms }
}

/// `count` changes of scene 80 to 240 ms apart, at any phase of the tick: cuts, fades, changes of parameters.
pub(crate) fn changes(world: &mut World, count: u16, seed: u64) -> Vec<(i64, Answer)> {
    let mut rng = Rng::derived(seed, 0x0bed);
    let mut answers = Vec::new();
    for n in 0..count {
        world.run(Span::from_ns(rng.between(80e6, 240e6) as i64));
        let command = match n % 4 {
            0 | 1 => cut_to(n),
            2 => fade_to(n, 300),
            _ => {
                let patch =
                    ScenePatch { speed: Some((n * 5 % 256) as u8), hue: Some(n * 997), ..ScenePatch::default() };
                Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 }
            }
        };
        answers.push((world.now_ns(), world.command(command).expect("an accepted command")));
    }
    world.run(ms(500));
    answers
}
