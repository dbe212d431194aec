//! A link that somebody wants fetched, and what holds for it alone.

use std::str::FromStr;
use std::sync::Arc;

use super::naming::{ROOM, component};
use super::{Filter, Planned, Ranges, Template, Templates};
use crate::model::{Error, Item, Kind, Link, Result};

/// A link that somebody wants fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The link.
    pub link: Link,
    /// What holds for its items, if that is not what holds for all.
    pub options: Option<Arc<LinkOptions>>,
}

/// What holds for the items of one link.
#[derive(Clone, Debug, Default)]
pub struct LinkOptions {
    /// The folder below the output root in which their paths begin.
    pub directory: Option<Directory>,
    /// Names their paths, in place of the template of all.
    pub template: Option<Template>,
    /// Which of them, by position, in place of the positions of all.
    pub items: Option<Ranges>,
    /// Only those for which this holds, too.
    pub filter: Option<Filter>,
}

impl LinkOptions {
    /// Whether items are counted or chosen, so that it has to be known beforehand which of them are files.
    pub(super) fn chooses(&self) -> bool {
        self.items.is_some() || self.filter.is_some()
    }
}

/// A folder below the output root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(Vec<String>);

impl From<Link> for Wanted {
    fn from(link: Link) -> Wanted {
        Wanted {
            link,
            options: None,
        }
    }
}

impl FromStr for Directory {
    type Err = Error;

    fn from_str(text: &str) -> Result<Directory> {
        let wrong = || {
            let message = format!("`{text}` is no folder below the output root");
            Error::new(Kind::Config, message)
        };
        let mut names = Vec::new();
        for name in text.split('/').filter(|name| *name != ".") {
            if name.is_empty() || name == ".." || name == "~" {
                return Err(wrong());
            }
            let safe = component(name, ROOM);
            if safe != name {
                let message = format!("`{name}` cannot be the name of a folder on every system");
                return Err(Error::new(Kind::Config, message).hint(format!("`{safe}` can")));
            }
            names.push(safe);
        }
        Ok(Directory(names))
    }
}

/// Whether an item is wanted, as far as the options of its link go.
pub(super) fn wants(options: Option<&LinkOptions>, item: &Item) -> Result<bool> {
    match options.and_then(|options| options.filter.as_ref()) {
        Some(filter) => filter.wants(item),
        None => Ok(true),
    }
}

/// The path of an item by the options of its link, or else by the templates of all.
pub(super) fn plan(
    options: Option<&LinkOptions>,
    templates: &Templates,
    item: &Item,
) -> Result<Planned> {
    let mut planned = match options.and_then(|options| options.template.as_ref()) {
        Some(template) => template.plan(item)?,
        None => templates.plan(item)?,
    };
    if let Some(Directory(names)) = options.and_then(|options| options.directory.as_ref()) {
        planned.folder.splice(..0, names.iter().cloned());
    }
    Ok(planned)
}
