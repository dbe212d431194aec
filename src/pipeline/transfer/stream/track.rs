//! Downloads one track: many parts at once, joined in order; of a live stream, as many as come.

mod live;
mod open;
mod renew;
mod reopen;
mod requests;
mod wait;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::live::Faults;
use self::renew::Renewal;
use self::requests::Requests;
use super::Streaming;
use super::identity::{Chain, Identity};
use super::join::{Join, Joined, PartEvent};
use super::list::{Content, List, Role};
use super::mux::Expected;
use super::part::Parts;
use super::recording::with_recording_hint;
use super::state::State;
use super::versions::Versions;
use crate::model::{Error, Kind, Result};
use crate::net::NamedBy;
use crate::pipeline::stream::vtt;
use crate::pipeline::transfer::content::MIN_RESUMABLE;
use crate::pipeline::transfer::disk_space::{Claim, Need};
use crate::pipeline::transfer::read_body::REPORT_EVERY;
use crate::pipeline::transfer::state::TAIL;
use crate::pipeline::transfer::truncation;

/// How many pieces may wait to be joined.
const QUEUE: usize = 64;

/// A track that is being downloaded.
pub(super) struct Track {
    url: Url,
    named_by: NamedBy,
    parts: Parts,
    live: bool,
    ended: bool,
    /// Whether the last listed segment may not exist.
    surplus: bool,
    target: Duration,
    ahead: f64,
    join: Join,
    chain: Chain,
    all: Option<(usize, Identity)>,
    versions: Arc<Versions>,
    /// Its rendition, and how its segments play if no more were to come.
    rendition: (String, Option<blake3::Hash>),
    role: Role,
    form: Content,
    renewal: Renewal,
    /// The disk space that it has claimed, and for how many bytes.
    claim: (Option<Claim>, u64),
    /// When a segment last came, and how often each one that may be late was requested again.
    arrived: Instant,
    late: HashMap<usize, u32>,
    /// The parts that were gone when they were requested.
    gone: HashSet<usize>,
    /// How many parts were ended by nothing but the end of the connection.
    open: Arc<AtomicUsize>,
    faults: Faults,
    warnings: Vec<String>,
}

/// A complete track.
pub(super) struct Done {
    pub(super) joined: Joined,
    pub(super) warnings: Vec<String>,
    /// Whether its timeline restarts, or its initialization changes.
    pub(super) breaks: bool,
    /// How long it plays, according to its list.
    pub(super) expected: Option<Expected>,
    /// How far its timestamps are ahead of the times at which it is played, in seconds.
    pub(super) ahead: f64,
}

impl Track {
    /// Whether it may get more segments.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// How many bytes are there.
    pub(super) fn have(&self) -> u64 {
        self.join.have()
    }

    /// Downloads what is missing of subtitles, whatever becomes of the other tracks: a film is complete without them,
    /// too.
    pub(super) async fn run(mut self, streaming: &Streaming<'_>) -> Result<Done> {
        let ending = &streaming.ending;
        let mut moved = self.all_parts(streaming, ending).await;
        let is_changed = |error: &Error| error.kind == Kind::Changed;
        if moved.as_ref().is_err_and(is_changed) {
            match streaming.reread_list(self.role.clone()).await {
                Ok(list) => {
                    self = self.reopen(streaming, list).await?;
                    moved = self.all_parts(streaming, ending).await;
                }
                Err(error) => moved = Err(error),
            }
        }
        match moved {
            // What was recorded cannot be downloaded again.
            Err(error) if self.live && error.kind != Kind::Closed => {
                let name = self.abandon(streaming, error.kind).await?;
                Err(with_recording_hint(error, name.as_slice()))
            }
            moved => self.done(streaming, moved).await,
        }
    }

