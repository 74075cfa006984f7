//! Which desks send which universes over sACN, by the lists they say every 10 s. Implements DMX-40.

use cuelight_wire::time::{Local, Span, Time};
use heapless::{Deque, Vec};

use crate::sacn::{Cid, Discovery, SourceName, Universe};
use crate::send::Announcer;

/// A desk is forgotten when two lists in a row are missing, and half an interval more.
const FORGOTTEN_AFTER: Span = Span::from_ns(Announcer::INTERVAL.as_ns() * 5 / 2);
/// Events that wait at most; then the oldest is dropped.
pub const MAX_DESK_EVENTS: usize = 8;
/// Words of 64 universes each: 0..=63999.
const WORDS: usize = 1000;

/// A set of universes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniverseSet([u64; WORDS]);

impl UniverseSet {
    const EMPTY: Self = Self([0; WORDS]);

    fn insert(&mut self, universe: Universe) {
        let number = usize::from(universe.number());
        self.0[number / 64] |= 1 << (number % 64);
    }
    /// Whether `universe` is in it.
    pub fn contains(&self, universe: Universe) -> bool {
        let number = usize::from(universe.number());
        self.0[number / 64] >> (number % 64) & 1 == 1
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
    /// All of them, rising.
    pub fn iter(&self) -> impl Iterator<Item = Universe> + '_ {
        (Universe::FIRST.number()..=Universe::LAST.number()).filter_map(Universe::new).filter(|u| self.contains(*u))
    }
}

/// A desk that says lists.
#[derive(Clone, Debug)]
pub struct Desk {
    cid: Cid,
    name: SourceName,
    /// The newest whole list.
    listed: UniverseSet,
    /// The list that is being said.
    incoming: UniverseSet,
    /// Which of its pages have come.
    pages: [u64; 4],
    last: u8,
    heard_at: Time<Local>,
    is_listed: bool,
}

impl Desk {
    /// Which desk.
    pub const fn cid(&self) -> Cid {
        self.cid
    }
    /// What it calls itself.
    pub const fn name(&self) -> &SourceName {
        &self.name
    }
    /// What it sends.
    pub const fn universes(&self) -> &UniverseSet {
        &self.listed
    }

    fn has(&self, page: u8) -> bool {
        self.pages[usize::from(page / 64)] >> (page % 64) & 1 == 1
    }
    fn is_whole(&self) -> bool {
        (0..=self.last).all(|page| self.has(page))
    }
    /// Takes a page. Returns whether that makes a whole list which is another than before.
    fn take(&mut self, page: &Discovery<'_>) -> bool {
        if page.last != self.last || self.has(page.page) {
            // A page that came already, or of another length: a new list.
            (self.incoming, self.pages, self.last) = (UniverseSet::EMPTY, [0; 4], page.last);
        }
        self.pages[usize::from(page.page / 64)] |= 1 << (page.page % 64);
        page.universes.iter().for_each(|universe| self.incoming.insert(universe));
        if !self.is_whole() {
            return false;
        }
        let is_news = !self.is_listed || self.listed != self.incoming;
        self.listed.0.copy_from_slice(&self.incoming.0);
        (self.incoming, self.pages, self.is_listed) = (UniverseSet::EMPTY, [0; 4], true);
        is_news
    }
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskEvent {
    /// A desk has said its whole list, the first one or one that differs.
    Listed(Cid),
    /// A desk says nothing any more.
    Lost(Cid),
}

/// The desks that are heard: `DESKS` at most, 16 KiB each. One more is passed over and counted.
#[derive(Clone, Debug)]
pub struct Listing<const DESKS: usize> {
    desks: Vec<Desk, DESKS>,
    events: Deque<DeskEvent, MAX_DESK_EVENTS>,
    refused: u64,
}

impl<const DESKS: usize> Listing<DESKS> {
    /// Nobody heard yet.
    pub const fn new() -> Self {
        Self { desks: Vec::new(), events: Deque::new(), refused: 0 }
    }
    /// The desks whose whole list is known.
    pub fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.desks.iter().filter(|desk| desk.is_listed)
    }
    /// Pages of desks for which there was no room.
    pub const fn refused(&self) -> u64 {
        self.refused
    }
    /// What has happened.
    pub fn poll_event(&mut self) -> Option<DeskEvent> {
        self.events.pop_front()
    }

