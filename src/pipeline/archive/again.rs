//! What failed, and is to be asked for once more.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::kept::read;
use super::sqlite::cannot;
use super::{Identity, Origin, Records};
use crate::model::{Item, Kind, Result};
use crate::net::Led;

/// How many items of one link are asked for together at the most.
const TOGETHER: usize = 200;

/// Which failures are meant.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Their reasons; none for all but those of what is gone.
    pub reasons: Vec<Kind>,
    /// What is gone from its site, too.
    pub gone: bool,
    /// Only what failed since then.
    pub since: Option<Timestamp>,
    /// Only what failed in runs of this job.
    pub job: Option<String>,
}

/// Items of one link that failed, or a link that could not be listed.
#[derive(Clone, Debug)]
pub struct Again {
    /// The link. None for an item whose key is its link.
    pub origin: Option<Origin>,
    /// The items, in the order in which they were found; none if the link itself failed.
    pub items: Vec<Lost>,
}

/// An item that failed.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Whose it is.
    pub identity: Identity,
    /// The item, as far as it is remembered.
    pub item: Option<Box<Item>>,
    /// Who led to it.
    pub led: Led,
    /// Its file below the root, which is to be had again at the same place. If there is one, it is broken.
    pub at: Option<String>,
}

impl Choice {
    /// The condition for a failure, in the words of the database.
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
            condition.push_str(" AND run.job = ?");
        }
        condition
    }
}

