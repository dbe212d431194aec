//! Films that are asked for at the same time are asked for together: yt-dlp starts once for them, and that takes longer than
//! most of its questions.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fetch::model::Result;
use fetch::source::Ctx;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use url::Url;

use super::super::Inner;
use super::super::asked::Asked;
use super::{Which, answer, ask, start};

/// So many are asked for by one start, and so many starts at once.
const MOST: usize = 16;
const AT_ONCE: usize = 2;
/// So long the first one waits for others.
const WAIT: Duration = Duration::from_millis(30);

/// A film that is to be asked for.
struct Waiting {
    url: Url,
    which: Which,
    answer: oneshot::Sender<Box<Value>>,
}

/// Those that wait.
pub(in super::super) struct Together {
    waiting: Mutex<Vec<Waiting>>,
    places: Semaphore,
}

impl Default for Together {
    fn default() -> Self {
        Together {
            waiting: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
        }
    }
}

/// Asks for a film, with whatever others are asked for now.
pub(in super::super) async fn film(
    inner: &Inner,
    ctx: &Ctx,
    url: &Url,
    which: Which,
) -> Result<Asked> {
    let (answer, mut answered) = oneshot::channel();
    let own = &inner.together;
    let lock = || own.waiting.lock().unwrap_or_else(PoisonError::into_inner);
    lock().push(Waiting {
        url: url.clone(),
        which,
        answer,
    });
    tokio::time::sleep(WAIT).await;
    tokio::select! {
        biased;
        found = &mut answered => match found {
            Ok(value) => return Ok(Asked::Answered(value)),
            Err(_) => return alone(inner, ctx, url, which).await,
        },
        place = own.places.acquire() => {
            let now: Vec<_> = {
                let mut waiting = lock();
                let mut room = MOST;
                let is_now = |one: &mut Waiting| {
                    let fits = one.which == which && room > 0;
                    room -= usize::from(fits);
                    fits
                };
                waiting.extract_if(.., is_now).collect()
            };
            if !now.is_empty() {
                run(inner, ctx, now, which).await?;
            }
            drop(place);
        }
    }
    // It is in another's hands, or was in our own and had no answer: then it is asked for alone, to hear why.
    match answered.await {
        Ok(value) => Ok(Asked::Answered(value)),
        Err(_) => alone(inner, ctx, url, which).await,
    }
}

/// Asks for one film by a start of its own.
pub(in super::super) async fn alone(
    inner: &Inner,
    ctx: &Ctx,
    url: &Url,
    which: Which,
) -> Result<Asked> {
    let _place = inner.place().await?;
    ask(inner, ctx, url, which).await
}

/// Asks for these, and gives each its answer as soon as it is there. Whoever has none hears that nobody has one.
async fn run(inner: &Inner, ctx: &Ctx, waiting: Vec<Waiting>, which: Which) -> Result<()> {
    let _place = inner.place().await?;
    let urls: Vec<&Url> = waiting.iter().map(|one| &one.url).collect();
    let mut child = start(inner, ctx, &urls, which)?;
    for one in waiting {
        // A failure is for each to hear for itself.
        let Ok(Some(line)) = child.line().await else {
            break;
        };
        if let Ok(value) = answer(line).await {
            // Whoever has left since needs none.
            let _ = one.answer.send(value);
        }
    }
    Ok(())
}
