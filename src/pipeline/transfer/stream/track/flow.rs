//! The requests of a track in progress: for its parts, and for the lists that announce more.

use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::ahead::Ahead;
use super::super::bring::Out;
use super::super::join::Came;
use super::super::list::List;
use super::super::part::Part;
use super::super::{Form, Streaming};
use super::{Track, wait};
use crate::model::{Error, Event, Kind, Result};
use crate::net::Led;
use crate::pipeline::transfer::content::SAVE_EVERY;

/// How many parts beyond the next in order are requested at most.
const AHEAD: usize = 128;
/// How soon a live list is requested again, at the least and at the most.
const RELOAD: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How soon a segment that may be late is requested again, at the least and at the most.
const LATE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// A request in progress.
type UnderWay<'s, T> = Pin<Box<dyn Future<Output = T> + Send + 's>>;

/// The index of a part, how often addresses had been renewed when it was requested, and the result.
pub(super) type Brought = (usize, u32, Result<()>);

/// The requests in progress.
pub(super) struct Flow<'s> {
    streaming: &'s Streaming<'s>,
    out: Out,
    /// The next part in order, for those that wait for memory.
    next: watch::Sender<usize>,
    pub(super) workers: FuturesUnordered<UnderWay<'s, Brought>>,
    /// How many parts are requested at once.
    most: usize,
    /// All parts before this one have been requested.
    asked: usize,
    /// A live list that is being reloaded.
    pub(super) reload: Option<UnderWay<'s, Result<List>>>,
    /// The list from which expired addresses are being renewed.
    pub(super) renewing: Option<UnderWay<'s, Result<List>>>,
    /// When the live list last grew.
    pub(super) grew: Instant,
    /// Until when to wait for the rest of a live stream that is being left.
    pub(super) left: Option<Instant>,
    saved: Instant,
}

impl<'s> Flow<'s> {
    /// Creates a flow without any requests, which sends what comes to `came`.
    pub(super) fn new(
        streaming: &'s Streaming<'s>,
        track: &Track,
        came: mpsc::Sender<Came>,
    ) -> Flow<'s> {
        let mover = streaming.mover;
        let settings = mover.client.settings();
        let (following, next) = watch::channel(track.join.next());
        let out = Out {
            came,
            ahead: Ahead::new(mover.memory.clone(), next),
            // A file that grows while it is recorded is another version each time.
            versions: (!track.live).then(|| track.versions.clone()),
            form: track.form,
            open: track.open.clone(),
        };
        let now = Instant::now();
        Flow {
            streaming,
            out,
            next: following,
            workers: FuturesUnordered::new(),
            most: settings.connections.min(settings.per_host).max(1),
            asked: track.join.next(),
            reload: None,
            renewing: None,
            grew: now,
            left: None,
            saved: now,
        }
    }

    /// Requests a part, after a wait.
    fn bring(&self, index: usize, part: Part, led: Led, renewals: u32, wait: Duration) {
        let bring = self.streaming.bring(index, part, led, self.out.clone());
        self.workers.push(Box::pin(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            (index, renewals, bring.await)
        }));
    }
}

impl Track {
    /// Requests the parts that come next.
    pub(super) fn ask(&self, flow: &mut Flow<'_>) {
        while flow.workers.len() < flow.most
            && flow.asked < self.join.next() + AHEAD
            && let Some(part) = self.parts.get(flow.asked)
        {
            if !self.join.has(flow.asked) {
                self.bring(flow, flow.asked, part.clone(), Duration::ZERO);
            }
            flow.asked += 1;
        }
    }

    fn bring(&self, flow: &Flow<'_>, index: usize, part: Part, wait: Duration) {
        flow.bring(index, part, self.led, self.renewal.count, wait);
    }

