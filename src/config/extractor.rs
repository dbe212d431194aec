//! `[extractor]`: external programs that are asked for links that no source recognises.

use std::num::NonZeroUsize;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::all::Config;
use super::author::{Author, needs_own_file};
use super::read::wrong;
use super::sections::non_empty;
use super::value::{Span, path};
use crate::model::{Error, Kind, Result};

/// Which programs are asked, when, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Extractor {
    order: Order,
    programs: Vec<Program>,
    timeout: Span,
    processes: NonZeroUsize,
    gallerydl: Gallerydl,
    ytdlp: Ytdlp,
}

/// When they are asked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Off,
    First,
    Last,
}

/// The supported programs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Program {
    Gallerydl,
    Ytdlp,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Gallerydl {
    path: Option<String>,
    config: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Ytdlp {
    path: Option<String>,
}

impl Default for Extractor {
    fn default() -> Self {
        Extractor {
            order: Order::Last,
            programs: vec![Program::Gallerydl, Program::Ytdlp],
            timeout: Span(std::time::Duration::from_secs(120)),
            processes: NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN),
            gallerydl: Gallerydl::default(),
            ytdlp: Ytdlp::default(),
        }
    }
}

impl Config {
    /// Returns the settings of external extractors, together with the wanted video quality, in the form that their
    /// caller reads.
    ///
    /// # Errors
    /// [`Kind::Config`] for a program with a path relative to the current folder, or one that is set in a file that
    /// others can write.
    pub fn extractor<T: DeserializeOwned>(&self) -> Result<T> {
        let set = &self.sections.extractor;
        let placed = |program: &str, key: &str, text: &Option<String>| {
            let Some(text) = non_empty(text) else {
                return Ok(None);
            };
            let entry = self.last_entry(&["extractor", program, key]);
            if let Some(entry) = entry.filter(|entry| entry.author == Author::Shared) {
                return Err(needs_own_file(entry, "a program is run"));
            }
            let found = path(text);
            let is_name = key == "path" && found.components().count() == 1;
            match (found.is_absolute() || is_name, entry) {
                (true, _) => Ok(Some(found)),
                (false, entry) => {
                    let why = format!("`{text}` is relative to the current folder");
                    let error = match entry {
                        Some(entry) => wrong(entry, &why),
                        None => Error::new(Kind::Config, why),
                    };
                    Err(error.hint("write its absolute path"))
                }
            }
        };
        let known = json!({
            "order": set.order,
            "programs": set.programs,
            "timeout": u64::try_from(set.timeout.0.as_millis()).unwrap_or(u64::MAX),
            "processes": set.processes,
            "quality": self.sections.stream.quality(),
            "gallerydl": {
                "path": placed("gallerydl", "path", &set.gallerydl.path)?,
                "config": placed("gallerydl", "config", &set.gallerydl.config)?,
            },
            "ytdlp": { "path": placed("ytdlp", "path", &set.ytdlp.path)? },
        });
        serde_json::from_value(known).map_err(|error| {
            Error::new(Kind::Config, "the settings of `[extractor]` cannot be used").because(error)
        })
    }
}
