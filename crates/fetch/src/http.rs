//! A server spoken to over HTTP. Each request has a connection of its own: a server with many clients that ask rarely would
//! hold one open for each.

use std::io::{self, Read};
use std::time::Duration;

use cuelight_trust::Trust;
use ureq::Agent;
use ureq::http::{Response, header};

use crate::answer::Answer;
use crate::digest::Digest;
use crate::fetch::Server;
use crate::secured;

/// How long a request may take, its body included: a part of 256 KiB at 20 kB/s takes 13 s.
const REQUEST: Duration = Duration::from_secs(15);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// An HTTP client for [`crate::Fetch`].
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
}

impl Http {
    /// A client that says who it is: `user_agent` is a name and a version. Over TLS it believes whom `trust` believes.
    pub fn new(user_agent: &str, trust: &Trust) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(REQUEST))
            .timeout_connect(Some(CONNECT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .user_agent(user_agent)
            .build();
        Self { agent: secured::agent(config, trust) }
    }

    /// The body of a short file and its `ETag`; `None` when it is still the one of `etag`.
    ///
    /// # Errors
    /// When there is no such file (`NotFound`), no answer in time, another status, or more than `max` bytes.
    pub fn text_if_changed(
        &self,
        url: &str,
        etag: Option<&str>,
        max: u64,
    ) -> io::Result<Option<(Vec<u8>, Option<String>)>> {
        let mut request = self.agent.get(url);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let mut response = request.call().map_err(ureq::Error::into_io)?;
        match response.status().as_u16() {
            304 => Ok(None),
            200 => {
                let etag = text_of(&response, header::ETAG);
                let body = response.body_mut().with_config().limit(max).read_to_vec().map_err(ureq::Error::into_io)?;
                Ok(Some((body, etag)))
            }
            404 => Err(io::Error::new(io::ErrorKind::NotFound, "the server has no such file")),
            status => Err(io::Error::other(format!("the server answered with status {status}"))),
        }
    }
}

impl Server for Http {
    fn get(&mut self, url: &str, from: u64, to: u64, if_range: &Digest) -> io::Result<(Answer, Box<dyn Read + '_>)> {
        let request = self.agent.get(url).header(header::RANGE, format!("bytes={from}-{to}"));
        let response =
            request.header(header::IF_RANGE, format!("\"{if_range}\"")).call().map_err(ureq::Error::into_io)?;
        let answer = Answer {
            status: response.status().as_u16(),
            content_range: text_of(&response, header::CONTENT_RANGE),
            content_length: text_of(&response, header::CONTENT_LENGTH).and_then(|text| text.parse().ok()),
        };
        Ok((answer, Box::new(response.into_body().into_reader())))
    }
    fn text(&mut self, url: &str, max: u64) -> io::Result<Vec<u8>> {
        let text = self.text_if_changed(url, None, max)?;
        text.map(|(text, _)| text).ok_or_else(|| io::Error::other("the server says that nothing has changed"))
    }
}

fn text_of<B>(response: &Response<B>, name: header::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}
