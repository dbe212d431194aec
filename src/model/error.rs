//! The error type. Its kind decides what the engine does next; its text is for people.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

/// The result type of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error, which decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Usage error: a flag, a configuration key, a template.
    Config,
    /// No source recognises this link, or the source cannot do this.
    Unsupported,
    /// The site requires a login or a key.
    Login,
    /// The site says that the item does not exist, or no longer.
    Missing,
    /// The URL worked before, or has an expiry time; resolving it anew may help.
    Expired,
    /// The site refuses us: region, address, ban.
    Blocked,
    /// The site asks us to slow down.
    Busy,
    /// The network or the server failed; retrying may help.
    Network,
    /// The content changed during the transfer or listing.
    Changed,
    /// The response is not what was promised.
    Corrupt,
    /// The local disk refused: full, no permission, in use.
    Disk,
    /// Nothing more is wanted: a limit was reached or the user interrupted. Not a failure.
    Closed,
}

impl Kind {
    /// Returns the word used in summaries and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Config => "config",
            Kind::Unsupported => "unsupported",
            Kind::Login => "login",
            Kind::Missing => "missing",
            Kind::Expired => "expired",
            Kind::Blocked => "blocked",
            Kind::Busy => "busy",
            Kind::Network => "network",
            Kind::Changed => "changed",
            Kind::Corrupt => "corrupt",
            Kind::Disk => "disk",
            Kind::Closed => "closed",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(word: &str) -> Result<Kind> {
        // Serde knows all the words. `closed` is not a failure.
        let kind = Kind::deserialize(word.into_deserializer());
        let kind = kind.map_err(|error: serde::de::value::Error| error.to_string());
        match kind {
            Ok(kind) if kind != Kind::Closed => Ok(kind),
            _ => Err(Error::new(Kind::Config, format!("no failure has the reason `{word}`")).hint(
                "the known ones are `config`, `unsupported`, `login`, `missing`, `expired`, `blocked`, `busy`, \
                 `network`, `changed`, `corrupt`, `disk`",
            )),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An error: what failed, why, and what to do about it.
///
/// The message is lower case, has no full stop, and quotes names in backticks. It contains no secret: URLs are formatted
/// with [`crate::net::Redacted`].
#[derive(Debug)]
pub struct Error {
    /// What the engine does next.
    pub kind: Kind,
    /// What failed.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// How long the site asked us to wait.
    pub retry_after: Option<Duration>,
    /// The text that was supposed to be a link and is not, in a form that may be shown.
    pub link: Option<String>,
    /// What caused it.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Creates an error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            hint: None,
            retry_after: None,
            link: None,
            source: None,
        }
    }

    /// Clones the error, with its causes as text.
    pub(crate) fn duplicate(&self) -> Error {
        Error {
            kind: self.kind,
            message: self.message.clone(),
            hint: self.hint.clone(),
            retry_after: self.retry_after,
            link: self.link.clone(),
            source: self.source.as_ref().map(|cause| cause.to_string().into()),
        }
    }

    /// Adds a suggestion, shown after `hint:`.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// Adds the time that the site asked us to wait.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the error of an outlet or a channel whose other end is gone.
    pub fn closed() -> Self {
        Error::new(Kind::Closed, "nothing more is wanted")
    }

    /// Returns the texts of the causes, outermost first, without repeats.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self
            .source
            .as_deref()
            .map(|cause| cause as &dyn std::error::Error);
        while let Some(cause) = next {
            let text = cause.to_string();
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// An error in its reported form: plain data, with the causes as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Why it failed.
    pub kind: Kind,
    /// What failed.
    pub message: String,
    /// The causes, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
}

/// The maximum length of a message, and of each cause, in characters. They may contain text from servers, of any length.
const MAX_TEXT: usize = 4000;

fn truncated(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Failure {
    /// Converts an error, after this many attempts, to its reported form.
    pub fn new(error: &Error, attempts: u32) -> Self {
        Failure {
            kind: error.kind,
            message: truncated(error.message.clone()),
            causes: error.causes().into_iter().map(truncated).collect(),
            hint: error.hint.clone(),
            attempts,
        }
    }

    /// Converts a failure back to an error. Its causes are only text now.
    pub fn into_error(self) -> Error {
        let causes = self.causes.into_iter().rev();
        let source = causes.fold(None, |next, text| Some(Box::new(Cause(text, next))));
        Error {
            hint: self.hint,
            source: source.map(|cause| cause as _),
            ..Error::new(self.kind, self.message)
        }
    }
}

/// A cause of which only the text is left, with its own cause.
#[derive(Debug)]
pub(crate) struct Cause(pub(crate) String, pub(crate) Option<Box<Cause>>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_error_messages_are_truncated() {
        let long = "ü".repeat(250_000);
        let error = Error::new(Kind::Network, long.clone()).because(Cause(long, None));
        let failure = Failure::new(&error, 1);
        for text in [&failure.message, &failure.causes[0]] {
            assert_eq!(text.chars().count(), MAX_TEXT + 1);
            assert!(text.ends_with("ü…"));
        }
        let short = Error::new(Kind::Network, "x".repeat(MAX_TEXT));
        assert_eq!(Failure::new(&short, 1).message, short.message);
    }
}
