//! Decides for each item, in listing order: its path, or the reason to skip it.
//!
//! It consults the archive and the disk, never the network.

mod chosen;
mod known;
mod names;
mod reported;

use std::hash::RandomState;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use names::Names;
use reported::Reported;

use super::albums::{AlbumSlot, PackedAlbums};
use super::archive::Archive;
use super::branch::Branch;
use super::choose::MissingFields;
use super::hashes::Hashes;
use super::naming::{Planned, Template, fold, shown_text, split};
use super::progress::Ticket;
use super::sink::Disk;
use super::transfer::Job;
use super::turn::Turns;
use super::walk::{Found, Retry};
use super::{Events, LinkOptions, Settings, wanted};
use crate::model::{Error, Event, Item, Outcome, Request, Result, Skip};
use crate::net::Redacted;

/// The planner of a run.
pub(super) struct Plan {
    settings: Settings,
    archive: Arc<dyn Archive>,
    /// `None` if there is nothing on disk to look at.
    disk: Option<Arc<Disk>>,
    /// Files that exist only inside packed albums.
    packed_albums: Arc<PackedAlbums>,
    turns: Turns,
    events: Events,
    /// Cancelled when nothing more is to be listed.
    drain: CancellationToken,
    /// Hashes of the identities seen so far. The hash key is random, so nobody can make two items look the same.
    seen: Hashes,
    hasher: RandomState,
    /// The names reported so far, where nothing is saved.
    names: Option<Names>,
    /// The listing that the last item belongs to.
    branch: Option<Arc<Branch>>,
    items: u64,
    new: u64,
    /// How many items were not among those chosen.
    left_out: u64,
    /// The fields that filters asked for and rejected items lacked.
    lacking: MissingFields,
}

/// A planned path, and the error if it is not the path that was asked for.
type Named = (Planned, Option<Box<Error>>);

impl Plan {
    pub(super) fn new(
        settings: Settings,
        archive: Arc<dyn Archive>,
        disk: Option<Arc<Disk>>,
        turns: Turns,
        events: Events,
        drain: CancellationToken,
    ) -> Plan {
        Plan {
            names: settings.simulate.then(Names::default),
            settings,
            archive,
            disk,
            packed_albums: Arc::default(),
            turns,
            events,
            drain,
            seen: Hashes::default(),
            hasher: RandomState::new(),
            branch: None,
            items: 0,
            new: 0,
            left_out: 0,
            lacking: MissingFields::default(),
        }
    }

    /// Plans found items until there are no more, or no more are wanted.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub(super) async fn run(
        mut self,
        mut found: mpsc::Receiver<Found>,
        jobs: mpsc::Sender<Job>,
    ) -> Result<()> {
        while let Some(found) = found.recv().await {
            match self.one(found, &jobs).await {
                Err(error) if error.kind == crate::model::Kind::Closed => return Ok(()),
                done => done?,
            }
            let most = self.settings.max_new;
            if most.is_some_and(|most| self.new >= most.get()) {
                break;
            }
        }
        if self.left_out > 0 {
            let items = self.left_out;
            let lacking = match self.items {
                0 => std::mem::take(&mut self.lacking).fields(),
                _ => Vec::new(),
            };
            let _ = self.emit(Event::LeftOut { items, lacking }).await;
        }
        // A listing that was stopped may have had more. If nobody receives the event, that is no failure.
        if !self.drain.is_cancelled() {
            let _ = self.emit(Event::Complete).await;
        }
        Ok(())
    }

    /// Reports an item, and skips it or plans its download, if it is wanted at all.
    async fn one(&mut self, mut found: Found, jobs: &mpsc::Sender<Job>) -> Result<()> {
        self.enter(found.branch.take());
        let branch = self.branch.as_ref();
        // It was listed ahead, before it was known that no more is wanted.
        if branch.is_some_and(|branch| branch.is_stopped()) {
            return Ok(());
        }
        let Some(quality) = self.choose(&mut found) else {
            return Ok(());
        };
        let is_retry = found.retry.is_some();
        let (skipped, there) = self.skip(&found.item, is_retry).await?.unzip();
        let at = found.retry.take().and_then(|Retry { at }| at);
        let is_new = skipped.is_none() && at.is_none();
        let (planned, path) = self.path(&found, at.as_deref(), there.flatten(), is_new)?;
        self.items += 1;
        let id = self.items;
        self.emit(found_event(id, &found.item, path.clone()))
            .await?;
        let slot = self.slot(&mut found, &path, planned.is_some() && at.is_none());
        let simulated = self.settings.simulate.then(|| path.clone());
        let skipped = skipped.map(|reason| (reason, path));
        self.note_known(&found.item, skipped.as_ref().map(|(reason, _)| *reason));
        let (known, skipped) = self.to_be_asked(&found.item, skipped).await?;
        if let Some((reason, path)) = skipped {
            let outcome = skip(reason, path);
            slot.iter().for_each(|slot| slot.ended(&outcome));
            self.emit(Event::Ended { id, outcome }).await?;
            found.ticket.into_iter().for_each(Ticket::ended);
            return Ok(());
        }
        let reported = Reported {
            id,
            quality,
            at,
            planned,
            simulated,
            slot,
            known,
        };
        self.download(found, reported, jobs).await
    }

    /// Returns the path to report for an item, and its plan unless its file is `there`. The path of a known item is
    /// known; working one out costs more than everything else here.
    fn path(
        &mut self,
        found: &Found,
        at: Option<&str>,
        there: Option<String>,
        is_new: bool,
    ) -> Result<(Option<Named>, String)> {
        if let Some(path) = there {
            if let Some(names) = &mut self.names {
                names.note(&path);
            }
            return Ok((None, path));
        }
        let named = self.plan(at, found.options.as_deref(), &found.item)?;
        let path = match &mut self.names {
            Some(names) if is_new => names.give(&named.0),
            _ => planned_path(&named.0),
        };
        Ok((Some(named), path))
    }

    /// Returns the place of an item in its album, if that is gathered.
    fn slot(&self, found: &mut Found, path: &str, is_new: bool) -> Option<AlbumSlot> {
        let gatherer = found.gatherer.take()?;
        let (item, own) = (&*found.item, found.options.as_deref());
        gatherer.slot(item, path, is_new || self.is_home(own, item, path))
    }

    /// Returns the path of an item: that of the file it replaces, or else a new one. If the new path cannot be worked
    /// out, returns a default path, which always can, and the error.
    fn plan(&self, at: Option<&str>, own: Option<&LinkOptions>, item: &Item) -> Result<Named> {
        let planned = match at {
            Some(path) => Ok(Planned::at(path)),
            None => wanted::plan(own, &self.settings.templates, item),
        };
        match planned {
            Ok(planned) => Ok((planned, None)),
            Err(error) => Ok((
                Template::default_for(item).plan(item)?,
                Some(Box::new(error)),
            )),
        }
    }

    /// Checks whether a file is in the folder where it would be saved now.
    fn is_home(&self, own: Option<&LinkOptions>, item: &Item, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let planned = wanted::plan(own, &self.settings.templates, item);
        planned.is_ok_and(|planned| planned.folder.join("/") == folder)
    }

    async fn emit(&self, event: Event) -> Result<()> {
        self.events.send(event).await.map_err(|_| Error::closed())
    }
}

