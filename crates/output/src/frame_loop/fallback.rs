//! What the lights do while the hub is missing. Implements OUT-5.
//!
//! Nothing here is random, and nothing is lost: the hub's own layers go on below, out of sight, and come back as they
//! would have been.

use cuelight_render::Stack;
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Master, PatternPlay, Rgb, Scene, advance};
use cuelight_wire::time::{Show, Span, Time};

use super::command::Own;

/// The configured behaviour without a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// The last scene goes on, with whatever changes were announced before.
    #[default]
    Hold,
    /// A scene of the node's own fades in. Its phase is that of a scene that began at show time 0, so that nodes which
    /// lose their hub at different moments still look alike.
    Idle(Scene),
    /// Dark, at once.
    Blackout,
}

/// Fade from the show to the idle scene: slow enough to look meant.
const IDLE_FADE_MS: u32 = 1000;
/// Fade from the idle scene back to the show: a restarted hub's show is back within its second.
const RETURN_FADE_MS: u32 = 500;

/// A stack shown in place of the hub's.
#[derive(Debug)]
pub(crate) struct Overlay {
    stack: Stack,
    /// On the way back: when the hub's stack is shown itself again.
    until: Option<Time<Show>>,
}

impl Overlay {
    /// The picture from `show` on when the hub is missing; `shown` is the picture until then. `None`: just go on.
    pub(crate) fn enter(fallback: &Fallback, shown: &Stack, show: Time<Show>) -> Option<Self> {
        let mut stack = shown.clone();
        let change = match fallback {
            Fallback::Hold => return None,
            Fallback::Idle(scene) => Change::Layer(idle_layer(scene, show)),
            Fallback::Blackout => Change::Master(Master { at: show, blackout: true, ..*shown.master() }),
        };
        stack.apply(change, show);
        Some(Self { stack, until: None })
    }

    /// The picture from `show` on when this node alone is to show something; `shown` is the picture until then, and
    /// `fallback` what there is to go back to.
    pub(crate) fn own(own: Own, fallback: &Fallback, shown: &Stack, show: Time<Show>) -> Option<Self> {
        let mut stack = shown.clone();
        match own {
            Own::Play(id) => {
                let pattern = Some(PatternPlay { id, repeats: true, starts_at: show });
                // What stands in for a pattern that is not at hand: one colour, black.
                let scene = Scene { colors: [Rgb::BLACK; 3], pattern, ..Scene::default() };
                let cut = Layer { fade_ms: 0, ..idle_layer(&scene, show) };
                stack.apply(Change::Layer(cut), show);
                stack.apply(Change::Master(Master { at: show, blackout: false, ..*shown.master() }), show);
            }
            Own::Stop => return Self::enter(fallback, shown, show),
            Own::Level(level) => {
                stack.apply(Change::Master(Master { at: show, level, ..*shown.master() }), show);
            }
        }
        Some(Self { stack, until: None })
    }

    /// The hub is back at `show`: fades to the layer that `hub` shows now. `None`: show the hub's stack at once, because
    /// there is nothing to fade from or to.
    pub(crate) fn leave(mut self, hub: &Stack, show: Time<Show>) -> Option<Self> {
        let newest = hub.layers().last()?;
        if self.stack.master().blackout {
            return None;
        }
        let back = newest.followed_by(newest.rev, show, RETURN_FADE_MS, newest.scene.clone());
        self.stack.apply(Change::Layer(back), show);
        self.stack.apply(Change::Tempo(*hub.tempo()), show);
        self.stack.apply(Change::Master(*hub.master()), show);
        self.until = Some(show + Span::from_ms(i64::from(RETURN_FADE_MS)));
        Some(self)
    }

    /// Whether it is on the way back to the hub's stack.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.until.is_some()
    }
    /// Whether the hub's stack is all there is to see at `show`.
    pub(crate) fn is_over(&self, show: Time<Show>) -> bool {
        self.until.is_some_and(|until| show >= until)
    }
    /// A change of the hub's that comes into force on the way back shows at once.
    pub(crate) fn apply(&mut self, change: &Change, show: Time<Show>) {
        if self.is_leaving() {
            self.stack.apply(change.clone(), show);
        }
    }
    pub(crate) const fn stack(&self) -> &Stack {
        &self.stack
    }
}

/// The idle scene from `show` on. Revision 0: it is not the hub's.
fn idle_layer(scene: &Scene, show: Time<Show>) -> Layer {
    let since_origin = show - Time::ZERO;
    let mut zone_phases = [0; MAX_ZONES];
    for (phase, zone) in zone_phases.iter_mut().zip(&scene.zones) {
        *phase = advance(0, zone.speed, since_origin);
    }
    Layer {
        rev: Revision(0),
        at: show,
        fade_ms: IDLE_FADE_MS,
        scene: scene.clone(),
        phase: advance(0, scene.parameters.speed, since_origin),
        zone_phases,
    }
}
