//! A guard over paging: listings that repeat themselves end with an error instead of never.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{Error, Kind, Result};

/// How many pages a listing may have at the most.
const LIMIT: u32 = 100_000;

/// Follows the cursors of a paged listing and refuses a repeat.
#[derive(Debug, Default)]
pub struct Pages {
    seen: HashSet<u64>,
    count: u32,
}

impl Pages {
    /// Starts with no page seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the page with this cursor, number or fingerprint is about to be used.
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
        if self.count > LIMIT {
            return Err(Error::new(
                Kind::Changed,
                format!("the listing goes on after {LIMIT} pages"),
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
        assert_eq!(stopped, Some(u64::from(LIMIT)));
    }
}
