//! What a network does to a datagram or a byte stream: when it arrives, twice, late, or never.
//!
//! One [`Link`] is one direction; two of them with different profiles are an asymmetric path. Times are nanoseconds of
//! whatever clock the caller uses: virtual time, or a monotonic clock in front of real sockets.

use std::collections::VecDeque;

use crate::rng::Rng;

/// Random delay on top of a link's floor, nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// None.
    None,
    /// Uniform from 0 to this.
    Uniform(f64),
    /// Exponential with this mean.
    Exponential(f64),
    /// Normal around the floor with this standard deviation; never below zero delay in all.
    Gaussian(f64),
    /// Gamma with this shape and scale: no density at the floor.
    Gamma(u32, f64),
    /// Contention that comes and goes: exponential with the first mean while quiet, with the second while busy.
    /// Quiet and busy spells last an exponential time with the third and fourth mean.
    Bursty {
        /// Mean delay while quiet.
        quiet: f64,
        /// Mean delay while busy.
        busy: f64,
        /// Mean length of a quiet spell.
        quiet_for: f64,
        /// Mean length of a busy spell.
        busy_for: f64,
    },
    /// A sleeping Wi-Fi receiver: all that was sent since the last delivery comes at once, this far apart (uniform
    /// between the two).
    Batches(f64, f64),
}

/// Which datagrams are lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// None.
    None,
    /// Each with this chance.
    Random(f64),
    /// Gilbert's model: a chance per datagram to enter the bad state, one to leave it, and the loss while in it.
    Burst {
        /// Chance to go from good to bad.
        enter: f64,
        /// Chance to go from bad to good.
        leave: f64,
        /// Loss in the bad state.
        loss: f64,
    },
}

/// A rate limit with a queue in front.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Bits a second.
    pub bits_per_s: f64,
    /// What waits longer than this is dropped, nanoseconds.
    pub queue_ns: f64,
}

/// How one direction behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkProfile {
    /// Delay nothing is faster than, nanoseconds.
    pub floor_ns: f64,
    /// Random delay on top.
    pub jitter: Jitter,
    /// Rare extra delay: a chance, and uniform from 0 to this many nanoseconds.
    pub tail: Option<(f64, f64)>,
    /// Lost datagrams.
    pub loss: Loss,
    /// Chance of arriving twice.
    pub duplicate: f64,
    /// Whether a later datagram may overtake an earlier one.
    pub reorders: bool,
    /// Rate limit.
    pub rate: Option<Rate>,
}

impl LinkProfile {
    /// A constant delay and nothing else.
    pub const fn constant(floor_ns: f64) -> Self {
        Self {
            floor_ns,
            jitter: Jitter::None,
            tail: None,
            loss: Loss::None,
            duplicate: 0.0,
            reorders: true,
            rate: None,
        }
    }
    /// The same with this jitter.
    pub const fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }
    /// The same with a rare extra delay.
    pub const fn with_tail(self, chance: f64, up_to_ns: f64) -> Self {
        Self { tail: Some((chance, up_to_ns)), ..self }
    }
    /// The same with this loss.
    pub const fn with_loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }
}

/// When a datagram arrives: not at all, once, or twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    arrivals: [Option<i64>; 2],
}

impl Fate {
    /// Arrival times, nanoseconds.
    pub fn arrivals(&self) -> impl Iterator<Item = i64> {
        self.arrivals.into_iter().flatten()
    }
    /// The same: no arrival, the only one, or two.
    pub const fn as_array(&self) -> [Option<i64>; 2] {
        self.arrivals
    }
    /// Whether it never arrives.
    pub fn is_lost(&self) -> bool {
        self.arrivals == [None, None]
    }
}

/// One direction of a datagram path.
#[derive(Clone, Debug)]
pub struct Link {
    profile: LinkProfile,
    rng: Rng,
    is_bad: bool,
    is_busy: bool,
    spell_ends_at: f64,
    next_batch_at: f64,
    line_free_at: f64,
    last_arrival: i64,
}

impl Link {
    /// A link with its own randomness.
    pub fn new(profile: LinkProfile, seed: u64) -> Self {
        Self {
            profile,
            rng: Rng::new(seed),
            is_bad: false,
            is_busy: false,
            spell_ends_at: 0.0,
            next_batch_at: 0.0,
            line_free_at: 0.0,
            last_arrival: i64::MIN,
        }
    }

    /// The link behaves differently from now on (a roam, a cable pulled).
    pub fn set_profile(&mut self, profile: LinkProfile) {
        self.profile = profile;
    }

    /// What happens to `len` bytes sent at `now_ns`. Calls come in the order of time.
    pub fn send(&mut self, now_ns: i64, len: usize) -> Fate {
        let Some(waited) = self.wait_for_line(now_ns, len) else { return Fate::default() };
        if self.is_lost() {
            return Fate::default();
        }
        let first = self.arrival(now_ns, waited);
        let second = self.rng.happens(self.profile.duplicate).then(|| self.arrival(now_ns, waited));
        Fate { arrivals: [Some(first), second] }
    }

