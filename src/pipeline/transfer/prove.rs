//! Verifies complete downloads, and hands them over to be named.

use std::borrow::Cow;
use std::time::SystemTime;

use jiff::Timestamp;

use super::agreement::{Agreement, agreement};
use super::answer::is_believed;
use super::check;
use super::coding;
use super::commit::{Commit, Named};
use super::content::{Content, WORTH};
use super::cuts::{self, Cuts};
use super::digest::{Digesting, Hasher, etag_md5};
use super::setback::Setback;
use super::whole::{Whole, hash, throw_away};
use super::{Job, Mover};
use crate::model::{Error, Expect, Item, Kind, Outcome, Result, Skip};
use crate::pipeline::archive::{Identity, Record, Sum, Validator};
use crate::pipeline::naming::{Sniff, extension, listed_name, sniff, split};
use crate::pipeline::sink::{Partial, Place, quickly, slowly};
use crate::pipeline::structure::Structure;
use crate::pipeline::suspects::{Sign, Verdict};
use crate::pipeline::verify::is_volume;
use crate::pipeline::{Mtime, plan, wanted};

/// The longest ETag or media type that is recorded.
const LONGEST: usize = 200;

/// A complete and verified download.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) whole: Whole,
    pub(super) len: u64,
    pub(super) seen: Sniff,
    pub(super) digest: Digesting,
    warning: Option<String>,
}

