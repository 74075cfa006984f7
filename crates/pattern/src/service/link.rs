//! The WebSocket under a session, whichever library's type it is.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cuelight_wire::tlv;
use futures_util::{Sink, Stream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A binary message.
    Binary(Bytes),
    /// A text message.
    Text,
    /// A ping, which the library answers, or the answer to one.
    Sign,
    /// A message longer than any frame; nothing comes after it.
    TooLong,
    /// The other side is gone.
    Gone,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A binary message.
    Binary(Bytes),
    /// A question for a sign of life.
    Ping,
    /// The end, with a status code (RFC 6455, 7.4.1) and a reason of at most 123 bytes.
    Close(u16, &'static str),
}

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// A WebSocket, on the server's side, that takes messages of up to [`tlv::MAX_FRAME`] bytes.
pub trait Link: Unpin + Send {
    /// The next message.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;
    /// Ready when a message can be taken.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>>;
    /// Takes a message; after `poll_ready`.
    fn start_send(&mut self, outgoing: Outgoing) -> Result<(), Broken>;
    /// Ready when everything taken has been handed to the system.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>>;
}

/// Buffers and limits of a session's WebSocket: 4096 bytes each way, and messages that can be refused whole.
pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(tlv::RECEIVE_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(2 * tlv::RECEIVE_BUFFER)
        .max_message_size(Some(tlv::MAX_FRAME))
        .max_frame_size(Some(tlv::MAX_FRAME))
}

/// Answers are gathered up to so many bytes while more requests are there to be read: a hundred of them go out in one
/// system call instead of a hundred.
const WRITE_BUFFER: usize = 1024;

impl<S> Link for WebSocketStream<S>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        Poll::Ready(match ready!(Pin::new(self).poll_next(cx)) {
            Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes),
            Some(Ok(Message::Text(_))) => Incoming::Text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Sign,
            Some(Err(error)) => came_of(&error),
            Some(Ok(Message::Close(_))) | None => Incoming::Gone,
        })
    }
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(self).poll_ready(cx).map_err(|_| Broken)
    }
    fn start_send(&mut self, outgoing: Outgoing) -> Result<(), Broken> {
        let message = match outgoing {
            Outgoing::Binary(bytes) => Message::Binary(bytes),
            Outgoing::Ping => Message::Ping(Bytes::new()),
            Outgoing::Close(code, reason) => {
                Message::Close(Some(tokio_tungstenite::tungstenite::protocol::CloseFrame {
                    code: CloseCode::from(code),
                    reason: Utf8Bytes::from_static(reason),
                }))
            }
        };
        Pin::new(self).start_send(message).map_err(|_| Broken)
    }
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(self).poll_flush(cx).map_err(|_| Broken)
    }
}

/// What an error of the library means for a session.
pub fn came_of(error: &Error) -> Incoming {
    match error {
        Error::Capacity(_) => Incoming::TooLong,
        // A text message that is no text is still one.
        Error::Utf8(_) => Incoming::Text,
        _ => Incoming::Gone,
    }
}
