//! Moves one track: many parts at once, joined in order; of a live stream as many as come.

mod anew;
mod live;
mod open;
mod renew;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use url::Url;

use self::renew::Renewal;
use super::ahead::Ahead;
use super::bring::Out;
use super::join::{Came, Join, Joined};
use super::list::{Content, List, Role};
use super::part::{Chain, Part, Parts};
use super::state::State;
use super::versions::Versions;
use super::{Form, Streaming};
use crate::model::{Error, Event, Kind, Result};
use crate::net::Led;
use crate::pipeline::stream::vtt;
use crate::pipeline::transfer::content::{SAVE_EVERY, WORTH};
use crate::pipeline::transfer::room::Claim;
use crate::pipeline::transfer::state::TAIL;
use crate::pipeline::transfer::take::TELL_EVERY;

/// So many parts beyond the next in order are asked for at the most.
const AHEAD: usize = 128;
/// So many pieces wait to be joined.
const QUEUE: usize = 64;
/// How soon a live list is asked for again at the least and at the most, and for how long it may stand still.
const RELOAD: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
const STILL: Duration = Duration::from_secs(60);
/// For so long at the least, a live stream that is left waits for the segments that were asked for.
const LEAVING: Duration = Duration::from_secs(5);
/// How soon a segment that may be late is asked for again, at the least and at the most.
const LATE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// One track on its way.
pub(super) struct Track {
    url: Url,
    led: Led,
    parts: Parts,
    live: bool,
    ended: bool,
    target: Duration,
    join: Join,
    chain: Chain,
    all: Option<(usize, String)>,
    versions: Arc<Versions>,
    /// Which rendition it is, and how its segments play, where no more were to come.
    rendition: (String, Option<blake3::Hash>),
    role: Role,
    form: Content,
    renewal: Renewal,
    /// The room on the disk that it has, and for how many bytes.
    claim: (Option<Claim>, u64),
    /// When a segment came last, and how often one was asked for again that may be late.
    arrived: Instant,
    late: HashMap<usize, u32>,
    /// The parts that were not there any more when they were asked for.
    gone: HashSet<usize>,
    warnings: Vec<String>,
}

/// A track that is whole.
pub(super) struct Done {
    pub(super) joined: Joined,
    pub(super) warnings: Vec<String>,
    /// Whether something else begins in it, in its time or in what stands before it.
    pub(super) breaks: bool,
}

/// When a live list is asked for again, and what comes of it.
type Reload<'a> = Pin<Box<dyn Future<Output = Result<List>> + Send + 'a>>;

impl Track {
    /// How many bytes are there.
    pub(super) fn have(&self) -> u64 {
        self.join.have()
    }

    /// Moves what is missing. What cannot be finished now is left so that a later run can go on with it.
    pub(super) async fn run(mut self, streaming: &Streaming<'_>) -> Result<Done> {
        let mut moved = self.all_parts(streaming).await;
        if moved
            .as_ref()
            .is_err_and(|error| error.kind == Kind::Changed)
        {
            match streaming.again(self.role.clone()).await {
                Ok(list) => {
                    self = self.anew(streaming, list).await?;
                    moved = self.all_parts(streaming).await;
                }
                Err(error) => {
                    self.failed(streaming);
                    return Err(self.lost(streaming, error).await?);
                }
            }
        }
        if let Err(error) = moved {
            self.failed(streaming);
            self.park(streaming).await?;
            return Err(error);
        }
        let Parts {
            gaps,
            lost,
            maps,
            breaks,
            ..
        } = self.parts;
        let mut warnings = self.warnings;
        if gaps > 0 {
            warnings.push(format!("the site does not have {gaps} of its segments"));
        }
        let lost = lost.saturating_add(self.gone.len() as u64);
        if lost > 0 {
            warnings.push(format!(
                "{lost} segments were gone before they could be fetched"
            ));
        }
        if maps > 1 {
            warnings.push(format!(
                "it begins {maps} times, which not every player can play"
            ));
        }
        let joined = self.join.finish().await?;
        Ok(Done {
            joined,
            warnings,
            breaks: breaks > 0 || maps > 1,
        })
    }

