//! Verifies complete downloads, and hands them over to be named.

use std::borrow::Cow;
use std::time::SystemTime;

use jiff::Timestamp;

use super::agreement::{Agreement, agreement};
use super::body::{CompleteBody, hash};
use super::check;
use super::coding;
use super::commit::{Commit, Named};
use super::content::{Content, MIN_RESUMABLE};
use super::digest::{Digesting, Hasher, etag_md5};
use super::response_head::is_plausible;
use super::setback::Setback;
use super::truncation::{self, Truncations};
use super::{Job, Mover};
use crate::model::{Error, Expect, Item, Kind, Outcome, Result, Skip};
use crate::pipeline::archive::{Identity, Record, Sum, Validator};
use crate::pipeline::naming::{Sniff, extension, listed_name, sniff, split};
use crate::pipeline::placeholder_check::{BodyId, Verdict};
use crate::pipeline::sink::{Partial, Place, quickly, slowly};
use crate::pipeline::structure::Structure;
use crate::pipeline::verify::is_volume;
use crate::pipeline::{Mtime, plan, wanted};

/// The longest ETag or media type that is recorded.
const MAX_RECORDED: usize = 200;

/// A complete and verified download.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) body: CompleteBody,
    pub(super) len: u64,
    pub(super) seen: Sniff,
    pub(super) digest: Digesting,
    warning: Option<String>,
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
        if let Some(error) =
            check::first_look(expect, name.as_deref(), &seen, content_type, Some(len))
        {
            return Err(Setback::GiveUp(error));
        }
        let etag = content.representation.etag.clone();
        let agreement = agreement(expect, &job.item.meta, content.head(), len);
        let mut hasher = Hasher::default();
        check::request_digests(&mut hasher, expect, &content.promised, etag.as_deref(), len);
        if matches!(agreement, Agreement::Inconclusive(_)) {
            hasher.want_blake3();
        }
        let body = content.finish().await?;
        let digest = content.digest(&body);
        // One volume of several has its end elsewhere.
        let has_end = !name.as_deref().is_some_and(is_volume);
        let is_shown = is_shown(expect, content, len);
        let (body, form) = match has_end && !is_shown {
            true => truncation::examine(body, &seen).await?,
            false => (body, Structure::Unknown),
        };
        if form.is_cut() {
            hasher.want_blake3();
        }
        let (body, hashed) = hash(hasher, digest, body).await?;
        let wrong = |error: Error, body: CompleteBody| async move {
            body.discard().await?;
            Err(match error.kind {
                Kind::Corrupt => Setback::Restart(error),
                _ => Setback::GiveUp(error),
            })
        };
        if let Err(error) =
            check::verify_digests(expect, &content.promised, etag.as_deref(), len, &hashed)
        {
            content.clear().await?;
            return wrong(error, body).await;
        }
        let unshown = match is_shown {
            true => None,
            false => match truncations.judge(form, hashed.blake3) {
                Ok(said) => said,
                Err(cut) => {
                    content.clear().await?;
                    body.discard().await?;
                    return Err(Setback::Retry(cut));
                }
            },
        };
        let warning = match agreement {
            Agreement::Agrees => None,
            Agreement::AgreesBut(what) => Some(what),
            Agreement::Contradicts(what) => {
                let message = format!("it is not what the listing describes: {what}");
                return wrong(Error::new(Kind::Blocked, message), body).await;
            }
            Agreement::Inconclusive(what) => {
                let digest = hashed.blake3.unwrap_or_default();
                let source = job.item.source.clone();
                let here = &content.representation;
                let modified = here.last_modified.as_deref();
                let modified = modified.filter(|_| here.date_is_strong);
                let body_id = BodyId { source, digest };
                let judged = self
                    .placeholder_check
                    .judge(body_id, &job.item.key, modified);
                match self.unless_ending(judged).await? {
                    Verdict::Clear => what,
                    Verdict::SharedWith(other) => {
                        let message = format!(
                            "the same bytes came for `{other}`, so it may be a placeholder"
                        );
                        join_messages([what, Some(message)])
                    }
                    Verdict::Placeholder(other) => {
                        let message = format!(
                            "the same bytes came for `{other}`: a placeholder, not the item"
                        );
                        return wrong(Error::new(Kind::Blocked, message), body).await;
                    }
                }
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

    /// Names a verified file, in its turn.
    pub(super) async fn commit(
        &self,
        mut job: Job,
        content: Content,
        place: Place,
        verified: Verified,
    ) -> Result<Outcome> {
        self.rename(&mut job, &content);
        self.placeholder_check.wait(job.turn.comes()).await;
        let Verified {
            body,
            len,
            seen,
            digest,
            warning,
        } = verified;
        let named = job.planned.ext.as_deref();
        let ext = if job.planned.fixed_ext {
            job.planned.ext.clone()
        } else {
            extension(&seen, content.content_type.as_deref(), named)
        };
        let modified = match self.mtime {
            Mtime::Date => job
                .item
                .meta
                .date
                .map(SystemTime::from)
                .filter(is_plausible),
            Mtime::Server | Mtime::Now => None,
        };
        let server = || content.representation.modified_leniently();
        let modified = modified.or_else(|| server().filter(|_| self.mtime != Mtime::Now));
        let record = Record {
            size: len,
            naming: job.naming(),
            ..record(&job.item, &content, seen)
        };
        let (archive, disk) = (self.archive.clone(), self.disk.clone());
        let duplicates = self.duplicates;
        // Without an archive, every file is unknown; and an older version of this one may have the name.
        let tells_of_stranger = self.digest.is_some() && !job.reuses_name && job.known.is_none();
        let identity = Identity {
            source: job.item.source.clone(),
            key: job.item.key.clone(),
        };
        let commit = move || {
            let planned = &job.planned;
            let record = Record {
                digest: digest.of(&body),
                ..record
            };
            let commit = Commit {
                archive: &*archive,
                place,
                identity,
                origin: job.origin,
                planned,
                reuses_name: job.reuses_name,
                ext,
                record,
                modified,
                duplicates,
                disk,
                tells_of_stranger,
            };
            let named = commit.run(body);
            // Only now that this one is recorded may the next in turn look for its name.
            drop(job.turn);
            named
        };
        // A large file is synced first.
        let named = match len >= MIN_RESUMABLE {
            true => slowly(commit).await?,
            // Over TLS the thread is no help.
            false if content.over_tls => quickly(commit).await?,
            false => self.committer.commit(len, commit).await?,
        };
        let (named, noted) = named;
        let record_warning = self.record_warning(noted);
        Ok(match named {
            Named::New {
                path,
                stranger,
                unsafe_name,
            } => {
                let unsafe_name = unsafe_name.map(|error| {
                    [vec![error.message.clone()], error.causes()]
                        .concat()
                        .join(": ")
                });
                let stranger = stranger.map(|name| {
                    format!(
                        "`{name}` exists and is not in the archive; `fetch archive adopt` adds complete files"
                    )
                });
                Outcome::Saved {
                    path,
                    size: len,
                    warning: join_messages([warning, stranger, unsafe_name, record_warning]),
                }
            }
            Named::There(path) => Outcome::Skipped {
                reason: Skip::Duplicate,
                path,
                warning: record_warning,
            },
        })
    }
}

impl Mover {
    /// Takes the name that the server gave, if the item has none but that of its URL.
    fn rename(&self, job: &mut Job, content: &Content) {
        let meta = &job.item.meta;
        if job.reuses_name || meta.album.is_some() || meta.title.is_some() {
            return;
        }
        let Some(name) = &content.name else {
            return;
        };
        let (stem, ext) = split(name);
        let mut item = Item::clone(&job.item);
        item.meta.name = Some(stem.to_owned());
        item.meta.ext = ext.or(item.meta.ext);
        // The partial file is already in the planned folder, so the name may change and the folder may not.
        if let Ok(planned) = wanted::plan(job.options.as_deref(), &self.templates, &item)
            && planned.folder == job.planned.folder
        {
            job.turn = self.turns.next(plan::wanted_name(&planned));
            job.planned = planned;
        }
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
fn join_messages<const N: usize>(messages: [Option<String>; N]) -> Option<String> {
    let all: Vec<_> = messages.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What is known of an item and is to be recorded.
pub(super) fn record(item: &Item, content: &Content, seen: Sniff) -> Record {
    let representation = &content.representation;
    let etag = representation.strong_etag();
    let etag = etag
        .filter(|etag| etag.len() <= MAX_RECORDED)
        .map(str::to_owned);
    let modified = || Timestamp::try_from(representation.modified()?).ok();
    let stated = || essence(content.content_type.as_deref()?);
    Record {
        validator: etag
            .map(Validator::Etag)
            .or_else(|| modified().map(Validator::Modified)),
        media: seen.media_type.or_else(stated),
        published: item.meta.date,
        ..Record::default()
    }
}

/// The media type of a Content-Type, without its parameters.
fn essence(content_type: &str) -> Option<Cow<'static, str>> {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or(content_type)
        .trim();
    (1..=MAX_RECORDED)
        .contains(&essence.len())
        .then(|| essence.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_known_with_and_without_parameters() {
        let table = [
            ("Text/Plain", Some("text/plain")),
            ("text/html ; charset=utf-8", Some("text/html")),
            ("; charset=utf-8", None),
            ("", None),
        ];
        for (content_type, expected) in table {
            assert_eq!(essence(content_type).as_deref(), expected, "{content_type}");
        }
    }
}
