//! Bodies that nothing bears out: are they what was asked for, or one placeholder for all?
//!
//! A site that blocks a region or has removed an image may send the same picture, with status 200, for every item. Known
//! ones are recognised by their fingerprint; this is the sign that does not age: one body for different items. A body
//! that the listing does not bear out waits here, complete but without its name, until another item brings the same body
//! (then neither is saved) or nothing more can come (then it is).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// How many may wait at once. The oldest is let go when there are more.
const ROOM: usize = 64;

/// The bodies that wait, and those that came more than once.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    state: Mutex<State>,
    waiting: AtomicUsize,
    /// Told whenever one more waits.
    pub(super) more: Notify,
}

#[derive(Debug, Default)]
struct State {
    bodies: HashMap<(String, [u8; 32]), Body>,
    oldest: VecDeque<(String, [u8; 32])>,
    /// Nothing more can come.
    closed: bool,
}

#[derive(Debug)]
enum Body {
    /// Came once, for this key, which waits for the verdict if there is a sender.
    Once(String, Option<oneshot::Sender<Verdict>>),
    /// Came for several; the first key is kept for the message.
    Several(String),
}

/// What becomes of a body that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No other item brought it.
    Clear,
    /// It came for this other key too.
    Placeholder(String),
}

impl Suspects {
    /// Waits for the verdict on the body with this digest, which came for `key` of `source`.
    pub(super) async fn judge(&self, source: &str, key: &str, digest: [u8; 32]) -> Verdict {
        let Some(verdict) = self.enter(source, key, digest) else {
            return Verdict::Clear;
        };
        match verdict {
            Ok(verdict) => verdict,
            Err(receiver) => {
                // The sender goes away only with a verdict.
                self.idle(receiver).await.unwrap_or(Verdict::Clear)
            }
        }
    }

    /// Waits for something that only other transfers can bring about, and is counted among those that wait.
    pub(super) async fn idle<T>(&self, future: impl Future<Output = T>) -> T {
        let _counted = Counted::new(&self.waiting);
        self.more.notify_one();
        future.await
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Nothing more can come: lets all go that wait.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for body in state.bodies.values_mut() {
            let_go(body);
        }
    }

    fn enter(
        &self,
        source: &str,
        key: &str,
        digest: [u8; 32],
    ) -> Option<Result<Verdict, oneshot::Receiver<Verdict>>> {
        let mut state = self.state();
        let id = (source.to_owned(), digest);
        let closed = state.closed;
        match state.bodies.get_mut(&id) {
            Some(Body::Once(first, _)) if first == key => None,
            Some(Body::Several(first)) => Some(Ok(Verdict::Placeholder(first.clone()))),
            Some(body) => {
                let Body::Once(first, sender) =
                    std::mem::replace(body, Body::Several(String::new()))
                else {
                    return None;
                };
                *body = Body::Several(first.clone());
                if let Some(sender) = sender {
                    // If the first one was interrupted, nobody waits for this.
                    let _ = sender.send(Verdict::Placeholder(key.to_owned()));
                }
                Some(Ok(Verdict::Placeholder(first)))
            }
            None if closed => None,
            None => {
                let (sender, receiver) = oneshot::channel();
                state
                    .bodies
                    .insert(id.clone(), Body::Once(key.to_owned(), Some(sender)));
                state.oldest.push_back(id);
                if state.oldest.len() > ROOM
                    && let Some(oldest) = state.oldest.pop_front()
                    && let Some(body) = state.bodies.get_mut(&oldest)
                {
                    let_go(body);
                }
                Some(Err(receiver))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one more while it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn let_go(body: &mut Body) {
    if let Body::Once(_, sender) = body
        && let Some(sender) = sender.take()
    {
        let _ = sender.send(Verdict::Clear);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn one_body_for_two_items_is_a_placeholder_for_both() {
        let suspects = Arc::new(Suspects::default());
        let first = tokio::spawn({
            let suspects = suspects.clone();
            async move { suspects.judge("s", "a", [1; 32]).await }
        });
        suspects.more.notified().await;
        assert_eq!(
            suspects.judge("s", "b", [1; 32]).await,
            Verdict::Placeholder("a".into())
        );
        assert_eq!(first.await.unwrap(), Verdict::Placeholder("b".into()));
        assert_eq!(
            suspects.judge("s", "c", [1; 32]).await,
            Verdict::Placeholder("a".into())
        );
    }

    #[tokio::test]
    async fn a_body_that_comes_once_is_clear_in_the_end() {
        let suspects = Arc::new(Suspects::default());
        let first = tokio::spawn({
            let suspects = suspects.clone();
            async move { suspects.judge("s", "a", [1; 32]).await }
        });
        suspects.more.notified().await;
        assert_eq!(suspects.waiting(), 1);
        suspects.close();
        assert_eq!(first.await.unwrap(), Verdict::Clear);
        assert_eq!(suspects.judge("s", "b", [2; 32]).await, Verdict::Clear);
    }

    #[tokio::test]
    async fn the_oldest_is_let_go_when_there_are_too_many() {
        let suspects = Arc::new(Suspects::default());
        let all: Vec<_> = (0..=ROOM as u8)
            .map(|number| {
                let suspects = suspects.clone();
                tokio::spawn(
                    async move { suspects.judge("s", &number.to_string(), [number; 32]).await },
                )
            })
            .collect();
        for (index, task) in all.into_iter().enumerate() {
            if index == 0 {
                assert_eq!(task.await.unwrap(), Verdict::Clear);
                suspects.close();
            } else {
                task.await.unwrap();
            }
        }
    }
}
