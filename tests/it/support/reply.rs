//! The replies of a fake site, correct or faulty.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use md5::{Digest, Md5};

use super::Request;

/// One reply. By default it is correct; each method that ends in a number or wrong bytes makes it faulty in one way. Cloning
/// is cheap.
#[derive(Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) content: Content,
    pub(super) ranges: bool,
    pub(super) honors_if_range: bool,
    pub(super) range_faults: RangeFaults,
    pub(super) framing: Framing,
    pub(super) extra: usize,
    pub(super) end: End,
    pub(super) delay: Duration,
    pub(super) throttle: Option<u64>,
}

/// The content of the body.
#[derive(Clone)]
pub(super) enum Content {
    Bytes(Arc<[u8]>),
    Raw(Arc<[u8]>),
    With(Arc<dyn Fn(&Request) -> Reply + Send + Sync>),
}

/// Faults of a 206.
#[derive(Clone, Default)]
pub(super) struct RangeFaults {
    pub(super) start: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) no_content_range: bool,
    pub(super) bytes: Option<Arc<[u8]>>,
}

/// How the client learns where the body ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Framing {
    Length,
    Chunked,
    ChunkedWithoutEnd,
    Close,
}

/// How the response ends, after this many bytes of its body.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    Whole,
    Cut(usize),
    Reset(usize),
    Stall(usize),
}

impl Reply {
    /// A file as sent by a good server: Content-Length, ranges, If-Range. Validators and a type can be added.
    pub fn file(bytes: impl Into<Vec<u8>>) -> Reply {
        let reply = Reply {
            ranges: true,
            ..Reply::body(bytes.into())
        };
        reply.header("Accept-Ranges", "bytes")
    }

    /// An empty reply with this status; more can be added to it.
    pub fn empty(status: u16) -> Reply {
        Reply::body(Vec::new()).status(status)
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Reply {
        Reply::body(text.into().into_bytes()).content_type("text/plain; charset=utf-8")
    }

    /// A JSON text.
    pub fn json(text: impl Into<String>) -> Reply {
        Reply::body(text.into().into_bytes()).content_type("application/json")
    }

    /// A page.
    pub fn html(text: impl Into<String>) -> Reply {
        Reply::body(text.into().into_bytes()).content_type("text/html; charset=utf-8")
    }

    /// A 302 to this location, sent verbatim.
    pub fn redirect(to: impl Into<String>) -> Reply {
        Reply::empty(302).header("Location", to)
    }

    /// Exactly these bytes instead of any HTTP; then the connection is closed.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply {
            content: Content::Raw(bytes.into().into()),
            ..Reply::body(Vec::new())
        }
    }

    /// Decides for each request. A panic in it fails the test when the site is dropped.
    pub fn with(decide: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Reply {
        Reply {
            content: Content::With(Arc::new(decide)),
            ..Reply::body(Vec::new())
        }
    }

    fn body(bytes: Vec<u8>) -> Reply {
        Reply {
            status: 200,
            headers: Vec::new(),
            content: Content::Bytes(bytes.into()),
            ranges: false,
            honors_if_range: true,
            range_faults: RangeFaults::default(),
            framing: Framing::Length,
            extra: 0,
            end: End::Whole,
            delay: Duration::ZERO,
            throttle: None,
        }
    }

    /// Sets the status.
    pub fn status(self, status: u16) -> Reply {
        Reply { status, ..self }
    }

    /// Adds a header field; a second one of the same name is sent as well.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Removes a header field.
    pub fn without(mut self, name: &str) -> Reply {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sets the content type.
    pub fn content_type(self, value: &str) -> Reply {
        self.without("Content-Type").header("Content-Type", value)
    }

    /// Sets the ETag, quotes included: `"\"one\""`, `"W/\"one\""`.
    pub fn etag(self, value: impl Into<String>) -> Reply {
        self.without("ETag").header("ETag", value)
    }

    /// Sets the ETag to the MD5 of the bytes, as Imgur does.
    pub fn md5_etag(self) -> Reply {
        let Content::Bytes(bytes) = &self.content else {
            panic!("only bytes that are known have an MD5");
        };
        let digest: String = Md5::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.etag(format!("\"{digest}\""))
    }

    /// Sets Last-Modified.
    pub fn last_modified(self, time: SystemTime) -> Reply {
        self.without("Last-Modified")
            .header("Last-Modified", httpdate::fmt_http_date(time))
    }

    /// Waits this long before sending anything.
    pub fn delay(self, delay: Duration) -> Reply {
        Reply { delay, ..self }
    }

    /// Sends this many bytes of the body per second.
    pub fn throttle(self, bytes_per_second: u64) -> Reply {
        Reply {
            throttle: Some(bytes_per_second.max(1)),
            ..self
        }
    }

    /// Closes the connection after this many bytes of the body.
    pub fn cut_after(self, bytes: usize) -> Reply {
        Reply {
            end: End::Cut(bytes),
            ..self
        }
    }

    /// Resets the connection after this many bytes of the body. The client may not get to read all of them.
    pub fn reset_after(self, bytes: usize) -> Reply {
        Reply {
            end: End::Reset(bytes),
            ..self
        }
    }

    /// Stalls after this many bytes of the body, until the client disconnects or the site is dropped.
    pub fn stall_after(self, bytes: usize) -> Reply {
        Reply {
            end: End::Stall(bytes),
            ..self
        }
    }

    /// Sends the body in chunks, without a length.
    pub fn chunked(self) -> Reply {
        Reply {
            framing: Framing::Chunked,
            ..self
        }
    }

    /// Sends the body in chunks and closes the connection without the final, empty one.
    pub fn chunked_without_end(self) -> Reply {
        Reply {
            framing: Framing::ChunkedWithoutEnd,
            ..self
        }
    }

    /// Sends no length; the body ends when the connection does.
    pub fn close_delimited(self) -> Reply {
        Reply {
            framing: Framing::Close,
            ..self
        }
    }

    /// Sends this many bytes more than Content-Length says, and closes the connection.
    pub fn too_long(self, extra: usize) -> Reply {
        Reply { extra, ..self }
    }

    /// Ignores Range: sends the whole file with status 200.
    pub fn no_ranges(self) -> Reply {
        Reply {
            ranges: false,
            ..self.without("Accept-Ranges")
        }
    }

    /// Serves a range although If-Range names another version.
    pub fn ignore_if_range(self) -> Reply {
        Reply {
            honors_if_range: false,
            ..self
        }
    }

    /// Claims in Content-Range that the bytes start here, though they start where requested.
    pub fn wrong_start(mut self, start: u64) -> Reply {
        self.range_faults.start = Some(start);
        self
    }

    /// Claims in Content-Range that the file has this length.
    pub fn wrong_total(mut self, total: u64) -> Reply {
        self.range_faults.total = Some(total);
        self
    }

    /// Serves a range without Content-Range.
    pub fn no_content_range(mut self) -> Reply {
        self.range_faults.no_content_range = true;
        self
    }

    /// Sends these bytes as the body of a range response, whatever was requested.
    pub fn wrong_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Reply {
        self.range_faults.bytes = Some(bytes.into().into());
        self
    }
}
