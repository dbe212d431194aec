//! A guard for paging: a listing that repeats itself ends with an error instead of running forever.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{Error, Kind, Result};

/// The maximum number of pages of a listing.
const MAX_PAGES: u32 = 100_000;

/// Follows the cursors of a paged listing and refuses a repeat.
#[derive(Debug, Default)]
pub struct Pages {
    seen: HashSet<u64>,
    count: u32,
}

impl Pages {
    /// Creates a guard that has seen no page yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that the page with this cursor, number or fingerprint is about to be used.
    ///
    /// # Errors
    /// [`Kind::Changed`] if it was used before, or after 100,000 pages.
    pub fn turn(&mut self, cursor: impl Hash) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        cursor.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return Err(Error::new(
                Kind::Changed,
                format!(
                    "page {} of the listing repeats an earlier one",
                    self.count + 1
                ),
            ));
        }
        self.count += 1;
        if self.count > MAX_PAGES {
            return Err(Error::new(
                Kind::Changed,
                format!("the listing goes on after {MAX_PAGES} pages"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_repeated_cursor() {
        let mut pages = Pages::new();
        pages.turn("a").unwrap();
        pages.turn("b").unwrap();
        let error = pages.turn("a").unwrap_err();
        assert_eq!(
            error.to_string(),
            "page 3 of the listing repeats an earlier one"
        );
    }

    #[test]
    fn ends_an_endless_listing() {
        let mut pages = Pages::new();
        let stopped = (0..).find(|page| pages.turn(*page).is_err());
        assert_eq!(stopped, Some(u64::from(MAX_PAGES)));
    }
}
