//! GDTF: archives, and what lies in them.

use cuelight_fixtures::gdtf;

/// Whatever is read is a fixture type that a show takes, and that is written and read again as itself.
pub fn run(data: &[u8]) {
    let description = std::str::from_utf8(data).ok().and_then(|text| gdtf::read_description(text).ok());
    for import in [gdtf::read(data).ok(), description].into_iter().flatten() {
        check(import);
    }
}

/// What holds for everything that is imported.
pub(crate) fn check(import: cuelight_fixtures::Import) {
    assert!(import.notes.len() <= cuelight_fixtures::MAX_NOTES);
    let mut show = cuelight_show::Show::default();
    if show.put_type(import.kind.clone()).is_err() {
        // So many modes with so many attributes of their own: the show says so.
        return;
    }
    assert_eq!(show.problems(), []);
    let text = cuelight_showfile::write(&show).expect("types can be written");
    let again = cuelight_showfile::read(&text).expect("what is written can be read");
    assert_eq!(again.types(), [import.kind]);
}
