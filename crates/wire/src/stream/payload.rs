//! The deployed payloads (WIRE-2, WIRE-4).

use super::BadPacket;
use crate::bytes::{Reader, Writer};
use crate::ids::{EffectId, PaletteId};

/// `PARAM_DELTA`, 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamDelta {
    /// Effect.
    pub effect: EffectId,
    /// Palette.
    pub palette: PaletteId,
    /// Brightness.
    pub brightness: u8,
    /// Speed.
    pub speed: u8,
    /// Hue; deployed nodes use its upper byte.
    pub hue: u16,
}

impl ParamDelta {
    /// The payload.
    pub fn encode(&self) -> [u8; 8] {
        let mut buf = [0; 8];
        let mut w = Writer::new(&mut buf);
        w.u16_be(self.effect.0)
            .and_then(|()| w.u16_be(self.palette.0))
            .and_then(|()| w.u8(self.brightness))
            .and_then(|()| w.u8(self.speed))
            .and_then(|()| w.u16_be(self.hue & 0xff00))
            .expect("a PARAM_DELTA is 8 bytes");
        buf
    }
    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, BadPacket> {
        exactly::<8>(payload).and_then(|bytes| {
            let mut r = Reader::new(bytes);
            Ok(Self {
                effect: EffectId(r.u16_be()?),
                palette: PaletteId(r.u16_be()?),
                brightness: r.u8()?,
                speed: r.u8()?,
                hue: r.u16_be()?,
            })
        })
    }
}

/// `BEAT_TICK`, 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatTick {
    /// Hundredths of beats per minute.
    pub bpm_x100: u16,
    /// Phase of the beat, 0..=255.
    pub phase: u8,
    /// Whether the beat is the first of its bar (bit 0 of the flags).
    pub downbeat: bool,
}

impl BeatTick {
    /// The payload.
    pub fn encode(&self) -> [u8; 4] {
        let [hi, lo] = self.bpm_x100.to_be_bytes();
        [hi, lo, self.phase, u8::from(self.downbeat)]
    }
    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, BadPacket> {
        let [hi, lo, phase, flags] = *exactly::<4>(payload)?;
        Ok(Self { bpm_x100: u16::from_be_bytes([hi, lo]), phase, downbeat: flags & 1 == 1 })
    }
}

/// `SCENE_CHANGE`, 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneChange {
    /// Effect.
    pub effect: EffectId,
    /// Palette.
    pub palette: PaletteId,
}

impl SceneChange {
    /// The payload.
    pub fn encode(&self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.effect.0.to_be_bytes(), self.palette.0.to_be_bytes());
        [a, b, c, d]
    }
    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, BadPacket> {
        let [a, b, c, d] = *exactly::<4>(payload)?;
        Ok(Self { effect: EffectId(u16::from_be_bytes([a, b])), palette: PaletteId(u16::from_be_bytes([c, d])) })
    }
}

fn exactly<const N: usize>(payload: &[u8]) -> Result<&[u8; N], BadPacket> {
    payload.try_into().map_err(|_| BadPacket::BadPayload)
}
