//! Downloads one part of a track: requests it until it is complete, and passes its bytes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;
use url::Url;

use super::Streaming;
use super::accept::{Accepted, accept, part_headers};
use super::cipher::Decrypter;
use super::join::PartEvent;
use super::list::Content;
use super::look::{Head, Look};
use super::memory::{MemoryShare, SegmentMemory};
use super::part::Part;
use super::versions::Versions;
use crate::model::{Error, Kind, Result};
use crate::net::{Constraints, NamedBy, Permit};
use crate::pipeline::stream::vtt;
use crate::pipeline::transfer::read_body::stopped_early;
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
enum Stop {
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

    /// Sends one request and reads the response.
    async fn once(
        &self,
        part_request: PartRequest<'_>,
        permit: &mut Permit,
        share: &mut MemoryShare<'_>,
        retry: &mut RetryState,
        out: &PartSink,
    ) -> Result<bool, Stop> {
        let client = &self.mover.client;
        let PartRequest {
            index,
            part:
                Part {
                    location,
                    inner,
                    is_map,
                    ..
                },
            named_by,
            mut decrypter,
        } = part_request;
        let constraints = Constraints {
            named_by,
            pin: None,
            gate: None,
        };
        let bound = self.bound(&location.url)?;
        let mut opened = client
            .open_with(
                constraints,
                &location.url,
                &bound,
                &part_headers(location.range),
            )
            .await?;
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
        let open_end = opened.open_end() && decrypter.is_none();
        let expected = most.or(length);
        if let Some(expected) = expected.map(|len| usize::try_from(len).unwrap_or(usize::MAX)) {
            out.memory.learn(expected);
            share
                .fit(expected)
                .map_err(|_| Stop::NotEnoughMemory(expected))?;
        }
        let mut look = Look::new(out.form, decrypter.is_some(), *inner);
        let is_head = *is_map || index == 0;
        let mut head = Head::new(is_head && out.form == Content::Medium);
        let mut count = 0u64;
        while most.is_none_or(|most| count < most) {
            let Some(mut piece) = opened.chunk().await? else {
                break;
            };
            if let Some(most) = most {
                piece.truncate((most - count).try_into().unwrap_or(usize::MAX));
            }
            count += piece.len() as u64;
            if let Some(rate) = client.rate() {
                rate.take(piece.len() as u64).await;
            }
            if let Some(coded) = &mut coded {
                coded.push(&piece)?;
                continue;
            }
            if let Some(plain) = look.clear(&mut decrypter, piece)? {
                head.push(&plain);
                self.hand(index, plain, count, share, out).await?;
            }
        }
        if let Some(expected) = expected.filter(|expected| *expected != count) {
            return Err(Setback::Retry(stopped_early(count, expected)).into());
        }
        // The subtitles of a silent stretch may be empty.
        if count == 0 && out.form == Content::Medium {
            // An empty body is more often a hiccup of the server than a real response.
            let error = Error::new(Kind::Network, "an empty segment came");
            return Err(Setback::Retry(error).into());
        }
        if let Some(coded) = coded {
            let plain = coded.plain().await?;
            if let Some(plain) = look.clear(&mut decrypter, plain)? {
                head.push(&plain);
                self.hand(index, plain, count, share, out).await?;
            }
        }
        if let Some(decrypter) = decrypter
            && let Some(plain) = look.push(decrypter.finish()?)?
        {
            head.push(&plain);
            self.hand(index, plain, count, share, out).await?;
        }
        if let Some(plain) = look.finish()? {
            head.push(&plain);
            self.hand(index, plain, count, share, out).await?;
        }
        head.check()?;
        if out.form == Content::Lines {
            let between = Bytes::from_static(vtt::BETWEEN);
            self.hand(index, between, count, share, out).await?;
        }
        if open_end && expected.is_none() {
            out.open.fetch_add(1, Ordering::Relaxed);
        }
        Ok(look.is_last)
    }

    /// Passes bytes on, with the memory that they take; `count` bytes have come in all.
    async fn hand(
        &self,
        index: usize,
        bytes: Bytes,
        count: u64,
        share: &mut MemoryShare<'_>,
        out: &PartSink,
    ) -> Result<(), Stop> {
        if bytes.is_empty() {
            return Ok(());
        }
        // If memory runs short here, the length of the part is unknown: it is at least this long, and most likely
        // longer.
        let more = usize::try_from(count.saturating_mul(2)).unwrap_or(usize::MAX);
        let held = share
            .take(bytes.len())
            .map_err(|_| Stop::NotEnoughMemory(more))?;
        self.add_bytes(bytes.len());
        Ok(send(out, PartEvent::Bytes(index, bytes, held)).await?)
    }
}

/// What an attempt requests, and how it is decrypted.
struct PartRequest<'a> {
    index: usize,
    part: &'a Part,
    named_by: NamedBy,
    decrypter: Option<Decrypter>,
}

async fn send(out: &PartSink, event: PartEvent) -> Result<()> {
    out.events.send(event).await.map_err(|_| Error::closed())
}
