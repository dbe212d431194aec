//! One large file over several connections.
//!
//! Each takes a part; who is done takes half of the largest rest. A part is asked for with the validator of the first
//! answer, and every answer is held against it. Where two parts meet, whoever comes from the left reads a little further,
//! and what it reads must be what the other has written: so a server that sends other bytes than it says is found out.
//! What one connection gets wrong or loses is a gap, which the others fill. At the end, when there is nothing left to take,
//! the rest of a part that has been silent for long is asked for once more; whoever gets an answer has it.

mod batch;
mod leaving;
mod part;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::leaving::Leaving;
use self::part::Start;
use super::Mover;
use super::answer::Representation;
use super::attempt::Course;
use super::content::{Content, SAVE_EVERY, save_state};
use super::growth::{Advice, Growth, TICK};
use super::ledger::{Ledger, Segment};
use super::seams::Joint;
use super::setback::Setback;
use super::state::About;
use super::take::TELL_EVERY;
use super::tries::Tries;
use crate::model::{Error, Event, Kind};
use crate::net::{Opened, Permit};
use crate::pipeline::sink::{Partial, joined, quickly};

/// The shortest part that is worth a request. Short, so that whoever is done takes from the slow at the end.
const LEAST: u64 = 256 << 10;
/// How many bytes are compared where two parts meet.
pub(super) const JOINT: u64 = 16 << 10;
/// For how many times as long as an answer takes a part must have been silent to be asked for again, and for how long at
/// the least.
const PATIENCE: (u32, Duration) = (4, Duration::from_millis(100));
/// How often that is done for one file: it costs a connection each time.
const RELIEFS: usize = 16;

/// Those who move one file.
struct Crew<'a> {
    mover: &'a Mover,
    course: &'a Course<'a>,
    known: Representation,
    without_if_range: AtomicBool,
    /// Whether it goes on with parts that are there.
    is_resumed: bool,
    /// Whether all is there, and it is asked for what proves that it belongs together.
    proves: bool,
    total: u64,
    partial: Arc<Partial>,
    ledger: Mutex<Ledger>,
    leaving: Leaving,
    /// All are to stop where they are.
    ending: CancellationToken,
    /// How long the last answer took, in microseconds.
    answer_micros: AtomicU64,
    /// Told when a part was taken from somebody who was silent.
    taken: Notify,
    /// How many ask for a part that another still has.
    relieving: AtomicUsize,
    /// How many are moving parts.
    at_work: AtomicUsize,
    /// The most bytes of a range that was shorter than it was asked for, if one was.
    longest_short: AtomicU64,
    /// Whether a range was answered with one.
    has_ranges: AtomicBool,
    /// Whether it answered a range with everything, or with too little to be worth it.
    without_ranges: AtomicBool,
}

