//! What can be set about the pipeline.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::Algorithm;
use super::{Filter, Ranges, Template};

/// The settings of a run. Their defaults are those of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The output root. Nothing is written outside it.
    pub root: PathBuf,
    /// Names the path of each item below the root; without it, a direct file keeps its name and an album gets a folder.
    pub template: Option<Template>,
    /// Which known items are left alone.
    pub skip: Policy,
    /// Whether a file gets the time that the server names (Last-Modified).
    pub mtime: bool,
    /// The state database, or none to remember nothing after the run.
    pub archive: Option<PathBuf>,
    /// How digests are made of what is saved; they are remembered in the archive.
    pub digest: Algorithm,
    /// Which items of each link, by position.
    pub items: Option<Ranges>,
    /// Only items published since then; items without a date pass.
    pub since: Option<Timestamp>,
    /// Only items for which this holds.
    pub filter: Option<Filter>,
    /// The most new items of the run.
    pub max_new: Option<u64>,
    /// Whether to stop before anything is transferred or written.
    pub simulate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            root: PathBuf::from("."),
            template: None,
            skip: Policy::default(),
            mtime: true,
            archive: None,
            digest: Algorithm::default(),
            items: None,
            since: None,
            filter: None,
            max_new: None,
            simulate: false,
        }
    }
}

/// Which items that the archive knows are left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Those whose file is still there with its size.
    #[default]
    Present,
    /// All that were ever saved, even if deleted since.
    Seen,
    /// None.
    Never,
}
