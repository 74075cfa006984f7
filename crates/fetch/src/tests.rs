//! Fetching from servers that misbehave in each way there is.

use super::*;

/// What a server does with the n-th request.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    Good,
    /// It is gone.
    Silent,
    /// It breaks off in the middle of the body.
    Cuts,
    /// It answers with the whole file.
    IgnoresRange,
    /// It sends the bytes before those asked for once more.
    Repeats,
    /// It sends more than it said.
    Overflows,
    /// Its body has a wrong byte.
    Damages,
    /// It has another file now.
    OtherFile,
}

struct Scripted {
    image: Vec<u8>,
    conducts: Vec<Conduct>,
    asked: Vec<(u64, u64)>,
}

impl Server for Scripted {
    fn get(&mut self, _: &str, from: u64, to: u64, if_range: &Digest) -> io::Result<(Answer, Box<dyn Read + '_>)> {
        assert_eq!(*if_range, Digest::of(&self.image));
        let conduct = self.conducts.get(self.asked.len()).copied().unwrap_or(Conduct::Good);
        self.asked.push((from, to));
        let size = self.image.len();
        let mut body = self.image[from as usize..=to as usize].to_vec();
        let part = |from: u64| Answer {
            status: 206,
            content_range: Some(format!("bytes {from}-{to}/{size}")),
            content_length: Some(to - from + 1),
        };
        let answer = match conduct {
            Conduct::Good => part(from),
            Conduct::Silent => return Err(io::ErrorKind::TimedOut.into()),
            Conduct::Cuts => {
                body.truncate(body.len() / 2);
                part(from)
            }
            Conduct::IgnoresRange => {
                body = self.image.clone();
                Answer { status: 200, content_range: None, content_length: Some(size as u64) }
            }
            Conduct::Repeats => {
                body = self.image[..=to as usize].to_vec();
                part(0)
            }
            Conduct::Overflows => {
                body.extend([7; 100_000]);
                part(from)
            }
            Conduct::Damages => {
                body[0] ^= 1;
                part(from)
            }
            Conduct::OtherFile => Answer { status: 200, content_range: None, content_length: Some(3) },
        };
        Ok((answer, Box::new(io::Cursor::new(body))))
    }
    fn text(&mut self, _: &str, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

struct Bench {
    folder: tempfile::TempDir,
    server: Scripted,
}

impl Bench {
    fn new(conducts: &[Conduct]) -> Self {
        // Three parts and a bit.
        let image: Vec<u8> = (0..PART * 3 + 17).map(|n| (n * 7 % 251) as u8).collect();
        let server = Scripted { image, conducts: conducts.to_vec(), asked: Vec::new() };
        Self { folder: tempfile::tempdir().unwrap(), server }
    }
    fn open(&self) -> Fetch {
        let wanted = Wanted {
            url: "http://hub/ota/image".into(),
            sha256: Digest::of(&self.server.image),
            size: self.server.image.len() as u64,
        };
        Fetch::open(self.folder.path(), wanted).unwrap()
    }
    /// Steps until the image is whole; how many steps failed on the way.
    fn fetch(&mut self) -> Result<usize, FetchError> {
        let mut fetch = self.open();
        let mut failures = 0;
        for _ in 0..100 {
            match fetch.step(&mut self.server) {
                Ok(Progress::Whole) => {
                    assert_eq!(fs::read(fetch.path()).unwrap(), self.server.image);
                    return Ok(failures);
                }
                Ok(Progress::More(_)) => {}
                Err(error) if error.is_passing() => failures += 1,
                Err(error) => return Err(error),
            }
        }
        panic!("it never ends: {:?}", self.server.asked);
    }
}

#[test]
fn an_image_comes_in_parts() {
    let mut bench = Bench::new(&[]);
    assert_eq!(bench.fetch().unwrap(), 0);
    assert_eq!(
        bench.server.asked,
        [(0, PART - 1), (PART, 2 * PART - 1), (2 * PART, 3 * PART - 1), (3 * PART, 3 * PART + 16)]
    );
}

/// OTA-7
#[test]
fn a_cut_or_a_stall_costs_what_had_not_come() {
    let mut bench = Bench::new(&[Conduct::Good, Conduct::Cuts, Conduct::Silent]);
    assert_eq!(bench.fetch().unwrap(), 2);
    let half = PART + PART / 2;
    assert_eq!(bench.server.asked[2].0, half, "it goes on in the middle of the part");
}

#[test]
fn a_restart_goes_on_with_what_is_on_the_disk_and_forgets_other_images() {
    let mut bench = Bench::new(&[]);
    fs::write(bench.folder.path().join("0000.part"), b"an older image").unwrap();
    let mut fetch = bench.open();
    fetch.step(&mut bench.server).unwrap();
    drop(fetch);
    assert_eq!(bench.fetch().unwrap(), 0);
    assert_eq!(bench.server.asked[1].0, PART);
    assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 1);
}

#[test]
fn a_server_that_ignores_the_range_sends_the_file_from_its_beginning() {
    let mut bench = Bench::new(&[Conduct::Good, Conduct::IgnoresRange]);
    assert_eq!(bench.fetch().unwrap(), 0);
    assert_eq!(bench.server.asked.len(), 2);
}

#[test]
fn repeated_or_surplus_bytes_are_not_written() {
    let mut bench = Bench::new(&[Conduct::Good, Conduct::Repeats, Conduct::Overflows]);
    assert_eq!(bench.fetch().unwrap(), 1);
}

#[test]
fn a_damaged_image_is_fetched_once_more_and_then_given_up() {
    assert_eq!(Bench::new(&[Conduct::Damages]).fetch().unwrap(), 0);
    let conducts: Vec<Conduct> = (0..8).map(|n| if n % 4 == 0 { Conduct::Damages } else { Conduct::Good }).collect();
    let mut bench = Bench::new(&conducts);
    let error = bench.fetch().unwrap_err();
    assert!(matches!(error, FetchError::WrongImage { times: 2, .. }), "{error}");
    assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 0, "nothing wrong is left behind");
}

#[test]
fn another_file_under_the_same_name_is_not_written() {
    let mut bench = Bench::new(&[Conduct::Good, Conduct::OtherFile]);
    assert_eq!(bench.fetch().unwrap(), 1);
}

#[test]
fn a_disk_that_takes_nothing_is_no_passing_trouble() {
    let bench = Bench::new(&[]);
    let mut fetch = bench.open();
    fs::create_dir(fetch.path()).unwrap();
    let mut server = bench.server;
    let error = fetch.step(&mut server).unwrap_err();
    assert!(matches!(error, FetchError::Disk { .. }) && !error.is_passing(), "{error}");
}
