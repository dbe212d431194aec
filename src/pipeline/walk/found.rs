//! What a walk finds.

use std::sync::Arc;

use crate::model::{Error, Item};
use crate::net::Led;
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::Gather;
use crate::pipeline::archive::Origin;
use crate::pipeline::branch::Branch;
use crate::pipeline::documents::Hand;
use crate::pipeline::progress::Ticket;
use crate::source::Source;

/// An item, and who emitted it.
pub(in crate::pipeline) struct Found {
    pub(in crate::pipeline) item: Box<Item>,
    pub(in crate::pipeline) source: Arc<dyn Source>,
    pub(in crate::pipeline) led: Led,
    /// The link that it came from, unless it is its own.
    pub(in crate::pipeline) origin: Option<Arc<Origin>>,
    /// How deep the link is that it came from.
    pub(in crate::pipeline) depth: usize,
    /// Where it goes if it turns out to be a document, if it may.
    pub(in crate::pipeline) hand: Option<Hand>,
    /// Why it cannot be had, if that was found out.
    pub(in crate::pipeline) refusal: Option<Box<Error>>,
    /// Why it cannot even be tried, if that is known.
    pub(in crate::pipeline) fault: Option<Box<Error>>,
    /// It failed in an earlier run, and is tried again.
    pub(in crate::pipeline) retry: Option<Retry>,
    /// The listing that it is of, where somebody wants to know.
    pub(in crate::pipeline) branch: Option<Arc<Branch>>,
    /// Those of the link that the user gave.
    pub(in crate::pipeline) options: Option<Arc<LinkOptions>>,
    /// Who gathers the album that it is of, where that is wanted.
    pub(in crate::pipeline) gather: Option<Arc<Gather>>,
    /// Given back when it has ended, where its listing can go on another time.
    pub(in crate::pipeline) ticket: Option<Ticket>,
}

impl Found {
    /// An item of which nothing else is known.
    pub(super) fn new(
        item: Box<Item>,
        source: Arc<dyn Source>,
        led: Led,
        origin: Option<Arc<Origin>>,
    ) -> Found {
        Found {
            item,
            source,
            led,
            origin,
            depth: 0,
            hand: None,
            refusal: None,
            fault: None,
            retry: None,
            branch: None,
            options: None,
            gather: None,
            ticket: None,
        }
    }
}

/// How an item is tried again.
pub(in crate::pipeline) struct Retry {
    /// Its file, which is to be had again at the same place.
    pub(in crate::pipeline) at: Option<String>,
}
