//! Gathers the albums of a listing, and the outcomes of their items.
//!
//! A listing holds its gatherer while it lists, and so does each item until it has ended. When nobody holds it any
//! more, the albums are complete and are sent on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::moves::folder_of;
use super::spool::Spool;
use crate::model::{Album, Error, Failure, Item, Kind, Outcome, Result, Skip};
use crate::pipeline::after::sidecar;
use crate::pipeline::archive::Origin;
use crate::pipeline::naming::fold;
use crate::pipeline::sink::{Folder, disk_error};
use crate::pipeline::turn::{Turn, Turns};

/// The albums of one listing.
pub(in crate::pipeline) struct AlbumGatherer {
    origin: Arc<Origin>,
    /// The album that this listing was opened for, if any, and the gatherer of that album.
    given: Option<(String, Arc<AlbumGatherer>)>,
    /// Whether every listed item is wanted.
    is_whole: bool,
    state: Mutex<State>,
    pub(super) shared: Shared,
}

/// State shared by the gatherers of a run.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) out: mpsc::UnboundedSender<GatheredListing>,
    pub(super) turns: Turns,
    /// Whether the metadata of items is wanted, too.
    pub(super) wants_metadata: bool,
    /// The output directory, where items' metadata is spooled.
    pub(super) root: Arc<Folder>,
}

struct State {
    end: End,
    albums: Vec<AlbumItems>,
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
pub(super) struct GatheredListing {
    pub(super) origin: Arc<Origin>,
    pub(super) end: End,
    pub(super) albums: Vec<AlbumItems>,
    pub(super) spool: Spool,
}

/// An album.
pub(super) struct AlbumItems {
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
    pub(super) outcome: MemberOutcome,
}

/// The metadata of an item of an album.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ItemMetadata {
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
pub(super) enum MemberOutcome {
    /// Not yet ended.
    Pending,
    /// Its file exists.
    Present,
    /// Its file exists only inside a packed album.
    Packed,
    /// Its file was saved, and may no longer exist.
    SavedBefore,
    /// Its site says that it does not exist.
    Gone(Option<Box<Failure>>),
    /// It failed.
    Failed(Box<Failure>),
    /// It is also an item of another album, which was listed earlier.
    InOtherAlbum,
    /// It is not a file.
    Document,
}

/// The place of an item in its album. If dropped without [`AlbumSlot::ended`], the item counts as not ended.
pub(in crate::pipeline) struct AlbumSlot {
    gatherer: Arc<AlbumGatherer>,
    album: usize,
    member: usize,
}

impl AlbumGatherer {
    pub(super) fn new(
        shared: Shared,
        origin: Arc<Origin>,
        given: Option<(String, Arc<AlbumGatherer>)>,
        is_whole: bool,
    ) -> Arc<AlbumGatherer> {
        Arc::new(AlbumGatherer {
            origin,
            given,
            is_whole,
            state: Mutex::new(State {
                end: End::default(),
                albums: Vec::new(),
                spool: Spool::new(shared.root.clone()),
            }),
            shared,
        })
    }

    /// Returns the gatherer of the album with this ID: this one, or that of a listing that led here.
    pub(super) fn gatherer_of(self: &Arc<Self>, id: &str) -> Arc<AlbumGatherer> {
        match &self.given {
            Some((given, other)) if given == id => other.gatherer_of(id),
            _ => self.clone(),
        }
    }

