//! Environment variables that look like settings but have no effect.

use std::collections::BTreeSet;

use serde_json::Value;

use super::messages::{eprint, warn};
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::source::nearest;

/// The prefix of variables that are settings.
const PREFIX: &str = "FETCH_";

/// Warns about every variable with the prefix that has no effect. Values are not shown.
pub(super) fn warn_of_all(config: &Config) -> Result<()> {
    warn_of(config, |_, _| true)
}

/// Warns only about those with one `_` where a key has two: others may belong to another program.
pub(super) fn warn_of_typos(config: &Config) -> Result<()> {
    warn_of(config, |stray, keys| {
        keys.iter().any(|key| bare(key) == bare(stray))
    })
}

fn warn_of(config: &Config, is_meant: fn(&str, &[String]) -> bool) -> Result<()> {
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let strays = variables.filter(|name| name.starts_with(PREFIX) && !name.contains("__"));
    let strays: BTreeSet<_> = strays.collect();
    if strays.is_empty() {
        return Ok(());
    }
    let schema = serde_json::from_str(&config.schema()?).unwrap_or_default();
    let mut keys = Vec::new();
    collect(&schema, "", &mut keys);
    for stray in strays.iter().filter(|stray| is_meant(stray, &keys)) {
        let message = format!("the variable `{stray}` has no effect");
        let error = Error::new(Kind::Config, message);
        eprint(&warn(&match suggestion(stray, &keys) {
            Some(key) => error.hint(format!("did you mean `{key}`?")),
            None => error.hint("put two `_` between section and key: `FETCH_NET__RETRIES`"),
        }));
    }
    Ok(())
}

/// Collects the variable names of all keys below a part of the schema.
fn collect(schema: &Value, start: &str, keys: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        keys.extend(start.strip_prefix("__").map(|key| format!("{PREFIX}{key}")));
        return;
    };
    for (key, schema) in properties {
        collect(
            schema,
            &format!("{start}__{}", key.to_ascii_uppercase()),
            keys,
        );
    }
}

/// The variable that was most likely meant.
fn suggestion<'a>(name: &str, keys: &'a [String]) -> Option<&'a str> {
    let bares: Vec<_> = keys.iter().map(|key| bare(key)).collect();
    let bares: Vec<_> = bares.iter().map(String::as_str).collect();
    let without_section = format!("__{}", bare(name));
    let ends = || keys.iter().position(|key| key.ends_with(&without_section));
    let near = nearest(&bare(name), &bares);
    let near = near.and_then(|near| bares.iter().position(|bare| *bare == near));
    keys.get(near.or_else(ends)?).map(String::as_str)
}

/// The name of a variable without its prefix, with each `__` as `_`.
fn bare(name: &str) -> String {
    name[PREFIX.len()..].replace("__", "_")
}
