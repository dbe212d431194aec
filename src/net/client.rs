//! The one HTTP client of a run.

mod calls;
mod cookies;
mod hops;
mod lent;
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
use super::floor::Floor;
use super::headers::header_map;
use super::netrc::Logins;
use super::pin::Pin;
use super::pools::{Pools, Use};
use super::reuse::Reuse;
use super::{Answer, Backoff, Led, Limits, Opened, Pace, Rate, Settings, coding};
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
    floor: Floor,
    /// The receiver of reports about waits.
    heard: Mutex<Option<mpsc::WeakSender<Event>>>,
}

/// Who named a URL, and what is known about the route to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way<'a> {
    /// Who named it.
    pub(crate) led: Led,
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
    fn is_public(&self, url: &Url);

    /// The jar for cookies that servers set, if the user has given none.
    fn jar(&self) -> Option<&Jar> {
        None
    }
}

/// A request.
#[derive(Clone, Copy)]
struct Ask<'a> {
    purpose: Use,
    way: Way<'a>,
    url: &'a Url,
    /// Headers for the origin of the URL only.
    bound: &'a HeaderMap,
    /// Headers for every hop.
    free: &'a HeaderMap,
    /// The body of a POST request. It goes to this URL only: a redirect is returned as the response.
    body: Option<&'a Bytes>,
    /// Decides by the response headers whether the body is wanted. If set, redirects are not followed.
    wants: Option<Wants>,
    /// Whether the first bytes are enough: up to the size limit, or what arrives along with them.
    head: bool,
    /// How to read the wait that a refusal asks for.
    told: Told,
}

/// Reads how long a refusal asks to wait.
pub(crate) type Told = fn(&Answer) -> Option<Duration>;

/// Decides by the response headers whether the body is wanted.
pub(crate) type Wants = fn(&HeaderMap) -> bool;

impl<'a> Ask<'a> {
    /// A request for a page or an API response, with these headers for its origin.
    ///
    /// Pages are several times smaller in gzip. Where the exact bytes count, no coding is requested: for ranges, for
    /// conditional requests by ETag, which a coding would change, and for files that are compressed themselves.
    fn page(led: Led, url: &'a Url, headers: &'a HeaderMap) -> Ask<'a> {
        static CODED: LazyLock<HeaderMap> = LazyLock::new(|| accepting("gzip"));
        let counts = [
            header::RANGE,
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
        ];
        let is_plain = counts.iter().any(|name| headers.contains_key(name))
            || coding::is_packed([url.path()], headers);
        Ask {
            purpose: Use::Pages,
            way: Way {
                led,
                ..Way::default()
            },
            url,
            bound: headers,
            free: if is_plain { &PLAIN } else { &CODED },
            body: None,
            wants: None,
            head: false,
            told: Answer::retry_after,
        }
    }

    /// A request for a file, with these headers for its origin.
    fn file(way: Way<'a>, url: &'a Url, bound: &'a HeaderMap, free: &'a HeaderMap) -> Ask<'a> {
        Ask {
            purpose: Use::Bodies,
            way,
            url,
            bound,
            free,
            body: None,
            wants: None,
            head: false,
            told: Answer::retry_after,
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
                floor: Floor::new(settings.speed_floor, settings.speed_window),
                heard: Mutex::default(),
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
        self.call_led(&mut Led::ByUser, url, headers, limit).await
    }

    /// Like [`Client::call`] for a URL that a server may have named; updates `led` for what the response leads to.
    ///
    /// # Errors
    /// Also [`crate::model::Kind::Blocked`] for a private address that `led` may not lead to.
    pub(crate) async fn call_led(
        &self,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        self.call_gated(None, led, url, headers, None, limit).await
    }

    /// Like [`Client::call_led`], where every hop has to pass the gate. With a body it is a POST request, which is
    /// retried only if the server says that it did not accept it, and when to retry (RFC 9110 §9.2.2).
    ///
    /// # Errors
    /// Also those of the gate.
    pub(crate) async fn call_gated(
        &self,
        gate: Option<&dyn Gate>,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&Bytes>,
        limit: usize,
    ) -> Result<Answer> {
        let mut ask = Ask::page(*led, url, headers);
        ask.way.gate = gate;
        ask.body = body;
        self.call_until(ask, led, limit).await
    }

    /// Like [`Client::call_led`], but `told` reads how long a refusal asks to wait. If `wants` is given, redirects are
    /// not followed, and the body is left empty unless it is wanted.
    ///
    /// # Errors
    /// As [`Client::call_led`].
    pub(crate) async fn call_wanting(
        &self,
        wants: Option<Wants>,
        told: Told,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        let mut ask = Ask::page(*led, url, headers);
        ask.wants = wants;
        ask.told = told;
        self.call_until(ask, led, limit).await
    }

    /// Requests the first bytes of a file, `most` of them or whatever arrives with them, with retries where they may
    /// help. They are not decoded, and the connection is closed after them.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] when the request fails, and the errors of redirects.
    pub(crate) async fn call_head(
        &self,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        most: usize,
    ) -> Result<Answer> {
        let way = Way {
            led: *led,
            ..Way::default()
        };
        let mut ask = Ask::file(way, url, headers, &PLAIN);
        ask.head = true;
        self.call_until(ask, led, most).await
    }

    /// Requests a file once, following redirects. `bound` goes to the origin of `url` only, `free` to every hop.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] and the errors of redirects.
    pub async fn open(&self, url: &Url, bound: &HeaderMap, free: &HeaderMap) -> Result<Opened> {
        self.open_by(Way::default(), url, bound, free).await
    }

    /// Like [`Client::open`] for a URL that a server may have named, at a pinned address.
    ///
    /// # Errors
    /// Also [`crate::model::Kind::Blocked`] for a private address that it may not lead to.
    pub(crate) async fn open_by(
        &self,
        way: Way<'_>,
        url: &Url,
        bound: &HeaderMap,
        free: &HeaderMap,
    ) -> Result<Opened> {
        self.send(Ask::file(way, url, bound, free)).await
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
