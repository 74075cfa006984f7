//! What a cue's look says for the parameters of a rig.

use alloc::vec::Vec;

use cuelight_render::Geometry;
use cuelight_wire::scene::Scene;

use crate::cell::Cell;
use crate::cue::{Cue, EffectContent, MAX_EFFECT_CELLS, MAX_EFFECTS, Target, Value};
use crate::number::CueNumber;
use crate::rig::{Parameter, ParameterIndex, Rig, effect_cells, effect_components};
use crate::show::Show;

/// An effect of a list, as it is drawn.
#[derive(Clone, Debug)]
pub(crate) struct TrackedEffect {
    /// The cue that brings it.
    pub(crate) cue: CueNumber,
    /// Its place among the effects of that cue.
    pub(crate) content: usize,
    pub(crate) scene: Scene,
    pub(crate) geometry: Geometry,
}

/// Appends what `cue` says to `out`, in rising order of parameters, each once; its effects go to `effects`. Parameters that
/// are not in the rig are passed over, and so are effects beyond [`MAX_EFFECTS`].
pub(super) fn expand(
    show: &Show,
    rig: &Rig,
    cue: &Cue,
    effects: &mut Vec<TrackedEffect>,
    out: &mut Vec<(ParameterIndex, Cell)>,
) {
    let first = out.len();
    for index in 0..cue.look.effects.len() {
        draw(show, rig, cue, index, effects, out);
    }
    let has_effects = out.len() > first;
    // Both are in the order of their targets: the next one is looked for behind the last one.
    let mut from = 0;
    for instruction in &cue.look.instructions {
        let Some(skipped) = skip_to(&rig.parameters()[from..], instruction.target) else { continue };
        let cell = match instruction.value {
            Value::Level(level) => Cell::level(level),
            Value::Release => Cell::NOTHING,
        };
        out.push(((from + skipped) as ParameterIndex, cell));
        from += skipped + 1;
    }
    if has_effects {
        // Stable: of what is said for one parameter the last holds.
        out[first..].sort_by_key(|(parameter, _)| *parameter);
        let mut kept = first;
        for at in first..out.len() {
            if kept > first && out[kept - 1].0 == out[at].0 {
                kept -= 1;
            }
            out[kept] = out[at];
            kept += 1;
        }
        out.truncate(kept);
    }
}

/// Where the parameter of `target` is in `rest`. Looks ahead in growing strides: the next one is nearly always near.
fn skip_to(rest: &[Parameter], target: Target) -> Option<usize> {
    let mut reach = 1;
    while rest.get(reach - 1).is_some_and(|parameter| parameter.target < target) {
        reach *= 2;
    }
    let first = reach / 2;
    let found = rest[first..reach.min(rest.len())].binary_search_by_key(&target, |parameter| parameter.target);
    found.ok().map(|at| first + at)
}

fn draw(
    show: &Show,
    rig: &Rig,
    cue: &Cue,
    index: usize,
    effects: &mut Vec<TrackedEffect>,
    out: &mut Vec<(ParameterIndex, Cell)>,
) {
    let content: &EffectContent = &cue.look.effects[index];
    let cells = effect_cells(show, content);
    if cells.is_empty() || effects.len() >= MAX_EFFECTS {
        return;
    }
    let line = Geometry::strip(cells.len() as u16);
    // A geometry that has fewer pixels than the group has cells would leave cells out: the line has them all.
    let geometry = content.geometry.filter(|g| (cells.len()..=MAX_EFFECT_CELLS).contains(&g.len())).unwrap_or(line);
    let components = effect_components(show, content.drives);
    for (pixel, (fixture, cell)) in cells.into_iter().enumerate() {
        for (attribute, component) in &components {
            let target = Target::Fixture { fixture, cell, attribute: *attribute };
            if let Some(parameter) = rig.find(target) {
                out.push((parameter, Cell::effect(effects.len(), pixel, *component)));
            }
        }
    }
    effects.push(TrackedEffect { cue: cue.number, content: index, scene: content.scene.clone(), geometry });
}
