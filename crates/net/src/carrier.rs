//! What a connection to a hub travels in: plain TCP, or TLS with a hub that is believed.

use std::io;
use std::pin::Pin as Pinned;
use std::task::{Context, Poll};

use cuelight_trust::{Pin, Refused, Trust};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// A connection in either. TLS is in a box: its state has kilobytes, and few machines hold many.
#[derive(Debug)]
pub enum Carrier {
    /// As it is.
    Plain(TcpStream),
    /// Inside TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// The hub is not believed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No handshake.
    #[error("{0}; if it is meant to be spoken to in plain text, give its address with http:// before it")]
    Handshake(io::Error),
    /// The address has no host that a certificate could name.
    #[error("\"{0}\" is no name or address of a host")]
    Name(String),
}

impl Carrier {
    /// TLS over `tcp` with the hub at `address`, `HOST:PORT`; with the authority it was believed for.
    ///
    /// # Errors
    /// [`TlsFailure`].
    pub async fn secure(tcp: TcpStream, address: &str, trust: &Trust) -> Result<(Self, Option<Pin>), TlsFailure> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFailure::Name(host.to_owned()))?;
        let attempt = trust.begin();
        match TlsConnector::from(attempt.config()).connect(name, tcp).await {
            Ok(stream) => Ok((Self::Tls(Box::new(stream)), attempt.authority())),
            Err(error) => Err(attempt.refused().map_or(TlsFailure::Handshake(error), TlsFailure::Refused)),
        }
    }
}

impl AsyncRead for Carrier {
    fn poll_read(self: Pinned<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pinned::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pinned::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(self: Pinned<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pinned::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pinned::new(stream.as_mut()).poll_write(context, bytes),
        }
    }
    fn poll_flush(self: Pinned<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pinned::new(stream).poll_flush(context),
            Self::Tls(stream) => Pinned::new(stream.as_mut()).poll_flush(context),
        }
    }
    fn poll_shutdown(self: Pinned<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pinned::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pinned::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
