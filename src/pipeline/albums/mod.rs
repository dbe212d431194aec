//! Album post-processing, once all items of an album have ended: its metadata as JSON, and its files packed.
//!
//! It knows neither sources nor the network. What it writes and packs is not an item, and never takes an item's name.

mod along;
mod comic;
mod document;
mod gather;
mod info;
mod merged;
mod outdated;
mod pack;
mod packing;
mod parts;
mod remake;
mod shelf;
mod spares;
mod spool;
mod spot;
mod temporary;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use self::along::folder_of;
pub(super) use self::along::{Along, Carried};
pub(super) use self::document::tells_of_album;
use self::gather::{Fate, Gathered, Shared, Told, Volume};
pub(super) use self::gather::{Gather, Seat};
use self::pack::{Done, Form, Pack};
pub(super) use self::pack::{index, is_marked};
pub use self::packing::Packing;
pub use self::remake::{Remade, remake};
pub(super) use self::shelf::{Bound, Shelf, is_named};
use self::spot::Search;
use super::archive::{Archive, Identity, Origin};
use super::sink::{Disk, slowly};
use super::turn::Turns;
use super::{Events, Settings, Stop, Wishes};
use crate::model::{Error, Event, Failure, Kind, Link, Result};

/// Gathers the albums of a run.
#[derive(Clone)]
pub(super) struct Albums {
    shared: Shared,
}

/// Processes albums once they are gathered.
struct Clerk {
    wishes: Wishes,
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
    let wishes = settings.after.clone();
    let is_idle = !wishes.has_albums() || settings.simulate || settings.adopt;
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
        tells: wishes.info,
        root,
    };
    let clerk = Clerk {
        wishes,
        min_free: settings.min_free,
        disk: disk.clone(),
        archive: archive.clone(),
        events: events.clone(),
        stop: stop.clone(),
        turn: Mutex::default(),
    };
    let task = tokio::spawn(Arc::new(clerk).run(gathered));
    (Some(Albums { shared }), Some(task))
}

impl Albums {
    /// Returns the gatherer for the albums of the listing of this link. `given` is the album that the listing was
    /// opened for, and the gatherer of the listing that led to it.
    pub(super) fn gather(
        &self,
        origin: &Arc<Origin>,
        given: Option<(String, Arc<Gather>)>,
        is_whole: bool,
    ) -> Arc<Gather> {
        Gather::new(self.shared.clone(), origin.clone(), given, is_whole)
    }
}

/// Returns the album that a link was emitted for, if any, and the gatherer of that album.
pub(super) fn given(gather: Option<&Arc<Gather>>, link: &Link) -> Option<(String, Arc<Gather>)> {
    let id = &link.meta.album.as_ref()?.id;
    Some((id.clone(), gather?.holder(id)))
}

impl Clerk {
    async fn run(self: Arc<Self>, mut gathered: mpsc::UnboundedReceiver<Gathered>) {
        // One task for each listing waiting for its turn; only one of them writes at a time.
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.now.cancelled() => break,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
                next = gathered.recv() => match next {
                    Some(next) => drop(tasks.spawn(self.clone().all(next))),
                    None => break,
                },
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Processes the albums of a listing.
    async fn all(self: Arc<Self>, mut gathered: Gathered) {
        for mut volume in std::mem::take(&mut gathered.volumes) {
            if volume.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.stop.now.cancelled() => return,
                () = volume.turn.comes() => {}
            }
            let _turn = self.turn.lock().await;
            let clerk = self.clone();
            let done = slowly(move || {
                let told = clerk.one(&gathered, volume);
                Ok((gathered, told))
            });
            let told = match done.await {
                Ok((back, told)) => {
                    gathered = back;
                    told
                }
                // The panic took the metadata of the listing's other albums with it.
                Err(error) => {
                    let _ = self
                        .events
                        .send(missed(self.first_wish(), "", &error))
                        .await;
                    return;
                }
            };
            for event in told {
                // If nobody reads events any more, the run is over.
                let _ = self.events.send(event).await;
            }
        }
    }

