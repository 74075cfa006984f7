//! CONTROL, on its way to whoever has the lights.

use cuelight_proto::pattern::{Command, Refused};
use cuelight_wire::tlv::ErrorCode;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Entry, Listing};

/// What is to be done with the lights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Light {
    /// Play a pattern, which begins as patterns do.
    Play(Entry),
    /// Stop playing.
    Stop,
    /// Brightness, 255 is full.
    Brightness(u8),
}

/// An order, to be answered when it is carried out or refused with a reason.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub light: Light,
    /// Who is to be told; dropping it refuses.
    pub answer: oneshot::Sender<Result<(), String>>,
}

/// Where orders come out.
pub type Orders = mpsc::Receiver<Order>;

/// What a client's command means for what is stored, or why it is refused (PATTERN-21).
pub(super) fn light(command: Command, listing: &Listing) -> Result<Light, Refused> {
    let not_taken =
        |what| Refused::new(ErrorCode::InvalidTlv, &format!("{what} is a setting of each node, not taken here"));
    match command {
        Command::Play(name) => {
            let missing = |why: &str| Refused::new(ErrorCode::PatternNotFound, &format!("{name} {why}"));
            let entry = listing.named(&name).ok_or_else(|| missing("is not stored"))?;
            let is_playable = entry.is_pattern.then(|| Light::Play(entry.clone()));
            is_playable.ok_or_else(|| missing("does not begin with PRSM: it is kept, and not played"))
        }
        Command::Stop => Ok(Light::Stop),
        Command::Brightness(level) => Ok(Light::Brightness(level)),
        Command::Gamma => Err(not_taken("gamma")),
        Command::Template => Err(not_taken("the template")),
    }
}

/// Has an order carried out.
pub(super) async fn carry_out(orders: &mpsc::Sender<Order>, light: Light) -> Result<(), Refused> {
    let (answer, answered) = oneshot::channel();
    let nobody = || Err("nothing here can play".to_owned());
    let outcome = match orders.send(Order { light, answer }).await {
        Ok(()) => answered.await.unwrap_or_else(|_| nobody()),
        Err(_) => nobody(),
    };
    outcome.map_err(|reason| Refused::new(ErrorCode::InvalidTlv, &reason))
}
