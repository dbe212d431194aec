//! Concurrency control: how many connections each host gets at once, found separately for every host.
//!
//! A request waits in the line of its host until the host's [`Controller`] admits it and one of the slots of the whole
//! run is free. The [`Permit`] reports how the request ended, which is what the controller learns from. A host that
//! asks us to wait is paused alone.
//!
//! This module does not know what is being downloaded, nor how long a caller waits before it joins the line again.

mod cap;
mod controller;
mod guest;
mod pacer;
mod repeats;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

pub use self::cap::Cap;
use self::controller::{Controller, Entry, Ticket};
pub use self::controller::{Limits, Refusal};

/// The hosts of a run and the requests in flight at each.
#[derive(Debug)]
pub struct Pace {
    limits: Limits,
    exceptions: HashMap<String, Limits>,
    caps: Mutex<Vec<Cap>>,
    backoff: Duration,
    slots: Arc<Semaphore>,
    /// The number of slots for all hosts together.
    slot_count: usize,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    start: Instant,
}

/// The line and the permits of one host.
#[derive(Debug)]
pub(super) struct Host {
    /// The line, first come, first served: the task that holds this lock is at its head and asks the controller.
    line: tokio::sync::Mutex<()>,
    /// Wakes the head of the line.
    changed: Notify,
    /// All bytes ever received from the host.
    moved: AtomicU64,
    controller: Mutex<Controller>,
    start: Instant,
}

/// Permission to hold one connection to one host. Dropping it frees the slot for the next in line and says nothing
/// about the host.
#[derive(Debug)]
pub struct Permit {
    host: Arc<Host>,
    ticket: Option<Ticket>,
    /// The slot among those of the whole run; after a redirect to another host, the slot of the first host is used
    /// instead.
    slot: Option<OwnedSemaphorePermit>,
}

/// How many hosts are remembered before idle ones are forgotten.
const REMEMBERED: usize = 1024;

/// How often the head of a line checks progress although no request ends: with large files, only the bytes received
/// show how it is going.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl Pace {
    /// Creates the concurrency control of a run with `slots` slots for all hosts together (at least 1), and `limits`
    /// for each host except for those in `exceptions`. `backoff` is the first pause of a host that refuses everything
    /// without saying for how long.
    pub fn new(
        slots: usize,
        limits: Limits,
        exceptions: HashMap<String, Limits>,
        backoff: Duration,
    ) -> Self {
        Pace {
            limits,
            exceptions,
            caps: Mutex::default(),
            backoff,
            slots: Arc::new(Semaphore::new(slots.max(1))),
            slot_count: slots.max(1),
            hosts: Mutex::default(),
            start: Instant::now(),
        }
    }

    /// Applies a cap to hosts in addition to their limits: the lower one counts. Only hosts contacted from now on are
    /// affected.
    pub fn cap(&self, cap: Cap) {
        let mut caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        if !caps.contains(&cap) {
            caps.push(cap);
        }
    }

    /// Waits for a slot at this host: first come, first served. The slots of the run are shared among hosts in turn.
    pub async fn enter(&self, name: &str) -> Permit {
        let host = self.host(name);
        let turn = host.line.lock().await;
        let (ticket, slot) = loop {
            let entry = host.lock().entry(host.now());
            match entry {
                Entry::Open => {
                    // The semaphore is never closed, so acquiring cannot fail.
                    let slot = self.slots.clone().acquire_owned().await;
                    let slot = slot.expect("never closed");
                    // A pause may have begun during the wait for a slot.
                    let mut controller = host.lock();
                    controller.set_busy_time(busy_time());
                    if let Some(ticket) = controller.begin(host.now()) {
                        break (ticket, slot);
                    }
                }
                Entry::At(moment) => {
                    let wait = moment.saturating_sub(host.now());
                    let _ = timeout(wait, host.changed.notified()).await;
                }
                Entry::Full => {
                    if timeout(CHECK_INTERVAL, host.changed.notified())
                        .await
                        .is_err()
                    {
                        host.lock().check_progress(host.now(), host.moved());
                    }
                }
            }
        };
        drop(turn);
        Permit {
            host,
            ticket: Some(ticket),
            slot: Some(slot),
        }
    }

    /// Returns a permit for one more connection of a large file, if a slot is free and nobody is waiting for it.
    pub fn try_enter(&self, name: &str) -> Option<Permit> {
        let host = self.host(name);
        let turn = host.line.try_lock().ok()?;
        let slot = self.slots.clone().try_acquire_owned().ok()?;
        let ticket = host.lock().begin_more(host.now())?;
        drop(turn);
        Some(Permit {
            host,
            ticket: Some(ticket),
            slot: Some(slot),
        })
    }

    /// Pauses this host for `wait`. A longer pause already in effect stays.
    #[cfg(test)]
    pub(super) fn pause(&self, name: &str, wait: Duration) {
        let host = self.host(name);
        let end = host.now().saturating_add(wait);
        host.lock().pause(end);
    }

    /// Returns how many connections this host is currently believed to accept.
    pub fn limit(&self, name: &str) -> usize {
        self.host(name).lock().limit()
    }

    /// Returns the state of a host, which also counts the bytes received from it.
    pub(super) fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        if hosts.len() >= REMEMBERED {
            let now = self.start.elapsed();
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.lock().is_paused(now));
        }
        let limits = self.limits_of(name);
        let host = Arc::new(Host {
            line: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            moved: AtomicU64::new(0),
            controller: Mutex::new(Controller::new(&limits, self.backoff)),
            start: self.start,
        });
        hosts.insert(name.to_owned(), host.clone());
        host
    }

    /// Returns the limits of a host: what the user allows, lowered by every cap that applies.
    fn limits_of(&self, name: &str) -> Limits {
        let limits = *self.exceptions.get(name).unwrap_or(&self.limits);
        let caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        let caps = caps.iter().filter(|cap| cap.holds_for(name));
        caps.fold(limits, |limits, cap| cap.lower(limits))
    }
}

