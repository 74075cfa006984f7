//! The service that ships, and a bare echo, on a thread of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use cuelight_pattern::service::{Listener, Service, Settings};
use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::tlv;
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Where they are.
pub(crate) struct Servers {
    pub(crate) store_at: SocketAddr,
    pub(crate) echo_at: SocketAddr,
    _folder: TempDir,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let limits = Limits { file_max: 64 << 20, quota: 256 << 20, patterns: 100 };
        let store = Store::open(folder.path(), limits).expect("a store");
        let (told, at) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let (service, _orders) = Service::start(store, Settings::default()).expect("a thread");
                let here = "127.0.0.1:0".parse().expect("an address");
                let listener = Listener::open(here, Arc::from("bench.local")).expect("a port");
                let echo = TcpListener::bind(here).await.expect("a port");
                let both = (listener.local_addr().expect("bound"), echo.local_addr().expect("bound"));
                told.send(both).expect("the benchmark waits");
                let (_stop, stopped) = watch::channel(());
                tokio::join!(listener.serve(service, stopped), serve_echo(echo));
            });
        });
        let (store_at, echo_at) = at.recv().expect("the servers start");
        Self { store_at, echo_at, _folder: folder }
    }
}

/// The library alone: every message goes back, with the buffers and limits the service has.
async fn serve_echo(listener: TcpListener) {
    let config = WebSocketConfig::default()
        .read_buffer_size(tlv::RECEIVE_BUFFER)
        .write_buffer_size(1024)
        .max_write_buffer_size(4 * tlv::RECEIVE_BUFFER)
        .max_message_size(Some(tlv::MAX_FRAME))
        .max_frame_size(Some(tlv::MAX_FRAME));
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("a socket");
        tokio::spawn(async move {
            let Ok(mut socket) = accept_async_with_config(stream, Some(config)).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
}
