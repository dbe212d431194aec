//! Downloads one large file over several connections.
//!
//! Each worker downloads a segment; a worker that is done takes half of the largest remaining one. Every segment is
//! requested with the validator of the first response, and every response is checked against it. Where two segments
//! meet, the worker on the left reads a little further, and what it reads must equal what the worker on the right has
//! written; this exposes a server that sends other bytes than it claims. Whatever one connection gets wrong or loses is
//! a gap, which the others fill. At the end, when nothing is left to take, the rest of a segment that has long been
//! silent is requested once more; whichever connection receives a response first keeps it.

mod batch;
mod failures;
mod leaving;
mod progress;
mod segment_download;
mod segment_request;
mod staff;
mod worker;

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::failures::Failures;
use self::leaving::Leaving;
use self::progress::Progress;
use self::staff::Staff;
use super::Mover;
use super::attempt::RequestTarget;
use super::content::Content;
use super::growth::{Growth, TICK};
use super::ledger::{Ledger, Segment};
use super::response_head::Representation;
use super::retry::RetryState;
use super::seams::Joint;
use super::setback::{Setback, restart_because};
use super::state::About;
use crate::model::{Error, Kind};
use crate::net::Opened;
use crate::pipeline::sink::{Partial, quickly};

/// The shortest segment worth a request. Short, so that idle workers can take over from slow ones at the end.
const MIN_SEGMENT: u64 = 256 << 10;
/// How many bytes are compared where two segments meet.
pub(super) const JOINT: u64 = 16 << 10;

/// The workers that download one file.
struct Crew<'a> {
    mover: &'a Mover,
    target: &'a RequestTarget<'a>,
    known: Representation,
    without_if_range: AtomicBool,
    /// Whether the download resumes with segments already on disk.
    is_resumed: bool,
    /// Whether all bytes are there, and only the proof that they belong together is missing.
    needs_proof: bool,
    total: u64,
    partial: Arc<Partial>,
    ledger: Mutex<Ledger>,
    leaving: Leaving,
    /// Cancelled when all workers are to stop where they are.
    ending: CancellationToken,
    /// How long the last response took to begin, in microseconds.
    answer_micros: AtomicU64,
    /// Notified when a segment was taken over from a silent worker.
    taken: Notify,
    /// How many workers are requesting a segment that another worker still has.
    relieving: AtomicUsize,
    /// How many workers are downloading segments.
    at_work: AtomicUsize,
    /// The most bytes of any range that was shorter than requested.
    longest_short: AtomicU64,
    /// Whether a range request was answered with a range.
    has_ranges: AtomicBool,
    /// Whether a range request was answered with the whole file, or with too little to be worth it.
    without_ranges: AtomicBool,
}

/// How a worker starts on its first segment.
enum Start {
    /// The response is already there.
    Answered(Segment, Box<Opened>),
    /// The segment is yet to be requested.
    Ask(Segment),
    /// Another worker has it and is silent. It is requested again, and taken over if the response comes first.
    Relieve(Segment),
}

impl Mover {
    /// Downloads the missing ranges, starting with `first`, a response already in flight, or else with the first gap.
    pub(super) async fn crew(
        &self,
        target: &RequestTarget<'_>,
        content: &mut Content,
        first: Option<Opened>,
        (mut growth, more): (Growth, usize),
        retry: &mut RetryState,
    ) -> Result<(), Setback> {
        let Some(total) = content.representation.total else {
            return Err(Setback::GiveUp(Error::new(
                Kind::Network,
                "its length is not known",
            )));
        };
        retry.without_if_range |= self.quirks.is_without_if_range(target.url);
        let (partial, done) = content.lend().await?;
        let crew = Crew {
            mover: self,
            target,
            known: content.representation.clone(),
            without_if_range: AtomicBool::new(retry.without_if_range),
            is_resumed: first.is_none(),
            needs_proof: retry.needs_proof(),
            total,
            partial: Arc::new(partial),
            ledger: Mutex::new(Ledger::new(total, &done)),
            leaving: Leaving::default(),
            ending: CancellationToken::new(),
            answer_micros: AtomicU64::new(0),
            taken: Notify::new(),
            relieving: AtomicUsize::new(0),
            at_work: AtomicUsize::new(0),
            longest_short: AtomicU64::new(0),
            has_ranges: AtomicBool::new(false),
            without_ranges: AtomicBool::new(false),
        };
        let about = content.about();
        let mut outcome = crew.run(first, (&mut growth, more), &about).await;
        let is_without_ranges = crew.without_ranges.load(Ordering::Relaxed);
        retry.without_if_range |= crew.without_if_range.load(Ordering::Relaxed);
        retry.has_ranges |= crew.has_ranges.load(Ordering::Relaxed);
        let Crew {
            partial, ledger, ..
        } = crew;
        let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        let partial = Arc::into_inner(partial)
            .ok_or_else(|| Error::new(Kind::Disk, "a defect of this program left the file open"))?;
        let resumable = ledger.resumable(JOINT);
        if outcome.is_ok() && resumable != ledger.done() {
            outcome = Err(retry.request_proof());
        }
        content.give_back(partial, resumable);
        // A file that contradicts itself is not requested in segments again.
        retry.single_connection |= matches!(outcome, Err(Setback::Restart(_))) || is_without_ranges;
        outcome
    }
}

