//! Cost of one fan-out tick.
fn main() {}
