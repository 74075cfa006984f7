//! The same scenario under worse conditions.

use toml::{Table, Value};

/// `table` with what `conditions` say instead. Tables are merged key by key. `node` is for every group of nodes; `event`
/// replaces a key in every event that has it.
pub(super) fn worsened(table: &Table, conditions: &Table) -> Table {
    let mut table = table.clone();
    for (key, value) in conditions {
        match (table.get_mut(key), value) {
            (Some(Value::Array(list)), Value::Table(conditions)) => {
                for element in list.iter_mut().filter_map(Value::as_table_mut) {
                    let has = |key: &String| key != "do" && element.contains_key(key);
                    let own = conditions.iter().filter(|(of, _)| key == "node" || has(of));
                    let own: Table = own.map(|(key, value)| (key.clone(), value.clone())).collect();
                    *element = worsened(element, &own);
                }
            }
            (Some(Value::Table(inner)), Value::Table(conditions)) => *inner = worsened(inner, conditions),
            // A path by its name, described further.
            (Some(Value::String(name)), Value::Table(conditions)) if key == "path" => {
                let like = Table::from_iter([("like".to_owned(), Value::String(name.clone()))]);
                table.insert(key.clone(), Value::Table(worsened(&like, conditions)));
            }
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_replace_what_they_name_and_leave_the_rest() {
        let table: Table = toml::from_str(
            r#"
            lasts = "9 s"
            node = [{ count = 1, path = "ethernet" }, { count = 2, path = { like = "loopback", loss = "1 %" } }]
            event = [{ do = "cut", for = "1 s" }, { do = "back-up-hub" }]
            "#,
        )
        .unwrap();
        let conditions: Table = toml::from_str(
            "node = { path = { loss = \"50 %\" } }\nevent = { for = \"6 s\" }\nhub = { lead = \"1 ms\" }",
        )
        .unwrap();
        let expected: Table = toml::from_str(
            r#"
            lasts = "9 s"
            node = [
                { count = 1, path = { like = "ethernet", loss = "50 %" } },
                { count = 2, path = { like = "loopback", loss = "50 %" } },
            ]
            event = [{ do = "cut", for = "6 s" }, { do = "back-up-hub" }]
            hub = { lead = "1 ms" }
            "#,
        )
        .unwrap();
        assert_eq!(worsened(&table, &conditions), expected);
    }
}
