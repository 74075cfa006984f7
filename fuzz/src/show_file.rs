//! Show files.

/// What can be read is written so that it is read as the same show; an edit of the patch leaves a file that can be read.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(show) = cuelight_showfile::read(text) else { return };
    assert_eq!(show.problems(), []);
    if let Some(last) = show.fixtures.last() {
        let moved = cuelight_showfile::PatchEdit::Move(last.number, Vec::new()).apply(text);
        let moved = moved.map(|text| cuelight_showfile::read(&text).expect("what was right stays right"));
        assert!(moved.is_err() || moved.is_ok_and(|show| show.fixtures.last().is_some_and(|f| f.addresses.is_empty())));
    }
    let written = cuelight_showfile::write(&show).expect("a file has no scenes that cannot be written");
    let again = cuelight_showfile::read(&written).expect("what is written can be read");
    assert_eq!(again.fixtures, show.fixtures);
    assert_eq!(again.groups, show.groups);
    assert_eq!(again.types(), show.types());
    assert_eq!(again.lists, show.lists);
}
