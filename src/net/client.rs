//! The one HTTP client of a run.

mod calls;
mod cookies;
mod external;
mod hops;
mod trail;
mod waits;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::mpsc;
use url::{Origin, Url};

use super::cookies::Jar;
use super::floor::SpeedFloor;
use super::headers::header_map;
use super::netrc::Logins;
use super::pin::Pin;
use super::pools::{Pools, Purpose};
use super::reuse::Reuse;
use super::{Answer, Backoff, Limits, NamedBy, Opened, Pace, Rate, Settings, coding};
use crate::model::{Event, Result};

/// Sends requests, follows redirects, limits concurrency, and sends each header only to the origin it was given for.
/// Cheap to clone: all clones share one state.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    pace: Pace,
    rate: Option<Rate>,
    logins: Option<Logins>,
    pools: Pools,
    user_headers: HeaderMap,
    user_origins: RwLock<HashSet<Origin>>,
    /// Servers that speak nothing but HTTP/2.
    only_http2: RwLock<HashSet<Origin>>,
    reuse: Reuse,
    floor: SpeedFloor,
    /// The receiver of reports about waits.
    wait_events: Mutex<Option<mpsc::WeakSender<Event>>>,
}

/// Who named a URL, and what is known about the route to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Constraints<'a> {
    /// Who named it.
    pub(crate) named_by: NamedBy,
    /// The address that the host is pinned to.
    pub(crate) pin: Option<&'a Pin>,
    /// The check that every hop has to pass.
    pub(crate) gate: Option<&'a dyn Gate>,
}

/// Decides for each URL along the way, redirects included, whether it may be requested, before anything is sent there.
pub(crate) trait Gate: std::fmt::Debug + Send + Sync {
    /// Lets a URL pass, or not.
    ///
    /// # Errors
    /// The reason for not letting it pass; the request fails with it.
    fn pass(&self, url: &Url) -> Result<()>;

    /// Notes that a public address answered for this URL. By the next request, its name may resolve to another one.
    fn note_public(&self, url: &Url);

    /// The jar for cookies that servers set, if the user has given none.
    fn jar(&self) -> Option<&Jar> {
        None
    }
}

/// A request.
#[derive(Clone, Copy)]
struct RequestSpec<'a> {
    purpose: Purpose,
    constraints: Constraints<'a>,
    url: &'a Url,
    /// Headers for the origin of the URL only.
    origin_headers: &'a HeaderMap,
    /// Headers for every hop.
    common_headers: &'a HeaderMap,
    /// The body of a POST request. It goes to this URL only: a redirect is returned as the response.
    body: Option<&'a Bytes>,
    /// Decides by the response headers whether the body is wanted. If set, redirects are not followed.
    wants_body: Option<WantsBody>,
    /// Whether the first bytes are enough: up to the size limit, or what arrives along with them.
    first_bytes_only: bool,
    /// How to read the wait that a refusal asks for.
    read_retry_after: ReadRetryAfter,
}

/// Reads how long a refusal asks to wait.
pub(crate) type ReadRetryAfter = fn(&Answer) -> Option<Duration>;

/// Decides by the response headers whether the body is wanted.
pub(crate) type WantsBody = fn(&HeaderMap) -> bool;

impl<'a> RequestSpec<'a> {
    /// A request for a page or an API response, with these headers for its origin.
    ///
    /// Pages are several times smaller in gzip. Where the exact bytes count, no coding is requested: for ranges, for
    /// conditional requests by ETag, which a coding would change, and for files that are compressed themselves.
    fn page(named_by: NamedBy, url: &'a Url, headers: &'a HeaderMap) -> RequestSpec<'a> {
        static CODED: LazyLock<HeaderMap> = LazyLock::new(|| accepting("gzip"));
        let counts = [
            header::RANGE,
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
        ];
        let is_plain = counts.iter().any(|name| headers.contains_key(name))
            || coding::is_compressed([url.path()], headers);
        RequestSpec {
            purpose: Purpose::Pages,
            constraints: Constraints {
                named_by,
                ..Constraints::default()
            },
            url,
            origin_headers: headers,
            common_headers: if is_plain { &PLAIN } else { &CODED },
            body: None,
            wants_body: None,
            first_bytes_only: false,
            read_retry_after: Answer::retry_after,
        }
    }

    /// A request for a file, with these headers for its origin.
    fn file(
        constraints: Constraints<'a>,
        url: &'a Url,
        origin_headers: &'a HeaderMap,
        common_headers: &'a HeaderMap,
    ) -> RequestSpec<'a> {
        RequestSpec {
            purpose: Purpose::Bodies,
            constraints,
            url,
            origin_headers,
            common_headers,
            body: None,
            wants_body: None,
            first_bytes_only: false,
            read_retry_after: Answer::retry_after,
        }
    }
}

/// Asks for an uncoded body.
static PLAIN: LazyLock<HeaderMap> = LazyLock::new(|| accepting("identity"));

