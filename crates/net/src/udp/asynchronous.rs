//! A [`StampedSocket`] in a tokio task.

use std::io;
use std::net::SocketAddr;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::sys::watch;
use super::{Received, Sent, StampedSocket, TxId};

/// Adds waiting without a thread; everything else is the socket's own.
#[derive(Debug)]
pub struct AsyncStampedSocket {
    inner: AsyncFd<StampedSocket>,
}

impl AsyncStampedSocket {
    /// Registers the socket with the runtime of the calling task.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    pub fn new(socket: StampedSocket) -> io::Result<Self> {
        Ok(Self { inner: watch(socket, Interest::READABLE | Interest::ERROR)? })
    }
    /// The socket, for what does not change it.
    pub fn socket(&self) -> &StampedSocket {
        self.inner.get_ref()
    }
    /// Waits until a datagram or a transmit stamp may be there. Then call [`Self::recv`] and [`Self::poll_sent`] until
    /// both give `None`: what is left unfetched does not end the next wait. May be dropped while it waits.
    ///
    /// # Errors
    /// When the runtime is shutting down.
    pub async fn ready(&mut self) -> io::Result<()> {
        // Cleared before the caller fetches, so that what comes in between counts for the next wait.
        self.inner.ready_mut(Interest::READABLE | Interest::ERROR).await?.clear_ready();
        Ok(())
    }
    /// [`StampedSocket::recv`].
    ///
    /// # Errors
    /// As there.
    pub fn recv(&mut self, buf: &mut [u8]) -> io::Result<Option<Received>> {
        self.inner.get_mut().recv(buf)
    }
    /// [`StampedSocket::send_to`].
    ///
    /// # Errors
    /// As there.
    pub fn send_to(&mut self, datagram: &[u8], to: SocketAddr) -> io::Result<TxId> {
        self.inner.get_mut().send_to(datagram, to)
    }
    /// [`StampedSocket::poll_sent`].
    pub fn poll_sent(&mut self) -> Option<Sent> {
        self.inner.get_mut().poll_sent()
    }
}
