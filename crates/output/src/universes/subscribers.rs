//! Who gets a universe of Art-Net: whoever said in a reply to a poll that it takes it (DMX-44, DMX-47).

use std::net::{Ipv4Addr, SocketAddr};

use cuelight_dmx::artnet::{self, PortAddress};

use crate::latest::{Latest, Publisher, Words, latest};

/// Art-Net 4, ArtDmx: levels of a universe with more subscribers may be broadcast.
pub const MAX_SUBSCRIBERS: usize = 40;
/// Two addresses a word, behind how many there are.
const WORDS: usize = 1 + MAX_SUBSCRIBERS / 2;

/// The addresses that levels of a universe go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribers {
    all: [Ipv4Addr; MAX_SUBSCRIBERS],
    len: usize,
}

impl Subscribers {
    /// Nobody.
    pub const NONE: Self = Self { all: [Ipv4Addr::UNSPECIFIED; MAX_SUBSCRIBERS], len: 0 };

    /// These, each once; when there are more than [`MAX_SUBSCRIBERS`] everybody, by `broadcasts` (DMX-47).
    pub fn of(addresses: impl Iterator<Item = Ipv4Addr>, broadcasts: &[Ipv4Addr]) -> Self {
        let mut all = Self::NONE;
        for address in addresses {
            if all.all().contains(&address) {
                continue;
            }
            if all.len == MAX_SUBSCRIBERS {
                return Self::of(broadcasts.iter().copied().take(MAX_SUBSCRIBERS), &[]);
            }
            all.all[all.len] = address;
            all.len += 1;
        }
        all
    }
    /// Their addresses.
    pub fn all(&self) -> &[Ipv4Addr] {
        &self.all[..self.len]
    }
}

/// The newest subscribers of a universe, as whoever sends it sees them.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    newest: Latest<Subscribers>,
    all: Subscribers,
}

impl Followed {
    /// Whether there are others than at the last look. Never waits.
    pub(crate) fn look(&mut self) -> bool {
        let newer = self.newest.get().filter(|newest| *newest != self.all);
        newer.map(|newest| self.all = newest).is_some()
    }
    /// Where datagrams go, as of the last look.
    pub(crate) fn to(&self) -> impl Iterator<Item = SocketAddr> {
        self.all.all().iter().map(|address| (*address, artnet::PORT).into())
    }
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.all().is_empty()
    }
}

impl Words for Subscribers {
    type Array = [i64; WORDS];
    fn to_words(self) -> [i64; WORDS] {
        let mut words = [self.len as i64; WORDS];
        for (word, pair) in words[1..].iter_mut().zip(self.all.as_chunks::<2>().0) {
            *word = i64::from(pair[0].to_bits()) | i64::from(pair[1].to_bits()) << 32;
        }
        words
    }
    fn from_words(words: [i64; WORDS]) -> Self {
        let mut all = Self::NONE;
        all.len = usize::try_from(words[0]).unwrap_or(0).min(MAX_SUBSCRIBERS);
        for (word, pair) in words[1..].iter().zip(all.all.as_chunks_mut::<2>().0) {
            *pair = [Ipv4Addr::from_bits(*word as u32), Ipv4Addr::from_bits((*word >> 32) as u32)];
        }
        all
    }
}

/// Where it is looked up who gets a universe, by its address.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions(Vec<(PortAddress, Latest<Subscribers>)>);

impl Subscriptions {
    /// Of these universes, each once, with the ends to say who gets each.
    pub fn new(addresses: impl Iterator<Item = PortAddress>) -> (Self, Vec<(PortAddress, Publisher<Subscribers>)>) {
        let mut addresses: Vec<_> = addresses.collect();
        addresses.sort_unstable();
        addresses.dedup();
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for address in addresses {
            let (writer, reader) = latest();
            readers.push((address, reader));
            writers.push((address, writer));
        }
        (Self(readers), writers)
    }
    /// Who gets the levels of this one; `None`: nobody looks for them.
    pub(crate) fn of(&self, address: PortAddress) -> Option<Followed> {
        let newest = self.newest(address)?.clone();
        Some(Followed { newest, all: Subscribers::NONE })
    }
    /// The newest of one; `None`: nobody looks for them.
    pub fn newest(&self, address: PortAddress) -> Option<&Latest<Subscribers>> {
        let i = self.0.binary_search_by_key(&address, |(address, _)| *address).ok()?;
        self.0.get(i).map(|(_, reader)| reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(count: u8) -> impl Iterator<Item = Ipv4Addr> {
        (1..=count).map(|host| Ipv4Addr::new(10, 0, 0, host))
    }

    /// DMX-47
    #[test]
    fn forty_get_levels_one_by_one_and_more_by_broadcast() {
        let everybody = [Ipv4Addr::new(10, 0, 0, 255)];
        let forty = Subscribers::of(hosts(40).chain(hosts(40)), &everybody);
        assert_eq!(forty.all(), hosts(40).collect::<Vec<_>>());
        assert_eq!(Subscribers::of(hosts(41), &everybody).all(), everybody);
        assert_eq!(Subscribers::from_words(forty.to_words()), forty);
    }

    #[test]
    fn each_universe_has_its_own_subscribers() {
        let [one, two] = [1, 2].map(|number| PortAddress::new(number).unwrap());
        let (subscriptions, mut writers) = Subscriptions::new([two, one, two].into_iter());
        assert_eq!(writers.iter().map(|(address, _)| *address).collect::<Vec<_>>(), [one, two]);
        writers[1].1.publish(Subscribers::of(hosts(1), &[]));
        let all = |address| subscriptions.newest(address).unwrap().get().map(|all| all.all().to_vec());
        assert_eq!((all(one), all(two)), (None, Some(hosts(1).collect())));
        assert!(subscriptions.newest(PortAddress::new(3).unwrap()).is_none());
    }
}
