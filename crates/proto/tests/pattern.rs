//! The upload session with a store of the test's own, in virtual time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use cuelight_proto::pattern::{
    ANSWERS, Action, Answer, Command, Config, Done, FILE_MAX, Refused, Session, State, StoreFailure, UploadId, Why,
};
use cuelight_wire::time::{Local, Span, Time};
use cuelight_wire::tlv::{Control, Declared, Dialect, ErrorCode, MAX_FRAME, Request};
use proptest::collection::vec;
use proptest::prelude::*;

const START: Time<Local> = Time::from_ns(7_000_000_000);

/// A session, its client and its store.
struct Bench {
    session: Session,
    now: Time<Local>,
    dialect: Dialect,
    /// Bytes every upload has room for.
    room: u32,
    stored: BTreeMap<String, Vec<u8>>,
    upload: Option<(UploadId, String, Vec<u8>)>,
    /// What was asked of the lights.
    commands: Vec<Command>,
    /// Whether outcomes are held back.
    is_slow: bool,
    waiting: Option<Action>,
    /// Answers the client has fetched.
    heard: Vec<Answer>,
}

impl Bench {
    fn new(dialect: Dialect) -> Self {
        Self::with(dialect, Config::default())
    }
    fn with(dialect: Dialect, config: Config) -> Self {
        Self {
            session: Session::new(config, START),
            now: START,
            dialect,
            room: u32::MAX,
            stored: BTreeMap::new(),
            upload: None,
            commands: Vec::new(),
            is_slow: false,
            waiting: None,
            heard: Vec::new(),
        }
    }

    /// Sends a message and does what the session wants; answers stay unread.
    fn push(&mut self, message: &[u8]) {
        let room = self.room;
        let taken = self.session.handle_frame(message, |_| room, self.now).to_vec();
        if let Some((_, _, bytes)) = &mut self.upload {
            bytes.extend_from_slice(&taken);
        } else {
            assert_eq!(taken, [], "bytes of no upload");
        }
        self.act();
    }
    fn act(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Open { upload, name } => self.upload = Some((upload, name.to_string(), Vec::new())),
                Action::Discard { upload } => assert_eq!(self.upload.take().map(|(id, ..)| id), Some(upload)),
                Action::Store { .. } | Action::Delete { .. } | Action::Control(_) => {
                    assert_eq!(self.waiting, None, "one thing at a time");
                    self.waiting = Some(action);
                }
            }
            if !self.is_slow {
                self.finish();
            }
        }
    }
    /// What was asked for comes to its end.
    fn finish(&mut self) {
        match self.waiting.take() {
            Some(Action::Store { upload, size }) => {
                let (id, name, bytes) = self.upload.take().unwrap();
                assert_eq!((id, bytes.len()), (upload, size as usize));
                self.stored.insert(name, bytes);
                self.session.handle_stored(upload, Ok(()));
            }
            Some(Action::Delete { name }) => {
                let gone = self.stored.remove(name.as_str());
                let missing = Refused::new(ErrorCode::PatternNotFound, "there is none");
                self.session.handle_worked(gone.map(drop).ok_or(missing));
            }
            Some(Action::Control(command)) => {
                self.commands.push(command);
                self.session.handle_worked(Ok(()));
            }
            _ => {}
        }
        self.act();
    }
    fn fetch(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        while let Some((dialect, answer)) = self.session.poll_answer() {
            assert_eq!(dialect, self.dialect, "{answer:?}");
            answers.push(answer);
        }
        self.heard.extend_from_slice(&answers);
        answers
    }
    fn push_request(&mut self, request: Request<'_>) {
        let mut buf = vec![0; MAX_FRAME];
        let len = request.write(self.dialect, &mut buf).unwrap();
        self.push(&buf[..len]);
    }
    /// Sends a request and fetches what is answered.
    fn ask(&mut self, request: Request<'_>) -> Vec<Answer> {
        self.push_request(request);
        self.fetch()
    }
    fn raw(&mut self, message: &[u8]) -> Vec<Answer> {
        self.push(message);
        self.fetch()
    }
    fn begin(&mut self, name: &str, file: &[u8]) -> Vec<Answer> {
        let declared = Declared { size: file.len() as u32, crc32: crc32fast::hash(file) };
        self.ask(Request::Begin { name: name.as_bytes(), declared: Some(declared) })
    }
    /// Sends a whole file without fetching an answer.
    fn push_file(&mut self, name: &str, file: &[u8], chunk: usize) {
        let declared = Declared { size: file.len() as u32, crc32: crc32fast::hash(file) };
        self.push_request(Request::Begin { name: name.as_bytes(), declared: Some(declared) });
        let mut offset = 0;
        for bytes in file.chunks(chunk) {
            self.push_request(Request::Data { offset: Some(offset), bytes });
            offset += bytes.len() as u32;
        }
        self.push_request(Request::End);
    }
    /// Nothing is left of an upload.
    fn assert_idle(&self) {
        assert_eq!(self.session.state(), State::Idle);
        assert_eq!(self.upload, None);
        assert_eq!(self.session.poll_timeout(), None);
    }
}

