//! Full state, type 0x10: everything a node shows and is about to show, in one payload of at most 512 bytes.
//!
//! ```text
//! state   := version u8 = 1, layers u8 (0..=3), tempos u8 (0..=2), masters u8 (0..=2), layer*, tempo*, master*, patterns
//! layer   := rev u32, at_us i64, fade_ms u32, phase u64, effect u16, palette u16, parameters, colors 9 x u8,
//!            seed u32, zones u8 (0..=4), zone*
//! parameters := brightness u8, speed u8, hue u16, intensity u8, saturation u8, complexity u8, variation u8
//! zone    := id u8, effect u16, palette u16, brightness u8, speed u8, blend u8, from u8, to u8, phase u64
//! tempo   := rev u32, at_us i64, micro_beats i64, bpm_x100 u16, beats_per_bar u8
//! master  := rev u32, at_us i64, level u8, flags u8 (bit 0 blackout)
//! patterns := nothing, or: patterns u8 (0..=3), pattern*
//! pattern := layer u8, flags u8 (bit 0 repeats), id 8 x u8, starts_at_us i64
//! ```
//!
//! Big-endian, packed (WIRE-7). The patterns that layers play stand after the last master, each with the place of its layer;
//! a state without any ends there (WIRE-16). Bytes after the last pattern are ignored, so that later versions can append
//! (WIRE-8).

use heapless::Vec;

use super::BadPacket;
use crate::beat::BeatGrid;
use crate::bytes::{Reader, Truncated, Writer};
use crate::ids::{EffectId, PaletteId, PatternId, Revision};
use crate::limits::{MAX_LAYERS, MAX_STREAM_PAYLOAD, MAX_ZONES};
use crate::scene::{BlendMode, FullState, Layer, Master, Parameters, PatternPlay, Rgb, Scene, Tempo, Zone};
use crate::time::Time;

const VERSION: u8 = 1;
const ZONE_LEN: usize = 18;
const LAYER_LEN: usize = 4 + 8 + 4 + 8 + 2 + 2 + 8 + 9 + 4 + 1;
const TEMPO_LEN: usize = 4 + 8 + 8 + 2 + 1;
const MASTER_LEN: usize = 4 + 8 + 1 + 1;
const PATTERN_LEN: usize = 1 + 1 + 8 + 8;
/// The longest payload: three layers with four zones and a pattern each, two tempos, two masters.
pub const MAX_LEN: usize =
    4 + MAX_LAYERS * (LAYER_LEN + MAX_ZONES * ZONE_LEN) + 2 * TEMPO_LEN + 2 * MASTER_LEN + 1 + MAX_LAYERS * PATTERN_LEN;
const _: () = assert!(MAX_LEN <= MAX_STREAM_PAYLOAD);

/// Writes the payload into `buf`, returns its length. A buffer of [`MAX_LEN`] bytes is always enough.
pub fn encode(state: &FullState, buf: &mut [u8]) -> Result<usize, Truncated> {
    let mut w = Writer::new(buf);
    w.u8(VERSION)?;
    w.u8(state.layers.len() as u8)?;
    w.u8(state.tempos.len() as u8)?;
    w.u8(state.masters.len() as u8)?;
    for layer in &state.layers {
        put_layer(&mut w, layer)?;
    }
    for Tempo { rev, grid } in &state.tempos {
        w.u32_be(rev.0)?;
        w.i64_be(grid.at.as_us())?;
        w.i64_be(grid.micro_beats)?;
        w.u16_be(grid.bpm_x100)?;
        w.u8(grid.beats_per_bar)?;
    }
    for master in &state.masters {
        w.u32_be(master.rev.0)?;
        w.i64_be(master.at.as_us())?;
        w.u8(master.level)?;
        w.u8(u8::from(master.blackout))?;
    }
    put_patterns(&mut w, &state.layers)?;
    Ok(w.len())
}

/// Reads a payload. Lists that are not oldest first, or too long, or zones that are not in rising order are
/// [`BadPacket::BadPayload`] (WIRE-9), and so are patterns of layers that are not there or not in rising order.
pub fn decode(payload: &[u8]) -> Result<FullState, BadPacket> {
    read(payload).ok_or(BadPacket::BadPayload)
}

fn read(payload: &[u8]) -> Option<FullState> {
    let mut r = Reader::new(payload);
    if r.u8().ok()? != VERSION {
        return None;
    }
    let (layers, tempos, masters) = (r.u8().ok()?, r.u8().ok()?, r.u8().ok()?);
    let mut state = FullState::default();
    for _ in 0..layers {
        state.layers.push(read_layer(&mut r)?).ok()?;
    }
    for _ in 0..tempos {
        let rev = Revision(r.u32_be().ok()?);
        let grid = BeatGrid {
            at: Time::from_us(r.i64_be().ok()?),
            micro_beats: r.i64_be().ok()?,
            bpm_x100: r.u16_be().ok()?,
            beats_per_bar: r.u8().ok()?.max(1),
        };
        state.tempos.push(Tempo { rev, grid }).ok()?;
    }
    for _ in 0..masters {
        state
            .masters
            .push(Master {
                rev: Revision(r.u32_be().ok()?),
                at: Time::from_us(r.i64_be().ok()?),
                level: r.u8().ok()?,
                blackout: r.u8().ok()? & 1 == 1,
            })
            .ok()?;
    }
    read_patterns(&mut r, &mut state.layers)?;
    let ordered = state.layers.is_sorted_by_key(|l| l.at)
        && state.tempos.is_sorted_by_key(|t| t.grid.at)
        && state.masters.is_sorted_by_key(|m| m.at);
    ordered.then_some(state)
}

