//! Downloads one item: requests its bytes, resumes after interruptions, verifies the result and commits it.
//!
//! An attempt sends a request and reads the response, or fills the gaps of a file over several connections. What
//! follows a setback depends on its class alone: wait and continue, start over, have the source find a new address, or
//! give up. No file gets its final name before it is complete and verified.

mod address;
mod agreement;
mod answer;
mod attempt;
mod check;
mod coding;
mod commit;
mod committer;
mod content;
mod crew;
mod cuts;
mod digest;
mod document;
mod forbidden;
mod growth;
mod guise;
mod habits;
mod instead;
mod job;
mod ledger;
mod login;
mod outcome;
mod prove;
mod room;
mod seal;
mod seams;
mod setback;
mod state;
mod stored;
mod stream;
mod take;
mod tries;
mod twin;
mod unchanged;
mod until;
mod whole;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use self::address::file;
pub(super) use self::answer::why_refused;
use self::attempt::Course;
pub(super) use self::committer::Committer;
use self::content::Content;
use self::cuts::Cuts;
pub(super) use self::habits::Habits;
pub(super) use self::job::{Had, Job, Question};
use self::outcome::Subject;
use self::prove::Proven;
pub(super) use self::room::Room;
use self::setback::Setback;
pub(super) use self::stored::Stored;
use self::stream::{Form, Streamed};
pub(super) use self::stream::{MEMORY, Wish};
use self::tries::Tries;
use super::after::After;
use super::archive::{Algorithm, Archive};
use super::documents::Came;
use super::naming::{Templates, listed_name};
use super::sink::{Disk, Place, quickly};
use super::suspects::Suspects;
use super::turn::Turns;
use super::{Duplicates, Events, Mtime, Stop};
use crate::model::{Body, Document, Error, Event, Expect, Kind, Outcome, Request, Result};
use crate::net::{Client, Led, Permit};
use crate::source::Registry;

/// State shared by all transfers of a run.
pub(super) struct Mover {
    pub(super) client: Client,
    pub(super) registry: Registry,
    pub(super) disk: Arc<Disk>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) events: Events,
    pub(super) stop: Stop,
    pub(super) suspects: Suspects,
    pub(super) after: Option<After>,
    pub(super) turns: Turns,
    pub(super) room: Arc<Room>,
    pub(super) templates: Templates,
    pub(super) mtime: Mtime,
    pub(super) habits: Habits,
    /// The digest algorithm for saved files, where the archive stores digests.
    pub(super) digest: Option<Algorithm>,
    pub(super) duplicates: Duplicates,
    pub(super) wish: Wish,
    pub(super) committer: Committer,
    /// Memory for stream segments that wait to be written, in bytes.
    pub(super) memory: Arc<Semaphore>,
}

