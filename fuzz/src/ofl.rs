//! Files of the Open Fixture Library.

/// Whatever is read is a fixture type that a show takes, and that is written and read again as itself.
pub fn run(data: &[u8]) {
    if let Ok(import) = cuelight_fixtures::ofl::read(data) {
        crate::gdtf::check(import);
    }
}
