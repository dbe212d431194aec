//! Album post-processing, once all items of an album have ended: its metadata as JSON, and its files packed.
//!
//! It knows neither sources nor the network. What it writes and packs is not an item, and never takes an item's name.

mod comic;
mod document;
mod gather;
mod info;
mod merged;
mod moves;
mod outdated;
mod output_file;
mod pack;
mod packed_albums;
mod packing;
mod parts;
mod remake;
mod removable_files;
mod spool;
mod temporary;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

pub(super) use self::document::is_album_info;
pub(super) use self::gather::{AlbumGatherer, AlbumSlot};
use self::gather::{AlbumItems, GatheredListing, ItemMetadata, MemberOutcome, Shared};
use self::moves::folder_of;
pub(super) use self::moves::{AlbumMoves, MovedFile};
use self::output_file::Search;
use self::pack::{Form, Pack, PackResult};
pub(super) use self::pack::{index, is_marked};
pub(super) use self::packed_albums::{PackedAlbum, PackedAlbums, is_named};
pub use self::packing::Packing;
pub use self::remake::{Remade, remake};
use super::archive::{Archive, Identity, Origin};
use super::sink::{Disk, slowly};
use super::turn::Turns;
use super::{Events, PostProcessing, Settings, Stop};
use crate::model::{Error, Event, Failure, Kind, Link, Result};

/// Gathers the albums of a run.
#[derive(Clone)]
pub(super) struct Albums {
    shared: Shared,
}

/// Processes albums once they are gathered.
struct AlbumWriter {
    steps: PostProcessing,
    min_free: u64,
    disk: Arc<Disk>,
    archive: Arc<dyn Archive>,
    events: Events,
    stop: Stop,
    /// One album at a time, since the disk is the bottleneck.
    turn: Mutex<()>,
}

/// Starts waiting for albums, unless no post-processing is wanted. The task ends once nothing gathers any more.
pub(super) fn begin(
    settings: &Settings,
    disk: Option<&Arc<Disk>>,
    archive: &Arc<dyn Archive>,
    turns: &Turns,
    events: &Events,
    stop: &Stop,
) -> (Option<Albums>, Option<JoinHandle<()>>) {
    let steps = settings.after.clone();
    let is_idle = !steps.has_albums() || settings.simulate || settings.adopt;
    let Some(disk) = disk.filter(|_| !is_idle) else {
        return (None, None);
    };
    // The disk was opened, and so was the root.
    let Ok(root) = disk.folder(&[]) else {
        return (None, None);
    };
    // Unbounded, since whoever drops the last reference to an album cannot wait. A listing is sent once, when all its
    // items have ended, and most of what is known of them is on disk.
    let (out, gathered) = mpsc::unbounded_channel();
    let shared = Shared {
        out,
        turns: turns.clone(),
        wants_metadata: steps.info,
        root,
    };
    let writer = AlbumWriter {
        steps,
        min_free: settings.min_free,
        disk: disk.clone(),
        archive: archive.clone(),
        events: events.clone(),
        stop: stop.clone(),
        turn: Mutex::default(),
    };
    let task = tokio::spawn(Arc::new(writer).run(gathered));
    (Some(Albums { shared }), Some(task))
}

impl Albums {
    /// Returns the gatherer for the albums of the listing of this link. `given` is the album that the listing was
    /// opened for, and the gatherer of the listing that led to it.
    pub(super) fn gather(
        &self,
        origin: &Arc<Origin>,
        given: Option<(String, Arc<AlbumGatherer>)>,
        is_whole: bool,
    ) -> Arc<AlbumGatherer> {
        AlbumGatherer::new(self.shared.clone(), origin.clone(), given, is_whole)
    }
}

/// Returns the album that a link was emitted for, if any, and the gatherer of that album.
pub(super) fn given(
    gatherer: Option<&Arc<AlbumGatherer>>,
    link: &Link,
) -> Option<(String, Arc<AlbumGatherer>)> {
    let id = &link.meta.album.as_ref()?.id;
    Some((id.clone(), gatherer?.gatherer_of(id)))
}

impl AlbumWriter {
    async fn run(self: Arc<Self>, mut gathered: mpsc::UnboundedReceiver<GatheredListing>) {
        // One task for each listing waiting for its turn; only one of them writes at a time.
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.now.cancelled() => break,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
                next = gathered.recv() => match next {
                    Some(next) => drop(tasks.spawn(self.clone().process_listing(next))),
                    None => break,
                },
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Processes the albums of a listing.
    async fn process_listing(self: Arc<Self>, mut gathered: GatheredListing) {
        for mut album_items in std::mem::take(&mut gathered.albums) {
            if album_items.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.stop.now.cancelled() => return,
                () = album_items.turn.comes() => {}
            }
            let _turn = self.turn.lock().await;
            let writer = self.clone();
            let done = slowly(move || {
                let events = writer.process_album(&gathered, album_items);
                Ok((gathered, events))
            });
            let events = match done.await {
                Ok((back, events)) => {
                    gathered = back;
                    events
                }
                // The panic took the metadata of the listing's other albums with it.
                Err(error) => {
                    let _ = self
                        .events
                        .send(missed(self.first_output(), "", &error))
                        .await;
                    return;
                }
            };
            for event in events {
                // If nobody reads events any more, the run is over.
                let _ = self.events.send(event).await;
            }
        }
    }

