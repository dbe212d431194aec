//! Plays back a site's recorded responses, without network access.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::Url;

use super::case::Recorded;
use super::failure::visible;
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::source::{Answer, Tape};

/// The responses of a case.
#[derive(Debug)]
pub(super) struct Recording {
    answers: Vec<Recorded>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How often each response was used.
    uses: Vec<u32>,
    /// Requests without a response.
    missing: Vec<String>,
    /// The requested URLs, and whether each was a POST.
    requested: Vec<(Url, bool)>,
}

impl Recording {
    pub(super) fn new(answers: Vec<Recorded>) -> Recording {
        let state = State {
            uses: vec![0; answers.len()],
            missing: Vec::new(),
            requested: Vec::new(),
        };
        Recording {
            answers,
            state: Mutex::new(state),
        }
    }

    /// Returns the requests without a response, and the responses that were never requested.
    pub(super) fn wrong(&self) -> Vec<String> {
        let state = self.state();
        let unused = self.answers.iter().zip(&state.uses);
        let unused = unused.filter(|(_, uses)| **uses == 0).map(|(answer, _)| {
            format!(
                "the response for `{}` was not requested",
                Redacted(&answer.url)
            )
        });
        state.missing.iter().cloned().chain(unused).collect()
    }

    /// Returns the requested URLs, and whether each was a POST.
    pub(super) fn requested(&self) -> Vec<(Url, bool)> {
        self.state().requested.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Responses for the same URL are used in order; the last one is repeated.
    fn give(&self, url: &Url, posted: Option<&[u8]>) -> Result<Answer> {
        let mut state = self.state();
        state.requested.push((url.clone(), posted.is_some()));
        let all = (0..self.answers.len()).filter(|at| {
            let answer = &self.answers[*at];
            answer.url == *url && is_posted(answer.posted.as_deref(), posted)
        });
        let next = all.clone().find(|at| state.uses[*at] == 0);
        let Some(at) = next.or(all.last()) else {
            let posted = posted.map(|body| {
                let text = visible(&String::from_utf8_lossy(body));
                format!(" with this POST body: {text}")
            });
            let posted = posted.unwrap_or_default();
            let message = format!("the case has no response for `{}`{posted}", Redacted(url));
            state.missing.push(message.clone());
            let known = self.answers.iter().map(|answer| Redacted(&answer.url));
            let known: Vec<_> = known.map(|url| format!("`{url}`")).collect();
            let hint = match known.is_empty() {
                true => "add an `[[answer]]` with its `url` and `body`".to_owned(),
                false => format!("it has responses for {}", known.join(", ")),
            };
            return Err(Error::new(Kind::Unsupported, message).hint(hint));
        };
        state.uses[at] += 1;
        let answer = &self.answers[at];
        let cannot = |what: &str| {
            let message = format!("the response for `{}` has an invalid {what}", Redacted(url));
            Error::new(Kind::Config, message)
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| cannot("header"))?;
            let value = HeaderValue::from_str(value).map_err(|_| cannot("header"))?;
            headers.append(name, value);
        }
        Ok(Answer {
            url: answer.led_to.as_ref().unwrap_or(url).clone(),
            status: StatusCode::from_u16(answer.status).map_err(|_| cannot("status"))?,
            headers,
            body: answer.body.clone().into(),
            open_end: false,
        })
    }
}

impl Tape for Recording {
    fn answer(&self, url: &Url, posted: Option<&[u8]>) -> Option<Result<Answer>> {
        Some(self.give(url, posted))
    }

    fn record(&self, _: &Url, _: Option<&[u8]>, _: &Answer) {}

    fn is_replay(&self) -> bool {
        true
    }
}

/// Checks whether the posted body is as expected: the same bytes, or the same JSON, in which the order of keys does not
/// matter.
fn is_posted(expected: Option<&str>, posted: Option<&[u8]>) -> bool {
    let (Some(expected), Some(posted)) = (expected, posted) else {
        return expected.is_none() && posted.is_none();
    };
    let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
    expected.as_bytes() == posted
        || json(posted).is_some_and(|posted| json(expected.as_bytes()) == Some(posted))
}
