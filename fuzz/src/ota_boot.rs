//! The launcher's state: whatever is in `boot.json`, and whatever happens then.

use cuelight_fetch::Digest;
use cuelight_update::slots::{Boot, Image, TRIES};

use crate::script::Script;

/// The first line is the state, the rest what happens. What starts next is always in its slot, a trial ends after its tries,
/// the counter never goes down, and the state survives the disk after every step.
pub fn run(data: &[u8]) {
    let (state, script) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let Some(mut boot) = Boot::read(state) else { return };
    let mut script = Script::new(script);
    let mut tries = 0;
    while let Some(step) = script.step() {
        let counter = boot.counter();
        match step % 7 {
            0 => {
                let start = boot.next_start();
                assert!(boot.image(start.slot).is_some(), "what is started is there");
                tries = if start.is_trial { tries + 1 } else { 0 };
                assert!(tries <= TRIES, "a trial ends");
                assert_eq!(start.is_trial, boot.trial().is_some());
            }
            1 => boot.confirm(),
            2 => boot.fall_back("fuzzed".into(), vec!["a line".into()]),
            3 => {
                boot.go_back("fuzzed".into(), Vec::new());
            }
            4 => {
                let minor = u64::from(script.u8());
                let version = semver::Version::new(1, minor, 0);
                let image = Image { version, size: 1, sha256: Digest([minor as u8; 32]), proven: false };
                let is_on_trial = boot.trial().is_some();
                assert_eq!(boot.stage(image, minor).is_err(), is_on_trial, "nothing is written over an image on trial");
            }
            5 => {
                if boot.begin_trial(script.u8().is_multiple_of(2)).is_ok() {
                    tries = 0;
                }
            }
            _ => boot.note_last_words(vec!["last words".into(); 300]),
        }
        if boot.trial().is_none() {
            tries = 0;
        }
        assert!(boot.counter() >= counter, "what was verified stays verified");
        assert!(boot.image(boot.active()).is_some(), "there is always something to start");
        let text = serde_json::to_vec(&boot).expect("numbers and strings are always JSON");
        assert_eq!(Boot::read(&text).as_ref(), Some(&boot), "the state survives the disk");
    }
}
