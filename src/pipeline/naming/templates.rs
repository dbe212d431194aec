//! Which template names which item.

use std::collections::{BTreeMap, HashSet};

use super::{Planned, Template, fold};
use crate::model::{Item, Result};
use crate::source::Manifest;

/// The templates of a run.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// Templates for the items of particular sources.
    pub by_source: BTreeMap<String, Template>,
    /// The template for all others; without it, a direct file keeps its name and an album gets a folder.
    pub default: Option<Template>,
    /// Names reserved for folders, folded: those of the sources, which hold what the sources list.
    folders: HashSet<String>,
}

impl Templates {
    /// Plans the path of this item.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] if its template cannot be rendered with the item's fields.
    pub fn plan(&self, item: &Item) -> Result<Planned> {
        self.named(&item.source)
            .unwrap_or_else(|| Template::default_for(item))
            .plan(item)
    }

    /// Reserves the names of these sources for their folders.
    pub fn free_folders<'a>(&mut self, sources: impl Iterator<Item = &'a Manifest>) {
        self.folders = sources.map(|source| fold(&source.name)).collect();
    }

    /// Checks whether this is the folder name of a source. Names that differ only in case or normalisation are equal.
    pub(crate) fn is_folder(&self, name: &str) -> bool {
        self.folders.contains(&fold(name))
    }

    /// Returns the user's template for the items of this source.
    pub(crate) fn named(&self, source: &str) -> Option<&Template> {
        let own = self.by_source.get(source);
        own.or(self.default.as_ref())
    }
}
