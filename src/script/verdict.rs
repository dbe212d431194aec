//! The result of a case, and the comparison with what the case expects.

use serde_json::{Map, Value, json};
use url::Url;

use super::item_fields::FIELDS;
use super::item_json::item_json;
use crate::model::{Error, Item, Kind, Result};

/// The result of a case.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The name of the case.
    pub name: String,
    /// The differences; empty if the case passes.
    pub wrong: Vec<String>,
    /// Whether it passes with its recorded responses, but not with those of the site.
    pub is_changed: bool,
    /// The script's messages.
    pub notes: Vec<String>,
    /// What the script did.
    pub(super) actions: Actions,
}

/// What a script did in a case, for comparison with its manifest.
#[derive(Clone, Debug, Default)]
pub(super) struct Actions {
    /// The route that matched the link.
    pub(super) route: String,
    /// The URLs it requested, and whether each was a POST.
    pub(super) requested: Vec<(Url, bool)>,
    /// The addresses of its files.
    pub(super) media: Vec<Url>,
    /// Whether it delegated links.
    pub(super) delegated: bool,
}

impl Verdict {
    /// Creates an empty verdict for a case.
    pub(super) fn of(name: String) -> Verdict {
        Verdict {
            name,
            wrong: Vec::new(),
            is_changed: false,
            notes: Vec::new(),
            actions: Actions::default(),
        }
    }
}

/// Formats an error with its causes and hint.
pub(super) fn explain(failure: &Error) -> String {
    let mut text = failure.message.clone();
    for cause in failure.causes() {
        text.push_str(&format!("\n  {cause}"));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    text
}

/// Compares how a listing ended with the expected kind of failure, if any.
pub(super) fn compare_end(expected: Option<Kind>, listed: Result<()>, wrong: &mut Vec<String>) {
    match (listed, expected) {
        (Ok(()), None) => {}
        (Ok(()), Some(kind)) => wrong.push(format!("it should fail with `{kind}`, but succeeds")),
        (Err(failure), Some(kind)) if failure.kind == kind => {}
        (Err(failure), _) => wrong.push(format!(
            "it fails with `{}`: {}",
            failure.kind,
            explain(&failure)
        )),
    }
}

/// Adds what differs between two lists to `wrong`.
pub(super) fn compare_lists(
    what: &str,
    expected: &[String],
    actual: &[String],
    wrong: &mut Vec<String>,
) {
    if expected != actual {
        wrong.push(format!(
            "`{what}` is not as expected\n  - {}\n  + {}",
            json!(expected),
            json!(actual)
        ));
    }
}

/// Compares the unusable items with the expected ones, and gives the reasons for any others.
pub(super) fn compare_broken(
    expected: &[String],
    actual: &[(String, String)],
    wrong: &mut Vec<String>,
) {
    let others = actual.iter().filter(|(key, _)| !expected.contains(key));
    wrong.extend(others.map(|(key, why)| format!("`{key}` is unusable: {why}")));
    let missing = expected
        .iter()
        .filter(|key| !actual.iter().any(|(known, _)| known == *key));
    wrong.extend(missing.map(|key| format!("`{key}` should be in `broken`, but is not")));
}

/// Adds what differs between the expected items and the actual ones to `wrong`.
pub(super) fn compare_items(
    what: &str,
    expected: &[Map<String, Value>],
    actual: &[Item],
    wrong: &mut Vec<String>,
) {
    if expected.len() != actual.len() {
        let (expected, actual) = (expected.len(), actual.len());
        wrong.push(format!("the number of items\n  - {expected}\n  + {actual}"));
    }
    let actual: Vec<_> = actual.iter().map(item_json).collect();
    for (at, item) in actual.iter().enumerate().skip(expected.len()) {
        wrong.push(format!(
            "{what} {} is unexpected\n  + {}",
            at + 1,
            json!(item)
        ));
    }
    for (at, expected) in expected.iter().enumerate() {
        let Some(item) = actual.get(at) else {
            let expected = json!(expected);
            wrong.push(format!("{what} {} is missing\n  - {expected}", at + 1));
            continue;
        };
        let what = format!("{what} {}", at + 1);
        compare_fields(&what, expected, item, wrong);
    }
}

/// Compares an item with the fields that are given.
pub(super) fn compare_fields(
    what: &str,
    expected: &Map<String, Value>,
    item: &Map<String, Value>,
    wrong: &mut Vec<String>,
) {
    for (field, value) in expected {
        if !FIELDS.contains(&field.as_str()) {
            let distance = |known: &&&str| strsim::damerau_levenshtein(field, known);
            let near = FIELDS.iter().min_by_key(distance);
            let near = match near.filter(|near| distance(near) <= 2) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", FIELDS.join(", ")),
            };
            let field = field.escape_debug();
            wrong.push(format!("{what}: no such field `{field}`; {near}"));
            continue;
        }
        let is = item.get(field).unwrap_or(&Value::Null);
        if !has(value, is) {
            wrong.push(format!("{what}: `{field}`\n  - {value}\n  + {is}"));
        }
    }
}

/// Checks whether a value is as expected: of an object, only the given fields.
fn has(expected: &Value, is: &Value) -> bool {
    match (expected, is) {
        (Value::Object(expected), Value::Object(is)) => expected
            .iter()
            .all(|(name, value)| is.get(name).is_some_and(|is| has(value, is))),
        _ => expected == is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_no_item_has_is_told() {
        let table = [
            (
                "titel",
                "item 1: no such field `titel`; did you mean `title`?",
            ),
            (
                "likes",
                "item 1: no such field `likes`; there are key, url, mirrors",
            ),
        ];
        for (field, expected) in table {
            let given = Map::from_iter([(field.to_owned(), json!("x"))]);
            let mut wrong = Vec::new();
            compare_fields("item 1", &given, &Map::new(), &mut wrong);
            assert!(
                wrong.len() == 1 && wrong[0].starts_with(expected),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn of_an_object_the_fields_that_are_given_count() {
        let is = json!({ "id": "a", "count": 2 });
        for (expected, fits) in [
            (json!({ "id": "a" }), true),
            (json!({ "id": "b" }), false),
            (json!({ "other": null }), false),
            (json!("a"), false),
        ] {
            assert_eq!(has(&expected, &is), fits, "{expected}");
        }
    }
}
