//! The first admin: there is no default password. A hub without accounts prints a code where only who stands before it can read
//! it, and the browser that sends it back makes the first account (ACC-5).

use cuelight_wire::time::{Local, Span, Time};
use subtle::ConstantTimeEq;

use super::secret::code_as_meant;

/// How long a code is good.
const GOOD_FOR: Span = Span::from_s(600);
/// Wrong codes until another one is printed: five of 2^40.
const TRIES: u32 = 5;
/// A new code is printed at most this often, so that nobody fills the console from afar.
const PAUSE: Span = Span::from_s(60);

/// The code that is good.
#[derive(Default)]
pub(crate) struct Setup {
    code: Option<Code>,
    printed_at: Option<Time<Local>>,
}

struct Code {
    text: String,
    printed_at: Time<Local>,
    tries: u32,
}

impl Setup {
    /// Makes a code where none is good, unless one was made a moment ago. It is to be printed.
    pub(crate) fn code_to_print(&mut self, fresh: impl FnOnce() -> String, now: Time<Local>) -> Option<String> {
        let is_good = self.code.as_ref().is_some_and(|code| code.is_good(now));
        if is_good || self.printed_at.is_some_and(|at| now - at < PAUSE) {
            return None;
        }
        let text = fresh();
        self.code = Some(Code { text: code_as_meant(&text), printed_at: now, tries: 0 });
        self.printed_at = Some(now);
        Some(text)
    }

    /// Whether `typed` is the code. A right one stays good until [`Self::done`], because what it is for may still fail.
    pub(crate) fn is_right(&mut self, typed: &str, now: Time<Local>) -> bool {
        let Some(code) = self.code.as_mut().filter(|code| code.is_good(now)) else { return false };
        let is_right: bool = code.text.as_bytes().ct_eq(code_as_meant(typed).as_bytes()).into();
        code.tries += u32::from(!is_right);
        is_right
    }

    /// There is an account: no code is good any more.
    pub(crate) fn done(&mut self) {
        self.code = None;
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> String {
        self.code.as_ref().expect("one was printed").text.clone()
    }
}

impl Code {
    fn is_good(&self, now: Time<Local>) -> bool {
        now - self.printed_at < GOOD_FOR && self.tries < TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_s(s: i64) -> Time<Local> {
        Time::ZERO + Span::from_s(s)
    }

    /// ACC-5
    #[test]
    fn a_code_is_good_for_ten_minutes_and_five_tries() {
        let mut setup = Setup::default();
        assert!(!setup.is_right("", at_s(0)));
        assert_eq!(setup.code_to_print(|| "AAAA-BBBB".into(), at_s(0)).as_deref(), Some("AAAA-BBBB"));
        assert_eq!(setup.code_to_print(|| unreachable!(), at_s(599)), None, "one is good");
        assert!(setup.is_right("aaaa bbbb", at_s(599)) && !setup.is_right("aaaabbbb", at_s(600)));

        assert_eq!(setup.code_to_print(|| "CCCC-DDDD".into(), at_s(600)).as_deref(), Some("CCCC-DDDD"));
        assert!(!(0..4).any(|_| setup.is_right("AAAA-BBBB", at_s(601))) && setup.is_right("CCCCDDDD", at_s(601)));
        assert!(!setup.is_right("x", at_s(601)) && !setup.is_right("CCCCDDDD", at_s(601)), "the fifth wrong one");
        assert_eq!(setup.code_to_print(|| unreachable!(), at_s(659)), None, "not so soon");
        assert!(setup.code_to_print(|| "EEEE-FFFF".into(), at_s(660)).is_some());
        setup.done();
        assert!(!setup.is_right("EEEEFFFF", at_s(661)));
    }
}
