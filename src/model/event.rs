//! Events for the reporters. Their JSON form is the output of `-j`.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Document, Failure};

/// Something that happened in a run. URLs in it are already safe to show: without passwords and signatures.
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
        /// The source's key for it.
        key: String,
        /// Its title, or else a name, for people.
        title: String,
        /// The URL of its bytes, if already known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// The same URL as it is requested, for `-g` alone: it may contain a signature, so it is never serialised.
        #[serde(skip)]
        raw_url: Option<Url>,
        /// The page it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<String>,
        /// The planned path, relative to the output root; the extension may change with the bytes. For an item that is
        /// already known, the path of its file.
        path: String,
        /// The length in bytes, if the listing has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// The transfer of an item begins.
    Began {
        /// The item.
        id: u64,
        /// The length in bytes that the server promised.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// How many bytes were already there from an earlier attempt.
        have: u64,
    },
    /// Progress of a transfer. Sent at most a few times a second.
    Moved {
        /// The item.
        id: u64,
        /// How many bytes are there now, `have` included.
        bytes: u64,
    },
    /// An item has ended.
    Ended {
        /// The item.
        id: u64,
        /// How it ended.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// A link has been listed to its end, or as far as possible.
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
    /// A listing has not changed since it was last listed, and its items are known and there.
    Unchanged {
        /// The link.
        link: String,
        /// How many items it has.
        items: u64,
    },
    /// A link is listed from where a previous run stopped, not from its start.
    Resumed {
        /// The link.
        link: String,
        /// How many items come before that place.
        items: u64,
        /// How long ago the previous run stopped, in seconds.
        ago: u64,
    },
    /// A step that follows an item, or the run, failed. Saved files stay.
    Missed {
        /// The item, if the step was for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// The step: `metadata`, `info`, `zip`, `cbz`, `exec`, `exec-after`.
        what: String,
        /// The path of the item, relative to the output root.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        path: String,
        /// Why it failed.
        failure: Failure,
    },
    /// The files of an album were packed.
    Packed {
        /// The path of the ZIP or CBZ, relative to the output root.
        path: String,
        /// How many files are in it.
        files: u64,
        /// Its length in bytes.
        size: u64,
    },
    /// A line that is not an event of its own: printed by a command of the user's, or about an item.
    Said {
        /// The item, if the line is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// A line.
        text: String,
    },
    /// How a source proceeds with a link, for debugging.
    Noted {
        /// The source.
        source: String,
        /// A line.
        text: String,
    },
    /// A problem that a source reports for the user to fix.
    Warned {
        /// The source.
        source: String,
        /// A line.
        text: String,
    },
    /// More items were listed but not chosen.
    LeftOut {
        /// How many.
        items: u64,
        /// If none was chosen, the fields that a filter uses and no item has.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lacking: Vec<String>,
    },
    /// Every link has been listed: no more items will be found.
    Complete,
    /// A transfer or a whole host waits before it continues.
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
    /// The file is saved, complete and verified.
    Saved {
        /// Its path, relative to the output root.
        path: String,
        /// Its length in bytes.
        size: u64,
        /// A claim of the listing that the bytes did not confirm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// It was not downloaded, and need not be.
    Skipped {
        /// Why not.
        reason: Skip,
        /// The path of its file.
        path: String,
        /// Why the server could not be asked whether it has changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// It is not a file: the items it leads to come in its place.
    Document {
        /// What it is.
        document: Document,
    },
    /// It was not saved.
    Failed(Failure),
}

/// Why an item need not be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Skip {
    /// The archive knows it, and its file is there.
    Present,
    /// The archive knows it, and its file is only in the pack of its album.
    Packed,
    /// The archive knows it; its file may be gone.
    Seen,
    /// Its site said in a previous run that it does not exist, or no longer.
    Gone,
    /// Its bytes were downloaded, and are already there as another item's file.
    Duplicate,
    /// Its file was already there, and is now in the archive.
    Adopted,
    /// Its file was not there to be adopted.
    Absent,
    /// The same item came earlier in this run.
    Again,
    /// Nothing is downloaded in this run.
    Simulated,
}