    /// Has the other tracks leave off, but for subtitles: a film is one without them, too.
    fn failed(&self, streaming: &Streaming<'_>) {
        if self.form == Content::Medium {
            streaming.ending.cancel();
        }
    }

    async fn park(mut self, streaming: &Streaming<'_>) -> Result<()> {
        let is_little = self.join.have() <= TAIL || self.join.next() == 0;
        if is_little && self.join.is_proven() {
            return self.join.discard().await;
        }
        let state = self.state(streaming);
        self.join.save(state).await?;
        self.join.saved().await
    }

    fn state(&mut self, streaming: &Streaming<'_>) -> State {
        let mut state = State::default();
        state.source.clone_from(&streaming.job.item.source);
        state.key.clone_from(&streaming.job.item.key);
        state.chain = self.chain.of(&self.parts, self.join.next());
        state.live = self.all.is_none() || self.join.is_recording();
        state.all.clone_from(&self.all);
        state.files = self.versions.save();
        state
    }

    /// Makes sure that there is room on the disk: for all of it if its length is known, and else for what comes next.
    async fn make_room(&mut self, streaming: &Streaming<'_>) -> Result<()> {
        let (claim, claimed) = &mut self.claim;
        let written = self.join.written();
        if self.form != Content::Medium && written > vtt::LONGEST as u64 {
            return Err(Error::new(Kind::Corrupt, "the subtitles have no end"));
        }
        if written + WORTH <= *claimed {
            return Ok(());
        }
        let known = self.parts.total().filter(|_| self.all.is_some());
        *claimed = known.unwrap_or(written + 4 * WORTH).max(written + WORTH);
        let total = known.unwrap_or(*claimed);
        let place = self.join.place();
        streaming.mover.claim(place, total, claim).await
    }

