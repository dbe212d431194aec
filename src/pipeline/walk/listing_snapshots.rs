//! Skips listings that are unchanged, according to their server, and whose items have all been downloaded.
//!
//! A snapshot is valid no matter when it was made: it says which items a listing with this validator has. Whether all
//! of them have been downloaded, and their files still exist, is checked when the snapshot is used.

use std::sync::Arc;

use url::Url;

use super::{Found, Origin, Walk};

use crate::model::{Document, Error, Event, Headers, Item, Kind, Link, Result};
use crate::pipeline::archive::{ListingSnapshot, Seen, link_mark, mark};
use crate::pipeline::documents::ReceivedDocument;
use crate::pipeline::sink::{Disk, quickly};
use crate::pipeline::{Policy, Settings};
use crate::source::{Registry, Target};

/// How snapshots are used in a run.
pub(super) struct SnapshotPolicy {
    disk: Option<Arc<Disk>>,
    policy: Policy,
    recheck: bool,
    /// Whether snapshots are recorded.
    remembers: bool,
    /// Whether snapshots are used.
    asks: bool,
    /// A hash of the sources of this run and of the links that they know.
    sources: i64,
}

/// What is learned about a listing for the next run.
#[derive(Default)]
pub(super) struct SnapshotRecorder {
    snapshot: Option<ListingSnapshot>,
    /// Whether it has more than items: the target of a link may change while the listing does not.
    has_links: bool,
    /// Whether its server says that it has not changed.
    unchanged: bool,
    /// The terms under which it was listed, if its source has named any.
    pub(super) terms: Option<String>,
}

impl SnapshotPolicy {
    pub(super) fn new(settings: &Settings, disk: Option<Arc<Disk>>, registry: &Registry) -> Self {
        let remembers = settings.archive.is_some() && !settings.simulate && !settings.adopt;
        let mut sources = env!("CARGO_PKG_VERSION").to_owned();
        for source in registry.sources() {
            sources.push(' ');
            sources.push_str(&source.manifest().name);
            for route in &source.manifest().routes {
                sources.push(' ');
                sources.push_str(&route.pattern.to_string());
            }
        }
        SnapshotPolicy {
            disk,
            policy: settings.skip,
            recheck: settings.recheck,
            remembers,
            asks: remembers && settings.resumes(),
            sources: link_mark(&sources),
        }
    }
}

impl SnapshotRecorder {
    /// Starts a snapshot with the validator of what follows.
    pub(super) fn begin(&mut self, walk: &Walk, validator: String) {
        if walk.snapshots.remembers {
            self.snapshot = Some(ListingSnapshot {
                validator,
                sources: walk.snapshots.sources,
                items: Vec::new(),
            });
        }
    }

    /// Notes an item of the listing.
    pub(super) fn note_item(&mut self, item: &Item) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.items.push(mark(&item.source, &item.key));
        }
    }

    /// Notes that the listing has more than items.
    pub(super) fn note_link(&mut self) {
        self.has_links = true;
    }

    /// Notes that the listing has not changed.
    pub(super) fn mark_unchanged(&mut self) {
        self.unchanged = true;
    }
}

impl Walk {
    /// Makes a request conditional if all items of the listing have been downloaded. Returns how many those are, or
    /// None if there is no snapshot.
    pub(super) async fn only_if_changed(
        &self,
        origin: &Origin,
        target: &mut Target,
    ) -> Result<Option<u64>> {
        let SnapshotPolicy {
            disk,
            policy,
            recheck,
            ..
        } = &self.snapshots;
        if !self.archive.has_listing_snapshots() {
            return Ok(None);
        }
        let Some(snapshot) = self.archive.listing_snapshot(origin) else {
            return Ok(None);
        };
        if !self.snapshots.asks || snapshot.sources != self.snapshots.sources {
            return Ok(Some(0));
        }
        let (archive, disk) = (self.archive.clone(), disk.clone());
        let (policy, recheck) = (*policy, *recheck);
        let items = snapshot.items;
        let downloaded = quickly(move || {
            let mut downloaded = 0;
            for item in items {
                match archive.seen(item)? {
                    Some(seen) if is_downloaded(&seen, policy, disk.as_deref()) => downloaded += 1,
                    Some(seen) if seen.gone && !recheck => {}
                    _ => return Ok(None),
                }
            }
            Ok(Some(downloaded))
        });
        let downloaded = downloaded.await?;
        if downloaded.is_some() {
            target.validator = Some(snapshot.validator);
        }
        Ok(Some(downloaded.unwrap_or(0)))
    }

    /// Records the snapshot of a listing that is complete, and reports one that has not changed. The snapshot of a failed
    /// listing is removed.
    pub(super) async fn record_snapshot(
        &self,
        origin: &Arc<Origin>,
        recorder: SnapshotRecorder,
        known: Option<u64>,
        done: &Result<()>,
    ) -> Result<()> {
        let recorded = match (done, known) {
            (Ok(()), Some(items)) if recorder.unchanged => {
                let link = origin.url.clone();
                let sent = self.events.send(Event::Unchanged { link, items });
                return sent.await.map_err(|_| Error::closed());
            }
            (Ok(()), _) if !recorder.has_links => match recorder.snapshot {
                Some(snapshot) => self.archive.note_listing_snapshot(origin, Some(snapshot)),
                None => Ok(()),
            },
            (Err(error), Some(_)) if error.kind != Kind::Closed => {
                self.archive.note_listing_snapshot(origin, None)
            }
            _ => Ok(()),
        };
        // A failure to record this is reported by whoever waits for the archive at the end.
        drop(recorded);
        Ok(())
    }

    /// Recognizes a feed that was listed as one before, so that it goes directly to the source for feeds, which can
    /// make a conditional request.
    pub(super) fn was_feed(&self, found: &Found) -> Option<ReceivedDocument> {
        if !self.snapshots.asks || !self.archive.has_listing_snapshots() {
            return None;
        }
        let url = super::documents::file(&found.item)?.url.clone();
        let reader = self.registry.reader(Document::Feed)?;
        let link = format!("{}:{url}", reader.manifest().name);
        let link = Link::from(Url::parse(&link).ok()?);
        let origin = Origin::of(&link, found.named_by).listed_by(reader.as_ref());
        self.archive.listing_snapshot(&origin)?;
        Some(ReceivedDocument {
            document: Document::Feed,
            final_url: url.clone(),
            url,
            answer: None,
            named_by: found.named_by,
            headers: Headers::default(),
        })
    }
}

/// Checks whether an item would be skipped if it were listed again.
fn is_downloaded(seen: &Seen, policy: Policy, disk: Option<&Disk>) -> bool {
    match &seen.saved {
        _ if seen.imported => true,
        Some(_) if policy == Policy::Seen => true,
        Some((path, size)) => disk.and_then(|disk| disk.size(path)) == Some(*size),
        None => false,
    }
}
