//! Failed items and links to be retried.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::failed_items::{FailedItems, SharedRecords};
use super::sqlite::cannot;
use super::sqlite::schema::link_mark;
use super::{Origin, Records, retry_table};
use crate::model::{Kind, Result};
use crate::net::NamedBy;

/// Which failures to retry.
#[derive(Clone, Debug, Default)]
pub struct RetryFilter {
    /// Their reasons; if empty, all but those of items that are gone.
    pub reasons: Vec<Kind>,
    /// Whether to include items that are gone from their site.
    pub gone: bool,
    /// Only what failed since this time.
    pub since: Option<Timestamp>,
    /// Only what failed in a run of this job, whichever run retried it since.
    pub job: Option<String>,
}

/// Failed items of one link, or a link that could not be listed.
#[derive(Debug)]
pub struct RetryBatch {
    /// The link. `None` for an item whose key is its link.
    pub origin: Option<Origin>,
    /// The items, in the order in which they were found; `None` if the link itself failed.
    pub items: Option<FailedItems>,
    /// The link's own options when it could not be listed, as JSON.
    pub options: Option<String>,
}

impl RetryFilter {
    /// Returns the SQL condition for a failure.
    fn condition(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(|kind| kind.word()).collect();
        let mut condition = match (reasons.as_slice(), self.gone) {
            ([], true) => "true".to_owned(),
            ([], false) => format!("reason.text <> '{}'", Kind::Missing.word()),
            (reasons, _) => format!("reason.text IN ('{}')", reasons.join("', '")),
        };
        if let Some(since) = self.since {
            condition.push_str(&format!(" AND noted >= {}", since.as_second()));
        }
        if self.job.is_some() {
            condition.push_str(" AND job = ?");
        }
        condition
    }
}

impl Records {
    /// Returns the selected failures below the root, read lazily: first items, in the order in which they were found,
    /// except that those of one link come together, so that it is listed only once; then links. `None` if the archive
    /// in this file knows nothing of the root.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn retries(
        file: &Path,
        root: &Path,
        filter: &RetryFilter,
    ) -> Result<Option<impl Iterator<Item = Result<RetryBatch>> + Send + use<>>> {
        let Some(records) = Records::open(file, root)? else {
            return Ok(None);
        };
        let failed = records.failed(filter);
        let links = failed.map_err(|error| cannot(&records.file, error.into()))?;
        let shared = SharedRecords::from(records);
        let of_links = links.into_iter().map({
            let shared = shared.clone();
            move |link| batch(&shared, Some(link), None)
        });
        Ok(Some(of_items(shared).chain(of_links)))
    }

    /// Returns items whose files are to be downloaded again, given by number, in any order, each with the path of its
    /// file.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn renew(
        self,
        mut files: Vec<(i64, String)>,
    ) -> Result<impl Iterator<Item = Result<RetryBatch>> + Send + use<>> {
        files.sort_unstable();
        let done = retry_table::seek_files(&self.connection, files);
        done.map_err(|error| cannot(&self.file, error.into()))?;
        Ok(of_items(SharedRecords::from(self)))
    }

    /// Returns the marks of all links behind the selected failures below the root.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn marks(file: &Path, root: &Path, filter: &RetryFilter) -> Result<HashSet<i64>> {
        let Some(records) = Records::open(file, root)? else {
            return Ok(HashSet::new());
        };
        let read = || {
            let mut marks = HashSet::new();
            for (what, condition) in records.queries(filter) {
                let mut query = records.connection.prepare(&format!(
                    "SELECT link.mark, {} {condition}",
                    match what {
                        What::Items => "key, options",
                        What::Links => "NULL, options",
                    }
                ))?;
                let mut rows = query.query(params_from_iter(filter.job.iter()))?;
                while let Some(row) = rows.next()? {
                    let (mark, key): (Option<i64>, Option<String>) = (row.get(0)?, row.get(1)?);
                    marks.extend(mark.or_else(|| key.as_deref().map(link_mark)));
                    let options: Option<String> = row.get(2)?;
                    marks.extend(
                        options
                            .and_then(|json| given_link(&json))
                            .as_deref()
                            .map(link_mark),
                    );
                }
            }
            Ok(marks)
        };
        read().map_err(|error: rusqlite::Error| cannot(&records.file, error.into()))
    }

    /// Returns the jobs in whose runs something selected failed, in order of their names.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn jobs(file: &Path, root: &Path, filter: &RetryFilter) -> Result<BTreeSet<String>> {
        let Some(records) = Records::open(file, root)? else {
            return Ok(BTreeSet::new());
        };
        let read = || {
            let mut jobs = BTreeSet::new();
            for (_, condition) in records.queries(filter) {
                let query = format!("SELECT DISTINCT job {condition} AND job IS NOT NULL");
                let mut query = records.connection.prepare(&query)?;
                let rows =
                    query.query_map(params_from_iter(filter.job.iter()), |row| row.get(0))?;
                for job in rows {
                    jobs.insert(job?);
                }
            }
            Ok(jobs)
        };
        read().map_err(|error: rusqlite::Error| cannot(&records.file, error.into()))
    }

    /// Fills the table of failed items, and returns the numbers of the failed links.
    fn failed(&self, filter: &RetryFilter) -> rusqlite::Result<Vec<i64>> {
        let [(_, items), (_, links)] = self.queries(filter);
        let items =
            format!("SELECT item.link, item.id {items} ORDER BY item.run, failure.number, item.id");
        retry_table::seek(&self.connection, &items, &filter.job)?;
        let mut query = self.connection.prepare(&format!(
            "SELECT unlisted.link {links} ORDER BY unlisted.run, noted, unlisted.link"
        ))?;
        let links = query.query_map(params_from_iter(filter.job.iter()), |row| row.get(0))?;
        links.collect()
    }

    /// Returns the SQL clauses that select the failed items, and the failed links.
    fn queries(&self, filter: &RetryFilter) -> [(What, String); 2] {
        let condition = filter.condition();
        let root = self.root;
        let items = format!(
            "FROM failure JOIN item ON item.id = failure.item
             JOIN word AS reason ON reason.id = failure.reason
             LEFT JOIN link ON link.id = item.link WHERE item.root = {root} AND {condition}"
        );
        let links = format!(
            "FROM unlisted JOIN word AS reason ON reason.id = unlisted.reason
             JOIN link ON link.id = unlisted.link
             WHERE unlisted.root = {root} AND {condition}"
        );
        [(What::Items, items), (What::Links, links)]
    }

    fn origin(&self, link: i64) -> rusqlite::Result<Option<Origin>> {
        let mut query = self.connection.prepare_cached(
            "SELECT url, redacted, public, word.text, meta FROM link LEFT JOIN word ON word.id = source
             WHERE link.id = ?",
        )?;
        query.query_row([link], read_origin).optional()
    }

    fn options(&self, link: i64) -> rusqlite::Result<Option<String>> {
        let query = "SELECT options FROM unlisted WHERE root = ? AND link = ?";
        let mut query = self.connection.prepare_cached(query)?;
        let options = query.query_row(params![self.root, link], |row| row.get(0));
        Ok(options.optional()?.flatten())
    }
}

