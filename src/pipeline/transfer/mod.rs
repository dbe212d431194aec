//! Downloads one item: requests its bytes, resumes after interruptions, verifies the result and commits it.
//!
//! An attempt sends a request and reads the response, or fills the gaps of a file over several connections. What
//! follows a setback depends on its class alone: wait and continue, start over, have the source find a new address, or
//! give up. No file gets its final name before it is complete and verified.

mod address;
mod agreement;
mod attempt;
mod beginning;
mod body;
mod check;
mod coding;
mod commit;
mod committer;
mod content;
mod crew;
mod digest;
mod disk_space;
mod document;
mod forbidden;
mod growth;
mod handover;
mod job;
mod ledger;
mod listing_check;
mod login;
mod mismatch;
mod mistyped;
mod outcome;
mod quirks;
mod read_body;
mod request_headers;
mod response_head;
mod retry;
mod seal;
mod seams;
mod setback;
mod state;
mod stream;
mod truncation;
mod twin;
mod unchanged;
mod verified;
mod waiting;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use self::address::file;
use self::attempt::RequestTarget;
pub(super) use self::committer::Committer;
use self::content::Content;
pub(super) use self::disk_space::DiskSpace;
pub(super) use self::job::{Job, Question, SavedFile};
pub(super) use self::listing_check::ListingCheck;
use self::outcome::Subject;
pub(super) use self::quirks::HostQuirks;
pub(super) use self::response_head::why_refused;
use self::retry::RetryState;
use self::setback::Setback;
use self::stream::StreamSource;
pub(super) use self::stream::{MEMORY, StreamOptions};
use self::truncation::Truncations;
use self::verified::Verified;
use super::after::After;
use super::archive::{Algorithm, Archive};
use super::documents::ReceivedDocument;
use super::naming::{Templates, listed_name};
use super::placeholder_check::PlaceholderCheck;
use super::sink::{Disk, Place, quickly};
use super::turn::Turns;
use super::{Duplicates, Events, Mtime, Stop};
use crate::model::{Body, Document, Error, Event, Expect, Kind, Outcome, Request, Result};
use crate::net::{Client, NamedBy, Permit};
use crate::source::Registry;

/// State shared by all transfers of a run.
pub(super) struct Mover {
    pub(super) client: Client,
    pub(super) registry: Registry,
    pub(super) disk: Arc<Disk>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) events: Events,
    pub(super) stop: Stop,
    pub(super) placeholder_check: PlaceholderCheck,
    pub(super) after: Option<After>,
    pub(super) turns: Turns,
    pub(super) disk_space: Arc<DiskSpace>,
    pub(super) templates: Templates,
    pub(super) mtime: Mtime,
    pub(super) quirks: HostQuirks,
    /// The digest algorithm for saved files, where the archive stores digests.
    pub(super) digest: Option<Algorithm>,
    pub(super) duplicates: Duplicates,
    pub(super) stream_options: StreamOptions,
    pub(super) committer: Committer,
    /// Memory for stream segments that wait to be written, in bytes.
    pub(super) memory: Arc<Semaphore>,
}

impl Mover {
    /// Downloads one item and reports its outcome, unless the run was ended first.
    pub(super) async fn run(&self, mut job: Job) {
        let ticket = job.ticket.take();
        // Held until everything that may change the file is done.
        let slot = job.slot.take();
        let (id, subject) = (job.id, Subject::of(&job));
        let mut retry = RetryState::new(&self.client);
        let fetched = AssertUnwindSafe(self.fetch(job, &mut retry))
            .catch_unwind()
            .await;
        let Some(outcome) = self.outcome(&subject, fetched, &retry) else {
            return;
        };
        let saved = match (&self.after, &outcome) {
            (Some(after), Outcome::Saved { path, size, .. }) => Some((after, path.clone(), *size)),
            _ => None,
        };
        let failure = match &outcome {
            Outcome::Failed(failure) => Some(failure.kind),
            _ => None,
        };
        slot.iter().for_each(|slot| slot.ended(&outcome));
        let is_document = matches!(outcome, Outcome::Document { .. });
        // If nobody reads events any more, the run is over.
        let _ = self.events.send(Event::Ended { id, outcome }).await;
        if let Some((after, path, size)) = saved {
            after.saved(id, &subject.item, &path, size).await;
        }
        match (ticket, failure) {
            // The items that a document leads to are yet to come.
            (Some(ticket), None) if !is_document => ticket.ended(),
            (Some(ticket), Some(kind)) => ticket.failed(kind),
            _ => {}
        }
    }