impl Records {
    /// What failed below the root and is meant, to be read as it is asked for: first items, in the order in which they
    /// were found, then links. `None` where the archive in this file knows nothing of the root.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn again(
        file: &Path,
        root: &Path,
        choice: &Choice,
    ) -> Result<Option<impl Iterator<Item = Result<Again>> + Send + use<>>> {
        let Some(records) = Records::open(file, root)? else {
            return Ok(None);
        };
        let ids = records.failed(choice);
        let (items, links) = ids.map_err(|error| cannot(&records.file, error.into()))?;
        let mut items = items.into_iter().peekable();
        let mut links = links.into_iter();
        Ok(Some(std::iter::from_fn(move || {
            let again = match items.next() {
                Some((id, link)) => {
                    let mut ids = vec![id];
                    while ids.len() < TOGETHER
                        && link.is_some()
                        && let Some((id, _)) = items.next_if(|(_, next)| *next == link)
                    {
                        ids.push(id);
                    }
                    records.lost(&ids, link)
                }
                None => records.lost(&[], Some(links.next()?)),
            };
            Some(again.map_err(|error| cannot(&records.file, error.into())))
        })))
    }

    /// The numbers of items that failed, each with its link, and of links. They are few bytes each, so that all fit.
    #[expect(
        clippy::type_complexity,
        reason = "two lists, for the one caller above"
    )]
    fn failed(&self, choice: &Choice) -> rusqlite::Result<(Vec<(i64, Option<i64>)>, Vec<i64>)> {
        let condition = choice.condition();
        let values = || params_from_iter(choice.job.iter());
        let mut query = self.connection.prepare(&format!(
            "SELECT item.id, item.link FROM failure JOIN item ON item.id = failure.item
             JOIN word AS reason ON reason.id = failure.reason LEFT JOIN run ON run.id = item.run
             WHERE item.root = {} AND {condition} ORDER BY item.run, failure.number, item.id",
            self.root
        ))?;
        let items = query.query_map(values(), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let items = items.collect::<rusqlite::Result<_>>()?;
        let mut query = self.connection.prepare(&format!(
            "SELECT unlisted.link FROM unlisted JOIN word AS reason ON reason.id = unlisted.reason
             LEFT JOIN run ON run.id = unlisted.run
             WHERE unlisted.root = {} AND {condition} ORDER BY unlisted.run, noted, unlisted.link",
            self.root
        ))?;
        let links = query.query_map(values(), |row| row.get(0))?;
        Ok((items, links.collect::<rusqlite::Result<_>>()?))
    }

    /// Asks for the files of these items anew: their numbers, in any order, each with the path of its file.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn renew(
        self,
        files: Vec<(i64, String)>,
    ) -> Result<impl Iterator<Item = Result<Again>> + Send + use<>> {
        let wrong = |records: &Records, error: rusqlite::Error| cannot(&records.file, error.into());
        let links = files.iter().map(|(id, _)| self.link_of(*id));
        let links = links.collect::<rusqlite::Result<Vec<_>>>();
        let links = links.map_err(|error| wrong(&self, error))?;
        let mut files: Vec<_> = links.into_iter().zip(files).collect();
        // Those of one link stand together, so that it is listed once.
        files.sort_unstable();
        let mut files = files.into_iter().peekable();
        Ok(std::iter::from_fn(move || {
            loop {
                let (link, first) = files.next()?;
                let mut together = vec![first];
                while together.len() < TOGETHER
                    && link.is_some()
                    && let Some((_, next)) = files.next_if(|(next, _)| *next == link)
                {
                    together.push(next);
                }
                let again = self.again_at(link, together);
                // Without an item, it would be all of the link.
                if !matches!(&again, Ok(again) if again.items.is_empty()) {
                    return Some(again.map_err(|error| wrong(&self, error)));
                }
            }
        }))
    }

    fn again_at(&self, link: Option<i64>, files: Vec<(i64, String)>) -> rusqlite::Result<Again> {
        let mut again = self.lost(&[], link)?;
        for (id, path) in files {
            let found = self.lost(&[id], None)?.items;
            again.items.extend(found.into_iter().map(|lost| Lost {
                at: Some(path.clone()),
                // What is its own link was saved from there, so that this was allowed.
                led: if link.is_none() {
                    Led::ByUser
                } else {
                    lost.led
                },
                ..lost
            }));
        }
        Ok(again)
    }

    fn link_of(&self, id: i64) -> rusqlite::Result<Option<i64>> {
        let mut query = self
            .connection
            .prepare_cached("SELECT link FROM item WHERE id = ?")?;
        Ok(query
            .query_row([id], |row| row.get(0))
            .optional()?
            .flatten())
    }

    fn lost(&self, items: &[i64], link: Option<i64>) -> rusqlite::Result<Again> {
        let mut query = self.connection.prepare_cached(
            "SELECT word.text, key, json, link IS NULL AND failure.number IS 0 FROM item
             JOIN word ON word.id = source LEFT JOIN failure ON failure.item = item.id WHERE item.id = ?",
        )?;
        let mut lost = Vec::with_capacity(items.len());
        for id in items {
            // Another process may have forgotten it meanwhile.
            lost.extend(query.query_row([id], read_lost).optional()?);
        }
        let mut query = self.connection.prepare_cached(
            "SELECT url, redacted, public, word.text, meta FROM link LEFT JOIN word ON word.id = source
             WHERE link.id = ?",
        )?;
        Ok(Again {
            origin: query.query_row(params![link], read_origin).optional()?,
            items: lost,
        })
    }
}

fn read_lost(row: &Row<'_>) -> rusqlite::Result<Lost> {
    let json: Option<String> = row.get(2)?;
    let kept = json.and_then(|json| read(&json));
    // Items of a run have numbers from 1 on; it is a failure of version 1, in which users named all links that are keys.
    let unkept = match row.get(3)? {
        true => Led::ByUser,
        false => Led::ByPublic,
    };
    Ok(Lost {
        identity: Identity {
            source: row.get(0)?,
            key: row.get(1)?,
        },
        led: kept.as_ref().map_or(unkept, |kept| kept.led),
        at: None,
        item: kept.map(|kept| Box::new(kept.item)),
    })
}

fn read_origin(row: &Row<'_>) -> rusqlite::Result<Origin> {
    let meta: Option<String> = row.get(4)?;
    Ok(Origin {
        url: row.get(0)?,
        redacted: row.get(1)?,
        led: match row.get(2)? {
            true => Led::ByPublic,
            false => Led::ByUser,
        },
        source: row.get(3)?,
        meta: meta
            .and_then(|meta| serde_json::from_str(&meta).ok())
            .unwrap_or_default(),
    })
}
