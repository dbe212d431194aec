//! Playlists of HLS (RFC 8216, and the drafts that follow it).
//!
//! A playlist is read as a whole or refused: a line that changes what segments are and that is not understood would make a
//! wrong file. Lines that only tell about them are passed over.

mod define;
mod lines;
mod list;
mod master;

use url::Url;

use self::lines::Lines;
use super::Media;
use crate::model::Result;

pub(in crate::pipeline) use master::{Chosen, Master};

/// The longest playlist, in bytes. One of a day in segments of two seconds has half as many.
pub(in crate::pipeline) const LONGEST: usize = 16 << 20;

/// A playlist.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) enum Playlist {
    /// What renditions there are.
    Master(Master),
    /// The segments of one.
    Media(Media),
}

/// Reads a playlist that came from this URL.
///
/// # Errors
/// [`crate::model::Kind::Corrupt`] for what is none, or contradicts itself; [`crate::model::Kind::Unsupported`] for what is protected, or in a form that
/// is not known here.
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
            // Who writes it may not be done yet.
            let last = whole.rsplit('\n').next().unwrap_or("");
            let is_open = !last.is_empty() && !last.starts_with('#');
            media.cut = !media.ended && is_open;
            Ok(Playlist::Media(media))
        }
    }
}

/// Whether this is a playlist of HLS, and no list of songs or names: it has a tag that those have not.
pub(in crate::pipeline) fn is_one(body: &[u8]) -> bool {
    super::text(body).is_ok_and(|text| {
        let mut lines = text.lines();
        let begins = lines
            .next()
            .is_some_and(|first| first.starts_with("#EXTM3U"));
        begins && lines.any(|line| line.trim_start().starts_with("#EXT-X-"))
    })
}

/// Whether a playlist says where it ends.
pub(in crate::pipeline) fn has_end(body: &[u8]) -> bool {
    let mut lines = body.split(|byte| *byte == b'\n');
    lines.any(|line| line.trim_ascii_end() == b"#EXT-X-ENDLIST")
}

#[cfg(test)]
mod tests;
