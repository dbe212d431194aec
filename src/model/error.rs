//! The one error type. Its kind decides what the engine does next; its text is for people.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

/// What the library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the one respect that decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Asked wrongly: a flag, a configuration key, a template.
    Config,
    /// No source knows this link, or the source cannot do this.
    Unsupported,
    /// The site wants a login or a key.
    Login,
    /// The site says that it is not there, or no longer.
    Missing,
    /// The URL worked before, or carries an end of validity; resolving anew may help.
    Expired,
    /// The site refuses us: region, address, ban.
    Blocked,
    /// The site asks us to slow down.
    Busy,
    /// The network or the server failed; trying again may help.
    Network,
    /// What is there now is not what was there when we began.
    Changed,
    /// What came is not what was promised.
    Corrupt,
    /// The local disk refused: full, no permission, in use.
    Disk,
    /// Nobody wants more: a limit was reached or the user interrupted. Not a failure.
    Closed,
}

impl Kind {
    /// The word used in summaries and in JSON.
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
        // Serde knows them all. `closed` is no failure.
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

/// An error: what failed, why, and a way out.
///
/// The message is lower case, has no full stop, and names things in backticks. It holds no secret: URLs enter it
/// through [`crate::net::Shown`].
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
    /// What it is about, as it may be shown, where that was to be a link and is none.
    pub link: Option<String>,
    /// What caused it.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of this kind.
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

    /// The same error for somebody else, with its causes as text.
    pub(crate) fn again(&self) -> Error {
        Error {
            kind: self.kind,
            message: self.message.clone(),
            hint: self.hint.clone(),
            retry_after: self.retry_after,
            link: self.link.clone(),
            source: self.source.as_ref().map(|cause| cause.to_string().into()),
        }
    }

    /// Adds a way out, shown after `hint:`.
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

    /// The error of an outlet or a channel whose other end is gone.
    pub fn closed() -> Self {
        Error::new(Kind::Closed, "nobody wants more")
    }

    /// The texts of the causes, outermost first, without repeats.
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

/// An error as it is reported: plain data, with the causes as text.
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
    /// How many times it was tried.
    pub attempts: u32,
}

/// So many letters of a message, and of each cause, are said. There are servers in them, which may say anything.
const SAID: usize = 4000;

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SAID) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Failure {
    /// The reportable form of an error that came after so many attempts.
    pub fn new(error: &Error, attempts: u32) -> Self {
        Failure {
            kind: error.kind,
            message: cut(error.message.clone()),
            causes: error.causes().into_iter().map(cut).collect(),
            hint: error.hint.clone(),
            attempts,
        }
    }

    /// The same as an error again. Its causes are texts by now.
    pub fn error(self) -> Error {
        let causes = self.causes.into_iter().rev();
        let source = causes.fold(None, |next, text| Some(Box::new(Cause(text, next))));
        Error {
            hint: self.hint,
            source: source.map(|cause| cause as _),
            ..Error::new(self.kind, self.message)
        }
    }
}

/// A cause of which the text is left, with its own.
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
    fn no_more_is_said_than_anybody_reads() {
        let long = "ü".repeat(250_000);
        let error = Error::new(Kind::Network, long.clone()).because(Cause(long, None));
        let failure = Failure::new(&error, 1);
        for text in [&failure.message, &failure.causes[0]] {
            assert_eq!(text.chars().count(), SAID + 1);
            assert!(text.ends_with("ü…"));
        }
        let short = Error::new(Kind::Network, "x".repeat(SAID));
        assert_eq!(Failure::new(&short, 1).message, short.message);
    }
}
