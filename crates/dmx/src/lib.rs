//! Lighting codecs: DDP.
