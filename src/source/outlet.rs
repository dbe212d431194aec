//! Where a source emits entries.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use url::Url;

use crate::model::{Broken, Cursor, Entry, Error, Failure, Item, Link, Result};
use crate::net::NamedBy;

/// Takes the entries of one listing, in order. It is bounded, so emitting waits while the pipeline is full.
pub struct Outlet {
    entries: mpsc::Sender<(Entry, NamedBy)>,
    items: AtomicU64,
    embeds: AtomicU64,
    /// Whether a public server is known to have named what is emitted now.
    named_by_public: AtomicBool,
    /// Checks whether a site's source recognises a link, if that can be checked.
    recognises: Option<Box<Recogniser>>,
    /// Players that no site's source recognises.
    players: Mutex<Vec<Url>>,
    terms: Terms,
}

/// The maximum number of players kept.
const MAX_PLAYERS: usize = 200;
/// The maximum length of the terms, in bytes.
const MAX_TERMS: usize = 4096;

/// The terms that a source has set, shared with the receiving end.
type Terms = Arc<Mutex<Option<String>>>;

type Recogniser = dyn Fn(&Link) -> bool + Send + Sync;

/// The receiving end of an outlet.
#[derive(Debug)]
pub struct Entries(mpsc::Receiver<(Entry, NamedBy)>, Terms);

impl Entries {
    /// Returns the next entry. None after the last one.
    pub async fn recv(&mut self) -> Option<Entry> {
        self.recv_named().await.map(|(entry, _)| entry)
    }

    /// Returns the next entry without waiting.
    ///
    /// # Errors
    /// If there is none yet.
    pub fn try_recv(&mut self) -> Result<Entry, mpsc::error::TryRecvError> {
        self.0.try_recv().map(|(entry, _)| entry)
    }

    /// Returns the terms that the source has set for this listing, if any.
    pub(crate) fn terms(&self) -> Option<String> {
        let terms = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        terms.clone()
    }

    /// Returns the next entry, and who named it, as far as its source knows.
    pub(crate) async fn recv_named(&mut self) -> Option<(Entry, NamedBy)> {
        self.0.recv().await
    }
}

/// Creates an outlet that holds at most `capacity` entries, and its receiving end.
pub fn outlet(capacity: usize) -> (Outlet, Entries) {
    outlet_after(0, capacity)
}

