//! Numbers of universes, as Art-Net has them.

/// A universe: net (7 bits), sub-net (4 bits), universe within it (4 bits). 0 exists, though sACN cannot name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortAddress(u16);

impl PortAddress {
    /// The last.
    pub const LAST: Self = Self(0x7FFF);

    /// `None` beyond 15 bits.
    pub const fn new(number: u16) -> Option<Self> {
        if number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }
    /// From its parts; bits that a part does not have are left out.
    pub const fn from_parts(net: u8, sub_net: u8, universe: u8) -> Self {
        Self(((net & 0x7F) as u16) << 8 | ((sub_net & 0x0F) as u16) << 4 | (universe & 0x0F) as u16)
    }
    /// 0..=32767.
    pub const fn number(self) -> u16 {
        self.0
    }
    /// Bits 14..8.
    pub const fn net(self) -> u8 {
        (self.0 >> 8) as u8
    }
    /// Bits 7..4.
    pub const fn sub_net(self) -> u8 {
        (self.0 >> 4) as u8 & 0x0F
    }
    /// Bits 3..0.
    pub const fn universe(self) -> u8 {
        self.0 as u8 & 0x0F
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_number_agree_for_every_address() {
        for number in 0..=0x7FFF {
            let address = PortAddress::new(number).unwrap();
            assert_eq!(PortAddress::from_parts(address.net(), address.sub_net(), address.universe()), address);
        }
        assert_eq!(PortAddress::new(0x8000), None);
        assert_eq!(PortAddress::from_parts(0x12, 3, 4).number(), 0x1234);
    }
}