    /// Time until the last bit is on the line; `None` when the queue is full.
    fn wait_for_line(&mut self, now_ns: i64, len: usize) -> Option<f64> {
        let Some(rate) = self.profile.rate else { return Some(0.0) };
        let now = now_ns as f64;
        let starts_at = self.line_free_at.max(now);
        if starts_at - now > rate.queue_ns {
            return None;
        }
        self.line_free_at = starts_at + len as f64 * 8e9 / rate.bits_per_s;
        Some(self.line_free_at - now)
    }

    fn is_lost(&mut self) -> bool {
        match self.profile.loss {
            Loss::None => false,
            Loss::Random(chance) => self.rng.happens(chance),
            Loss::Burst { enter, leave, loss } => {
                let turns = self.rng.happens(if self.is_bad { leave } else { enter });
                self.is_bad ^= turns;
                self.is_bad && self.rng.happens(loss)
            }
        }
    }

    fn arrival(&mut self, now_ns: i64, waited: f64) -> i64 {
        let mut delay = waited + self.profile.floor_ns + self.jitter(now_ns as f64);
        if let Some((chance, up_to)) = self.profile.tail
            && self.rng.happens(chance)
        {
            delay += self.rng.between(0.0, up_to);
        }
        let mut arrival = now_ns.saturating_add(delay.max(0.0) as i64);
        if !self.profile.reorders {
            arrival = arrival.max(self.last_arrival);
        }
        self.last_arrival = arrival;
        arrival
    }

    fn jitter(&mut self, now: f64) -> f64 {
        match self.profile.jitter {
            Jitter::None => 0.0,
            Jitter::Uniform(width) => self.rng.between(0.0, width),
            Jitter::Exponential(mean) => self.rng.exponential(mean),
            Jitter::Gaussian(sd) => self.rng.normal() * sd,
            Jitter::Gamma(shape, scale) => self.rng.gamma(shape, scale),
            Jitter::Bursty { quiet, busy, quiet_for, busy_for } => {
                if self.spell_ends_at == 0.0 {
                    self.spell_ends_at = now + self.rng.exponential(quiet_for);
                }
                while now >= self.spell_ends_at {
                    self.is_busy = !self.is_busy;
                    self.spell_ends_at += self.rng.exponential(if self.is_busy { busy_for } else { quiet_for });
                }
                self.rng.exponential(if self.is_busy { busy } else { quiet })
            }
            Jitter::Batches(shortest, longest) => {
                if self.next_batch_at == 0.0 {
                    self.next_batch_at = now + self.rng.between(0.0, longest);
                }
                while self.next_batch_at < now {
                    self.next_batch_at += self.rng.between(shortest, longest);
                }
                self.next_batch_at - now
            }
        }
    }
}

/// First retransmission time-out of TCP, nanoseconds (the smallest Linux uses); it doubles with every loss in a row.
pub const TCP_RTO_NS: i64 = 200_000_000;

/// One direction of a byte stream over the same kind of path: nothing is lost or overtakes, a lost segment stalls all
/// behind it.
#[derive(Clone, Debug)]
pub struct StreamLink {
    link: Link,
    delivered: VecDeque<i64>,
    last_arrival: i64,
}

impl StreamLink {
    /// A stream over a path of that profile.
    pub fn new(profile: LinkProfile, seed: u64) -> Self {
        Self { link: Link::new(profile, seed), delivered: VecDeque::new(), last_arrival: i64::MIN }
    }

    /// The path behaves differently from now on.
    pub fn set_profile(&mut self, profile: LinkProfile) {
        self.link.set_profile(profile);
    }

    /// When `len` bytes written at `now_ns` can be read at the other end; `None` when ten transmissions in a row were
    /// lost (the connection is dead). Calls come in the order of time.
    pub fn send(&mut self, now_ns: i64, len: usize) -> Option<i64> {
        let mut sent_at = now_ns;
        let mut rto = TCP_RTO_NS;
        for _ in 0..10 {
            let first = self.link.send(sent_at, len).arrivals().min();
            if let Some(arrival) = first {
                self.last_arrival = self.last_arrival.max(arrival);
                self.delivered.push_back(self.last_arrival);
                return Some(self.last_arrival);
            }
            sent_at += rto;
            rto *= 2;
        }
        None
    }

