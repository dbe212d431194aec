//! The summary of a run, built from its events.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Event, Failure, Kind, Outcome, Skip};

/// How many failures are kept with all details. Beyond that they are only counted, so that a run with millions of failures
/// does not fill the memory.
const KEPT: usize = 10_000;

/// The summary of a run. Successful items are only counted, so its size does not grow with the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Items found.
    pub found: u64,
    /// Items that were newly saved.
    pub saved: u64,
    /// The total length of the saved files.
    pub bytes: u64,
    /// How many of these bytes existed before the run.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before: u64,
    /// Items that need not be downloaded, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Items that failed, by kind.
    pub failed: BTreeMap<Kind, u64>,
    /// Items without an outcome. Only their number is serialized, including those given up.
    #[serde(
        rename = "not_done",
        serialize_with = "not_done",
        deserialize_with = "given_up"
    )]
    open: Open,
    /// The items that failed, the first ten thousand.
    pub failures: Vec<FailedItem>,
    /// Links that could not be listed to their end, by kind.
    pub links_failed: BTreeMap<Kind, u64>,
    /// The links that failed, the first ten thousand.
    pub link_failures: Vec<FailedLink>,
    /// Items with a warning, for example because their bytes contradict the listing.
    pub warnings: u64,
    /// Failed steps after downloads, the first ten thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Missed>,
    /// Items that were listed but not selected.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Fields that a filter uses and none of the items has, if no item was selected.
    #[serde(skip)]
    pub lacking: Vec<String>,
    /// How long the run took.
    #[serde(
        rename = "elapsed_ms",
        serialize_with = "millis",
        deserialize_with = "from_millis"
    )]
    pub elapsed: Duration,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// Whether every link has been listed.
    #[serde(skip)]
    pub complete: bool,
    /// Bytes received in this run, including those of incomplete items.
    #[serde(skip)]
    pub moved: u64,
}

/// Items that have not ended yet, and the number of those given up.
#[derive(Clone, Debug, Default, PartialEq)]
struct Open {
    items: BTreeMap<u64, OpenItem>,
    given_up: u64,
}

/// The names and addresses of an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The source that emitted it.
    pub source: String,
    /// Its key in that source.
    pub key: String,
    /// Its title, or else a name.
    pub title: String,
    /// The page it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The URL of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The planned path.
    pub path: String,
}

/// An item that has not ended yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenItem {
    /// Its names and addresses.
    pub named: Named,
    /// Its length according to the server, or else the listing.
    pub total: Option<u64>,
    /// How many bytes of it exist.
    pub bytes: u64,
    /// How many of them existed before the run.
    pub before: u64,
    /// Whether its download has begun.
    pub began: bool,
}

/// An item that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedItem {
    /// Its id in this run.
    pub id: u64,
    /// Its names and addresses.
    #[serde(flatten)]
    pub named: Named,
    /// Why it failed.
    pub failure: Failure,
}

/// A step after the download of an item, or after the run, that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The step, such as `exec`.
    pub what: String,
    /// The path of the item, if the step was for one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Why it failed.
    pub failure: Failure,
}

