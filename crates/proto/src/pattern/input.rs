//! What a session hears.

use cuelight_wire::time::{Local, Time};
use cuelight_wire::tlv::{BadFrame, BadName, Control, Declared, Dialect, Frame, Name, RECEIVE_BUFFER, Request};

use super::Session;
use super::action::{Action, Command, UploadId};
use super::answer::{Answer, Done};
use super::refusal::{Refused, StoreFailure, Why};
use super::transition::{Event, State, Step, transition};
use super::upload::Upload;

impl Session {
    /// A binary message came. `room` says how many bytes an upload of a name may have. Returned are the bytes that belong
    /// to the upload under way, to be kept until an action says what becomes of them.
    pub fn handle_frame<'a>(
        &mut self,
        message: &'a [u8],
        room: impl FnOnce(&Name) -> u32,
        now: Time<Local>,
    ) -> &'a [u8] {
        self.counters.frames = self.counters.frames.saturating_add(1);
        self.heard_at = now;
        match self.understood(message) {
            Ok(Request::Begin { name, declared }) => self.on_begin(name, declared, room),
            Ok(Request::Data { offset, bytes }) => return self.on_data(offset, bytes),
            Ok(Request::End) => self.on_end(),
            Ok(Request::List) => self.on_ask(Answer::Listing),
            Ok(Request::Metrics) => self.on_ask(Answer::Metrics),
            Ok(Request::Delete { name }) => self.on_work(Name::normalised(name).map(|name| Action::Delete { name })),
            Ok(Request::Control(control)) => self.on_work(command(control).map(Action::Control)),
            Err(why) => self.on_bad(why),
        }
        &[]
    }

    /// A binary message of `len` bytes came, too long to be kept (PATTERN-3).
    pub fn handle_oversized(&mut self, len: usize, now: Time<Local>) {
        self.counters.frames = self.counters.frames.saturating_add(1);
        self.heard_at = now;
        self.on_bad(Why::Oversized(len));
    }

    /// A text message came (PATTERN-14).
    pub fn handle_text(&mut self, now: Time<Local>) {
        self.counters.frames = self.counters.frames.saturating_add(1);
        self.heard_at = now;
        self.on_bad(Why::Text);
    }

    /// What [`Action::Store`] came to; or what came between an upload and its end, at any time after [`Action::Open`].
    pub fn handle_stored(&mut self, upload: UploadId, outcome: Result<(), StoreFailure>) {
        let Some(size) = self.upload.as_ref().filter(|known| known.id == upload).map(|known| known.received) else {
            return;
        };
        match outcome {
            Ok(()) => {
                if self.on_event(Event::Stored) == Step::Tell {
                    self.counters.stored = self.counters.stored.saturating_add(1);
                    self.upload = None;
                    self.answer(Answer::Done(Done::Stored { size }));
                }
            }
            Err(failure) => {
                let step = self.on_event(Event::StoreFailed);
                self.end_upload(step, Why::Store(failure));
                if step == Step::Refuse {
                    self.upload = None;
                }
            }
        }
    }

    /// What [`Action::Delete`] or [`Action::Control`] came to.
    pub fn handle_worked(&mut self, outcome: Result<(), Refused>) {
        if self.on_event(Event::Worked) == Step::Tell {
            match outcome {
                Ok(()) => self.answer(Answer::Done(Done::Worked)),
                Err(refused) => self.refuse(Why::Refused(refused)),
            }
        }
    }

    /// The client is gone.
    pub fn handle_gone(&mut self) {
        let step = self.on_event(Event::Gone);
        self.end_upload(step, Why::State(State::Idle));
    }

    /// Time has come to `now` (PATTERN-13).
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.counters.silences = self.counters.silences.saturating_add(1);
            let step = self.on_event(Event::Silence);
            self.end_upload(step, Why::Silence(self.config.frame_timeout.as_ms()));
        }
    }

    /// When `handle_timeout` is wanted next.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        (self.state == State::Receiving).then(|| self.heard_at + self.config.frame_timeout)
    }

    /// Reads a message and holds the session to its dialect (PATTERN-10).
    fn understood<'a>(&mut self, message: &'a [u8]) -> Result<Request<'a>, Why> {
        if message.len() > RECEIVE_BUFFER {
            return Err(Why::Oversized(message.len()));
        }
        let frame = Frame::decode(message).map_err(Why::Frame)?;
        let dialect = *self.dialect.get_or_insert(frame.dialect);
        if frame.dialect != dialect {
            return Err(Why::Dialect(dialect));
        }
        Request::read(&frame).map_err(Why::Request)
    }

    fn on_begin(&mut self, name: &[u8], declared: Option<Declared>, room: impl FnOnce(&Name) -> u32) {
        let id = UploadId(self.newest.0.wrapping_add(1));
        let name = match Name::normalised(name) {
            Ok(name) => name,
            Err(bad) => return self.on_bad(Why::Name(bad)),
        };
        // Room is looked for only where an upload can begin.
        if self.state == State::Idle {
            match Upload::new(id, declared, room(&name).min(self.config.file_max)) {
                Ok(upload) => self.upload = Some(upload),
                Err(why) => return self.on_bad(why),
            }
        }
        let state = self.state;
        match self.on_event(Event::Begin) {
            Step::Open => {
                (self.newest, self.untold) = (id, None);
                self.act(Action::Open { upload: id, name });
                self.acknowledge();
            }
            step => self.end_upload(step, Why::State(state)),
        }
    }

    fn on_data<'a>(&mut self, offset: Option<u32>, bytes: &'a [u8]) -> &'a [u8] {
        let (state, untold) = (self.state, self.untold.take());
        if state == State::Receiving
            && let Some(upload) = &mut self.upload
            && let Err(why) = upload.take(offset, bytes)
        {
            self.on_bad(why);
            return &[];
        }
        match self.on_event(Event::Chunk) {
            Step::Take => {
                self.counters.bytes = self.counters.bytes.saturating_add(bytes.len() as u64);
                self.acknowledge();
                bytes
            }
            step => {
                self.end_upload(step, untold.unwrap_or(Why::State(state)));
                &[]
            }
        }
    }

    fn on_end(&mut self) {
        let (state, untold) = (self.state, self.untold.take());
        match self.on_event(Event::End) {
            Step::Validate => {
                let Some(upload) = &self.upload else { return };
                let (id, size) = (upload.id, upload.received);
                match upload.validate() {
                    Ok(()) => {
                        if self.on_event(Event::Valid) == Step::Store {
                            self.act(Action::Store { upload: id, size });
                        }
                    }
                    Err(why) => {
                        let step = self.on_event(Event::Invalid);
                        self.end_upload(step, why);
                    }
                }
            }
            step => self.end_upload(step, untold.unwrap_or(Why::State(state))),
        }
    }

    fn on_ask(&mut self, answer: Answer) {
        let state = self.state;
        match self.on_event(Event::Ask) {
            Step::Answer => self.answer(answer),
            step => self.end_upload(step, Why::State(state)),
        }
    }

    fn on_work(&mut self, action: Result<Action, BadName>) {
        let action = match action {
            Ok(action) => action,
            Err(bad) => return self.on_bad(Why::Name(bad)),
        };
        let state = self.state;
        match self.on_event(Event::Work) {
            Step::Work => self.act(action),
            step => self.end_upload(step, Why::State(state)),
        }
    }

    fn on_bad(&mut self, why: Why) {
        let step = self.on_event(Event::Bad);
        self.end_upload(step, why);
    }

    fn on_event(&mut self, event: Event) -> Step {
        let (next, step) = transition(self.state, event);
        self.state = next;
        step
    }

    /// Does what a step says of an upload that goes no further.
    fn end_upload(&mut self, step: Step, why: Why) {
        match step {
            Step::Refuse => self.refuse(why),
            Step::DropAndRefuse => {
                self.discard();
                self.refuse(why);
            }
            Step::Drop => {
                self.discard();
                self.untold = Some(why);
            }
            _ => {}
        }
    }

    fn discard(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.act(Action::Discard { upload: upload.id });
        }
    }

    /// The checked dialect answers every frame; the plain one only what ends something, and errors (PATTERN-12).
    fn acknowledge(&mut self) {
        if self.dialect == Some(Dialect::Checked) {
            self.answer(Answer::Done(Done::Taken));
        }
    }

    fn refuse(&mut self, why: Why) {
        self.counters.refused = self.counters.refused.saturating_add(1);
        // Only a checked frame can have a wrong checksum.
        let is_checked = matches!(why, Why::Frame(BadFrame::Crc { .. }));
        let guess = if is_checked { Dialect::Checked } else { Dialect::Plain };
        self.answer_in(self.dialect.unwrap_or(guess), Answer::Error(why));
    }

    fn answer(&mut self, answer: Answer) {
        self.answer_in(self.dialect.unwrap_or(Dialect::Plain), answer);
    }
}

fn command(control: Control<'_>) -> Result<Command, BadName> {
    Ok(match control {
        Control::Play { name } => Command::Play(Name::normalised(name)?),
        Control::Stop => Command::Stop,
        Control::Brightness(level) => Command::Brightness(level),
        Control::Gamma(_) => Command::Gamma,
        Control::Template(_) => Command::Template,
    })
}
