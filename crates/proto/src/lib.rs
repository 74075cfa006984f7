//! What a node decides: clock sync, stream, session, as machines without clock or I/O.
