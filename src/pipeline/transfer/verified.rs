//! Verifies complete downloads.

use super::agreement::{Agreement, agreement};
use super::body::{CompleteBody, hash};
use super::check;
use super::coding;
use super::content::Content;
use super::digest::{Digesting, Hashed, Hasher, etag_md5};
use super::setback::Setback;
use super::truncation::{self, Truncations};
use super::{Job, Mover};
use crate::model::{Error, Expect, Kind, Result};
use crate::pipeline::archive::Sum;
use crate::pipeline::naming::{Sniff, listed_name, sniff};
use crate::pipeline::placeholder_check::{BodyId, Verdict};
use crate::pipeline::sink::Partial;
use crate::pipeline::structure::Structure;
use crate::pipeline::verify::is_volume;

/// A complete and verified download.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) body: CompleteBody,
    pub(super) len: u64,
    pub(super) seen: Sniff,
    pub(super) digest: Digesting,
    pub(super) warning: Option<String>,
}

impl Verified {
    /// Adds a warning if this stands in for a version that was not available.
    pub(super) fn instead_of(self, lost: Option<Error>) -> Verified {
        let lost = lost.map(|error| {
            format!(
                "a smaller version, because the full one is not available: {}",
                error.message
            )
        });
        Verified {
            warning: join_messages([lost, self.warning]),
            ..self
        }
    }

    /// Accepts a file that was joined from segments verified one by one, if it begins as what was wanted.
    pub(super) async fn of(
        partial: Partial,
        (len, head): (u64, &[u8]),
        digest: Option<Sum>,
        warning: Option<String>,
        expect: &Expect,
    ) -> Result<Verified> {
        let seen = sniff(head);
        let body = CompleteBody::File(partial);
        if let Some(error) = check::first_look(expect, None, &seen, None, Some(len)) {
            body.discard().await?;
            return Err(error);
        }
        Ok(Verified {
            body,
            len,
            seen,
            digest: Digesting::Done(digest),
            warning,
        })
    }
}

impl Mover {
    /// Verifies the bytes: length, digests, fingerprints, first bytes, and, where the site sends placeholders, that no
    /// other item has the same ones.
    pub(super) async fn verify(
        &self,
        job: &Job,
        expect: &Expect,
        content: &mut Content,
        truncations: &mut Truncations,
    ) -> Result<Verified, Setback> {
        if let Some(unnamed) = &job.unnamed {
            return Err(Setback::GiveUp(unnamed.duplicate()));
        }
        coding::decode_body(content).await?;
        let len = content.len();
        let seen = sniff(content.head());
        let name = content.name.clone().or_else(|| listed_name(&job.item));
        let content_type = content.content_type.as_deref();
        let wrong = check::first_look(expect, name.as_deref(), &seen, content_type, Some(len));
        if let Some(error) = wrong {
            return Err(Setback::GiveUp(error));
        }
        let agreement = agreement(expect, &job.item.meta, content.head(), len);
        // One volume of several has its end elsewhere.
        let has_end = !name.as_deref().is_some_and(is_volume);
        let is_shown = is_shown(expect, content, len);
        let examined = examine(content, expect, &seen, &agreement, has_end && !is_shown);
        let Examined { body, hashed, form } = examined.await?;
        let form = (!is_shown).then_some(form);
        let unshown = match check_body(expect, content, &hashed, form, truncations) {
            Ok(unshown) => unshown,
            Err(setback) => {
                content.clear().await?;
                body.discard().await?;
                return Err(setback);
            }
        };
        let verdict = match agreement {
            Agreement::Inconclusive(_) => self.verdict(job, content, hashed.blake3).await?,
            _ => Verdict::Clear,
        };
        let warning = match agreement.confirmed_by(verdict) {
            Ok(warning) => warning,
            Err(error) => {
                body.discard().await?;
                return Err(Setback::GiveUp(error));
            }
        };
        Ok(Verified {
            body,
            len,
            seen,
            digest: hashed.sum,
            warning: join_messages([warning, unshown]),
        })
    }

    /// Waits for the verdict on a body with this digest: whether other items received it, too.
    async fn verdict(
        &self,
        job: &Job,
        content: &Content,
        digest: Option<[u8; 32]>,
    ) -> Result<Verdict> {
        let digest = digest.unwrap_or_default();
        let source = job.item.source.clone();
        let here = &content.representation;
        let modified = here.last_modified.as_deref();
        let modified = modified.filter(|_| here.date_is_strong);
        let body_id = BodyId { source, digest };
        let judged = self
            .placeholder_check
            .judge(body_id, &job.item.key, modified);
        self.unless_ending(judged).await
    }
}

/// A complete body, and what was found out about it.
struct Examined {
    body: CompleteBody,
    hashed: Hashed,
    form: Structure,
}

/// Completes the body and computes the digests that are needed. The format of an open one is examined, since nothing
/// else shows whether it is whole.
async fn examine(
    content: &mut Content,
    expect: &Expect,
    seen: &Sniff,
    agreement: &Agreement,
    is_open: bool,
) -> Result<Examined> {
    let mut hasher = Hasher::default();
    let etag = content.representation.etag.as_deref();
    check::request_digests(&mut hasher, expect, &content.promised, etag, content.len());
    if matches!(agreement, Agreement::Inconclusive(_)) {
        hasher.want_blake3();
    }
    let body = content.finish().await?;
    let digest = content.digest(&body);
    let (body, form) = match is_open {
        true => truncation::examine(body, seen).await?,
        false => (body, Structure::Unknown),
    };
    if form.is_cut() {
        hasher.want_blake3();
    }
    let (body, hashed) = hash(hasher, digest, body).await?;
    Ok(Examined { body, hashed, form })
}

/// Checks the digests of a complete body, and whether it is whole, by its form unless something else shows that.
/// Returns the warning if it may not be.
fn check_body(
    expect: &Expect,
    content: &Content,
    hashed: &Hashed,
    form: Option<Structure>,
    truncations: &mut Truncations,
) -> Result<Option<String>, Setback> {
    let etag = content.representation.etag.as_deref();
    let len = content.len();
    check::verify_digests(expect, &content.promised, etag, len, hashed).map_err(
        |error| match error.kind {
            Kind::Corrupt => Setback::Restart(error),
            _ => Setback::GiveUp(error),
        },
    )?;
    match form {
        None => Ok(None),
        Some(form) => truncations
            .judge(form, hashed.blake3)
            .map_err(Setback::Retry),
    }
}

/// Whether something shows that the file is complete: how its body ended, its digest, or its length in the listing.
fn is_shown(expect: &Expect, content: &Content, len: u64) -> bool {
    let etag = content.representation.etag.as_deref();
    let has_md5 = expect.etag_is_md5 && etag.and_then(etag_md5).is_some();
    let has_digest = has_md5 || !content.promised.is_empty() || !expect.digests.is_empty();
    !content.representation.open_end || has_digest || expect.size == Some(len)
}

/// Joins all messages into one.
pub(super) fn join_messages<const N: usize>(messages: [Option<String>; N]) -> Option<String> {
    let all: Vec<_> = messages.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}