impl Mover {
    /// Moves what is missing, from `first`, which is an answer that is already coming, or from the first gap.
    pub(super) async fn crew(
        &self,
        course: &Course<'_>,
        content: &mut Content,
        first: Option<Opened>,
        (mut growth, more): (Growth, usize),
        tries: &mut Tries,
    ) -> Result<(), Setback> {
        let Some(total) = content.representation.total else {
            return Err(Setback::GiveUp(Error::new(
                Kind::Network,
                "its length is not known",
            )));
        };
        tries.without_if_range |= self.habits.is_without_if_range(course.url);
        let (partial, done) = content.lend().await?;
        let crew = Crew {
            mover: self,
            course,
            known: content.representation.clone(),
            without_if_range: AtomicBool::new(tries.without_if_range),
            is_resumed: first.is_none(),
            proves: tries.proves(),
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
        tries.without_if_range |= crew.without_if_range.load(Ordering::Relaxed);
        tries.has_ranges |= crew.has_ranges.load(Ordering::Relaxed);
        let Crew {
            partial, ledger, ..
        } = crew;
        let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        let partial = Arc::into_inner(partial)
            .ok_or_else(|| Error::new(Kind::Disk, "a defect of this program left the file open"))?;
        let proven = ledger.proven(JOINT);
        if outcome.is_ok() && proven != ledger.done() {
            outcome = Err(tries.unproven());
        }
        content.give_back(partial, proven);
        // What disagrees with itself is not asked for in parts again.
        tries.alone |= matches!(outcome, Err(Setback::Restart(_))) || is_without_ranges;
        outcome
    }
}

impl Crew<'_> {
    async fn run(
        &self,
        first: Option<Opened>,
        (growth, more): (&mut Growth, usize),
        about: &About,
    ) -> Result<(), Setback> {
        let mut workers = FuturesUnordered::new();
        let Some(segment) = self.ledger().take(LEAST) else {
            return self.compare_joints(true).await;
        };
        // The permit of the first one is its caller's.
        let start = match first {
            Some(opened) => Start::Answered(segment, Box::new(opened)),
            None => Start::Ask(segment),
        };
        workers.push(self.work(start, None));
        for (segment, permit) in self.more(more) {
            workers.push(self.work(Start::Ask(segment), Some(permit)));
        }
        // Where there is to be one connection, there is nobody to relieve another.
        let mut reliefs = if growth.most() > 1 { RELIEFS } else { 0 };
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut saved) = (Instant::now(), Instant::now());
        let mut saving: Option<JoinHandle<Result<(), Error>>> = None;
        // What went wrong for one while others went on. The last one's trouble is everybody's.
        let mut strikes = 0;
        let mut trouble = None;
        let outcome = loop {
            tokio::select! {
                biased;
                done = workers.next() => match done {
                    Some(Ok(())) => {
                        // Nobody waits for those who ask for what has come meanwhile.
                        let idle = self.relieving.load(Ordering::Relaxed);
                        if idle > 0 && workers.len() == idle && self.ledger().is_complete() {
                            break Ok(());
                        }
                    }
                    None => break match trouble {
                        Some(setback) if !self.ledger().is_complete() => Err(setback),
                        _ => Ok(()),
                    },
                    Some(Err(Setback::GiveUp(error))) => break Err(Setback::GiveUp(error)),
                    Some(Err(setback)) => {
                        let has_ranges = !self.without_ranges.load(Ordering::Relaxed);
                        strikes += usize::from(has_ranges && matches!(setback, Setback::Restart(_)));
                        if workers.is_empty() || strikes > 1 {
                            break Err(setback);
                        }
                        trouble = Some(setback);
                        growth.could_not(Instant::now());
                    }
                },
                now = ticks.tick() => {
                    let bytes = self.ledger().len();
                    if now - told >= TELL_EVERY {
                        told = now;
                        let id = self.course.id;
                        if let Err(error) = self.mover.tell(Event::Moved { id, bytes }).await {
                            break Err(error.into());
                        }
                    }
                    // The others go on while the disk is waited for.
                    if saving.as_ref().is_none_or(JoinHandle::is_finished) && now - saved >= SAVE_EVERY {
                        let done = saving.take().and_then(FutureExt::now_or_never);
                        if let Some(Err(error)) = done.map(joined) {
                            break Err(error.into());
                        }
                        saved = now;
                        let (partial, done) = (self.partial.clone(), self.ledger().proven(JOINT));
                        let about = about.clone();
                        saving = Some(spawn_blocking(move || save_state(&partial, about, done)));
                    }
                    match growth.tick(now, bytes, self.total, workers.len()) {
                        _ if self.without_ranges.load(Ordering::Relaxed) => {}
                        Advice::Stay => {}
                        Advice::Drop(fewer) => {
                            self.leaving.set(fewer.min(workers.len() - 1));
                        }
                        Advice::Add(more) => {
                            let before = workers.len();
                            for (segment, permit) in self.more(more) {
                                workers.push(self.work(Start::Ask(segment), Some(permit)));
                            }
                            if workers.len() == before {
                                growth.could_not(now);
                            }
                        }
                    }
                    if self.without_ranges.load(Ordering::Relaxed) {
                        reliefs = 0;
                    }
                    if let Some((silent, permit)) = self.silent(reliefs) {
                        reliefs -= 1;
                        self.relieving.fetch_add(1, Ordering::Relaxed);
                        workers.push(self.work(Start::Relieve(silent), Some(permit)));
                    }
                }
            }
        };
        // Whoever is still at it writes what it has, so that nothing is written behind our back later.
        self.ending.cancel();
        while workers.next().await.is_some() {}
        drop(workers);
        let saved = match saving {
            Some(saving) => joined(saving.await),
            None => Ok(()),
        };
        let agreed = self.compare_joints(true).await;
        match outcome {
            Err(Setback::GiveUp(_)) => {}
            // Where bytes disagree, the rest is not worth having.
            _ => agreed?,
        }
        outcome?;
        saved?;
        match self.ledger().is_complete() {
            true => Ok(()),
            false => Err(Setback::More),
        }
    }

    /// Parts for so many more, as far as the host has room for them and they are worth it.
    fn more(&self, most: usize) -> Vec<(Segment, Permit)> {
        let host = self.course.url.host_str().unwrap_or("");
        let mut more = Vec::new();
        for _ in 0..most {
            let Some(permit) = self.mover.client.pace().try_enter(host) else {
                break;
            };
            let Some(segment) = self.ledger().take(LEAST) else {
                break;
            };
            more.push((segment, permit));
        }
        more
    }

    /// A part that has been silent for too long, if there is nothing else to do and the host has room for one more.
    fn silent(&self, reliefs: usize) -> Option<(Segment, Permit)> {
        if reliefs == 0 {
            return None;
        }
        let silent = self.ledger().silent(LEAST, self.patience())?;
        let host = self.course.url.host_str().unwrap_or("");
        let permit = self.mover.client.pace().try_enter(host)?;
        self.ledger().double(silent.id);
        Some((silent, permit))
    }

    /// For how long a part may be silent when there is nothing else to do.
    fn patience(&self) -> Duration {
        let answer = Duration::from_micros(self.answer_micros.load(Ordering::Relaxed));
        (answer * PATIENCE.0).max(PATIENCE.1)
    }

    /// Compares the bytes where parts met, as both sides had them: those that are all there, or at the end whatever is.
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
                true => ledger.agrees(joint.at),
                // Whoever goes on beside this one must not get away with it.
                false => ledger.joint(joint),
            }
            disagrees |= !is_same;
        }
        match disagrees {
            false => Ok(()),
            true => Err(restart("the server sent different bytes for one place")),
        }
    }

    async fn unless_over<T>(&self, future: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.ending.cancelled() => Err(Error::closed()),
            done = self.mover.unless_ending(future) => done,
        }
    }

    /// Waits for this unless another takes the part over.
    async fn unless_taken<T>(&self, id: usize, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        loop {
            let taken = self.taken.notified();
            // It may have been taken while the disk was waited for.
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

/// What begins anew because of this.
pub(super) fn restart(why: &str) -> Setback {
    Setback::Restart(Error::new(Kind::Changed, why))
}
