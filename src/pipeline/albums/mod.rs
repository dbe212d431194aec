//! What follows an album when all its items have ended: what is known of it as JSON, and its files packed.
//!
//! It knows no source and no network. Neither what it writes nor what it packs is an item, and it takes the name of none.

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

/// Has the albums of a run gathered.
#[derive(Clone)]
pub(super) struct Albums {
    shared: Shared,
}

/// What writes when an album is gathered.
struct Clerk {
    wishes: Wishes,
    min_free: u64,
    disk: Arc<Disk>,
    archive: Arc<dyn Archive>,
    events: Events,
    stop: Stop,
    /// One at a time: the disk is what it takes.
    turn: Mutex<()>,
}

/// Begins to wait for albums, unless nothing is to follow them. The task ends once nobody gathers any more.
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
    // It was opened, and so is the root.
    let Ok(root) = disk.folder(&[]) else {
        return (None, None);
    };
    // Unbounded, since nobody can wait who drops the last of an album. A listing comes once, when all its items have ended, and most of
    // what is known of them is on the disk.
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
    /// Who gathers the albums of a listing: of this link, which came of a listing that this one gathers.
    pub(super) fn gather(
        &self,
        origin: &Arc<Origin>,
        given: Option<(String, Arc<Gather>)>,
        is_whole: bool,
    ) -> Arc<Gather> {
        Gather::new(self.shared.clone(), origin.clone(), given, is_whole)
    }
}

/// The album that a link was handed on for, if it was for one, and who gathers that.
pub(super) fn given(gather: Option<&Arc<Gather>>, link: &Link) -> Option<(String, Arc<Gather>)> {
    let id = &link.meta.album.as_ref()?.id;
    Some((id.clone(), gather?.holder(id)))
}

impl Clerk {
    async fn run(self: Arc<Self>, mut gathered: mpsc::UnboundedReceiver<Gathered>) {
        // As many as there are listings that wait for their turn, of which one writes at a time.
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

    /// Does what is to follow the albums of a listing.
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
                // What is known of the other albums of the listing is lost with it.
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

    /// Does what is to follow an album, and gives what is to be told of it. Blocks.
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
        // What could not be packed elsewhere needs them still.
        if is_all
            && let Some(error) = spares::remove(&self.disk, spares)
            && let Some((what, path)) = holder
        {
            told.push(missed(what, &path, &error));
        }
        told
    }

    /// What is missed first where nothing can follow.
    fn first_wish(&self) -> &'static str {
        match self.wishes.zip {
            _ if self.wishes.info => info::NAME.0,
            Packing::No => Form::Cbz.ext(),
            _ => Form::Zip.ext(),
        }
    }

    /// Packs an album, or says what is to be told of why not.
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
            // Who ended the run knows it.
            let is_told = error.kind != Kind::Closed && goes_on();
            is_told.then(|| Box::new(missed(form.ext(), &path, &error)))
        })
    }

    /// Finds the files of items that another album has as well.
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
                    let error = Error::new(Kind::Missing, "it is not there yet");
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

/// The folders of its items, each once, in their order, but first of all one that is its own. There is at least one.
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