    async fn fetch(&self, mut job: Job, retry: &mut RetryState) -> Result<Outcome> {
        if let Some(fault) = job.fault.take() {
            return Err(*fault);
        }
        let (body, named_by) = match job.item.body.clone() {
            Body::Text(text) => return Box::pin(self.text(job, text)).await,
            body if body.is_current() => (body, job.named_by),
            _ => self.unless_draining(self.address(&job)).await??,
        };
        let request = match StreamSource::of(&body, named_by) {
            None => file(body)?,
            Some(source) => {
                let source = Arc::new(source);
                match self.download_stream(job, source.clone(), retry).await? {
                    stream::StreamEnd::Done(outcome) => return Ok(outcome),
                    stream::StreamEnd::NotAStream(plain) => job = *plain,
                }
                source.request.clone()
            }
        };
        // Taken before anything else that waits, so that files start in the order of the listing.
        let permit = self.permit(&request.url).await?;
        let place = self.place(&job).await?;
        let mut content = Content::new(place.clone(), &job.item, self.digest);
        content.load().await?;
        let moved = self.move_all(&job, (request, named_by), &mut content, retry, permit);
        let moved = moved.await;
        // All bytes are on disk by now, or no more will come.
        retry.claim = None;
        match moved {
            Ok(Moved::Complete(verified)) => match self
                .skip_if_same(&job, &content, *verified)
                .await?
            {
                ControlFlow::Continue(verified) => self.commit(job, content, place, verified).await,
                ControlFlow::Break(unchanged) => Ok(unchanged),
            },
            Ok(Moved::Unchanged) => {
                // The partial file is of another version, whose download an earlier run did not finish.
                content.discard().await?;
                let saved = job.known.as_deref();
                saved
                    .map(|saved| self.unchanged(&job, saved, None))
                    .ok_or_else(Error::closed)
            }
            Ok(Moved::Document(came)) => {
                // The partial bytes are those of a file, not of this document, and a film may need their place now.
                content.park().await?;
                let document = came.document;
                self.record_document(&job.item);
                match job.document_sender.take() {
                    Some(sender) => sender.send(*came),
                    None if document == Document::Stream => {
                        return Box::pin(self.download_described(job, *came, retry)).await;
                    }
                    None => {}
                }
                Ok(Outcome::Document { document })
            }
            Err(error) => {
                content.park().await?;
                match error.kind {
                    Kind::Missing => Err(Box::pin(self.gone(job, error)).await?),
                    _ => Err(error),
                }
            }
        }
    }

    /// Downloads all bytes and verifies them, over as many attempts as needed and sensible.
    async fn move_all(
        &self,
        job: &Job,
        (mut request, mut named_by): (Request, NamedBy),
        content: &mut Content,
        retry: &mut RetryState,
        permit: Permit,
    ) -> Result<Moved> {
        let mut permit = Some(permit);
        let mut place = 0;
        // Why a smaller version has to do.
        let mut lost = None;
        let mut pin = OnceLock::new();
        let name = listed_name(&job.item);
        loop {
            let url = request.urls().nth(place).unwrap_or(&request.url).clone();
            let permit = permit.take();
            let target = RequestTarget {
                id: job.id,
                name: name.as_deref(),
                request: &request,
                url: &url,
                named_by,
                known: job.known.as_ref().and_then(|saved| saved.version()),
                unnamed: job.unnamed.as_deref(),
                pin: &pin,
            };
            let done = match content.is_complete() {
                true => Ok(()),
                false => self.attempt(&target, content, retry, permit).await,
            };
            let setback = match done {
                Ok(()) => match self
                    .verify(job, &request.expect, content, &mut retry.truncations)
                    .await
                {
                    Ok(verified) => {
                        return Ok(Moved::Complete(Box::new(verified.instead_of(lost))));
                    }
                    Err(setback) => setback,
                },
                Err(Setback::Document(came)) => return Ok(Moved::Document(came)),
                Err(Setback::Unchanged) => return Ok(Moved::Unchanged),
                Err(setback) => setback,
            };
            if content.len() > 0 {
                retry.note_progress(content.len(), content.representation.total);
            }
            // The next attempt may go to another host, and an address that does not respond is not kept.
            let is_away = matches!(setback, Setback::Retry(_)) && retry.status.is_none();
            if is_away || matches!(setback, Setback::GiveUp(_) | Setback::Expired(_)) {
                pin.take();
            }
            match self
                .handle_setback(job, &url, setback, content, retry)
                .await
            {
                Ok(None) => {}
                Ok(Some(anew)) => {
                    (request, named_by) = anew;
                    (place, lost) = (0, None);
                }
                Err(error) if is_elsewhere(&request, place + 1, &error) => {
                    place += 1;
                    retry.reset_for_next_url();
                    lost = (place > request.mirrors.len()).then_some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Saves a text, which needs no request.
    async fn text(&self, job: Job, text: String) -> Result<Outcome> {
        let place = self.place(&job).await?;
        let mut content = Content::new(place.clone(), &job.item, self.digest);
        content.representation.total = Some(text.len() as u64);
        content.push(text.into()).await?;
        match self
            .verify(
                &job,
                &Expect::default(),
                &mut content,
                &mut Truncations::default(),
            )
            .await
        {
            Ok(verified) => self.commit(job, content, place, verified).await,
            Err(setback) => Err(setback.into_error()),
        }
    }

    async fn place(&self, job: &Job) -> Result<Place> {
        let disk = self.disk.clone();
        let names = job.planned.folder.clone();
        let folder = quickly(move || disk.folder(&names)).await?;
        Ok(Place::new(folder, &job.item.source, &job.item.key))
    }
}

enum Moved {
    Complete(Box<Verified>),
    Document(Box<ReceivedDocument>),
    Unchanged,
}

/// Whether the request has another URL at this index, and it is worth trying after this error.
fn is_elsewhere(request: &Request, place: usize, error: &Error) -> bool {
    let may_pass = matches!(error.kind, Kind::Network | Kind::Busy);
    let is_over = matches!(error.kind, Kind::Closed | Kind::Disk);
    let is_smaller = place > request.mirrors.len();
    request.urls().nth(place).is_some() && !is_over && !(is_smaller && may_pass)
}
