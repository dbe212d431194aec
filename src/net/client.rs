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

/// Asks servers, follows redirects, keeps pace, and holds every header to the origin that it was given for. Cheap to
/// clone: all clones are one.
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
    /// Servers that speak HTTP/2 and nothing else.
    only_http2: RwLock<HashSet<Origin>>,
    reuse: Reuse,
    floor: Floor,
    /// Who is told of waits.
    heard: Mutex<Option<mpsc::WeakSender<Event>>>,
}

/// Who named a URL, and what is known of the way there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way<'a> {
    /// Who named it.
    pub(crate) led: Led,
    /// The address to stay with.
    pub(crate) pin: Option<&'a Pin>,
    /// What every hop has to pass.
    pub(crate) gate: Option<&'a dyn Gate>,
}

/// Says of each URL on the way, redirects included and before anything is sent there, whether it may be asked.
pub(crate) trait Gate: std::fmt::Debug + Send + Sync {
    /// Lets a URL pass.
    ///
    /// # Errors
    /// Why not; the request ends with it.
    fn pass(&self, url: &Url) -> Result<()>;

    /// Hears that a public address has answered for this URL. By the next request, its name may be at another one.
    fn is_public(&self, url: &Url);

    /// Where cookies are kept that servers set, if the user has given none.
    fn jar(&self) -> Option<&Jar> {
        None
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    purpose: Use,
    way: Way<'a>,
    url: &'a Url,
    /// Headers for the origin of the URL alone.
    bound: &'a HeaderMap,
    /// Headers for every hop.
    free: &'a HeaderMap,
    /// What is sent, by POST. It goes to the URL alone: an answer that leads elsewhere is the answer.
    body: Option<&'a Bytes>,
    /// Whether the body of an answer with this head is wanted. Where that is asked, the URL alone is, too.
    wants: Option<Wants>,
    /// Whether the first bytes are enough: as many as are read at the most, or what comes with them.
    head: bool,
    /// How long a refusal asks to wait.
    told: Told,
}

/// Tells by a refusal how long it asks to wait.
pub(crate) type Told = fn(&Answer) -> Option<Duration>;

/// Tells by the head of an answer whether its body is wanted.
pub(crate) type Wants = fn(&HeaderMap) -> bool;

impl<'a> Ask<'a> {
    /// A page or an answer of an interface, with these headers for its origin.
    ///
    /// Pages are several times shorter in gzip. Where the bytes themselves count, they are asked for as they are: parts of them,
    /// what is known by an ETag, which the coding would change, and what is packed itself.
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

    /// A file, with these headers for its origin.
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

/// Asks for bytes as they are.
static PLAIN: LazyLock<HeaderMap> = LazyLock::new(|| accepting("identity"));

/// The header that asks for this coding.
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
    /// Makes the client. Nothing is sent, and no connection is made yet.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] for a certificate, cookie file, browser, netrc, header, proxy or user agent that cannot be used.
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

    /// How the client was set up.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// What goes on at each host.
    pub fn pace(&self) -> &Pace {
        &self.inner.pace
    }

    /// The limit on bytes a second, if there is one.
    pub fn rate(&self) -> Option<&Rate> {
        self.inner.rate.as_ref()
    }

    /// How long to wait before trying again.
    pub fn backoff(&self) -> Backoff {
        Backoff {
            base: self.inner.settings.backoff,
        }
    }

    /// Notes that the user gave a link of this origin, so that the user's headers may go there.
    pub fn trust(&self, url: &Url) {
        if !self.inner.user_headers.is_empty() || self.inner.logins.is_some() {
            self.inner
                .user_origins
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(url.origin());
        }
    }

    /// Asks for a page and reads all of it, whatever its status, trying again where that may help.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] when it cannot be had, [`crate::model::Kind::Corrupt`] when it is longer than `limit` bytes.
    pub async fn call(&self, url: &Url, headers: &HeaderMap, limit: usize) -> Result<Answer> {
        self.call_led(&mut Led::ByUser, url, headers, limit).await
    }

    /// The same for a URL that may have been named by a server, and notes who leads on from the answer.
    ///
    /// # Errors
    /// Also [`crate::model::Kind::Blocked`] for a private address that it may not lead to.
    pub(crate) async fn call_led(
        &self,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        self.call_gated(None, led, url, headers, None, limit).await
    }

    /// The same, where every hop has to pass the gate. With a body it is a POST, which is tried again only where the server
    /// says that it has not taken it and when it will (RFC 9110 §9.2.2).
    ///
    /// # Errors
    /// Also what the gate says.
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

    /// The same as [`Client::call_led`], where a refusal asks to wait in this way. If anything is said of what is wanted, this
    /// URL alone is asked for and none that it leads to, and the body is left empty unless it is wanted.
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

    /// Asks for the first bytes of a file, `most` of them or what comes with them, trying again where that may help. They come in the
    /// coding that the answer has, and the connection is given up after them.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] when they cannot be had, and the errors of redirects.
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

    /// Asks for a file: one try, redirects followed. `bound` goes to the origin of `url` alone, `free` to every hop.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] and the errors of redirects.
    pub async fn open(&self, url: &Url, bound: &HeaderMap, free: &HeaderMap) -> Result<Opened> {
        self.open_by(Way::default(), url, bound, free).await
    }

    /// The same for a URL that may have been named by a server, at an address to stay with.
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

    /// The address that has answered, to stay with, if there are others and no proxy chooses among them.
    pub(crate) fn pin(&self, opened: &Opened) -> Option<Pin> {
        let pools = &self.inner.pools;
        let address = opened.response.remote_addr()?.ip();
        match pools.has_proxy_for(&opened.url) {
            true => None,
            false => pools.pin(&opened.url, address),
        }
    }
}