#[track_caller]
fn assert_error(answers: &[Answer], code: ErrorCode) {
    let codes: Vec<_> = answers.iter().map(Answer::error_code).collect();
    assert_eq!(codes, [Some(code)], "{answers:?}");
}

/// What a client does wrong.
type Mistake<'a> = &'a dyn Fn(&mut Bench);

const TAKEN: Answer = Answer::Done(Done::Taken);

/// PATTERN-12
#[test]
fn the_checked_dialect_is_answered_frame_by_frame_in_order() {
    let mut bench = Bench::new(Dialect::Checked);
    let file = [1, 2, 3, 4, 5];
    assert_eq!(bench.begin("Ocean.prism", &file), [TAKEN]);
    assert_eq!(bench.ask(Request::Data { offset: Some(0), bytes: &file[..2] }), [TAKEN]);
    assert_eq!(bench.ask(Request::List), [Answer::Listing]);
    assert_eq!(bench.ask(Request::Data { offset: Some(2), bytes: &file[2..] }), [TAKEN]);
    assert_eq!(bench.ask(Request::End), [Answer::Done(Done::Stored { size: 5 })]);
    assert_eq!(bench.stored, BTreeMap::from([("ocean".into(), file.to_vec())]));
    let play = Request::Control(Control::Play { name: b"ocean" });
    assert_eq!(bench.ask(play), [Answer::Done(Done::Worked)]);
    assert_eq!(bench.ask(Request::Control(Control::Stop)), [Answer::Done(Done::Worked)]);
    assert_eq!(bench.commands, [Command::Play("ocean".parse().unwrap()), Command::Stop]);
    assert_eq!(bench.ask(Request::Delete { name: b"ocean" }), [Answer::Done(Done::Worked)]);
    assert_error(&bench.ask(Request::Delete { name: b"ocean" }), ErrorCode::PatternNotFound);
    bench.assert_idle();
    // Without waiting for each answer, they are the same.
    bench.push_file("ocean", &file, 2);
    let answers = bench.fetch();
    assert_eq!(answers, [TAKEN, TAKEN, TAKEN, TAKEN, Answer::Done(Done::Stored { size: 5 })]);
}

/// PATTERN-12
#[test]
fn the_plain_dialect_answers_an_upload_once() {
    let mut bench = Bench::new(Dialect::Plain);
    bench.push_file("ocean", &[7; 5000], 1024);
    assert_eq!(bench.fetch(), [Answer::Done(Done::Stored { size: 5000 })]);
    assert_eq!(bench.stored["ocean"], [7; 5000]);
    assert_eq!(bench.ask(Request::List), [Answer::Listing]);
    assert_eq!(bench.ask(Request::Metrics), [Answer::Metrics]);
    assert_eq!(bench.ask(Request::Delete { name: b"ocean" }), [Answer::Done(Done::Worked)]);
}

/// PATTERN-10
#[test]
fn a_session_keeps_the_dialect_of_its_first_frame() {
    let mut bench = Bench::new(Dialect::Plain);
    let mut buf = [0; 64];
    let len = Request::List.write(Dialect::Checked, &mut buf).unwrap();
    assert_eq!(bench.ask(Request::List), [Answer::Listing]);
    assert_error(&bench.raw(&buf[..len]), ErrorCode::InvalidTlv);
    // What is no frame decides nothing: the second frame of this session is the first that is understood.
    let mut bench = Bench::new(Dialect::Checked);
    bench.push(&[0x21, 0]);
    assert!(matches!(bench.session.poll_answer(), Some((Dialect::Plain, Answer::Error(Why::Frame(_))))));
    assert_eq!(bench.ask(Request::List), [Answer::Listing]);
    assert_error(&bench.raw(&[0x21, 0, 0]), ErrorCode::InvalidTlv);
}

