//! Numbers of universes, and where their packets are sent.

/// A universe, 1..=63999. A synchronisation address is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Universe(u16);

impl Universe {
    /// The first.
    pub const FIRST: Self = Self(1);
    /// The last.
    pub const LAST: Self = Self(63_999);
    /// Where lists of universes are sent; no universe of data.
    pub const DISCOVERY_GROUP: [u8; 4] = group(64_214);

    /// `None` for 0 and from 64000 on, which the standard reserves.
    pub const fn new(number: u16) -> Option<Self> {
        if number >= Self::FIRST.0 && number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }
    /// 1..=63999.
    pub const fn number(self) -> u16 {
        self.0
    }
    /// The IPv4 group of its packets, 239.255.high.low (E1.31-2018, 9.3.1).
    pub const fn group(self) -> [u8; 4] {
        group(self.0)
    }
}

const fn group(number: u16) -> [u8; 4] {
    let [high, low] = number.to_be_bytes();
    [239, 255, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DMX-3
    #[test]
    fn universes_and_their_groups_are_those_of_the_standard() {
        assert_eq!((Universe::new(0), Universe::new(64_000), Universe::new(u16::MAX)), (None, None, None));
        assert_eq!(Universe::FIRST.group(), [239, 255, 0, 1]);
        assert_eq!(Universe::new(63_999).map(Universe::group), Some([239, 255, 249, 255]));
        assert_eq!(Universe::DISCOVERY_GROUP, [239, 255, 250, 214]);
    }
}
