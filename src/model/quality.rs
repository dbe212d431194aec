//! Choosing a rendition of a stream.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Error, Kind};

/// Which rendition of a stream is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Quality {
    /// The largest picture, then the highest bit rate.
    #[default]
    Best,
    /// The smallest picture, then the lowest bit rate.
    Worst,
    /// The best with at most this many lines; if all have more, the one with the fewest.
    Lines(u32),
    /// Audio only.
    Audio,
}

/// The properties by which a rendition is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenditionSize {
    /// Width and height in pixels, if the playlist has them.
    pub picture: Option<(u32, u32)>,
    /// Bits per second.
    pub bandwidth: u64,
    /// Whether the playlist says that it has no picture.
    pub audio_only: bool,
}

impl RenditionSize {
    /// Returns the number of lines in any orientation: a portrait video has as many as a landscape one.
    fn lines(&self) -> Option<u32> {
        self.picture.map(|(width, height)| width.min(height))
    }

    fn order(&self) -> (bool, u64, u64) {
        let (width, height) = self.picture.unwrap_or_default();
        (
            !self.audio_only,
            u64::from(width) * u64::from(height),
            self.bandwidth,
        )
    }
}

impl Quality {
    /// Chooses the wanted rendition, if there is one. The first of equals wins.
    pub fn choose(self, sizes: &[RenditionSize]) -> Option<usize> {
        let all = || (0..sizes.len()).rev();
        let best = |among: &dyn Fn(&RenditionSize) -> bool| {
            all()
                .filter(|at| among(&sizes[*at]))
                .max_by_key(|at| sizes[*at].order())
        };
        let worst = |among: &dyn Fn(&RenditionSize) -> bool| {
            (0..sizes.len())
                .filter(|at| among(&sizes[*at]))
                .min_by_key(|at| sizes[*at].order())
        };
        let has_picture = |size: &RenditionSize| !size.audio_only;
        match self {
            Quality::Best => best(&|_| true),
            Quality::Worst => worst(&has_picture).or_else(|| worst(&|_| true)),
            Quality::Lines(most) => {
                best(&|size| has_picture(size) && size.lines().is_some_and(|lines| lines <= most))
                    .or_else(|| worst(&|size| size.lines().is_some()))
                    .or_else(|| best(&|_| true))
            }
            Quality::Audio => best(&|size| size.audio_only),
        }
    }
}

impl FromStr for Quality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Quality, Error> {
        let lines = || {
            text.strip_suffix('p')?
                .parse()
                .ok()
                .filter(|lines| *lines > 0)
        };
        match text {
            "best" => Ok(Quality::Best),
            "worst" => Ok(Quality::Worst),
            "audio" => Ok(Quality::Audio),
            _ => lines().map(Quality::Lines).ok_or_else(|| {
                Error::new(Kind::Config, format!("there is no quality `{text}`"))
                    .hint("the known ones are `best`, `worst`, `audio`, and a height such as `720p` or `1080p`")
            }),
        }
    }
}

impl TryFrom<String> for Quality {
    type Error = String;

    fn try_from(text: String) -> Result<Quality, String> {
        let read: Result<Quality, Error> = text.parse();
        read.map_err(|error| match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        })
    }
}

impl From<Quality> for String {
    fn from(quality: Quality) -> String {
        quality.to_string()
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quality::Best => f.write_str("best"),
            Quality::Worst => f.write_str("worst"),
            Quality::Audio => f.write_str("audio"),
            Quality::Lines(lines) => write!(f, "{lines}p"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requested_rendition_is_chosen() {
        let size = |picture, bandwidth, audio_only| RenditionSize {
            picture,
            bandwidth,
            audio_only,
        };
        let sizes = [
            size(Some((1280, 720)), 3000, false),
            size(Some((1920, 1080)), 5000, false),
            size(Some((1920, 1080)), 6000, false),
            size(Some((480, 854)), 900, false),
            size(None, 128, true),
        ];
        let table = [
            ("best", Some(2)),
            ("worst", Some(3)),
            ("1080p", Some(2)),
            ("719p", Some(3)),
            ("720p", Some(0)),
            ("144p", Some(3)),
            ("4320p", Some(2)),
            ("audio", Some(4)),
        ];
        for (quality, expected) in table {
            let quality: Quality = quality.parse().unwrap();
            assert_eq!(quality.choose(&sizes), expected, "{quality}");
        }
        // If no picture size is known, the bit rate counts; the first of equals wins.
        let without_pictures = [900, 2500, 2500].map(|bandwidth| size(None, bandwidth, false));
        let choices = ["best", "worst", "720p", "audio"]
            .map(|text| text.parse::<Quality>().unwrap().choose(&without_pictures));
        assert_eq!(choices, [Some(1), Some(0), Some(1), None]);
        assert_eq!(Quality::Best.choose(&[]), None);
    }

    #[test]
    fn an_unknown_quality_lists_the_known_ones() {
        for text in ["", "hd", "720", "0p", "-1p", "p", "99999999999p"] {
            let error = text.parse::<Quality>().unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{text}");
            assert!(error.hint.is_some_and(|hint| hint.contains("`720p`")));
        }
    }
}
