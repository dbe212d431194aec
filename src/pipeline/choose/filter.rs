//! An expression over the fields of an item.

use std::fmt;
use std::str::FromStr;

use crate::model::{Error, Item, Kind, Result};

/// An expression over the fields of an item: `width >= 1000 and ext != "gif"`.
#[derive(Clone, Debug)]
pub struct Filter {
    source: String,
}

impl Filter {
    /// Whether the expression holds for this item.
    ///
    /// # Errors
    /// [`Kind::Config`] if the expression cannot be worked out with what the item holds.
    pub fn wants(&self, item: &Item) -> Result<bool> {
        let _ = item;
        Ok(true)
    }
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(Error::new(Kind::Config, "the filter is empty"));
        }
        Ok(Filter {
            source: text.to_owned(),
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
