//! How many checks passed and failed.

use std::error::Error;
use std::fmt;
use std::ops::AddAssign;

use anyhow::Result;

/// Counts of tests or checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Those that passed.
    pub(crate) passed: u32,
    /// Those that failed.
    pub(crate) failed: u32,
}

/// Something failed and has been reported; the line with the counts stays the last one.
#[derive(Debug)]
pub(crate) struct Reported;

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something failed; see above")
    }
}
impl Error for Reported {}

impl Outcome {
    /// Prints the counts as the last line, and is an error when something failed.
    pub(crate) fn conclude(self) -> Result<()> {
        println!("{self}");
        if self.failed == 0 { Ok(()) } else { Err(Reported.into()) }
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}