    async fn all_parts(&mut self, streaming: &Streaming<'_>) -> Result<()> {
        let mover = streaming.mover;
        let settings = mover.client.settings();
        let most = settings.connections.min(settings.per_host).max(1);
        self.make_room(streaming).await?;
        let (came, mut arrivals) = mpsc::channel(QUEUE);
        let (following, next) = watch::channel(self.join.next());
        let ahead = Ahead::new(mover.memory.clone(), next);
        // A file that grows while it is recorded is another version each time.
        let versions = (!self.live).then(|| self.versions.clone());
        let out = Out {
            came,
            ahead,
            versions,
            form: self.form,
        };
        let bring = |index: usize, part: Part, led: Led, renewals: u32, wait: Duration| {
            let bring = streaming.bring(index, part, led, out.clone());
            async move {
                if !wait.is_zero() {
                    sleep(wait).await;
                }
                (index, renewals, bring.await)
            }
        };
        let now = Duration::ZERO;
        let mut workers = FuturesUnordered::new();
        let mut asked = self.join.next();
        let mut reload: Option<Reload<'_>> = None;
        let mut renewing: Option<Reload<'_>> = None;
        let mut left: Option<Instant> = None;
        let mut grew = Instant::now();
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut saved = Instant::now();
        loop {
            while workers.len() < most
                && asked < self.join.next() + AHEAD
                && let Some(part) = self.parts.get(asked)
            {
                if !self.join.has(asked) {
                    workers.push(bring(
                        asked,
                        part.clone(),
                        self.led,
                        self.renewal.count,
                        now,
                    ));
                }
                asked += 1;
            }
            if self.ended && self.join.next() >= self.parts.len() {
                // Of what was given up behind the end, some may have come.
                self.join.take(Came::Again(self.join.next())).await?;
                return Ok(());
            }
            if !self.ended && reload.is_none() {
                let pause = if grew.elapsed() < self.target {
                    self.target
                } else {
                    self.target / 2
                };
                let due = Instant::now() + pause.clamp(RELOAD.0, RELOAD.1);
                let (url, led, role) = (self.url.clone(), self.led, self.role.clone());
                let since = self.parts.next.unwrap_or(0);
                reload = Some(Box::pin(async move {
                    sleep_until(due).await;
                    streaming.reload(&role, url, led, since).await
                }));
            }
            tokio::select! {
                biased;
                () = streaming.ending.cancelled() => return Err(Error::closed()),
                () = mover.stop.now.cancelled() => return Err(Error::closed()),
                () = streaming.over(), if !self.ended => {
                    // What is not asked for by now is not waited for, and whatever a list says that is still to come.
                    self.parts.truncate(asked);
                    (self.ended, reload) = (true, None);
                    left = Some(Instant::now() + LEAVING.max(self.target * 2));
                }
                () = sleep_until(left.unwrap_or(grew)), if left.is_some() => {
                    self.join.take(Came::Again(self.join.next())).await?;
                    return Ok(());
                }
                Some(came) = arrivals.recv() => {
                    // It is the last one of its period alone.
                    if let Came::Last(index) = came
                        && self.live && streaming.form == Form::Dash
                        && !self.parts.begins_anew_after(index)
                    {
                        self.parts.truncate(index + 1);
                        self.join.end(index + 1);
                        (self.ended, reload) = (true, None);
                    }
                    self.join.take(came).await?;
                    following.send_if_modified(|next| std::mem::replace(next, self.join.next()) != self.join.next());
                }
                Some((index, renewals, done)) = workers.next(), if !workers.is_empty() => match done {
                    Ok(()) => self.arrived = Instant::now(),
                    // It is behind the end.
                    Err(_) if index >= self.parts.len() => {}
                    Err(error) if left.is_none() && streaming.form == Form::Dash && self.may_be_late(index, &error) => {
                        let late = self.parts.get(index).cloned();
                        let wait = (self.target / 2).clamp(LATE.0, LATE.1);
                        workers.extend(late.map(|part| bring(index, part, self.led, self.renewal.count, wait)));
                    }
                    Err(error) if left.is_none() && self.has_run_out(index, &error) => match self.parts.get(index) {
                        Some(part) if renewals < self.renewal.count => {
                            workers.push(bring(index, part.clone(), self.led, self.renewal.count, now));
                        }
                        _ => {
                            self.expired(index, error);
                            let again = streaming.again(self.role.clone());
                            renewing.get_or_insert_with(|| Box::pin(again));
                        }
                    },
                    // A live stream goes on without what it no longer has.
                    Err(error) if self.live && error.kind == Kind::Missing && !self.parts.is_first_map(index) => {
                        self.gone.insert(index);
                        streaming.doubt();
                        self.join.take(Came::Gone(index)).await?;
                        following.send_replace(self.join.next());
                        // By the clock alone, segments go on for ever.
                        if self.arrived.elapsed() > STILL.max(self.target * 3) {
                            self.stand_still();
                            self.parts.truncate(asked);
                            reload = None;
                        }
                    }
                    // What came before it is what there is.
                    Err(error) if left.is_some() && error.kind != Kind::Disk => {
                        self.join.take(Came::Again(self.join.next())).await?;
                        return Ok(());
                    }
                    Err(error) => {
                        return Err(self.at(index, error));
                    }
                },
                Some(list) = async { Some(renewing.as_mut()?.await) }, if renewing.is_some() => {
                    renewing = None;
                    match self.renew(list) {
                        Ok(parts) => for (index, part) in parts {
                            workers.push(bring(index, part, self.led, self.renewal.count, now));
                        },
                        // So it is with what did not come before its address ran out.
                        Err(error) if left.is_some() && error.kind != Kind::Disk => {
                            self.join.take(Came::Again(self.join.next())).await?;
                            return Ok(());
                        }
                        Err(error) => return Err(error),
                    }
                }
                list = async { reload.as_mut()?.await.into() }, if reload.is_some() => {
                    reload = None;
                    self.reloaded(list, &mut grew)?;
                }
                now = ticks.tick() => {
                    self.make_room(streaming).await?;
                    mover.tell(Event::Moved { id: streaming.id, bytes: streaming.bytes() }).await?;
                    if now - saved >= SAVE_EVERY && self.join.is_saved() && self.join.next() > 0 {
                        saved = now;
                        let state = self.state(streaming);
                        self.join.save(state).await?;
                    }
                }
            }
        }
    }

    /// The error of a segment, with which it is.
    fn at(&self, index: usize, error: Error) -> Error {
        let of = self.parts.len();
        let message = format!("segment {} of {of}: {}", index + 1, error.message);
        Error { message, ..error }
    }
}
