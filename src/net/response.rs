//! The head of an answer, and its body that is still to come.

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

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    length: Option<u64>,
    is_open_end: bool,
    /// How much of the body may still come, where the connection goes on behind it.
    left: Option<u64>,
    address: Option<SocketAddr>,
    body: Body,
}

/// Where the body comes from.
#[derive(Debug)]
enum Body {
    /// A connection of our own.
    Own(Exchange),
    /// One of the client for pages and proxies.
    Pooled(reqwest::Body),
}

impl Response {
    /// An answer by a connection of our own to this address.
    pub(super) fn new(head: Parts, address: SocketAddr, body: Exchange) -> Response {
        Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            length: body.len(),
            is_open_end: false,
            left: None,
            address: Some(address),
            body: Body::Own(body),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The version of HTTP that it came by.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Takes the headers out.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.headers)
    }

    /// How many bytes the body has, if the server says so.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// The address that it came from: that of a proxy, if there is one.
    pub(super) fn remote_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether nothing but the end of the connection tells where the body ends.
    pub(super) fn is_open_end(&self) -> bool {
        self.is_open_end
    }

    /// Reads how the end of the body is told, and holds the body to that.
    ///
    /// # Errors
    /// The coding that the body was packed in for the way.
    pub(super) fn frame(&mut self) -> Result<(), String> {
        match Framing::of(self.version, &self.headers)? {
            Framing::Told => {}
            Framing::ChunkedDespiteLength => {
                self.headers.remove(CONTENT_LENGTH);
            }
            Framing::LengthDespiteCoding(length) => {
                self.headers.remove(TRANSFER_ENCODING);
                self.length = Some(length);
                self.left = Some(length);
            }
            Framing::Open => {
                self.headers.remove(TRANSFER_ENCODING);
                self.is_open_end = true;
            }
        }
        Ok(())
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// If it breaks off or falls silent.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let chunk = self.next().await?;
        match (chunk, &mut self.left) {
            (Some(mut bytes), Some(left)) => {
                bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= bytes.len() as u64;
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
                // The library takes a stream that is reset without an error for one that has ended. It has only if there was
                // an end before (RFC 9113 §8.1).
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
            left: None,
            address: response.remote_addr(),
            body: Body::Pooled(response.into()),
        }
    }
}
