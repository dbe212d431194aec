//! What can be set about it.

use std::path::PathBuf;
use std::time::Duration;

use fetch::model::Quality;
use serde::{Deserialize, Deserializer};

use super::Name;

/// The settings of `[extractor]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// When other programs are asked.
    pub order: Order,
    /// Which of them, in this order.
    pub programs: Vec<Name>,
    /// How long one may say nothing.
    #[serde(deserialize_with = "millis")]
    pub timeout: Duration,
    /// How many run at once at the most.
    pub processes: usize,
    /// Which of the renditions of a film is wanted.
    pub quality: Quality,
    /// gallery-dl.
    pub gallerydl: Gallerydl,
    /// yt-dlp.
    pub ytdlp: Ytdlp,
}

/// When other programs are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Never.
    Off,
    /// For all links but those of files.
    First,
    /// For links that no source knows, and that are a page.
    Last,
}

/// The settings of `[extractor.gallerydl]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallerydl {
    /// Where it is, unless in the folders of `PATH`.
    pub path: Option<PathBuf>,
    /// A configuration file for it.
    pub config: Option<PathBuf>,
}

/// The settings of `[extractor.ytdlp]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ytdlp {
    /// Where it is, unless in the folders of `PATH`.
    pub path: Option<PathBuf>,
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
