//! A complete response.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::{Redacted, kind_of};
use crate::model::{Error, Kind, Result};

/// A complete response to a listing call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The URL it came from, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether only the end of the connection marked the end of the body (RFC 9112 §6.3).
    pub open_end: bool,
}

impl Answer {
    /// Parses the body as JSON, whatever its Content-Type says.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is not JSON, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        super::read_json(&self.body, |json| serde_json::from_slice(json)).map_err(|error| {
            let message = format!(
                "cannot read the response from `{}` as JSON",
                Redacted(&self.url)
            );
            Error::new(Kind::Corrupt, message).because(error)
        })
    }

    /// Returns the response if its status is one of success.
    ///
    /// # Errors
    /// [`Kind::Login`], [`Kind::Missing`], [`Kind::Busy`], [`Kind::Network`] or [`Kind::Blocked`], depending on the
    /// status.
    pub fn ok(self) -> Result<Answer> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(Error::new(
            kind_of(self.status),
            format!("`{}` answered {}", Redacted(&self.url), self.status),
        ))
    }

    /// Decodes the body as text; invalid bytes are replaced.
    pub fn text(&self) -> String {
        super::read_text(&self.body, self.header("content-type"))
    }

    /// Returns a header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns how long the response asks to wait (Retry-After, RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        super::retry_after(&self.headers)
    }
}