    /// Schedules the next reload of a live list, unless one is scheduled already.
    pub(super) fn follow<'s>(&self, flow: &mut Flow<'s>) {
        if self.ended || flow.reload.is_some() {
            return;
        }
        let pause = if flow.grew.elapsed() < self.target {
            self.target
        } else {
            self.target / 2
        };
        let due = Instant::now() + pause.clamp(RELOAD.0, RELOAD.1);
        let (url, led, role) = (self.url.clone(), self.led, self.role.clone());
        // A period may begin within the last segment of the one before.
        let overlap = u64::try_from(self.target.as_micros()).unwrap_or(u64::MAX);
        let since = self.parts.next.unwrap_or(0).saturating_sub(overlap);
        let (streaming, rendition): (&'s Streaming<'s>, _) =
            (flow.streaming, self.rendition.0.clone());
        flow.reload = Some(Box::pin(async move {
            sleep_until(due).await;
            let list = streaming.reload(&role, url, led, since).await;
            match list {
                Err(error) => streaming.found_anew(role, &rendition, error).await,
                list => list,
            }
        }));
    }

    /// Leaves a live stream: nothing more is waited for than has been requested, whatever the list says is still to
    /// come.
    pub(super) fn leave(&mut self, flow: &mut Flow<'_>) {
        let asked = flow.asked;
        self.end_at(flow, asked);
        flow.left = Some(Instant::now() + wait::leaving(self.target));
    }

    /// Sets the number of parts, whatever the list says.
    fn end_at(&mut self, flow: &mut Flow<'_>, count: usize) {
        self.parts.truncate(count);
        (self.ended, flow.reload) = (true, None);
    }

    /// Joins a piece.
    pub(super) async fn take(&mut self, flow: &mut Flow<'_>, came: Came) -> Result<()> {
        // It is the last segment of its period only.
        if let Came::Last(index) = came
            && self.live
            && flow.streaming.form == Form::Dash
            && !self.parts.begins_anew_after(index)
        {
            self.end_at(flow, index + 1);
            self.join.end(index + 1);
        }
        self.join.take(came).await?;
        let now = self.join.next();
        flow.next
            .send_if_modified(|next| std::mem::replace(next, now) != now);
        Ok(())
    }

    /// Handles the result for a part. Returns whether the track goes on.
    pub(super) async fn brought(
        &mut self,
        flow: &mut Flow<'_>,
        (index, renewals, done): Brought,
    ) -> Result<bool> {
        let is_left = flow.left.is_some();
        match done {
            Ok(()) => self.arrived = Instant::now(),
            // The part is behind the end.
            Err(_) if index >= self.parts.len() => {}
            Err(error)
                if self.surplus && error.kind == Kind::Missing && index + 1 == self.parts.len() =>
            {
                self.parts.truncate(index);
                self.join.end(index);
            }
            Err(error) if !is_left && self.may_be_late(index, &error) => {
                let wait = (self.target / 2).clamp(LATE.0, LATE.1);
                if let Some(part) = self.parts.get(index) {
                    self.bring(flow, index, part.clone(), wait);
                }
            }
            Err(error) if !is_left && self.has_run_out(index, &error) => {
                match self.parts.get(index) {
                    Some(part) if renewals < self.renewal.count => {
                        self.bring(flow, index, part.clone(), Duration::ZERO);
                    }
                    _ => {
                        self.expired(index, error);
                        let again = flow.streaming.again(self.role.clone());
                        flow.renewing.get_or_insert_with(|| Box::pin(again));
                    }
                }
            }
            // A live stream goes on without segments that are gone or come wrong.
            Err(error) if self.goes_on_without(index, &error) => {
                self.go_on_without(flow, index, error).await?;
            }
            // What came before this part is all there is.
            Err(error) if is_left && error.kind != Kind::Disk => return Ok(false),
            Err(error) => return Err(self.refused(flow, index, error)),
        }
        Ok(true)
    }

    async fn go_on_without(
        &mut self,
        flow: &mut Flow<'_>,
        index: usize,
        error: Error,
    ) -> Result<()> {
        self.miss(index, error)?;
        flow.streaming.doubt();
        self.join.take(Came::Gone(index)).await?;
        flow.next.send_replace(self.join.next());
        // By the clock alone, segments would go on for ever.
        if self.arrived.elapsed() > wait::still(self.target) {
            self.stand_still();
            let asked = flow.asked;
            self.end_at(flow, asked);
        }
        Ok(())
    }

    /// Requests the parts whose addresses were renewed. Returns whether the track goes on.
    pub(super) async fn renewed(
        &mut self,
        flow: &mut Flow<'_>,
        list: Result<List>,
    ) -> Result<bool> {
        let (renewed, refused) = self.renew(list);
        for (index, part) in renewed {
            self.bring(flow, index, part, Duration::ZERO);
        }
        for (index, error) in refused {
            match () {
                () if self.goes_on_without(index, &error) => {
                    self.go_on_without(flow, index, error).await?;
                }
                // The same as for a part that did not come before its address expired.
                () if flow.left.is_some() && error.kind != Kind::Disk => return Ok(false),
                () => return Err(self.refused(flow, index, error)),
            }
        }
        Ok(true)
    }

    /// The error of a segment without which there is no film. A listed segment that its server does not have may be
    /// there another time, so the film is not gone.
    fn refused(&self, flow: &Flow<'_>, index: usize, error: Error) -> Error {
        let kind = match error.kind {
            Kind::Missing if flow.streaming.form != Form::Files => Kind::Corrupt,
            kind => kind,
        };
        self.at(index, Error { kind, ..error })
    }

    /// Reports progress, and saves the state from time to time.
    pub(super) async fn tick(&mut self, flow: &mut Flow<'_>, now: Instant) -> Result<()> {
        let streaming = flow.streaming;
        self.make_room(streaming).await?;
        let (id, bytes) = (streaming.id, streaming.bytes());
        streaming.mover.tell(Event::Moved { id, bytes }).await?;
        let is_due = now - flow.saved >= SAVE_EVERY && self.join.is_saved();
        if is_due && self.join.next() > 0 && self.can_be_proven() {
            flow.saved = now;
            let state = self.state(streaming);
            self.join.save(state).await?;
        }
        Ok(())
    }
}
