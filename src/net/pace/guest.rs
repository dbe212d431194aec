//! Slots at hosts that redirects lead to.
//!
//! A redirected request has a slot at the host that it asked first. It must not hold that slot while it waits for
//! another one: where two hosts redirect to each other, everybody would wait for somebody who waits. So its slot,
//! including the one among those of the whole run, is lent to others meanwhile. When the request comes back, the first
//! host may have one connection more than its limit; but nothing more is requested from that host.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{Host, Pace, Permit};

/// The slot that a waiting request has lent to others.
struct LentSlot {
    host: Arc<Host>,
    /// The slots of the run, one of which must be returned.
    slots: Option<Arc<Semaphore>>,
}

impl Pace {
    /// Waits for a slot at the host `to` for a request that has one at `from` and was redirected. Returns None if the
    /// host has no limit of its own: the slot at the first host is enough then.
    pub(in crate::net) async fn enter_as_guest(&self, from: &str, to: &str) -> Option<Permit> {
        if from == to || !self.is_limited(to) {
            return None;
        }
        let mut lent = LentSlot::new(self.host(from), self.slots.clone());
        let mut permit = self.enter(to).await;
        // The request now has two slots of the run; one of them pays back the one that was lent.
        if let Some(slot) = permit.slot.take() {
            slot.forget();
            lent.slots = None;
        }
        Some(permit)
    }

    /// Checks whether a host has a tighter limit than the run.
    fn is_limited(&self, name: &str) -> bool {
        let limits = self.limits_of(name);
        limits.connections < self.slot_count || limits.requests_per_second.is_some()
    }
}

impl LentSlot {
    fn new(host: Arc<Host>, slots: Arc<Semaphore>) -> LentSlot {
        slots.add_permits(1);
        host.lock().set_away(true);
        host.changed.notify_one();
        LentSlot {
            host,
            slots: Some(slots),
        }
    }
}

impl Drop for LentSlot {
    fn drop(&mut self) {
        self.host.lock().set_away(false);
        let Some(slots) = self.slots.take() else {
            return;
        };
        // The wait was abandoned. If the slot is taken, it is reclaimed when the next one is freed.
        if slots.forget_permits(1) == 0
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                if let Ok(slot) = slots.acquire_owned().await {
                    slot.forget();
                }
            });
        }
    }
}
