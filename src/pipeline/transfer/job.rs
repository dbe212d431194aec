//! What is to be transferred.

use std::sync::Arc;

use crate::model::{Error, Item, Quality, Skip};
use crate::net::NamedBy;
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::AlbumSlot;
use crate::pipeline::archive::{Origin, Version};
use crate::pipeline::documents::DocumentSender;
use crate::pipeline::naming::Planned;
use crate::pipeline::progress::Ticket;
use crate::pipeline::turn::Turn;
use crate::source::Source;

/// An item that is to be downloaded, with its plan.
pub(in crate::pipeline) struct Job {
    pub(in crate::pipeline) id: u64,
    pub(in crate::pipeline) item: Arc<Item>,
    pub(in crate::pipeline) source: Arc<dyn Source>,
    pub(in crate::pipeline) named_by: NamedBy,
    /// The link that it came from, unless it is its own.
    pub(in crate::pipeline) origin: Option<Arc<Origin>>,
    /// Where to send it if it turns out to be a document; `None` if it cannot be one.
    pub(in crate::pipeline) document_sender: Option<DocumentSender>,
    /// Why it cannot be downloaded, if that is known already.
    pub(in crate::pipeline) fault: Option<Box<Error>>,
    /// Why it cannot be named, if it turns out to be a file and not a document.
    pub(in crate::pipeline) unnamed: Option<Box<Error>>,
    /// What was saved before, if there is a question about it.
    pub(in crate::pipeline) known: Option<Box<SavedFile>>,
    pub(in crate::pipeline) options: Option<Arc<LinkOptions>>,
    pub(in crate::pipeline) planned: Planned,
    /// Whether it replaces a file of this very name.
    pub(in crate::pipeline) reuses_name: bool,
    /// Which rendition, if it is a stream.
    pub(in crate::pipeline) quality: Quality,
    pub(in crate::pipeline) turn: Turn,
    /// Its place in its album, if something is to follow the album.
    pub(in crate::pipeline) slot: Option<AlbumSlot>,
    /// Returned when the transfer has ended and its outcome is recorded.
    pub(in crate::pipeline) ticket: Option<Ticket>,
}

impl Job {
    /// What is recorded of the options of its link; `None` for a file that takes the place of another, since it keeps
    /// that name.
    pub(super) fn naming(&self) -> Option<String> {
        let own = match &self.origin {
            Some(origin) => &origin.url,
            None => &self.item.key,
        };
        (!self.reuses_name).then(|| LinkOptions::naming(self.options.as_deref(), own))
    }
}

/// What was saved before, and why it is requested once more.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct SavedFile {
    /// Its path below the root.
    pub(in crate::pipeline) path: String,
    /// Why it is skipped, if nothing about it is new.
    pub(in crate::pipeline) reason: Skip,
    pub(in crate::pipeline) question: Question,
}

/// What is asked about a saved file.
#[derive(Clone, Debug)]
pub(in crate::pipeline) enum Question {
    /// Whether it has changed since this version.
    Change(Version),
    /// Which of its subtitles are missing; the film itself is left as it is.
    Subtitles,
}

impl SavedFile {
    /// Returns the version to compare with, if the question is whether it has changed.
    pub(in crate::pipeline) fn version(&self) -> Option<&Version> {
        match &self.question {
            Question::Change(version) => Some(version),
            Question::Subtitles => None,
        }
    }

    /// Whether all bytes have to be downloaded to tell whether they have changed.
    pub(in crate::pipeline) fn needs_full_download(&self) -> bool {
        let version = self.version();
        version.is_some_and(|version| version.validator.is_none())
    }
}
