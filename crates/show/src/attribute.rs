//! The names of attributes, each kept once: looks hold millions of them.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// An attribute of this show's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(u16);

/// The table has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a show has at most 65536 attributes: remove fixture types it does not use")]
pub struct TooManyAttributes;

/// The attributes of a show, by GDTF's names. At most 65,536; a name that is given more is refused.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    names: Vec<String>,
    ids: BTreeMap<String, AttributeId>,
}

impl Attributes {
    /// The attribute with this name, made if there is none.
    pub fn intern(&mut self, name: &str) -> Result<AttributeId, TooManyAttributes> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        let id = AttributeId(u16::try_from(self.names.len()).map_err(|_| TooManyAttributes)?);
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        Ok(id)
    }
    /// The attribute with this name.
    pub fn id(&self, name: &str) -> Option<AttributeId> {
        self.ids.get(name).copied()
    }
    /// The name of an attribute; empty for one of another show.
    pub fn name(&self, id: AttributeId) -> &str {
        self.names.get(usize::from(id.0)).map_or("", String::as_str)
    }
}

/// GDTF's names that the engine itself looks for.
pub mod name {
    /// The intensity of a fixture or cell.
    pub const DIMMER: &str = "Dimmer";
    /// Red, green and blue of additive mixing.
    pub const ADDITIVE: [&str; 3] = ["ColorAdd_R", "ColorAdd_G", "ColorAdd_B"];
    /// Cyan, magenta and yellow of subtractive mixing, which take away red, green and blue.
    pub const SUBTRACTIVE: [&str; 3] = ["ColorSub_C", "ColorSub_M", "ColorSub_Y"];
}
