//! The one way into the tick thread: a bounded queue, and a waker so that nothing waits for the next tick.

use std::net::IpAddr;

use cuelight_conductor::{Answer, Command, CommandError, CommandId, ConnId, Outgoing};
use cuelight_net::wake::Waker;
use cuelight_wire::control::{NodeMessage, Refusal};
use cuelight_wire::ids::{Token, TokenHash};
use cuelight_wire::time::{Local, Time};
use tokio::sync::{mpsc, oneshot};

use crate::events::{self, Events};

/// What became of a command.
pub(crate) type Answered = Result<Answer, CommandError>;

/// What the tick thread is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// A control connection was opened; messages for it go into `outgoing`.
    Open { conn: ConnId, ip: IpAddr, outgoing: mpsc::Sender<Outgoing> },
    /// A node sent a message. `fresh` is used when it is a hello.
    Message { conn: ConnId, message: Box<NodeMessage>, fresh: Token, received_at: Time<Local> },
    /// A node sent something that is not a message.
    Refused { conn: ConnId, refusal: Refusal },
    /// The connection is gone.
    Closed { conn: ConnId },
    /// An operator's command; the answer goes back by `answer`.
    Command { id: Option<CommandId>, command: Box<Command>, answer: oneshot::Sender<Answered> },
    /// A node was heard on the time exchange.
    Heard { token: TokenHash },
    /// The hub stops: sessions are ended, state is saved.
    Stop,
}

/// Inputs the queue holds. When it is full the sender waits, so a flood on one connection slows that connection.
const CAPACITY: usize = 1024;

/// The sending side, one clone for each connection and request.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    queue: mpsc::Sender<Input>,
    waker: Waker,
    events: Events,
}

/// The tick thread is gone: the hub is stopping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone;

impl Inbox {
    /// The two ends of the queue; every input wakes the owner of the other end through `waker`.
    pub(crate) fn new(waker: Waker, events: Events) -> (Self, mpsc::Receiver<Input>) {
        let (queue, inputs) = mpsc::channel(CAPACITY);
        (Self { queue, waker, events }, inputs)
    }

    /// Hands an input over, waiting for room.
    pub(crate) async fn send(&self, input: Input) -> Result<(), Gone> {
        self.queue.send(input).await.map_err(|_| Gone)?;
        self.waker.wake();
        Ok(())
    }

    /// Whether the tick thread is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Mentions that a node was heard on the time exchange. Nobody waits for it: it is seen at the next tick, or dropped when the
    /// queue is full, and then the next one tells as much.
    pub(crate) fn mention(&self, token: TokenHash) {
        let _ = self.queue.try_send(Input::Heard { token });
    }

    /// Has a command carried out and waits for its answer; what it does is told to whoever follows events.
    pub(crate) async fn command(&self, id: Option<CommandId>, command: Command) -> Result<Answered, Gone> {
        let told = events::of_command(&command);
        let (answer, answered) = oneshot::channel();
        self.send(Input::Command { id, command: Box::new(command), answer }).await?;
        let answered = answered.await.map_err(|_| Gone)?;
        if let (Ok(answer), Some(told)) = (&answered, told)
            && !answer.repeated
        {
            self.events.add(events::answered(told, answer));
        }
        Ok(answered)
    }
}
