//! The link's own options for a saved item: as lists give them now, or else as recorded when the item was saved.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::pipeline::archive::{Known, Record, Records, link_mark};
use crate::pipeline::{LinkOptions, Wanted};

/// The options of one link, if any.
pub(super) type OwnOptions = Option<Arc<LinkOptions>>;

/// What lists say of their links now.
#[derive(Debug, Default)]
pub struct ListOptions {
    /// By the mark of the displayed link: its options; `None` if several links have the same displayed form but
    /// different options.
    links: HashMap<i64, Option<OwnOptions>>,
    /// The jobs without lists, which therefore say nothing of any link.
    jobs_without_lists: HashSet<String>,
}

impl ListOptions {
    /// Adds a job without lists.
    pub fn add_job_without_list(&mut self, job: &str) {
        self.jobs_without_lists.insert(job.to_owned());
    }

    /// Adds a link.
    pub fn add(&mut self, Wanted { link, options }: Wanted) {
        let shown = link_mark(&Redacted(&link.url).to_string());
        let known = self.links.entry(shown);
        let known = known.or_insert_with(|| Some(options.clone()));
        let naming = |link_of: &OwnOptions| LinkOptions::naming(link_of.as_deref(), "");
        if known.as_ref().map(naming) != Some(naming(&options)) {
            *known = None;
        }
    }

    /// Returns the own options of this item's link.
    ///
    /// # Errors
    /// [`Kind::Expired`] if a list may have set options that are no longer known.
    pub(super) fn of(
        &self,
        records: &Records,
        known: &Known,
        record: &Record,
    ) -> Result<OwnOptions> {
        let noted = record.naming.as_deref().map(LinkOptions::from_json);
        let given = match &noted {
            Some(Ok(LinkOptions {
                link: Some(link), ..
            })) => link,
            _ => link_of(known),
        };
        // A list has the URL of a page, whose files came by `page:` and that URL.
        let current = [Some(given), behind(given)]
            .into_iter()
            .flatten()
            .find_map(|link| self.links.get(&link_mark(link)));
        if let Some(Some(current)) = current {
            return Ok(current.clone());
        }
        match noted.transpose()? {
            Some(noted) => Ok(Some(Arc::new(noted))),
            None if self.may_have_set(records, known)? => {
                let message = "options that a list may have set for its link are unknown";
                Err(Error::new(Kind::Expired, message))
            }
            None => Ok(None),
        }
    }

    /// Checks whether a list may have set options for the link of an item that an earlier version saved.
    fn may_have_set(&self, records: &Records, known: &Known) -> Result<bool> {
        // Lists can set options for links since runs are recorded.
        let Some(run) = known.run else {
            return Ok(false);
        };
        Ok(match records.run_command(run)? {
            Some((_, Some(job))) => !self.jobs_without_lists.contains(&job),
            // Items that failed since, and those that these commands requested, came from another run before.
            Some((command, None)) => {
                known.failure.is_some()
                    || command.contains(" -i ")
                    || ["fetch retry", "fetch verify --repair"].contains(&&*command)
            }
            None => true,
        })
    }
}

/// Returns the link behind `source:`.
fn behind(link: &str) -> Option<&str> {
    let (_, behind) = link.split_once(':')?;
    ["https://", "http://"]
        .iter()
        .any(|scheme| behind.starts_with(scheme))
        .then_some(behind)
}

/// Returns the link that an item came from.
pub(super) fn link_of(known: &Known) -> &str {
    known.link.as_deref().unwrap_or(&known.identity.key)
}
