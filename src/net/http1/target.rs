//! Where a request goes, and what it contains.

use std::net::IpAddr;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use url::{Position, Url};

use super::Fault;
use crate::net::headers::login_in_url;
use crate::net::pools::Reach;

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    /// The URL, http or https.
    pub(crate) url: &'a Url,
    /// Which addresses the host may have.
    pub(crate) reach: Reach,
    /// The address that the host is pinned to.
    pub(crate) pinned: Option<IpAddr>,
}

/// What a connection leads to.
#[derive(Debug)]
pub(super) struct Key {
    tls: bool,
    host: Box<str>,
    port: u16,
    reach: Reach,
    pinned: Option<IpAddr>,
}

impl Target<'_> {
    /// Checks whether the target uses TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host, an IPv6 address in brackets.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or("")
    }

    /// Returns the port, which may be that of the scheme.
    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(0)
    }

    /// Returns what a connection must have been made for to be reused.
    pub(super) fn key(&self) -> Key {
        Key {
            tls: self.is_tls(),
            host: self.host().into(),
            port: self.port(),
            reach: self.reach,
            pinned: self.pinned,
        }
    }

    /// Builds a request with these headers, and adds those that are missing: the defaults, the host, and the login in
    /// the URL.
    ///
    /// # Errors
    /// For a URL that is not valid in a request.
    pub(super) fn request(
        &self,
        mut headers: HeaderMap,
        defaults: &HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let path = &self.url[Position::BeforePath..Position::AfterQuery];
        let path: PathAndQuery = path.parse().map_err(Fault::request)?;
        for (name, value) in defaults {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if !headers.contains_key(header::HOST) {
            // A default port is left out of the URL, and of this header (RFC 9110 §7.2).
            let host = &self.url[Position::BeforeHost..Position::AfterPort];
            let host = HeaderValue::from_str(host).map_err(Fault::request)?;
            headers.insert(header::HOST, host);
        }
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(login) = login_in_url(self.url)
        {
            headers.insert(header::AUTHORIZATION, login);
        }
        let method = match body {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let mut request = Request::new(Full::new(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from(path);
        *request.headers_mut() = headers;
        Ok(request)
    }
}

impl Key {
    /// Checks whether a request for this target may use the connection.
    pub(super) fn fits(&self, target: Target<'_>) -> bool {
        self.port == target.port()
            && self.reach == target.reach
            && self.pinned == target.pinned
            && self.tls == target.is_tls()
            && *self.host == *target.host()
    }
}