#[derive(Clone, Copy)]
enum What {
    Items,
    Links,
}

/// Returns the items sought, those of one link together.
fn of_items(shared: SharedRecords) -> impl Iterator<Item = Result<RetryBatch>> + Send {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        // After an error there is no position to continue from.
        let place = from.take()?;
        let next = shared.read(|records| retry_table::next(&records.connection, place));
        match next.transpose()? {
            Ok((link, places)) => {
                from = Some(places.end);
                Some(batch(&shared, link, Some(places)))
            }
            Err(error) => Some(Err(error)),
        }
    })
}

fn batch(
    shared: &SharedRecords,
    link: Option<i64>,
    items: Option<Range<i64>>,
) -> Result<RetryBatch> {
    let read = |records: &Records| {
        let origin = link.map(|link| records.origin(link)).transpose()?.flatten();
        let options = match (link, &items) {
            (Some(link), None) => records.options(link)?,
            _ => None,
        };
        Ok((origin, options))
    };
    let (origin, options) = shared.read(read)?;
    Ok(RetryBatch {
        origin,
        items: items.map(|places| shared.failed_items(places)),
        options,
    })
}

/// Returns the link that the user gave, from stored options.
fn given_link(json: &str) -> Option<String> {
    let options: serde_json::Value = serde_json::from_str(json).ok()?;
    Some(options.get("link")?.as_str()?.to_owned())
}

fn read_origin(row: &Row<'_>) -> rusqlite::Result<Origin> {
    let meta: Option<String> = row.get(4)?;
    Ok(Origin {
        url: row.get(0)?,
        redacted: row.get(1)?,
        named_by: match row.get(2)? {
            true => NamedBy::PublicServer,
            false => NamedBy::User,
        },
        source: row.get(3)?,
        settings: 0,
        meta: meta
            .and_then(|meta| serde_json::from_str(&meta).ok())
            .unwrap_or_default(),
    })
}
