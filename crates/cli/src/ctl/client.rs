//! One hub over HTTP: where it is, the operator key, what its refusals mean.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use cuelight_trust::{Authority, KeepError, Trust};
use serde_json::Value;
use thiserror::Error;
use ureq::http::{Request, Response, StatusCode, request};
use ureq::{Agent, Body};

use super::belief::Belief;
use super::call::{Call, Method};
use crate::address::HubAddress;
use crate::folders;

/// A hub that takes longer is not well. Commands are answered within one tick, 10 ms.
const TIMEOUT: Duration = Duration::from_secs(5);
const BROKEN_OFF: &str = "the hub's answer broke off";

/// Which hub, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Target {
    /// The hub; TLS is spoken with it unless it is on this machine or has http:// before it.
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "CUELIGHT_HUB",
        default_value = "localhost",
        global = true,
        help_heading = "Which hub"
    )]
    hub: HubAddress,
    /// A key of the hub [default: from --key-file, else operator.key from the data folder].
    #[arg(
        long,
        value_name = "KEY",
        env = "CUELIGHT_KEY",
        hide_env_values = true,
        global = true,
        help_heading = "Which hub"
    )]
    key: Option<String>,
    /// A file with a key of the hub; a key on the command line is seen by everybody on this machine.
    #[arg(long, value_name = "FILE", env = "CUELIGHT_KEY_FILE", global = true, help_heading = "Which hub")]
    key_file: Option<PathBuf>,
    /// The hub's data folder on this machine, for its operator key and authority [default: ~/.local/state/cuelight/hub].
    #[arg(long, value_name = "DIR", env = "CUELIGHT_HUB_DATA_DIR", global = true, help_heading = "Which hub")]
    data_dir: Option<PathBuf>,
    /// The hub's authority: a file with its certificate or sha256:HEX [default: the one kept when it was first met].
    #[arg(long, value_name = "FILE|sha256:HEX", env = "CUELIGHT_HUB_CA", global = true, help_heading = "Which hub")]
    hub_ca: Option<Authority>,
}

impl Target {
    /// A hub at an address, without a key.
    pub(crate) fn at(hub: HubAddress) -> Self {
        Self { hub, key: None, key_file: None, data_dir: None, hub_ca: None }
    }
    /// The authority that was given.
    pub(crate) const fn hub_ca(&self) -> Option<&Authority> {
        self.hub_ca.as_ref()
    }
}

/// Whom to ask, and how the answer is printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asking {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Asking {
    /// The hub to talk to.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.target)
    }
}

/// A hub to talk to.
pub(crate) struct Client {
    agent: Agent,
    host: HubAddress,
    /// The key that was given.
    key: Option<String>,
    /// Why there is none although one was to be read.
    unreadable: Option<String>,
    /// The key in the data folder. It may be another hub's, so it is shown only to a hub that asks for one.
    found_key: Option<String>,
    /// Whether the hub has asked for it and taken it.
    wants_found_key: Cell<bool>,
    idempotency_key: Option<String>,
    /// Whether the hub is believed; an error where what is kept of hubs cannot be read.
    belief: Result<Belief, String>,
}

impl Client {
    /// Finds out address and key; connects to nothing yet.
    pub(crate) fn new(target: &Target) -> Self {
        let of_file = || target.key_file.as_ref().map(|file| fs::read_to_string(file).map_err(|error| (file, error)));
        let (given, unreadable) = match (target.key.clone(), of_file()) {
            (None, Some(Ok(key))) => (Some(key), None),
            (None, Some(Err((file, error)))) => {
                (None, Some(format!("the key file {} cannot be read: {error}", file.display())))
            }
            (key, _) => (key, None),
        };
        let key = given.map(|key| key.trim().to_owned());
        let data_dir = target.data_dir.clone().unwrap_or_else(|| folders::state("hub"));
        let belief =
            Belief::of(&target.hub, target.hub_ca.as_ref(), &data_dir).map_err(|error: KeepError| error.to_string());
        let found_key = match key {
            Some(_) => None,
            None if unreadable.is_some() => None,
            None => key_from(data_dir),
        };
        let (host, wants_found_key) = (target.hub.clone(), Cell::new(false));
        let agent = agent(TIMEOUT, &belief);
        Self { agent, host, key, unreadable, found_key, wants_found_key, idempotency_key: None, belief }
    }