/// Creates an outlet for a listing that resumes after this many items.
pub(crate) fn outlet_after(items: u64, capacity: usize) -> (Outlet, Entries) {
    let (entries, receiver) = mpsc::channel(capacity);
    let terms = Terms::default();
    (
        Outlet {
            entries,
            items: AtomicU64::new(items),
            embeds: AtomicU64::new(0),
            named_by_public: AtomicBool::new(false),
            recognises: None,
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
    /// Makes the outlet let embedded links through only if a site's source recognises them.
    pub(crate) fn with_recogniser(
        mut self,
        recognises: impl Fn(&Link) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.recognises = Some(Box::new(recognises));
        self
    }

    /// Sets who named what is emitted from now on, until the next call. What the context knows counts as well.
    pub(crate) fn set_named_by(&self, named_by: NamedBy) {
        self.named_by_public
            .store(named_by == NamedBy::PublicServer, Ordering::Relaxed);
    }

    /// Emits an item. Gives it its number, counted from 1, if it belongs to an album and has none.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn item(&self, mut item: Item) -> Result<()> {
        self.number(&mut item);
        self.unnumbered(item).await
    }

    /// Reports an item that is unusable as the site describes it, so that it counts as failed, and the others are listed. Its
    /// body is [`crate::model::Body::Later`]. It gets a number like any other item.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
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

    /// Emits an item without a number: in a listing that grows at its beginning, such as a feed, positions change.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn unnumbered(&self, item: Item) -> Result<()> {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.send(Entry::Item(Box::new(item))).await
    }

    /// Passes a link on to whichever source recognises it; its entries come in this place.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn link(&self, link: Link) -> Result<()> {
        self.send(Entry::Link(Box::new(link))).await
    }

    /// Passes on a link embedded in a page if a site's source recognises it. Otherwise it is left out.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn embed(&self, link: Link) -> Result<()> {
        if self
            .recognises
            .as_ref()
            .is_some_and(|recognises| !recognises(&link))
        {
            return Ok(());
        }
        self.embeds.fetch_add(1, Ordering::Relaxed);
        self.send(Entry::Embed(Box::new(link))).await
    }

    /// Passes on a link that is declared as the player of a video or audio. If no site's source recognises it, it is kept for
    /// other programs, which may be asked once the listing has ended, if that is wanted.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn player(&self, link: Link) -> Result<()> {
        let known = self.embeds();
        let url = link.url.clone();
        self.embed(link).await?;
        let mut players = self.unknown_players();
        let is_new = self.embeds() == known && !players.contains(&url);
        if is_new && players.len() < MAX_PLAYERS {
            players.push(url);
        }
        Ok(())
    }

    /// Takes the players that no site's source recognises, in order.
    pub fn take_players(&self) -> Vec<Url> {
        std::mem::take(&mut *self.unknown_players())
    }

    fn unknown_players(&self) -> MutexGuard<'_, Vec<Url>> {
        self.players.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the source's own terms for this listing, before it emits anything: if the listing, or an item of it, fails,
    /// [`Target::terms`] has them on a retry, whatever the settings are then. They are stored as they are, up to 4,096 bytes,
    /// so they must not contain credentials.
    ///
    /// [`Target::terms`]: super::Target::terms
    pub fn terms(&self, text: String) {
        let text = Some(text).filter(|text| text.len() <= MAX_TERMS);
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Marks a place from which the listing can resume if it does not reach its end: [`Target::resume`] has it then. A resumed
    /// listing must emit what comes after this place, and nothing before it; emitting an entry twice does no harm.
    ///
    /// `at` is stored as it is, up to 4,096 bytes, so it must not contain credentials. `items` is the number of items that
    /// come before: usually [`Outlet::items`].
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    ///
    /// [`Target::resume`]: super::Target::resume
    pub async fn checkpoint(&self, at: impl Into<String>, items: u64) -> Result<()> {
        let at = at.into();
        self.send(Entry::Checkpoint(Box::new(Cursor { at, items })))
            .await
    }

    /// Sets the validator with which the source can tell another time whether the listing has changed: [`Target::validator`]
    /// has it then, if all items are known and there. Call this before any item. A listing that passes links on, or is not
    /// complete, has none.
    ///
    /// It is stored as it is, up to 1,024 bytes, so it must not contain credentials.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    ///
    /// [`Target::validator`]: super::Target::validator
    pub async fn validator(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Validator(text.into())).await
    }

    /// Reports that the listing has not changed since it had the given validator, so that it need not be listed again.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn unchanged(&self) -> Result<()> {
        self.send(Entry::Unchanged).await
    }

    /// Explains how the listing proceeds, in one line that `-v` shows.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn note(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Note(text.into())).await
    }

    /// Warns of a problem that the user should know about and fix, in one line, shown once per run.
    ///
    /// # Errors
    /// [`crate::model::Kind::Closed`] when nothing more is wanted.
    pub async fn warn(&self, text: impl Into<Box<str>>) -> Result<()> {
        self.send(Entry::Warning(text.into())).await
    }

    /// Returns how many items were emitted so far, including those before the place from which the listing resumed.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Returns how many embedded links were accepted so far.
    pub fn embeds(&self) -> u64 {
        self.embeds.load(Ordering::Relaxed)
    }

    async fn send(&self, entry: Entry) -> Result<()> {
        let named_by = match self.named_by_public.load(Ordering::Relaxed) {
            true => NamedBy::PublicServer,
            false => NamedBy::User,
        };
        let sent = self.entries.send((entry, named_by)).await;
        sent.map_err(|_| Error::closed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_link_that_no_source_knows_is_left_out() {
        let (out, mut entries) = outlet(8);
        let out = out.with_recogniser(|link| link.url.host_str() == Some("known.example"));
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
