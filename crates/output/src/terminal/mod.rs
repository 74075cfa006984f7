//! Frames to a terminal.
