//! Threads and drivers that put frames out at exact instants.
