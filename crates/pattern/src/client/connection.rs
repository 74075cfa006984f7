//! One connection to a store, and the requests that are one frame.

use std::time::Duration;

use cuelight_net::carrier::Carrier;
use cuelight_wire::limits::WS_PATH;
use cuelight_wire::tlv::{self, Control, Metrics, RECEIVE_BUFFER, Request};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::answers::Answer;
use super::{ClientError, Listed, Target};

/// Frames are gathered up to so many bytes before they go out, where several are under way.
const WRITE_BUFFER: usize = 16 * 1024;

/// An open connection to a store.
#[derive(Debug)]
pub struct Client {
    pub(super) socket: WebSocketStream<Carrier>,
    pub(super) target: Target,
    frame: Box<[u8; RECEIVE_BUFFER]>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn connect(target: &Target) -> Result<Self, ClientError> {
        let Target { address, connect_limit: limit, .. } = target;
        let silent = || ClientError::Silent { address: address.clone(), limit: *limit };
        let socket = timeout(*limit, open(target)).await.map_err(|_| silent())??;
        Ok(Self { socket, target: target.clone(), frame: Box::new([0; RECEIVE_BUFFER]) })
    }

    /// What the store has.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&mut self) -> Result<Vec<Listed>, ClientError> {
        self.send(Request::List).await?;
        let mut patterns = Vec::new();
        loop {
            let answer = self.answer().await?;
            let count = answer.listing(&mut patterns).map_err(|problem| self.nonsense(problem))?;
            if patterns.len() >= count {
                return Ok(patterns);
            }
        }
    }

    /// The store's figures.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn metrics(&mut self) -> Result<Metrics, ClientError> {
        self.send(Request::Metrics).await?;
        let answer = self.answer().await?;
        answer.metrics().ok_or_else(|| self.nonsense("these are no figures"))
    }

    /// Removes a pattern.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete(&mut self, name: &str) -> Result<(), ClientError> {
        self.ask(Request::Delete { name: name.as_bytes() }).await
    }

    /// Plays a pattern, in the checked dialect.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn play(&mut self, name: &str) -> Result<(), ClientError> {
        self.ask(Request::Control(Control::Play { name: name.as_bytes() })).await
    }

    /// Stops playing, in the checked dialect.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stop(&mut self) -> Result<(), ClientError> {
        self.ask(Request::Control(Control::Stop)).await
    }

    /// Sets the brightness, in the checked dialect; 255 is full.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn brightness(&mut self, level: u8) -> Result<(), ClientError> {
        self.ask(Request::Control(Control::Brightness(level))).await
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        // The store notices either way.
        let _ = timeout(self.target.answer_limit, self.socket.close(None)).await;
    }

    async fn ask(&mut self, request: Request<'_>) -> Result<(), ClientError> {
        self.send(request).await?;
        self.answer().await.map(drop)
    }

    /// Sends a request at once.
    pub(super) async fn send(&mut self, request: Request<'_>) -> Result<(), ClientError> {
        self.feed(request).await?;
        self.flush().await
    }

    /// Sends what was gathered.
    pub(super) async fn flush(&mut self) -> Result<(), ClientError> {
        let outcome = timeout(self.target.answer_limit, self.socket.flush()).await;
        self.sent(outcome)
    }

    /// Sends a request with those that follow, or when the buffer is full.
    pub(super) async fn feed(&mut self, request: Request<'_>) -> Result<(), ClientError> {
        let len = request.write(self.target.dialect, &mut *self.frame)?;
        let message = Message::Binary(Bytes::copy_from_slice(&self.frame[..len]));
        let outcome = timeout(self.target.answer_limit, self.socket.feed(message)).await;
        self.sent(outcome)
    }

    /// The next answer, which must come in time and be no error.
    pub(super) async fn answer(&mut self) -> Result<Answer, ClientError> {
        let limit = self.target.answer_limit;
        let answer = self.answer_within(limit).await?;
        answer.ok_or_else(|| self.silent(limit))
    }

    /// The next answer, if one comes in time; it must be no error. With no time at all, one that is there already.
    pub(super) async fn answer_within(&mut self, limit: Duration) -> Result<Option<Answer>, ClientError> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Binary(message))) => return Ok(message),
                    Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.reason.to_string())),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(Some(error.to_string())),
                    None => return Err(None),
                }
            }
        };
        match timeout(limit, next).await {
            Ok(Ok(message)) => Answer::read(message, &self.target.address).map(Some),
            Ok(Err(why)) => Err(self.broken(why)),
            Err(_) => Ok(None),
        }
    }

    fn sent(&self, outcome: Result<Result<(), Error>, Elapsed>) -> Result<(), ClientError> {
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(Some(error.to_string()))),
            Err(_) => Err(self.silent(self.target.answer_limit)),
        }
    }

    fn broken(&self, why: Option<String>) -> ClientError {
        let problem = why.filter(|why| !why.is_empty()).unwrap_or_else(|| "the other side hung up".to_owned());
        ClientError::Broken { address: self.target.address.clone(), problem }
    }
    fn silent(&self, limit: Duration) -> ClientError {
        ClientError::Silent { address: self.target.address.clone(), limit }
    }
    fn nonsense(&self, problem: &str) -> ClientError {
        ClientError::Nonsense { address: self.target.address.clone(), problem: problem.to_owned() }
    }
}

async fn open(target: &Target) -> Result<WebSocketStream<Carrier>, ClientError> {
    let Target { address, key, .. } = target;
    let unreachable = |source| ClientError::Unreachable { address: address.clone(), source };
    let no_store = |problem: String| ClientError::NoStore { address: address.clone(), problem };
    let stream = TcpStream::connect(address.as_str()).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let stream = match &target.trust {
        None => Carrier::Plain(stream),
        Some(trust) => {
            let secured = Carrier::secure(stream, address, trust).await;
            secured.map_err(|failure| ClientError::NoTls { address: address.clone(), problem: failure.to_string() })?.0
        }
    };
    let mut request =
        format!("ws://{address}{WS_PATH}").into_client_request().map_err(|error| no_store(error.to_string()))?;
    if let Some(key) = key {
        let mut value = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| ClientError::Request("the operator key has characters that no key has"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(RECEIVE_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + 2 * RECEIVE_BUFFER)
        .max_message_size(Some(tlv::MAX_FRAME))
        .max_frame_size(Some(tlv::MAX_FRAME));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            Err(no_store(format!("{} {}", response.status(), body.trim())))
        }
        Err(Error::Io(source)) => Err(unreachable(source)),
        Err(error) => Err(no_store(error.to_string())),
    }
}
