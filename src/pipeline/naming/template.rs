//! Path templates.

use std::fmt;
use std::str::FromStr;

use crate::model::{Error, Item, Kind, Result};

/// Names the path of an item below the output root: `{album}/{number | pad(3)} {title or key}.{ext}`.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
}

/// Where an item goes, but for its final extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The folders below the output root, outermost first.
    pub folder: Vec<String>,
    /// The name of the file without extension.
    pub stem: String,
    /// The extension that was named: by the template if it is fixed, else by the site or the URL.
    pub ext: Option<String>,
    /// Whether the template itself names the extension, so that nothing overrules it.
    pub fixed_ext: bool,
}

impl Template {
    /// The path of this item.
    ///
    /// # Errors
    /// [`Kind::Config`] if the template cannot be worked out with what the item holds.
    pub fn plan(&self, item: &Item) -> Result<Planned> {
        Ok(Planned {
            folder: Vec::new(),
            stem: item.key.clone(),
            ext: item.meta.ext.clone(),
            fixed_ext: false,
        })
    }
}

impl FromStr for Template {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(Error::new(Kind::Config, "the path template is empty"));
        }
        Ok(Template {
            source: text.to_owned(),
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
