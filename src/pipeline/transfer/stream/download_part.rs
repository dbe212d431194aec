//! Downloads one part of a track: requests it until it is complete, and passes its bytes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use url::Url;

use super::Streaming;
use super::accept::{Accepted, accept, part_headers};
use super::cipher::Decrypter;
use super::delivery::Delivery;
use super::join::PartEvent;
use super::list::Content;
use super::memory::{MemoryShare, SegmentMemory};
use super::part::Part;
use super::versions::Versions;
use crate::model::{Error, Result};
use crate::net::{Constraints, NamedBy, Opened, Permit};
use crate::pipeline::stream::ByteLocation;
use crate::pipeline::transfer::retry::RetryState;
use crate::pipeline::transfer::setback::Setback;

/// Where the bytes go, and the memory for those that have to wait there.
#[derive(Clone)]
pub(super) struct PartSink {
    pub(super) events: mpsc::Sender<PartEvent>,
    pub(super) memory: SegmentMemory,
    /// The known versions of the files that parts are ranges of, if those must not change.
    pub(super) versions: Option<Arc<Versions>>,
    /// What the segments contain.
    pub(super) form: Content,
    /// How many parts were ended by nothing but the end of the connection.
    pub(super) open: Arc<AtomicUsize>,
}

/// Why an attempt ended early.
pub(super) enum Stop {
    Setback(Setback),
    /// This much memory is needed at once, and less is free.
    NotEnoughMemory(usize),
}

impl From<Setback> for Stop {
    fn from(setback: Setback) -> Stop {
        Stop::Setback(setback)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Setback(error.into())
    }
}