    /// Writes still under way at `now_ns`.
    pub fn in_flight(&mut self, now_ns: i64) -> usize {
        while self.delivered.front().is_some_and(|&at| at <= now_ns) {
            self.delivered.pop_front();
        }
        self.delivered.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e6;

    fn fates(profile: LinkProfile, n: i64) -> Vec<(i64, Fate)> {
        let mut link = Link::new(profile, 3);
        (0..n).map(|i| (i * 1_000_000, link.send(i * 1_000_000, 100))).collect()
    }

    #[test]
    fn nothing_arrives_before_the_floor_and_uniform_jitter_fills_its_width() {
        let profile = LinkProfile::constant(1.0 * MS).with_jitter(Jitter::Uniform(19.0 * MS));
        let delays: Vec<i64> = fates(profile, 5_000).iter().map(|(at, f)| f.arrivals().next().unwrap() - at).collect();
        let (min, max) = (*delays.iter().min().unwrap(), *delays.iter().max().unwrap());
        assert!((1_000_000..1_050_000).contains(&min), "{min}");
        assert!((19_900_000..20_000_000).contains(&max), "{max}");
    }

    #[test]
    fn random_loss_takes_its_share() {
        let lost = fates(LinkProfile::constant(MS).with_loss(Loss::Random(0.2)), 20_000);
        let share = lost.iter().filter(|(_, f)| f.is_lost()).count() as f64 / 20_000.0;
        assert!((share - 0.2).abs() < 0.01, "{share}");
    }

    #[test]
    fn burst_loss_comes_in_runs_of_the_stated_length() {
        let loss = Loss::Burst { enter: 0.01, leave: 0.2, loss: 1.0 };
        let lost: Vec<bool> =
            fates(LinkProfile::constant(MS).with_loss(loss), 50_000).iter().map(|(_, f)| f.is_lost()).collect();
        let runs = lost.windows(2).filter(|w| !w[0] && w[1]).count() as f64;
        let mean_run = lost.iter().filter(|l| **l).count() as f64 / runs;
        assert!((mean_run - 5.0).abs() < 0.5, "{mean_run}");
    }

    #[test]
    fn duplicates_arrive_twice() {
        let twice = fates(LinkProfile { duplicate: 0.1, ..LinkProfile::constant(MS) }, 10_000);
        let share = twice.iter().filter(|(_, f)| f.arrivals().count() == 2).count() as f64 / 10_000.0;
        assert!((share - 0.1).abs() < 0.01, "{share}");
    }

    #[test]
    fn a_link_that_keeps_order_never_lets_a_datagram_overtake() {
        let jittery = LinkProfile::constant(MS).with_jitter(Jitter::Uniform(19.0 * MS));
        let order = |profile| {
            let arrivals: Vec<i64> = fates(profile, 1_000).iter().flat_map(|(_, f)| f.arrivals()).collect();
            arrivals.is_sorted()
        };
        assert!(order(LinkProfile { reorders: false, ..jittery }));
        assert!(!order(jittery));
    }

    #[test]
    fn a_rate_limit_spaces_datagrams_and_drops_what_would_wait_too_long() {
        // 100 bytes at 400 kbit/s are 2 ms on the line, sent every 1 ms: the queue grows by 1 ms each, to its 5 ms.
        let rate = Rate { bits_per_s: 400e3, queue_ns: 5.0 * MS };
        let fates = fates(LinkProfile { rate: Some(rate), ..LinkProfile::constant(0.0) }, 100);
        let arrivals: Vec<i64> = fates.iter().flat_map(|(_, f)| f.arrivals()).collect();
        assert!(arrivals.windows(2).all(|w| w[1] - w[0] >= 2_000_000));
        assert!(fates.iter().all(|(at, f)| f.arrivals().all(|a| a - at <= 7_000_000)));
        assert!((45..=60).contains(&arrivals.len()), "{}", arrivals.len());
    }

    #[test]
    fn batches_deliver_together_what_was_sent_apart() {
        let profile = LinkProfile::constant(MS).with_jitter(Jitter::Batches(100.0 * MS, 250.0 * MS));
        let mut instants: Vec<i64> = fates(profile, 2_000).iter().flat_map(|(_, f)| f.arrivals()).collect();
        instants.dedup_by(|a, b| (*a - *b).abs() < 10);
        assert!((8..=21).contains(&instants.len()), "2 s hold 8 to 20 batches, found {}", instants.len());
    }

    #[test]
    fn a_lost_segment_stalls_the_stream_behind_it() {
        let profile = LinkProfile::constant(MS).with_loss(Loss::Random(0.05));
        let mut stream = StreamLink::new(profile, 1);
        let arrivals: Vec<(i64, i64)> =
            (0..1_000).map(|i| (i * 10_000_000, stream.send(i * 10_000_000, 100).unwrap())).collect();
        assert!(arrivals.is_sorted_by_key(|(_, arrival)| *arrival));
        let stalled = arrivals.iter().filter(|(at, arrival)| arrival - at > 2_000_000).count();
        assert!(stalled > 300, "about 50 of 1000 segments are lost and each stalls up to 20: {stalled} came late");
    }

    #[test]
    fn the_same_seed_gives_the_same_fates() {
        let profile = LinkProfile::constant(MS).with_jitter(Jitter::Exponential(MS)).with_loss(Loss::Random(0.1));
        assert_eq!(fates(profile, 500), fates(profile, 500));
    }
}
