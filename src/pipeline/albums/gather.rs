//! Gathers the albums of a listing, and the outcomes of their items.
//!
//! A listing holds its gatherer while it lists, and so does each item until it has ended. When nobody holds it any
//! more, the albums are complete and are sent on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::along::folder_of;
use super::spool::Spool;
use crate::model::{Album, Error, Failure, Item, Kind, Outcome, Result, Skip};
use crate::pipeline::after::sidecar;
use crate::pipeline::archive::Origin;
use crate::pipeline::naming::fold;
use crate::pipeline::sink::{Folder, disk_error};
use crate::pipeline::turn::{Turn, Turns};

/// The albums of one listing.
pub(in crate::pipeline) struct Gather {
    origin: Arc<Origin>,
    /// The album that this listing was opened for, if any, and the gatherer of that album.
    given: Option<(String, Arc<Gather>)>,
    /// Whether every listed item is wanted.
    is_whole: bool,
    state: Mutex<State>,
    pub(super) shared: Shared,
}

/// State shared by the gatherers of a run.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) out: mpsc::UnboundedSender<Gathered>,
    pub(super) turns: Turns,
    /// Whether the metadata of items is wanted, too.
    pub(super) tells: bool,
    /// The output directory, where items' metadata is spooled.
    pub(super) root: Arc<Folder>,
}

struct State {
    end: End,
    volumes: Vec<Volume>,
    /// The metadata of the items.
    spool: Spool,
}

/// How a listing ended.
#[derive(Clone, Debug, Default)]
pub(super) enum End {
    /// It was stopped early, or not every item was wanted.
    #[default]
    Early,
    /// Everything was listed.
    Whole,
    /// It failed.
    Failed,
}

/// The complete albums of a listing.
pub(super) struct Gathered {
    pub(super) origin: Arc<Origin>,
    pub(super) end: End,
    pub(super) volumes: Vec<Volume>,
    pub(super) spool: Spool,
}

/// An album.
pub(super) struct Volume {
    pub(super) album: Arc<Album>,
    pub(super) members: Vec<Member>,
    /// Its turn for names, after the albums listed earlier that may want the same ones.
    pub(super) turn: Turn,
}

/// An item of an album. There may be very many, so most of its metadata is in the spool.
pub(super) struct Member {
    /// Its position in the spool.
    place: u64,
    /// Its path, if it is not the planned one.
    pub(super) path: Option<Box<str>>,
    pub(super) fate: Fate,
}

/// The metadata of an item of an album.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) source: String,
    pub(super) key: String,
    /// Its planned path, or its existing one.
    pub(super) path: String,
    /// Whether it is in the folder planned for its own album, and not in another's.
    pub(super) is_home: bool,
    /// All metadata from its site, as JSON, if wanted.
    pub(super) text: Option<String>,
}

/// The outcome of an item.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// Not yet ended.
    Open,
    /// Its file exists.
    There,
    /// Its file exists only inside a packed album.
    Packed,
    /// Its file was saved, and may no longer exist.
    Seen,
    /// Its site says that it does not exist.
    Gone(Option<Box<Failure>>),
    /// It failed.
    Failed(Box<Failure>),
    /// It is also an item of another album, which was listed earlier.
    Again,
    /// It is not a file.
    Document,
}

/// The place of an item in its album. If dropped without [`Seat::ended`], the item counts as not ended.
pub(in crate::pipeline) struct Seat {
    gather: Arc<Gather>,
    volume: usize,
    member: usize,
}

impl Gather {
    pub(super) fn new(
        shared: Shared,
        origin: Arc<Origin>,
        given: Option<(String, Arc<Gather>)>,
        is_whole: bool,
    ) -> Arc<Gather> {
        Arc::new(Gather {
            origin,
            given,
            is_whole,
            state: Mutex::new(State {
                end: End::default(),
                volumes: Vec::new(),
                spool: Spool::new(shared.root.clone()),
            }),
            shared,
        })
    }

    /// Returns the gatherer of the album with this ID: this one, or that of a listing that led here.
    pub(super) fn holder(self: &Arc<Self>, id: &str) -> Arc<Gather> {
        match &self.given {
            Some((given, other)) if given == id => other.holder(id),
            _ => self.clone(),
        }
    }

    /// Returns the seat of an item, in listing order, if it belongs to an album.
    pub(in crate::pipeline) fn seat(
        self: &Arc<Self>,
        item: &Item,
        path: &str,
        is_home: bool,
    ) -> Option<Seat> {
        let album = item.meta.album.as_ref()?;
        let gather = self.holder(&album.id);
        let told = Told {
            source: item.source.clone(),
            key: item.key.clone(),
            path: path.to_owned(),
            is_home,
            text: (self.shared.tells).then(|| sidecar::told(item).to_string()),
        };
        // Nothing in it is beyond what JSON can express.
        let told = serde_json::to_vec(&told).unwrap_or_default();
        let mut state = gather.state();
        let known = |volume: &Volume| volume.album.id == album.id;
        let volume = match state.volumes.iter().rposition(known) {
            Some(volume) => volume,
            None => {
                let folder = folder_of(path);
                state.volumes.push(Volume {
                    album: album.clone(),
                    members: Vec::new(),
                    // No item can have this name.
                    turn: self.shared.turns.next(format!("album:{}", fold(folder))),
                });
                state.volumes.len() - 1
            }
        };
        let place = state.spool.add(&told);
        let members = &mut state.volumes[volume].members;
        members.push(Member {
            place,
            path: None,
            fate: Fate::Open,
        });
        let member = members.len() - 1;
        drop(state);
        Some(Seat {
            gather,
            volume,
            member,
        })
    }

