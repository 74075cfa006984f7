//! The session's states and events, every pair written out (PATTERN-11).

use core::fmt;

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No upload.
    Idle,
    /// An upload was begun.
    Receiving,
    /// All of it is there and is compared with what was declared. Lasts no time.
    Validating,
    /// It is being stored.
    Storing,
    /// Something else is being done for the client: DELETE, CONTROL.
    Awaiting,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "no upload was begun",
            Self::Receiving => "an upload is under way",
            Self::Validating => "an upload is being validated",
            Self::Storing => "an upload is being stored",
            Self::Awaiting => "the request before is not done yet",
        })
    }
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// PUT_BEGIN that can be accepted.
    Begin,
    /// PUT_CHUNK, PUT_DATA that can be accepted where an upload is under way.
    Chunk,
    /// PUT_END.
    End,
    /// LIST, STATUS: answered at once.
    Ask,
    /// DELETE, CONTROL: somebody else has to do it.
    Work,
    /// A message that is refused wherever the session is.
    Bad,
    /// The upload is what was declared.
    Valid,
    /// It is not.
    Invalid,
    /// The upload is stored.
    Stored,
    /// The store gave up the upload.
    StoreFailed,
    /// DELETE, CONTROL came to an end.
    Worked,
    /// The client was silent for too long.
    Silence,
    /// The client is gone.
    Gone,
}

/// What the session does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Nothing.
    Ignore,
    /// Begin an upload.
    Open,
    /// Take its bytes.
    Take,
    /// Compare it with what was declared.
    Validate,
    /// Have it stored.
    Store,
    /// Answer at once.
    Answer,
    /// Have it done.
    Work,
    /// Answer with what came of it.
    Tell,
    /// Answer with an error.
    Refuse,
    /// Discard the upload and answer with an error.
    DropAndRefuse,
    /// Discard the upload; the client is told when it goes on with it.
    Drop,
}

/// What `event` does to a session in `state`.
pub const fn transition(state: State, event: Event) -> (State, Step) {
    use Event::{
        Ask, Bad, Begin, Chunk, End, Gone, Invalid, Silence, StoreFailed, Stored, Valid, Work as WorkAsked, Worked,
    };
    use State::{Awaiting, Idle, Receiving, Storing, Validating};
    use Step::{Answer, Drop, DropAndRefuse, Ignore, Open, Refuse, Store, Take, Tell, Validate, Work};
    match (state, event) {
        (Idle, Begin) => (Receiving, Open),
        (Idle, Chunk | End | Bad) => (Idle, Refuse),
        (Idle, Ask) => (Idle, Answer),
        (Idle, WorkAsked) => (Awaiting, Work),
        // What comes of an upload that was given up meanwhile.
        (Idle, Valid | Invalid | Stored | StoreFailed | Worked) => (Idle, Ignore),
        (Idle, Silence | Gone) => (Idle, Ignore),

        (Receiving, Chunk) => (Receiving, Take),
        (Receiving, End) => (Validating, Validate),
        (Receiving, Ask) => (Receiving, Answer),
        (Receiving, Begin | WorkAsked | Bad) => (Idle, DropAndRefuse),
        (Receiving, StoreFailed | Silence | Gone) => (Idle, Drop),
        (Receiving, Valid | Invalid | Stored | Worked) => (Receiving, Ignore),

        (Validating, Valid) => (Storing, Store),
        (Validating, Invalid | StoreFailed) => (Idle, DropAndRefuse),
        (Validating, Begin | Chunk | End | Ask | WorkAsked | Bad) => (Validating, Refuse),
        (Validating, Gone) => (Idle, Drop),
        (Validating, Stored | Worked | Silence) => (Validating, Ignore),

        (Storing, Stored) => (Idle, Tell),
        (Storing, StoreFailed) => (Idle, Refuse),
        (Storing, Begin | Chunk | End | Ask | WorkAsked | Bad) => (Storing, Refuse),
        // All of it is there: it is stored although nobody waits for the answer.
        (Storing, Gone) => (Storing, Ignore),
        (Storing, Valid | Invalid | Worked | Silence) => (Storing, Ignore),

        (Awaiting, Worked) => (Idle, Tell),
        (Awaiting, Begin | Chunk | End | Ask | WorkAsked | Bad) => (Awaiting, Refuse),
        (Awaiting, Gone) => (Awaiting, Ignore),
        (Awaiting, Valid | Invalid | Stored | StoreFailed | Silence) => (Awaiting, Ignore),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// PATTERN-11
    #[test]
    fn the_whole_table_is_as_reviewed() {
        use Event::*;
        let states = [State::Idle, State::Receiving, State::Validating, State::Storing, State::Awaiting];
        let events = [Begin, Chunk, End, Ask, Work, Bad, Valid, Invalid, Stored, StoreFailed, Worked, Silence, Gone];
        let mut table = std::string::String::new();
        for state in states {
            for event in events {
                let (next, step) = transition(state, event);
                writeln!(table, "{state:?} + {event:?} -> {next:?}, {step:?}").unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
