//! Who sends synchronisation packets of sACN, and with which number last.

use cuelight_wire::time::{Local, Time};
use heapless::Vec;

use crate::sacn::{Cid, Sync, Universe};
use crate::universe::{Dropped, is_late};

/// Senders and addresses that are remembered. When there are more the one that was heard longest ago is forgotten: the
/// only harm is that a late packet of it would count once.
pub const MAX_SYNCHRONISERS: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Synchroniser {
    cid: Cid,
    address: Universe,
    sequence: u8,
    heard_at: Time<Local>,
}

#[derive(Clone, Debug)]
pub(super) struct Synchronisers(Vec<Synchroniser, MAX_SYNCHRONISERS>);

impl Synchronisers {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether a packet counts: not when it is late (DMX-17).
    pub(super) fn handle(&mut self, sync: &Sync, now: Time<Local>) -> Result<(), Dropped> {
        let Sync { cid, sequence, address } = *sync;
        if let Some(known) = self.0.iter_mut().find(|known| known.cid == cid && known.address == address) {
            if is_late(sequence, known.sequence) {
                return Err(Dropped::Late);
            }
            (known.sequence, known.heard_at) = (sequence, now);
            return Ok(());
        }
        if self.0.is_full()
            && let Some((oldest, _)) = self.0.iter().enumerate().min_by_key(|(_, known)| known.heard_at)
        {
            self.0.swap_remove(oldest);
        }
        let pushed = self.0.push(Synchroniser { cid, address, sequence, heard_at: now });
        debug_assert!(pushed.is_ok(), "there is room now");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cuelight_wire::time::Span;

    use super::*;

    /// DMX-17
    #[test]
    fn late_synchronisations_do_not_count_and_numbers_are_kept_for_each_sender_and_address() {
        let mut known = Synchronisers::new();
        let mut hear = |cid: u8, address: u16, sequence: u8, ms: i64| {
            let sync = Sync { cid: Cid([cid; 16]), address: Universe::new(address).unwrap(), sequence };
            known.handle(&sync, Time::ZERO + Span::from_ms(ms)).is_ok()
        };
        assert!(hear(1, 1, 100, 0));
        assert!(!hear(1, 1, 100, 1));
        assert!(!hear(1, 1, 81, 2));
        assert!(hear(1, 2, 81, 3), "another address");
        assert!(hear(2, 1, 81, 4), "another sender");
        assert!(hear(1, 1, 80, 5), "twenty behind: it began anew");
        for cid in 3..17 {
            assert!(hear(cid, 1, 0, 10 + i64::from(cid)));
        }
        // The table was full: address 2 of the first was heard longest ago.
        assert!(hear(1, 2, 81, 40));
        assert!(!hear(1, 1, 80, 41));
    }
}
