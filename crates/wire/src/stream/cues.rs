//! Cues, type 0x11: which show is played, the state of its playbacks by number and hash, and the newest steps.
//!
//! ```text
//! cues := version u8 = 1, flags u8 (bit 0: a show is loaded), sha256 32 x u8, size u32, number u32, hash u64,
//!         steps u8 (0..=8), step*
//! step := rev u32, at_us i64, deed u8, list u16, cue u32, fade_ms u32
//! deed := 0 whole, 1 go, 2 back, 3 go-to (cue in thousandths; fade_ms 2^32 - 1: the cue's own), 4 pause, 5 resume,
//!         6 release (fade_ms)
//! ```
//!
//! Big-endian, packed (CUE-1). A deed of another number is of a later version and is taken as whole. Bytes after the last
//! step are ignored, so that later versions can append.

use heapless::Vec;

use super::BadPacket;
use crate::bytes::{Reader, Truncated, Writer};
use crate::cues::{CueOrder, CueState, CueStep, Deed, MAX_STEPS, ShowDigest, ShowId};
use crate::ids::Revision;
use crate::limits::MAX_STREAM_PAYLOAD;
use crate::time::Time;

const VERSION: u8 = 1;
const IS_LOADED: u8 = 1;
/// `fade_ms` of a go-to in the cue's own times.
const OWN_TIMES: u32 = u32::MAX;
const STEP_LEN: usize = 4 + 8 + 1 + 2 + 4 + 4;
/// The longest payload: eight steps.
pub const MAX_LEN: usize = 1 + 1 + 32 + 4 + 4 + 8 + 1 + MAX_STEPS * STEP_LEN;
const _: () = assert!(MAX_LEN <= MAX_STREAM_PAYLOAD);

/// Writes the payload into `buf`, returns its length. A buffer of [`MAX_LEN`] bytes is always enough.
pub fn encode(state: &CueState, buf: &mut [u8]) -> Result<usize, Truncated> {
    let mut w = Writer::new(buf);
    let ShowId { sha256, size } = state.show.unwrap_or(ShowId { sha256: ShowDigest::default(), size: 0 });
    w.u8(VERSION)?;
    w.u8(if state.show.is_some() { IS_LOADED } else { 0 })?;
    w.put(&sha256.0)?;
    w.u32_be(size)?;
    w.u32_be(state.number)?;
    w.u64_be(state.hash)?;
    w.u8(state.steps.len() as u8)?;
    for CueStep { rev, at, deed } in &state.steps {
        let (number, list, cue, fade_ms) = match *deed {
            Deed::Whole => (0, 0, 0, 0),
            Deed::Order { list, order } => {
                let (number, cue, fade_ms) = fields(order);
                (number, list, cue, fade_ms)
            }
        };
        w.u32_be(rev.0)?;
        w.i64_be(at.as_us())?;
        w.u8(number)?;
        w.u16_be(list)?;
        w.u32_be(cue)?;
        w.u32_be(fade_ms)?;
    }
    Ok(w.len())
}

const fn fields(order: CueOrder) -> (u8, u32, u32) {
    match order {
        CueOrder::Go => (1, 0, 0),
        CueOrder::Back => (2, 0, 0),
        CueOrder::GoTo { cue_milli, fade_ms: None } => (3, cue_milli, OWN_TIMES),
        CueOrder::GoTo { cue_milli, fade_ms: Some(fade_ms) } => (3, cue_milli, fade_ms),
        CueOrder::Pause => (4, 0, 0),
        CueOrder::Resume => (5, 0, 0),
        CueOrder::Release { fade_ms } => (6, 0, fade_ms),
    }
}

/// Reads a payload. One of another version, that ends early, or with more than eight steps, steps that are not oldest
/// first, or more steps than its number is [`BadPacket::BadPayload`].
pub fn decode(payload: &[u8]) -> Result<CueState, BadPacket> {
    read(payload).ok_or(BadPacket::BadPayload)
}

fn read(payload: &[u8]) -> Option<CueState> {
    let mut r = Reader::new(payload);
    if r.u8().ok()? != VERSION {
        return None;
    }
    let is_loaded = r.u8().ok()? & IS_LOADED != 0;
    let show = ShowId { sha256: ShowDigest(r.take().ok()?), size: r.u32_be().ok()? };
    let (number, hash) = (r.u32_be().ok()?, r.u64_be().ok()?);
    let mut steps = Vec::new();
    for _ in 0..r.u8().ok()? {
        steps.push(read_step(&mut r)?).ok()?;
    }
    let is_right = steps.is_sorted_by_key(|step: &CueStep| step.at) && steps.len() as u64 <= u64::from(number);
    is_right.then_some(CueState { show: is_loaded.then_some(show), number, hash, steps })
}

fn read_step(r: &mut Reader<'_>) -> Option<CueStep> {
    let (rev, at) = (Revision(r.u32_be().ok()?), Time::from_us(r.i64_be().ok()?));
    let (number, list) = (r.u8().ok()?, r.u16_be().ok()?);
    let (cue_milli, fade_ms) = (r.u32_be().ok()?, r.u32_be().ok()?);
    let order = match number {
        1 => CueOrder::Go,
        2 => CueOrder::Back,
        3 => CueOrder::GoTo { cue_milli, fade_ms: (fade_ms != OWN_TIMES).then_some(fade_ms) },
        4 => CueOrder::Pause,
        5 => CueOrder::Resume,
        6 => CueOrder::Release { fade_ms },
        _ => return Some(CueStep { rev, at, deed: Deed::Whole }),
    };
    Some(CueStep { rev, at, deed: Deed::Order { list, order } })
}
