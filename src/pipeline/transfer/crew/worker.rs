//! What each worker of a crew does: request a segment, download it, take the next.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::batch::Batch;
use super::{Crew, JOINT, MIN_SEGMENT, Start};
use crate::model::{Error, Kind};
use crate::net::{Opened, Permit, SpeedWatch};
use crate::pipeline::sink::quickly;
use crate::pipeline::transfer::attempt::{has_ranges, may_have_expired};
use crate::pipeline::transfer::content::BATCH;
use crate::pipeline::transfer::ledger::Segment;
use crate::pipeline::transfer::read_body::{stopped_early, strip_overlap};
use crate::pipeline::transfer::request_headers::{bound_headers, range_headers};
use crate::pipeline::transfer::response_head::{RangeRequest, ResponseKind, SHORTER, interpret};
use crate::pipeline::transfer::seams::Joint;
use crate::pipeline::transfer::setback::{Setback, restart_because};

/// The response to a request for a segment.
struct Answer {
    opened: Opened,
    /// The bytes before the segment that the response begins with.
    before: Vec<u8>,
    /// Where the response ends.
    last: u64,
}

impl Crew<'_> {
    /// Downloads segments until none is left to take, and reports the outcome to the host's pace controller.
    pub(super) async fn work(
        &self,
        start: Start,
        mut permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let (segment, answer) = match start {
            Start::Answered(segment, opened) => {
                let (before, last) = (Vec::new(), self.total);
                let answer = Answer {
                    opened: *opened,
                    before,
                    last,
                };
                (segment, Some(answer))
            }
            Start::Ask(segment) => (segment, None),
            Start::Relieve(stalled) => {
                let answer = match self.read_before(stalled).await {
                    Ok(before) => self.ask(stalled, before, &mut permit).await,
                    Err(error) => Err(error.into()),
                };
                self.relieving.fetch_sub(1, Ordering::Relaxed);
                let answer = match answer {
                    Ok(answer) => answer,
                    // Nothing is lost: the other worker still has the segment.
                    Err(setback) => {
                        self.report_outcome(permit, &Err(setback)).await;
                        return Ok(());
                    }
                };
                let is_compared = !answer.before.is_empty();
                let Some(segment) = self.ledger().reassign(stalled, is_compared) else {
                    return Ok(());
                };
                self.taken.notify_waiters();
                (segment, Some(answer))
            }
        };
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let done = self.download_segments(segment, answer, &mut permit).await;
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        self.report_outcome(permit, &done).await;
        done
    }

    /// Whether the server sends so little at a time, as it did now, that the segment is better left to other workers.
    fn sends_too_little(&self, came: u64) -> bool {
        came.max(self.longest_short.load(Ordering::Relaxed)) < MIN_SEGMENT
            && self.at_work.load(Ordering::Relaxed) > 1
    }

    async fn download_segments(
        &self,
        mut segment: Segment,
        mut first: Option<Answer>,
        permit: &mut Option<Permit>,
    ) -> Result<(), Setback> {
        let mut watch = SpeedWatch::of_parts(self.mover.client.settings());
        loop {
            let mut batch = Batch::new(segment.at);
            let part = self.download_segment(segment, first.take(), &mut batch, permit);
            let moved = part.await;
            let written = self.write(segment.id, &mut batch).await;
            self.ledger().release(segment.id);
            written?;
            match moved {
                Err(Setback::Incomplete) if self.sends_too_little(batch.at - segment.at) => {
                    self.without_ranges.store(true, Ordering::Relaxed);
                    // Forgotten, so as not to stop a worker that comes from the left, whose response has these bytes
                    // too.
                    self.ledger().forget((segment.at, batch.at));
                    return Ok(());
                }
                Ok(true) => {}
                Err(Setback::Incomplete) => {
                    let speed = watch.received(batch.at - segment.at, batch.waited);
                    speed.map_err(|slow| slow.at(self.target.url))?;
                }
                Ok(false) => return Ok(()),
                Err(setback) => return Err(setback),
            }
            match self.ledger().assign(MIN_SEGMENT) {
                Some(next) => segment = next,
                None => return Ok(()),
            }
        }
    }

    /// Downloads one segment. Returns `false` if it was left unfinished because a worker had to leave.
    async fn download_segment(
        &self,
        segment: Segment,
        first: Option<Answer>,
        batch: &mut Batch,
        permit: &mut Option<Permit>,
    ) -> Result<bool, Setback> {
        let mut at = segment.at;
        let mut end = segment.end;
        let answer = match first {
            Some(answer) => answer,
            None => {
                // Not cancelled when the segment is taken over: the read would keep the file open.
                let before = self.read_before(segment).await?;
                let began = Instant::now();
                let asked = self.ask(segment, before, permit);
                let asked = self.leaving.unless_leaving(asked);
                let Some(answer) = self.unless_taken(segment.id, asked).await else {
                    return Ok(true);
                };
                let Some(answer) = answer else {
                    return Ok(false);
                };
                batch.waited += began.elapsed();
                answer?
            }
        };
        let Answer {
            mut opened,
            before,
            last,
        } = answer;
        let mut before: &[u8] = &before;
        let mut beyond = Bytes::new();
        loop {
            if at >= end {
                // The segment behind may have been taken from here and given up. This response covers it, too.
                end = self.ledger().extend(segment.id, last);
            }
            if at >= end {
                break;
            }
            if at >= last {
                // The server sent less than was requested, and all of that is here.
                return Err(Setback::Incomplete);
            }
            let mut piece = std::mem::take(&mut beyond);
            if piece.is_empty() {
                let began = Instant::now();
                let next = self.unless_over(opened.chunk());
                let Some(next) = self.unless_taken(segment.id, next).await else {
                    return Ok(true);
                };
                batch.waited += began.elapsed();
                let Some(next) = next?? else {
                    return Err(Setback::Retry(stopped_early(at, last)));
                };
                piece = next;
                self.at_rate(&piece).await?;
                strip_overlap(&mut piece, &mut before)?;
            }
            // Others may have taken from the segment while this worker waited.
            end = self.ledger().end(segment.id);
            let room = end.saturating_sub(at).min(piece.len() as u64) as usize;
            beyond = piece.split_off(room);
            at += room as u64;
            batch.push(piece);
            self.ledger().note_read(segment.id, at);
            if batch.len >= BATCH {
                self.write(segment.id, batch).await?;
            }
            if self.leaving.try_leave_while_receiving() {
                return Ok(false);
            }
        }
        let mut beyond = beyond.to_vec();
        let most = JOINT.min(self.total - end) as usize;
        while beyond.len() < most {
            // Without the joint, one proof is missing, which can be had later.
            let next = self.unless_over(opened.chunk());
            let next = match self.needs_proof {
                true => next.await,
                false => match timeout(self.stall_limit(), next).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            let Ok(Ok(Some(piece))) = next else {
                break;
            };
            self.at_rate(&piece).await?;
            beyond.extend_from_slice(&piece);
        }
        beyond.truncate(most);
        if !beyond.is_empty() {
            let (at, bytes) = (end, beyond);
            self.ledger().add_joint(Joint { at, bytes });
            self.compare_joints(false).await?;
        }
        Ok(true)
    }

    /// Reads a little of what is on disk before a segment.
    async fn read_before(&self, segment: Segment) -> Result<Vec<u8>, Error> {
        let have = self.ledger().len_before(segment.at).min(JOINT);
        if have == 0 {
            return Ok(Vec::new());
        }
        let partial = self.partial.clone();
        quickly(move || partial.read(segment.at - have, have as usize)).await
    }

    /// Requests a segment, along with these bytes on disk before it.
    async fn ask(
        &self,
        segment: Segment,
        before: Vec<u8>,
        permit: &mut Option<Permit>,
    ) -> Result<Answer, Setback> {
        let have = before.len() as u64;
        let answer = self.ask_with(segment, before, permit).await?;
        if answer.last > segment.at {
            return Ok(answer);
        }
        // The server sends little at a time, or only to the end of its own block. If that agrees, request the rest.
        self.compare_overlap(answer, segment.at - have).await?;
        let answer = self.ask_with(segment, Vec::new(), permit).await?;
        match answer.last > segment.at {
            true => Ok(answer),
            false => Err(Setback::Incomplete),
        }
    }

    /// Reads a response that ends before the segment begins; its bytes must equal those on disk.
    async fn compare_overlap(&self, answer: Answer, start: u64) -> Result<(), Setback> {
        let Answer {
            mut opened,
            before,
            last,
        } = answer;
        let mut known = &before[..(last - start) as usize];
        while !known.is_empty() {
            let next = self.unless_over(opened.chunk());
            let Some(mut piece) = next.await?? else {
                return Err(Setback::Retry(stopped_early(
                    last - known.len() as u64,
                    last,
                )));
            };
            self.at_rate(&piece).await?;
            strip_overlap(&mut piece, &mut known)?;
        }
        Ok(())
    }

    /// Requests a segment and these bytes before it.
    async fn ask_with(
        &self,
        segment: Segment,
        before: Vec<u8>,
        permit: &mut Option<Permit>,
    ) -> Result<Answer, Setback> {
        let start = segment.at - before.len() as u64;
        let end = (segment.end + JOINT).min(self.total);
        let without_if_range = self.without_if_range.load(Ordering::Relaxed);
        let free = range_headers(&self.known, start, Some(end), without_if_range)?;
        let bound = bound_headers(self.target)?;
        let open =
            self.mover
                .client
                .open_with(self.target.constraints(), self.target.url, &bound, &free);
        let began = Instant::now();
        let opened = self.unless_over(open).await??;
        let took = began.elapsed().as_micros() as u64;
        self.answer_micros.store(took.max(1), Ordering::Relaxed);
        if let Some(permit) = permit
            && opened.response.status().is_success()
        {
            permit.accepted(opened.response.content_length());
        }
        let requested = RangeRequest {
            start,
            known: &self.known,
        };
        match interpret(
            opened.response.status(),
            opened.response.headers(),
            requested,
        ) {
            ResponseKind::Rest { end: last, .. } => {
                self.has_ranges.store(true, Ordering::Relaxed);
                if last < end {
                    self.longest_short
                        .fetch_max(last - start, Ordering::Relaxed);
                }
                Ok(Answer {
                    opened,
                    before,
                    last,
                })
            }
            ResponseKind::Whole(here) => {
                let is_ranged = has_ranges(opened.response.headers());
                let is_worth = self.is_resumed || self.known.etag != here.etag;
                let may_be = is_ranged && is_worth && self.known.may_match_despite_if_range(&here);
                if may_be && !without_if_range {
                    // Nothing seems to have changed, yet the server sends the whole file: ask again without If-Range.
                    self.without_if_range.store(true, Ordering::Relaxed);
                    drop(opened);
                    return Box::pin(self.ask_with(segment, before, permit)).await;
                }
                // While another worker continues, this is no worse than a server without ranges.
                self.without_ranges.store(true, Ordering::Relaxed);
                let message = "the server sent the whole file instead of a range";
                Err(Setback::RequestWhole(Error::new(Kind::Changed, message)))
            }
            ResponseKind::End { .. } => Err(restart_because(SHORTER)),
            ResponseKind::Restart(why) => Err(restart_because(why)),
            // While others continue, this may be one connection too many; when none does, the address has expired.
            ResponseKind::Refused { error, .. } if may_have_expired(&error) => {
                Err(Setback::Expired(error))
            }
            ResponseKind::Refused { error, .. } => Err(Setback::Retry(error)),
        }
    }

    /// Waits until these bytes fit the user's rate limit.
    async fn at_rate(&self, piece: &Bytes) -> Result<(), Error> {
        match self.mover.client.rate() {
            Some(rate) => self.unless_over(rate.take(piece.len() as u64)).await,
            None => Ok(()),
        }
    }

    async fn write(&self, id: usize, batch: &mut Batch) -> Result<(), Error> {
        let next = Batch {
            waited: batch.waited,
            ..Batch::new(batch.at + batch.len)
        };
        let Batch {
            at, len, pieces, ..
        } = std::mem::replace(batch, next);
        if len == 0 {
            return Ok(());
        }
        let partial = self.partial.clone();
        quickly(move || partial.write(at, &pieces)).await?;
        self.ledger().note_written(id, (at, at + len));
        Ok(())
    }

    /// Reports the outcome to the host's pace controller, and tells the user if the host is now paused.
    async fn report_outcome(&self, permit: Option<Permit>, done: &Result<(), Setback>) {
        let Some(permit) = permit else { return };
        match done {
            Ok(()) => permit.succeeded(),
            Err(Setback::Retry(error))
                if error.kind == Kind::Busy || error.retry_after.is_some() =>
            {
                // Nobody waits longer than the limit: the other workers download the segment.
                let longest = self.mover.client.settings().longest_wait;
                let wait = error.retry_after.filter(|wait| *wait <= longest);
                if let Some(paused) = permit.refused(wait).paused {
                    let (url, why) = (self.target.url, error.message.clone());
                    // If nobody reads events any more, the run is over.
                    let _ = self.mover.report_wait(None, url, paused, why).await;
                }
            }
            Err(Setback::Retry(_) | Setback::Expired(_)) => {
                permit.broke();
            }
            Err(_) => {}
        }
    }
}