impl Proven {
    /// Adds a warning if this stands in for a version that was not available.
    pub(super) fn instead_of(self, lost: Option<Error>) -> Proven {
        let lost = lost.map(|error| {
            format!(
                "a smaller version, because the full one is not available: {}",
                error.message
            )
        });
        Proven {
            warning: all([lost, self.warning]),
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
    ) -> Result<Proven> {
        let seen = sniff(head);
        let whole = Whole::File(partial);
        if let Some(error) = check::first_look(expect, None, &seen, None, Some(len)) {
            throw_away(whole).await?;
            return Err(error);
        }
        Ok(Proven {
            whole,
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
    pub(super) async fn prove(
        &self,
        job: &Job,
        expect: &Expect,
        content: &mut Content,
        cuts: &mut Cuts,
    ) -> Result<Proven, Setback> {
        if let Some(unnamed) = &job.unnamed {
            return Err(Setback::GiveUp(unnamed.again()));
        }
        coding::take_off(content).await?;
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
        check::wanted(&mut hasher, expect, &content.promised, etag.as_deref(), len);
        if matches!(agreement, Agreement::Unproven(_)) {
            hasher.want_blake3();
        }
        let whole = content.finish().await?;
        let digest = content.digest(&whole);
        // One volume of several has its end elsewhere.
        let has_end = !name.as_deref().is_some_and(is_volume);
        let is_shown = is_shown(expect, content, len);
        let (whole, form) = match has_end && !is_shown {
            true => cuts::form(whole, &seen).await?,
            false => (whole, Structure::Unknown),
        };
        if form.is_cut() {
            hasher.want_blake3();
        }
        let (whole, hashed) = hash(hasher, digest, whole).await?;
        let wrong = |error: Error, whole: Whole| async move {
            throw_away(whole).await?;
            Err(match error.kind {
                Kind::Corrupt => Setback::Restart(error),
                _ => Setback::GiveUp(error),
            })
        };
        if let Err(error) = check::whole(expect, &content.promised, etag.as_deref(), len, &hashed) {
            content.restart().await?;
            return wrong(error, whole).await;
        }
        let unshown = match is_shown {
            true => None,
            false => match cuts.judge(form, hashed.blake3) {
                Ok(said) => said,
                Err(cut) => {
                    content.restart().await?;
                    throw_away(whole).await?;
                    return Err(Setback::Again(cut));
                }
            },
        };
        let warning = match agreement {
            Agreement::Agrees => None,
            Agreement::AgreesBut(what) => Some(what),
            Agreement::Contradicts(what) => {
                let message = format!("it is not what the listing describes: {what}");
                return wrong(Error::new(Kind::Blocked, message), whole).await;
            }
            Agreement::Unproven(what) => {
                let digest = hashed.blake3.unwrap_or_default();
                let source = job.item.source.clone();
                let here = &content.representation;
                let modified = here.last_modified.as_deref();
                let modified = modified.filter(|_| here.date_is_strong);
                let sign = Sign { source, digest };
                let judged = self.suspects.judge(sign, &job.item.key, modified);
                match self.unless_ending(judged).await? {
                    Verdict::Clear => what,
                    Verdict::Alike(other) => {
                        let message = format!(
                            "the same bytes came for `{other}`, so it may be a placeholder"
                        );
                        all([what, Some(message)])
                    }
                    Verdict::Placeholder(other) => {
                        let message = format!(
                            "the same bytes came for `{other}`: a placeholder, not the item"
                        );
                        return wrong(Error::new(Kind::Blocked, message), whole).await;
                    }
                }
            }
        };
        Ok(Proven {
            whole,
            len,
            seen,
            digest: hashed.sum,
            warning: all([warning, unshown]),
        })
    }

    /// Names a verified file, in its turn.
    pub(super) async fn commit(
        &self,
        mut job: Job,
        content: Content,
        place: Place,
        proven: Proven,
    ) -> Result<Outcome> {
        self.rename(&mut job, &content);
        self.suspects.idle(job.turn.comes()).await;
        let Proven {
            whole,
            len,
            seen,
            digest,
            warning,
        } = proven;
        let named = job.planned.ext.as_deref();
        let ext = if job.planned.fixed_ext {
            job.planned.ext.clone()
        } else {
            extension(&seen, content.content_type.as_deref(), named)
        };
        let modified = match self.mtime {
            Mtime::Date => job.item.meta.date.map(SystemTime::from).filter(is_believed),
            Mtime::Server | Mtime::Now => None,
        };
        let server = || content.representation.dated();
        let modified = modified.or_else(|| server().filter(|_| self.mtime != Mtime::Now));
        let record = Record {
            size: len,
            naming: job.naming(),
            ..record(&job.item, &content, seen)
        };
        let (archive, disk) = (self.archive.clone(), self.disk.clone());
        let duplicates = self.duplicates;
        // Without an archive, every file is unknown; and an older version of this one may have the name.
        let tells_of_stranger = self.digest.is_some() && !job.again && job.known.is_none();
        let identity = Identity {
            source: job.item.source.clone(),
            key: job.item.key.clone(),
        };
        let commit = move || {
            let planned = &job.planned;
            let record = Record {
                digest: digest.of(&whole),
                ..record
            };
            let commit = Commit {
                archive: &*archive,
                place,
                identity,
                origin: job.origin,
                planned,
                again: job.again,
                ext,
                record,
                modified,
                duplicates,
                disk,
                tells_of_stranger,
            };
            let named = commit.run(whole);
            // Only now that this one is recorded may the next in turn look for its name.
            drop(job.turn);
            named
        };
        // A large file is synced first.
        let named = match len >= WORTH {
            true => slowly(commit).await?,
            // Over TLS the thread is no help.
            false if content.over_tls => quickly(commit).await?,
            false => self.committer.commit(len, commit).await?,
        };
        let (named, noted) = named;
        let unnoted = self.unnoted(noted);
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
                    warning: all([warning, stranger, unsafe_name, unnoted]),
                }
            }
            Named::There(path) => Outcome::Skipped {
                reason: Skip::Duplicate,
                path,
                warning: unnoted,
            },
        })
    }
}

impl Mover {
    /// Takes the name that the server gave, if the item has none but that of its URL.
    fn rename(&self, job: &mut Job, content: &Content) {
        let meta = &job.item.meta;
        if job.again || meta.album.is_some() || meta.title.is_some() {
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
fn all<const N: usize>(said: [Option<String>; N]) -> Option<String> {
    let all: Vec<_> = said.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What is known of an item and is to be recorded.
pub(super) fn record(item: &Item, content: &Content, seen: Sniff) -> Record {
    let representation = &content.representation;
    let etag = representation.strong_etag();
    let etag = etag.filter(|etag| etag.len() <= LONGEST).map(str::to_owned);
    let modified = || Timestamp::try_from(representation.modified()?).ok();
    let told = || essence(content.content_type.as_deref()?);
    Record {
        validator: etag
            .map(Validator::Etag)
            .or_else(|| modified().map(Validator::Modified)),
        media: seen.media_type.or_else(told),
        published: item.meta.date,
        ..Record::default()
    }
}

/// The media type of a Content-Type, without its parameters.
fn essence(told: &str) -> Option<Cow<'static, str>> {
    let essence = told.split(';').next().unwrap_or(told).trim();
    (1..=LONGEST)
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
        for (told, expected) in table {
            assert_eq!(essence(told).as_deref(), expected, "{told}");
        }
    }
}