/// Returns the name that an item wants, without its extension. Names that some systems treat as equal are equal.
pub(super) fn wanted_name(planned: &Planned) -> String {
    let folder: String = planned
        .folder
        .iter()
        .flat_map(|folder| [folder.as_str(), "/"])
        .collect();
    fold(&(folder + split(&planned.stem).0))
}

fn skip(reason: Skip, path: String) -> Outcome {
    Outcome::Skipped {
        reason,
        path,
        warning: None,
    }
}

/// The path as planned; its extension may still change.
fn planned_path(planned: &Planned) -> String {
    planned.path(planned.ext.as_deref(), 1)
}

/// Builds the event for a wanted item and its path: where it is, or where it is planned.
fn found_event(id: u64, item: &Item, path: String) -> Event {
    let request = item.body.request();
    let title = item
        .meta
        .title
        .clone()
        .unwrap_or_else(|| item.meta.name.clone().unwrap_or_else(|| item.key.clone()));
    Event::Found {
        id,
        source: item.source.clone(),
        key: shown_text(item.key.clone()),
        title: shown_text(title),
        url: request.map(|request: &Request| Redacted(&request.url).to_string()),
        page: item
            .meta
            .page
            .as_ref()
            .map(|page| Redacted(page).to_string()),
        path,
        size: request.and_then(|request| request.expect.size),
        raw_url: request.map(|request| request.url.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Meta};

    #[test]
    fn stems_ignore_extension_and_case() {
        let table = [
            ("x", "x"),
            ("X (2)", "x (2)"),
            ("x (2).jpg", "x (2)"),
            ("x.jpg", "x"),
        ];
        for (stem, expected) in table {
            let planned = Planned {
                stem: stem.into(),
                ..Planned::at("")
            };
            assert_eq!(wanted_name(&planned), expected, "{stem}");
        }
    }

    #[test]
    fn keys_and_titles_that_are_urls_are_redacted() {
        let address = "https://u:hunter2@x.org/cat.jpg?token=hunter2";
        let mut item = Item {
            source: "x".into(),
            key: address.into(),
            meta: Meta::default(),
            body: Body::Later,
        };
        for title in [None, Some(address.to_owned())] {
            item.meta.title = title;
            let event = found_event(1, &item, "cat.jpg".into());
            let text = serde_json::to_string(&event).unwrap();
            assert!(!text.contains("hunter2"), "{text}");
        }
        item.key = "q6i58".into();
        let Event::Found { key, title, .. } = found_event(1, &item, "cat.jpg".into()) else {
            panic!("it is found");
        };
        assert_eq!(
            (&*key, &*title),
            ("q6i58", "https://***@x.org/cat.jpg?token=***")
        );
    }
}
