//! What a session tells its owner.

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a connection to the hub.
    Dial,
    /// Close the connection.
    HangUp(Ended),
    /// Send hello.
    Hello,
    /// The live session is over.
    Ended(Ended),
    /// Send a keepalive.
    Keepalive,
}

/// Why a session, or an attempt at one, is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// The connection broke, was closed by the hub, or could not be made.
    ConnectionLost,
    /// The hub said nothing for too long.
    HubSilent,
    /// The hub's welcome cannot be accepted.
    BadWelcome,
    /// A new connection took the place of the old one.
    Reconnected,
}

/// What is wrong with a welcome (`CTRL-33`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadWelcome {
    /// Not this protocol version.
    Proto,
    /// The token is empty or not ASCII (longer than 63 characters cannot be read at all).
    Token,
    /// Port 0 for the time exchange.
    Port,
}
