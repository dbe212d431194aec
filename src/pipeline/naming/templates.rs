//! Which template names which item.

use std::collections::BTreeMap;

use super::{Planned, Template};
use crate::model::{Item, Result};

/// The templates of a run.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// For the items of these sources.
    pub by_source: BTreeMap<String, Template>,
    /// For all others; without it, a direct file keeps its name and an album gets a folder.
    pub otherwise: Option<Template>,
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

    /// The template that the user names for the items of this source.
    pub(crate) fn named(&self, source: &str) -> Option<&Template> {
        let own = self.by_source.get(source);
        own.or(self.otherwise.as_ref())
    }
}
