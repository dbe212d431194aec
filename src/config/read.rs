//! Turns layers into a struct: checks keys, converts values to the types of its fields, and lays later layers over
//! earlier ones.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::author::Author;
use super::folder;
use super::known;
use super::layer::{Entry, Layer, Raw};
use super::parsed::VERBATIM;
use super::secret_reader::SecretReader;
use super::tree::{Tree, merge, nest};
use crate::model::{Error, Kind, Result};
pub(super) use crate::net::names_secret as is_secret;

/// Reads the settings of a section over their defaults. `section` is the start of the paths of its entries.
pub(super) fn read<T: DeserializeOwned + Serialize + Default>(
    layers: &[Layer],
    section: &[String],
    secrets: &SecretReader,
) -> Result<T> {
    read_known(&known::keys_of::<T>()?, layers, section, secrets)
}

/// Does the same with the given known keys.
pub(super) fn read_known<T: DeserializeOwned>(
    known: &Value,
    layers: &[Layer],
    section: &[String],
    secrets: &SecretReader,
) -> Result<T> {
    // Trying out one entry alone shows which one is wrong, but only if all others may be missing.
    let allows_missing = serde_json::from_value::<T>(json!({})).is_ok();
    let mut trees = Vec::new();
    for layer in layers {
        let mut tree = Tree::default();
        for entry in &layer.entries {
            if !entry.path.starts_with(section) {
                continue;
            }
            known::check(entry, section, known)?;
            let path = &entry.path[section.len()..];
            if path.is_empty() {
                if entry.raw != Raw::Table {
                    return Err(table_expected(entry));
                }
                continue;
            }
            let default = known::find(known, path);
            if let Some(default) = default {
                folder::check_option(entry, default)?;
            }
            if let Some(value) = value::<T>(entry, path, default, allows_missing, secrets)? {
                tree.set(path, &entry.place, value);
            }
        }
        trees.push(tree);
    }
    let cannot = |error: &dyn std::fmt::Display| {
        let message = format!("cannot use the settings of `[{}]`", section.join("."));
        Error::new(Kind::Config, message).because(error.to_string())
    };
    let merged = merge(trees).map_err(|error| cannot(&error))?;
    serde_json::from_value(merged).map_err(|error| cannot(&error))
}

/// Returns the value of an entry, or nothing if it counts as not set.
fn value<T: DeserializeOwned>(
    entry: &Entry,
    path: &[String],
    default: Option<&Value>,
    allows_missing: bool,
    secrets: &SecretReader,
) -> Result<Option<Value>> {
    // A job refers to its secrets, which are read when it runs.
    let is_secret = entry.path[0] != "job"
        && (path.last().is_some_and(|key| is_secret(key))
            || default.is_some_and(|default| default == "***"));
    let try_out = |value: &Value| match allows_missing {
        true => serde_json::from_value::<T>(nest(path, value.clone())).map(|_| ()),
        false => Ok(()),
    };
    let is_table = matches!(default, Some(Value::Object(_)));
    let candidates = match &entry.raw {
        // Serde would take a list for the values of the table, in order.
        Raw::Typed(value) if is_table && !value.is_object() => {
            return Err(table_expected(entry));
        }
        // The known keys say whether there must be a value here; without a known key, any table will do.
        Raw::Table => match default {
            // A job exists even if its section is empty.
            Some(Value::Object(_)) => return Ok(Some(json!({}))),
            None => return Ok(None),
            Some(Value::Null) if try_out(&json!({})).is_ok() => return Ok(None),
            Some(_) => return Err(wrong(entry, &describe_expected(&try_out(&json!({}))))),
        },
        Raw::Typed(Value::String(text)) if is_secret => match secrets.resolve(entry, text)? {
            Some(text) => vec![Value::String(text)],
            None => return Ok(None),
        },
        Raw::Typed(value) => vec![value.clone()],
        Raw::Text(text) if is_secret => match secrets.resolve(entry, text)? {
            Some(text) => readings(&text),
            None => return Ok(None),
        },
        // As above, a list would be taken for the values of the table.
        Raw::Text(text) if is_table => {
            let mut tables = readings(text);
            tables.retain(Value::is_object);
            if tables.is_empty() {
                return Err(table_expected(entry));
            }
            tables
        }
        Raw::Text(text) => readings(text),
    };
    let mut refusal = None;
    for candidate in candidates {
        match try_out(&candidate) {
            Ok(()) => return Ok(Some(candidate)),
            // If a list is expected, report what is wrong with the text read as a list.
            Err(error) => match &refusal {
                Some(Err(known)) if candidate.is_array() && wants_list(known) => {
                    refusal = Some(Err(error));
                }
                Some(_) => {}
                None => refusal = Some(Err(error)),
            },
        }
    }
    Err(wrong(entry, &describe_expected(&refusal.unwrap_or(Ok(())))))
}

fn wants_list(error: &serde_json::Error) -> bool {
    error.to_string().ends_with("expected a sequence")
}

/// Returns the possible readings of a text, simplest first: the text itself, a TOML value, a comma-separated list.
fn readings(text: &str) -> Vec<Value> {
    let mut readings = vec![Value::String(text.to_owned())];
    let line = format!("x = {text}");
    if let Ok(layer) = Layer::toml("".as_ref(), &line, Author::Typed)
        && let [
            Entry {
                raw: Raw::Typed(value),
                ..
            },
        ] = layer.entries.as_slice()
    {
        readings.push(value.clone());
    }
    readings.push(text.split(',').map(|part| json!(part.trim())).collect());
    readings
}

/// Returns the error for an entry with an invalid value. It does not show the value, which may be a secret.
pub(super) fn wrong(entry: &Entry, why: &str) -> Error {
    let key = entry.path.join(".");
    let message = format!("wrong value for `{key}` in {}: {why}", entry.place);
    Error::new(Kind::Config, message)
}

/// Returns the error for a value that should be a table, with a hint on how to write one.
fn table_expected(entry: &Entry) -> Error {
    let error = wrong(entry, "expected a table");
    match entry.path.first().map(String::as_str) {
        Some("job") if entry.path.len() < 3 => {
            error.hint("a job has a name, and a section of its own: `[job.NAME]`")
        }
        Some("host") if entry.path.len() < 3 => {
            error.hint("a host has a section of its own: `[host.\"example.org\"]`")
        }
        Some("source") if entry.path.len() < 3 => {
            error.hint("a source has a section of its own: `[source.NAME]`")
        }
        _ => error,
    }
}

/// Describes the expected value in plain words, without showing the value itself.
fn describe_expected(error: &Result<(), serde_json::Error>) -> String {
    let Err(error) = error else {
        return "expected something else".to_owned();
    };
    let text = error.to_string();
    if let Some(explained) = text.strip_prefix(VERBATIM) {
        return explained.to_owned();
    }
    let wanted = match text.split_once("expected ") {
        Some((_, wanted)) => wanted,
        None => return text,
    };
    let wanted = match wanted {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" => "text in quotes",
        // Serde's words for an enum, which is one of several words.
        "string or map" => "text in quotes",
        "a sequence" => "a list in brackets",
        "a map" => "a table",
        _ if wanted.starts_with("a nonzero") => "a whole number, 1 or more",
        _ if wanted.starts_with("struct ") => "a table",
        other => other,
    };
    format!("expected {wanted}")
}
