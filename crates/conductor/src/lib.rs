//! What a hub decides: roster, show state, show clock, fan-out.
