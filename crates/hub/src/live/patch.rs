//! What changed between two states, as a JSON merge patch (RFC 7396): what is null in it is to be taken away.

use serde_json::{Map, Value};

/// The patch that makes `new` of `old`; `None` when they are equal. Neither may hold a null in an object ([`without_nulls`]).
pub(super) fn between(old: &Value, new: &Value) -> Option<Value> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let changed = new.iter().filter_map(|(key, new)| match old.get(key) {
                Some(old) => Some((key.clone(), between(old, new)?)),
                None => Some((key.clone(), new.clone())),
            });
            let mut patch: Map<String, Value> = changed.collect();
            patch.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (old, new) => (old != new).then(|| new.clone()),
    }
}

/// The same without the members of objects that are null: a patch cannot set these.
pub(super) fn without_nulls(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|_, value| !value.is_null());
                object.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

/// Carries a patch out, as section 2 of the RFC says.
#[cfg(test)]
pub(super) fn applied(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let Value::Object(mut target) = target else {
        return applied(Value::Object(Map::new()), &Value::Object(patch.clone()));
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            let old = target.remove(key).unwrap_or_default();
            target.insert(key.clone(), applied(old, value));
        }
    }
    Value::Object(target)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// LIVE-2
    #[test]
    fn a_patch_makes_the_new_state_of_the_old_one_and_holds_nothing_else() {
        let old = json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "gone": {"e": 1}});
        let new = json!({"a": 1, "b": {"c": [1, 3], "d": "x"}, "new": {"f": {}}});
        let patch = between(&old, &new).unwrap();
        assert_eq!(patch, json!({"b": {"c": [1, 3]}, "gone": null, "new": {"f": {}}}));
        assert_eq!(applied(old, &patch), new);
        assert_eq!(between(&new, &new), None);
        // An object in place of something else, and the other way round.
        for (old, new) in [(json!({"a": 1}), json!({"a": {"b": 2}})), (json!({"a": {"b": 2}}), json!({"a": 1}))] {
            assert_eq!(applied(old.clone(), &between(&old, &new).unwrap()), new);
        }
    }

    #[test]
    fn nulls_are_left_out_of_objects_at_any_depth_and_stay_in_lists() {
        let value = json!({"a": null, "b": {"c": null, "d": [null, {"e": null}]}});
        assert_eq!(without_nulls(value), json!({"b": {"d": [null, {}]}}));
    }
}