    /// Returns the finished track. What cannot be finished now is left so that a later run can resume it.
    pub(super) async fn done(
        mut self,
        streaming: &Streaming<'_>,
        moved: Result<()>,
    ) -> Result<Done> {
        if let Err(error) = moved {
            self.park(streaming).await?;
            return Err(error);
        }
        if self.live && self.form == Content::Medium && self.is_empty() {
            let error = self.no_segments_error();
            self.join.discard().await?;
            return Err(error);
        }
        let expected = self
            .parts
            .expected(self.join.next(), &self.gone, self.target);
        let wrong = self.failed_segments_warning();
        let Parts {
            gaps,
            lost,
            maps,
            breaks,
            restarts,
            ..
        } = self.parts;
        let open = self.open.load(Ordering::Relaxed);
        let all = self.parts.len();
        let mut warnings = self.warnings;
        match open {
            0 => {}
            _ if all == 1 => warnings.push(truncation::OPEN_END.to_owned()),
            open => warnings.push(format!(
                "the server did not send the length of {open} of its segments, so they may be incomplete"
            )),
        }
        if restarts > 0 {
            warnings.push("its segment numbers restarted on the way".into());
        }
        warnings.extend(wrong);
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
                "it has {maps} initializations, which not every player can play"
            ));
        }
        // A transport stream announces a restart itself.
        if maps == 1 && breaks > 0 {
            let often = match breaks {
                1 => "once".to_owned(),
                breaks => format!("{breaks} times"),
            };
            warnings.push(format!(
                "its timeline restarts {often}, which not every player can play"
            ));
        }
        let joined = self.join.finish().await?;
        Ok(Done {
            joined,
            warnings,
            breaks: breaks > 0 || maps > 1,
            expected,
            ahead: self.ahead,
        })
    }

    async fn park(mut self, streaming: &Streaming<'_>) -> Result<()> {
        let is_little = self.join.have() <= TAIL || self.join.next() == 0;
        if is_little && self.join.is_proven() {
            return self.join.discard().await;
        }
        if !self.can_be_proven() {
            return self.join.saved().await;
        }
        let state = self.state(streaming);
        self.join.save(state).await?;
        self.join.saved().await
    }

    /// Whether a later run could tell whether the stream is still the same: not by an initialization after other
    /// segments, which may be the same in all versions. Until it can, the state saved before stays valid.
    fn can_be_proven(&self) -> bool {
        self.join.next() <= 1 || !self.parts.is_map(self.join.joined())
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

    /// Makes sure that there is room on the disk: for the whole track if its length is known, otherwise for what comes
    /// next.
    async fn reserve_space(&mut self, streaming: &Streaming<'_>) -> Result<()> {
        let (claim, claimed) = &mut self.claim;
        let written = self.join.written();
        if self.form != Content::Medium && written > vtt::LONGEST as u64 {
            return Err(Error::new(Kind::Corrupt, "the subtitles are too long"));
        }
        if written + MIN_RESUMABLE <= *claimed {
            return Ok(());
        }
        let known = self.parts.total().filter(|_| self.all.is_some());
        *claimed = known
            .unwrap_or(written + 4 * MIN_RESUMABLE)
            .max(written + MIN_RESUMABLE);
        let total = known.unwrap_or(*claimed);
        let need = Need {
            place: self.join.place().clone(),
            on_disk: written,
            total,
        };
        streaming.mover.claim(need, claim).await
    }

    /// Downloads all parts, and of a live stream those that its list adds on the way, until told to end.
    pub(super) async fn all_parts<'s>(
        &mut self,
        streaming: &'s Streaming<'s>,
        ending: &CancellationToken,
    ) -> Result<()> {
        self.reserve_space(streaming).await?;
        let (events, mut arrivals) = mpsc::channel(QUEUE);
        let mut requests = Requests::new(streaming, self, events);
        let mut ticks = interval(REPORT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.ask(&mut requests);
            if self.ended && self.join.next() >= self.parts.len() {
                return self.leave_rest().await;
            }
            self.follow(&mut requests);
            let goes_on = tokio::select! {
                biased;
                () = ending.cancelled() => return Err(Error::closed()),
                () = streaming.mover.stop.now.cancelled() => return Err(Error::closed()),
                () = streaming.time_to_leave(), if !self.ended => {
                    self.leave(&mut requests);
                    true
                }
                () = sleep_until(requests.leave_by.unwrap_or(requests.grew)), if requests.leave_by.is_some() => false,
                Some(event) = arrivals.recv() => {
                    self.take(&mut requests, event).await?;
                    true
                }
                Some(result) = requests.workers.next(), if !requests.workers.is_empty() => {
                    self.handle_result(&mut requests, result).await?
                }
                Some(list) = async { Some(requests.renewing.as_mut()?.await) }, if requests.renewing.is_some() => {
                    requests.renewing = None;
                    self.renewed(&mut requests, list).await?
                }
                list = async { requests.reload.as_mut()?.await.into() }, if requests.reload.is_some() => {
                    requests.reload = None;
                    self.reloaded(list, &mut requests.grew)?;
                    true
                }
                now = ticks.tick() => {
                    self.tick(&mut requests, now).await?;
                    true
                }
            };
            if !goes_on {
                return self.leave_rest().await;
            }
        }
    }

    /// Stops at this point. Some bytes may have come of a part that was given up behind the end.
    async fn leave_rest(&mut self) -> Result<()> {
        self.join.take(PartEvent::Discarded(self.join.next())).await
    }

    /// Adds to an error which segment it is about.
    fn at(&self, index: usize, error: Error) -> Error {
        let of = self.parts.len();
        let message = format!("segment {} of {of}: {}", index + 1, error.message);
        Error { message, ..error }
    }
}