impl Streaming<'_> {
    /// Downloads the part of this index, over as many attempts as are sensible.
    pub(super) async fn download_part(
        &self,
        index: usize,
        part: Part,
        named_by: NamedBy,
        out: PartSink,
    ) -> Result<()> {
        let mut retry = RetryState::new(&self.mover.client);
        let mut want = part.len().unwrap_or_else(|| out.memory.usual());
        loop {
            (retry.status, retry.refusal) = (None, None);
            let done = self.attempt(index, &part, named_by, want, &mut retry, &out);
            let error = match done.await {
                Ok(is_last) => {
                    if is_last {
                        send(&out, PartEvent::Last(index)).await?;
                    }
                    return send(&out, PartEvent::Complete(index)).await;
                }
                Err(Stop::NotEnoughMemory(more)) => {
                    want = more;
                    send(&out, PartEvent::Discarded(index)).await?;
                    continue;
                }
                Err(Stop::Setback(Setback::Retry(error))) => error,
                Err(Stop::Setback(setback)) => return Err(setback.into_error()),
            };
            send(&out, PartEvent::Discarded(index)).await?;
            self.wait(&part.location.url, error, &mut retry).await?;
        }
    }

    /// Waits as long as this error asks for, even when nothing new is to start: a live stream ends with all that was
    /// requested.
    pub(super) async fn wait(&self, url: &Url, error: Error, retry: &mut RetryState) -> Result<()> {
        let wait = retry.wait(error)?;
        let report = self
            .mover
            .report_wait(Some(self.id), url, wait.time, wait.reason);
        report.await?;
        if !wait.is_host_paused {
            tokio::time::sleep(wait.time).await;
        }
        Ok(())
    }

    /// Acquires all that a part needs, the permit last: while it is held, nothing but bytes is waited for.
    async fn attempt(
        &self,
        index: usize,
        part: &Part,
        named_by: NamedBy,
        want: usize,
        retry: &mut RetryState,
        out: &PartSink,
    ) -> Result<bool, Stop> {
        let decrypter = match &part.cipher {
            Some(cipher) => {
                let key = self.key(&cipher.key, named_by).await?;
                Some(Decrypter::new(&key, cipher.iv)?)
            }
            None => None,
        };
        let mut share = out.memory.reserve(index, want).await;
        let host = part.location.url.host_str().unwrap_or("");
        let mut permit = self.mover.client.pace().enter(host).await;
        let part_request = PartRequest {
            index,
            part,
            named_by,
            decrypter,
        };
        let done = self
            .once(part_request, &mut permit, &mut share, retry, out)
            .await;
        match &done {
            Ok(_) => permit.succeeded(),
            Err(Stop::Setback(Setback::Retry(error))) => {
                retry.refusal = self.mover.report_failure(permit, retry, error);
            }
            Err(_) => {}
        }
        done
    }

    /// Sends one request and reads the response. Returns whether the part says that it is the last one.
    async fn once(
        &self,
        part_request: PartRequest<'_>,
        permit: &mut Permit,
        share: &mut MemoryShare<'_>,
        retry: &mut RetryState,
        out: &PartSink,
    ) -> Result<bool, Stop> {
        let location = &part_request.part.location;
        let mut opened = self.request_part(location, part_request.named_by).await?;
        retry.status = Some(opened.response.status());
        let Accepted {
            length,
            most,
            of,
            mut coded,
        } = accept(
            opened.response.status(),
            opened.response.headers(),
            location.range,
        )?;
        if let Some((versions, of)) = out.versions.as_ref().zip(of) {
            versions.check(&location.url, of)?;
        }
        permit.accepted(length);
        // Encrypted bytes mark their own end.
        let open_end = opened.open_end() && part_request.decrypter.is_none();
        let expected = most.or(length);
        if let Some(expected) = expected {
            claim_memory(expected, share, out)?;
        }
        let mut delivery = Delivery::new(self, part_request, share, out);
        while most.is_none_or(|most| delivery.count < most) {
            let Some(mut piece) = opened.chunk().await? else {
                break;
            };
            if let Some(most) = most {
                piece.truncate((most - delivery.count).try_into().unwrap_or(usize::MAX));
            }
            delivery.count += piece.len() as u64;
            if let Some(rate) = self.mover.client.rate() {
                rate.take(piece.len() as u64).await;
            }
            if let Some(coded) = &mut coded {
                coded.push(&piece)?;
            } else if let Some(plain) = delivery.clear(piece)? {
                delivery.pass(plain).await?;
            }
        }
        delivery.check_length(expected)?;
        if let Some(coded) = coded
            && let Some(plain) = delivery.clear(coded.plain().await?)?
        {
            delivery.pass(plain).await?;
        }
        let is_last = delivery.finish().await?;
        if open_end && expected.is_none() {
            out.open.fetch_add(1, Ordering::Relaxed);
        }
        Ok(is_last)
    }

    /// Requests a part, and waits for the head of the response.
    async fn request_part(&self, location: &ByteLocation, named_by: NamedBy) -> Result<Opened> {
        let constraints = Constraints {
            named_by,
            ..Constraints::default()
        };
        let bound = self.bound(&location.url)?;
        let free = part_headers(location.range);
        let client = &self.mover.client;
        client
            .open_with(constraints, &location.url, &bound, &free)
            .await
    }
}

/// Takes care that the memory suffices for a part of this length.
fn claim_memory(expected: u64, share: &mut MemoryShare<'_>, out: &PartSink) -> Result<(), Stop> {
    let expected = usize::try_from(expected).unwrap_or(usize::MAX);
    out.memory.learn(expected);
    share
        .fit(expected)
        .map_err(|_| Stop::NotEnoughMemory(expected))
}

/// What an attempt requests, and how it is decrypted.
pub(super) struct PartRequest<'a> {
    pub(super) index: usize,
    pub(super) part: &'a Part,
    pub(super) named_by: NamedBy,
    pub(super) decrypter: Option<Decrypter>,
}

/// Passes an event on to whoever joins the parts.
pub(super) async fn send(out: &PartSink, event: PartEvent) -> Result<()> {
    out.events.send(event).await.map_err(|_| Error::closed())
}