impl Host {
    /// Counts body bytes as they arrive.
    pub(super) fn received(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Controller> {
        self.controller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Reports that the host accepted the request: its response is the expected one, and a body of `length`, if known,
    /// follows.
    pub fn accepted(&mut self, length: Option<u64>) {
        if let Some(ticket) = &mut self.ticket {
            let mut controller = self.host.lock();
            controller.set_busy_time(busy_time());
            controller.accepted(ticket, length, self.host.now());
        }
    }

    /// Counts body bytes as they arrive.
    pub(super) fn received(&self, bytes: usize) {
        self.host.received(bytes);
    }

    /// Checks whether the host is serving other requests well, so that a refusal may be about their number.
    pub(crate) fn are_others_fine(&self) -> bool {
        let host = &self.host;
        let fine = |ticket| host.lock().are_others_fine(ticket, host.now());
        self.ticket.as_ref().is_some_and(fine)
    }

    /// Returns how many requests to the host have succeeded so far.
    pub(crate) fn succeeded_so_far(&self) -> u64 {
        self.host.lock().succeeded_so_far()
    }

    /// Returns how many pauses there have been since the host last accepted anything.
    pub(crate) fn fruitless_pauses(&self) -> u32 {
        self.host.lock().fruitless_pauses()
    }

    /// Reports that the refusals of the host were about what was requested: what they have taught is forgotten.
    pub(crate) fn forget_refusals(&self) {
        self.host.lock().forget_refusals(self.host.now());
    }

    /// Reports that everything requested has arrived.
    pub fn succeeded(mut self) {
        if let Some(ticket) = self.ticket.take() {
            let host = &self.host;
            let mut controller = host.lock();
            controller.set_busy_time(busy_time());
            controller.succeeded(ticket, host.now(), host.moved());
        }
    }

    /// Reports that the host was too busy (429 or 503), and how long it asked us to wait, if it did.
    pub fn refused(self, retry_after: Option<Duration>) -> Refusal {
        self.failed(|controller, ticket, now| controller.refused(ticket, retry_after, now))
    }

    /// Reports a refusal without a Retry-After of a request that may have been refused before, when
    /// `begun_before` requests to the host had begun. A host that accepts nothing after `patience` pauses is down.
    pub fn refused_again(self, begun_before: Option<u64>, patience: u32) -> Refusal {
        self.failed(|controller, ticket, now| {
            controller.refused_again(ticket, begun_before, patience, now)
        })
    }

    /// Reports that no connection could be made, or that it was reset, stalled, or ended too early.
    pub fn broke(self) -> Refusal {
        self.failed(Controller::broke)
    }

    /// Reports a broken connection of a request that may have been refused before, when `begun_before`
    /// requests to the host had begun.
    pub fn broke_again(self, begun_before: Option<u64>) -> Refusal {
        self.failed(|controller, ticket, now| controller.broke_again(ticket, begun_before, now))
    }

    fn failed(
        mut self,
        tell: impl FnOnce(&mut Controller, Ticket, Duration) -> Refusal,
    ) -> Refusal {
        match self.ticket.take() {
            Some(ticket) => tell(&mut self.host.lock(), ticket, self.host.now()),
            None => Refusal::default(),
        }
    }

    /// Reports that a request refused before has now been accepted.
    pub fn recovered(&self) {
        self.host.lock().recovered();
    }
}

/// Returns how long the network thread has been busy; zero, for unknown, if there are several threads.
fn busy_time() -> Duration {
    let runtime = Handle::try_current().map(|runtime| runtime.metrics());
    let alone = runtime.ok().filter(|runtime| runtime.num_workers() == 1);
    alone.map_or(Duration::ZERO, |runtime| {
        runtime.worker_total_busy_duration(0)
    })
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.host.lock().left(ticket);
        }
        self.host.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
