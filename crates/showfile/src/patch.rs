//! Changes of the patch in the text of a show file. Everything else stays as its author wrote it: order, comments, spaces.

use std::collections::BTreeSet;

use cuelight_show::check::Subject;
use cuelight_show::{Address, Fixture, FixtureNumber, FixtureType, Group, Show};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use crate::place::Fault;
use crate::read::examine;
use crate::scalar;
use crate::write::write_fixture_type;

/// A change of the patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchEdit {
    /// Adds a fixture type; with `replace` in place of one that has its name.
    Import {
        /// The fixture type.
        kind: FixtureType,
        /// Whether it may take the place of another one.
        replace: bool,
    },
    /// Adds fixtures, whose numbers must be free.
    Add(Vec<Fixture>),
    /// Patches a fixture elsewhere; nowhere, when there are no addresses.
    Move(FixtureNumber, Vec<Address>),
    /// Takes fixtures out, also out of groups.
    Remove(Vec<FixtureNumber>),
    /// Makes a group, or gives one other fixtures.
    Group(Group),
    /// Takes a group out; its fixtures stay.
    Ungroup(String),
}

/// Why a change cannot be made. The text is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The file cannot be read.
    #[error("{}", lines(.0))]
    Unreadable(Vec<Fault>),
    /// There is no fixture of this number.
    #[error("there is no fixture {0}")]
    NoFixture(FixtureNumber),
    /// The number is taken.
    #[error("there is a fixture {0} already: choose another number")]
    Taken(FixtureNumber),
    /// The name is taken.
    #[error("there is a fixture type {0:?} already: give it another name, or replace it")]
    TypeTaken(String),
    /// There is no group of this name.
    #[error("there is no group {0:?}")]
    NoGroup(String),
    /// The file says it in a way that is not changed here.
    #[error("{0} is not written as [[{0}]] tables: change it by hand")]
    Shape(&'static str),
    /// The change would be wrong.
    #[error("it would not be right:\n{}", lines(.0))]
    Wrong(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

impl PatchEdit {
    /// Makes the change in the text of a show file. What was wrong before may stay wrong; nothing else may become so.
    pub fn apply(&self, text: &str) -> Result<String, PatchError> {
        let (show, before) = examine(text).map_err(PatchError::Unreadable)?;
        let mut document: DocumentMut = text.parse().map_err(|why: toml_edit::TomlError| {
            let offset = why.span().map_or(0, |span| span.start);
            PatchError::Unreadable(vec![Fault::at(text, offset, why.message())])
        })?;
        match self {
            Self::Import { kind, replace } => import(&mut document, &show, kind, *replace)?,
            Self::Add(fixtures) => {
                for fixture in fixtures {
                    if show.fixture(fixture.number).is_some() {
                        return Err(PatchError::Taken(fixture.number));
                    }
                    tables(&mut document, "fixture")?.push(fixture_table(fixture));
                }
            }
            Self::Move(number, addresses) => {
                let at = place(&mut document, "fixture", *number)?;
                let table = tables(&mut document, "fixture")?.get_mut(at).ok_or(PatchError::NoFixture(*number))?;
                if addresses.is_empty() {
                    table.remove("address");
                } else {
                    table["address"] = value(texts(addresses));
                }
            }
            Self::Remove(numbers) => remove(&mut document, &show, numbers)?,
            Self::Group(group) => put_group(&mut document, group)?,
            Self::Ungroup(name) => {
                let groups = tables(&mut document, "group")?;
                let at = named(groups, name).ok_or_else(|| PatchError::NoGroup(name.clone()))?;
                groups.remove(at);
            }
        }
        let changed = document.to_string();
        let (_, after) = examine(&changed).map_err(PatchError::Wrong)?;
        let known: BTreeSet<(&Subject, &str)> =
            before.iter().map(|(subject, fault)| (subject, &*fault.sentence)).collect();
        let new: Vec<_> =
            after.iter().filter(|(subject, fault)| !known.contains(&(subject, &*fault.sentence))).collect();
        // A conflict that was there is told otherwise once another fixture has moved.
        let is_better = after.len() < before.len();
        if new.is_empty() || is_better {
            return Ok(changed);
        }
        Err(PatchError::Wrong(new.into_iter().map(|(_, fault)| fault.clone()).collect()))
    }
}

/// The tables of a name, made if there are none.
fn tables<'d>(document: &'d mut DocumentMut, name: &'static str) -> Result<&'d mut ArrayOfTables, PatchError> {
    let item = document.entry(name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or(PatchError::Shape(name))
}

/// Where a fixture is among the tables.
fn place(document: &mut DocumentMut, name: &'static str, number: FixtureNumber) -> Result<usize, PatchError> {
    let is_it = |table: &Table| table.get("number").and_then(Item::as_integer) == Some(number.0.into());
    tables(document, name)?.iter().position(is_it).ok_or(PatchError::NoFixture(number))
}

fn named(tables: &ArrayOfTables, name: &str) -> Option<usize> {
    tables.iter().position(|table| table.get("name").and_then(Item::as_str) == Some(name))
}

fn texts(addresses: &[Address]) -> Array {
    addresses.iter().map(ToString::to_string).collect()
}

fn fixture_table(fixture: &Fixture) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table["number"] = value(i64::from(fixture.number.0));
    if !fixture.label.is_empty() {
        table["label"] = value(&fixture.label);
    }
    table["type"] = value(&fixture.kind);
    table["mode"] = value(&fixture.mode);
    if !fixture.addresses.is_empty() {
        table["address"] = value(texts(&fixture.addresses));
    }
    table
}

fn import(document: &mut DocumentMut, show: &Show, kind: &FixtureType, replace: bool) -> Result<(), PatchError> {
    // What is written here is read again.
    let written: DocumentMut = write_fixture_type(kind).parse().expect("a fixture type is written as TOML");
    let made = written.get("fixture-type").and_then(Item::as_array_of_tables).and_then(|tables| tables.get(0));
    let mut made = made.cloned().expect("a fixture type is written as a table");
    unplace(&mut made);
    let types = tables(document, "fixture-type")?;
    match named(types, &kind.name) {
        Some(_) if !replace => return Err(PatchError::TypeTaken(kind.name.clone())),
        Some(at) => {
            let old = types.get_mut(at).expect("it was found there");
            *made.decor_mut() = old.decor().clone();
            if let Some(position) = old.position() {
                made.set_position(Some(position));
            }
            *old = made;
        }
        None if show.types().iter().any(|known| known.name == kind.name) => {
            return Err(PatchError::Shape("fixture-type"));
        }
        None => types.push(made),
    }
    Ok(())
}

/// Forgets where a table and those in it were in another document.
fn unplace(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Some(tables) = item.as_array_of_tables_mut() {
            tables.iter_mut().for_each(unplace);
        }
    }
}

fn remove(document: &mut DocumentMut, show: &Show, numbers: &[FixtureNumber]) -> Result<(), PatchError> {
    for number in numbers {
        let at = place(document, "fixture", *number)?;
        tables(document, "fixture")?.remove(at);
    }
    for group in show.groups.iter().filter(|group| group.fixtures.iter().any(|number| numbers.contains(number))) {
        let fixtures = group.fixtures.iter().copied().filter(|number| !numbers.contains(number)).collect();
        put_group(document, &Group { name: group.name.clone(), fixtures })?;
    }
    Ok(())
}

fn put_group(document: &mut DocumentMut, group: &Group) -> Result<(), PatchError> {
    let ranges: Value = scalar::ranges(group.fixtures.iter().copied()).parse().expect("ranges are written as TOML");
    let groups = tables(document, "group")?;
    match named(groups, &group.name).and_then(|at| groups.get_mut(at)) {
        Some(table) => table["fixtures"] = value(ranges),
        None => {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            table["name"] = value(&group.name);
            table["fixtures"] = value(ranges);
            groups.push(table);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    const FILE: &str = r##"# the tour
show-file = 1

# kinds
[[fixture-type]]
name = "Par"   # rented
[[fixture-type.mode]]
name = "RGB"
channels = [{ attribute = "ColorAdd_R", slots = [1] }, { attribute = "ColorAdd_G", slots = [2] }]

# stage left
[[fixture]]
number = 1
type = "Par"
mode = "RGB"
address = ["1.1"]  # under the bar

# stage right
[[fixture]]
number = 2
type = "Par"
mode = "RGB"
address = ["1.3"]

[[group]]
name = "pars"
fixtures = ["1..2"]

# the show
[[list]]
number = 1
[[list.cue]]
number = 1
[[list.cue.set]]
fixtures = [1]
levels = { ColorAdd_R = 100 }
"##;

    fn par(number: u32, address: &str) -> Fixture {
        Fixture {
            number: FixtureNumber(number),
            label: "new".into(),
            kind: "Par".into(),
            mode: "RGB".into(),
            addresses: vec![address.parse().unwrap()],
        }
    }

    /// The lines that are only in one of two texts.
    fn difference(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
        let only = |a: &str, b: &str| {
            a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(str::to_owned).collect()
        };
        (only(before, after), only(after, before))
    }

    #[test]
    fn a_change_leaves_everything_else_as_it_was_written() {
        let moved = PatchEdit::Move(FixtureNumber(2), vec!["2.7".parse().unwrap()]).apply(FILE).unwrap();
        assert_eq!(difference(FILE, &moved), (vec!["address = [\"1.3\"]".into()], vec!["address = [\"2.7\"]".into()]));
        assert_eq!(moved.lines().count(), FILE.lines().count());
        let added = PatchEdit::Add(vec![par(7, "1.5"), par(8, "1.7")]).apply(FILE).unwrap();
        assert_eq!(difference(FILE, &added).0, Vec::<String>::new());
        let show = read(&added).unwrap();
        assert_eq!(show.fixtures[2..], [par(7, "1.5"), par(8, "1.7")]);
        // They stand behind the fixtures that were there.
        assert!(added.find("number = 8") < added.find("# the show"), "{added}");
    }

    #[test]
    fn a_change_that_would_be_wrong_is_refused_with_what_would_be_right() {
        let told = |edit: PatchEdit| edit.apply(FILE).unwrap_err().to_string();
        assert_eq!(
            told(PatchEdit::Move(FixtureNumber(2), vec!["1.2".parse().unwrap()])),
            "it would not be right:\n19:1: fixture 2: fixture 2 at 1.2 to 1.3 and fixture 1 at 1.1 to 1.2 share 1.2 to 1.2: \
             move one of them, 1.4 has room for fixture 2"
        );
        assert_eq!(told(PatchEdit::Add(vec![par(2, "1.9")])), "there is a fixture 2 already: choose another number");
        assert_eq!(told(PatchEdit::Move(FixtureNumber(9), vec![])), "there is no fixture 9");
        assert!(told(PatchEdit::Remove(vec![FixtureNumber(1)])).ends_with("list 1 cue 1: there is no fixture 1"));
    }

    #[test]
    fn a_fixture_that_goes_leaves_its_groups() {
        let removed = PatchEdit::Remove(vec![FixtureNumber(2)]).apply(FILE).unwrap();
        assert_eq!(read(&removed).unwrap().groups[0].fixtures, [FixtureNumber(1)]);
        assert!(!removed.contains("stage right") && removed.contains("# under the bar"), "{removed}");
    }

    #[test]
    fn types_are_imported_once_and_replaced_when_told() {
        let mut kind = read(FILE).unwrap().types()[0].clone();
        let import = |kind: &FixtureType, replace| PatchEdit::Import { kind: kind.clone(), replace }.apply(FILE);
        assert_eq!(import(&kind, false), Err(PatchError::TypeTaken("Par".into())));
        kind.modes[0].channels.swap(0, 1);
        let replaced = import(&kind, true).unwrap();
        assert_eq!(read(&replaced).unwrap().types(), [kind.clone()]);
        assert!(replaced.contains("# kinds") && replaced.contains("# stage left"));
        kind.name = "Par 2".into();
        let added = import(&kind, false).unwrap();
        assert_eq!(read(&added).unwrap().types()[1], kind);
        assert_eq!(difference(FILE, &added).0, Vec::<String>::new());
        // A file without any gets its first.
        let first = PatchEdit::Import { kind: kind.clone(), replace: false }.apply("show-file = 1\n").unwrap();
        assert_eq!(read(&first).unwrap().types(), [kind]);
    }

    #[test]
    fn groups_are_made_changed_and_taken_out() {
        let group = |name: &str, fixtures: &[u32]| Group {
            name: name.into(),
            fixtures: fixtures.iter().copied().map(FixtureNumber).collect(),
        };
        let made = PatchEdit::Group(group("right", &[2])).apply(FILE).unwrap();
        let changed = PatchEdit::Group(group("pars", &[2, 1])).apply(&made).unwrap();
        assert_eq!(read(&changed).unwrap().groups, [group("pars", &[2, 1]), group("right", &[2])]);
        let gone = PatchEdit::Ungroup("pars".into()).apply(&changed).unwrap();
        assert_eq!(read(&gone).unwrap().groups, [group("right", &[2])]);
        assert_eq!(PatchEdit::Ungroup("x".into()).apply(FILE), Err(PatchError::NoGroup("x".into())));
    }

    #[test]
    fn a_file_with_conflicts_can_be_mended_step_by_step() {
        let bad = FILE.replace("\"1.3\"", "\"1.2\"");
        let mended = PatchEdit::Move(FixtureNumber(2), vec!["1.3".parse().unwrap()]).apply(&bad).unwrap();
        assert_eq!(mended, FILE);
        // Another change is not kept from it by what is wrong already.
        assert!(PatchEdit::Add(vec![par(7, "1.100")]).apply(&bad).is_ok());
    }
}
