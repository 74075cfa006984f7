//! A server of images that answers as badly as it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::HERE;

/// What goes wrong with one answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is busy.
    Busy,
    /// A range was asked for, the whole file comes, and is cut after a million bytes.
    WholeCut,
    /// The part is cut in the middle.
    Cut,
    /// The part comes twice.
    Twice,
    /// Half of the part comes, and then nothing more, on a connection that stays open.
    Stalls,
    /// Another part than the one that was asked for.
    Elsewhere,
    /// A part of a file that ends too early.
    Truncated,
}

/// A request for the image.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) from: usize,
    pub(super) if_range: String,
}

#[derive(Default)]
struct Kept {
    manifests: String,
    image: Vec<u8>,
    faults: VecDeque<Option<Fault>>,
    asked: Vec<Asked>,
}

/// The server. Its threads end with the test's process.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) at: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let server = Self { at, kept };
        let of_thread = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let server = of_thread.clone();
                // A client that goes away in the middle is what these tests are about.
                thread::spawn(move || server.answer(stream.unwrap()).unwrap_or_default());
            }
        });
        server
    }

    /// From now on it has this, and its next answers have these faults.
    pub(super) fn serve(&self, manifests: String, image: &[u8], faults: impl IntoIterator<Item = Option<Fault>>) {
        *self.kept.lock().unwrap() =
            Kept { manifests, image: image.into(), faults: faults.into_iter().collect(), asked: Vec::new() };
    }
    /// What was asked for since.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.kept.lock().unwrap().asked.clone()
    }
    pub(super) fn url(&self) -> String {
        format!("http://{}/ota/image.bin", self.at)
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let path = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let header = |name: &str| {
            let named = |line: &String| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            };
            head.iter().find_map(named)
        };
        if path.contains("/ota/manifest.json") {
            let manifests = self.kept.lock().unwrap().manifests.clone();
            return send(&mut stream, "200 OK", "", manifests.as_bytes(), manifests.len());
        }
        let range = header("range").expect("images are asked for in parts");
        let (from, to) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        let (image, fault) = {
            let mut kept = self.kept.lock().unwrap();
            let fault = kept.faults.pop_front().flatten();
            kept.asked.push(Asked { from, if_range: header("if-range").unwrap_or_default() });
            (kept.image.clone(), fault)
        };
        let part = &image[from.min(image.len())..(to + 1).min(image.len())];
        let range =
            |from: usize, total: usize| format!("Content-Range: bytes {from}-{}/{total}\r\n", from + part.len() - 1);
        let right = range(from, image.len());
        match fault {
            None => send(&mut stream, "206 Partial Content", &right, part, part.len()),
            Some(Fault::Busy) => send(&mut stream, "503 Service Unavailable", "", b"", 0),
            Some(Fault::WholeCut) => send(&mut stream, "200 OK", "", &image[..1_000_000], image.len()),
            Some(Fault::Cut) => send(&mut stream, "206 Partial Content", &right, &part[..part.len() / 2], part.len()),
            Some(Fault::Twice) => {
                send(&mut stream, "206 Partial Content", &right, &[part, part].concat(), 2 * part.len())
            }
            Some(Fault::Stalls) => {
                send(&mut stream, "206 Partial Content", &right, &part[..part.len() / 2], part.len())?;
                // Until the client has had enough.
                stream.read(&mut [0]).map(drop)
            }
            Some(Fault::Elsewhere) => {
                send(&mut stream, "206 Partial Content", &range(0, image.len()), part, part.len())
            }
            Some(Fault::Truncated) => {
                send(&mut stream, "206 Partial Content", &range(from, image.len() - 7), part, part.len())
            }
        }
    }
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8], length: usize) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
