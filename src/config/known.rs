//! The known keys, and the error for an unknown one.

use serde::Serialize;
use serde_json::Value;

use super::layer::Entry;
use crate::model::{Error, Kind, Result};
use crate::source::nearest;

/// Returns the known keys: those of the default settings, with their values. Secrets among these show as `***`.
pub(super) fn keys_of<T: Serialize + Default>() -> Result<Value> {
    serde_json::to_value(T::default()).map_err(|error| {
        Error::new(Kind::Config, "the default settings cannot be shown").because(error)
    })
}

/// The name that stands for any table name that the user chooses, such as that of a host or a job.
pub(super) const ANY: &str = "*";

/// Refuses an entry whose key is not among the known ones: those of the default settings. Below a default that is empty
/// or unset, any key is allowed. `section` is the section that the known keys belong to, and the start of the path.
pub(super) fn check(entry: &Entry, section: &[String], known: &Value) -> Result<()> {
    let mut here = known;
    for (depth, key) in entry.path.iter().enumerate().skip(section.len()) {
        let Value::Object(keys) = here else {
            return Ok(());
        };
        // An empty section, however, is a source without options: it has only the keys of every source.
        if keys.is_empty() && depth > section.len() {
            return Ok(());
        }
        let any = keys.get(ANY).filter(|_| key != ANY);
        here = match any.or_else(|| keys.get(key).filter(|_| key != ANY)) {
            Some(next) => next,
            None => {
                let message = format!("unknown key `{key}` in {}", entry.place);
                if key == ANY {
                    let hint = "a section applies to the one name in it; there are no patterns";
                    return Err(Error::new(Kind::Config, message).hint(hint));
                }
                let mut names: Vec<&str> = keys.keys().map(String::as_str).collect();
                // Every source has this key, although none defines it.
                if depth == section.len() && matches!(section, [first, _] if first == "source") {
                    names.push("template");
                    names.sort_unstable();
                }
                let hint = match nearest(key, &names).map(str::to_owned) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => match in_other_section(key, known, section) {
                        Some(path) => format!("did you mean `{path}`?"),
                        None => unquoted_host_hint(&entry.path, depth, &names)
                            .unwrap_or_else(|| known_ones(&entry.path[..depth], &names)),
                    },
                };
                return Err(Error::new(Kind::Config, message).hint(hint));
            }
        };
    }
    Ok(())
}

/// Returns the default of the known key at a path.
pub(super) fn find<'a>(known: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter()
        .try_fold(known, |keys, key| keys.get(ANY).or_else(|| keys.get(key)))
}

/// Joins names in backticks with commas.
pub(super) fn join_quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn known_ones(section: &[String], names: &[&str]) -> String {
    match section {
        [] => format!("the sections are {}", join_quoted(names)),
        section => format!(
            "the keys of `[{}]` are {}",
            section.join("."),
            join_quoted(names)
        ),
    }
}

/// Returns a hint for a host name whose dots were taken for those of the key.
fn unquoted_host_hint(path: &[String], depth: usize, names: &[&str]) -> Option<String> {
    let [section, name @ ..] = path else {
        return None;
    };
    if section != "host" || depth != 2 {
        return None;
    }
    let end = name.len() - usize::from(name.last().is_some_and(|key| names.contains(&&**key)));
    let name = name[..end].join(".");
    Some(format!("put a name with dots in quotes: `host.\"{name}\"`"))
}

/// Finds the same key in another section.
fn in_other_section(key: &str, known: &Value, section: &[String]) -> Option<String> {
    let sections = known.as_object().filter(|_| section.is_empty())?;
    let (section, _) = sections.iter().find(|(_, keys)| keys.get(key).is_some())?;
    Some(format!("{section}.{key}"))
}
