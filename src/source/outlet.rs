//! Where a source emits entries.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::model::{Cursor, Entry, Error, Item, Link, Result};

/// Takes the entries of one listing, in their order. It is bounded, so emitting waits while the pipeline is full.
#[derive(Debug)]
pub struct Outlet {
    entries: mpsc::Sender<Entry>,
    items: AtomicU64,
}

/// Makes an outlet that holds at most `room` entries, and the end at which they come out.
pub fn outlet(room: usize) -> (Outlet, mpsc::Receiver<Entry>) {
    outlet_after(0, room)
}

/// The same for a listing that goes on after so many items.
pub(crate) fn outlet_after(items: u64, room: usize) -> (Outlet, mpsc::Receiver<Entry>) {
    let (entries, receiver) = mpsc::channel(room);
    (
        Outlet {
            entries,
            items: AtomicU64::new(items),
        },
        receiver,
    )
}

impl Outlet {
    /// Emits an item. Gives it its number, counted from 1, if it belongs to an album and has none.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn item(&self, mut item: Item) -> Result<()> {
        if item.meta.album.is_some() && item.meta.number.is_none() {
            item.meta.number = Some(self.items() + 1);
        }
        self.unnumbered(item).await
    }

    /// Emits an item as it is: of what grows at its beginning, such as a feed, no position stays the same.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn unnumbered(&self, item: Item) -> Result<()> {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.send(Entry::Item(Box::new(item))).await
    }

    /// Hands a link on to whichever source knows it; its entries come in this place.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn link(&self, link: Link) -> Result<()> {
        self.send(Entry::Link(Box::new(link))).await
    }

    /// Hands a link on if the source of a site knows it: what a page embeds. Else it is left out.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn embed(&self, link: Link) -> Result<()> {
        self.send(Entry::Embed(Box::new(link))).await
    }

    /// Notes a place from which the listing can go on if it does not come to its end: [`Target::resume`] has it then. What
    /// comes after it, and nothing before, must be emitted there; what was emitted twice is no harm.
    ///
    /// `at` is remembered as it is, up to 4,096 bytes, so it must let nobody in. `items` says how many items come before:
    /// usually [`Outlet::items`].
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    ///
    /// [`Target::resume`]: super::Target::resume
    pub async fn checkpoint(&self, at: impl Into<String>, items: u64) -> Result<()> {
        let at = at.into();
        self.send(Entry::Checkpoint(Box::new(Cursor { at, items })))
            .await
    }

    /// How many items were emitted so far, with those before the place from which the listing goes on.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    async fn send(&self, entry: Entry) -> Result<()> {
        self.entries.send(entry).await.map_err(|_| Error::closed())
    }
}
