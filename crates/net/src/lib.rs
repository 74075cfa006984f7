//! Sockets, kernel timestamps, precise timers, WebSocket and JSON text, mDNS.
