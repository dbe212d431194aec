//! Where a source emits entries.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use url::Url;

use crate::model::{Broken, Cursor, Entry, Error, Failure, Item, Link, Result};
use crate::net::Led;

/// Takes the entries of one listing, in their order. It is bounded, so emitting waits while the pipeline is full.
pub struct Outlet {
    entries: mpsc::Sender<(Entry, Led)>,
    items: AtomicU64,
    embeds: AtomicU64,
    /// Whether what is emitted now is known to be named by a public server.
    by_public: AtomicBool,
    /// Whether the source of a site knows a link, where that is known.
    knows: Option<Box<Knows>>,
    /// Players that no source of a site knows.
    players: Mutex<Vec<Url>>,
    terms: Terms,
}

/// So many of them are kept.
const PLAYERS: usize = 200;
/// The longest terms.
const TERMS: usize = 4096;

/// What a source has said of its terms; the other end sees it, too.
type Terms = Arc<Mutex<Option<String>>>;

type Knows = dyn Fn(&Link) -> bool + Send + Sync;

/// The end at which entries come out.
#[derive(Debug)]
pub struct Entries(mpsc::Receiver<(Entry, Led)>, Terms);

impl Entries {
    /// The next entry. None when all are there.
    pub async fn recv(&mut self) -> Option<Entry> {
        self.recv_led().await.map(|(entry, _)| entry)
    }

    /// The next entry that is there already.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_recv(&mut self) -> Result<Entry, mpsc::error::TryRecvError> {
        self.0.try_recv().map(|(entry, _)| entry)
    }

    /// On what terms its source lists it, as far as it has said.
    pub(crate) fn terms(&self) -> Option<String> {
        let terms = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        terms.clone()
    }

    /// The next entry, and who named it as far as its source knows.
    pub(crate) async fn recv_led(&mut self) -> Option<(Entry, Led)> {
        self.0.recv().await
    }
}

/// Makes an outlet that holds at most `room` entries, and the end at which they come out.
pub fn outlet(room: usize) -> (Outlet, Entries) {
    outlet_after(0, room)
}

/// The same for a listing that goes on after so many items.
pub(crate) fn outlet_after(items: u64, room: usize) -> (Outlet, Entries) {
    let (entries, receiver) = mpsc::channel(room);
    let terms = Terms::default();
    (
        Outlet {
            entries,
            items: AtomicU64::new(items),
            embeds: AtomicU64::new(0),
            by_public: AtomicBool::new(false),
            knows: None,
            players: Mutex::default(),
            terms: terms.clone(),
        },
        Entries(receiver, terms),
    )
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

impl Outlet {
    /// The same outlet, which lets embedded links through only if the source of a site knows them.
    pub(crate) fn knowing(mut self, knows: impl Fn(&Link) -> bool + Send + Sync + 'static) -> Self {
        self.knows = Some(Box::new(knows));
        self
    }

    /// Says who named what is emitted from now on, until it is said anew. What the context knows counts as well.
    pub(crate) fn led_by(&self, led: Led) {
        self.by_public
            .store(led == Led::ByPublic, Ordering::Relaxed);
    }

    /// Emits an item. Gives it its number, counted from 1, if it belongs to an album and has none.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn item(&self, mut item: Item) -> Result<()> {
        self.number(&mut item);
        self.unnumbered(item).await
    }

    /// Tells of an item that cannot be had as the site tells it, so that it counts as failed, and the others come. Its body is
    /// [`crate::model::Body::Later`]. It has a number as all others have.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn broken(&self, mut item: Item, failure: Failure) -> Result<()> {
        self.number(&mut item);
        self.items.fetch_add(1, Ordering::Relaxed);
        self.send(Entry::Broken(Box::new(Broken { item, failure })))
            .await
    }

    fn number(&self, item: &mut Item) {
        if item.meta.album.is_some() && item.meta.number.is_none() {
            item.meta.number = Some(self.items() + 1);
        }
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
        if self.knows.as_ref().is_some_and(|knows| !knows(&link)) {
            return Ok(());
        }
        self.embeds.fetch_add(1, Ordering::Relaxed);
        self.send(Entry::Embed(Box::new(link))).await
    }

    /// Hands a link on that is said to be the player of a film or of sounds: if no source of a site knows it, other programs may
    /// once the listing has ended, where that is wanted.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn player(&self, link: Link) -> Result<()> {
        let known = self.embeds();
        let url = link.url.clone();
        self.embed(link).await?;
        let mut players = self.unknown_players();
        let is_new = self.embeds() == known && !players.contains(&url);
        if is_new && players.len() < PLAYERS {
            players.push(url);
        }
        Ok(())
    }

    /// Takes the players that no source of a site knows, in their order.
    pub fn take_players(&self) -> Vec<Url> {
        std::mem::take(&mut *self.unknown_players())
    }

    fn unknown_players(&self) -> MutexGuard<'_, Vec<Url>> {
        self.players.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says on what terms of its own the source lists this, before it emits anything: if that fails, or an item of it, [`Target::terms`]
    /// has them when it is tried again, whatever the settings are then. They are remembered as they are, up to 4,096 bytes, so they must let nobody in.
    ///
    /// [`Target::terms`]: super::Target::terms
    pub fn terms(&self, text: String) {
        let text = Some(text).filter(|text| text.len() <= TERMS);
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = text;
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

    /// Says by what its source can tell another time whether the listing has changed: [`Target::validator`] has it then, if all
    /// that came is known and there. It comes before all items. A listing that hands links on, or is not whole, has none.
    ///
    /// It is remembered as it is, up to 1,024 bytes, so it must let nobody in.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    ///
    /// [`Target::validator`]: super::Target::validator
    pub async fn validator(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Validator(text.into())).await
    }

    /// Says that the listing is what it was when it had the validator that is given, so that it need not be made.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn unchanged(&self) -> Result<()> {
        self.send(Entry::Unchanged).await
    }

    /// Says something about how the listing goes on, which `-v` shows. It is one line.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn note(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Note(text.into())).await
    }

    /// Says something that whoever runs this should know and mend, once a run. It is one line.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nobody wants more.
    pub async fn warn(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Warning(text.into())).await
    }

    /// How many items were emitted so far, with those before the place from which the listing goes on.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// How many embedded links were taken so far.
    pub fn embeds(&self) -> u64 {
        self.embeds.load(Ordering::Relaxed)
    }

    async fn send(&self, entry: Entry) -> Result<()> {
        let led = match self.by_public.load(Ordering::Relaxed) {
            true => Led::ByPublic,
            false => Led::ByUser,
        };
        let sent = self.entries.send((entry, led)).await;
        sent.map_err(|_| Error::closed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_link_that_no_source_knows_is_left_out() {
        let (out, mut entries) = outlet(8);
        let out = out.knowing(|link| link.url.host_str() == Some("known.example"));
        let link = |url: &str| Link::from(url.parse::<url::Url>().unwrap());
        out.embed(link("https://other.example/1")).await.unwrap();
        assert_eq!(out.embeds(), 0);
        out.embed(link("https://known.example/1")).await.unwrap();
        assert_eq!(out.embeds(), 1);
        drop(out);
        let first = entries.recv().await;
        assert!(
            matches!(first, Some(Entry::Embed(link)) if link.url.host_str() == Some("known.example"))
        );
        assert!(entries.recv().await.is_none());
    }
}
