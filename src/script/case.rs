//! A case of a plugin: a link, what its site answers, and what is to come of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::failure::visible;
use super::package::{cannot, plain};
use crate::model::{Error, Kind, Result};

/// The most bytes of a case, or of a file of its answers.
const LONGEST: u64 = 4 << 20;

/// A file `cases/NAME.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) link: String,
    /// Where an earlier listing has stopped.
    pub(super) resume: Option<String>,
    /// What the user has set.
    #[serde(default)]
    pub(super) options: Map<String, Value>,
    #[serde(default, rename = "answer")]
    pub(super) answers: Vec<Recorded>,
    /// The items that come, in their order. Of each, the fields that are given must be so.
    #[serde(default, rename = "item")]
    pub(super) items: Vec<Map<String, Value>>,
    /// The links that are handed on, in their order.
    #[serde(default)]
    pub(super) delegated: Vec<String>,
    /// The places to go on from, in their order, where they matter.
    pub(super) checkpoints: Option<Vec<String>>,
    /// The reason for which the listing fails.
    pub(super) error: Option<Kind>,
}

/// An answer of the site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    pub(super) url: Url,
    /// What is posted to it; without, it is a GET.
    pub(super) posted: Option<String>,
    #[serde(default = "well")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
    /// The name of a file beside the case that has the body.
    file: Option<String>,
}

fn well() -> u16 {
    200
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
