//! The hub's end of one node's stream: numbers packets and writes them.

use cuelight_wire::bytes::Truncated;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::seal::Seal;
use cuelight_wire::stream::{Header, MsgType};
use cuelight_wire::time::{Show, Time};

/// Numbers the packets of one node's session. A new session gets a new sender.
#[derive(Clone, Debug)]
pub struct Sender {
    token_hash: TokenHash,
    next_seq: u32,
    seal: Option<Seal>,
}

impl Sender {
    /// The sender of the session with this token; its first packet has number 0.
    pub const fn new(token_hash: TokenHash) -> Self {
        Self::starting_at(token_hash, 0)
    }
    /// A sender whose first packet has number `first_seq`; any number will do.
    pub const fn starting_at(token_hash: TokenHash, first_seq: u32) -> Self {
        Self { token_hash, next_seq: first_seq, seal: None }
    }
    /// The same whose packets end with a tag (`WIRE-17`), where that was agreed.
    #[must_use]
    pub fn sealed(self, seal: Option<Seal>) -> Self {
        Self { seal, ..self }
    }
    /// The session's token hash.
    pub const fn token_hash(&self) -> TokenHash {
        self.token_hash
    }
    /// The number of the next packet.
    pub const fn next_seq(&self) -> u32 {
        self.next_seq
    }

    /// Writes one packet into `buf` and returns its length. Every packet, repeats too, has a number of its own
    /// (`STREAM-32`). A buffer of [`cuelight_wire::stream::MAX_PACKET`] bytes is enough for every payload there is;
    /// where it does not fit, no number is used up.
    pub fn packet(
        &mut self,
        msg_type: MsgType,
        hub_now: Time<Show>,
        apply_at: Time<Show>,
        payload: &[u8],
        buf: &mut [u8],
    ) -> Result<usize, Truncated> {
        let header = Header { msg_type, seq: self.next_seq, token_hash: self.token_hash, hub_now, apply_at };
        let mut len = header.encode(payload, buf)?;
        if let Some(seal) = &self.seal {
            len = seal.close(buf, len)?;
        }
        self.next_seq = self.next_seq.wrapping_add(1);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_up_by_one_for_every_datagram_and_wrap() {
        // STREAM-32
        let mut sender = Sender::starting_at(TokenHash(7), u32::MAX);
        let mut buf = [0; 64];
        for expected in [u32::MAX, 0, 1] {
            let len = sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut buf).unwrap();
            let (header, _) = Header::decode(&buf[..len], TokenHash(7)).unwrap();
            assert_eq!(header.seq, expected);
        }
    }

    #[test]
    fn a_packet_ends_with_its_tag_where_that_was_agreed() {
        // WIRE-17
        let seal = Seal::of_stream(b"token");
        let mut sender = Sender::new(TokenHash(7)).sealed(Some(seal.clone()));
        let mut buf = [0; 64];
        assert_eq!(sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut buf[..43]), Err(Truncated));
        let len = sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut buf).unwrap();
        let (header, _) = Header::decode(seal.open(&buf[..len]).unwrap(), TokenHash(7)).unwrap();
        assert_eq!((len, header.seq), (28 + 16, 0));
    }

    #[test]
    fn a_packet_that_does_not_fit_uses_no_number() {
        let mut sender = Sender::new(TokenHash(7));
        assert_eq!(sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut [0; 27]), Err(Truncated));
        assert_eq!(sender.next_seq(), 0);
    }
}
