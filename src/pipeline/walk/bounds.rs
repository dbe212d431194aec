//! Bounds on listing: how much at once, and how much in total. A server or a plugin that leads to ever more links gets
//! no further.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{AbortOnDrop, Child, Found, ROOM, Walk};
use crate::model::{Failure, Kind, Result};
use crate::pipeline::panicked;

/// How many sibling links are listed at once.
pub(super) const AHEAD: usize = 4;
/// How many links are listed at once in total. One child of each link may exceed this: if every link leads to more,
/// their number would otherwise grow with depth.
const LIVE: usize = 16;
/// The maximum depth of links that lead to links.
const DEPTH: usize = 8;
/// The maximum number of links that one link may lead to in total, which would otherwise be exponential in the depth.
const TREE: usize = 1_000_000;

/// Counts a listing while it is in progress.
pub(super) struct ListingGuard {
    count: Arc<AtomicUsize>,
    _abort: AbortOnDrop,
}

impl Drop for ListingGuard {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts the links that the root link has led to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(Arc<AtomicUsize>);

impl Tree {
    /// Checks whether the tree is full; that has been reported already.
    pub(super) fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) > TREE
    }

    /// Adds a link at this depth, or returns why it cannot.
    pub(super) fn grow(&self, link: &str, depth: usize) -> std::result::Result<(), String> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        // Checked first, as nothing more is reported about the tree after that.
        if before >= TREE {
            return Err(format!(
                "`{link}` is one of more than {TREE} links that a single link leads to"
            ));
        }
        if depth > DEPTH {
            return Err(format!("`{link}` is {DEPTH} links deep"));
        }
        Ok(())
    }
}

impl Walk {
    /// Starts a task that finds items for this link. Its failure is reported before the child counts as ended.
    pub(super) fn start<F>(
        self: Arc<Self>,
        link: String,
        work: impl FnOnce(Arc<Walk>, mpsc::Sender<Found>) -> F,
    ) -> Child
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let count = self.live.clone();
        count.fetch_add(1, Ordering::Relaxed);
        let (out, found) = mpsc::channel(ROOM);
        let open = out.clone();
        let work = AssertUnwindSafe(work(self.clone(), out)).catch_unwind();
        let task = tokio::spawn(async move {
            let error = match work.await {
                Ok(Ok(())) => return,
                // The receiver is gone.
                Ok(Err(error)) if error.kind == Kind::Closed => return,
                Ok(Err(error)) => error,
                Err(_) => panicked("listing it"),
            };
            let failure = Failure::new(&error, 1);
            // If nobody reads events any more, the run is over.
            let _ = self.send_listed(link, None, 0, Some(failure)).await;
            drop(open);
        });
        let _abort = AbortOnDrop(task.abort_handle());
        (found, ListingGuard { count, _abort })
    }

    /// Checks whether another link may be listed in addition to `beside` others.
    pub(super) fn has_room(&self, beside: usize) -> bool {
        beside == 0 || beside < AHEAD && self.live.load(Ordering::Relaxed) < LIVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_depth_and_count_are_limited_and_reported_once() {
        let tree = Tree(Arc::new(AtomicUsize::new(TREE - 1)));
        assert!(tree.grow("a", 9).unwrap_err().contains("8 links deep"));
        assert!(!tree.is_full());
        let message = tree.grow("b", 9).unwrap_err();
        assert!(message.contains("more than 1000000 links"), "{message}");
        assert!(tree.is_full());
    }
}
