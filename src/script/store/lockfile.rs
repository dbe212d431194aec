//! `plugins.lock`: the known indexes, the installed plugins, and the trusted folders.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Repository;
use super::index::Index;
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::script::Manifest;
use crate::script::manifest::is_id;

/// The current file format.
const FORMAT: u32 = 1;

/// The content of `plugins.lock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockfile {
    format: u32,
    /// Indexes by the user's names for them.
    #[serde(default)]
    pub indexes: BTreeMap<String, KnownIndex>,
    /// Installed plugins by id.
    #[serde(default)]
    pub plugins: BTreeMap<String, Installed>,
    /// Folders whose plugins are trusted, with the digest that they must have.
    #[serde(default)]
    pub trusted: BTreeMap<String, String>,
}

/// An index that the user has added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownIndex {
    /// The folder that it is in.
    pub url: Url,
    /// The key that it must be signed with.
    pub key: String,
    /// The key that it has announced as its next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The highest serial seen so far.
    pub serial: u64,
}

/// A plugin that is installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// The version in use.
    pub current: Release,
    /// Its manifest. Keeping it here means that only one file is read at startup, however much is installed; it is
    /// checked when the plugin is used.
    pub manifest: Manifest,
    /// The previous version, for going back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Release>,
    /// Whether the user wants it to replace a built-in plugin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_builtin: bool,
}

/// One version of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Who published it.
    #[serde(rename = "giver")]
    pub publisher: Publisher,
    /// A digest of its scripts, see [`crate::script::Package::tree`].
    pub tree: String,
    /// The key of the index it came from: the name is the user's, and may come to mean another index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The source of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Publisher {
    /// The index of this name.
    Index(String),
    /// A repository, and the commit used.
    Git(Repository, String),
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Publisher::Index(name) => write!(f, "index {name}"),
            Publisher::Git(repository, commit) => {
                write!(
                    f,
                    "git {} at {}",
                    repository.shown(),
                    commit.get(..12).unwrap_or(commit)
                )
            }
        }
    }
}

impl Default for Lockfile {
    fn default() -> Self {
        Lockfile {
            format: FORMAT,
            indexes: BTreeMap::new(),
            plugins: BTreeMap::new(),
            trusted: BTreeMap::new(),
        }
    }
}

impl Lockfile {
    /// Reads the file. `path` is for messages.
    pub(super) fn read(path: &str, text: &[u8]) -> Result<Lockfile> {
        let wrong = |why: String| {
            let hint = "remove it to start over; plugins then have to be installed again";
            Error::new(Kind::Config, format!("`{path}` {why}")).hint(hint)
        };
        let read: Lockfile = serde_json::from_slice(text)
            .map_err(|error| wrong("cannot be read".into()).because(error))?;
        if read.format != FORMAT {
            return Err(wrong(format!(
                "has the format {}, not {FORMAT}",
                read.format
            )));
        }
        // Both become folder names.
        let is_tree = |release: &Release| {
            let digits = release.tree.bytes();
            release.tree.len() == 64 && digits.into_iter().all(|b| b.is_ascii_hexdigit())
        };
        let mut plugins = read.plugins.iter();
        let is_valid = |(id, plugin): (&String, &Installed)| {
            is_id(id)
                && *id == plugin.manifest.id
                && is_tree(&plugin.current)
                && plugin.previous.as_ref().is_none_or(is_tree)
        };
        match plugins.all(is_valid) {
            true => Ok(read),
            false => Err(wrong("has invalid plugins".into())),
        }
    }

    /// Remembers what was seen of an index.
    pub(super) fn see(&mut self, name: &str, index: &Index) {
        let Some(known) = self.indexes.get_mut(name) else {
            return;
        };
        let is_next = known.next.as_ref() == Some(&index.key);
        // Another process may have seen a later one, or may have replaced this index with another.
        if index.serial < known.serial || (known.key != index.key && !is_next) {
            return;
        }
        known.serial = index.serial;
        known.next.clone_from(&index.next_key);
        let before = std::mem::replace(&mut known.key, index.key.clone());
        if before == index.key {
            return;
        }
        // What it published under the previous key is still its own.
        let plugins = self.plugins.values_mut();
        let releases = plugins
            .flat_map(|plugin| std::iter::once(&mut plugin.current).chain(&mut plugin.previous));
        for release in releases {
            let is_its =
                matches!(&release.publisher, Publisher::Index(publisher) if publisher == name);
            if is_its && release.key.as_ref() == Some(&before) {
                release.key = Some(index.key.clone());
            }
        }
    }

    /// Returns the installed plugin with this id.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is none.
    pub fn installed(&self, id: &str) -> Result<&Installed> {
        self.plugins
            .get(id)
            .ok_or_else(|| unknown("plugin", "installed as", id, self.plugins.keys()))
    }

    /// Returns the index with this name.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is none.
    pub fn index(&self, name: &str) -> Result<&KnownIndex> {
        self.indexes
            .get(name)
            .ok_or_else(|| unknown("index", "called", name, self.indexes.keys()))
    }
}

impl Installed {
    /// Checks whether this release may replace it, whatever the user agrees to: a script must not see a value that was
    /// set as a secret.
    ///
    /// # Errors
    /// [`Kind::Config`] if it may not.
    pub(super) fn may_become(&self, release: &Release, manifest: &Manifest) -> Result<()> {
        let id = &self.manifest.id;
        self.is_signed_by(release.key.as_deref())?;
        let mut options = manifest.options.iter().map(|option| &option.key);
        let is_secret = |key: &&String| self.manifest.secrets.iter().any(|had| had.key == **key);
        let Some(key) = options.find(is_secret) else {
            return Ok(());
        };
        let (now, had) = (&manifest.version, &self.manifest.version);
        let message =
            format!("`{id}` {now} would see `source.{id}.{key}`, which is a secret of {had}");
        Err(Error::new(Kind::Config, message).hint(format!(
            "{had} stays; to replace it, remove the secret, run `fetch plugin remove {id}`, and install it again"
        )))
    }

    /// Checks whether the index it came from has this key.
    pub(super) fn is_signed_by(&self, key: Option<&str>) -> Result<()> {
        let Release {
            publisher,
            key: had,
            ..
        } = &self.current;
        let (Some(had), Some(key)) = (had.as_deref(), key) else {
            return Ok(());
        };
        if had == key {
            return Ok(());
        }
        let id = &self.manifest.id;
        let message =
            format!("`{id}` was signed with a different key than that of the {publisher} now");
        Err(Error::new(Kind::Config, message).hint(format!(
            "if you trust the new one, run `fetch plugin remove {id}`, and install it again"
        )))
    }
}

impl KnownIndex {
    /// Returns its address in a form that may be shown.
    pub fn shown(&self) -> String {
        Redacted(&self.url).to_string()
    }
}

fn unknown<'a>(
    what: &str,
    how: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let message = format!("no {what} is {how} `{}`", name.escape_debug());
    Error::new(Kind::Config, message).hint(match (known.is_empty(), what) {
        (false, _) => format!("the known ones are {}", known.join(", ")),
        (true, "index") => "`fetch plugin index add NAME URL --key KEY` adds one".to_owned(),
        (true, _) => "there are none; `fetch plugin install ID` installs one".to_owned(),
    })
}