/// A link that could not be listed to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedLink {
    /// The link.
    pub link: String,
    /// Why it failed.
    pub failure: Failure,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Summary {
    /// Records an event, and returns the item that ends with it.
    pub fn take(&mut self, event: &Event) -> Option<OpenItem> {
        match event {
            Event::Found {
                id,
                source,
                key,
                title,
                url,
                page,
                path,
                size,
                ..
            } => {
                let named = Named {
                    source: source.clone(),
                    key: key.clone(),
                    title: title.clone(),
                    page: page.clone(),
                    url: url.clone(),
                    path: path.clone(),
                };
                let item = OpenItem {
                    named,
                    total: *size,
                    ..OpenItem::default()
                };
                self.found += 1;
                self.open.items.insert(*id, item);
            }
            Event::Began { id, total, have } => self.begin(*id, *total, *have),
            Event::Moved { id, bytes } => {
                if let Some(item) = self.open.items.get_mut(id) {
                    // Fewer than before means that the item had to start over.
                    self.moved += bytes.saturating_sub(item.bytes);
                    item.bytes = *bytes;
                }
            }
            Event::Ended { id, outcome } => {
                let item = self.open.items.remove(id).unwrap_or_default();
                self.end(*id, &item, outcome);
                return Some(item);
            }
            Event::Listed { link, failure, .. } => {
                let failure = failure.as_ref();
                if let Some(failure) = failure.filter(|failure| failure.kind != Kind::Closed) {
                    self.fail_link(link, failure);
                }
            }
            Event::Missed {
                what,
                path,
                failure,
                ..
            } => self.miss(what, path, failure),
            Event::Unchanged { items, .. } => {
                self.found += items;
                *self.skipped.entry(Skip::Present).or_default() += items;
            }
            Event::LeftOut { items, lacking } => {
                self.left_out += items;
                self.lacking.extend_from_slice(lacking);
            }
            Event::Complete => self.complete = true,
            Event::Said { .. }
            | Event::Noted { .. }
            | Event::Warned { .. }
            | Event::Resumed { .. }
            | Event::Packed { .. }
            | Event::Waiting { .. } => {}
        }
        None
    }

    /// Records that the download of an item begins, or begins anew.
    fn begin(&mut self, id: u64, total: Option<u64>, have: u64) {
        if let Some(item) = self.open.items.get_mut(&id) {
            // If it had to start over, fewer or none of the bytes existed before.
            item.before = match item.began {
                true => item.before.min(have),
                false => have,
            };
            item.began = true;
            item.total = total.or(item.total);
            item.bytes = have;
        }
    }

    /// Records that a link could not be listed to its end.
    fn fail_link(&mut self, link: &str, failure: &Failure) {
        *self.links_failed.entry(failure.kind).or_default() += 1;
        if self.link_failures.len() < KEPT {
            self.link_failures.push(FailedLink {
                link: link.to_owned(),
                failure: failure.clone(),
            });
        }
    }

    /// Records that a step after a download failed.
    fn miss(&mut self, what: &str, path: &str, failure: &Failure) {
        if self.missed.len() < KEPT {
            self.missed.push(Missed {
                what: what.to_owned(),
                path: path.to_owned(),
                failure: failure.clone(),
            });
        }
    }

    /// Records how an item ended.
    fn end(&mut self, id: u64, item: &OpenItem, outcome: &Outcome) {
        match outcome {
            Outcome::Saved { size, warning, .. } => {
                self.saved += 1;
                self.bytes += size;
                self.before += item.before.min(*size);
                self.moved += size.saturating_sub(item.bytes);
                self.warnings += u64::from(warning.is_some());
            }
            // The items that it leads to are counted instead.
            Outcome::Document { .. } => self.found = self.found.saturating_sub(1),
            Outcome::Skipped {
                reason, warning, ..
            } => {
                *self.skipped.entry(*reason).or_default() += 1;
                self.warnings += u64::from(warning.is_some());
            }
            Outcome::Failed(failure) if failure.kind == Kind::Closed => self.open.given_up += 1,
            Outcome::Failed(failure) => {
                *self.failed.entry(failure.kind).or_default() += 1;
                if self.failures.len() < KEPT {
                    self.failures.push(FailedItem {
                        id,
                        named: item.named.clone(),
                        failure: failure.clone(),
                    });
                }
            }
        }
    }

    /// The items that were found and have not ended yet, in order.
    pub fn open(&self) -> impl Iterator<Item = (u64, &OpenItem)> {
        self.open.items.iter().map(|(id, item)| (*id, item))
    }

    /// The item with this number, if it has not ended yet.
    pub fn open_item(&self, id: u64) -> Option<&OpenItem> {
        self.open.items.get(&id)
    }

    /// How many items have ended, whatever their outcome.
    pub fn ended(&self) -> u64 {
        self.saved
            + self.skipped.values().sum::<u64>()
            + self.failed.values().sum::<u64>()
            + self.open.given_up
    }

    /// How many items are where they should be: newly saved, or already there.
    pub fn succeeded(&self) -> u64 {
        let skipped = self.skipped.iter();
        // Items that are gone or absent have no file.
        let there = skipped.filter(|(reason, _)| !matches!(reason, Skip::Gone | Skip::Absent));
        self.saved + there.map(|(_, count)| count).sum::<u64>()
    }

    /// How many items were skipped for this reason.
    pub fn skipped(&self, reason: Skip) -> u64 {
        self.skipped.get(&reason).copied().unwrap_or(0)
    }

    /// How many items need not be downloaded, since their files existed before the run, possibly under another name or
    /// without being recorded.
    pub fn had(&self) -> u64 {
        let reasons = [
            Skip::Present,
            Skip::Packed,
            Skip::Seen,
            Skip::Duplicate,
            Skip::Adopted,
        ];
        reasons.map(|reason| self.skipped(reason)).iter().sum()
    }

    /// How many items were found but have no outcome, or were given up.
    pub fn not_done(&self) -> u64 {
        self.open.given_up + self.open.items.len() as u64
    }

    /// Whether no item was found and no link failed.
    pub fn is_empty(&self) -> bool {
        self.found == 0 && self.links_failed.is_empty()
    }

    /// Whether an item, a link or a step after a download failed.
    pub fn has_failures(&self) -> bool {
        !self.failed.is_empty() || !self.links_failed.is_empty() || !self.missed.is_empty()
    }

    /// The kinds of all failures, of items and of links.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.failed.keys().chain(self.links_failed.keys()).copied()
    }
}

fn millis<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn from_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn given_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Open, D::Error> {
    let given_up = u64::deserialize(deserializer)?;
    Ok(Open {
        given_up,
        ..Open::default()
    })
}

fn not_done<S: Serializer>(open: &Open, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(open.given_up + open.items.len() as u64)
}

#[cfg(test)]
pub(super) mod tests;
