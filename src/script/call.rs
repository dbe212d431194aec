//! What a VM can ask its listing for. It has nothing else of the world.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot;
use url::Url;

use crate::model::{Body, Entry, Result};
use crate::net::Led;
use crate::source::Answer;

/// A call from the VM, with where the answer goes.
#[derive(Debug)]
pub(super) enum Call {
    /// Ask for these URLs, a few at once; the answers come in their order.
    Ask(Vec<Ask>, oneshot::Sender<Result<Vec<Answer>>>),
    /// Emit these entries, which were checked, each with who named it.
    Emit(Vec<(Entry, Led)>, oneshot::Sender<Result<()>>),
    /// The script has come to its end, with a body and who named it if that was asked for.
    Ended(Result<Option<Box<(Body, Led)>>>),
}

/// Whether an entry is only for whoever reads what is said.
pub(super) fn is_talk(entry: &Entry) -> bool {
    matches!(entry, Entry::Note(_) | Entry::Warning(_))
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) url: Url,
    pub(super) headers: BTreeMap<String, String>,
    /// The name of the secret to send.
    pub(super) secret: Option<String>,
    /// What is posted.
    pub(super) body: Option<Posted>,
}

/// The body of a POST.
#[derive(Debug)]
pub(super) struct Posted {
    /// What it is.
    pub(super) medium: &'static str,
    pub(super) bytes: Bytes,
}

impl Posted {
    /// A body without anything in it.
    pub(super) fn nothing() -> Posted {
        Posted {
            medium: "application/octet-stream",
            bytes: Bytes::new(),
        }
    }
}