impl Mover {
    /// Downloads one item and reports its outcome, unless the run was ended first.
    pub(super) async fn run(&self, mut job: Job) {
        let ticket = job.ticket.take();
        // Held until everything that may change the file is done.
        let seat = job.seat.take();
        let (id, subject) = (job.id, Subject::of(&job));
        let mut tries = Tries::new(&self.client);
        let fetched = AssertUnwindSafe(self.fetch(job, &mut tries))
            .catch_unwind()
            .await;
        let Some(outcome) = self.outcome(&subject, fetched, &tries) else {
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
        seat.iter().for_each(|seat| seat.ended(&outcome));
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

    async fn fetch(&self, mut job: Job, tries: &mut Tries) -> Result<Outcome> {
        if let Some(fault) = job.fault.take() {
            return Err(*fault);
        }
        let (body, led) = match job.item.body.clone() {
            Body::Text(text) => return Box::pin(self.text(job, text)).await,
            body if body.is_current() => (body, job.led),
            _ => self.unless_draining(self.address(&job)).await??,
        };
        let (form, request, sound) = match body {
            Body::Hls(request) => (Some(Form::Hls), request, None),
            Body::Dash(request) => (Some(Form::Dash), request, None),
            Body::Tracks(tracks) => (Some(Form::Files), tracks.picture, Some(tracks.sound)),
            body => (None, file(body)?, None),
        };
        let request = match form {
            None => request,
            Some(form) => {
                let what = Streamed {
                    form,
                    request,
                    sound,
                };
                match Box::pin(self.film(job, &what, led, tries)).await? {
                    stream::Ending::Told(outcome) => return Ok(outcome),
                    stream::Ending::NoStream(plain) => job = *plain,
                }
                what.request
            }
        };
        // Taken before anything else that waits, so that files start in the order of the listing.
        let permit = self.permit(&request.url).await?;
        let place = self.place(&job).await?;
        let mut content = Content::new(place.clone(), &job.item, self.digest);
        content.load().await?;
        let moved = self.move_all(&job, (request, led), &mut content, tries, permit);
        let moved = moved.await;
        // All bytes are on disk by now, or no more will come.
        tries.claim = None;
        match moved {
            Ok(Moved::Whole(proven)) => match self.unless_same(&job, &content, *proven).await? {
                ControlFlow::Continue(proven) => self.commit(job, content, place, proven).await,
                ControlFlow::Break(unchanged) => Ok(unchanged),
            },
            Ok(Moved::Unchanged) => {
                // The partial file is of another version, whose download an earlier run did not finish.
                content.discard().await?;
                let had = job.known.as_deref();
                had.map(|had| self.unchanged(&job, had, None))
                    .ok_or_else(Error::closed)
            }
            Ok(Moved::Document(came)) => {
                // The partial bytes are those of a file, not of this document, and a film may need their place now.
                content.park().await?;
                let document = came.document;
                self.is_no_item(&job.item);
                match job.hand.take() {
                    Some(hand) => hand.give(*came),
                    None if document == Document::Stream => {
                        return Box::pin(self.described(job, *came, tries)).await;
                    }
                    None => {}
                }
                Ok(Outcome::Document { document })
            }
            Err(error) => {
                content.park().await?;
                Err(error)
            }
        }
    }

    /// Downloads all bytes and verifies them, over as many attempts as needed and sensible.
    async fn move_all(
        &self,
        job: &Job,
        (mut request, mut led): (Request, Led),
        content: &mut Content,
        tries: &mut Tries,
        permit: Permit,
    ) -> Result<Moved> {
        let mut permit = Some(permit);
        let mut place = 0;
        // Why a smaller version has to do.
        let mut lost = None;
        let mut pin = OnceLock::new();
        let name = listed_name(&job.item);
        loop {
            let url = request.places().nth(place).unwrap_or(&request.url).clone();
            let permit = permit.take();
            let course = Course {
                id: job.id,
                name: name.as_deref(),
                request: &request,
                url: &url,
                led,
                known: job.known.as_ref().and_then(|had| had.version()),
                unnamed: job.unnamed.as_deref(),
                pin: &pin,
            };
            let done = match content.is_complete() {
                true => Ok(()),
                false => self.attempt(&course, content, tries, permit).await,
            };
            let setback = match done {
                Ok(()) => match self
                    .prove(job, &request.expect, content, &mut tries.cuts)
                    .await
                {
                    Ok(proven) => return Ok(Moved::Whole(Box::new(proven.instead_of(lost)))),
                    Err(setback) => setback,
                },
                Err(Setback::Document(came)) => return Ok(Moved::Document(came)),
                Err(Setback::Unchanged) => return Ok(Moved::Unchanged),
                Err(setback) => setback,
            };
            if content.len() > 0 {
                tries.moved(content.len(), content.representation.total);
            }
            // The next attempt may go to another host, and an address that does not respond is not kept.
            let is_away = matches!(setback, Setback::Again(_)) && tries.status.is_none();
            if is_away || matches!(setback, Setback::GiveUp(_) | Setback::Expired(_)) {
                pin.take();
            }
            match self.after(job, &url, setback, content, tries).await {
                Ok(None) => {}
                Ok(Some(anew)) => {
                    (request, led) = anew;
                    (place, lost) = (0, None);
                }
                Err(error) if is_elsewhere(&request, place + 1, &error) => {
                    place += 1;
                    tries.fresh();
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
            .prove(&job, &Expect::default(), &mut content, &mut Cuts::default())
            .await
        {
            Ok(proven) => self.commit(job, content, place, proven).await,
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
    Whole(Box<Proven>),
    Document(Box<Came>),
    Unchanged,
}

/// Whether the request has another URL at this index, and it is worth trying after this error.
fn is_elsewhere(request: &Request, place: usize, error: &Error) -> bool {
    let may_pass = matches!(error.kind, Kind::Network | Kind::Busy);
    let is_over = matches!(error.kind, Kind::Closed | Kind::Disk);
    let is_smaller = place > request.mirrors.len();
    request.places().nth(place).is_some() && !is_over && !(is_smaller && may_pass)
}
