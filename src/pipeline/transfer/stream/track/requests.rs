//! The requests of a track in progress: for its parts, and for the lists that announce more.

use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::download_part::PartSink;
use super::super::join::PartEvent;
use super::super::list::List;
use super::super::memory::SegmentMemory;
use super::super::part::Part;
use super::super::{Form, Streaming};
use super::{Track, wait};
use crate::model::{Error, Event, Kind, Result};
use crate::net::NamedBy;
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
pub(super) type PartResult = (usize, u32, Result<()>);

/// The requests in progress.
pub(super) struct Requests<'s> {
    streaming: &'s Streaming<'s>,
    out: PartSink,
    /// The next part in order, for those that wait for memory.
    next: watch::Sender<usize>,
    pub(super) workers: FuturesUnordered<UnderWay<'s, PartResult>>,
    /// How many parts are requested at once.
    most: usize,
    /// All parts before this one have been requested.
    requested: usize,
    /// A live list that is being reloaded.
    pub(super) reload: Option<UnderWay<'s, Result<List>>>,
    /// The list from which expired addresses are being renewed.
    pub(super) renewing: Option<UnderWay<'s, Result<List>>>,
    /// When the live list last grew.
    pub(super) grew: Instant,
    /// Until when to wait for the rest of a live stream that is being left.
    pub(super) leave_by: Option<Instant>,
    saved: Instant,
}

impl<'s> Requests<'s> {
    /// Starts without any requests; what comes is sent to `events`.
    pub(super) fn new(
        streaming: &'s Streaming<'s>,
        track: &Track,
        events: mpsc::Sender<PartEvent>,
    ) -> Requests<'s> {
        let mover = streaming.mover;
        let settings = mover.client.settings();
        let (following, next) = watch::channel(track.join.next());
        let out = PartSink {
            events,
            memory: SegmentMemory::new(mover.memory.clone(), next),
            // A file that grows while it is recorded is another version each time.
            versions: (!track.live).then(|| track.versions.clone()),
            form: track.form,
            open: track.open.clone(),
        };
        let now = Instant::now();
        Requests {
            streaming,
            out,
            next: following,
            workers: FuturesUnordered::new(),
            most: settings.connections.min(settings.per_host).max(1),
            requested: track.join.next(),
            reload: None,
            renewing: None,
            grew: now,
            leave_by: None,
            saved: now,
        }
    }

    /// Requests a part, after a wait.
    fn request_part(
        &self,
        index: usize,
        part: Part,
        named_by: NamedBy,
        renewals: u32,
        wait: Duration,
    ) {
        let download = self
            .streaming
            .download_part(index, part, named_by, self.out.clone());
        self.workers.push(Box::pin(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            (index, renewals, download.await)
        }));
    }
}

impl Track {
    /// Requests the parts that come next.
    pub(super) fn ask(&self, requests: &mut Requests<'_>) {
        while requests.workers.len() < requests.most
            && requests.requested < self.join.next() + AHEAD
            && let Some(part) = self.parts.get(requests.requested)
        {
            if !self.join.has(requests.requested) {
                self.request_part(requests, requests.requested, part.clone(), Duration::ZERO);
            }
            requests.requested += 1;
        }
    }

    fn request_part(&self, requests: &Requests<'_>, index: usize, part: Part, wait: Duration) {
        requests.request_part(index, part, self.named_by, self.renewal.count, wait);
    }

