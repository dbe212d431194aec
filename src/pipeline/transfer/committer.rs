//! Commits small files on a thread of their own, while the next ones are being received.
//!
//! Writing and naming a file of 60 KB takes a third of all the work for it, and rarely blocks. A single thread that
//! takes the files in turn is rarely asleep while many arrive, so that handing over costs little. Files that wait for
//! it hold memory, so its queue is small, too: a file that does not fit is committed by the task that would have waited
//! for it. So is a file that comes over TLS: there the thread saved next to no time on two cores, and cost 1.7 MB.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::available_parallelism;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::model::Result;
use crate::pipeline::sink::{defect, is_quick, quickly, timed};

/// The most files that wait for the thread.
const FILES: usize = 16;
/// The most bytes of those files, not counting the last one.
const BYTES: u64 = 256 << 10;

type Call = Box<dyn FnOnce() + Send>;

/// Commits small files: on a thread, unless that would only take turns with the others.
#[derive(Debug)]
pub(in crate::pipeline) struct Committer {
    thread: Option<Thread>,
}

/// The thread ends when this is dropped and all calls are done.
#[derive(Debug)]
struct Thread {
    calls: SyncSender<Call>,
    /// How many bytes are waiting.
    waiting: Arc<AtomicU64>,
}

impl Committer {
    /// Starts a thread, if the machine has cores for it.
    pub(in crate::pipeline) fn new() -> Committer {
        let has_cores = available_parallelism().is_ok_and(|cores| cores.get() > 1);
        Committer {
            thread: has_cores.then(Thread::start),
        }
    }

    /// Makes the call that commits a file of `len` bytes. While the disk is slow, each call blocks a thread of its own.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        len: u64,
        call: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.thread {
            Some(thread) if is_quick() => thread.make(len, call).await,
            _ => quickly(call).await,
        }
    }
}

impl Thread {
    fn start() -> Thread {
        let (calls, come) = sync_channel(FILES);
        spawn_blocking(move || run(&come));
        Thread {
            calls,
            waiting: Arc::default(),
        }
    }

    /// Makes a call on the thread, or right here if much is waiting.
    async fn make<T: Send + 'static>(
        &self,
        len: u64,
        call: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, comes) = oneshot::channel();
        let waiting = self.waiting.clone();
        let is_much = waiting.fetch_add(len, Ordering::Relaxed) > BYTES;
        let call: Call = Box::new(move || {
            waiting.fetch_sub(len, Ordering::Relaxed);
            // The task that waited may have been dropped.
            let _ = done.send(timed(call));
        });
        let refused = match is_much {
            true => Some(call),
            false => self.calls.try_send(call).err().map(|error| match error {
                TrySendError::Full(call) | TrySendError::Disconnected(call) => call,
            }),
        };
        if let Some(call) = refused {
            call();
        }
        comes.await.unwrap_or_else(|error| Err(defect(error)))
    }
}

fn run(calls: &Receiver<Call>) {
    while let Ok(call) = calls.recv() {
        // The end of its channel reports a panic to the task that waits; the other calls must not be lost with it.
        let _ = catch_unwind(AssertUnwindSafe(call));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use tokio::task::JoinHandle;

    use super::*;

    /// Hands a call over, and lets the thread take it.
    async fn hand<T: Send + 'static>(
        names: &Arc<Thread>,
        len: u64,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        let names = names.clone();
        let handed = tokio::spawn(async move { names.make(len, move || Ok(call())).await });
        tokio::task::yield_now().await;
        handed
    }

    /// Hands over a call that occupies the thread until it is told to end.
    async fn busy(names: &Arc<Thread>) -> (mpsc::Sender<()>, JoinHandle<Result<ThreadId>>) {
        let (began, begins) = oneshot::channel();
        let (end, ends) = mpsc::channel();
        let call = move || {
            began.send(()).expect("somebody waits for it");
            ends.recv().expect("it is told to end");
            thread::current().id()
        };
        let handed = hand(names, 1, call).await;
        begins.await.expect("it is made");
        (end, handed)
    }

    #[tokio::test]
    async fn files_beyond_the_queue_are_named_by_their_owner() {
        let names = Arc::new(Thread::start());
        let here = thread::current().id();
        let (end, first) = busy(&names).await;
        let mut handed = Vec::new();
        for _ in 0..=FILES {
            handed.push(hand(&names, 1, || thread::current().id()).await);
        }
        let last = handed.pop().expect("one too many");
        assert_eq!(last.await.unwrap().unwrap(), here);
        end.send(()).unwrap();
        let there = first.await.unwrap().unwrap();
        assert_ne!(there, here);
        for each in handed {
            assert_eq!(each.await.unwrap().unwrap(), there);
        }
    }

    #[tokio::test]
    async fn the_naming_queue_is_bounded_in_bytes() {
        let names = Arc::new(Thread::start());
        let here = thread::current().id();
        let (end, first) = busy(&names).await;
        let large = hand(&names, BYTES + 1, || thread::current().id()).await;
        let next = hand(&names, 1, || thread::current().id()).await;
        assert_eq!(next.await.unwrap().unwrap(), here);
        end.send(()).unwrap();
        let there = first.await.unwrap().unwrap();
        assert_eq!(large.await.unwrap().unwrap(), there);
        let next = hand(&names, 1, || thread::current().id()).await;
        assert_eq!(next.await.unwrap().unwrap(), there);
    }

    #[tokio::test]
    async fn a_defect_in_one_loses_no_other() {
        let names = Arc::new(Thread::start());
        let defect = hand(&names, 1, || -> () { panic!("a defect, as is meant") }).await;
        let error = defect.await.unwrap().unwrap_err();
        assert!(
            error.to_string().contains("a defect of this program"),
            "{error}"
        );
        let next = hand(&names, 1, || 7).await;
        assert_eq!(next.await.unwrap().unwrap(), 7);
    }
}
