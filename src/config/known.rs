//! Which keys are known, and what is said of an unknown one.

use serde::Serialize;
use serde_json::Value;

use super::layer::Entry;
use crate::model::{Error, Kind, Result};
use crate::source::nearest;

/// The known keys: those of the default settings, with their values. Secrets among these show as `***`.
pub(super) fn of<T: Serialize + Default>() -> Result<Value> {
    serde_json::to_value(T::default()).map_err(|error| {
        Error::new(Kind::Config, "the default settings cannot be shown").because(error)
    })
}

/// The key under which the known keys are for tables whose names the user chooses.
pub(super) const ANY: &str = "*";

/// Refuses an entry whose key is not among the known ones: those of the default settings. What stands below a default
/// that is empty or unset can be anything. `section` is what the known keys belong to, and the start of the path.
pub(super) fn check(entry: &Entry, section: &[String], known: &Value) -> Result<()> {
    let mut here = known;
    for (depth, key) in entry.path.iter().enumerate().skip(section.len()) {
        let Value::Object(keys) = here else {
            return Ok(());
        };
        // Where that is a whole section, it has no keys but those of every source.
        if keys.is_empty() && depth > section.len() {
            return Ok(());
        }
        let any = keys.get(ANY).filter(|_| key != ANY);
        here = match any.or_else(|| keys.get(key).filter(|_| key != ANY)) {
            Some(next) => next,
            None => {
                let message = format!("unknown key `{key}` in {}", entry.at);
                if key == ANY {
                    let hint = "a section is for the one that it names";
                    return Err(Error::new(Kind::Config, message).hint(hint));
                }
                let mut names: Vec<&str> = keys.keys().map(String::as_str).collect();
                // Each source has that, and none says so itself.
                if depth == section.len() && matches!(section, [first, _] if first == "source") {
                    names.push("template");
                    names.sort_unstable();
                }
                let hint = match nearest(key, &names).map(str::to_owned) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => match elsewhere(key, known, section) {
                        Some(path) => format!("did you mean `{path}`?"),
                        None => unquoted(&entry.path, depth, &names)
                            .unwrap_or_else(|| known_ones(&entry.path[..depth], &names)),
                    },
                };
                return Err(Error::new(Kind::Config, message).hint(hint));
            }
        };
    }
    Ok(())
}

/// The known key at a path, with its default.
pub(super) fn find<'a>(known: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter()
        .try_fold(known, |keys, key| keys.get(ANY).or_else(|| keys.get(key)))
}

/// Names in backticks, with commas.
pub(super) fn list(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn known_ones(section: &[String], names: &[&str]) -> String {
    match section {
        [] => format!("the sections are {}", list(names)),
        section => format!("the keys of `[{}]` are {}", section.join("."), list(names)),
    }
}

/// What to write where the dots of a host's name were taken for those of the key.
fn unquoted(path: &[String], depth: usize, names: &[&str]) -> Option<String> {
    let [section, name @ ..] = path else {
        return None;
    };
    if section != "host" || depth != 2 {
        return None;
    }
    let end = name.len() - usize::from(name.last().is_some_and(|key| names.contains(&&**key)));
    let name = name[..end].join(".");
    Some(format!(
        "a name with dots stands in quotes: `host.\"{name}\"`"
    ))
}

/// The same key in another section.
fn elsewhere(key: &str, known: &Value, section: &[String]) -> Option<String> {
    let sections = known.as_object().filter(|_| section.is_empty())?;
    let (section, _) = sections.iter().find(|(_, keys)| keys.get(key).is_some())?;
    Some(format!("{section}.{key}"))
}
