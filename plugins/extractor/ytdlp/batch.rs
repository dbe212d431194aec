//! Batches concurrent questions about videos: yt-dlp is started only once for them, since starting it takes longer than most
//! answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fetch::model::Result;
use fetch::source::Ctx;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use url::Url;

use super::super::Inner;
use super::super::answer::Answer;
use super::{Extractors, ask, parse_answer, start};

/// The most videos per start, and the most starts at once.
const MOST: usize = 16;
const AT_ONCE: usize = 2;
/// How long each question waits for others to join its batch.
const WAIT: Duration = Duration::from_millis(30);

/// A video that waits for a batch.
struct Waiting {
    url: Url,
    extractors: Extractors,
    answer: oneshot::Sender<Box<Value>>,
}

/// The videos that wait, and the limit on concurrent starts.
pub(in super::super) struct Batch {
    waiting: Mutex<Vec<Waiting>>,
    slots: Semaphore,
}

impl Default for Batch {
    fn default() -> Self {
        Batch {
            waiting: Mutex::default(),
            slots: Semaphore::new(AT_ONCE),
        }
    }
}

/// Asks about a video, in a batch with the others that wait.
pub(in super::super) async fn ask_batched(
    inner: &Inner,
    ctx: &Ctx,
    url: &Url,
    extractors: Extractors,
) -> Result<Answer> {
    let (answer, mut answered) = oneshot::channel();
    let own = &inner.batch;
    let lock = || own.waiting.lock().unwrap_or_else(PoisonError::into_inner);
    lock().push(Waiting {
        url: url.clone(),
        extractors,
        answer,
    });
    tokio::time::sleep(WAIT).await;
    tokio::select! {
        biased;
        found = &mut answered => match found {
            Ok(value) => return Ok(Answer::Complete(value)),
            Err(_) => return ask_alone(inner, ctx, url, extractors).await,
        },
        slot = own.slots.acquire() => {
            let now: Vec<_> = {
                let mut waiting = lock();
                let mut left = MOST;
                let is_now = |one: &mut Waiting| {
                    let fits = one.extractors == extractors && left > 0;
                    left -= usize::from(fits);
                    fits
                };
                waiting.extract_if(.., is_now).collect()
            };
            if !now.is_empty() {
                run(inner, ctx, now, extractors).await?;
            }
            drop(slot);
        }
    }
    // It is in the batch of another task, or was in our own and got no answer: then it is asked about alone, to learn why.
    match answered.await {
        Ok(value) => Ok(Answer::Complete(value)),
        Err(_) => ask_alone(inner, ctx, url, extractors).await,
    }
}

/// Asks about a single video, with a start of its own.
pub(in super::super) async fn ask_alone(
    inner: &Inner,
    ctx: &Ctx,
    url: &Url,
    extractors: Extractors,
) -> Result<Answer> {
    let _slot = inner.slot().await?;
    ask(inner, ctx, url, extractors).await
}

/// Asks about these videos, and sends each its answer as soon as it comes. For the others, the sender is dropped.
async fn run(
    inner: &Inner,
    ctx: &Ctx,
    waiting: Vec<Waiting>,
    extractors: Extractors,
) -> Result<()> {
    let _slot = inner.slot().await?;
    let urls: Vec<&Url> = waiting.iter().map(|one| &one.url).collect();
    let mut child = start(inner, ctx, &urls, extractors)?;
    for one in waiting {
        // After a failure, each of the others asks alone.
        let Ok(Some(line)) = child.line().await else {
            break;
        };
        if let Ok(value) = parse_answer(line).await {
            // The receiver may be gone.
            let _ = one.answer.send(value);
        }
    }
    Ok(())
}
