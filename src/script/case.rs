//! A case of a plugin: a link, the site's responses, and the expected entries.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::failure::visible;
use super::package::{cannot, plain};
use crate::model::{Error, Kind, Result};

/// The maximum size in bytes of a case, or of a body in a file next to it.
pub(super) const LONGEST: u64 = 4 << 20;

/// A file `cases/NAME.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) link: String,
    /// Where an earlier listing stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resume: Option<String>,
    /// The kind of error that the listing fails with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Kind>,
    /// The keys of items, and the links, that are unusable as the site gives them, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) broken: Vec<String>,
    /// The expected warnings, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warned: Vec<String>,
    /// The links that are delegated, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) delegated: Vec<String>,
    /// The checkpoints in order, if they matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoints: Option<Vec<String>>,
    /// The options that the user has set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) options: Map<String, Value>,
    #[serde(default, rename = "answer", skip_serializing_if = "Vec::is_empty")]
    pub(super) answers: Vec<Recorded>,
    /// The expected items, in order. Only the fields given here are compared.
    #[serde(default, rename = "item", skip_serializing_if = "Vec::is_empty")]
    pub(super) items: Vec<Map<String, Value>>,
    /// Items, by their keys, as they should be when resolved after the listing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resolved: Vec<Map<String, Value>>,
}

/// A response of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    pub(super) url: Url,
    /// The final URL after redirects, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) led_to: Option<Url>,
    /// The body of a POST; without it, the request is a GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) posted: Option<String>,
    #[serde(default = "ok_status", skip_serializing_if = "is_ok_status")]
    pub(super) status: u16,
    /// The name of a file next to the case that holds the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
}

fn ok_status() -> u16 {
    200
}

fn is_ok_status(status: &u16) -> bool {
    *status == ok_status()
}

impl Case {
    /// Reads a case. No symlink is followed.
    ///
    /// # Errors
    /// [`Kind::Config`], with file and line, if it is invalid or cannot be read.
    pub(super) fn read(path: &Path) -> Result<Case> {
        let shown = path.display();
        let text = text(path)?;
        let mut case: Case = toml::from_str(&text).map_err(|error| {
            let before = error.span().map(|span| &text[..span.start.min(text.len())]);
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            let why = visible(error.message());
            Error::new(Kind::Config, format!("`{shown}`, line {line}: {why}"))
        })?;
        for answer in &mut case.answers {
            let Some(name) = &answer.file else { continue };
            if name.contains(['/', '\\']) || name.starts_with('.') {
                let message = format!("`{shown}`: `{}` is not a file name", name.escape_debug());
                return Err(Error::new(Kind::Config, message));
            }
            answer.body = self::text(&path.with_file_name(name))?;
        }
        Ok(case)
    }
}

fn text(path: &Path) -> Result<String> {
    let text = plain(path, LONGEST).map_err(|error| cannot(path).because(error))?;
    match text.len() as u64 > LONGEST {
        true => {
            let why = io::Error::other(format!("it is longer than {LONGEST} bytes"));
            Err(cannot(path).because(why))
        }
        false => Ok(text),
    }
}
