//! What holds for the link of a saved item alone: as lists say it now, or else as it was noted when the item was saved.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Error, Kind, Result};
use crate::net::Shown;
use crate::pipeline::archive::{Known, Record, Records, link_mark};
use crate::pipeline::{LinkOptions, Wanted};

/// What holds for a link alone, if anything does.
pub(super) type Own = Option<Arc<LinkOptions>>;

/// What lists say of their links now.
#[derive(Debug, Default)]
pub struct Said {
    /// By the mark of a link as it is shown: what holds; none where several are shown so, and not the same holds for
    /// them.
    links: HashMap<i64, Option<Own>>,
    /// The jobs that have no lists, and so say nothing of a link.
    silent: HashSet<String>,
}

impl Said {
    /// Takes a job that has no lists.
    pub fn silent(&mut self, job: &str) {
        self.silent.insert(job.to_owned());
    }

    /// Takes a link.
    pub fn add(&mut self, Wanted { link, options }: Wanted) {
        let shown = link_mark(&Shown(&link.url).to_string());
        let known = self.links.entry(shown);
        let known = known.or_insert_with(|| Some(options.clone()));
        let naming = |own: &Own| LinkOptions::naming(own.as_deref(), "");
        if known.as_ref().map(naming) != Some(naming(&options)) {
            *known = None;
        }
    }

    /// What holds for the link of this item alone.
    ///
    /// # Errors
    /// [`Kind::Expired`] if a list may have said something that is not known any more.
    pub(super) fn of(&self, records: &Records, known: &Known, record: &Record) -> Result<Own> {
        let noted = record.naming.as_deref().map(LinkOptions::from_json);
        let given = match &noted {
            Some(Ok(LinkOptions {
                link: Some(link), ..
            })) => link,
            _ => own(known),
        };
        // A list has the address of a page, whose files came by `page:` and that.
        let said = [Some(given), behind(given)]
            .into_iter()
            .flatten()
            .find_map(|link| self.links.get(&link_mark(link)));
        if let Some(Some(said)) = said {
            return Ok(said.clone());
        }
        match noted.transpose()? {
            Some(noted) => Ok(Some(Arc::new(noted))),
            None if self.may_have_said(records, known)? => {
                let message = "what a list may have said of its link is not known";
                Err(Error::new(Kind::Expired, message))
            }
            None => Ok(None),
        }
    }

    /// Whether a list may have said something of the link of an item that an earlier version has saved.
    fn may_have_said(&self, records: &Records, known: &Known) -> Result<bool> {
        // Lists can say something of links since runs are noted.
        let Some(run) = known.run else {
            return Ok(false);
        };
        Ok(match records.asked(run)? {
            Some((_, Some(job))) => !self.silent.contains(&job),
            // What failed since, and what these asked for, had come by another run before.
            Some((command, None)) => {
                known.lapse.is_some()
                    || command.contains(" -i ")
                    || ["fetch retry", "fetch verify --repair"].contains(&&*command)
            }
            None => true,
        })
    }
}

/// The link behind `source:`.
fn behind(link: &str) -> Option<&str> {
    let (_, behind) = link.split_once(':')?;
    ["https://", "http://"]
        .iter()
        .any(|scheme| behind.starts_with(scheme))
        .then_some(behind)
}

/// The link that an item came from.
pub(super) fn own(known: &Known) -> &str {
    known.link.as_deref().unwrap_or(&known.identity.key)
}
