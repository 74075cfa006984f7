//! Pattern sessions at `/ws`, and what they ask of the lights: on a hub, of all of them (PATTERN-25).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use cuelight_conductor::{Command, Scope, Start};
use cuelight_pattern::service::{self, Broken, Incoming, Light, Link, Order, Orders, Outgoing, Service};
use futures_util::{Sink, Stream};
use tokio::task::spawn_blocking;

use crate::inbox::{Gone, Inbox};
use crate::patterns::Patterns;
use crate::shared::Shared;

/// What a client hears that has no key for it.
const KEY_WANTED: &str = "this hub wants a key of the role operator, such as its operator key, or --open-patterns on";

/// Serves a client whose first message was binary.
pub(crate) async fn serve(socket: WebSocket, first: Bytes, shared: &Shared, is_operator: bool) {
    let (link, first) = (Socket(socket), Incoming::Binary(first));
    if is_operator {
        shared.uploads.serve(link, Some(first)).await;
    } else {
        Service::turn_away(link, &first, KEY_WANTED).await;
    }
}

/// Carries out what clients ask of the lights, as changes like any other, until the service is gone.
pub(crate) async fn carry_out(mut orders: Orders, inbox: Inbox, patterns: Patterns) {
    while let Some(Order { light, answer }) = orders.recv().await {
        let outcome = match command(light, &patterns).await {
            Ok(command) => match inbox.command(None, command).await {
                Ok(outcome) => outcome.map(drop).map_err(|error| error.to_string()),
                Err(Gone) => Err("the hub is stopping".to_owned()),
            },
            Err(problem) => Err(problem),
        };
        // A client that is gone has had its wish all the same.
        let _ = answer.send(outcome);
    }
}

async fn command(light: Light, patterns: &Patterns) -> Result<Command, String> {
    let scope = Scope::Show;
    Ok(match light {
        Light::Play(entry) => {
            let id = entry.sha256.id();
            let patterns = patterns.clone();
            let look = spawn_blocking(move || patterns.look(&entry)).await;
            look.map_err(|_| "looking into the file failed; the log says how".to_owned())??;
            Command::PlayPattern { scope, id, repeats: true, start: Start::Soonest, fade_ms: 0 }
        }
        Light::Stop => Command::StopPattern { scope, fade_ms: 0 },
        Light::Brightness(level) => Command::Master { level },
    })
}

/// The HTTP server's WebSocket.
struct Socket(WebSocket);

impl Link for Socket {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll_next(cx)) {
            Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes),
            Some(Ok(Message::Text(_))) => Incoming::Text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Incoming::Sign,
            Some(Err(error)) => error.into_inner().downcast_ref().map_or(Incoming::Gone, service::came_of),
            Some(Ok(Message::Close(_))) | None => Incoming::Gone,
        })
    }
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut self.0).poll_ready(cx).map_err(|_| Broken)
    }
    fn start_send(&mut self, outgoing: Outgoing) -> Result<(), Broken> {
        let message = match outgoing {
            Outgoing::Binary(bytes) => Message::Binary(bytes),
            Outgoing::Ping => Message::Ping(Bytes::new()),
            Outgoing::Close(code, reason) => Message::Close(Some(CloseFrame { code, reason: reason.into() })),
        };
        Pin::new(&mut self.0).start_send(message).map_err(|_| Broken)
    }
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut self.0).poll_flush(cx).map_err(|_| Broken)
    }
}

#[cfg(test)]
mod tests;
