//! The head of a response, and its body, which has not been read yet.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use super::Fault;
use super::framing::Framing;
use super::http1::Exchange;

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    length: Option<u64>,
    is_open_end: bool,
    /// How many bytes of the body remain, where the connection continues after it.
    remaining: Option<u64>,
    address: Option<SocketAddr>,
    body: Body,
}

/// Where the body comes from.
#[derive(Debug)]
enum Body {
    /// A connection of our own.
    Own(Exchange),
    /// A connection of the client for pages and proxies.
    Pooled(reqwest::Body),
}

impl Response {
    /// Creates a response that arrived over a connection of our own to this address.
    pub(super) fn new(head: Parts, address: SocketAddr, body: Exchange) -> Response {
        Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            length: body.len(),
            is_open_end: false,
            remaining: None,
            address: Some(address),
            body: Body::Own(body),
        }
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the HTTP version of the response.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Takes the headers out.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.headers)
    }

    /// Returns the length of the body in bytes, if the server gives it.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// Returns the address it came from: that of the proxy, if there is one.
    pub(super) fn remote_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Checks whether only the end of the connection marks the end of the body.
    pub(super) fn is_open_end(&self) -> bool {
        self.is_open_end
    }

    /// Reads how the body is delimited, and enforces that.
    ///
    /// # Errors
    /// The transfer coding of the body, if it is not supported.
    pub(super) fn frame(&mut self) -> Result<(), String> {
        match Framing::of(self.version, &self.headers)? {
            Framing::Delimited => {}
            Framing::ChunkedDespiteLength => {
                self.headers.remove(CONTENT_LENGTH);
            }
            Framing::LengthDespiteCoding(length) => {
                self.headers.remove(TRANSFER_ENCODING);
                self.length = Some(length);
                self.remaining = Some(length);
            }
            Framing::Open => {
                self.headers.remove(TRANSFER_ENCODING);
                self.is_open_end = true;
            }
        }
        Ok(())
    }

    /// Returns the next chunk of the body; none at its end.
    ///
    /// # Errors
    /// If the connection breaks or stalls.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.remaining == Some(0) {
            return Ok(None);
        }
        let chunk = self.next().await?;
        match (chunk, &mut self.remaining) {
            (Some(mut bytes), Some(remaining)) => {
                bytes.truncate(usize::try_from(*remaining).unwrap_or(usize::MAX));
                *remaining -= bytes.len() as u64;
                Ok(Some(bytes))
            }
            (None, Some(_)) => Err(Fault::ended()),
            (chunk, None) => Ok(chunk),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match &mut self.body {
            Body::Own(exchange) => exchange.chunk().await,
            Body::Pooled(body) => {
                while let Some(frame) = body.frame().await {
                    if let Ok(bytes) = frame?.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                // The library takes a stream that is reset without an error for one that has ended. It has ended only
                // if its end was signalled before (RFC 9113 §8.1).
                match self.version == Version::HTTP_2
                    && !body.is_end_stream()
                    && body.size_hint().exact() != Some(0)
                {
                    true => Err(Fault::ended()),
                    false => Ok(None),
                }
            }
        }
    }
}

impl From<reqwest::Response> for Response {
    fn from(mut response: reqwest::Response) -> Response {
        Response {
            status: response.status(),
            version: response.version(),
            headers: std::mem::take(response.headers_mut()),
            length: response.content_length(),
            is_open_end: false,
            remaining: None,
            address: response.remote_addr(),
            body: Body::Pooled(response.into()),
        }
    }
}