    /// Makes a repeated call harmless: the hub carries out a command once for each key.
    pub(crate) fn with_idempotency_key(self, idempotency_key: Option<String>) -> Self {
        Self { idempotency_key, ..self }
    }

    /// Waits so long for an answer, where the hub has more to do than to answer.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { agent: agent(patience, &self.belief), ..self }
    }

    /// Where the hub is.
    pub(crate) fn address(&self) -> &HubAddress {
        &self.host
    }

    /// Whom to believe over TLS; `None` where the hub is spoken to in plain text.
    pub(crate) fn trust(&self) -> Option<&Trust> {
        self.belief.as_ref().ok().filter(|_| self.host.is_tls()).map(Belief::trust)
    }

    /// Sends a request and reads the answer.
    pub(crate) fn ask(&self, call: &Call) -> Result<Value> {
        Ok(self.ask_as(call)?.0)
    }

    /// As [`Self::ask`], with the key the hub was shown.
    pub(crate) fn ask_as(&self, call: &Call) -> Result<(Value, Option<&str>)> {
        let (response, key) = self.answer(call)?;
        Ok((self.json(response)?, key))
    }

    /// The bytes at a path, at most so many.
    pub(crate) fn fetch(&self, path: &str, most: u64) -> Result<Vec<u8>> {
        let (response, _) = self.answer(&Call::get(path))?;
        response.into_body().into_with_config().limit(most).read_to_vec().context(BROKEN_OFF)
    }

    /// Writes the bytes at a path into a file, as they come.
    pub(crate) fn fetch_into(&self, path: &str, into: &mut fs::File) -> Result<()> {
        let (response, _) = self.answer(&Call::get(path))?;
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        std::io::copy(&mut body, into).context(BROKEN_OFF).map(drop)
    }

    /// Puts bytes at a path and reads the answer. They leave when the hub wants them: one that refuses hangs up without reading
    /// them, and its refusal would be lost.
    pub(crate) fn put_bytes(&self, path: &str, bytes: &[u8]) -> Result<Value> {
        let (response, _) = self.admitted(|key| {
            let request = self.request("PUT", path, key).header("Expect", "100-continue");
            let request = request.header("Content-Type", "application/octet-stream");
            self.agent.run(request.body(bytes)?)
        })?;
        self.json(response)
    }

    /// What a success says.
    fn json(&self, response: Response<Body>) -> Result<Value> {
        let is_silent = response.status() == StatusCode::NO_CONTENT;
        let text = response.into_body().read_to_string().context(BROKEN_OFF)?;
        if is_silent || text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .with_context(|| format!("what answers at {} is no Cuelight hub", self.host.origin()))
    }

    /// A success, and the key the hub was shown: the one that was given, else the one that was found, if it asked for one.
    fn answer(&self, call: &Call) -> Result<(Response<Body>, Option<&str>)> {
        self.admitted(|key| self.send(call, key))
    }

    /// As [`Self::answer`], for any request.
    fn admitted(
        &self,
        send: impl Fn(Option<&str>) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<(Response<Body>, Option<&str>)> {
        if let Some(problem) = &self.unreadable {
            bail!("{problem}");
        }
        let belief = self.belief.as_ref().map_err(|problem| anyhow!("{problem}"))?;
        let send = |key| send(key).map_err(|error| self.unreachable(&error));
        let found = self.found_key.as_deref();
        let mut key = if self.wants_found_key.get() { found } else { self.key.as_deref() };
        let mut response = send(key)?;
        if let Some(news) = belief.on_answer() {
            eprintln!("{news}");
        }
        let may_show_found = found.is_some() && belief.may_see_own_key();
        if response.status() == StatusCode::UNAUTHORIZED && may_show_found && key != found {
            key = found;
            response = send(key)?;
        }
        let status = response.status();
        if status.is_success() {
            self.wants_found_key.set(found.is_some() && key == found);
            return Ok((response, key));
        }
        let text = response.into_body().read_to_string().context(BROKEN_OFF)?;
        bail!("{}", refusal(status.as_u16(), &text))
    }

    fn send(&self, call: &Call, key: Option<&str>) -> Result<Response<Body>, ureq::Error> {
        let method = match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let mut request = self.request(method, &call.path, key);
        if let (Some(key), true) = (&self.idempotency_key, call.method != Method::Get) {
            request = request.header("Idempotency-Key", key);
        }
        match &call.body {
            Some(body) => self.agent.run(request.header("Content-Type", "application/json").body(body.to_string())?),
            None => self.agent.run(request.body(())?),
        }
    }

    fn request(&self, method: &str, path: &str, key: Option<&str>) -> request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.host.origin()))
            .header("Accept", "application/json");
        match key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> Unreachable {
        let why = match error {
            ureq::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        Unreachable { hub: self.host.clone(), why }
    }
}

