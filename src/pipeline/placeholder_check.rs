//! Finds out whether a body that nothing confirms is what was requested, or a placeholder.
//!
//! A site that blocks a region or has removed an image may send the same picture, with status 200, for every item.
//! Known placeholders are recognised by their fingerprint, unknown ones because different items get the same body. A
//! body that the listing does not confirm waits here, complete but without its name, until other items receive the
//! same body (then none is saved) or nothing more can come (then it is).
//!
//! People upload the same picture twice, too. Each upload has its own date, while a placeholder has one date for all:
//! two bodies with the same date are enough, or three if no date is given. Fewer than that are saved, with a warning.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// How many bodies may wait at once. If there are more, the oldest is released.
const ROOM: usize = 64;

/// The bodies that wait, and those received more than once.
#[derive(Debug, Default)]
pub(super) struct PlaceholderCheck {
    state: Mutex<State>,
    waiting: AtomicUsize,
    /// Notified whenever another transfer begins to wait.
    pub(super) more: Notify,
}

#[derive(Debug, Default)]
struct State {
    bodies: HashMap<BodyId, Body>,
    oldest: VecDeque<BodyId>,
    /// Nothing more can come.
    closed: bool,
}

/// What identifies a body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BodyId {
    /// The source of the item that it was received for.
    pub(super) source: String,
    /// The digest of its bytes.
    pub(super) digest: [u8; 32],
}

#[derive(Debug)]
enum Body {
    /// Received for these items, too few to decide.
    Undecided(Vec<Recipient>),
    /// Received for several items; the first key is kept for the message.
    Repeated(String),
}

/// An item that the body was received for.
#[derive(Debug)]
struct Recipient {
    key: String,
    /// Its modification time, if one was sent and is meaningful.
    modified: Option<String>,
    /// Where to send the verdict, if it is awaited.
    sender: Option<oneshot::Sender<Verdict>>,
}

/// How many bodies with the same date make a placeholder, and how many without a date.
const OF_ONE_DATE: usize = 2;
const OF_NO_DATE: usize = 3;

/// The verdict on a body that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No other item received it.
    Clear,
    /// This other key received it too, which may be chance.
    SharedWith(String),
    /// This other key received it too.
    Placeholder(String),
}

impl PlaceholderCheck {
    /// Waits for the verdict on this body, received for `key` and last modified at this time.
    pub(super) async fn judge(
        &self,
        body_id: BodyId,
        key: &str,
        modified: Option<&str>,
    ) -> Verdict {
        match self.enter(body_id, key, modified) {
            Ok(verdict) => verdict,
            Err(receiver) => {
                // The sender is dropped only after a verdict.
                self.wait(receiver).await.unwrap_or(Verdict::Clear)
            }
        }
    }

