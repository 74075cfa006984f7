//! Universe discovery: every 10 s a source lists the universes it sends, in pages.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadSacn, Cid, Kind, Layer, ROOT_LEN, SourceName};
use super::pdu::{self, PREAMBLE};
use super::universe::Universe;

/// Universes of a page at most.
pub const MAX_PER_PAGE: usize = 512;
/// Bytes before the list's layer: preamble, root, framing with its vector, name and four reserved bytes.
const FRAMING_END: usize = PREAMBLE.len() + ROOT_LEN + pdu::HEAD_LEN + 4 + 64 + 4;
/// Bytes before the first universe.
const HEADER_LEN: usize = FRAMING_END + pdu::HEAD_LEN + 4 + 2;
/// The longest datagram.
pub(super) const MAX_LEN: usize = HEADER_LEN + 2 * MAX_PER_PAGE;
const VECTOR_LIST: u32 = 1;

/// A page of a source's list, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discovery<'a> {
    /// Who sends it.
    pub cid: Cid,
    /// What the sender calls itself.
    pub source_name: SourceName,
    /// The page's number, from 0.
    pub page: u8,
    /// The last page's number.
    pub last: u8,
    /// Its universes.
    pub universes: UniverseList<'a>,
}

/// Universes as they stand in a page; at most 512.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniverseList<'a>(&'a [u8]);

impl<'a> UniverseList<'a> {
    /// How many numbers there are, those among them that are no universes.
    pub const fn len(&self) -> usize {
        self.0.len() / 2
    }
    /// Whether the source sends nothing.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The universes in the order of the page. Numbers that are none are passed over.
    pub fn iter(&self) -> impl Iterator<Item = Universe> + use<'a> {
        self.0.chunks_exact(2).filter_map(|pair| Universe::new(u16::from_be_bytes([pair[0], pair[1]])))
    }
}

impl<'a> Discovery<'a> {
    pub(super) fn read(mut framing: Reader<'a>, cid: Cid) -> Result<Self, BadSacn> {
        let source_name = SourceName::from_bytes(framing.take()?);
        let _reserved: [u8; 4] = framing.take()?;
        let mut list = pdu::take(framing.rest(), Layer::Discovery)?;
        pdu::expect(Layer::Discovery, list.u32_be()?, VECTOR_LIST)?;
        let [page, last] = list.take()?;
        if page > last {
            return Err(BadSacn::Page { page, last });
        }
        // Half a number at the end, or more than a page may have, is as wrong as a missing one.
        if !list.rest().len().is_multiple_of(2) || list.rest().len() > 2 * MAX_PER_PAGE {
            return Err(BadSacn::Count(list.rest().len() as u16));
        }
        Ok(Self { cid, source_name, page, last, universes: UniverseList(list.rest()) })
    }
}

/// A page to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Who sends it.
    pub cid: Cid,
    /// What the sender calls itself.
    pub source_name: SourceName,
    /// The page's number, from 0.
    pub page: u8,
    /// The last page's number.
    pub last: u8,
    /// Its universes, rising; at most 512 (what is more is not written).
    pub universes: &'a [Universe],
}

impl Page<'_> {
    /// The longest datagram.
    pub const MAX_LEN: usize = MAX_LEN;

    /// Writes the datagram to the front of `buf`, returns its length: 120 bytes, and two for each universe.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let universes = &self.universes[..self.universes.len().min(MAX_PER_PAGE)];
        let len = HEADER_LEN + 2 * universes.len();
        let w = &mut Writer::new(buf);
        packet::begin(w, Kind::Discovery, self.cid, len)?;
        w.put(self.source_name.as_bytes())?;
        w.u32_be(0)?;
        pdu::put(w, len - FRAMING_END)?;
        w.u32_be(VECTOR_LIST)?;
        w.put(&[self.page, self.last])?;
        for universe in universes {
            w.u16_be(universe.number())?;
        }
        Ok(w.len())
    }
}

/// A rising list of universes as the pages that carry it. An empty list is one empty page.
#[derive(Clone, Copy, Debug)]
pub struct Pages<'a> {
    universes: &'a [Universe],
    cid: Cid,
    source_name: SourceName,
    /// The next page; `None` after the last.
    next: Option<u8>,
}

impl<'a> Pages<'a> {
    /// Starts at the first of `universes`, which rise. All universes there are make 125 pages.
    pub fn new(cid: Cid, source_name: SourceName, universes: &'a [Universe]) -> Self {
        debug_assert!(universes.is_sorted(), "the standard wants them rising");
        Self { universes, cid, source_name, next: Some(0) }
    }
    /// The number of the last page.
    const fn last_page(&self) -> u8 {
        let pages = self.universes.len().div_ceil(MAX_PER_PAGE);
        if pages > 256 { 255 } else { pages.saturating_sub(1) as u8 }
    }
}

impl<'a> Iterator for Pages<'a> {
    type Item = Page<'a>;

    fn next(&mut self) -> Option<Page<'a>> {
        let (page, last) = (self.next?, self.last_page());
        self.next = (page < last).then(|| page + 1);
        let from = (usize::from(page) * MAX_PER_PAGE).min(self.universes.len());
        let to = (from + MAX_PER_PAGE).min(self.universes.len());
        let universes = &self.universes[from..to];
        Some(Page { cid: self.cid, source_name: self.source_name, page, last, universes })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;
    use std::vec::Vec;

    use super::super::Packet;
    use super::*;

    const CID: Cid = Cid([3; 16]);

    proptest! {
        /// DMX-4
        #[test]
        fn a_list_of_any_length_comes_back_from_its_pages_in_order(
            numbers in prop::collection::btree_set(1..=63_999_u16, 0..2000),
        ) {
            let universes: Vec<Universe> = numbers.iter().filter_map(|n| Universe::new(*n)).collect();
            let (mut read, mut pages) = (Vec::new(), Vec::new());
            for page in Pages::new(CID, SourceName::new("desk"), &universes) {
                let mut buf = [0; MAX_LEN];
                let len = page.encode(&mut buf).unwrap();
                let Ok(Packet::Discovery(discovery)) = Packet::decode(&buf[..len]) else { panic!("it was written so") };
                prop_assert_eq!((discovery.cid, discovery.source_name), (CID, SourceName::new("desk")));
                prop_assert!(discovery.universes.len() <= MAX_PER_PAGE);
                pages.push((discovery.page, discovery.last));
                read.extend(discovery.universes.iter());
                prop_assert_eq!(Packet::decode(&buf[..len - 1]), Err(BadSacn::Truncated));
            }
            prop_assert_eq!(read, universes);
            let last = pages.len() as u8 - 1;
            prop_assert_eq!(pages, (0..=last).map(|page| (page, last)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_universes_are_one_empty_page() {
        let pages: Vec<_> = Pages::new(CID, SourceName::new("idle"), &[]).collect();
        assert_eq!(pages.iter().map(|p| (p.page, p.last, p.universes.len())).collect::<Vec<_>>(), [(0, 0, 0)]);
    }

    #[test]
    fn a_page_behind_the_last_is_refused() {
        let page =
            Page { cid: CID, source_name: SourceName::default(), page: 2, last: 1, universes: &[Universe::FIRST] };
        let mut buf = [0; MAX_LEN];
        let len = page.encode(&mut buf).unwrap();
        assert_eq!(Packet::decode(&buf[..len]), Err(BadSacn::Page { page: 2, last: 1 }));
    }
}
