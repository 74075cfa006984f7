//! How often somebody may call: a bucket for each key, session or address, refilled at a steady rate (the generic cell rate
//! algorithm of ITU-T I.371), of which one instant is kept (ACC-6).
//!
//! The table is bounded: when it is full, whose bucket is full again is forgotten, and if nobody's is, all newcomers share one.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use cuelight_wire::time::{Local, Span, Time};

use super::secret::SecretId;

/// Buckets of one table, 1 MB at most.
const ROOM: usize = 8_192;
/// Logins of one account from one address: five at once, then one each 12 s, which is 5 a minute.
const LOGINS: Rate = Rate { every: Span::from_s(12), burst: 5 };
/// Logins from one address, whatever the account: a house behind one address logs in at once, a guesser is held up.
const LOGINS_OF_ADDRESS: Rate = Rate { every: Span::from_s(3), burst: 20 };

/// Refusals of one address that are written down one by one.
const REFUSALS: Rate = Rate { every: Span::from_s(1), burst: 20 };

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// One comes back in this time.
    every: Span,
    /// So many at once.
    burst: i64,
}

impl Rate {
    /// So many a second on average, and twice as many at once: pages load, and programs begin, with a burst.
    pub(crate) fn per_s(count: u32) -> Self {
        let count = i64::from(count.max(1));
        Self { every: Span::from_ns(1_000_000_000 / count), burst: 2 * count }
    }
}

/// Who calls, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    Secret(SecretId),
    Address(Neighbourhood),
}

/// An address, or the network of an IPv6 address: one machine has all 2^64 of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Neighbourhood(IpAddr);

impl Neighbourhood {
    pub(crate) fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }
}

/// All limits of one hub.
#[derive(Debug)]
pub(crate) struct Limits {
    reads: Buckets<Who>,
    writes: Buckets<Who>,
    logins: Buckets<(Neighbourhood, String)>,
    logins_of_address: Buckets<Neighbourhood>,
    refusals: Buckets<Neighbourhood>,
}

impl Limits {
    pub(crate) fn new(reads_per_s: u32, writes_per_s: u32) -> Self {
        Self {
            reads: Buckets::new(Rate::per_s(reads_per_s)),
            writes: Buckets::new(Rate::per_s(writes_per_s)),
            logins: Buckets::new(LOGINS),
            logins_of_address: Buckets::new(LOGINS_OF_ADDRESS),
            refusals: Buckets::new(REFUSALS),
        }
    }

    /// A request; or how long to wait before the next.
    pub(crate) fn request(&mut self, who: Who, is_write: bool, now: Time<Local>) -> Result<(), Span> {
        if is_write { self.writes.take(who, now) } else { self.reads.take(who, now) }
    }

    /// A refusal; whether it is to be written down by itself.
    pub(crate) fn refusal(&mut self, from: IpAddr, now: Time<Local>) -> bool {
        self.refusals.take(Neighbourhood::of(from), now).is_ok()
    }

    /// A login, whether it will be right or wrong.
    pub(crate) fn login(&mut self, from: IpAddr, account: &str, now: Time<Local>) -> Result<(), Span> {
        let from = Neighbourhood::of(from);
        self.logins_of_address.take(from, now)?;
        self.logins.take((from, account.to_ascii_lowercase()), now)
    }
}

#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    /// When each will be full again, where it is not.
    full_at: HashMap<K, Time<Local>>,
    /// The same of the bucket that newcomers share when there is no room.
    shared_full_at: Time<Local>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, full_at: HashMap::new(), shared_full_at: Time::ZERO }
    }

    fn take(&mut self, who: K, now: Time<Local>) -> Result<(), Span> {
        let Rate { every, burst } = self.rate;
        if self.full_at.len() >= ROOM && !self.full_at.contains_key(&who) {
            self.full_at.retain(|_, full_at| now < *full_at);
        }
        let full_at = if self.full_at.len() < ROOM || self.full_at.contains_key(&who) {
            self.full_at.entry(who).or_insert(now)
        } else {
            &mut self.shared_full_at
        };
        let after = (*full_at).max(now) + every;
        let too_soon = after - now - every.times(burst);
        if too_soon > Span::ZERO {
            return Err(too_soon);
        }
        *full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }

    /// ACC-6
    #[test]
    fn a_burst_is_let_through_then_the_rate_and_the_wait_is_told() {
        let mut buckets = Buckets::new(Rate::per_s(10));
        assert!((0..20).all(|_| buckets.take("a", at_ms(0)).is_ok()));
        assert_eq!(buckets.take("a", at_ms(0)), Err(Span::from_ms(100)));
        assert_eq!(buckets.take("a", at_ms(60)), Err(Span::from_ms(40)));
        assert!(buckets.take("a", at_ms(100)).is_ok() && buckets.take("a", at_ms(100)).is_err());
        assert!(buckets.take("b", at_ms(100)).is_ok(), "others do not notice");
        let taken = (0..1_000).filter(|n| buckets.take("a", at_ms(10_000 + 10 * n)).is_ok()).count();
        assert_eq!(taken, 20 + 99, "10 s at 10 a second after a pause");
    }

    /// ACC-6
    #[test]
    fn the_table_is_bounded_and_newcomers_then_share() {
        let mut buckets = Buckets::new(Rate { every: Span::from_s(10), burst: 2 });
        for n in 0..ROOM {
            buckets.take(n, at_ms(0)).unwrap();
        }
        assert!(buckets.take(ROOM, at_ms(1)).is_ok() && buckets.take(ROOM + 1, at_ms(1)).is_ok());
        assert!(buckets.take(ROOM + 2, at_ms(1)).is_err());
        assert!(buckets.take(7, at_ms(1)).is_ok(), "who was there has a bucket still");
        assert_eq!(buckets.full_at.len(), ROOM);
        buckets.take(ROOM + 3, at_ms(10_001)).unwrap();
        assert_eq!(buckets.full_at.len(), 2, "those that are full again are forgotten");
    }

    /// ACC-6
    #[test]
    fn logins_are_five_a_minute_for_an_account_and_twenty_for_an_address() {
        let mut limits = Limits::new(200, 100);
        let here: IpAddr = "192.168.4.7".parse().unwrap();
        assert_eq!((0..9).filter(|_| limits.login(here, "anna", at_ms(0)).is_ok()).count(), 5);
        assert!(limits.login(here, "ANNA", at_ms(0)).is_err());
        assert!(limits.login("192.168.4.8".parse().unwrap(), "anna", at_ms(0)).is_ok(), "nobody locks another out");
        assert_eq!((0..99).filter(|n| limits.login(here, &n.to_string(), at_ms(0)).is_ok()).count(), 10);
        let minute = (1..=60).filter(|s| limits.login(here, "anna", at_ms(1_000 * s)).is_ok()).count();
        assert_eq!(minute, 5);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let of = |text: &str| Neighbourhood::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