    /// Waits for something that only other transfers can bring about, counted among the waiting.
    pub(super) async fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let _counted = Counted::new(&self.waiting);
        self.more.notify_one();
        future.await
    }

    /// How many transfers wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Nothing more can come: releases all that wait.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for body in state.bodies.values_mut() {
            release_waiting(body);
        }
    }

    fn enter(
        &self,
        body_id: BodyId,
        key: &str,
        modified: Option<&str>,
    ) -> Result<Verdict, oneshot::Receiver<Verdict>> {
        let mut state = self.state();
        let State {
            bodies,
            oldest,
            closed,
        } = &mut *state;
        let is_new = !bodies.contains_key(&body_id);
        let body = bodies
            .entry(body_id.clone())
            .or_insert_with(|| Body::Undecided(Vec::new()));
        let known = match body {
            Body::Repeated(first) => return Ok(Verdict::Placeholder(first.clone())),
            Body::Undecided(known) => known,
        };
        if known.iter().any(|other| other.key == key) {
            return Ok(Verdict::Clear);
        }
        let is_alike = |other: &&Recipient| other.modified.as_deref() == modified;
        let alike = known.iter().filter(is_alike).count() + 1;
        let enough = modified.map_or(OF_NO_DATE, |_| OF_ONE_DATE);
        let first = known.first().map(|first| first.key.clone());
        if let Some(first) = first.clone().filter(|_| alike >= enough) {
            for sender in known.iter_mut().filter_map(|known| known.sender.take()) {
                // If that transfer was interrupted, nobody is listening.
                let _ = sender.send(Verdict::Placeholder(key.to_owned()));
            }
            *body = Body::Repeated(first.clone());
            return Ok(Verdict::Placeholder(first));
        }
        let (sender, receiver) = oneshot::channel();
        known.push(Recipient {
            key: key.to_owned(),
            modified: modified.map(str::to_owned),
            sender: Some(sender).filter(|_| !*closed),
        });
        if *closed {
            return Ok(first.map_or(Verdict::Clear, Verdict::SharedWith));
        }
        if is_new {
            oldest.push_back(body_id);
        }
        if oldest.len() > ROOM
            && let Some(oldest) = oldest.pop_front()
            && let Some(body) = bodies.get_mut(&oldest)
        {
            release_waiting(body);
        }
        Err(receiver)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds one to a counter while it lives.
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

fn release_waiting(body: &mut Body) {
    let Body::Undecided(known) = body else {
        return;
    };
    let keys: Vec<String> = known.iter().map(|known| known.key.clone()).collect();
    for Recipient { key, sender, .. } in known {
        if let Some(sender) = sender.take() {
            let other = keys.iter().find(|other| *other != key);
            let _ = sender.send(other.cloned().map_or(Verdict::Clear, Verdict::SharedWith));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;

    use super::*;

    const THURSDAY: Option<&str> = Some("Thu, 02 Feb 2017 11:15:53 GMT");
    const FRIDAY: Option<&str> = Some("Fri, 03 Feb 2017 11:15:53 GMT");

    fn body_id(digest: u8) -> BodyId {
        BodyId {
            source: "s".into(),
            digest: [digest; 32],
        }
    }

    /// Returns the verdicts on bodies that arrive in this order, each given by key, byte and date.
    async fn verdicts(all: &[(&'static str, u8, Option<&'static str>)]) -> Vec<String> {
        let check = Arc::new(PlaceholderCheck::default());
        let mut tasks = Vec::new();
        for &(key, digest, modified) in all {
            let shared = check.clone();
            let judge = async move { shared.judge(body_id(digest), key, modified).await };
            let mut judge = Box::pin(judge);
            // Polled once here, they enter in this order.
            let verdict = match poll_fn(|cx| Poll::Ready(judge.as_mut().poll(cx))).await {
                Poll::Ready(verdict) => tokio::spawn(async { verdict }),
                Poll::Pending => tokio::spawn(judge),
            };
            tasks.push(verdict);
        }
        check.close();
        let mut results = Vec::new();
        for task in tasks {
            results.push(match task.await.unwrap() {
                Verdict::Clear => "clear".to_owned(),
                Verdict::SharedWith(other) => format!("alike {other}"),
                Verdict::Placeholder(other) => format!("placeholder {other}"),
            });
        }
        results
    }

    #[tokio::test]
    async fn one_body_of_one_date_for_two_items_is_a_placeholder_for_all() {
        let all = [("a", 1, FRIDAY), ("b", 1, THURSDAY), ("c", 1, THURSDAY)];
        let expected = ["placeholder c", "placeholder c", "placeholder a"];
        assert_eq!(verdicts(&all).await, expected);
        let late = [all[1], all[2], ("d", 1, None)];
        assert_eq!(verdicts(&late).await[2], "placeholder b");
    }

    #[tokio::test]
    async fn one_body_without_a_date_is_a_placeholder_for_three_items() {
        let all = [("a", 1, None), ("b", 1, None), ("c", 1, None)];
        let expected = ["placeholder c", "placeholder c", "placeholder a"];
        assert_eq!(verdicts(&all).await, expected);
    }

    #[tokio::test]
    async fn possible_duplicate_uploads_get_a_warning() {
        for (one, other) in [(None, None), (THURSDAY, FRIDAY), (None, FRIDAY)] {
            let all = [("a", 1, one), ("b", 1, other), ("x", 2, one)];
            assert_eq!(verdicts(&all).await, ["alike b", "alike a", "clear"]);
        }
    }

    #[tokio::test]
    async fn what_comes_when_nothing_more_can_come_waits_for_nobody() {
        let check = PlaceholderCheck::default();
        check.close();
        let judge = async |key| check.judge(body_id(1), key, None).await;
        assert_eq!(judge("a").await, Verdict::Clear);
        assert_eq!(judge("a").await, Verdict::Clear);
        assert_eq!(judge("b").await, Verdict::SharedWith("a".into()));
        assert_eq!(judge("c").await, Verdict::Placeholder("a".into()));
    }

    #[tokio::test]
    async fn the_oldest_is_let_go_when_there_are_too_many() {
        let check = Arc::new(PlaceholderCheck::default());
        let all: Vec<_> = (0..=ROOM as u8)
            .map(|number| {
                let check = check.clone();
                let key = number.to_string();
                tokio::spawn(async move { check.judge(body_id(number), &key, None).await })
            })
            .collect();
        for (index, task) in all.into_iter().enumerate() {
            if index == 0 {
                assert_eq!(task.await.unwrap(), Verdict::Clear);
                check.close();
            } else {
                task.await.unwrap();
            }
        }
    }
}
