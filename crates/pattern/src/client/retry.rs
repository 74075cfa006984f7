//! An upload over as many connections as it takes (PATTERN-23).

use std::time::Duration;

use tokio::time::sleep;

use super::{Backoff, Client, ClientError, Progress, Target};

/// Something that keeps an upload from coming to its end, for now.
#[derive(Debug)]
pub struct Retry<'a> {
    /// What.
    pub error: &'a ClientError,
    /// How long until it is tried again.
    pub pause: Duration,
    /// How many attempts there were.
    pub attempts: u32,
}

/// Uploads a pattern. A connection that breaks, or that cannot be made, is made again with growing pauses, and the upload
/// starts again from its beginning; `again` hears of it and says whether to go on.
///
/// # Errors
/// [`ClientError`] that trying again does not mend, or the last one when `again` says so.
pub async fn put(
    target: &Target,
    name: &str,
    bytes: &[u8],
    mut backoff: Backoff,
    mut progress: impl FnMut(Progress),
    mut again: impl FnMut(Retry<'_>) -> bool,
) -> Result<(), ClientError> {
    let mut attempts = 0;
    loop {
        let error = match once(target, name, bytes, &mut progress).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        attempts += 1;
        let pause = backoff.next_pause();
        if !error.is_passing() || !again(Retry { error: &error, pause, attempts }) {
            return Err(error);
        }
        sleep(pause).await;
    }
}

async fn once(
    target: &Target,
    name: &str,
    bytes: &[u8],
    progress: &mut impl FnMut(Progress),
) -> Result<(), ClientError> {
    let mut client = Client::connect(target).await?;
    client.put(name, bytes, progress).await?;
    client.close().await;
    Ok(())
}
