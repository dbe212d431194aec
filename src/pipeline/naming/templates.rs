//! Which template names which item.

use std::collections::{BTreeMap, HashSet};

use super::{Planned, Template, fold};
use crate::model::{Item, Result};
use crate::source::Manifest;

/// The templates of a run.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// For the items of these sources.
    pub by_source: BTreeMap<String, Template>,
    /// For all others; without it, a direct file keeps its name and an album gets a folder.
    pub otherwise: Option<Template>,
    /// The names of folders that no file may bar, folded: those of the sources, below which is what they list.
    folders: HashSet<String>,
}

impl Templates {
    /// The path of this item.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] if its template cannot be worked out with what the item holds.
    pub fn plan(&self, item: &Item) -> Result<Planned> {
        self.named(&item.source)
            .unwrap_or_else(|| Template::default_for(item))
            .plan(item)
    }

    /// Keeps the names of these sources free for their folders.
    pub fn free_folders<'a>(&mut self, sources: impl Iterator<Item = &'a Manifest>) {
        self.folders = sources.map(|source| fold(&source.name)).collect();
    }

    /// Whether this is the name of a folder of a source. Names that differ only in case or normalisation are one.
    pub(crate) fn is_folder(&self, name: &str) -> bool {
        self.folders.contains(&fold(name))
    }

    /// The template that the user names for the items of this source.
    pub(crate) fn named(&self, source: &str) -> Option<&Template> {
        let own = self.by_source.get(source);
        own.or(self.otherwise.as_ref())
    }
}
