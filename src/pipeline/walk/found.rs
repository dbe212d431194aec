//! The results of a walk.

use std::sync::Arc;

use crate::model::{Error, Item};
use crate::net::NamedBy;
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::AlbumGatherer;
use crate::pipeline::archive::Origin;
use crate::pipeline::branch::Branch;
use crate::pipeline::documents::DocumentSender;
use crate::pipeline::progress::Ticket;
use crate::source::Source;

/// An item, and where it came from.
pub(in crate::pipeline) struct Found {
    pub(in crate::pipeline) item: Box<Item>,
    pub(in crate::pipeline) source: Arc<dyn Source>,
    pub(in crate::pipeline) named_by: NamedBy,
    /// The link that led to it, unless the item is that link.
    pub(in crate::pipeline) origin: Option<Arc<Origin>>,
    /// The depth of that link.
    pub(in crate::pipeline) depth: usize,
    /// Where to send it if it may be, and is, a document.
    pub(in crate::pipeline) document_sender: Option<DocumentSender>,
    /// Why it cannot be downloaded, if that is known from a request.
    pub(in crate::pipeline) refusal: Option<Box<Error>>,
    /// Why it cannot even be tried, if that is known.
    pub(in crate::pipeline) fault: Option<Box<Error>>,
    /// How it is retried, if it failed in an earlier run.
    pub(in crate::pipeline) retry: Option<Retry>,
    /// The listing it belongs to, where that matters.
    pub(in crate::pipeline) branch: Option<Arc<Branch>>,
    /// The options of the link that the user gave.
    pub(in crate::pipeline) options: Option<Arc<LinkOptions>>,
    /// Gathers the album it belongs to, where that is wanted.
    pub(in crate::pipeline) gatherer: Option<Arc<AlbumGatherer>>,
    /// Returned when the item has ended, if its listing can be resumed in another run.
    pub(in crate::pipeline) ticket: Option<Ticket>,
}

impl Found {
    /// Creates an item about which nothing else is known.
    pub(super) fn new(
        item: Box<Item>,
        source: Arc<dyn Source>,
        named_by: NamedBy,
        origin: Option<Arc<Origin>>,
    ) -> Found {
        Found {
            item,
            source,
            named_by,
            origin,
            depth: 0,
            document_sender: None,
            refusal: None,
            fault: None,
            retry: None,
            branch: None,
            options: None,
            gatherer: None,
            ticket: None,
        }
    }
}

/// How an item is retried.
pub(in crate::pipeline) struct Retry {
    /// The path of its file, which is to be used again.
    pub(in crate::pipeline) at: Option<String>,
}
