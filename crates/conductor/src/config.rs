//! The settings of a conductor. Everything has the default of the specification.

use cuelight_wire::caps::Ext;
use cuelight_wire::limits::{APPLY_AHEAD, KEEPALIVE_TIMEOUT, LOST_CLEANUP};
use cuelight_wire::time::Span;

/// The settings of a conductor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which run of the hub this is: a number the shell draws at each start, told to Cuelight nodes in `welcome`.
    pub boot_id: u32,
    /// Port of the hub's time exchange, told to Cuelight nodes in `welcome`.
    pub ts_port: u16,
    /// Nodes known at once, lost and offline ones included. A new one makes room by dropping an unnamed node that has
    /// been away longest; when all are present the newcomer is refused as `full`.
    pub max_nodes: usize,
    /// Control connections at once; one more is closed as `full`.
    pub max_connections: usize,
    /// Nodes known from one address other than the hub's own machine. One more makes room by dropping one of that address
    /// that is away; when all are present it is refused as `full`. So whoever invents nodes pushes out no others.
    pub max_nodes_per_address: usize,
    /// Lead of applyAt for nodes in no group that sets one.
    pub lead: Span,
    /// Silence after which a node is lost.
    pub keepalive_timeout: Span,
    /// A lost node leaves the roster after this time; its identity stays known.
    pub lost_cleanup: Span,
    /// Whether Cuelight nodes get each change on the control plane too (`state.full`).
    pub control_backstop: bool,
    /// The capability words this hub agrees to.
    pub ext: Ext,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            boot_id: 0,
            ts_port: cuelight_wire::limits::TS_UDP_PORT,
            max_nodes: 1024,
            // Room for every node to reconnect before its old connection is noticed to be dead.
            max_connections: 2048,
            // Many more than a gateway speaks for, and few beside all nodes.
            max_nodes_per_address: 64,
            lead: APPLY_AHEAD,
            keepalive_timeout: KEEPALIVE_TIMEOUT,
            lost_cleanup: LOST_CLEANUP,
            control_backstop: true,
            ext: Ext::ALL,
        }
    }
}