    /// A page of a list.
    pub fn handle_page(&mut self, page: &Discovery<'_>, now: Time<Local>) {
        let known = self.desks.iter().position(|desk| desk.cid == page.cid);
        let place = known.or_else(|| {
            let desk = Desk {
                cid: page.cid,
                name: page.source_name,
                listed: UniverseSet::EMPTY,
                incoming: UniverseSet::EMPTY,
                pages: [0; 4],
                last: page.last,
                heard_at: now,
                is_listed: false,
            };
            self.desks.push(desk).ok().map(|()| self.desks.len() - 1)
        });
        let Some(desk) = place.and_then(|place| self.desks.get_mut(place)) else {
            self.refused = self.refused.saturating_add(1);
            return;
        };
        (desk.heard_at, desk.name) = (now, page.source_name);
        if desk.take(page) {
            self.tell(DeskEvent::Listed(page.cid));
        }
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        while let Some(lost) = self.desks.iter().position(|desk| now - desk.heard_at >= FORGOTTEN_AFTER) {
            let desk = self.desks.swap_remove(lost);
            if desk.is_listed {
                self.tell(DeskEvent::Lost(desk.cid));
            }
        }
    }
    /// When [`handle_timeout`](Self::handle_timeout) is wanted next.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.desks.iter().map(|desk| desk.heard_at + FORGOTTEN_AFTER).min()
    }

    fn tell(&mut self, event: DeskEvent) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        let pushed = self.events.push_back(event);
        debug_assert!(pushed.is_ok(), "there is room now");
    }
}

impl<const DESKS: usize> Default for Listing<DESKS> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec as Many;

    use super::*;
    use crate::sacn::{Packet, Page, Pages};

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }
    fn universes(numbers: impl Iterator<Item = u16>) -> Many<Universe> {
        numbers.filter_map(Universe::new).collect()
    }
    fn events(listing: &mut Listing<2>) -> Many<DeskEvent> {
        core::iter::from_fn(|| listing.poll_event()).collect()
    }
    /// Says the pages of a list, in the order given.
    fn say(listing: &mut Listing<2>, cid: u8, list: &[Universe], order: &[usize], now: Time<Local>) {
        let pages: Many<Page<'_>> = Pages::new(Cid([cid; 16]), SourceName::new("desk"), list).collect();
        for number in order {
            let mut buf = [0; Page::MAX_LEN];
            let len = pages[*number].encode(&mut buf).unwrap();
            let Ok(Packet::Discovery(page)) = Packet::decode(&buf[..len]) else { panic!("it is a page") };
            listing.handle_page(&page, now);
        }
    }

    /// DMX-40
    #[test]
    fn a_list_counts_when_all_its_pages_have_come_in_whatever_order() {
        let mut listing = Listing::<2>::new();
        let long = universes((1..=1500).map(|i| i * 40));
        say(&mut listing, 1, &long, &[2, 0], at(0));
        assert_eq!((listing.desks().count(), events(&mut listing)), (0, Many::new()));
        say(&mut listing, 1, &long, &[1], at(1));
        assert_eq!(events(&mut listing), [DeskEvent::Listed(Cid([1; 16]))]);
        assert!(listing.desks().next().unwrap().universes().iter().eq(long.iter().copied()));
        // The same again is no news; half of a new one is not believed.
        say(&mut listing, 1, &long, &[0, 1, 2], at(10_000));
        say(&mut listing, 1, &long, &[0, 1], at(20_000));
        let short = universes(5..=6);
        assert_eq!((events(&mut listing), listing.desks().next().unwrap().universes().len()), (Many::new(), 1500));
        say(&mut listing, 1, &short, &[0], at(20_001));
        assert_eq!(events(&mut listing), [DeskEvent::Listed(Cid([1; 16]))]);
        assert!(listing.desks().next().unwrap().universes().iter().eq(short.iter().copied()));
    }

    /// DMX-40
    #[test]
    fn a_desk_that_says_nothing_for_two_intervals_and_a_half_is_forgotten() {
        let mut listing = Listing::<2>::new();
        say(&mut listing, 1, &universes(1..=2), &[0], at(0));
        say(&mut listing, 2, &[], &[0], at(10_000));
        events(&mut listing);
        assert_eq!(listing.poll_timeout(), Some(at(25_000)));
        listing.handle_timeout(at(24_999));
        assert_eq!(events(&mut listing), []);
        listing.handle_timeout(at(25_000));
        assert_eq!(events(&mut listing), [DeskEvent::Lost(Cid([1; 16]))]);
        assert!(listing.desks().all(|desk| desk.universes().is_empty() && desk.cid() == Cid([2; 16])));
    }

    #[test]
    fn a_desk_too_many_is_passed_over_and_counted() {
        let mut listing = Listing::<2>::new();
        for cid in 1..=3 {
            say(&mut listing, cid, &universes(1..=2), &[0], at(0));
        }
        assert_eq!((listing.desks().count(), listing.refused()), (2, 1));
    }
}
