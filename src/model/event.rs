//! One thing that happened, for whoever reports it. Its JSON form is the output of `-j`.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Document, Failure};

/// One thing that happened in a run. URLs in it are already fit to be shown: without passwords and signatures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A source emitted an item, and it is wanted.
    Found {
        /// The item's number in this run, from 1.
        id: u64,
        /// The source that emitted it.
        source: String,
        /// The source's key of it.
        key: String,
        /// Title, or else a name, for people.
        title: String,
        /// Where its bytes are, if known already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// The same URL as it is asked for, for `-g` alone: it may hold a signature, so it is never serialised.
        #[serde(skip)]
        raw_url: Option<Url>,
        /// The page it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<String>,
        /// The path that was planned, relative to the output root; the extension may change with the bytes. Of what is known,
        /// where it is.
        path: String,
        /// The length in bytes, if the listing tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// Its bytes are about to move.
    Began {
        /// The item.
        id: u64,
        /// The length in bytes that the server promised.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// How many bytes were there already from an earlier attempt.
        have: u64,
    },
    /// So many bytes are there now, `have` included. Sent a few times a second at the most.
    Moved {
        /// The item.
        id: u64,
        /// Bytes so far.
        bytes: u64,
    },
    /// An item is done with.
    Ended {
        /// The item.
        id: u64,
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// A link has been listed to its end, or as far as it went.
    Listed {
        /// The link.
        link: String,
        /// The source that listed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// How many items it emitted itself.
        items: u64,
        /// Why it stopped early.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A listing has not changed since it was listed before, and its items are known and there.
    Unchanged {
        /// The link.
        link: String,
        /// How many they are.
        items: u64,
    },
    /// A link is listed from where an earlier run stopped, not from its start.
    Resumed {
        /// The link.
        link: String,
        /// How many items stand before that place.
        items: u64,
        /// How long ago that was, in seconds.
        ago: u64,
    },
    /// What was to follow an item, or the run, did not come about. What was saved stays.
    Missed {
        /// The item, if it was for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// What it was: `metadata`, `info`, `zip`, `cbz`, `exec`, `exec-after`.
        what: String,
        /// The path of the item, relative to the output root.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        path: String,
        /// Why.
        failure: Failure,
    },
    /// The files of an album were packed.
    Packed {
        /// The path of what they were packed into, relative to the output root.
        path: String,
        /// How many they are.
        files: u64,
        /// Its length in bytes.
        size: u64,
    },
    /// Something was said that is no event of its own: by a command of the user's, or of an item.
    Said {
        /// The item that it was for, if it was for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// A line.
        text: String,
    },
    /// A source told how it goes on with a link, for whoever looks into that.
    Noted {
        /// The source.
        source: String,
        /// A line.
        text: String,
    },
    /// A source told of something that should be known and mended.
    Warned {
        /// The source.
        source: String,
        /// A line.
        text: String,
    },
    /// So many more items were listed and are not among those that were chosen.
    LeftOut {
        /// How many.
        items: u64,
        /// The fields that a filter asks for and none of them has, where nothing was chosen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lacking: Vec<String>,
    },
    /// Every link has been listed: no more items will be found.
    Complete,
    /// A transfer or a whole host waits before it goes on.
    Waiting {
        /// The item, if only one waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// The host.
        host: String,
        /// For how long, in milliseconds.
        millis: u64,
        /// Why.
        reason: String,
    },
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is there, whole and proven.
    Saved {
        /// Its path, relative to the output root.
        path: String,
        /// Its length in bytes.
        size: u64,
        /// What the listing said and the bytes did not bear out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// It was not fetched, and need not be.
    Skipped {
        /// Why not.
        reason: Skip,
        /// Where it is.
        path: String,
        /// Why the server could not be asked whether it has changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// It is no file: what it leads to comes in its place.
    Document {
        /// What it is.
        document: Document,
    },
    /// It is not there.
    Failed(Failure),
}

/// Why an item need not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Skip {
    /// The archive knows it, and its file is there.
    Present,
    /// The archive knows it, and its file is packed with its album instead of being there by itself.
    Packed,
    /// The archive knows it; its file may have gone since.
    Seen,
    /// Its site said in an earlier run that there is no such thing, or no longer.
    Gone,
    /// Its bytes came, and are there already as another item's file.
    Duplicate,
    /// Its file was there already, and is known from now on.
    Adopted,
    /// Its file was not there to be adopted.
    Absent,
    /// The same item came earlier in this run.
    Again,
    /// Nothing is fetched in this run.
    Simulated,
}