/// PATTERN-2, PATTERN-3, PATTERN-11, PATTERN-14
#[test]
fn whatever_is_refused_in_an_upload_leaves_nothing_of_it() {
    let file = [9; 100];
    let mut flipped = [0; 64];
    let len = Request::End.write(Dialect::Checked, &mut flipped).unwrap();
    flipped[len - 1] ^= 1;
    let wrong: [(Mistake<'_>, ErrorCode); 9] = [
        (&|bench| bench.push(&[0x11, 0, 9, 1]), ErrorCode::InvalidTlv),
        (&|bench| bench.push(&flipped[..len]), ErrorCode::InvalidTlv),
        (&|bench| bench.push_request(Request::Data { offset: Some(11), bytes: &file }), ErrorCode::InvalidTlv),
        (&|bench| bench.push_request(Request::Data { offset: Some(10), bytes: &file }), ErrorCode::InvalidTlv),
        (&|bench| bench.push_request(Request::Data { offset: Some(10), bytes: &[0; 4086] }), ErrorCode::BufferOverflow),
        (&|bench| bench.session.handle_oversized(70_000, START), ErrorCode::BufferOverflow),
        (&|bench| bench.session.handle_text(START), ErrorCode::InvalidTlv),
        (&|bench| bench.push_request(Request::Delete { name: b"other" }), ErrorCode::InvalidTlv),
        (&|bench| bench.push_request(Request::End), ErrorCode::InvalidTlv),
    ];
    for (number, (wrong, code)) in wrong.into_iter().enumerate() {
        let mut bench = Bench::new(Dialect::Checked);
        assert_eq!(bench.begin("ocean", &file), [TAKEN]);
        assert_eq!(bench.ask(Request::Data { offset: Some(0), bytes: &file[..10] }), [TAKEN]);
        wrong(&mut bench);
        bench.act();
        let answers = bench.fetch();
        assert_eq!(answers.iter().map(Answer::error_code).collect::<Vec<_>>(), [Some(code)], "{number}: {answers:?}");
        bench.assert_idle();
        // The session goes on.
        bench.push_file("ocean", &file, 50);
        assert_eq!(bench.fetch().last(), Some(&Answer::Done(Done::Stored { size: 100 })), "{number}");
    }
}

/// PATTERN-11
#[test]
fn what_is_not_for_the_present_state_is_refused() {
    for dialect in [Dialect::Plain, Dialect::Checked] {
        let mut bench = Bench::new(dialect);
        assert_error(&bench.ask(Request::End), ErrorCode::InvalidTlv);
        assert_error(&bench.ask(Request::Data { offset: Some(0), bytes: &[1] }), ErrorCode::InvalidTlv);
        bench.begin("a", &[1]);
        assert_error(&bench.begin("b", &[1]), ErrorCode::InvalidTlv);
        bench.assert_idle();
        assert_error(
            &bench.ask(Request::Begin { name: b"a/b", declared: Some(Declared { size: 1, crc32: 0 }) }),
            ErrorCode::InvalidTlv,
        );
        assert_error(&bench.ask(Request::Delete { name: b"" }), ErrorCode::InvalidTlv);
        bench.begin("a", &[1]);
        assert_error(&bench.ask(Request::End), ErrorCode::InvalidTlv);
        bench.assert_idle();
    }
}

/// PATTERN-15
#[test]
fn what_is_not_as_declared_or_too_large_is_refused() {
    let mut bench = Bench::new(Dialect::Checked);
    // Another checksum.
    let declared = Declared { size: 2, crc32: 1 };
    assert_eq!(bench.ask(Request::Begin { name: b"a", declared: Some(declared) }), [TAKEN]);
    assert_eq!(bench.ask(Request::Data { offset: Some(0), bytes: &[1, 2] }), [TAKEN]);
    let answers = bench.ask(Request::End);
    assert!(matches!(answers[..], [Answer::Error(Why::Crc { declared: 1, .. })]), "{answers:?}");
    bench.assert_idle();
    // Fewer bytes.
    bench.begin("a", &[1, 2, 3]);
    bench.ask(Request::Data { offset: Some(0), bytes: &[1, 2] });
    let answers = bench.ask(Request::End);
    assert_eq!(answers, [Answer::Error(Why::Size { declared: 3, found: 2 })]);
    // No room for what is declared, or for what comes.
    let declared = Some(Declared { size: FILE_MAX + 1, crc32: 0 });
    assert_error(&bench.ask(Request::Begin { name: b"a", declared }), ErrorCode::StorageFull);
    bench.room = 10;
    assert_error(&bench.begin("a", &[1; 11]), ErrorCode::StorageFull);
    let mut plain = Bench::new(Dialect::Plain);
    plain.room = 10;
    assert_eq!(plain.begin("a", &[]), []);
    assert_eq!(plain.ask(Request::Data { offset: None, bytes: &[1; 10] }), []);
    assert_error(&plain.ask(Request::Data { offset: None, bytes: &[1] }), ErrorCode::StorageFull);
    plain.assert_idle();
    plain.room = 0;
    assert_error(&plain.begin("a", &[]), ErrorCode::StorageFull);
    assert!(bench.stored.is_empty() && plain.stored.is_empty());
}

/// PATTERN-13
#[test]
fn silence_of_five_seconds_leaves_nothing_and_is_told_when_the_client_goes_on() {
    for dialect in [Dialect::Plain, Dialect::Checked] {
        let mut bench = Bench::new(dialect);
        bench.begin("a", &[1, 2]);
        bench.now += Span::from_ms(4_999);
        bench.session.handle_timeout(bench.now);
        bench.ask(Request::Data { offset: Some(0), bytes: &[1] });
        assert_eq!(bench.session.poll_timeout(), Some(bench.now + Span::from_s(5)));
        bench.now += Span::from_ms(4_999);
        bench.session.handle_timeout(bench.now);
        assert_eq!(bench.session.state(), State::Receiving);
        bench.now += Span::from_ms(1);
        bench.session.handle_timeout(bench.now);
        bench.act();
        bench.assert_idle();
        assert_eq!(bench.fetch(), [], "answers follow frames only");
        let answers = bench.ask(Request::Data { offset: Some(1), bytes: &[2] });
        assert_eq!(answers, [Answer::Error(Why::Silence(5_000))]);
        assert_eq!(bench.ask(Request::End), [Answer::Error(Why::State(State::Idle))]);
        assert_eq!(bench.session.counters().silences, 1);
        assert!(bench.stored.is_empty());
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_leaves_nothing() {
    let mut bench = Bench::new(Dialect::Plain);
    bench.begin("a", &[]);
    bench.push_request(Request::Data { offset: None, bytes: &[1] });
    bench.session.handle_gone();
    bench.act();
    bench.assert_idle();
    assert!(bench.stored.is_empty());
}

#[test]
fn a_disk_that_fails_in_the_middle_is_told_with_the_next_frame() {
    for (failure, code) in [(StoreFailure::Full, ErrorCode::StorageFull), (StoreFailure::Disk, ErrorCode::StorageFull)]
    {
        let mut bench = Bench::new(Dialect::Checked);
        bench.begin("a", &[1, 2]);
        let upload = bench.upload.as_ref().unwrap().0;
        bench.session.handle_stored(UploadId(upload.0 + 1), Err(failure));
        assert_eq!(bench.session.state(), State::Receiving, "another upload's failure");
        bench.session.handle_stored(upload, Err(failure));
        bench.act();
        bench.assert_idle();
        assert_error(&bench.ask(Request::Data { offset: Some(0), bytes: &[1] }), code);
        // And while it is stored.
        bench.is_slow = true;
        bench.push_file("a", &[1, 2], 2);
        assert_eq!(bench.fetch(), [TAKEN, TAKEN]);
        let Some(Action::Store { upload, .. }) = bench.waiting.take() else { panic!("{:?}", bench.waiting) };
        bench.session.handle_stored(upload, Err(failure));
        assert_error(&bench.fetch(), code);
        assert_eq!(bench.session.state(), State::Idle);
    }
}

#[test]
fn frames_before_the_outcome_are_refused_and_change_nothing() {
    let mut bench = Bench::new(Dialect::Checked);
    bench.is_slow = true;
    bench.push_file("a", &[1, 2], 2);
    assert_eq!(bench.fetch(), [TAKEN, TAKEN]);
    assert_error(&bench.begin("b", &[1]), ErrorCode::InvalidTlv);
    assert_error(&bench.ask(Request::List), ErrorCode::InvalidTlv);
    bench.finish();
    assert_eq!(bench.fetch(), [Answer::Done(Done::Stored { size: 2 })]);
    assert_eq!(bench.ask(Request::Control(Control::Stop)), []);
    assert_error(&bench.ask(Request::Delete { name: b"a" }), ErrorCode::InvalidTlv);
    bench.finish();
    assert_eq!(bench.fetch(), [Answer::Done(Done::Worked)]);
    assert_eq!(bench.stored["a"], [1, 2]);
}

/// PATTERN-16
#[test]
fn half_a_megabyte_is_stored_for_a_client_that_never_reads() {
    let config = Config { file_max: 1_000_000, ..Config::default() };
    for (dialect, chunk) in [(Dialect::Plain, 1), (Dialect::Plain, 4_093), (Dialect::Checked, 7)] {
        let mut bench = Bench::with(dialect, config);
        let file = vec![0xff; 512_000];
        bench.push_file("white", &file, chunk);
        assert_eq!(bench.stored["white"], file);
        let answers = bench.fetch();
        assert!(answers.len() <= ANSWERS, "{}", answers.len());
        assert_eq!(answers.last(), Some(&Answer::Done(Done::Stored { size: 512_000 })));
    }
}

proptest! {
    /// PATTERN-11, PATTERN-12, PATTERN-15
    #[test]
    fn what_is_stored_is_what_was_sent_whatever_else_was_sent(
        is_checked: bool,
        steps in vec((0..9_u8, vec(any::<u8>(), 0..40), 0..7_000_i64), 0..60),
    ) {
        let dialect = if is_checked { Dialect::Checked } else { Dialect::Plain };
        let mut bench = Bench::new(dialect);
        // What the client has sent since its last PUT_BEGIN, if nothing came in between.
        let mut sent: Option<Vec<u8>> = None;
        let mut expected: Option<Vec<u8>> = None;
        let mut declared = Vec::new();
        bench.push_request(Request::List);
        bench.fetch();
        for (step, bytes, pause_ms) in steps {
            bench.now += Span::from_ms(pause_ms);
            bench.session.handle_timeout(bench.now);
            bench.act();
            if pause_ms >= 5_000 {
                sent = None;
            }
            let before = bench.session.state();
            let answers = match step {
                0 | 1 => {
                    declared = bytes.clone();
                    sent = (before == State::Idle && (bytes.len() as u32) <= FILE_MAX).then(Vec::new);
                    bench.begin("x", &bytes)
                }
                2..=4 => {
                    // Mostly what was declared, so that the checked dialect gets somewhere.
                    let offset = sent.as_ref().map_or(0, Vec::len);
                    let bytes = if step == 2 { bytes } else { declared.get(offset..).unwrap_or_default().to_vec() };
                    let is_too_much = is_checked && offset + bytes.len() > declared.len();
                    let answers = bench.ask(Request::Data { offset: Some(offset as u32), bytes: &bytes });
                    match &mut sent {
                        Some(_) if is_too_much => sent = None,
                        Some(sent) => sent.extend_from_slice(&bytes),
                        None => {}
                    }
                    answers
                }
                5 | 6 => {
                    let answers = bench.ask(Request::End);
                    if let Some(sent) = sent.take()
                        && !sent.is_empty()
                        && (!is_checked || sent == declared)
                    {
                        expected = Some(sent);
                    }
                    answers
                }
                7 => {
                    bench.session.handle_text(bench.now);
                    bench.act();
                    sent = None;
                    bench.fetch()
                }
                _ => {
                    sent = None;
                    bench.raw(&[0x77, 0, 0])
                }
            };
            if is_checked && step != 7 {
                prop_assert_eq!(answers.len(), 1, "{:?}", answers);
            }
            prop_assert_eq!(bench.stored.get("x"), expected.as_ref());
            prop_assert_eq!(bench.session.state() == State::Receiving, sent.is_some());
        }
    }

    #[test]
    fn any_messages_are_survived(messages in vec(vec(any::<u8>(), 0..20), 0..50)) {
        let mut bench = Bench::new(Dialect::Plain);
        for message in messages {
            let room = bench.room;
            let taken = bench.session.handle_frame(&message, |_| room, bench.now).to_vec();
            if let Some((_, _, bytes)) = &mut bench.upload {
                bytes.extend(taken);
            }
            bench.act();
            while bench.session.poll_answer().is_some() {}
        }
    }
}
