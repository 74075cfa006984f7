//! HTTP over TLS with hubs that are believed (`docs/protocol/15-trust.md`). Every connection asks anew what is believed.

use std::fmt;
use std::io::{self, Read as _, Write as _};

use cuelight_trust::Trust;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, TcpConnector, Transport, TransportAdapter,
};
use ureq::{Agent, Error};

/// An agent for `http` and `https`; `https` believes whom `trust` believes.
pub fn agent(config: Config, trust: &Trust) -> Agent {
    let connector = ().chain(TcpConnector::default()).chain(Secured(trust.clone()));
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// Wraps what it is given in TLS where the address wants it.
#[derive(Debug)]
struct Secured(Trust);

impl<In: Transport> Connector<In> for Secured {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone())
            .map_err(|_| failed(format!("\"{host}\" is no name or address of a host")))?;
        let attempt = self.0.begin();
        let mut tls = ClientConnection::new(attempt.config(), name).map_err(|error| failed(error.to_string()))?;
        let mut below = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        below.set_timeout(details.timeout);
        match tls.complete_io(&mut below) {
            Ok(_) => {}
            Err(error) => {
                return Err(attempt
                    .refused()
                    .map_or(Error::Io(error), |refused| failed(format!("the hub at {host} is refused: {refused}"))));
            }
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(tls, below) })))
    }
}

fn failed(problem: String) -> Error {
    Error::Io(io::Error::other(problem))
}

struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }
    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }
    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }
    fn is_tls(&self) -> bool {
        true
    }
}
