//! What is known of items. Plain data.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::Sum;
use crate::model::{Failure, Kind, Link, Meta};
use crate::net::{Led, Shown};

/// The identity of an item: its source and the source's key of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name of the source.
    pub source: String,
    /// What the site calls the item.
    pub key: String,
}

/// What is known of an item that was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its path below the output root, with `/` between names.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Option<Sum>,
    /// By what the server can tell whether it has changed.
    pub validator: Option<Validator>,
    /// Its media type, as its first bytes or else the server say.
    pub media: Option<Cow<'static, str>>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// The file at that path was saved for another item, and has the same bytes.
    pub shared: bool,
    /// What held for its link alone and has named the path, as JSON: an empty object if nothing did; none if that is not
    /// known. Noted as none, it stays as it was.
    pub naming: Option<String>,
}

/// By what a server can tell whether something has changed (RFC 9110 §8.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validator {
    /// A strong ETag, with its quotes.
    Etag(String),
    /// Last-Modified.
    Modified(Timestamp),
}

/// By what can be told whether something that was saved has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Version {
    /// Its length in bytes.
    pub(in crate::pipeline) size: u64,
    /// By what the server can tell; without it, only the bytes themselves do.
    pub(in crate::pipeline) validator: Option<Validator>,
    /// The digest of its bytes.
    pub(in crate::pipeline) digest: Option<Sum>,
}

/// How an item ended when it was last asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It was saved.
    Saved,
    /// It could not be had.
    Failed,
    /// The site says that there is no such thing, or no longer.
    Gone,
    /// Another program has had it. Where its file is, nobody knows.
    Imported,
}

/// What is said of an item that its link does not list when it is asked for again.
pub(in crate::pipeline) const UNLISTED: &str = "its link does not list it any more";

/// Why an item could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// The kind of the failure, as a word: a later version may know others.
    pub reason: Cow<'static, str>,
    /// What failed.
    pub message: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// Its number in the run, by which failures stand in the order of their listing.
    pub number: u64,
    /// The item as JSON, without secrets, so that a retry need not list again.
    pub item: Option<String>,
    /// What held for its link alone, as JSON, if anything did.
    pub options: Option<String>,
}

impl Lapse {
    /// A failure as it is remembered, without what failed.
    pub(in crate::pipeline) fn of(failure: &Failure) -> Lapse {
        Lapse {
            reason: failure.kind.word().into(),
            message: failure.message.clone(),
            attempts: failure.attempts,
            number: 0,
            item: None,
            options: None,
        }
    }

    /// Whether it means that there is no such thing.
    pub(super) fn is_gone(&self) -> bool {
        self.reason == Kind::Missing.word()
    }
}

/// The link that items came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The link as it may be shown.
    pub url: String,
    /// Whether it had secrets, so that it cannot be listed again as it is here.
    pub redacted: bool,
    /// Who named it.
    pub led: Led,
    /// The source that listed it, if one knew it.
    pub source: Option<String>,
    /// What was known before it was listed.
    pub meta: Meta,
}

impl Origin {
    /// The link as an origin, of which no source is known yet.
    pub(crate) fn of(link: &Link, led: Led) -> Origin {
        let url = Shown(&link.url).to_string();
        Origin {
            redacted: url != link.url.as_str(),
            url,
            led,
            source: None,
            meta: link.meta.clone(),
        }
    }
}

/// All that the archive knows of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number in the archive.
    pub id: i64,
    /// Whose it is.
    pub identity: Identity,
    /// What was saved, if it ever was.
    pub record: Option<Record>,
    /// When it was saved.
    pub saved: Option<Timestamp>,
    /// How it ended when it was last asked for.
    pub standing: Standing,
    /// Why it could not be had, if it could not.
    pub lapse: Option<Lapse>,
    /// When it last could not be had.
    pub failed: Option<Timestamp>,
    /// The link that it came from, as it may be shown.
    pub link: Option<String>,
    /// The run that noted it last.
    pub run: Option<i64>,
}

/// What is noted of an item as it ends.
#[derive(Debug)]
pub(in crate::pipeline) struct Note {
    pub(in crate::pipeline) identity: Identity,
    /// Where it came from, unless it is its own link.
    pub(in crate::pipeline) origin: Option<Arc<Origin>>,
    pub(in crate::pipeline) ending: Ending,
}

/// A saved file as it is by now.
#[derive(Debug)]
pub(in crate::pipeline) struct Altered {
    pub(in crate::pipeline) path: String,
    pub(in crate::pipeline) size: u64,
    pub(in crate::pipeline) digest: Sum,
}

/// How an item ends.
#[derive(Debug)]
pub(in crate::pipeline) enum Ending {
    /// It is there, whole and proven.
    Saved(Record),
    /// It could not be had.
    Failed(Lapse),
    /// Its server has it as it was saved. By what that can be told from now on, if it is something else.
    Unchanged(Option<Validator>),
    /// It is none: a document came, and what that leads to is told for itself.
    Document,
    /// A command of the user's has changed what was saved of it.
    Altered(Altered),
}
