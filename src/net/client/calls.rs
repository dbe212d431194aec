//! Requests that are read completely, and retried until there is no point in retrying.

use bytes::BytesMut;
use http::header;

use super::{Client, RequestSpec};
use crate::model::{Kind, Result};
use crate::net::{Answer, Budget, NamedBy, Permit, Refusal, TooSlow, coding, failure, part, retry};

/// How often a request to a host that is too slow is retried, as for a file.
const SLOW_RETRIES: u32 = 3;

impl Client {
    /// Sends a request and reads the body, up to `limit` bytes; retries failures that may be temporary.
    pub(super) async fn call_with_retries(
        &self,
        spec: RequestSpec<'_>,
        named_by: &mut NamedBy,
        limit: usize,
    ) -> Result<Answer> {
        let RequestSpec { url, body, .. } = spec;
        let settings = &self.inner.settings;
        let mut budget = Budget::new(settings.retries);
        let mut slow = 0;
        loop {
            let permit = self.pace().enter(url.host_str().unwrap_or("")).await;
            let outcome = self.call_once(spec, named_by, limit).await;
            let refusal = self.learn(permit, spec, &outcome);
            let retry_after = match &outcome {
                Ok(answer) => {
                    let (status, retry_after) = (answer.status, (spec.read_retry_after)(answer));
                    let passes = match body {
                        None if retry_after.is_some() => retry::is_retryable_after_wait(status),
                        None => retry::is_retryable(status),
                        // The posted data may have been accepted, unless the server says that it was not.
                        Some(_) => retry_after.is_some() && matches!(status.as_u16(), 429 | 503),
                    };
                    if !passes {
                        return outcome;
                    }
                    retry_after
                }
                Err(error) if body.is_none() && retry::is_temporary(error.kind) => {
                    let cause = error.source.as_deref();
                    slow += u32::from(cause.is_some_and(|cause| cause.is::<TooSlow>()));
                    if slow > SLOW_RETRIES {
                        return outcome;
                    }
                    None
                }
                Err(_) => return outcome,
            };
            if retry_after.is_some_and(|wait| wait > settings.longest_wait) {
                return outcome;
            }
            let Some(number) = budget.take() else {
                return outcome;
            };
            // If the whole host is paused, its line does the waiting.
            let paused = refusal.and_then(|refusal| refusal.paused);
            let wait = paused.unwrap_or_else(|| self.backoff().wait_after(retry_after, number));
            self.report_wait(url, wait, &outcome).await;
            if paused.is_none() {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Reports the outcome of a call to the concurrency control.
    fn learn(
        &self,
        permit: Permit,
        spec: RequestSpec<'_>,
        outcome: &Result<Answer>,
    ) -> Option<Refusal> {
        match outcome {
            Ok(answer) if answer.status.is_success() => {
                permit.succeeded();
                None
            }
            Ok(answer) => {
                let retry_after = (spec.read_retry_after)(answer);
                let is_busy = retry::is_busy(answer.status) || retry_after.is_some();
                let retry_after = retry_after
                    .filter(|retry_after| *retry_after <= self.inner.settings.longest_wait);
                is_busy.then(|| permit.refused(retry_after))
            }
            Err(error) => (error.kind == Kind::Network).then(|| permit.broke()),
        }
    }

    async fn call_once(
        &self,
        spec: RequestSpec<'_>,
        named_by: &mut NamedBy,
        limit: usize,
    ) -> Result<Answer> {
        let mut opened = self.send(spec).await?;
        *named_by = opened.named_by;
        let status = opened.response.status();
        let open_end = opened.open_end();
        let mut headers = opened.response.take_headers();
        if part::is_incomplete(status, &headers) && !self.requests_range(spec) {
            return Err(part::unrequested_part());
        }
        let mut body = BytesMut::new();
        let is_wanted = spec.wants_body.is_none_or(|wants| wants(&headers));
        while is_wanted
            && !(spec.first_bytes_only && body.len() >= limit)
            && let Some(chunk) = opened.chunk().await?
        {
            if !spec.first_bytes_only && body.len() + chunk.len() > limit {
                return Err(failure::too_long(&opened.url, limit));
            }
            body.extend_from_slice(&chunk);
        }
        opened.release_guest();
        let mut body = body.freeze();
        if !spec.first_bytes_only {
            body = coding::decode_response(&opened.url, status, &mut headers, body, limit).await?;
        }
        Ok(Answer {
            url: opened.url,
            status,
            headers,
            body,
            open_end,
        })
    }

    fn requests_range(&self, spec: RequestSpec<'_>) -> bool {
        [
            spec.origin_headers,
            spec.common_headers,
            &self.inner.user_headers,
        ]
        .iter()
        .any(|headers| headers.contains_key(header::RANGE))
    }
}
