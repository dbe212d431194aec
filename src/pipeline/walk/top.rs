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
use super::relisting::Asked;
use super::{Child, Found, Walk, documents, next_of};
use crate::model::{Error, Failure, Result};
use crate::net::Led;
use crate::pipeline::documents::Hands;
use crate::pipeline::{Ask, LinkOptions, Ranges, Wanted};

/// How long a link may yield nothing before others go first.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often that is checked.
const TICK: Duration = Duration::from_millis(250);
/// The maximum number of links in progress, including silent ones.
const MOST: usize = 32;

/// A link that is being listed.
struct Begun {
    child: Child,
    options: Option<Arc<LinkOptions>>,
    /// How many items it has yielded.
    position: u64,
    /// When it yielded the last one, or was started.
    since: Instant,
}

impl Begun {
    fn new((child, options): (Child, Option<Arc<LinkOptions>>)) -> Begun {
        Begun {
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
struct Line {
    begun: VecDeque<Begun>,
    /// How many of them were silent at the last check.
    silent: usize,
}

impl Line {
    /// Checks whether another one may be started.
    fn has_room(&self) -> bool {
        let count = self.begun.len();
        count < MOST && count.saturating_sub(self.silent) < AHEAD
    }

    fn push(&mut self, begun: (Child, Option<Arc<LinkOptions>>)) {
        self.begun.push_back(Begun::new(begun));
    }

    /// Returns the next item of the first one.
    async fn next(&mut self) -> Option<Found> {
        next_of(self.begun.front_mut().map(|begun| &mut begun.child)).await
    }

    /// Counts the silent links and, if the first one is silent, moves one that has something to the front.
    fn look(&mut self) {
        let silent = self.begun.iter().filter(|begun| begun.is_silent());
        self.silent = silent.count();
        if self.begun.front().is_some_and(Begun::is_silent)
            && let Some(place) = self.begun.iter().position(Begun::is_ready)
        {
            self.begun.rotate_left(place);
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
        let mut line = Line::default();
        let mut left_out = 0;
        let (hands, mut words) = Hands::new();
        // How many items may still turn out to be documents.
        let mut undecided = 0;
        // What is to be retried, and waits for its turn.
        let mut again: VecDeque<Asked> = VecDeque::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while open || undecided > 0 || !line.begun.is_empty() || !again.is_empty() {
            while line.has_room()
                && let Some(asked) = again.pop_front()
            {
                line.push(self.clone().begin(asked));
            }
            let is_waiting = !line.begun.is_empty();
            let has_room = line.has_room();
            tokio::select! {
                biased;
                found = line.next(), if is_waiting => {
                    let Some(first) = line.begun.front_mut() else {
                        continue;
                    };
                    let Some(mut found) = found else {
                        line.begun.pop_front();
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
                    } else if let Some(came) = self.was_feed(&found) {
                        let own = found.options.clone();
                        let child = self.clone().document(came, found.depth, own);
                        line.push((child, found.options));
                    } else {
                        if documents::file(&found.item).is_some() {
                            undecided += 1;
                            found.hand = Some(hands.hand(found.depth, found.options.clone()));
                        }
                        out.send(found).await.map_err(|_| Error::closed())?;
                    }
                    if is_last {
                        line.begun.pop_front();
                    }
                }
                _ = ticks.tick(), if is_waiting => line.look(),
                // Before further links, so that few documents wait.
                Some(word) = words.recv(), if undecided > 0 && has_room => {
                    undecided -= 1;
                    if let Some((came, depth, options)) = word {
                        hands.taken(&came);
                        let child = self.clone().document(came, depth, options.clone());
                        line.push((child, options));
                    }
                }
                link = links.next(), if open && has_room => match link {
                    Some(Ok(Ask::Again(asked))) => again.extend(self.asked(asked)),
                    Some(Ok(Ask::Link(Wanted { link, options }))) => {
                        self.trust(&link.url);
                        let spot = self.top_spot(options.clone());
                        let child = self.clone().child(link, Led::ByUser, spot);
                        line.push((child, options));
                    }
                    Some(Err(error)) => {
                        let shown = error.link.as_ref().unwrap_or(&error.message).clone();
                        self.tell(shown, None, 0, Some(Failure::new(&error, 1))).await?;
                    }
                    None => open = false,
                },
            }
        }
        self.left_out(left_out).await
    }
}
