//! The end of a connection, with its reason.

use std::future::poll_fn;
use std::time::Duration;

use cuelight_wire::tlv::{self, Dialect, ErrorCode};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Bytes;

use super::link::{Broken, Incoming, Link, Outgoing};

/// How long the other side may take to read why it is closed.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers with an error and ends the connection.
pub(super) async fn refuse<L: Link>(mut link: L, dialect: Dialect, code: ErrorCode, status: u16, text: &'static str) {
    let mut frame = [0; 256];
    let len = tlv::Answer::write_error(dialect, code, &text, &mut frame).expect("a short text fits");
    let answer = Outgoing::Binary(Bytes::copy_from_slice(&frame[..len]));
    let sent = async {
        poll_fn(|cx| link.poll_ready(cx)).await?;
        link.start_send(answer)
    };
    if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, sent).await {
        close(&mut link, status, text).await;
    }
}

/// Says why, and waits until the other side has seen it, or for a second: closing at once, with something of it unread,
/// would make the kernel reset the connection, and the reason would be lost on the way.
pub(super) async fn close<L: Link>(link: &mut L, code: u16, reason: &'static str) {
    let closed = async {
        poll_fn(|cx| link.poll_ready(cx)).await?;
        link.start_send(Outgoing::Close(code, reason))?;
        poll_fn(|cx| link.poll_flush(cx)).await?;
        while poll_fn(|cx| link.poll_receive(cx)).await != Incoming::Gone {}
        Ok::<_, Broken>(())
    };
    // The other side may be gone already; the reason is then nobody's loss.
    let _ = timeout(CLOSE_TIMEOUT, closed).await;
}
