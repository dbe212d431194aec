//! The settings of external programs.

use std::path::PathBuf;
use std::time::Duration;

use fetch::model::Quality;
use serde::{Deserialize, Deserializer};

use super::Program;

/// The settings of `[extractor]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// When external programs are asked.
    pub order: Order,
    /// Which programs are asked, in this order.
    pub programs: Vec<Program>,
    /// How long a program may print nothing.
    #[serde(deserialize_with = "millis")]
    pub timeout: Duration,
    /// How many may run at once.
    pub processes: usize,
    /// Which rendition of a video to download.
    pub quality: Quality,
    /// gallery-dl.
    pub gallerydl: Gallerydl,
    /// yt-dlp.
    pub ytdlp: Ytdlp,
}

/// When external programs are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Never.
    Off,
    /// For all links except those of files.
    First,
    /// For links that no source handles and that lead to a page.
    Last,
}

/// The settings of `[extractor.gallerydl]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallerydl {
    /// Its path, if it is not in `PATH`.
    pub path: Option<PathBuf>,
    /// A configuration file for it.
    pub config: Option<PathBuf>,
}

/// The settings of `[extractor.ytdlp]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ytdlp {
    /// Its path, if it is not in `PATH`.
    pub path: Option<PathBuf>,
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
