//! `config.example.toml`: every key with its default and its description.

use serde_json::Value;

use super::known::ANY;

/// The text that is written for a user who has no configuration yet.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A key as the example shows it.
#[derive(Debug)]
pub(super) struct ExampleKey {
    path: Vec<String>,
    /// The comment above it.
    pub(super) about: String,
    /// Its default, or an example value.
    pub(super) value: Value,
}

/// Returns all keys of the example.
pub(super) fn example_keys() -> Vec<ExampleKey> {
    let mut shown = Vec::new();
    let mut section = Vec::new();
    let mut about = String::new();
    for line in EXAMPLE.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            if !about.is_empty() {
                about.push(' ');
            }
            about.push_str(text);
            continue;
        }
        // A section whose name the user chooses is commented out, too.
        if let Some(line) = [Some(line), line.strip_prefix('#')]
            .into_iter()
            .flatten()
            .find(|line| line.starts_with('['))
        {
            section = path(line).0;
        } else if let Some(setting) = line.strip_prefix('#').filter(|line| !line.is_empty()) {
            let (key, value) = path(setting);
            shown.push(ExampleKey {
                path: [section.as_slice(), &key].concat(),
                about: std::mem::take(&mut about),
                value,
            });
        }
        about.clear();
    }
    shown
}

/// Finds the key with this path, in which `*` matches any name.
pub(super) fn find<'a>(shown: &'a [ExampleKey], path: &[String]) -> Option<&'a ExampleKey> {
    let fits = |(want, has): (&String, &String)| want == has || want == ANY;
    shown
        .iter()
        .find(|shown| shown.path.len() == path.len() && path.iter().zip(&shown.path).all(fits))
}

/// Splits a line of TOML into its key and its value.
fn path(line: &str) -> (Vec<String>, Value) {
    let mut value: Value = toml::from_str(line).unwrap_or_default();
    let mut path = Vec::new();
    while let Value::Object(table) = &mut value
        && table.len() == 1
        && (path.is_empty() || line.starts_with('['))
        && let Some((key, inner)) = std::mem::take(table).into_iter().next()
    {
        path.push(key);
        value = inner;
    }
    (path, value)
}
