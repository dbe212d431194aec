//! What is known of items. Plain data.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::Sum;
use crate::model::{Failure, Kind, Link, Meta};
use crate::net::{NamedBy, Redacted};
use crate::source::Source;

/// The identity of an item: its source, and the source's key for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name of the source.
    pub source: String,
    /// The source's name for the item.
    pub key: String,
}

/// What is known of a saved item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its path below the output directory, with `/` between names.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Option<Sum>,
    /// What shows the server whether it has changed.
    pub validator: Option<Validator>,
    /// Its media type, from its first bytes or else from the server.
    pub media: Option<Cow<'static, str>>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Whether the file at that path was saved for another item with the same bytes.
    pub shared: bool,
    /// The link's own options that named the path, as JSON: an empty object if there were none; `None` if unknown.
    /// Recording `None` leaves the stored value unchanged.
    pub naming: Option<String>,
}

/// What shows a server whether something has changed (RFC 9110 §8.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validator {
    /// A strong ETag, with its quotes.
    Etag(String),
    /// A Last-Modified date.
    Modified(Timestamp),
}

/// What shows whether a saved file has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Version {
    /// Its length in bytes.
    pub(in crate::pipeline) size: u64,
    /// What shows the server; without it, only the bytes themselves can tell.
    pub(in crate::pipeline) validator: Option<Validator>,
    /// The digest of its bytes.
    pub(in crate::pipeline) digest: Option<Sum>,
}

/// How the last attempt at an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemStatus {
    /// It was saved.
    Saved,
    /// It failed.
    Failed,
    /// The site says that the item does not exist, or no longer does.
    Gone,
    /// It was downloaded by another program. Where its file is, is unknown.
    Imported,
}

/// The failure of an item that its link no longer lists when it is retried.
pub(in crate::pipeline) const UNLISTED: &str = "its link does not list it any more";

/// Why an item failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFailure {
    /// The kind of the failure, as a word: a later version may have others.
    pub reason: Cow<'static, str>,
    /// The error message.
    pub message: String,
    /// The number of attempts.
    pub attempts: u32,
    /// Its number in the run, which orders failures as they were listed.
    pub number: u64,
    /// The item as JSON, without secrets, so that a retry need not list again.
    pub item: Option<String>,
    /// The options of its link, as JSON, if there were any.
    pub options: Option<String>,
}

impl RecordedFailure {
    /// Converts a failure into what is recorded, without the item.
    pub(in crate::pipeline) fn of(failure: &Failure) -> RecordedFailure {
        RecordedFailure {
            reason: failure.kind.word().into(),
            message: failure.message.clone(),
            attempts: failure.attempts,
            number: 0,
            item: None,
            options: None,
        }
    }

    /// Whether it means that the item does not exist.
    pub(super) fn is_gone(&self) -> bool {
        self.reason == Kind::Missing.word()
    }
}

/// The link that items came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The link in its displayed form.
    pub url: String,
    /// Whether it had secrets, so that it cannot be listed again from this form.
    pub redacted: bool,
    /// Who named it.
    pub named_by: NamedBy,
    /// The source that listed it, if one recognised it.
    pub source: Option<String>,
    /// The hash of that source's settings, or 0.
    pub settings: i64,
    /// What was known before it was listed.
    pub meta: Meta,
}

impl Origin {
    /// Returns the link as an origin whose source is not yet known.
    pub(crate) fn of(link: &Link, named_by: NamedBy) -> Origin {
        let url = Redacted(&link.url).to_string();
        Origin {
            redacted: url != link.url.as_str(),
            url,
            named_by,
            source: None,
            settings: 0,
            meta: link.meta.clone(),
        }
    }

    /// Names the source that lists it.
    pub(crate) fn listed_by(self, source: &dyn Source) -> Origin {
        Origin {
            source: Some(source.manifest().name.clone()),
            settings: source.settings_hash(),
            ..self
        }
    }
}

/// Everything that the archive knows of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number in the archive.
    pub id: i64,
    /// Its identity.
    pub identity: Identity,
    /// The record of the saved file, if it ever was saved.
    pub record: Option<Record>,
    /// When it was saved.
    pub saved: Option<Timestamp>,
    /// How the last attempt ended.
    pub status: ItemStatus,
    /// Why it failed, if it did.
    pub failure: Option<RecordedFailure>,
    /// When it last failed.
    pub failed: Option<Timestamp>,
    /// The link that it came from, in its displayed form.
    pub link: Option<String>,
    /// The run that last recorded it.
    pub run: Option<i64>,
}

/// What is recorded of an item when it ends.
#[derive(Debug)]
pub(in crate::pipeline) struct Note {
    pub(in crate::pipeline) identity: Identity,
    /// Where it came from, unless it is its own link.
    pub(in crate::pipeline) origin: Option<Arc<Origin>>,
    pub(in crate::pipeline) ending: Ending,
}

/// The current state of a saved file that was altered.
#[derive(Debug)]
pub(in crate::pipeline) struct Altered {
    pub(in crate::pipeline) path: String,
    pub(in crate::pipeline) size: u64,
    pub(in crate::pipeline) digest: Sum,
}

/// How an item ends.
#[derive(Debug)]
pub(in crate::pipeline) enum Ending {
    /// Saved, complete and verified.
    Saved(Record),
    /// Failed.
    Failed(RecordedFailure),
    /// Unchanged on its server. Carries the validator to use from now on, if it is a different one.
    Unchanged(Option<Validator>),
    /// Not a file: a document came, and what it leads to is recorded separately.
    Document,
    /// A command of the user's has changed the saved file.
    Altered(Altered),
}