fn agent(patience: Duration, belief: &Result<Belief, String>) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("cuelight/", env!("CARGO_PKG_VERSION")))
        .build();
    let nobody = Trust::nobody_yet();
    cuelight_fetch::agent(config, belief.as_ref().map_or(&nobody, Belief::trust))
}

/// Nobody answers where a hub should be.
#[derive(Debug, Error)]
#[error(
    "no hub answers at {}: {why}. Start one with `cuelight hub`, or name another with --hub HOST[:PORT] or \
     CUELIGHT_HUB",
    hub.origin()
)]
pub(crate) struct Unreachable {
    hub: HubAddress,
    why: String,
}

/// The hub's key, where its data folder is on this machine and this user may read it.
fn key_from(data_dir: PathBuf) -> Option<String> {
    let key = fs::read_to_string(data_dir.join("operator.key")).ok()?;
    Some(key.trim().to_owned()).filter(|key| !key.is_empty())
}

/// What a refusal says: a problem document's title and detail, else what came.
fn refusal(status: u16, text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let advice = match status {
        401 => "; give it with --key-file or CUELIGHT_KEY",
        _ => "",
    };
    match (problem["title"].as_str(), problem["detail"].as_str()) {
        (Some(title), Some(detail)) if !detail.is_empty() => format!("{title}: {detail}{advice}"),
        (Some(title), _) => format!("{title}{advice}"),
        _ => format!("the hub answers {status}: {}{advice}", text.lines().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use serde_json::json;

    use super::*;

    fn hub(address: SocketAddr) -> HubAddress {
        address.to_string().parse().unwrap()
    }

    /// What was asked: the head's lines and the body.
    type Asked = (Vec<String>, String);

    /// Answers one request with `answer` and gives what was asked.
    fn one_request(answer: &'static str) -> (SocketAddr, thread::JoinHandle<Asked>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (address, thread::spawn(move || next_request(&listener, answer)))
    }

    fn next_request(listener: &TcpListener, answer: &str) -> Asked {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        let length =
            head.iter().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_command_carries_key_body_and_idempotency_key() {
        let (address, server) =
            one_request("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"rev\":3}");
        let target = Target { key: Some("secret".into()), ..Target::at(hub(address)) };
        let client = Client::new(&target).with_idempotency_key(Some("k1".into()));
        let call = Call { method: Method::Patch, path: "/api/v1/nodes/1".into(), body: Some(json!({"name": "left"})) };
        assert_eq!(client.ask(&call).unwrap(), json!({"rev": 3}));
        let (head, body) = server.join().unwrap();
        assert_eq!(head[0], "patch /api/v1/nodes/1 http/1.1");
        for line in ["authorization: bearer secret", "idempotency-key: k1", "content-type: application/json"] {
            assert!(head.iter().any(|given| given == line), "{line} in {head:?}");
        }
        assert_eq!(body, r#"{"name":"left"}"#);
    }

    #[test]
    fn a_key_file_is_read_and_one_that_cannot_be_is_named() {
        let (address, server) = one_request("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.key");
        let target = Target { key_file: Some(file.clone()), ..Target::at(hub(address)) };
        let error = Client::new(&target).ask(&Call::get("/health")).unwrap_err().to_string();
        assert!(error.contains("desk.key"), "{error}");
        fs::write(&file, "cue_x\n").unwrap();
        assert_eq!(Client::new(&target).ask(&Call::get("/health")).unwrap(), Value::Null);
        let (head, _) = server.join().unwrap();
        assert!(head.iter().any(|line| line == "authorization: bearer cue_x"), "{head:?}");
    }

    #[test]
    fn a_problem_is_shown_with_its_detail() {
        let (address, server) = one_request(
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n\
             {\"title\":\"There is no such thing\",\"detail\":\"node \\\"x\\\" is not known\"}",
        );
        let folder = tempfile::tempdir().unwrap();
        let target = Target { data_dir: Some(folder.path().to_owned()), ..Target::at(hub(address)) };
        let error = Client::new(&target).ask(&Call::get("/api/v1/nodes")).unwrap_err();
        assert_eq!(error.to_string(), "There is no such thing: node \"x\" is not known");
        let (head, _) = server.join().unwrap();
        assert!(!head.iter().any(|line| line.starts_with("authorization")), "{head:?}");
    }

    #[test]
    fn a_key_that_was_found_is_shown_only_to_a_hub_that_asks_for_one_and_told_to_whoever_needs_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let wanted = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            let done = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
            [wanted, done, done].map(|answer| next_request(&listener, answer).0)
        });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("operator.key"), "found\n").unwrap();
        let target = Target { data_dir: Some(folder.path().to_owned()), ..Target::at(hub(address)) };
        let call = Call::get("/api/v1/patterns");
        assert_eq!(Client::new(&target).ask_as(&call).unwrap(), (json!([]), Some("found")));
        assert_eq!(Client::new(&target).ask_as(&call).unwrap(), (json!([]), None));
        let shown = server.join().unwrap().map(|head| head.iter().any(|line| line == "authorization: bearer found"));
        assert_eq!(shown, [false, true, false]);
    }

    #[test]
    fn bytes_leave_for_a_hub_that_wants_them_and_a_key_it_took_is_shown_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let answer_head = |answer: &[u8]| {
                let mut reader = BufReader::new(listener.accept().unwrap().0);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).unwrap();
                }
                assert!(head.to_ascii_lowercase().contains("expect: 100-continue"), "{head}");
                reader.get_mut().write_all(answer).unwrap();
                (reader, head.contains("Bearer found"))
            };
            let refused =
                answer_head(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").1;
            let taken = [(); 2].map(|()| {
                let (mut reader, with_key) = answer_head(b"HTTP/1.1 100 Continue\r\n\r\n");
                let mut part = vec![0; 1 << 20];
                reader.read_exact(&mut part).unwrap();
                let done = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                reader.get_mut().write_all(done).unwrap();
                (with_key, part.iter().all(|byte| *byte == 7))
            });
            (refused, taken)
        });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("operator.key"), "found\n").unwrap();
        let client = Client::new(&Target { data_dir: Some(folder.path().to_owned()), ..Target::at(hub(address)) });
        let part = vec![7; 1 << 20];
        assert_eq!(client.put_bytes("/part", &part).unwrap(), json!({}));
        assert_eq!(client.put_bytes("/part", &part).unwrap(), json!({}));
        assert_eq!(server.join().unwrap(), (false, [(true, true); 2]));
    }

    #[test]
    fn a_missing_hub_is_answered_with_what_to_do() {
        // Bound and dropped: nobody listens there now.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(&Target::at(hub(address)));
        let message = client.ask(&Call::get("/health")).unwrap_err().to_string();
        assert!(
            message.contains(&address.to_string()) && message.contains("cuelight hub") && message.contains("--hub"),
            "{message}"
        );
    }

    #[test]
    fn refusals_without_a_problem_document_still_say_something() {
        assert_eq!(refusal(502, "Bad gateway\nmore"), "the hub answers 502: Bad gateway");
        assert!(refusal(401, "{}").contains("--key-file"));
    }

    #[test]
    fn the_key_is_found_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(key_from(folder.path().to_owned()), None);
        fs::write(folder.path().join("operator.key"), "abc\n").unwrap();
        assert_eq!(key_from(folder.path().to_owned()).as_deref(), Some("abc"));
    }
}