    /// Schedules the next reload of a live list, unless one is scheduled already.
    pub(super) fn follow<'s>(&self, requests: &mut Requests<'s>) {
        if self.ended || requests.reload.is_some() {
            return;
        }
        let pause = if requests.grew.elapsed() < self.target {
            self.target
        } else {
            self.target / 2
        };
        let due = Instant::now() + pause.clamp(RELOAD.0, RELOAD.1);
        let (url, named_by, role) = (self.url.clone(), self.named_by, self.role.clone());
        // A period may begin within the last segment of the one before.
        let overlap = u64::try_from(self.target.as_micros()).unwrap_or(u64::MAX);
        let since = self.parts.next.unwrap_or(0).saturating_sub(overlap);
        let (streaming, rendition): (&'s Streaming<'s>, _) =
            (requests.streaming, self.rendition.0.clone());
        requests.reload = Some(Box::pin(async move {
            sleep_until(due).await;
            let list = streaming.reload(&role, url, named_by, since).await;
            match list {
                Err(error) => streaming.find_new_list(role, &rendition, error).await,
                list => list,
            }
        }));
    }

    /// Leaves a live stream: nothing more is waited for than has been requested, whatever the list says is still to
    /// come.
    pub(super) fn leave(&mut self, requests: &mut Requests<'_>) {
        let requested = requests.requested;
        self.end_at(requests, requested);
        requests.leave_by = Some(Instant::now() + wait::leave_limit(self.target));
    }

    /// Sets the number of parts, whatever the list says.
    fn end_at(&mut self, requests: &mut Requests<'_>, count: usize) {
        self.parts.truncate(count);
        (self.ended, requests.reload) = (true, None);
    }

    /// Joins a piece.
    pub(super) async fn take(
        &mut self,
        requests: &mut Requests<'_>,
        event: PartEvent,
    ) -> Result<()> {
        // It is the last segment of its period only.
        if let PartEvent::Last(index) = event
            && self.live
            && requests.streaming.source().form == Form::Dash
            && !self.parts.has_map_after(index)
        {
            self.end_at(requests, index + 1);
            self.join.end(index + 1);
        }
        self.join.take(event).await?;
        let now = self.join.next();
        requests
            .next
            .send_if_modified(|next| std::mem::replace(next, now) != now);
        Ok(())
    }

    /// Handles the result for a part. Returns whether the track goes on.
    pub(super) async fn handle_result(
        &mut self,
        requests: &mut Requests<'_>,
        (index, renewals, done): PartResult,
    ) -> Result<bool> {
        let is_left = requests.leave_by.is_some();
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
                    self.request_part(requests, index, part.clone(), wait);
                }
            }
            Err(error) if !is_left && self.has_expired(index, &error) => {
                match self.parts.get(index) {
                    Some(part) if renewals < self.renewal.count => {
                        self.request_part(requests, index, part.clone(), Duration::ZERO);
                    }
                    _ => {
                        self.expired(index, error);
                        let again = requests.streaming.reread_list(self.role.clone());
                        requests.renewing.get_or_insert_with(|| Box::pin(again));
                    }
                }
            }
            // A live stream goes on without segments that are gone or come wrong.
            Err(error) if self.goes_on_without(index, &error) => {
                self.go_on_without(requests, index, error).await?;
            }
            // What came before this part is all there is.
            Err(error) if is_left && error.kind != Kind::Disk => return Ok(false),
            Err(error) => return Err(self.refused(requests, index, error)),
        }
        Ok(true)
    }

    async fn go_on_without(
        &mut self,
        requests: &mut Requests<'_>,
        index: usize,
        error: Error,
    ) -> Result<()> {
        self.miss(index, error)?;
        requests.streaming.report_missing_segment();
        self.join.take(PartEvent::Gone(index)).await?;
        requests.next.send_replace(self.join.next());
        // By the clock alone, segments would go on for ever.
        if self.arrived.elapsed() > wait::stall_limit(self.target) {
            self.stand_still();
            let requested = requests.requested;
            self.end_at(requests, requested);
        }
        Ok(())
    }

    /// Requests the parts whose addresses were renewed. Returns whether the track goes on.
    pub(super) async fn renewed(
        &mut self,
        requests: &mut Requests<'_>,
        list: Result<List>,
    ) -> Result<bool> {
        let (renewed, refused) = self.renew(list);
        for (index, part) in renewed {
            self.request_part(requests, index, part, Duration::ZERO);
        }
        for (index, error) in refused {
            match () {
                () if self.goes_on_without(index, &error) => {
                    self.go_on_without(requests, index, error).await?;
                }
                // The same as for a part that did not come before its address expired.
                () if requests.leave_by.is_some() && error.kind != Kind::Disk => return Ok(false),
                () => return Err(self.refused(requests, index, error)),
            }
        }
        Ok(true)
    }

    /// The error of a segment without which there is no film. A listed segment that its server does not have may be
    /// there another time, so the film is not gone.
    fn refused(&self, requests: &Requests<'_>, index: usize, error: Error) -> Error {
        let kind = match error.kind {
            Kind::Missing if !requests.streaming.is_file(&self.role) => Kind::Corrupt,
            kind => kind,
        };
        self.at(index, Error { kind, ..error })
    }

    /// Reports progress, and saves the state from time to time.
    pub(super) async fn tick(&mut self, requests: &mut Requests<'_>, now: Instant) -> Result<()> {
        let streaming = requests.streaming;
        self.reserve_space(streaming).await?;
        let (id, bytes) = (streaming.id, streaming.bytes());
        streaming.mover.emit(Event::Moved { id, bytes }).await?;
        let is_due = now - requests.saved >= SAVE_EVERY && self.join.is_saved();
        if is_due && self.join.next() > 0 && self.can_be_proven() {
            requests.saved = now;
            let state = self.state(streaming);
            self.join.save(state).await?;
        }
        Ok(())
    }
}