    /// Returns the slot of an item, in listing order, if it belongs to an album.
    pub(in crate::pipeline) fn slot(
        self: &Arc<Self>,
        item: &Item,
        path: &str,
        is_home: bool,
    ) -> Option<AlbumSlot> {
        let album = item.meta.album.as_ref()?;
        let gatherer = self.gatherer_of(&album.id);
        let metadata = ItemMetadata {
            source: item.source.clone(),
            key: item.key.clone(),
            path: path.to_owned(),
            is_home,
            text: (self.shared.wants_metadata).then(|| sidecar::metadata(item).to_string()),
        };
        // Nothing in it is beyond what JSON can express.
        let metadata = serde_json::to_vec(&metadata).unwrap_or_default();
        let mut state = gatherer.state();
        let known = |album_items: &AlbumItems| album_items.album.id == album.id;
        let index = match state.albums.iter().rposition(known) {
            Some(index) => index,
            None => {
                let folder = folder_of(path);
                state.albums.push(AlbumItems {
                    album: album.clone(),
                    members: Vec::new(),
                    // No item can have this name.
                    turn: self.shared.turns.next(format!("album:{}", fold(folder))),
                });
                state.albums.len() - 1
            }
        };
        let place = state.spool.add(&metadata);
        let members = &mut state.albums[index].members;
        members.push(Member {
            place,
            path: None,
            outcome: MemberOutcome::Pending,
        });
        let member = members.len() - 1;
        drop(state);
        Some(AlbumSlot {
            gatherer,
            album: index,
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

impl Drop for AlbumGatherer {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let albums = std::mem::take(&mut state.albums);
        if !albums.is_empty() {
            let none = Spool::new(self.shared.root.clone());
            let gathered = GatheredListing {
                origin: self.origin.clone(),
                end: std::mem::take(&mut state.end),
                albums,
                spool: std::mem::replace(&mut state.spool, none),
            };
            // If nobody receives it, the run was stopped at once.
            let _ = self.shared.out.send(gathered);
        }
    }
}

impl AlbumSlot {
    /// Records the outcome of the item.
    pub(in crate::pipeline) fn ended(&self, outcome: &Outcome) {
        let (outcome, path) = match outcome {
            Outcome::Saved { path, .. } => (MemberOutcome::Present, Some(path)),
            Outcome::Skipped { reason, path, .. } => match reason {
                Skip::Present | Skip::Duplicate | Skip::Adopted => {
                    (MemberOutcome::Present, Some(path))
                }
                Skip::Packed => (MemberOutcome::Packed, Some(path)),
                Skip::Seen => (MemberOutcome::SavedBefore, Some(path)),
                Skip::Gone => (MemberOutcome::Gone(None), None),
                Skip::Again => (MemberOutcome::InOtherAlbum, None),
                Skip::Absent | Skip::Simulated => (MemberOutcome::Pending, None),
            },
            Outcome::Document { .. } => (MemberOutcome::Document, None),
            Outcome::Failed(failure) if failure.kind == Kind::Missing => {
                (MemberOutcome::Gone(Some(Box::new(failure.clone()))), None)
            }
            Outcome::Failed(failure) => (MemberOutcome::Failed(Box::new(failure.clone())), None),
        };
        let mut state = self.gatherer.state();
        let member = &mut state.albums[self.album].members[self.member];
        member.outcome = outcome;
        if let Some(path) = path {
            member.path = Some(path.as_str().into());
        }
    }
}

impl GatheredListing {
    /// Returns the metadata of an item, with its actual path.
    pub(super) fn metadata(&self, member: &Member) -> Result<ItemMetadata> {
        let text = self.spool.get(member.place);
        let text = text
            .map_err(|error| disk_error("cannot store the metadata of an album".into(), error))?;
        let mut metadata: ItemMetadata = serde_json::from_slice(&text).map_err(|error| {
            Error::new(
                Kind::Corrupt,
                "the stored metadata of an album cannot be read",
            )
            .because(error)
        })?;
        if let Some(path) = &member.path {
            metadata.is_home &= folder_of(path) == folder_of(&metadata.path);
            metadata.path = path.to_string();
        }
        Ok(metadata)
    }
}

impl AlbumItems {
    /// Whether another album has all of its items.
    pub(super) fn is_empty(&self) -> bool {
        let is_none = |member: &Member| {
            matches!(
                member.outcome,
                MemberOutcome::InOtherAlbum | MemberOutcome::Document
            )
        };
        self.members.iter().all(is_none)
    }

    /// Returns an error that says why it is incomplete, if it is.
    ///
    /// # Errors
    /// [`Kind::Closed`] if the run was ended early, which needs no report.
    pub(super) fn check(&self, end: &End) -> Result<()> {
        let count = |is: fn(&MemberOutcome) -> bool| {
            let members = self.members.iter();
            members.filter(|member| is(&member.outcome)).count()
        };
        if count(|outcome| matches!(outcome, MemberOutcome::Pending)) > 0 {
            return Err(Error::closed());
        }
        let failed = count(|outcome| matches!(outcome, MemberOutcome::Failed(_)));
        let message = match (failed, end) {
            (0, End::Failed) => "its listing is incomplete".to_owned(),
            (0, _) => return Ok(()),
            (failed, _) => format!("{failed} of its {} items failed", self.members.len()),
        };
        let hint = "the next run that gets all of them creates it";
        Err(Error::new(Kind::Missing, message).hint(hint))
    }
}
