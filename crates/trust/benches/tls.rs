//! What TLS costs, without a network: a handshake, and what a control message and a piece of a file take more than a copy.
//!
//! The certificates are those of a hub's own authority (ECDSA P-256), the client is a node that knows that authority from its first
//! handshake.
#![allow(missing_docs, reason = "criterion makes the functions")]

use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cuelight_trust::{OWN_AUTHORITY, Trust};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection};

/// A keepalive with all its figures.
const MESSAGE: usize = 400;
/// The longest record.
const PIECE: usize = 16 * 1024;

/// Both ends of connections to one hub.
struct Ends {
    server: Arc<ServerConfig>,
    trust: Trust,
}

impl Ends {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, OWN_AUTHORITY);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = params.self_signed(&key).expect("an authority");
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&own, &issuer).expect("a certificate");
        let own = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
        let chain = vec![leaf.der().clone(), authority.der().clone()];
        let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("they are the library's own")
            .with_no_client_auth()
            .with_single_cert(chain, own)
            .expect("they belong together");
        server.send_tls13_tickets = 0;
        Self { server: Arc::new(server), trust: Trust::nobody_yet() }
    }
    fn client_config(&self) -> Arc<ClientConfig> {
        self.trust.begin().config()
    }
    /// A connection after its handshake.
    fn connected(&self) -> (ClientConnection, ServerConnection) {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(self.client_config(), name).expect("a client");
        let mut server = ServerConnection::new(self.server.clone()).expect("a server");
        while client.is_handshaking() || server.is_handshaking() {
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
        }
        (client, server)
    }
}

/// What one end has to send, into the other.
fn carry<A, B>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>) {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).expect("memory");
    }
    let mut wire = &wire[..];
    while !wire.is_empty() {
        to.read_tls(&mut wire).expect("memory");
        to.process_new_packets().expect("they believe one another");
    }
}

fn handshake(c: &mut Criterion) {
    let ends = Ends::new();
    c.bench_function("tls/handshake_both_ends", |b| {
        b.iter_batched(|| (), |()| ends.connected(), BatchSize::SmallInput)
    });
}

/// From one end into the other, beside the copy that is left without TLS.
fn data(c: &mut Criterion) {
    let ends = Ends::new();
    for (name, size) in [("message", MESSAGE), ("piece", PIECE)] {
        let mut group = c.benchmark_group(format!("tls/{name}"));
        group.throughput(Throughput::Bytes(size as u64));
        let (bytes, mut read) = (vec![7; size], vec![0; size]);
        group.bench_function("plain", |b| {
            b.iter(|| {
                let wire = black_box(&bytes).clone();
                read.copy_from_slice(black_box(&wire));
            });
        });
        let (mut client, mut server) = ends.connected();
        group.bench_function("tls", |b| {
            b.iter(|| {
                server.writer().write_all(black_box(&bytes)).expect("memory");
                carry(&mut server, &mut client);
                client.reader().read_exact(&mut read).expect("all of it has come");
            });
        });
        group.finish();
    }
}

criterion_group!(benches, handshake, data);
criterion_main!(benches);
