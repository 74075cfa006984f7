//! The hub process: stream, time exchange, HTTP and WebSocket, storage.
