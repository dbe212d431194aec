//! Hands verified files over to be named and recorded.

use std::borrow::Cow;
use std::time::SystemTime;

use jiff::Timestamp;

use super::commit::{Commit, Named};
use super::content::{Content, MIN_RESUMABLE};
use super::response_head::is_plausible;
use super::verified::{Verified, join_messages};
use super::{Job, Mover};
use crate::model::{Item, Outcome, Result, Skip};
use crate::pipeline::archive::{Identity, Record, Validator};
use crate::pipeline::naming::{Sniff, extension, split};
use crate::pipeline::sink::{Place, quickly, slowly};
use crate::pipeline::{Mtime, plan, wanted};

/// The longest ETag or media type that is recorded.
const MAX_RECORDED: usize = 200;

impl Mover {
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
        let ext = final_ext(&job, &content, &seen);
        let modified = self.modified(&job.item, &content);
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
        let (named, noted) = match len >= MIN_RESUMABLE {
            true => slowly(commit).await?,
            // Over TLS the thread is no help.
            false if content.over_tls => quickly(commit).await?,
            false => self.committer.commit(len, commit).await?,
        };
        Ok(outcome_of(named, len, warning, self.record_warning(noted)))
    }

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

    /// The time that the file is to have, if it is not that of the download.
    fn modified(&self, item: &Item, content: &Content) -> Option<SystemTime> {
        let published = match self.mtime {
            Mtime::Date => item.meta.date.map(SystemTime::from).filter(is_plausible),
            Mtime::Server | Mtime::Now => None,
        };
        let server = || content.representation.modified_leniently();
        published.or_else(|| server().filter(|_| self.mtime != Mtime::Now))
    }
}

/// The extension that the file is to have.
fn final_ext(job: &Job, content: &Content, seen: &Sniff) -> Option<String> {
    match job.planned.fixed_ext {
        true => job.planned.ext.clone(),
        false => extension(
            seen,
            content.content_type.as_deref(),
            job.planned.ext.as_deref(),
        ),
    }
}

/// The outcome for a verified file that is named now, with the warning about its bytes and the one about its record.
fn outcome_of(
    named: Named,
    len: u64,
    warning: Option<String>,
    record_warning: Option<String>,
) -> Outcome {
    match named {
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
    }
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
    fn media_types_are_parsed_with_and_without_parameters() {
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
