//! The calls that a VM can make to its listing: its only access to the outside world.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot;
use url::Url;

use crate::model::{Body, Entry, Result};
use crate::net::NamedBy;
use crate::source::Answer;

/// A call from the VM, with the channel for its reply.
#[derive(Debug)]
pub(super) enum Call {
    /// Request these URLs, a few at once; the responses come in the same order.
    Request(Vec<ScriptRequest>, oneshot::Sender<Result<Vec<Answer>>>),
    /// Emit these entries, already checked, each with who named its address.
    Emit(Vec<(Entry, NamedBy)>, oneshot::Sender<Result<()>>),
    /// The script has ended, with the body and who named its address if one was requested.
    Ended(Result<Option<Box<(Body, NamedBy)>>>),
}

/// Checks whether an entry is only a message to the user.
pub(super) fn is_talk(entry: &Entry) -> bool {
    matches!(entry, Entry::Note(_) | Entry::Warning(_))
}

/// A request.
#[derive(Debug)]
pub(super) struct ScriptRequest {
    pub(super) url: Url,
    pub(super) headers: BTreeMap<String, String>,
    /// The name of the secret to send.
    pub(super) secret: Option<String>,
    /// The body, for a POST.
    pub(super) body: Option<Posted>,
}

/// The body of a POST.
#[derive(Debug)]
pub(super) struct Posted {
    /// Its content type.
    pub(super) medium: &'static str,
    pub(super) bytes: Bytes,
}

impl Posted {
    /// Returns an empty body.
    pub(super) fn nothing() -> Posted {
        Posted {
            medium: "application/octet-stream",
            bytes: Bytes::new(),
        }
    }
}