/// Returns headers that ask for this coding.
fn accepting(coding: &'static str) -> HeaderMap {
    [(header::ACCEPT_ENCODING, HeaderValue::from_static(coding))]
        .into_iter()
        .collect()
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Creates the client. Nothing is sent, and no connection is made yet.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] for a certificate, cookie file, browser, netrc, header, proxy or user agent that
    /// cannot be used.
    pub fn new(settings: Settings) -> Result<Client> {
        let pools = Pools::new(&settings)?;
        let logins = Logins::read(&settings.netrc)?;
        let user_headers = header_map(&settings.headers)?;
        let limits = Limits {
            connections: settings.per_host,
            requests_per_second: None,
        };
        Ok(Client {
            inner: Arc::new(Inner {
                pace: Pace::new(
                    settings.connections,
                    limits,
                    settings.hosts.clone(),
                    settings.backoff,
                ),
                rate: settings.rate.map(Rate::new),
                logins,
                pools,
                user_headers,
                user_origins: RwLock::default(),
                only_http2: RwLock::default(),
                reuse: Reuse::default(),
                floor: SpeedFloor::new(settings.speed_floor, settings.speed_window),
                wait_events: Mutex::default(),
                settings,
            }),
        })
    }

    /// Returns the settings of the client.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Returns the concurrency control of all hosts.
    pub fn pace(&self) -> &Pace {
        &self.inner.pace
    }

    /// Returns the limit on bytes per second, if there is one.
    pub fn rate(&self) -> Option<&Rate> {
        self.inner.rate.as_ref()
    }

    /// Returns the delays between retries.
    pub fn backoff(&self) -> Backoff {
        Backoff {
            base: self.inner.settings.backoff,
        }
    }

    /// Notes that the user gave a link of this origin, so that the user's headers may be sent there.
    pub fn trust(&self, url: &Url) {
        if !self.inner.user_headers.is_empty() || self.inner.logins.is_some() {
            self.inner
                .user_origins
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(url.origin());
        }
    }

    /// Requests a page and reads all of it, whatever its status, with retries where they may help.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] when the request fails, [`crate::model::Kind::Corrupt`] when the body is longer
    /// than `limit` bytes.
    pub async fn call(&self, url: &Url, headers: &HeaderMap, limit: usize) -> Result<Answer> {
        self.call_named_by(&mut NamedBy::User, url, headers, limit)
            .await
    }

    /// Like [`Client::call`] for a URL that a server may have named; updates `named_by` for what the response leads to.
    ///
    /// # Errors
    /// Also [`crate::model::Kind::Blocked`] for a private address that `named_by` may not lead to.
    pub(crate) async fn call_named_by(
        &self,
        named_by: &mut NamedBy,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        self.call_gated(None, named_by, url, headers, None, limit)
            .await
    }

    /// Like [`Client::call_named_by`], where every hop has to pass the gate. With a body it is a POST request, which is
    /// retried only if the server says that it did not accept it, and when to retry (RFC 9110 §9.2.2).
    ///
    /// # Errors
    /// Also those of the gate.
    pub(crate) async fn call_gated(
        &self,
        gate: Option<&dyn Gate>,
        named_by: &mut NamedBy,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&Bytes>,
        limit: usize,
    ) -> Result<Answer> {
        let mut spec = RequestSpec::page(*named_by, url, headers);
        spec.constraints.gate = gate;
        spec.body = body;
        self.call_with_retries(spec, named_by, limit).await
    }

    /// Like [`Client::call_named_by`], but `read_retry_after` reads how long a refusal asks to wait. If `wants_body` is
    /// given, redirects are not followed, and the body is left empty unless it is wanted.
    ///
    /// # Errors
    /// As [`Client::call_named_by`].
    pub(crate) async fn call_wanting(
        &self,
        wants_body: Option<WantsBody>,
        read_retry_after: ReadRetryAfter,
        named_by: &mut NamedBy,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        let mut spec = RequestSpec::page(*named_by, url, headers);
        spec.wants_body = wants_body;
        spec.read_retry_after = read_retry_after;
        self.call_with_retries(spec, named_by, limit).await
    }

    /// Requests the first bytes of a file, `limit` of them or whatever arrives with them, with retries where they may
    /// help. They are not decoded, and the connection is closed after them.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] when the request fails, and the errors of redirects.
    pub(crate) async fn call_first_bytes(
        &self,
        named_by: &mut NamedBy,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        let constraints = Constraints {
            named_by: *named_by,
            ..Constraints::default()
        };
        let mut spec = RequestSpec::file(constraints, url, headers, &PLAIN);
        spec.first_bytes_only = true;
        self.call_with_retries(spec, named_by, limit).await
    }

    /// Requests a file once, following redirects. `origin_headers` go to the origin of `url` only, `common_headers` to
    /// every hop.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] and the errors of redirects.
    pub async fn open(
        &self,
        url: &Url,
        origin_headers: &HeaderMap,
        common_headers: &HeaderMap,
    ) -> Result<Opened> {
        self.open_with(Constraints::default(), url, origin_headers, common_headers)
            .await
    }

    /// Like [`Client::open`] for a URL that a server may have named, at a pinned address.
    ///
    /// # Errors
    /// Also [`crate::model::Kind::Blocked`] for a private address that it may not lead to.
    pub(crate) async fn open_with(
        &self,
        constraints: Constraints<'_>,
        url: &Url,
        origin_headers: &HeaderMap,
        common_headers: &HeaderMap,
    ) -> Result<Opened> {
        self.send(RequestSpec::file(
            constraints,
            url,
            origin_headers,
            common_headers,
        ))
        .await
    }

    /// Pins the address that answered, if the host has others and no proxy chooses among them.
    pub(crate) fn pin(&self, opened: &Opened) -> Option<Pin> {
        let pools = &self.inner.pools;
        let address = opened.response.remote_addr()?.ip();
        match pools.has_proxy_for(&opened.url) {
            true => None,
            false => pools.pin(&opened.url, address),
        }
    }
}
