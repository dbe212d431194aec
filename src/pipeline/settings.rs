//! Settings of the pipeline.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::archive::{Algorithm, Run};
use super::{Filter, Given, MediaKind, PostProcessing, Quality, Ranges, Subtitles, Templates};

/// The settings of a run. Their defaults are those of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The output directory. Nothing is written outside it.
    pub root: PathBuf,
    /// Templates of the items' paths below the output directory.
    pub templates: Templates,
    /// Which known items are skipped.
    pub skip: Policy,
    /// Which modification time a saved file gets.
    pub mtime: Mtime,
    /// Disk space to keep free, in bytes.
    pub min_free: u64,
    /// The archive database, or `None` to remember nothing after the run.
    pub archive: Option<PathBuf>,
    /// Whether items known to be gone from their site are requested anyway.
    pub recheck: bool,
    /// Whether listings that stopped early start over instead of resuming.
    pub from_start: bool,
    /// How the run is recorded in the archive; without it, it is not recorded as a run.
    pub run: Option<Arc<Run>>,
    /// What to do with a file whose bytes are already saved for another item. Needs the archive.
    pub duplicates: Duplicates,
    /// Digest algorithm for saved files. The digests are recorded in the archive.
    pub digest: Algorithm,
    /// Which rendition of a stream to download.
    pub quality: Quality,
    /// Which subtitles of a stream to download.
    pub subtitles: Subtitles,
    /// How long to follow a live stream; until it ends, if unset.
    pub live_for: Option<Duration>,
    /// Which items of each link to take, by position.
    pub items: Option<Ranges>,
    /// Only items published since this time; items without a date pass.
    pub since: Option<Timestamp>,
    /// Only items published before this time; items without a date pass.
    pub until: Option<Timestamp>,
    /// Only items of these kinds, or of all kinds if empty; items whose kind is not known beforehand pass.
    pub kinds: Vec<MediaKind>,
    /// Only items that match this filter.
    pub filter: Option<Filter>,
    /// Number of known items in a row after which a listing is stopped.
    pub stop_after_known: Option<NonZeroUsize>,
    /// Maximum number of new items in the run.
    pub max_new: Option<NonZeroU64>,
    /// Links as the user gives them now, for retrying failed items.
    pub given: Option<Arc<Given>>,
    /// What to do after files are saved.
    pub after: PostProcessing,
    /// Whether to stop before anything is transferred or written.
    pub simulate: bool,
    /// Whether existing files are recorded as saved, with nothing downloaded.
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
            after: PostProcessing::default(),
            simulate: false,
            adopt: false,
        }
    }
}

impl Settings {
    /// Whether listing progress is recorded: only where everything that a listing emits is downloaded.
    pub(super) fn tracks(&self) -> bool {
        self.archive.is_some() && !self.chooses() && !self.adopt
    }

    /// Whether a listing resumes where a previous run stopped. Not with album post-processing, which needs all items.
    pub(super) fn resumes(&self) -> bool {
        !self.from_start
            && !self.after.has_albums()
            && matches!(self.skip, Policy::Present | Policy::Seen)
    }

    /// Whether items are counted, filtered, or only simulated, so that it must be known before the transfer which of
    /// them are files.
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

/// Which items known to the archive are skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Those whose file still exists with its recorded size.
    #[default]
    Present,
    /// The same, if the server says that they have not changed. A changed version is saved beside the old one; nothing
    /// is replaced. Without a validator from the server, the file is skipped.
    Changed,
    /// All that were ever saved, even if deleted since.
    Seen,
    /// None.
    Never,
}

/// What to do with a file whose bytes are already saved for another item. Nothing is ever deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// Save it like any other.
    #[default]
    Keep,
    /// Make its name a hard link to the existing file: one copy on disk, with two names. It is saved normally where the
    /// file system cannot do this, and where a command is to run for it, which might change both.
    Link,
    /// Do not save it; the archive records the existing file for both items.
    Skip,
}

/// Which modification time a saved file gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mtime {
    /// When the item was published; if the listing has no date, the server's `Last-Modified`.
    #[default]
    Date,
    /// The server's `Last-Modified`.
    Server,
    /// The time of saving.
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