    /// Processes an album, and returns the events to report. Blocks.
    fn process_album(&self, gathered: &GatheredListing, mut album_items: AlbumItems) -> Vec<Event> {
        let mut events = Vec::new();
        let resolved = self.resolve_duplicates(gathered, &mut album_items);
        let folders = match resolved.and_then(|()| folders(gathered, &album_items)) {
            Ok(folders) => folders,
            Err(error) => return vec![missed(self.first_output(), "", &error)],
        };
        if self.steps.info {
            let search = self.search(&folders, "json");
            if let Err(error) = info::write(&search, gathered, &album_items) {
                events.push(missed("info", &folders[0], &error));
            }
        }
        let forms = [(self.steps.zip, Form::Zip), (self.steps.cbz, Form::Cbz)];
        let (mut removable, mut is_all) = (Vec::new(), true);
        let mut packed_instead = None;
        for (packing, form) in forms {
            if packing == Packing::No {
                continue;
            }
            let is_only = packing == Packing::Only;
            match self.pack(gathered, &album_items, &folders, (form, is_only)) {
                Ok(done) => {
                    removable.extend(done.removable);
                    if let (Some(packed), Some(error)) = (&done.packed, &done.lacks) {
                        events.push(missed(form.ext(), &packed.path, error));
                    }
                    let Some(packed) = done.packed else { continue };
                    if is_only {
                        packed_instead = Some((form.ext(), packed.path.clone()));
                    }
                    events.push(Event::Packed {
                        path: packed.path,
                        files: packed.files,
                        size: packed.size,
                    });
                }
                Err(missed) => {
                    is_all = false;
                    events.extend(missed.map(|missed| *missed));
                }
            }
        }
        // A ZIP that could not be written still needs the files.
        if is_all
            && let Some(error) = removable_files::remove(&self.disk, removable)
            && let Some((what, path)) = packed_instead
        {
            events.push(missed(what, &path, &error));
        }
        events
    }

    /// Returns the name of the first output that is missed when processing fails altogether.
    fn first_output(&self) -> &'static str {
        match self.steps.zip {
            _ if self.steps.info => info::NAME.0,
            Packing::No => Form::Cbz.ext(),
            _ => Form::Zip.ext(),
        }
    }

    /// Packs an album; on failure returns the event to report, if any.
    fn pack(
        &self,
        gathered: &GatheredListing,
        album_items: &AlbumItems,
        folders: &[String],
        (form, is_only): (Form, bool),
    ) -> std::result::Result<PackResult, Option<Box<Event>>> {
        let goes_on = || !self.stop.now.is_cancelled();
        let pack = Pack {
            search: self.search(folders, form.ext()),
            gathered,
            album_items,
            form,
            is_only,
            min_free: self.min_free,
            goes_on: &goes_on,
        };
        let mut path = folders[0].clone();
        let done = || -> Result<_> {
            let output = pack.find()?;
            path.clone_from(&output.path);
            album_items.check(&gathered.end)?;
            if self.stop.drain.is_cancelled() {
                return Err(Error::closed());
            }
            pack.run(output)
        }();
        done.map_err(|error| {
            // The user who ended the run knows about it.
            let is_reported = error.kind != Kind::Closed && goes_on();
            is_reported.then(|| Box::new(missed(form.ext(), &path, &error)))
        })
    }

    /// Looks up the files of items that another album also has.
    fn resolve_duplicates(
        &self,
        gathered: &GatheredListing,
        album_items: &mut AlbumItems,
    ) -> Result<()> {
        for member in &mut album_items.members {
            if !matches!(member.outcome, MemberOutcome::InOtherAlbum) {
                continue;
            }
            let ItemMetadata { source, key, .. } = gathered.metadata(member)?;
            let seen = self.archive.find(&Identity { source, key })?;
            let seen = seen.unwrap_or_default();
            member.outcome = match seen.saved {
                Some((path, size)) => {
                    let is_packed = self.disk.size(&path).is_none()
                        && PackedAlbums::default().is_only_copy(
                            &self.disk,
                            &*self.archive,
                            &path,
                            size,
                        );
                    member.path = Some(path.into());
                    match is_packed {
                        true => MemberOutcome::Packed,
                        false => MemberOutcome::SavedBefore,
                    }
                }
                None if seen.gone => MemberOutcome::Gone(None),
                None => {
                    let error = Error::new(Kind::Missing, "it has not been downloaded yet");
                    MemberOutcome::Failed(Box::new(Failure::new(&error, 0)))
                }
            };
        }
        Ok(())
    }

    fn search<'a>(&'a self, folders: &'a [String], ext: &'a str) -> Search<'a> {
        Search {
            disk: &self.disk,
            archive: &*self.archive,
            folders,
            ext,
        }
    }
}

/// Returns the distinct folders of its items, in order, except that a folder of its own comes first. There is at least
/// one.
fn folders(gathered: &GatheredListing, album_items: &AlbumItems) -> Result<Vec<String>> {
    let (mut seen, mut folders) = (HashSet::new(), Vec::new());
    let mut own = None;
    for member in &album_items.members {
        let metadata = gathered.metadata(member)?;
        let folder = folder_of(&metadata.path);
        if !seen.contains(folder) {
            seen.insert(folder.to_owned());
            folders.push(folder.to_owned());
        }
        if metadata.is_home && own.is_none() {
            own = folders.iter().position(|other| other == folder);
        }
    }
    folders[..=own.unwrap_or(0)].rotate_right(1);
    Ok(folders)
}

fn missed(what: &str, path: &str, error: &Error) -> Event {
    Event::Missed {
        id: None,
        what: what.to_owned(),
        path: path.to_owned(),
        failure: Failure::new(error, 1),
    }
}
