//! How much at once, host by host.
//!
//! A fixed number of connections to each host, and one number for all. A host that asks us to wait is paused alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// The hosts of a run and what goes on at each.
#[derive(Debug)]
pub struct Pace {
    per_host: usize,
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    slots: Arc<Semaphore>,
    paused_until: Mutex<Option<Instant>>,
}

/// Leave to have one connection to one host. Dropping it gives the place to the next.
#[derive(Debug)]
pub struct Permit {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// How many hosts are remembered before idle ones are forgotten.
const REMEMBERED: usize = 1024;

impl Pace {
    /// So many at once for each host, and so many for all together; 1 at the least.
    pub fn new(per_host: usize, all: usize) -> Self {
        Pace {
            per_host: per_host.max(1),
            all: Arc::new(Semaphore::new(all.max(1))),
            hosts: Mutex::default(),
        }
    }

    /// Waits for a place at this host: first come, first served.
    pub async fn enter(&self, host: &str) -> Permit {
        let host = self.host(host);
        // The semaphores are never closed, so acquiring cannot fail.
        let slot = host
            .slots
            .clone()
            .acquire_owned()
            .await
            .expect("never closed");
        loop {
            let until = *host
                .paused_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => break,
            }
        }
        let all = self
            .all
            .clone()
            .acquire_owned()
            .await
            .expect("never closed");
        Permit {
            _host: slot,
            _all: all,
        }
    }

    /// A place at this host if there is one and nobody waits for it.
    pub fn try_enter(&self, host: &str) -> Option<Permit> {
        let host = self.host(host);
        let slot = host.slots.clone().try_acquire_owned().ok()?;
        let all = self.all.clone().try_acquire_owned().ok()?;
        Some(Permit {
            _host: slot,
            _all: all,
        })
    }

    /// Lets nobody start at this host for so long. A longer pause that is under way stays.
    pub fn pause(&self, host: &str, wait: Duration) {
        let host = self.host(host);
        let mut until = host
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let end = Instant::now() + wait;
        if until.is_none_or(|until| until < end) {
            *until = Some(end);
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        if hosts.len() >= REMEMBERED {
            let now = Instant::now();
            hosts.retain(|_, host| {
                let paused = host
                    .paused_until
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                Arc::strong_count(host) > 1
                    || host.slots.available_permits() < self.per_host
                    || paused.is_some_and(|until| until > now)
            });
        }
        let host = Arc::new(Host {
            slots: Arc::new(Semaphore::new(self.per_host)),
            paused_until: Mutex::new(None),
        });
        hosts.insert(name.to_owned(), host.clone());
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_its_host_and_no_other() {
        let pace = Pace::new(2, 8);
        pace.pause("slow.org", Duration::from_secs(5));
        pace.pause("slow.org", Duration::from_secs(1));
        let start = Instant::now();
        drop(pace.enter("fast.org").await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(pace.enter("slow.org").await);
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_has_so_many_places() {
        let pace = Pace::new(2, 8);
        let _one = pace.enter("a.org").await;
        let two = pace.enter("a.org").await;
        let third = tokio::time::timeout(Duration::from_secs(1), pace.enter("a.org")).await;
        assert!(third.is_err());
        drop(two);
        pace.enter("a.org").await;
    }

    #[tokio::test]
    async fn idle_hosts_are_forgotten() {
        let pace = Pace::new(2, 8);
        for number in 0..5000 {
            drop(pace.enter(&format!("{number}.org")).await);
        }
        assert!(pace.hosts.lock().unwrap().len() <= REMEMBERED);
    }
}
