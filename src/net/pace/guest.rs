//! Places at hosts that redirects lead to.
//!
//! Who is led elsewhere has a place at the host that it asked first. It must not hold that while it waits for another one:
//! where two hosts lead to each other, everybody would wait for somebody who waits. So what it has is lent to others
//! meanwhile, its place among all of the run, too. When it comes back, there may be one more at the first host than it
//! takes; nothing is asked of that host any more.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{Host, Pace, Permit};

/// What somebody has lent to others.
struct Lent {
    host: Arc<Host>,
    /// The places of the run, one of which is to be had back.
    all: Option<Arc<Semaphore>>,
}

impl Pace {
    /// Waits for a place at the host `to` for somebody who has one at `from`, and was led from there. None where the host is
    /// held to nothing by itself: then its place is that at the first host.
    pub(in crate::net) async fn lead(&self, from: &str, to: &str) -> Option<Permit> {
        if from == to || !self.is_limited(to) {
            return None;
        }
        let mut lent = Lent::new(self.host(from), self.all.clone());
        let mut permit = self.enter(to).await;
        // Of the two places among all that it has now, one pays for the one that was lent.
        if let Some(place) = permit.all.take() {
            place.forget();
            lent.all = None;
        }
        Some(permit)
    }

    /// Whether a host is held to less than the run is.
    fn is_limited(&self, name: &str) -> bool {
        let limits = self.limits_of(name);
        limits.connections < self.places || limits.requests_per_second.is_some()
    }
}

impl Lent {
    fn new(host: Arc<Host>, all: Arc<Semaphore>) -> Lent {
        all.add_permits(1);
        host.lock().away(true);
        host.changed.notify_one();
        Lent {
            host,
            all: Some(all),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.host.lock().away(false);
        let Some(all) = self.all.take() else { return };
        // It was not waited for to the end. Where its place is taken, it is had back when somebody leaves.
        if all.forget_permits(1) == 0
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                if let Ok(place) = all.acquire_owned().await {
                    place.forget();
                }
            });
        }
    }
}
