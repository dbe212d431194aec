//! The connections of a client: those for pages and proxies in pools that are made when they are first needed, and those for
//! files.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::Settings;
use super::cookies::Jar;
use super::http1::Http1;
use super::pin::Pin;
use super::proxies::Proxies;
use super::resolver::{Public, System};
use super::trust::Trust;
use crate::model::{Error, Kind, Result};

/// What a request is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    /// Listings: HTTP/2 where the server has it.
    Pages,
    /// Files: HTTP/1.1, a connection each. One HTTP/2 connection for all is several times slower at a distance. Without a
    /// proxy in between, they come by [`Http1`].
    Bodies,
}

/// How far a pool's connections may reach. Each reach has connections of its own: one that was made to a private address
/// for the user must not be used again for whoever may not go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere, through a proxy if there is one.
    Any,
    /// Public addresses, without a proxy.
    Public,
}

/// The pools.
pub(super) struct Pools {
    /// What each request says that does not say otherwise.
    defaults: HeaderMap,
    trust: Arc<Trust>,
    jar: Option<Jar>,
    system: System,
    proxies: Arc<Proxies>,
    http1: Http1,
    made: [OnceLock<reqwest::Client>; 3],
}

impl Pools {
    /// Reads what the pools need; none is made yet.
    ///
    /// # Errors
    /// [`Kind::Config`] for a certificate, cookie file, browser, proxy or user agent that cannot be used.
    pub(super) fn new(settings: &Settings) -> Result<Pools> {
        let trust = Trust::new(settings.ca_cert.iter().map(|path| path.as_path()))?;
        let defaults = defaults(settings)?;
        let system = System::new(&settings.resolve);
        Ok(Pools {
            http1: Http1::new(settings, defaults.clone(), system.clone(), trust.clone()),
            defaults,
            trust,
            jar: Jar::open(settings)?,
            system,
            proxies: Proxies::of(settings)?.into(),
            made: Default::default(),
        })
    }

    /// The cookies, if they are kept.
    pub(super) fn jar(&self) -> Option<&Jar> {
        self.jar.as_ref()
    }

    /// Writes the cookies that servers set to the file, if the settings say so.
    ///
    /// # Errors
    /// [`Kind::Disk`]; then the file is as it was.
    pub(super) fn save_cookies(&self) -> Result<()> {
        self.jar.as_ref().map_or(Ok(()), |jar| jar.save())
    }

    /// What finds the addresses of hosts.
    pub(super) fn system(&self) -> &System {
        &self.system
    }

    /// Whether a request goes through a proxy, which then finds the address of the host.
    pub(super) fn has_proxy_for(&self, url: &Url) -> bool {
        self.proxies.proxy_for(url).is_some()
    }

    /// The proxy that a request goes through, as it may be shown.
    pub(super) fn proxy_for(&self, url: &Url) -> Option<String> {
        self.proxies.shown_for(url)
    }

    /// The connections for files.
    pub(super) fn http1(&self) -> &Http1 {
        &self.http1
    }

    /// The pool for such requests.
    pub(super) fn get(
        &self,
        settings: &Settings,
        purpose: Use,
        reach: Reach,
    ) -> Result<&reqwest::Client> {
        let made = match (purpose, reach) {
            (Use::Pages, Reach::Any) => &self.made[0],
            (Use::Pages, Reach::Public) => &self.made[1],
            // Those by proxies, which reach anything.
            (Use::Bodies, _) => &self.made[2],
        };
        if let Some(client) = made.get() {
            return Ok(client);
        }
        let client = built(self.builder(settings, purpose, reach)?)?;
        Ok(made.get_or_init(|| client))
    }

    /// Connections for files, to the host of this URL at this address alone, if it has others that may answer.
    pub(super) fn pin(&self, url: &Url, address: IpAddr) -> Option<Pin> {
        let host = url.domain().filter(|host| self.system.has_several(host))?;
        Some(Pin::new(host, address))
    }

    fn builder(
        &self,
        settings: &Settings,
        purpose: Use,
        reach: Reach,
    ) -> Result<reqwest::ClientBuilder> {
        let mut builder = reqwest::Client::builder()
            .default_headers(self.defaults.clone())
            // One odd line of a head is no reason to do without a page.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        // None at all is no limit.
        if !settings.connect_timeout.is_zero() {
            builder = builder.connect_timeout(settings.connect_timeout);
        }
        if !settings.stall_timeout.is_zero() {
            builder = builder.read_timeout(settings.stall_timeout);
        }
        builder = match purpose {
            Use::Bodies => builder
                .tls_backend_preconfigured(self.trust.config(&["http/1.1"])?)
                .http1_only()
                .retry(reqwest::retry::never())
                .pool_max_idle_per_host(settings.per_host),
            // As it is by default, a request that HTTP/2 says was not worked on (RFC 9113 §8.7) is sent again at once, twice.
            Use::Pages => builder
                .tls_backend_preconfigured(self.trust.config(&["h2", "http/1.1"])?)
                .http2_initial_stream_window_size(8 << 20)
                .http2_initial_connection_window_size(16 << 20),
        };
        Ok(match (reach, &*self.proxies) {
            (Reach::Public, _) => builder.dns_resolver(Public(self.system.clone())).no_proxy(),
            (Reach::Any, Proxies::None) => builder.dns_resolver(self.system.clone()).no_proxy(),
            (Reach::Any, _) => {
                let proxies = self.proxies.clone();
                let proxy = reqwest::Proxy::custom(move |url| proxies.proxy_for(url));
                builder.dns_resolver(self.system.clone()).proxy(proxy)
            }
        })
    }
}

/// What each request says that does not say otherwise.
fn defaults(settings: &Settings) -> Result<HeaderMap> {
    let user_agent = HeaderValue::from_str(&settings.user_agent)
        .map_err(|_| Error::new(Kind::Config, "the user agent cannot stand in a header"))?;
    Ok(HeaderMap::from_iter([
        (header::USER_AGENT, user_agent),
        (header::ACCEPT, HeaderValue::from_static("*/*")),
    ]))
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder
        .build()
        .map_err(|error| Error::new(Kind::Config, "cannot set up the network").because(error))
}
