//! Tickets: a page cannot send its key with a WebSocket, and a key does not belong in an address. So it asks for a ticket with
//! its key, and opens the WebSocket with the ticket, which is good for one connection within half a minute (LIVE-7).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use cuelight_wire::ids::Token;
use cuelight_wire::time::{Local, Span, Time};

use crate::accounts::Caller;

/// How long a ticket is good.
pub(crate) const GOOD_FOR: Span = Span::from_s(30);
/// Tickets that are good at once; when there are more the oldest is no longer.
const KEPT: usize = 64;

/// The tickets that are good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tickets(Arc<Mutex<VecDeque<Good>>>);

#[derive(Debug)]
struct Good {
    ticket: Token,
    caller: Caller,
    given_at: Time<Local>,
}

impl Tickets {
    /// Makes `ticket` good for a while, for who asked for it.
    pub(crate) fn give(&self, ticket: Token, caller: Caller, now: Time<Local>) {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() == KEPT {
            tickets.pop_front();
        }
        tickets.push_back(Good { ticket, caller, given_at: now });
    }

    /// Who asked for `ticket`, if it is good; it is not any more afterwards.
    pub(crate) fn take(&self, ticket: &str, now: Time<Local>) -> Option<Caller> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|good| now - good.given_at < GOOD_FOR);
        let place = tickets.iter().position(|good| good.ticket.as_str() == ticket);
        place.and_then(|place| tickets.remove(place)).map(|good| good.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{Role, Via};

    fn caller() -> Caller {
        Caller { role: Role::Viewer, name: "anna".into(), via: Via::ThisMachine, expires_at: None, universes: None }
    }

    fn token(n: usize) -> Token {
        Token::try_from(format!("{n:032}").as_str()).unwrap()
    }

    /// LIVE-7
    #[test]
    fn a_ticket_is_good_once_and_for_half_a_minute() {
        let (tickets, now) = (Tickets::default(), Time::<Local>::ZERO);
        tickets.give(token(1), caller(), now);
        assert!(tickets.take(token(2).as_str(), now).is_none() && tickets.take("", now).is_none());
        assert_eq!(tickets.take(token(1).as_str(), now), Some(caller()));
        assert_eq!(tickets.take(token(1).as_str(), now), None);
        tickets.give(token(3), caller(), now);
        assert_eq!(tickets.take(token(3).as_str(), now + GOOD_FOR), None);
        (0..=KEPT).for_each(|n| tickets.give(token(n), caller(), now));
        assert!(tickets.take(token(0).as_str(), now).is_none() && tickets.take(token(1).as_str(), now).is_some());
    }
}
