//! Prints settings without secrets.

use std::fmt::Write;

use config::{Value, ValueKind};
use serde_json::Value as Json;
use url::Url;

use super::all::Config;
use super::known::ANY;
use super::layer::Raw;
use super::read::is_secret;
use super::secret_reader::is_reference;
use super::tree::{Tree, merge_with_places, to_json};
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;

impl Config {
    /// Returns all settings as TOML; those of sources only if they are set. Secrets show as `***`. With `origin`, each
    /// line ends with the place that the value comes from.
    ///
    /// # Errors
    /// Only in case of a bug.
    pub fn show(&self, origin: bool) -> Result<String> {
        let cannot = |error: &dyn std::fmt::Display| {
            Error::new(Kind::Config, "cannot show the settings").because(error.to_string())
        };
        let trees = self.layers.iter().map(|layer| {
            let mut tree = Tree::default();
            for entry in &layer.entries {
                match &entry.raw {
                    Raw::Table => {}
                    Raw::Typed(value) => tree.set(&entry.path, &entry.place, value.clone()),
                    Raw::Text(text) => tree.set(&entry.path, &entry.place, text.as_str().into()),
                }
            }
            tree
        });
        let given = merge_with_places(trees.collect()).map_err(|error| cannot(&error))?;
        let effective = serde_json::to_value(&self.sections).map_err(|error| cannot(&error))?;
        let mut text = String::new();
        for name in ["output", "after", "archive", "net", "stream", "extractor"] {
            section(&mut text, name, &effective[name], get(&given, name), origin);
        }
        for kind in ["host", "job"] {
            let named = effective[kind].as_object().into_iter().flatten();
            for (name, keys) in named.filter(|(name, _)| *name != ANY) {
                title(&mut text, &format!("{kind}.{}", quoted(name)));
                let given = get(&given, kind).and_then(|names| get(names, name));
                for (key, value) in keys.as_object().into_iter().flatten() {
                    setting(&mut text, key, value, given, origin);
                }
            }
        }
        if let Some(ValueKind::Table(sources)) = get(&given, "source").map(|value| &value.kind) {
            let known = self.options();
            let mut sources: Vec<_> = sources.iter().collect();
            sources.sort_by_key(|(name, _)| *name);
            for (name, options) in sources {
                title(&mut text, &format!("source.{name}"));
                let ValueKind::Table(options) = &options.kind else {
                    continue;
                };
                let mut options: Vec<_> = options.iter().collect();
                options.sort_by_key(|(key, _)| *key);
                for (key, value) in options {
                    let place = value.origin().filter(|_| origin);
                    let default = known.get(name).and_then(|known| known.known.get(key));
                    let key_of_secret = default.filter(|default| *default == "***");
                    let value = match (to_json(value), key_of_secret) {
                        (Json::String(text), Some(hidden)) if !is_reference(&text) => {
                            hidden.clone()
                        }
                        (value, _) => value,
                    };
                    line(&mut text, key, &value, place);
                }
            }
        }
        Ok(text)
    }
}

/// Writes a section, then its subsections.
fn section(text: &mut String, name: &str, keys: &Json, given: Option<&Value>, origin: bool) {
    title(text, name);
    let keys = || keys.as_object().into_iter().flatten();
    for (key, value) in keys().filter(|(_, value)| !value.is_object()) {
        setting(text, key, value, given, origin);
    }
    for (key, value) in keys().filter(|(_, value)| value.is_object()) {
        let given = given.and_then(|given| get(given, key));
        section(text, &format!("{name}.{key}"), value, given, origin);
    }
}

fn setting(text: &mut String, key: &str, value: &Json, given: Option<&Value>, origin: bool) {
    let place = given.and_then(|keys| get(keys, key)).and_then(place_of);
    let place = origin.then_some(place.unwrap_or("default"));
    line(text, key, value, place);
}

fn get<'a>(table: &'a Value, key: &str) -> Option<&'a Value> {
    match &table.kind {
        ValueKind::Table(table) => table.get(key),
        _ => None,
    }
}

/// Returns the place of a value; for a table, that of its first key.
fn place_of(value: &Value) -> Option<&str> {
    match &value.kind {
        ValueKind::Table(table) => {
            let (_, first) = table.iter().min_by_key(|(key, _)| *key)?;
            place_of(first)
        }
        _ => value.origin(),
    }
}

/// Returns a key in TOML syntax.
fn quoted(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !key.is_empty() && key.chars().all(is_bare) {
        true => key.to_owned(),
        false => Json::from(key).to_string(),
    }
}

fn title(text: &mut String, section: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "[{section}]");
}

fn line(text: &mut String, key: &str, value: &Json, place: Option<&str>) {
    let mut line = match value {
        Json::Null => format!("# {key} is not set"),
        value => format!("{key} = {}", redact(key, value)),
    };
    if let Some(place) = place {
        line.push_str(&format!("  # {place}"));
    }
    let _ = writeln!(text, "{line}");
}

/// Returns a value in TOML syntax. A secret is hidden, but a reference to where it is kept is shown.
fn redact(key: &str, value: &Json) -> String {
    match value {
        Json::String(text) => {
            let is_place = is_reference(text);
            let shown = match is_secret(key) && !is_place {
                true => "***".to_owned(),
                false => redacted(key, text),
            };
            Json::String(shown).to_string()
        }
        Json::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| redact(key, value)).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(table) => {
            let values: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{} = {}", quoted(key), redact(key, value)))
                .collect();
            match values.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{ {} }}", values.join(", ")),
            }
        }
        _ if is_secret(key) => "\"***\"".to_owned(),
        other => other.to_string(),
    }
}

/// Hides the secrets of a text if it is a link; under `links`, also if it is one without a scheme. Any other text is
/// unchanged.
fn redacted(key: &str, text: &str) -> String {
    let hidden = |text: &str| {
        let url = Url::parse(text).ok()?;
        let shown = Redacted(&url).to_string();
        (shown != url.as_str()).then_some(shown)
    };
    let without_scheme = || {
        // Under other keys, a text with an `@` may be a folder, a template, a sentence.
        if key != "links" {
            return None;
        }
        let shown = hidden(&format!("https://{text}"))?;
        Some(shown.strip_prefix("https://")?.to_owned())
    };
    hidden(text)
        .or_else(without_scheme)
        .unwrap_or_else(|| text.to_owned())
}
