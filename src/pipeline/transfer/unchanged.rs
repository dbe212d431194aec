//! Saved files that are requested again and have not changed.

use std::ops::ControlFlow;
use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::answer::Representation;
use super::content::Content;
use super::digest::Digesting;
use super::prove::{Proven, record};
use super::whole::throw_away;
use super::{Had, Job, Mover};
use crate::model::{Outcome, Result};
use crate::pipeline::archive::{Ending, Identity, Note, Validator, Version};
use crate::pipeline::sink::slowly;

impl Mover {
    /// Ends with the saved file if the same bytes have come once more; continues with new ones.
    pub(super) async fn unless_same(
        &self,
        job: &Job,
        content: &Content,
        proven: Proven,
    ) -> Result<ControlFlow<Outcome, Proven>> {
        let had = job.known.as_deref();
        let known = |had: &Had| Some((had.reason, had.path.clone(), had.version().cloned()?));
        let Some((reason, path, known)) = had.and_then(known) else {
            return Ok(ControlFlow::Continue(proven));
        };
        let (disk, at) = (self.disk.clone(), path.clone());
        let mut proven = proven;
        let compared = slowly(move || {
            let digest = proven.digest.of(&proven.whole);
            let is_digest = digest.is_some() && digest == known.digest;
            let is_same = known.size == proven.len
                && (is_digest
                    || match disk.read(&at) {
                        Ok(mut file) => proven.whole.equals(&mut file)?,
                        Err(_) => false,
                    });
            proven.digest = Digesting::Done(digest);
            Ok((is_same, proven))
        });
        let (is_same, proven) = compared.await?;
        if !is_same {
            return Ok(ControlFlow::Continue(proven));
        }
        let validator = record(&job.item, content, proven.seen).validator;
        throw_away(proven.whole).await?;
        let noted = self.archive.note(Note {
            identity: Identity {
                source: job.item.source.clone(),
                key: job.item.key.clone(),
            },
            origin: job.origin.clone(),
            ending: Ending::Unchanged(validator),
        });
        Ok(ControlFlow::Break(Outcome::Skipped {
            reason,
            path,
            warning: self.unnoted(noted),
        }))
    }
}

/// Returns the header that makes a request conditional on a change since this version (RFC 9110 §13.1).
pub(super) fn unless_it_is(known: &Validator) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match known {
        Validator::Etag(etag) => (header::IF_NONE_MATCH, etag.clone()),
        Validator::Modified(time) => {
            let date = httpdate::fmt_http_date(SystemTime::from(*time));
            (header::IF_MODIFIED_SINCE, date)
        }
    };
    Some((name, HeaderValue::try_from(value).ok()?))
}

/// Whether a response says that the saved file has not changed. Some servers ignore the condition, but what they say of
/// the body they send tells as much.
pub(super) fn is_it(known: &Version, status: StatusCode, headers: &HeaderMap) -> bool {
    let Some(validator) = &known.validator else {
        return false;
    };
    let told = Representation::of(headers);
    match (status, validator) {
        (StatusCode::NOT_MODIFIED, _) => true,
        (StatusCode::OK, Validator::Etag(etag)) => told.strong_etag() == Some(etag),
        // Where the date is worth little, the bytes decide.
        (StatusCode::OK, Validator::Modified(time)) => {
            let is_worth = told.etag.is_none() && told.if_range().is_some();
            let is_same = told.modified() == Some(SystemTime::from(*time));
            is_worth && is_same && told.total == Some(known.size)
        }
        _ => false,
    }
}