fn put_patterns(w: &mut Writer<'_>, layers: &[Layer]) -> Result<(), Truncated> {
    let playing = || (0_u8..).zip(layers).filter_map(|(place, layer)| Some((place, layer.scene.pattern?)));
    if playing().next().is_none() {
        return Ok(());
    }
    w.u8(playing().count() as u8)?;
    for (place, PatternPlay { id, repeats, starts_at }) in playing() {
        w.u8(place)?;
        w.u8(u8::from(repeats))?;
        w.put(&id.0)?;
        w.i64_be(starts_at.as_us())?;
    }
    Ok(())
}

fn read_patterns(r: &mut Reader<'_>, layers: &mut [Layer]) -> Option<()> {
    if r.rest().is_empty() {
        return Some(());
    }
    let mut before = None;
    for _ in 0..r.u8().ok()? {
        let (place, flags) = (usize::from(r.u8().ok()?), r.u8().ok()?);
        let (id, starts_at) = (PatternId(r.take().ok()?), Time::from_us(r.i64_be().ok()?));
        if before.is_some_and(|before| before >= place) {
            return None;
        }
        layers.get_mut(place)?.scene.pattern = Some(PatternPlay { id, repeats: flags & 1 == 1, starts_at });
        before = Some(place);
    }
    Some(())
}

fn put_layer(w: &mut Writer<'_>, layer: &Layer) -> Result<(), Truncated> {
    let Layer { rev, at, fade_ms, scene, phase, zone_phases } = layer;
    let p = &scene.parameters;
    w.u32_be(rev.0)?;
    w.i64_be(at.as_us())?;
    w.u32_be(*fade_ms)?;
    w.u64_be(*phase)?;
    w.u16_be(scene.effect.0)?;
    w.u16_be(scene.palette.0)?;
    w.put(&[p.brightness, p.speed])?;
    w.u16_be(p.hue)?;
    w.put(&[p.intensity, p.saturation, p.complexity, p.variation])?;
    for Rgb { r, g, b } in scene.colors {
        w.put(&[r, g, b])?;
    }
    w.u32_be(scene.seed)?;
    w.u8(scene.zones.len() as u8)?;
    for (zone, phase) in scene.zones.iter().zip(zone_phases) {
        w.u8(zone.id)?;
        w.u16_be(zone.effect.0)?;
        w.u16_be(zone.palette.0)?;
        w.put(&[zone.brightness, zone.speed, zone.blend as u8, zone.from, zone.to])?;
        w.u64_be(*phase)?;
    }
    Ok(())
}

fn read_layer(r: &mut Reader<'_>) -> Option<Layer> {
    let rev = Revision(r.u32_be().ok()?);
    let at = Time::from_us(r.i64_be().ok()?);
    let fade_ms = r.u32_be().ok()?;
    let phase = r.u64_be().ok()?;
    let (effect, palette) = (EffectId(r.u16_be().ok()?), PaletteId(r.u16_be().ok()?));
    let [brightness, speed] = r.take().ok()?;
    let hue = r.u16_be().ok()?;
    let [intensity, saturation, complexity, variation] = r.take().ok()?;
    let mut colors = [Rgb::BLACK; 3];
    for color in &mut colors {
        let [red, green, blue] = r.take().ok()?;
        *color = Rgb::new(red, green, blue);
    }
    let seed = r.u32_be().ok()?;
    let mut zones = Vec::new();
    let mut zone_phases = [0; MAX_ZONES];
    for i in 0..usize::from(r.u8().ok()?) {
        let id = r.u8().ok()?;
        let (effect, palette) = (EffectId(r.u16_be().ok()?), PaletteId(r.u16_be().ok()?));
        let [brightness, speed, blend, from, to] = r.take().ok()?;
        let blend = BlendMode::from_wire(blend)?;
        zones.push(Zone { id, effect, palette, brightness, speed, blend, from, to }).ok()?;
        *zone_phases.get_mut(i)? = r.u64_be().ok()?;
    }
    let rising =
        zones.windows(2).all(|pair| pair[0].id < pair[1].id) && zones.iter().all(|z: &Zone| z.id < MAX_ZONES as u8);
    let parameters = Parameters { brightness, speed, hue, intensity, saturation, complexity, variation };
    rising.then_some(Layer {
        rev,
        at,
        fade_ms,
        scene: Scene { effect, palette, parameters, colors, seed, zones, pattern: None },
        phase,
        zone_phases,
    })
}
