//! A client of system calls and arrays, so that whatever is on the heap is the service's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An open session.
pub(crate) struct Client(TcpStream);

impl Client {
    /// Connects, and is answered.
    pub(crate) fn connect(at: SocketAddr) -> Self {
        let mut client = Self(TcpStream::connect(at).expect("the server is there"));
        client.shake_hands();
        client.list();
        client
    }

    /// Uploads 12 chunks of the largest size, so that every buffer was in use; the end is not sent.
    pub(crate) fn begin_an_upload(&mut self) {
        const CHUNK: usize = 4093;
        self.send(&[0x10, 0, 1, b'm']);
        let mut chunk = [1; CHUNK + 3];
        chunk[..3].copy_from_slice(&[0x11, (CHUNK >> 8) as u8, CHUNK as u8]);
        for _ in 0..12 {
            self.send(&chunk);
        }
        self.list();
    }

    /// LIST is answered when all before it has been taken.
    fn list(&mut self) {
        self.send(&[0x21, 0, 0]);
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("an answer");
        let mut answer = [0; 125];
        let length = answer.get_mut(..usize::from(head[1])).expect("one pattern makes a short listing");
        self.0.read_exact(length).expect("an answer");
    }

    /// RFC 6455, 4.1, with the key of its example.
    fn shake_hands(&mut self) {
        let lines = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        self.0.write_all(lines).expect("it is sent");
        let mut last = [0; 4];
        while &last != b"\r\n\r\n" {
            last.rotate_left(1);
            self.0.read_exact(&mut last[3..]).expect("an answer");
        }
    }

    /// A binary message in one frame, masked with zeros (RFC 6455, 5.2).
    fn send(&mut self, message: &[u8]) {
        let mut head = [0x82, 0x80 | 126, 0, 0, 0, 0, 0, 0];
        head[2..4].copy_from_slice(&(message.len() as u16).to_be_bytes());
        let head = if message.len() < 126 {
            head[1] = 0x80 | message.len() as u8;
            // Its length takes no bytes of its own.
            [&head[..2], &head[4..]].into_iter().try_for_each(|part| self.0.write_all(part))
        } else {
            self.0.write_all(&head)
        };
        head.and_then(|()| self.0.write_all(message)).expect("it is sent");
    }
}
