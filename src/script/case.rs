//! A case of a plugin: a link, what its site answers, and what is to come of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::failure::visible;
use super::package::{cannot, plain};
use crate::model::{Error, Kind, Result};

/// The most bytes of a case, or of a file of its answers.
pub(super) const LONGEST: u64 = 4 << 20;

/// A file `cases/NAME.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) link: String,
    /// Where an earlier listing has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resume: Option<String>,
    /// The reason for which the listing fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Kind>,
    /// The keys of items, and the links, that are of no use as the site tells them, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) broken: Vec<String>,
    /// What is warned of, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warned: Vec<String>,
    /// The links that are handed on, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) delegated: Vec<String>,
    /// The places to go on from, in their order, where they matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoints: Option<Vec<String>>,
    /// What the user has set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) options: Map<String, Value>,
    #[serde(default, rename = "answer", skip_serializing_if = "Vec::is_empty")]
    pub(super) answers: Vec<Recorded>,
    /// The items that come, in their order. Of each, the fields that are given must be so.
    #[serde(default, rename = "item", skip_serializing_if = "Vec::is_empty")]
    pub(super) items: Vec<Map<String, Value>>,
    /// What items, by their keys, are when they are resolved after the listing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resolved: Vec<Map<String, Value>>,
}

/// An answer of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    pub(super) url: Url,
    /// Where it led, if elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) led_to: Option<Url>,
    /// What is posted to it; without, it is a GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) posted: Option<String>,
    #[serde(default = "well", skip_serializing_if = "is_well")]
    pub(super) status: u16,
    /// The name of a file beside the case that has the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
}

fn well() -> u16 {
    200
}

fn is_well(status: &u16) -> bool {
    *status == well()
}

impl Case {
    /// Reads a case. No link is followed.
    ///
    /// # Errors
    /// [`Kind::Config`], with file and line, for what is none, and for a file that cannot be read.
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
                let message = format!("`{shown}`: `{}` is no name of a file", name.escape_debug());
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
