//! The node process: protocol driver, frame loop, outputs.
