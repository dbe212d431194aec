//! What can be set about the pipeline.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::archive::{Algorithm, Run};
use super::{Filter, Given, MediaKind, Quality, Ranges, Subtitles, Templates, Wishes};

/// The settings of a run. Their defaults are those of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The output root. Nothing is written outside it.
    pub root: PathBuf,
    /// What names the path of each item below the root.
    pub templates: Templates,
    /// Which known items are left alone.
    pub skip: Policy,
    /// Which time a file gets.
    pub mtime: Mtime,
    /// How many bytes of the disk stay free.
    pub min_free: u64,
    /// The state database, or none to remember nothing after the run.
    pub archive: Option<PathBuf>,
    /// Whether what is gone from its site is asked for all the same.
    pub recheck: bool,
    /// Whether listings that stopped early begin anew, and do not go on where they stopped.
    pub from_start: bool,
    /// What the run is called in the archive; without it, it is not remembered as a run.
    pub run: Option<Arc<Run>>,
    /// What becomes of a file whose bytes are there already, as another item's. It needs the archive.
    pub duplicates: Duplicates,
    /// How digests are made of what is saved; they are remembered in the archive.
    pub digest: Algorithm,
    /// Which rendition of a stream is fetched.
    pub quality: Quality,
    /// Which of its subtitles are fetched.
    pub subtitles: Subtitles,
    /// How long a live stream is followed; until it ends, if this is not set.
    pub live_for: Option<Duration>,
    /// Which items of each link, by position.
    pub items: Option<Ranges>,
    /// Only items published since then; items without a date pass.
    pub since: Option<Timestamp>,
    /// Only items published before then; items without a date pass.
    pub until: Option<Timestamp>,
    /// Only items of these kinds, all if there is none; items whose kind is not known beforehand pass.
    pub kinds: Vec<MediaKind>,
    /// Only items for which this holds.
    pub filter: Option<Filter>,
    /// After how many known items in a row a listing is left.
    pub stop_after_known: Option<NonZeroUsize>,
    /// The most new items of the run.
    pub max_new: Option<NonZeroU64>,
    /// Links as the user gives them now, for what failed and is asked for again.
    pub given: Option<Arc<Given>>,
    /// What is to follow what was saved.
    pub after: Wishes,
    /// Whether to stop before anything is transferred or written.
    pub simulate: bool,
    /// Whether files that are there already are taken for saved, and nothing is fetched.
    pub adopt: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            root: PathBuf::from("."),
            templates: Templates::default(),
            skip: Policy::default(),
            mtime: Mtime::default(),
            min_free: 0,
            archive: None,
            recheck: false,
            from_start: false,
            duplicates: Duplicates::default(),
            run: None,
            digest: Algorithm::default(),
            quality: Quality::default(),
            subtitles: Subtitles::default(),
            live_for: None,
            items: None,
            since: None,
            until: None,
            kinds: Vec::new(),
            filter: None,
            stop_after_known: None,
            max_new: None,
            given: None,
            after: Wishes::default(),
            simulate: false,
            adopt: false,
        }
    }
}

impl Settings {
    /// Whether it is remembered how far a listing came: where everything that it emits is fetched.
    pub(super) fn tracks(&self) -> bool {
        self.archive.is_some() && !self.chooses() && !self.adopt
    }

    /// Whether a listing goes on where an earlier run stopped. What follows albums has to know all of them.
    pub(super) fn resumes(&self) -> bool {
        !self.from_start
            && !self.after.has_albums()
            && matches!(self.skip, Policy::Present | Policy::Seen)
    }

    /// Whether items are counted or chosen by what they are, or only told of, so that it has to be known before they are
    /// transferred which of them are files.
    pub(super) fn chooses(&self) -> bool {
        self.simulate
            || self.items.is_some()
            || self.max_new.is_some()
            || self.stop_after_known.is_some()
            || self.filter.is_some()
            || self.since.or(self.until).is_some()
            || !self.kinds.is_empty()
    }
}

/// Which items that the archive knows are left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Those whose file is still there with its size.
    #[default]
    Present,
    /// The same, if the server says that they have not changed. What has is saved beside it; nothing is replaced. Where
    /// the server gave nothing to tell by, the file is left alone.
    Changed,
    /// All that were ever saved, even if deleted since.
    Seen,
    /// None.
    Never,
}

/// What becomes of a file whose bytes are there already, as another item's. Nothing is ever deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// It is saved like any other.
    #[default]
    Keep,
    /// It gets its name as a hard link to the file that is there: once on the disk, with two names. Where the file system
    /// cannot, it is saved, and so it is where a command is to run for it, which might change both.
    Link,
    /// It is not saved; the archive knows the file that is there for both items.
    Skip,
}

/// Which time a saved file gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mtime {
    /// When the item was published; where its listing does not tell, what the server names (Last-Modified).
    #[default]
    Date,
    /// What the server names.
    Server,
    /// That of its saving.
    Now,
}

impl Serialize for Mtime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Mtime::Date => serializer.serialize_bool(true),
            Mtime::Server => serializer.serialize_str("server"),
            Mtime::Now => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Mtime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mtime, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Is(bool),
            Named(String),
        }
        Ok(match Given::deserialize(deserializer) {
            Ok(Given::Is(true)) => Mtime::Date,
            Ok(Given::Is(false)) => Mtime::Now,
            Ok(Given::Named(name)) if name == "date" => Mtime::Date,
            Ok(Given::Named(name)) if name == "server" => Mtime::Server,
            Ok(Given::Named(name)) => {
                const KNOWN: &[&str] = &["true", "false", "date", "server"];
                return Err(de::Error::unknown_variant(&name, KNOWN));
            }
            Err(_) => {
                return Err(de::Error::custom(
                    "expected `true`, `false`, \"date\" or \"server\"",
                ));
            }
        })
    }
}
