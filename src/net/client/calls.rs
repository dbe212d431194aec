//! Requests that are read completely, and retried until there is no point in retrying.

use bytes::BytesMut;
use http::header;

use super::{Ask, Client};
use crate::model::{Kind, Result};
use crate::net::{Answer, Budget, Led, Permit, Refusal, TooSlow, coding, failure, part, retry};

/// How often a request to a host that is too slow is retried, as for a file.
const SLOW: u32 = 3;

impl Client {
    pub(super) async fn call_until(
        &self,
        ask: Ask<'_>,
        led: &mut Led,
        limit: usize,
    ) -> Result<Answer> {
        let Ask { url, body, .. } = ask;
        let settings = &self.inner.settings;
        let mut budget = Budget::new(settings.retries);
        let mut slow = 0;
        loop {
            let permit = self.pace().enter(url.host_str().unwrap_or("")).await;
            let outcome = self.call_once(ask, led, limit).await;
            let refusal = self.learn(permit, ask, &outcome);
            let told = match &outcome {
                Ok(answer) => {
                    let (status, told) = (answer.status, (ask.told)(answer));
                    let passes = match body {
                        None if told.is_some() => retry::passes_in_time(status),
                        None => retry::worth_retrying(status),
                        // The posted data may have been accepted, unless the server says that it was not.
                        Some(_) => told.is_some() && matches!(status.as_u16(), 429 | 503),
                    };
                    if !passes {
                        return outcome;
                    }
                    told
                }
                Err(error) if body.is_none() && retry::passes(error.kind) => {
                    let cause = error.source.as_deref();
                    slow += u32::from(cause.is_some_and(|cause| cause.is::<TooSlow>()));
                    if slow > SLOW {
                        return outcome;
                    }
                    None
                }
                Err(_) => return outcome,
            };
            if told.is_some_and(|wait| wait > settings.longest_wait) {
                return outcome;
            }
            let Some(number) = budget.take() else {
                return outcome;
            };
            // If the whole host is paused, its line does the waiting.
            let paused = refusal.and_then(|refusal| refusal.paused);
            let wait = paused.unwrap_or_else(|| self.backoff().wait_if_told(told, number));
            self.tell_wait(url, wait, &outcome).await;
            if paused.is_none() {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Reports the outcome of a call to the concurrency control.
    fn learn(&self, permit: Permit, ask: Ask<'_>, outcome: &Result<Answer>) -> Option<Refusal> {
        match outcome {
            Ok(answer) if answer.status.is_success() => {
                permit.succeeded();
                None
            }
            Ok(answer) => {
                let told = (ask.told)(answer);
                let is_busy = retry::is_busy(answer.status) || told.is_some();
                let told = told.filter(|told| *told <= self.inner.settings.longest_wait);
                is_busy.then(|| permit.refused(told))
            }
            Err(error) => (error.kind == Kind::Network).then(|| permit.broke()),
        }
    }

    async fn call_once(&self, ask: Ask<'_>, led: &mut Led, limit: usize) -> Result<Answer> {
        let mut opened = self.send(ask).await?;
        *led = opened.led;
        let status = opened.response.status();
        let open_end = opened.open_end();
        let mut headers = opened.response.take_headers();
        if part::is_short(status, &headers) && !self.asks_for_a_part(ask) {
            return Err(part::unasked_part());
        }
        let mut body = BytesMut::new();
        let is_wanted = ask.wants.is_none_or(|wants| wants(&headers));
        while is_wanted
            && !(ask.head && body.len() >= limit)
            && let Some(chunk) = opened.chunk().await?
        {
            if !ask.head && body.len() + chunk.len() > limit {
                return Err(failure::too_long(&opened.url, limit));
            }
            body.extend_from_slice(&chunk);
        }
        opened.leave();
        let mut body = body.freeze();
        if !ask.head {
            body = coding::take_off(&opened.url, status, &mut headers, body, limit).await?;
        }
        Ok(Answer {
            url: opened.url,
            status,
            headers,
            body,
            open_end,
        })
    }

    fn asks_for_a_part(&self, ask: Ask<'_>) -> bool {
        [ask.bound, ask.free, &self.inner.user_headers]
            .iter()
            .any(|headers| headers.contains_key(header::RANGE))
    }
}