    /// Records how the listing ended.
    pub(in crate::pipeline) fn ended(&self, done: &Result<()>) {
        let end = match done {
            Ok(()) if self.is_whole => End::Whole,
            Ok(()) => End::Early,
            Err(error) if error.kind == Kind::Closed => End::Early,
            Err(_) => End::Failed,
        };
        let is_failed = matches!(end, End::Failed);
        let mut state = self.state();
        if !matches!(state.end, End::Failed) {
            state.end = end;
        }
        drop(state);
        if let Some((_, other)) = self.given.as_ref().filter(|_| is_failed) {
            other.failed();
        }
    }

    /// Records that part of it could not be listed.
    pub(in crate::pipeline) fn failed(&self) {
        self.state().end = End::Failed;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gather {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let volumes = std::mem::take(&mut state.volumes);
        if !volumes.is_empty() {
            let none = Spool::new(self.shared.root.clone());
            let gathered = Gathered {
                origin: self.origin.clone(),
                end: std::mem::take(&mut state.end),
                volumes,
                spool: std::mem::replace(&mut state.spool, none),
            };
            // If nobody receives it, the run was stopped at once.
            let _ = self.shared.out.send(gathered);
        }
    }
}

impl Seat {
    /// Records the outcome of the item.
    pub(in crate::pipeline) fn ended(&self, outcome: &Outcome) {
        let (fate, path) = match outcome {
            Outcome::Saved { path, .. } => (Fate::There, Some(path)),
            Outcome::Skipped { reason, path, .. } => match reason {
                Skip::Present | Skip::Duplicate | Skip::Adopted => (Fate::There, Some(path)),
                Skip::Packed => (Fate::Packed, Some(path)),
                Skip::Seen => (Fate::Seen, Some(path)),
                Skip::Gone => (Fate::Gone(None), None),
                Skip::Again => (Fate::Again, None),
                Skip::Absent | Skip::Simulated => (Fate::Open, None),
            },
            Outcome::Document { .. } => (Fate::Document, None),
            Outcome::Failed(failure) if failure.kind == Kind::Missing => {
                (Fate::Gone(Some(Box::new(failure.clone()))), None)
            }
            Outcome::Failed(failure) => (Fate::Failed(Box::new(failure.clone())), None),
        };
        let mut state = self.gather.state();
        let member = &mut state.volumes[self.volume].members[self.member];
        member.fate = fate;
        if let Some(path) = path {
            member.path = Some(path.as_str().into());
        }
    }
}

impl Gathered {
    /// Returns the metadata of an item, with its actual path.
    pub(super) fn told(&self, member: &Member) -> Result<Told> {
        let text = self.spool.get(member.place);
        let text = text
            .map_err(|error| disk_error("cannot store the metadata of an album".into(), error))?;
        let mut told: Told = serde_json::from_slice(&text).map_err(|error| {
            Error::new(
                Kind::Corrupt,
                "the stored metadata of an album cannot be read",
            )
            .because(error)
        })?;
        if let Some(path) = &member.path {
            told.is_home &= folder_of(path) == folder_of(&told.path);
            told.path = path.to_string();
        }
        Ok(told)
    }
}

impl Volume {
    /// Whether another album has all of its items.
    pub(super) fn is_empty(&self) -> bool {
        let is_none = |member: &Member| matches!(member.fate, Fate::Again | Fate::Document);
        self.members.iter().all(is_none)
    }

    /// Returns an error that says why it is incomplete, if it is.
    ///
    /// # Errors
    /// [`Kind::Closed`] if the run was ended early, which needs no report.
    pub(super) fn check(&self, end: &End) -> Result<()> {
        let count = |is: fn(&Fate) -> bool| {
            let members = self.members.iter();
            members.filter(|member| is(&member.fate)).count()
        };
        if count(|fate| matches!(fate, Fate::Open)) > 0 {
            return Err(Error::closed());
        }
        let failed = count(|fate| matches!(fate, Fate::Failed(_)));
        let message = match (failed, end) {
            (0, End::Failed) => "its listing is incomplete".to_owned(),
            (0, _) => return Ok(()),
            (failed, _) => format!("{failed} of its {} items failed", self.members.len()),
        };
        let hint = "the next run that gets all of them creates it";
        Err(Error::new(Kind::Missing, message).hint(hint))
    }
}
