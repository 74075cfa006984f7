//! Worlds in virtual time: the link model, drifting clocks, unit scenarios.
