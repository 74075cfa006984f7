//! Lock, degrade, hold over, unlock. Implements SYNC-5.

/// Whether and how show time may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SyncState {
    /// Never measured well enough.
    #[default]
    Acquiring,
    /// Measured and good.
    Locked,
    /// Usable, but coarse or without fresh measurements.
    Degraded,
    /// Usable, without measurements; the bound grows.
    Holdover,
    /// Not usable: apply changes on arrival.
    Unlocked,
}

impl SyncState {
    /// Whether changes may be scheduled in show time.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Locked | Self::Degraded | Self::Holdover)
    }
}
