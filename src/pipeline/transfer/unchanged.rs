//! Saved files that are requested again and have not changed.

use std::ops::ControlFlow;
use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::content::Content;
use super::digest::Digesting;
use super::handover::record;
use super::response_head::Representation;
use super::verified::Verified;
use super::{Job, Mover, SavedFile};
use crate::model::{Outcome, Result};
use crate::pipeline::archive::{Ending, Identity, Note, Validator, Version};
use crate::pipeline::sink::slowly;

impl Mover {
    /// Ends with the saved file if the same bytes have come once more; continues with new ones.
    pub(super) async fn skip_if_same(
        &self,
        job: &Job,
        content: &Content,
        verified: Verified,
    ) -> Result<ControlFlow<Outcome, Verified>> {
        let saved = job.known.as_deref();
        let known =
            |saved: &SavedFile| Some((saved.reason, saved.path.clone(), saved.version().cloned()?));
        let Some((reason, path, known)) = saved.and_then(known) else {
            return Ok(ControlFlow::Continue(verified));
        };
        let (disk, at) = (self.disk.clone(), path.clone());
        let mut verified = verified;
        let compared = slowly(move || {
            let digest = verified.digest.of(&verified.body);
            let is_digest = digest.is_some() && digest == known.digest;
            let is_same = known.size == verified.len
                && (is_digest
                    || match disk.read(&at) {
                        Ok(mut file) => verified.body.equals(&mut file)?,
                        Err(_) => false,
                    });
            verified.digest = Digesting::Done(digest);
            Ok((is_same, verified))
        });
        let (is_same, verified) = compared.await?;
        if !is_same {
            return Ok(ControlFlow::Continue(verified));
        }
        let validator = record(&job.item, content, verified.seen).validator;
        verified.body.discard().await?;
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
            warning: self.record_warning(noted),
        }))
    }
}

/// Returns the header that makes a request conditional on a change since this version (RFC 9110 §13.1).
pub(super) fn condition_header(known: &Validator) -> Option<(HeaderName, HeaderValue)> {
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
pub(super) fn is_unchanged(known: &Version, status: StatusCode, headers: &HeaderMap) -> bool {
    let Some(validator) = &known.validator else {
        return false;
    };
    let response = Representation::of(headers);
    match (status, validator) {
        (StatusCode::NOT_MODIFIED, _) => true,
        (StatusCode::OK, Validator::Etag(etag)) => response.strong_etag() == Some(etag),
        // Where the date is worth little, the bytes decide.
        (StatusCode::OK, Validator::Modified(time)) => {
            let is_worth = response.etag.is_none() && response.if_range().is_some();
            let is_same = response.modified() == Some(SystemTime::from(*time));
            is_worth && is_same && response.total == Some(known.size)
        }
        _ => false,
    }
}
