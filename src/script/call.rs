//! What a VM can ask its listing for. It has nothing else of the world.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use url::Url;

use crate::model::{Entry, Error, Result};
use crate::net::Led;
use crate::source::Answer;

/// A call from the VM, with where the answer goes.
#[derive(Debug)]
pub(super) enum Call {
    /// Ask for a URL.
    Get(Get, oneshot::Sender<Result<Answer>>),
    /// Emit these entries, which were checked, each with who named it.
    Emit(Vec<(Entry, Led)>, oneshot::Sender<Result<()>>),
    /// The script has come to its end.
    Ended(Result<(), Error>),
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Get {
    pub(super) url: Url,
    pub(super) headers: BTreeMap<String, String>,
    /// The name of the secret to send.
    pub(super) secret: Option<String>,
}
