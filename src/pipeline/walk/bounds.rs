//! How much is listed: at once, and in all. A server or a plugin that leads to ever more links gets no further.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{Child, Found, Leash, ROOM, Walk};
use crate::model::{Failure, Kind, Result};
use crate::pipeline::panicked;

/// How many links are listed at once, of those that stand beside each other.
pub(super) const AHEAD: usize = 4;
/// So many are listed at once in all, but for one of each link that leads to them: where every link leads to more, there
/// would be more at each depth.
const LIVE: usize = 16;
/// How deep links may lead to links.
const DEPTH: usize = 8;
/// To how many links one may lead in all, which would else be any number to the power of that.
const TREE: usize = 1_000_000;

/// Counts a listing for as long as it is under way.
pub(super) struct Live {
    count: Arc<AtomicUsize>,
    _leash: Leash,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// To how many links the one at its root has led.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(Arc<AtomicUsize>);

impl Tree {
    /// Whether no more of it is listed, which has been told.
    pub(super) fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) > TREE
    }

    /// Takes one more link at this depth, or says why not.
    pub(super) fn grow(&self, link: &str, depth: usize) -> std::result::Result<(), String> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        // First, as nothing more is told of the tree after it.
        if before >= TREE {
            return Err(format!(
                "`{link}` is one of more than {TREE} links that one leads to"
            ));
        }
        if depth > DEPTH {
            return Err(format!("`{link}` is {DEPTH} links deep"));
        }
        Ok(())
    }
}

impl Walk {
    /// Starts what finds items for this link. What goes wrong with it itself is told, before it counts as ended.
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
                // Nobody listens.
                Ok(Err(error)) if error.kind == Kind::Closed => return,
                Ok(Err(error)) => error,
                Err(_) => panicked("listing it"),
            };
            let failure = Failure::new(&error, 1);
            // If nobody reads events any more, the run is over.
            let _ = self.tell(link, None, 0, Some(failure)).await;
            drop(open);
        });
        let _leash = Leash(task.abort_handle());
        (found, Live { count, _leash })
    }

    /// Whether one more may be listed beside so many.
    pub(super) fn has_room(&self, beside: usize) -> bool {
        beside == 0 || beside < AHEAD && self.live.load(Ordering::Relaxed) < LIVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_bounded_and_that_is_told_once() {
        let tree = Tree(Arc::new(AtomicUsize::new(TREE - 1)));
        assert!(tree.grow("a", 9).unwrap_err().contains("8 links deep"));
        assert!(!tree.is_full());
        let told = tree.grow("b", 9).unwrap_err();
        assert!(told.contains("more than 1000000 links"), "{told}");
        assert!(tree.is_full());
    }
}
