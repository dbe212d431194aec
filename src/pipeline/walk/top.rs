//! The links that the user gave, several at a time. The items of the first come out first, then those of the next.
//!
//! A source may wait for its host for minutes. If the first link yields nothing for a while, a later one that has
//! something goes first, and further ones are started.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::bounds::AHEAD;
use super::retry_links::RetryTask;
use super::{Child, Found, Walk, documents, next_of};
use crate::model::{Error, Failure, Result};
use crate::net::NamedBy;
use crate::pipeline::documents::DocumentQueue;
use crate::pipeline::{Ask, LinkOptions, Ranges, Wanted};

/// How long a link may yield nothing before others go first.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often that is checked.
const TICK: Duration = Duration::from_millis(250);
/// The maximum number of links in progress, including silent ones.
const MOST: usize = 32;

/// A link that is being listed.
struct ActiveLink {
    child: Child,
    options: Option<Arc<LinkOptions>>,
    /// How many items it has yielded.
    position: u64,
    /// When it yielded the last one, or was started.
    since: Instant,
}

impl ActiveLink {
    fn new((child, options): (Child, Option<Arc<LinkOptions>>)) -> ActiveLink {
        ActiveLink {
            child,
            options,
            position: 0,
            since: Instant::now(),
        }
    }

    /// Checks whether it has an item, or has ended.
    fn is_ready(&self) -> bool {
        let (found, _) = &self.child;
        !found.is_empty() || found.is_closed()
    }

    /// Checks whether it has yielded nothing for long.
    fn is_silent(&self) -> bool {
        !self.is_ready() && self.since.elapsed() >= PATIENCE
    }
}

/// The links that are being listed, in their order.
#[derive(Default)]
struct ActiveLinks {
    links: VecDeque<ActiveLink>,
    /// How many of them were silent at the last check.
    silent: usize,
}

impl ActiveLinks {
    /// Checks whether another one may be started.
    fn has_room(&self) -> bool {
        let count = self.links.len();
        count < MOST && count.saturating_sub(self.silent) < AHEAD
    }

    fn push(&mut self, link: (Child, Option<Arc<LinkOptions>>)) {
        self.links.push_back(ActiveLink::new(link));
    }

    /// Returns the next item of the first one.
    async fn next(&mut self) -> Option<Found> {
        next_of(self.links.front_mut().map(|link| &mut link.child)).await
    }

    /// Counts the silent links and, if the first one is silent, moves one that has something to the front.
    fn reorder(&mut self) {
        let silent = self.links.iter().filter(|link| link.is_silent());
        self.silent = silent.count();
        if self.links.front().is_some_and(ActiveLink::is_silent)
            && let Some(place) = self.links.iter().position(ActiveLink::is_ready)
        {
            self.links.rotate_left(place);
        }
    }
}

impl Walk {
    /// Lists the links that the user gave. Positions are counted within each of them.
    pub(super) async fn top(
        self: Arc<Self>,
        links: impl Stream<Item = Result<Ask>> + Send,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let mut links = std::pin::pin!(links.fuse());
        let mut open = true;
        let mut active = ActiveLinks::default();
        let mut left_out = 0;
        let (document_queue, mut outcomes) = DocumentQueue::new();
        // How many items may still turn out to be documents.
        let mut undecided = 0;
        // What is to be retried, and waits for its turn.
        let mut retries: VecDeque<RetryTask> = VecDeque::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while open || undecided > 0 || !active.links.is_empty() || !retries.is_empty() {
            while active.has_room()
                && let Some(task) = retries.pop_front()
            {
                active.push(self.clone().begin(task));
            }
            let is_waiting = !active.links.is_empty();
            let has_room = active.has_room();
            tokio::select! {
                biased;
                found = active.next(), if is_waiting => {
                    let Some(first) = active.links.front_mut() else {
                        continue;
                    };
                    let Some(mut found) = found else {
                        active.links.pop_front();
                        continue;
                    };
                    first.position += 1;
                    first.since = Instant::now();
                    let position = first.position;
                    let options = first.options.as_ref();
                    let items = options.and_then(|options| options.items.as_ref()).or(self.items.as_ref());
                    let is_last = items.and_then(Ranges::ends_at).is_some_and(|end| position >= end);
                    // Items that cannot be downloaded fail whatever is chosen.
                    if found.refusal.is_none() && !items.is_none_or(|items| items.contains(position)) {
                        left_out += 1;
                    } else if let Some(received) = self.was_feed(&found) {
                        let own = found.options.clone();
                        let child = self.clone().document(received, found.depth, own);
                        active.push((child, found.options));
                    } else {
                        if documents::file(&found.item).is_some() {
                            undecided += 1;
                            found.document_sender = Some(document_queue.sender(found.depth, found.options.clone()));
                        }
                        out.send(found).await.map_err(|_| Error::closed())?;
                    }
                    if is_last {
                        active.links.pop_front();
                    }
                }
                _ = ticks.tick(), if is_waiting => active.reorder(),
                // Before further links, so that few documents wait.
                Some(outcome) = outcomes.recv(), if undecided > 0 && has_room => {
                    undecided -= 1;
                    if let Some((received, depth, options)) = outcome {
                        document_queue.release(&received);
                        let child = self.clone().document(received, depth, options.clone());
                        active.push((child, options));
                    }
                }
                link = links.next(), if open && has_room => match link {
                    Some(Ok(Ask::Retry(batch))) => retries.extend(self.retry_tasks(batch)),
                    Some(Ok(Ask::Link(Wanted { link, options }))) => {
                        self.trust(&link.url);
                        let context = self.top_context(options.clone());
                        let child = self.clone().child(link, NamedBy::User, context);
                        active.push((child, options));
                    }
                    Some(Err(error)) => {
                        let shown = error.link.as_ref().unwrap_or(&error.message).clone();
                        self.send_listed(shown, None, 0, Some(Failure::new(&error, 1))).await?;
                    }
                    None => open = false,
                },
            }
        }
        self.report_left_out(left_out).await
    }
}
