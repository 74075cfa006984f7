//! A node is to be started again (CTRL-10, CTRL-11).

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, Restart};
use cuelight_wire::time::{Local, Time};

use super::{Conductor, Outgoing};
use crate::command::{Answer, CommandError, NodeRef};
use crate::event::Event;

impl Conductor {
    /// Tells the node once, or says why not. `in_spite_of` is the armed show that the operator has named.
    pub(super) fn restart_node(
        &mut self,
        node: &NodeRef,
        in_spite_of: Option<&str>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let id = self.id_of(node)?;
        if let Some(show) = self.armed.as_ref().filter(|show| in_spite_of != Some(show.as_str())) {
            return Err(CommandError::Armed { show: show.clone() });
        }
        let there = self.roster.get(id).ok_or_else(|| CommandError::UnknownNode(node.clone()))?;
        let session = there.session.as_ref().ok_or_else(|| CommandError::NotConnected(node.clone()))?;
        if !there.ext.has(Ext::RESTART) {
            return Err(CommandError::NotRestartable(node.clone()));
        }
        // One that comes back on its old version in the middle of its turn would look as if it had fallen back.
        if self.running.as_ref().is_some_and(|running| running.rollout.current() == Some(there.mac)) {
            return Err(CommandError::Updating(node.clone()));
        }
        let conn = session.conn;
        let restart = Restart { node_id: id, token: session.token.clone() };
        self.send(conn, Outgoing::Message(HubMessage::Restart(restart)));
        self.log(Event::RestartOrdered { node: id });
        Ok(Answer { nodes: 1, ..self.settled(now)? })
    }
}
