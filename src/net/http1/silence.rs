//! How long a server may be silent.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Notices when nothing has arrived for too long. Its timer is not reset for every chunk: when it fires, it checks
/// whether something has arrived since.
pub(super) struct Silence {
    /// None for no limit.
    limit: Option<Duration>,
    since: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// Creates a limit on silence; zero means none.
    pub(super) fn new(limit: Duration) -> Silence {
        Silence {
            limit: Some(limit).filter(|limit| !limit.is_zero()),
            since: Instant::now(),
            timer: None,
        }
    }

    /// Begins to wait.
    pub(super) fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// Is ready when the silence has lasted too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        let Some(limit) = self.limit else {
            return Poll::Pending;
        };
        // The clock is checked first: a timer does not fire for a task that has used up its cooperative budget, and a
        // server that never pauses gives it no other chance.
        if self.since.elapsed() >= limit {
            return Poll::Ready(limit);
        }
        let Some(end) = self.since.checked_add(limit) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= end {
                return Poll::Ready(limit);
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::advance;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn any_data_restarts_the_silence_timer() {
        let mut silence = Silence::new(LIMIT);
        for _ in 0..3 {
            silence.begin();
            let began = Instant::now();
            // The timer gets set for a time by which something will have arrived.
            let first = poll_fn(|cx| Poll::Ready(silence.poll(cx))).await;
            assert!(first.is_pending());
            advance(LIMIT / 2).await;
            silence.begin();
            assert_eq!(poll_fn(|cx| silence.poll(cx)).await, LIMIT);
            assert_eq!(began.elapsed(), LIMIT * 3 / 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_any() {
        let mut silence = Silence::new(Duration::ZERO);
        silence.begin();
        advance(LIMIT * 100).await;
        assert!(
            poll_fn(|cx| Poll::Ready(silence.poll(cx)))
                .await
                .is_pending()
        );
    }
}
