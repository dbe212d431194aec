//! HLS playlists (RFC 8216, and the drafts that follow it).
//!
//! A playlist is read completely or refused: ignoring an unknown line that changes what segments are would produce a
//! wrong file. Lines that only describe segments are skipped.

mod define;
mod lines;
mod list;
mod master;

use url::Url;

use self::lines::Lines;
use super::Media;
use crate::model::Result;

pub(in crate::pipeline) use master::{Chosen, Master};

/// The longest playlist, in bytes. A day in segments of two seconds takes half of this.
pub(in crate::pipeline) const LONGEST: usize = 16 << 20;

/// A playlist.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) enum Playlist {
    /// The available renditions.
    Master(Master),
    /// The segments of one rendition.
    Media(Media),
}

/// Reads a playlist that came from this URL.
///
/// # Errors
/// [`crate::model::Kind::Corrupt`] for an invalid or contradictory playlist; [`crate::model::Kind::Unsupported`] for
/// one that is protected, or in an unsupported form.
pub(in crate::pipeline) fn read(body: &[u8], url: &Url) -> Result<Playlist> {
    let whole = super::text(body)?;
    let text = &*define::expand(&whole, url)?;
    let mut lines = Lines::new(text, url)?;
    let is_master = text.lines().any(|line| {
        [
            "#EXT-X-STREAM-INF:",
            "#EXT-X-MEDIA:",
            "#EXT-X-I-FRAME-STREAM-INF:",
        ]
        .iter()
        .any(|tag| line.starts_with(tag))
    });
    match is_master {
        true => master::read(&mut lines).map(Playlist::Master),
        false => {
            let mut media = list::read(&mut lines)?;
            // It may still be being written.
            let last = whole.rsplit('\n').next().unwrap_or("");
            let is_open = !last.is_empty() && !last.starts_with('#');
            media.cut = !media.ended && is_open;
            Ok(Playlist::Media(media))
        }
    }
}

/// Checks whether this is an HLS playlist rather than a list of songs or names: it has a tag that those do not have.
pub(in crate::pipeline) fn is_one(body: &[u8]) -> bool {
    super::text(body).is_ok_and(|text| {
        let mut lines = text.lines();
        let begins = lines
            .next()
            .is_some_and(|first| first.starts_with("#EXTM3U"));
        begins && lines.any(|line| line.trim_start().starts_with("#EXT-X-"))
    })
}

/// Checks whether a playlist has an end tag.
pub(in crate::pipeline) fn has_end(body: &[u8]) -> bool {
    let mut lines = body.split(|byte| *byte == b'\n');
    lines.any(|line| line.trim_ascii_end() == b"#EXT-X-ENDLIST")
}

#[cfg(test)]
mod tests;
