//! Whether a server's answer is of use (RFC 9110 sections 13.1.5, 14.4 and 15.3.7).

use thiserror::Error;

/// The head of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its `Content-Range`.
    pub content_range: Option<String>,
    /// Its `Content-Length`.
    pub content_length: Option<u64>,
}

/// What to do with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// It goes on from what is there, with so many bytes.
    Part {
        /// How many.
        length: u64,
    },
    /// It is the whole file from its beginning: the server takes no ranges, or has another file now.
    Whole,
}

/// Why it is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadAnswer {
    /// Not a status that means bytes.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A part without a range, or with one that cannot be read.
    #[error("the server sent a part without saying which (Content-Range: {0:?})")]
    NoRange(Option<String>),
    /// A part that was not asked for.
    #[error("the server sent bytes {from}-{to} of {total}, asked for were {asked_from}-{asked_to} of {size}")]
    OtherRange {
        /// First byte it sent.
        from: u64,
        /// Last byte it sent.
        to: u64,
        /// What it says the whole file has.
        total: u64,
        /// First byte asked for.
        asked_from: u64,
        /// Last byte asked for.
        asked_to: u64,
        /// What the whole file should have.
        size: u64,
    },
    /// The whole file, of another length.
    #[error("the server's file has {found} bytes, announced were {size}")]
    OtherLength {
        /// What it has.
        found: u64,
        /// What was announced.
        size: u64,
    },
}

impl Answer {
    /// What to do with the body of the answer to a request for the bytes `from..=to` of a file of `size` bytes.
    pub(super) fn take(&self, from: u64, to: u64, size: u64) -> Result<Take, BadAnswer> {
        match self.status {
            206 => {
                let range = self.content_range.as_deref().and_then(content_range);
                let Some((sent_from, sent_to, total)) = range else {
                    return Err(BadAnswer::NoRange(self.content_range.clone()));
                };
                // It may send less than was asked for, but from the right place of the right file.
                if sent_from != from || sent_to > to || sent_to < sent_from || total != size {
                    return Err(BadAnswer::OtherRange {
                        from: sent_from,
                        to: sent_to,
                        total,
                        asked_from: from,
                        asked_to: to,
                        size,
                    });
                }
                Ok(Take::Part { length: sent_to - sent_from + 1 })
            }
            200 => match self.content_length {
                Some(found) if found != size => Err(BadAnswer::OtherLength { found, size }),
                _ => Ok(Take::Whole),
            },
            status => Err(BadAnswer::Status(status)),
        }
    }
}

/// `bytes FROM-TO/TOTAL`
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (from, to) = range.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    Some((number(from)?, number(to)?, number(total)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &str) -> Answer {
        Answer { status: 206, content_range: Some(range.into()), content_length: None }
    }

    #[test]
    fn only_the_part_that_was_asked_for_is_taken() {
        assert_eq!(part("bytes 100-199/1000").take(100, 199, 1000), Ok(Take::Part { length: 100 }));
        assert_eq!(part("bytes 100-149/1000").take(100, 199, 1000), Ok(Take::Part { length: 50 }));
        for range in
            ["bytes 0-199/1000", "bytes 101-199/1000", "bytes 100-200/1000", "bytes 100-199/999", "bytes 100-99/1000"]
        {
            assert!(matches!(part(range).take(100, 199, 1000), Err(BadAnswer::OtherRange { .. })), "{range}");
        }
        for range in ["", "bytes", "bytes 100-199/*", "bytes */1000", "items 100-199/1000", "bytes +1-2/3", "bytes -/"]
        {
            assert!(matches!(part(range).take(100, 199, 1000), Err(BadAnswer::NoRange(_))), "{range}");
        }
    }

    #[test]
    fn a_server_without_ranges_sends_the_whole_file_or_nothing_of_use() {
        let whole = |content_length| Answer { status: 200, content_range: None, content_length };
        assert_eq!(whole(None).take(100, 199, 1000), Ok(Take::Whole));
        assert_eq!(whole(Some(1000)).take(100, 199, 1000), Ok(Take::Whole));
        assert_eq!(whole(Some(7)).take(100, 199, 1000), Err(BadAnswer::OtherLength { found: 7, size: 1000 }));
        let refused = Answer { status: 404, ..Answer::default() };
        assert_eq!(refused.take(0, 1, 2), Err(BadAnswer::Status(404)));
    }
}
