//! What kept a response from arriving, whichever connection was used.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What kept a response, or the rest of it, from arriving.
#[derive(Debug)]
pub(super) struct Fault {
    /// The stage at which it happened.
    pub(super) stage: Stage,
    /// Whether it was a timeout.
    pub(super) is_timeout: bool,
    /// Whether the connection had been used before, if that is known.
    pub(super) was_reused: Option<bool>,
    /// What happened.
    pub(super) cause: Box<dyn Error + Send + Sync>,
}

/// A stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The request could not be made.
    Request,
    /// There was no connection yet.
    Connect,
    /// The request was sent, at least in part.
    Exchange,
}

/// Nothing arrived for this long.
#[derive(Debug)]
struct Silent(Duration);

/// The head of the response was not complete after this long, although some of it may have arrived.
#[derive(Debug)]
struct Unanswered(Duration);

/// The connection ended, without a reason.
#[derive(Debug)]
struct Ended;

impl Fault {
    /// A request that cannot be made.
    pub(super) fn request(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
        Fault::at(Stage::Request, cause.into())
    }

    /// A connection that could not be made.
    pub(super) fn connect(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
        Fault::at(Stage::Connect, cause.into())
    }

    /// A connection that broke.
    pub(super) fn exchange(cause: hyper::Error) -> Fault {
        Fault::at(Stage::Exchange, cause.into())
    }

    /// A connection that ended.
    pub(super) fn ended() -> Fault {
        Fault::at(Stage::Exchange, Ended.into())
    }

    /// A server that has been silent for this long.
    pub(super) fn silent(lasted: Duration) -> Fault {
        Fault::at(Stage::Exchange, Silent(lasted).into()).timed_out()
    }

    /// A server that has not responded for this long.
    pub(super) fn unanswered(waited: Duration) -> Fault {
        Fault::at(Stage::Exchange, Unanswered(waited).into()).timed_out()
    }

    fn at(stage: Stage, cause: Box<dyn Error + Send + Sync>) -> Fault {
        Fault {
            stage,
            is_timeout: false,
            was_reused: None,
            cause,
        }
    }

    /// Marks the fault as a timeout.
    pub(super) fn timed_out(self) -> Fault {
        Fault {
            is_timeout: true,
            ..self
        }
    }

    /// Notes whether the connection had been used before.
    pub(super) fn on_reused_connection(self, was_reused: bool) -> Fault {
        Fault {
            was_reused: Some(was_reused),
            ..self
        }
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Fault {
        let stage = match () {
            () if error.is_builder() => Stage::Request,
            () if error.is_connect() => Stage::Connect,
            () => Stage::Exchange,
        };
        let is_timeout = error.is_timeout();
        // The error would print the URL in full.
        let fault = Fault::at(stage, error.without_url().into());
        Fault {
            is_timeout,
            ..fault
        }
    }
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no data came for {:?}", self.0)
    }
}

impl Error for Silent {}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no response within {:?}", self.0)
    }
}

impl Error for Unanswered {}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server closed the connection")
    }
}

impl Error for Ended {}
