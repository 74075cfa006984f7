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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_woken_for_datagrams_and_for_transmit_stamps() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let loopback = || StampedSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            let mut a = AsyncStampedSocket::new(loopback()).unwrap();
            let mut b = AsyncStampedSocket::new(loopback()).unwrap();
            let (from, to) = (a.socket().local_addr().unwrap(), b.socket().local_addr().unwrap());
            for round in 0..20 {
                let id = a.send_to(&[round], to).unwrap();
                let mut buf = [0; 8];
                let received = loop {
                    b.ready().await.unwrap();
                    if let Some(received) = b.recv(&mut buf).unwrap() {
                        break received;
                    }
                };
                assert_eq!((received.from, buf[0]), (from, round));
                assert_eq!(b.recv(&mut buf).unwrap(), None);
                let sent = loop {
                    a.ready().await.unwrap();
                    if let Some(sent) = a.poll_sent() {
                        break sent;
                    }
                };
                assert_eq!(sent.id, id);
                assert_eq!((a.recv(&mut buf).unwrap(), a.poll_sent()), (None, None));
            }
        });
    }
}
