//! The URLs in a playlist, with a bound on their total length.

use url::Url;

use super::corrupt;
use crate::model::Result;

/// The longest valid URL.
pub(super) const LONGEST: usize = 16 << 10;
/// How many bytes of URLs a playlist may yield: a long base URL makes each of its short names long.
const ROOM: usize = 64 << 20;

/// Resolves URLs while there is room.
pub(super) struct Urls {
    room: usize,
}

impl Urls {
    pub(super) fn new() -> Urls {
        Urls { room: ROOM }
    }

    /// Resolves a URL against a base.
    pub(super) fn join(&mut self, base: &Url, text: &str) -> Result<Url> {
        let url = match text.len() <= LONGEST {
            true => base.join(text).ok(),
            false => None,
        };
        let mut url = url.ok_or_else(|| corrupt("it contains an invalid URL"))?;
        url.set_fragment(None);
        let length = url.as_str().len();
        self.room = self.room.saturating_sub(length);
        if length > LONGEST || self.room == 0 {
            return Err(corrupt("its URLs are too long"));
        }
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            let why = format_args!("it leads to `{}:`, which is not followed", url.scheme());
            return Err(corrupt(why));
        }
        Ok(url)
    }
}
