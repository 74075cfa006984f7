//! One upload over one connection.

use std::time::Duration;

use cuelight_wire::tlv::{Declared, Dialect, MAX_CHECKED_CHUNK, MAX_PLAIN_CHUNK, Request};

use super::{Client, ClientError};

/// How long to look for further answers after the one to PUT_END, of a store that answered nothing before it: it may be
/// an older device, or one that is slow.
const LATE: Duration = Duration::from_millis(250);

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes the store has taken, or, of one that does not say, that were sent.
    pub done: usize,
    /// Bytes in all.
    pub total: usize,
}

impl Client {
    /// Uploads a pattern; `progress` hears of every step.
    ///
    /// # Errors
    /// [`ClientError`]; nothing of the upload is then in the store.
    pub async fn put(
        &mut self,
        name: &str,
        bytes: &[u8],
        mut progress: impl FnMut(Progress),
    ) -> Result<(), ClientError> {
        let size = u32::try_from(bytes.len()).map_err(|_| ClientError::Request("a pattern has at most 4 GiB"))?;
        let declared = Declared { size, crc32: crc32fast::hash(bytes) };
        let total = bytes.len();
        progress(Progress { done: 0, total });
        self.send(Request::Begin { name: name.as_bytes(), declared: Some(declared) }).await?;
        let mut acknowledged = Acknowledged::default();
        if self.target.dialect == Dialect::Checked && self.answer_within(self.target.begin_limit).await?.is_some() {
            acknowledged.count();
        }
        if acknowledged.is_each() {
            self.chunks_acknowledged(bytes, &mut progress).await?;
            self.send(Request::End).await?;
            self.answer().await?;
        } else {
            self.chunks_unacknowledged(bytes, &mut acknowledged, &mut progress).await?;
            self.send(Request::End).await?;
            self.answer().await?;
            acknowledged.count();
            if self.target.dialect == Dialect::Checked {
                self.late_answers(2 + total.div_ceil(self.chunk()), acknowledged).await?;
            }
        }
        Ok(())
    }

    /// Every frame is answered: a bounded number is under way.
    async fn chunks_acknowledged(
        &mut self,
        bytes: &[u8],
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), ClientError> {
        let (chunk, total) = (self.chunk(), bytes.len());
        let mut chunks = bytes.chunks(chunk).enumerate();
        let (mut under_way, mut done) = (0, 0);
        loop {
            let has_room = under_way < self.target.window.max(1);
            if let Some((number, bytes)) = has_room.then(|| chunks.next()).flatten() {
                self.feed(chunk_request(number, chunk, bytes)).await?;
                under_way += 1;
            } else if under_way > 0 {
                // What was gathered goes out before an answer to it is waited for.
                self.flush().await?;
                self.answer().await?;
                under_way -= 1;
                done = (done + chunk).min(total);
                progress(Progress { done, total });
            } else {
                return Ok(());
            }
        }
    }

    /// Nothing is answered but errors, or answers are not waited for.
    async fn chunks_unacknowledged(
        &mut self,
        bytes: &[u8],
        acknowledged: &mut Acknowledged,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), ClientError> {
        let (chunk, total) = (self.chunk(), bytes.len());
        let mut done = 0;
        for (number, bytes) in bytes.chunks(chunk).enumerate() {
            self.feed(chunk_request(number, chunk, bytes)).await?;
            // A store that refuses is not sent the rest.
            while self.answer_within(Duration::ZERO).await?.is_some() {
                acknowledged.count();
            }
            done += bytes.len();
            progress(Progress { done, total });
        }
        Ok(())
    }

    /// The answers to `frames` frames, where it turns out that each is answered after all, only late.
    async fn late_answers(&mut self, frames: usize, mut acknowledged: Acknowledged) -> Result<(), ClientError> {
        while acknowledged.answers < frames && self.answer_within(LATE).await?.is_some() {
            acknowledged.count();
        }
        Ok(())
    }

    /// Bytes of a chunk: what was asked for, as far as a frame holds it.
    fn chunk(&self) -> usize {
        let most = match self.target.dialect {
            Dialect::Plain => MAX_PLAIN_CHUNK,
            Dialect::Checked => MAX_CHECKED_CHUNK,
        };
        self.target.chunk.clamp(1, most)
    }
}

/// What a store answers of an upload under way.
#[derive(Default)]
struct Acknowledged {
    answers: usize,
}

impl Acknowledged {
    const fn count(&mut self) {
        self.answers += 1;
    }
    /// Whether it answers every frame.
    const fn is_each(&self) -> bool {
        self.answers > 0
    }
}

fn chunk_request(number: usize, chunk: usize, bytes: &[u8]) -> Request<'_> {
    let offset = u32::try_from(number * chunk).expect("the file is shorter than 4 GiB");
    Request::Data { offset: Some(offset), bytes }
}
