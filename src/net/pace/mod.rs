//! How much at once, host by host: as much as each of them is found to take.
//!
//! Whoever wants something from a host stands in its line, and is let in when the [`Controller`] of the host says so and
//! one of the places of the whole run is free. What comes of it is told by the [`Permit`], from which the controller
//! learns. A host that asks us to wait is paused alone.
//!
//! It does not know what is fetched, nor who waits how long before standing in line again.

mod cap;
mod controller;
mod guest;
mod pacer;
mod same;

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

/// The hosts of a run and what goes on at each.
#[derive(Debug)]
pub struct Pace {
    limits: Limits,
    exceptions: HashMap<String, Limits>,
    caps: Mutex<Vec<Cap>>,
    backoff: Duration,
    all: Arc<Semaphore>,
    /// How many places there are in all.
    places: usize,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    start: Instant,
}

/// A host as far as its line and its permits are concerned.
#[derive(Debug)]
pub(super) struct Host {
    /// The line: who holds this is its head, and asks the controller. It lets in the first that came.
    line: tokio::sync::Mutex<()>,
    /// Wakes the head of the line.
    changed: Notify,
    /// All bytes that ever came from there.
    moved: AtomicU64,
    controller: Mutex<Controller>,
    start: Instant,
}

/// Leave to have one connection to one host. Dropping it gives the place to the next, and says nothing about the host.
#[derive(Debug)]
pub struct Permit {
    host: Arc<Host>,
    ticket: Option<Ticket>,
    /// Its place among all; whoever was led there has that of its first host.
    all: Option<OwnedSemaphorePermit>,
}

/// How many hosts are remembered before idle ones are forgotten.
const REMEMBERED: usize = 1024;

/// How often the head of a line looks up although nothing ends: large files say by their bytes alone how it goes.
const LOOK: Duration = Duration::from_secs(1);

impl Pace {
    /// So many at once for all hosts together, 1 at the least, and these limits for each, but for some others. The first
    /// pause of a host that refuses all and does not say for how long is `backoff`.
    pub fn new(
        all: usize,
        limits: Limits,
        exceptions: HashMap<String, Limits>,
        backoff: Duration,
    ) -> Self {
        Pace {
            limits,
            exceptions,
            caps: Mutex::default(),
            backoff,
            all: Arc::new(Semaphore::new(all.max(1))),
            places: all.max(1),
            hosts: Mutex::default(),
            start: Instant::now(),
        }
    }

    /// Holds hosts to a cap beside their limits: the lesser counts. It is for hosts that are asked from now on.
    pub fn cap(&self, cap: Cap) {
        let mut caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        if !caps.contains(&cap) {
            caps.push(cap);
        }
    }

    /// Waits for a place at this host: first come, first served. Among hosts, the places of the run go round.
    pub async fn enter(&self, name: &str) -> Permit {
        let host = self.host(name);
        let turn = host.line.lock().await;
        let (ticket, all) = loop {
            let entry = host.lock().entry(host.now());
            match entry {
                Entry::Open => {
                    // The semaphore is never closed, so acquiring cannot fail.
                    let all = self.all.clone().acquire_owned().await;
                    let all = all.expect("never closed");
                    // A pause may have begun while this waited for a place.
                    let mut controller = host.lock();
                    controller.worked(worked());
                    if let Some(ticket) = controller.begin(host.now()) {
                        break (ticket, all);
                    }
                }
                Entry::At(moment) => {
                    let wait = moment.saturating_sub(host.now());
                    let _ = timeout(wait, host.changed.notified()).await;
                }
                Entry::Full => {
                    if timeout(LOOK, host.changed.notified()).await.is_err() {
                        host.lock().look(host.now(), host.moved());
                    }
                }
            }
        };
        drop(turn);
        Permit {
            host,
            ticket: Some(ticket),
            all: Some(all),
        }
    }

    /// A place at this host for one more connection of a large file, if there is one that nobody waits for.
    pub fn try_enter(&self, name: &str) -> Option<Permit> {
        let host = self.host(name);
        let turn = host.line.try_lock().ok()?;
        let all = self.all.clone().try_acquire_owned().ok()?;
        let ticket = host.lock().begin_more(host.now())?;
        drop(turn);
        Some(Permit {
            host,
            ticket: Some(ticket),
            all: Some(all),
        })
    }

    /// Lets nobody start at this host for so long. A longer pause that is under way stays.
    #[cfg(test)]
    pub(super) fn pause(&self, name: &str, wait: Duration) {
        let host = self.host(name);
        let end = host.now().saturating_add(wait);
        host.lock().pause(end);
    }

    /// How many connections this host is believed to take at present.
    pub fn limit(&self, name: &str) -> usize {
        self.host(name).lock().limit()
    }

    /// What bytes from this host are counted by.
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

    /// What a host may get: what the user allows, and no more than any cap.
    fn limits_of(&self, name: &str) -> Limits {
        let limits = *self.exceptions.get(name).unwrap_or(&self.limits);
        let caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        let caps = caps.iter().filter(|cap| cap.holds_for(name));
        caps.fold(limits, |limits, cap| cap.lower(limits))
    }
}

impl Host {
    /// Counts bytes of a body as they come.
    pub(super) fn came(&self, bytes: usize) {
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
    /// The host has agreed: its answer is what was asked for, and a body of this length, if that is known, is to come.
    pub fn accepted(&mut self, length: Option<u64>) {
        if let Some(ticket) = &mut self.ticket {
            let mut controller = self.host.lock();
            controller.worked(worked());
            controller.accepted(ticket, length, self.host.now());
        }
    }

    /// Counts bytes of a body as they come.
    pub(super) fn came(&self, bytes: usize) {
        self.host.came(bytes);
    }

    /// Whether the host does well by others meanwhile, so that a refusal may be about how many there are.
    pub(crate) fn are_others_fine(&self) -> bool {
        let host = &self.host;
        let fine = |ticket| host.lock().are_others_fine(ticket, host.now());
        self.ticket.as_ref().is_some_and(fine)
    }

    /// All that was asked for has come.
    pub fn succeeded(mut self) {
        if let Some(ticket) = self.ticket.take() {
            let host = &self.host;
            let mut controller = host.lock();
            controller.worked(worked());
            controller.succeeded(ticket, host.now(), host.moved());
        }
    }

    /// The host said that it is too busy: 429, or 503; and how long to wait, if it said so.
    pub fn refused(self, told: Option<Duration>) -> Refusal {
        self.failed(|controller, ticket, now| controller.refused(ticket, told, now))
    }

    /// The same without a word of how long, for what it may have refused before, when so many others had gone well.
    pub fn refused_again(self, before: Option<u64>) -> Refusal {
        self.failed(|controller, ticket, now| controller.refused_again(ticket, before, now))
    }

    /// There was no connection, or it was reset, fell silent, or ended too early.
    pub fn broke(self) -> Refusal {
        self.failed(Controller::broke)
    }

    /// The same for what may have been refused before, when so many others had gone well.
    pub fn broke_again(self, before: Option<u64>) -> Refusal {
        self.failed(|controller, ticket, now| controller.broke_again(ticket, before, now))
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

    /// What the host has refused before is let in now.
    pub fn recovered(&self) {
        self.host.lock().recovered();
    }
}

/// How long the thread of the network has been at work; unknown, and so nothing, where there are several.
fn worked() -> Duration {
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