impl Crew<'_> {
    /// Has workers download what is missing, as many as are worth it, until nothing is or no more can be had.
    async fn run(
        &self,
        first: Option<Opened>,
        (growth, more): (&mut Growth, usize),
        about: &About,
    ) -> Result<(), Setback> {
        let mut workers = FuturesUnordered::new();
        let Some(segment) = self.ledger().assign(MIN_SEGMENT) else {
            return self.compare_joints(true).await;
        };
        // The permit for the first request belongs to the caller.
        let start = match first {
            Some(opened) => Start::Answered(segment, Box::new(opened)),
            None => Start::Ask(segment),
        };
        workers.push(self.work(start, None));
        for (start, permit) in self.assign_segments(more) {
            workers.push(self.work(start, Some(permit)));
        }
        let mut staff = Staff::new(growth);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut progress = Progress::new();
        let mut failures = Failures::default();
        let outcome = loop {
            tokio::select! {
                biased;
                ended = workers.next() => {
                    let left = workers.len();
                    if let ControlFlow::Break(outcome) =
                        self.note_end(ended, left, &mut failures, staff.growth)
                    {
                        break outcome;
                    }
                }
                now = ticks.tick() => {
                    let bytes = self.ledger().len();
                    if let Err(error) = progress.tick(self, about, now, bytes).await {
                        break Err(error.into());
                    }
                    for (start, permit) in self.adjust(&mut staff, workers.len(), now, bytes) {
                        workers.push(self.work(start, Some(permit)));
                    }
                }
            }
        };
        // Workers that are still running write what they have, so that nothing is written after this returns.
        self.ending.cancel();
        while workers.next().await.is_some() {}
        drop(workers);
        self.conclude(outcome, progress).await
    }

    /// Checks what all workers together have downloaded, once none is left.
    async fn conclude(
        &self,
        outcome: Result<(), Setback>,
        progress: Progress,
    ) -> Result<(), Setback> {
        let saved = progress.saved().await;
        let agreed = self.compare_joints(true).await;
        match outcome {
            Err(Setback::GiveUp(_)) => {}
            // Where bytes disagree, the rest is not worth keeping.
            _ => agreed?,
        }
        outcome?;
        saved?;
        match self.ledger().is_complete() {
            true => Ok(()),
            false => Err(Setback::Incomplete),
        }
    }

    /// Compares the bytes that both sides have where segments met: joints that are complete, or at the end as much as
    /// there is.
    async fn compare_joints(&self, is_end: bool) -> Result<(), Setback> {
        let joints = self.ledger().take_joints(is_end);
        let partial = self.partial.clone();
        let compared = quickly(move || {
            let compare = |joint: Joint| {
                let there = partial.read(joint.at, joint.bytes.len())?;
                Ok((there == joint.bytes, joint))
            };
            joints
                .into_iter()
                .map(compare)
                .collect::<Result<Vec<_>, Error>>()
        });
        let mut disagrees = false;
        for (is_same, joint) in compared.await? {
            let mut ledger = self.ledger();
            match is_same {
                true => ledger.close_seam(joint.at),
                // Kept, so that a worker that continues beside this one does not get away with it.
                false => ledger.add_joint(joint),
            }
            disagrees |= !is_same;
        }
        match disagrees {
            false => Ok(()),
            true => Err(restart_because(
                "the server sent different bytes for the same range",
            )),
        }
    }

    async fn unless_over<T>(&self, future: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.ending.cancelled() => Err(Error::closed()),
            done = self.mover.unless_ending(future) => done,
        }
    }

    /// Waits for this unless another worker takes the segment over.
    async fn unless_taken<T>(&self, id: usize, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        loop {
            let taken = self.taken.notified();
            // The segment may have been taken while this worker waited for the disk.
            if self.ledger().is_taken(id) {
                return None;
            }
            tokio::select! {
                biased;
                done = &mut future => return Some(done),
                () = taken => {}
            }
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