    /// Processes an album, and returns the events to report. Blocks.
    fn one(&self, gathered: &Gathered, mut volume: Volume) -> Vec<Event> {
        let mut told = Vec::new();
        let settled = self.settle(gathered, &mut volume);
        let folders = match settled.and_then(|()| folders(gathered, &volume)) {
            Ok(folders) => folders,
            Err(error) => return vec![missed(self.first_wish(), "", &error)],
        };
        if self.wishes.info {
            let search = self.search(&folders, "json");
            if let Err(error) = info::write(&search, gathered, &volume) {
                told.push(missed("info", &folders[0], &error));
            }
        }
        let forms = [(self.wishes.zip, Form::Zip), (self.wishes.cbz, Form::Cbz)];
        let (mut spares, mut is_all) = (Vec::new(), true);
        let mut holder = None;
        for (packing, form) in forms {
            if packing == Packing::No {
                continue;
            }
            let is_only = packing == Packing::Only;
            match self.pack(gathered, &volume, &folders, (form, is_only)) {
                Ok(done) => {
                    spares.extend(done.loose);
                    if let (Some(packed), Some(error)) = (&done.packed, &done.lacks) {
                        told.push(missed(form.ext(), &packed.path, error));
                    }
                    let Some(packed) = done.packed else { continue };
                    if is_only {
                        holder = Some((form.ext(), packed.path.clone()));
                    }
                    told.push(Event::Packed {
                        path: packed.path,
                        files: packed.files,
                        size: packed.size,
                    });
                }
                Err(missed) => {
                    is_all = false;
                    told.extend(missed.map(|missed| *missed));
                }
            }
        }
        // A ZIP that could not be written still needs the files.
        if is_all
            && let Some(error) = spares::remove(&self.disk, spares)
            && let Some((what, path)) = holder
        {
            told.push(missed(what, &path, &error));
        }
        told
    }

    /// Returns the name of the first output that is missed when processing fails altogether.
    fn first_wish(&self) -> &'static str {
        match self.wishes.zip {
            _ if self.wishes.info => info::NAME.0,
            Packing::No => Form::Cbz.ext(),
            _ => Form::Zip.ext(),
        }
    }

    /// Packs an album; on failure returns the event to report, if any.
    fn pack(
        &self,
        gathered: &Gathered,
        volume: &Volume,
        folders: &[String],
        (form, is_only): (Form, bool),
    ) -> std::result::Result<Done, Option<Box<Event>>> {
        let goes_on = || !self.stop.now.is_cancelled();
        let pack = Pack {
            search: self.search(folders, form.ext()),
            gathered,
            volume,
            form,
            is_only,
            min_free: self.min_free,
            goes_on: &goes_on,
        };
        let mut path = folders[0].clone();
        let done = || -> Result<_> {
            let spot = pack.find()?;
            path.clone_from(&spot.path);
            volume.check(&gathered.end)?;
            if self.stop.drain.is_cancelled() {
                return Err(Error::closed());
            }
            pack.run(spot)
        }();
        done.map_err(|error| {
            // The user who ended the run knows about it.
            let is_told = error.kind != Kind::Closed && goes_on();
            is_told.then(|| Box::new(missed(form.ext(), &path, &error)))
        })
    }

    /// Looks up the files of items that another album also has.
    fn settle(&self, gathered: &Gathered, volume: &mut Volume) -> Result<()> {
        for member in &mut volume.members {
            if !matches!(member.fate, Fate::Again) {
                continue;
            }
            let Told { source, key, .. } = gathered.told(member)?;
            let seen = self.archive.find(&Identity { source, key })?;
            let seen = seen.unwrap_or_default();
            member.fate = match seen.saved {
                Some((path, size)) => {
                    let is_packed = self.disk.size(&path).is_none()
                        && Shelf::default().has_alone(&self.disk, &*self.archive, &path, size);
                    member.path = Some(path.into());
                    match is_packed {
                        true => Fate::Packed,
                        false => Fate::Seen,
                    }
                }
                None if seen.gone => Fate::Gone(None),
                None => {
                    let error = Error::new(Kind::Missing, "it has not been downloaded yet");
                    Fate::Failed(Box::new(Failure::new(&error, 0)))
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
fn folders(gathered: &Gathered, volume: &Volume) -> Result<Vec<String>> {
    let (mut seen, mut folders) = (HashSet::new(), Vec::new());
    let mut own = None;
    for member in &volume.members {
        let told = gathered.told(member)?;
        let folder = folder_of(&told.path);
        if !seen.contains(folder) {
            seen.insert(folder.to_owned());
            folders.push(folder.to_owned());
        }
        if told.is_home && own.is_none() {
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
