//! The session's states and events, every pair written out (`CTRL-31`).

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No connection; waiting for the time to dial.
    Disconnected,
    /// A connection was asked for.
    Connecting,
    /// Connected, hello sent.
    AwaitingWelcome,
    /// Welcomed.
    Live,
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The state's deadline has passed: time to dial, or waited long enough for an answer or for any sign of the hub.
    Deadline,
    /// A connection stands.
    Connected,
    /// The connection is gone, or could not be made.
    Lost,
    /// An acceptable welcome came.
    Welcome,
    /// A welcome came that cannot be accepted.
    BadWelcome,
}

/// What the session does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Ignore,
    /// Ask for a connection.
    Dial,
    /// Send hello. A live session is over.
    SayHello,
    /// The session begins (again): new token, keepalive at once.
    Begin,
    /// Dial again after a delay. A live session is over.
    Retry,
    /// Close the connection, then as retry.
    HangUp,
}

/// What `event` does to a session in `state`.
pub const fn transition(state: State, event: Event) -> (State, Action) {
    use Action::{Begin, Dial, HangUp, Ignore, Retry, SayHello};
    use State::{AwaitingWelcome, Connecting, Disconnected, Live};
    match (state, event) {
        (Disconnected, Event::Deadline) => (Connecting, Dial),
        // A connection that stands is used, even one that was given up a moment ago.
        (Disconnected, Event::Connected) => (AwaitingWelcome, SayHello),
        (Disconnected, Event::Lost) => (Disconnected, Ignore),
        (Disconnected, Event::Welcome) => (Disconnected, Ignore),
        (Disconnected, Event::BadWelcome) => (Disconnected, Ignore),

        (Connecting, Event::Deadline) => (Disconnected, HangUp),
        (Connecting, Event::Connected) => (AwaitingWelcome, SayHello),
        (Connecting, Event::Lost) => (Disconnected, Retry),
        (Connecting, Event::Welcome) => (Connecting, Ignore),
        (Connecting, Event::BadWelcome) => (Connecting, Ignore),

        (AwaitingWelcome, Event::Deadline) => (Disconnected, HangUp),
        // The caller replaced the connection: the hello on the old one is void.
        (AwaitingWelcome, Event::Connected) => (AwaitingWelcome, SayHello),
        (AwaitingWelcome, Event::Lost) => (Disconnected, Retry),
        (AwaitingWelcome, Event::Welcome) => (Live, Begin),
        (AwaitingWelcome, Event::BadWelcome) => (Disconnected, HangUp),

        (Live, Event::Deadline) => (Disconnected, HangUp),
        (Live, Event::Connected) => (AwaitingWelcome, SayHello),
        (Live, Event::Lost) => (Disconnected, Retry),
        // The hub gave a new token within the connection.
        (Live, Event::Welcome) => (Live, Begin),
        (Live, Event::BadWelcome) => (Disconnected, HangUp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn the_whole_table_is_as_reviewed() {
        // CTRL-31
        let states = [State::Disconnected, State::Connecting, State::AwaitingWelcome, State::Live];
        let events = [Event::Deadline, Event::Connected, Event::Lost, Event::Welcome, Event::BadWelcome];
        let mut table = std::string::String::new();
        for state in states {
            for event in events {
                let (next, action) = transition(state, event);
                writeln!(table, "{state:?} + {event:?} -> {next:?}, {action:?}").unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
