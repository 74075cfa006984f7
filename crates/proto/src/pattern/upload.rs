//! An upload under way: how much has come, and whether it is what was declared (PATTERN-15).

use cuelight_wire::tlv::Declared;

use super::action::UploadId;
use super::refusal::Why;

/// An upload under way.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) id: UploadId,
    declared: Option<Declared>,
    /// Bytes there is room for.
    room: u32,
    /// Bytes that came.
    pub(super) received: u32,
    crc: crc32fast::Hasher,
}

impl Upload {
    /// An upload that is about to begin, if there is room for what it declares.
    pub(super) fn new(id: UploadId, declared: Option<Declared>, room: u32) -> Result<Self, Why> {
        let size = declared.map_or(1, |declared| declared.size);
        if size > room {
            return Err(Why::TooLarge { room });
        }
        Ok(Self { id, declared, room, received: 0, crc: crc32fast::Hasher::new() })
    }

    /// Takes the next bytes, which a checked frame says begin at `offset`.
    pub(super) fn take(&mut self, offset: Option<u32>, bytes: &[u8]) -> Result<(), Why> {
        let expected = self.received;
        if let Some(found) = offset.filter(|offset| *offset != expected) {
            return Err(Why::Offset { expected, found });
        }
        let found = u32::try_from(bytes.len()).ok().and_then(|len| self.received.checked_add(len)).unwrap_or(u32::MAX);
        if let Some(Declared { size, .. }) = self.declared.filter(|declared| found > declared.size) {
            return Err(Why::Size { declared: size, found });
        }
        if found > self.room {
            return Err(Why::TooLarge { room: self.room });
        }
        self.received = found;
        if self.declared.is_some() {
            self.crc.update(bytes);
        }
        Ok(())
    }

    /// Whether all of it is there.
    pub(super) fn validate(&self) -> Result<(), Why> {
        if self.received == 0 {
            return Err(Why::Empty);
        }
        let Some(Declared { size, crc32 }) = self.declared else { return Ok(()) };
        let found = self.crc.clone().finalize();
        if self.received != size {
            Err(Why::Size { declared: size, found: self.received })
        } else if found != crc32 {
            Err(Why::Crc { declared: crc32, found })
        } else {
            Ok(())
        }
    }
}
