//! What goes out: answers as frames, a listing page by page.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use cuelight_proto::pattern::Answer;
use cuelight_wire::tlv::{Dialect, ListingWriter, Metrics, RECEIVE_BUFFER};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Bytes;

use super::Client;
use crate::service::goodbye::CLOSE_TIMEOUT;
use crate::service::link::{Broken, Link, Outgoing};
use crate::service::memory;
use crate::store::Listing;

/// A listing of which not every frame is out.
pub(super) struct Paging {
    dialect: Dialect,
    listing: Arc<Listing>,
    at: usize,
}

impl<L: Link> Client<L> {
    /// Sends the answers that the other side has room for; the others stay with the session, which bounds them.
    pub(super) fn poll_answers(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        loop {
            if self.paging.is_none() && !self.session.has_answers() {
                return Ok(());
            }
            match self.link.poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            let mut frame = [0; RECEIVE_BUFFER];
            let len = self.next_frame(&mut frame);
            if let Some(bytes) = frame.get(..len).filter(|bytes| !bytes.is_empty()) {
                self.link.start_send(Outgoing::Binary(Bytes::copy_from_slice(bytes)))?;
                self.is_unflushed = true;
            }
        }
    }

    /// Writes the next frame that is to be sent.
    fn next_frame(&mut self, frame: &mut [u8; RECEIVE_BUFFER]) -> usize {
        if self.paging.is_some() {
            return self.next_page(frame);
        }
        let Some((dialect, answer)) = self.session.poll_answer() else { return 0 };
        match answer {
            Answer::Listing => {
                self.paging = Some(Paging { dialect, listing: self.service.store.listing(), at: 0 });
                self.next_page(frame)
            }
            Answer::Metrics => self.metrics().write(dialect, frame).expect("the figures take 30 bytes"),
            answer => answer.write(dialect, frame).map_or(0, |len| len.expect("text is cut to fit")),
        }
    }

    fn next_page(&mut self, frame: &mut [u8; RECEIVE_BUFFER]) -> usize {
        let Some(paging) = &mut self.paging else { return 0 };
        let patterns = &paging.listing.patterns;
        let count = u16::try_from(patterns.len()).unwrap_or(u16::MAX);
        let mut page = ListingWriter::new(paging.dialect, count, frame).expect("a frame holds a page");
        while let Some(entry) = patterns.get(paging.at)
            && page.push(&entry.name, entry.size)
        {
            paging.at += 1;
        }
        let is_last = paging.at >= patterns.len();
        let len = page.finish();
        if is_last {
            self.paging = None;
        }
        len
    }

    fn metrics(&self) -> Metrics {
        let listing = self.service.store.listing();
        let narrow = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
        let memory = narrow(memory::free());
        Metrics {
            free_memory: memory,
            largest_memory: memory,
            patterns: u16::try_from(listing.patterns.len()).unwrap_or(u16::MAX),
            store_used: narrow(listing.used),
            store_free: narrow(self.service.store.limits().quota.saturating_sub(listing.used)),
            uptime_s: narrow(self.service.started_at.elapsed().as_secs()),
        }
    }

    /// Sends what goes out without waiting, before something that may take long.
    pub(super) async fn send_at_once(&mut self) {
        poll_fn(|cx| {
            // A connection that broke is found to be broken by whatever comes next.
            if self.poll_answers(cx).is_ok() && matches!(self.link.poll_flush(cx), Poll::Ready(Ok(()))) {
                self.is_unflushed = false;
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Sends what there is, as far as the other side takes it soon.
    pub(super) async fn flush(&mut self) {
        let all = poll_fn(|cx| match self.poll_answers(cx) {
            Ok(()) if self.session.has_answers() => Poll::Pending,
            Ok(()) => self.link.poll_flush(cx),
            Err(broken) => Poll::Ready(Err(broken)),
        });
        let _ = timeout(CLOSE_TIMEOUT, all).await;
    }
}
