//! Show files: readable TOML to a [`Show`](cuelight_show::Show) and back.
//!
//! [`read`] takes a whole file or says what is wrong with it, each fault with line and column; what comes out can be played.
//! [`read_cue`] takes one cue in the same words. [`write()`] makes a file that reads as the same show. [`schema`] describes the format for editors. No file is opened here.

mod doc;
mod patch;
mod place;
mod read;
mod scalar;
mod write;

pub use patch::{PatchEdit, PatchError};
pub use place::Fault;
pub use read::{Examined, MAX_INSTRUCTIONS, MAX_LEN, MAX_PIXELS, examine, read, read_cue};
pub use write::{NotWritable, write, write_fixture_type};

/// The version of the format, the file's `show-file`.
pub const VERSION: u32 = 1;

/// Whether a text is meant to be a show file: whether it has `show-file` before its first table.
pub fn is_show_file(text: &str) -> bool {
    let mut keys = text.lines().map(str::trim_start).take_while(|line| !line.starts_with('['));
    keys.any(|line| line.strip_prefix("show-file").is_some_and(|rest| rest.trim_start().starts_with('=')))
}

/// The JSON schema of the format, as text.
pub fn schema() -> String {
    let schema = schemars::schema_for!(doc::ShowDoc);
    // A schema is made of plain values: it can always be written.
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
