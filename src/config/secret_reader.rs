//! Reads secrets from where they are kept: `env:NAME`, `file:PATH`, `cmd:PROGRAM ARGS`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::author::{Author, needs_own_file};
use super::environment::Environment;
use super::layer::Entry;
use super::program::first_line;
use super::value::path;
use crate::model::{Error, Kind, Result};

/// The environment, and the secrets that programs have printed.
#[derive(Clone, Default)]
pub(super) struct SecretReader {
    pub(super) environment: Environment,
    /// Secrets by command, so that each program is run once.
    printed: Arc<Mutex<HashMap<String, String>>>,
}

/// Checks whether a text says where a secret is kept.
pub(super) fn is_reference(text: &str) -> bool {
    ["env:", "file:", "cmd:"]
        .iter()
        .any(|start| text.starts_with(start))
}

impl SecretReader {
    pub(super) fn new(environment: Environment) -> SecretReader {
        SecretReader {
            environment,
            ..SecretReader::default()
        }
    }

    /// Returns the secret in this text, or the one that is kept where the text says. An unset or empty variable, or an
    /// empty file, means that the secret is not set.
    pub(super) fn resolve(&self, entry: &Entry, text: &str) -> Result<Option<String>> {
        if let Some(name) = text.strip_prefix("env:") {
            let value = self.environment.text(name);
            let value = value.map_err(|error| for_entry(error, entry))?;
            return Ok(value.map(str::to_owned));
        }
        if let Some(file) = text.strip_prefix("file:") {
            let path = path(file);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                let what = format!("cannot read `{}`", path.display());
                for_entry(Error::new(Kind::Config, what).because(error), entry)
            })?;
            let text = text.trim().to_owned();
            return Ok((!text.is_empty()).then_some(text));
        }
        if let Some(command) = text.strip_prefix("cmd:") {
            if entry.author != Author::Own {
                return Err(needs_own_file(entry, "`cmd:` is allowed"));
            }
            // One program at a time: two passphrase prompts would get in each other's way.
            let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(secret) = printed.get(command) {
                return Ok(Some(secret.clone()));
            }
            let secret = first_line(command).map_err(|error| for_entry(error, entry))?;
            printed.insert(command.to_owned(), secret.clone());
            return Ok(Some(secret));
        }
        Ok(Some(text.to_owned()))
    }
}

fn for_entry(mut error: Error, entry: &Entry) -> Error {
    let key = entry.path.join(".");
    error.message = format!("{} for `{key}` in {}", error.message, entry.place);
    error
}
