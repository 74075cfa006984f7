//! Reads the text form of golden vectors (`vectors/README.md`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One vector of a file.
#[derive(Debug, Default)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
    fields: BTreeMap<String, String>,
}

impl Vector {
    /// Takes a field out, as a number.
    pub(crate) fn number<T: TryFrom<i128>>(&mut self, field: &str) -> T {
        let text = self.text(field);
        let number: i128 = text.parse().unwrap_or_else(|e| panic!("{}: {field} = {text}: {e}", self.name));
        T::try_from(number).unwrap_or_else(|_| panic!("{}: {field} = {text} is out of range", self.name))
    }
    /// Takes a field out, as a number, where there is one.
    pub(crate) fn number_or(&mut self, field: &str, otherwise: usize) -> usize {
        if self.fields.contains_key(field) { self.number(field) } else { otherwise }
    }
    /// Takes a field out, as text.
    pub(crate) fn text(&mut self, field: &str) -> String {
        self.fields.remove(field).unwrap_or_else(|| panic!("{}: no field {field}", self.name))
    }
    /// Takes a field out, as bytes in hex.
    pub(crate) fn hex(&mut self, field: &str) -> Vec<u8> {
        let text = self.text(field);
        let byte =
            |byte| u8::from_str_radix(byte, 16).unwrap_or_else(|e| panic!("{}: {field}: {byte}: {e}", self.name));
        text.split_whitespace().map(byte).collect()
    }
    /// Every field must have been asked for: one that was not is one no code looks at.
    pub(crate) fn finish(self) {
        assert!(self.fields.is_empty(), "{}: fields nobody asked for: {:?}", self.name, self.fields);
    }
}

/// The vectors of `vectors/{file}`.
pub(crate) fn read(file: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut vectors = Vec::new();
    let mut vector = Vector::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            "vector" => vector = Vector { name: rest.into(), ..Vector::default() },
            "kind" => vector.kind = rest.into(),
            "direction" => {
                let known = ["hub->node", "node->hub", "client->store", "store->client", "any"];
                assert!(known.contains(&rest), "{file}:{number}: direction {rest}");
            }
            "field" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let before = vector.fields.insert(name.into(), value.into());
                assert_eq!(before, None, "{file}:{number}: {name} is given twice");
            }
            "bytes" => {
                vector.bytes.extend(rest.split_whitespace().map(|byte| {
                    u8::from_str_radix(byte, 16).unwrap_or_else(|e| panic!("{file}:{number}: {byte}: {e}"))
                }))
            }
            "end" => vectors.push(std::mem::take(&mut vector)),
            other => panic!("{file}:{number}: {other} is not an item"),
        }
    }
    assert!(vector.name.is_empty(), "{file}: {} has no end", vector.name);
    vectors
}
