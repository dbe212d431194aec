//! The memory in which parts wait for earlier ones.
//!
//! Against deadlock: memory is acquired before a permit, never the reverse. A part that proves to be larger than its
//! share returns its permit, and comes again once there is enough memory. The next part in order needs no memory, so it
//! always goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::MEMORY;

/// How much memory is acquired for a part as long as nobody knows how long parts are.
const FIRST: usize = 1 << 20;

/// The memory of all streams, as one track sees it, and which of its parts is next in order.
#[derive(Clone)]
pub(super) struct SegmentMemory {
    memory: Arc<Semaphore>,
    next: watch::Receiver<usize>,
    /// The current length of the parts of this track; 0 while unknown.
    usual: Arc<AtomicUsize>,
}

/// The share of the memory that a part may take.
pub(super) struct MemoryShare<'a> {
    pool: &'a SegmentMemory,
    index: usize,
    /// The memory that it has and has not filled; `None` for the part that is next.
    held: Option<OwnedSemaphorePermit>,
}

/// There is not enough memory.
#[derive(Debug)]
pub(super) struct NotEnoughMemory;

impl SegmentMemory {
    pub(super) fn new(memory: Arc<Semaphore>, next: watch::Receiver<usize>) -> SegmentMemory {
        SegmentMemory {
            memory,
            next,
            usual: Arc::default(),
        }
    }

    /// How much to acquire for a part of which nothing is known.
    pub(super) fn usual(&self) -> usize {
        match self.usual.load(Ordering::Relaxed) {
            0 => FIRST,
            usual => usual,
        }
    }

    /// Learns the length of a part. A long one is remembered for a few others.
    pub(super) fn learn(&self, len: usize) {
        let before = self.usual.load(Ordering::Relaxed);
        self.usual
            .store(len.max(before - before / 4), Ordering::Relaxed);
    }

    fn is_next(&self, index: usize) -> bool {
        *self.next.borrow() >= index
    }

    /// Waits for this much memory, or until the part is next. The caller must not hold a place at a host.
    pub(super) async fn reserve(&self, index: usize, want: usize) -> MemoryShare<'_> {
        let mut next = self.next.clone();
        let turn = next.wait_for(|next| *next >= index);
        let held = match u32::try_from(want.max(1)) {
            Ok(want) if want as usize <= MEMORY => tokio::select! {
                biased;
                _ = turn => None,
                // The semaphore is never closed.
                held = self.memory.clone().acquire_many_owned(want) => held.ok(),
            },
            // There will never be this much.
            _ => {
                let _ = turn.await;
                None
            }
        };
        MemoryShare {
            pool: self,
            index,
            held,
        }
    }
}

impl MemoryShare<'_> {
    /// Adjusts the share to what is still to come, if there is enough memory.
    pub(super) fn fit(&mut self, len: usize) -> Result<(), NotEnoughMemory> {
        if self.pool.is_next(self.index) {
            self.held = None;
        }
        let Some(held) = &mut self.held else {
            return Ok(());
        };
        let has = held.num_permits();
        if let Some(more) = len.checked_sub(has) {
            let more = u32::try_from(more).map_err(|_| NotEnoughMemory)?;
            let more = self.pool.memory.clone().try_acquire_many_owned(more);
            held.merge(more.map_err(|_| NotEnoughMemory)?);
        } else {
            drop(held.split(has - len));
        }
        Ok(())
    }

    /// Takes the memory for these bytes out of the share. A share that is too small grows, if there is enough memory.
    pub(super) fn take(
        &mut self,
        len: usize,
    ) -> Result<Option<OwnedSemaphorePermit>, NotEnoughMemory> {
        let has = self.held.as_ref().map_or(0, |held| held.num_permits());
        self.fit(has.max(len))?;
        Ok(self.held.as_mut().and_then(|held| held.split(len)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn pool(memory: usize) -> (watch::Sender<usize>, SegmentMemory) {
        let (following, next) = watch::channel(0);
        (
            following,
            SegmentMemory::new(Arc::new(Semaphore::new(memory)), next),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_segment_needs_no_reservation_and_others_wait() {
        let (following, pool) = pool(100);
        let mut first = pool.reserve(1, 60).await;
        assert_eq!(first.take(50).unwrap().unwrap().num_permits(), 50);
        let mut next = pool.reserve(0, 1000).await;
        assert!(next.take(1 << 30).unwrap().is_none());
        let wait = Duration::from_secs(1);
        assert!(timeout(wait, pool.reserve(2, 91)).await.is_err());
        // A part that never fits waits for its turn, and is in nobody's way.
        let large = timeout(wait, pool.reserve(3, MEMORY + 1)).await;
        assert!(large.is_err());
        following.send_replace(2);
        assert!(pool.reserve(2, 91).await.held.is_none());
        // The first is behind the next one by now: the rest of its share is returned.
        assert!(first.take(50).unwrap().is_none());
        assert_eq!(pool.memory.available_permits(), 100);
    }

    #[tokio::test]
    async fn reservations_grow_only_within_the_pool() {
        let (_following, pool) = pool(100);
        let mut first = pool.reserve(1, 20).await;
        let mut second = pool.reserve(2, 30).await;
        first.fit(60).unwrap();
        assert!(second.fit(41).is_err());
        second.fit(40).unwrap();
        first.fit(10).unwrap();
        assert_eq!(pool.memory.available_permits(), 50);
        let held = [second.take(40).unwrap(), second.take(50).unwrap()];
        assert!(second.take(1).is_err());
        drop(held);
        assert!(second.take(1).unwrap().is_some());
    }

    #[test]
    fn the_usual_segment_length_is_adapted() {
        let (_following, pool) = pool(100);
        assert_eq!(pool.usual(), FIRST);
        let lengths = [1000, 4000, 10, 10].map(|len| {
            pool.learn(len);
            pool.usual()
        });
        assert_eq!(lengths, [1000, 4000, 3000, 2250]);
    }
}
