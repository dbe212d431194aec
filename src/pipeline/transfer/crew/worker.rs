//! What each worker of a crew does: download a segment, take the next, and report the outcome.

use std::sync::atomic::Ordering;

use super::batch::Batch;
use super::segment_download::Finish;
use super::segment_request::SegmentResponse;
use super::{Crew, MIN_SEGMENT, Start};
use crate::model::{Error, Kind};
use crate::net::{Permit, SpeedWatch};
use crate::pipeline::sink::quickly;
use crate::pipeline::transfer::ledger::Segment;
use crate::pipeline::transfer::setback::Setback;

impl Crew<'_> {
    /// Downloads segments until none is left to take, and reports the outcome to the host's pace controller.
    pub(super) async fn work(
        &self,
        start: Start,
        mut permit: Option<Permit>,
    ) -> Result<(), Setback> {
        let (segment, first) = match start {
            Start::Answered(segment, opened) => {
                let response = SegmentResponse {
                    opened: *opened,
                    overlap: Vec::new(),
                    end: self.total,
                };
                (segment, Some(response))
            }
            Start::Ask(segment) => (segment, None),
            Start::Relieve(stalled) => {
                let response = match self.read_overlap(stalled).await {
                    Ok(overlap) => self.request_segment(stalled, overlap, &mut permit).await,
                    Err(error) => Err(error.into()),
                };
                self.relieving.fetch_sub(1, Ordering::Relaxed);
                let response = match response {
                    Ok(response) => response,
                    // Nothing is lost: the other worker still has the segment.
                    Err(setback) => {
                        self.report_outcome(permit, &Err(setback)).await;
                        return Ok(());
                    }
                };
                let is_compared = !response.overlap.is_empty();
                let Some(segment) = self.ledger().reassign(stalled, is_compared) else {
                    return Ok(());
                };
                self.taken.notify_waiters();
                (segment, Some(response))
            }
        };
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let done = self.download_segments(segment, first, &mut permit).await;
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        self.report_outcome(permit, &done).await;
        done
    }

    /// Whether the server sends so little at a time, as it did now, that the segment is better left to other workers.
    fn sends_too_little(&self, came: u64) -> bool {
        came.max(self.longest_short.load(Ordering::Relaxed)) < MIN_SEGMENT
            && self.at_work.load(Ordering::Relaxed) > 1
    }

    /// Downloads this segment, then those that are left, one after another.
    async fn download_segments(
        &self,
        mut segment: Segment,
        mut first: Option<SegmentResponse>,
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
                Ok(Finish::Done) => {}
                Err(Setback::Incomplete) => {
                    let speed = watch.received(batch.at - segment.at, batch.waited);
                    speed.map_err(|slow| slow.at(self.target.url))?;
                }
                Ok(Finish::Left) => return Ok(()),
                Err(setback) => return Err(setback),
            }
            match self.ledger().assign(MIN_SEGMENT) {
                Some(next) => segment = next,
                None => return Ok(()),
            }
        }
    }

    /// Writes what a worker has read of a segment.
    pub(super) async fn write(&self, id: usize, batch: &mut Batch) -> Result<(), Error> {
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
