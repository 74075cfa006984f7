//! One client's session with a pattern store: any messages, any outcomes, at any time.

use cuelight_proto::pattern::{ANSWERS, Action, Config, Refused, Session, State, StoreFailure, UploadId};
use cuelight_wire::tlv::{Control, Declared, Dialect, ErrorCode, RECEIVE_BUFFER, Request};

use crate::script::{START, Script, drain};

const DIALECTS: [Dialect; 2] = [Dialect::Plain, Dialect::Checked];
const FILE_MAX: u32 = 3000;

/// What the session's caller holds of an upload.
#[derive(Default)]
struct Store {
    upload: Option<(UploadId, usize)>,
    /// What the session waits for.
    waiting: Option<Action>,
}

impl Store {
    fn act(&mut self, session: &mut Session) {
        let Self { upload, waiting } = self;
        drain(
            "actions",
            4,
            || session.poll_action(),
            |action| match action {
                Action::Open { upload: id, .. } => {
                    assert!(upload.replace((id, 0)).is_none(), "one upload at a time");
                }
                Action::Discard { upload: id } => assert_eq!(upload.take().map(|(id, _)| id), Some(id)),
                Action::Store { upload: id, size } => {
                    assert_eq!(*upload, Some((id, size as usize)), "what is stored is what was taken");
                    assert!((1..=FILE_MAX).contains(&size));
                    assert!(waiting.replace(action).is_none(), "one thing at a time");
                }
                Action::Delete { .. } | Action::Control(_) => {
                    assert!(waiting.replace(action).is_none(), "one thing at a time");
                }
            },
        );
        let is_receiving = matches!(session.state(), State::Receiving | State::Storing);
        assert_eq!(self.upload.is_some(), is_receiving, "nothing is kept that is not under way");
        assert_eq!(self.waiting.is_some(), matches!(session.state(), State::Storing | State::Awaiting));
    }

    fn finish(&mut self, session: &mut Session, how: u8) {
        let failure = match how % 4 {
            0 => Some(StoreFailure::Full),
            1 => Some(StoreFailure::Disk),
            _ => None,
        };
        match self.waiting.take() {
            Some(Action::Store { upload, .. }) => {
                self.upload = None;
                session.handle_stored(upload, failure.map_or(Ok(()), Err));
            }
            Some(_) => {
                let refused = || Refused::new(ErrorCode::PatternNotFound, "x");
                session.handle_worked(failure.map_or(Ok(()), |_| Err(refused())));
            }
            None => {}
        }
    }
}

fn request<'a>(script: &mut Script<'a>) -> Request<'a> {
    match script.u8() % 10 {
        0 | 1 => {
            let file = script.chunk();
            let declared = Declared { size: file.len() as u32, crc32: script.u32() };
            Request::Begin { name: file.get(..file.len().min(20)).unwrap_or_default(), declared: Some(declared) }
        }
        2..=4 => Request::Data { offset: Some(script.u32() % 4096), bytes: script.chunk() },
        5 => Request::End,
        6 => Request::Delete { name: script.chunk() },
        7 => Request::List,
        8 => Request::Metrics,
        _ => Request::Control(Control::Play { name: script.chunk() }),
    }
}

/// The caller is never asked for two things at once, an upload leaves nothing where it fails, and what waits to be
/// fetched is bounded.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let mut now = START;
    let config = Config { file_max: FILE_MAX, ..Config::default() };
    let mut session = Session::new(config, now);
    let mut store = Store::default();
    let mut buf = [0; RECEIVE_BUFFER];
    while let Some(step) = script.step() {
        now += script.pause();
        match step % 8 {
            0 => session.handle_text(now),
            1 => session.handle_timeout(now),
            2 => {
                let how = script.u8();
                store.finish(&mut session, how);
            }
            3 => {
                let message = script.chunk();
                let taken = session.handle_frame(message, |_| FILE_MAX, now).len();
                taken_to(&mut store, taken);
            }
            4 => drain("answers", ANSWERS, || session.poll_answer(), |_| {}),
            5 if store.waiting.is_none() => session.handle_oversized(usize::from(script.u16()), now),
            _ => {
                let dialect = DIALECTS[usize::from(step >> 7)];
                if let Ok(len) = request(&mut script).write(dialect, &mut buf) {
                    let room = u32::from(script.u16());
                    let taken = session.handle_frame(&buf[..len], |_| room, now).len();
                    taken_to(&mut store, taken);
                }
            }
        }
        store.act(&mut session);
    }
    session.handle_gone();
    let is_storing = session.state() == State::Storing;
    drain(
        "actions",
        4,
        || session.poll_action(),
        |action| {
            assert!(matches!(action, Action::Discard { .. }));
            store.upload = None;
        },
    );
    assert!(store.upload.is_none() || is_storing, "who leaves leaves nothing");
    drain("answers", ANSWERS, || session.poll_answer(), |_| {});
}

fn taken_to(store: &mut Store, taken: usize) {
    match &mut store.upload {
        Some((_, size)) => *size += taken,
        None => assert_eq!(taken, 0, "bytes of no upload"),
    }
}
