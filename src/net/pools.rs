//! The connections of a client: pools for pages and proxies, created when they are first needed, and the connections
//! for files.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::Settings;
use super::cookies::Jar;
use super::http1::Http1;
use super::pin::Pin;
use super::proxies::Proxies;
use super::resolver::{PublicResolver, Resolver};
use super::trust::Trust;
use crate::model::{Error, Kind, Result};

/// What a request is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Listings: HTTP/2 where the server has it.
    Pages,
    /// Files: HTTP/1.1, one connection each. A single HTTP/2 connection for all is several times slower over long
    /// distances. Without a proxy in between, [`Http1`] downloads them.
    Bodies,
}

/// How far a pool's connections may reach. Each reach has its own connections: one that was made to a private address
/// for the user must not be reused for a request that may not go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere, through a proxy if there is one.
    Any,
    /// Public addresses, without a proxy.
    Public,
}

/// The connection pools.
pub(super) struct Pools {
    /// The headers of each request that does not set its own.
    defaults: HeaderMap,
    trust: Arc<Trust>,
    jar: Option<Jar>,
    resolver: Resolver,
    proxies: Arc<Proxies>,
    http1: Http1,
    clients: [OnceLock<reqwest::Client>; 3],
}

impl Pools {
    /// Reads what the pools need; none is created yet.
    ///
    /// # Errors
    /// [`Kind::Config`] for a certificate, cookie file, browser, proxy or user agent that cannot be used.
    pub(super) fn new(settings: &Settings) -> Result<Pools> {
        let trust = Trust::new(settings.ca_cert.iter().map(|path| path.as_path()))?;
        let defaults = defaults(settings)?;
        let resolver = Resolver::new(&settings.resolve);
        Ok(Pools {
            http1: Http1::new(settings, defaults.clone(), resolver.clone(), trust.clone()),
            defaults,
            trust,
            jar: Jar::open(settings)?,
            resolver,
            proxies: Proxies::of(settings)?.into(),
            clients: Default::default(),
        })
    }

    /// Returns the cookies, if they are kept.
    pub(super) fn jar(&self) -> Option<&Jar> {
        self.jar.as_ref()
    }

    /// Saves the cookies that servers set to the file, if the settings say so.
    ///
    /// # Errors
    /// [`Kind::Disk`]; the file is then unchanged.
    pub(super) fn save_cookies(&self) -> Result<()> {
        self.jar.as_ref().map_or(Ok(()), |jar| jar.save())
    }

    /// Returns the resolver.
    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Checks whether a request goes through a proxy, which then resolves the host.
    pub(super) fn has_proxy_for(&self, url: &Url) -> bool {
        self.proxies.proxy_for(url).is_some()
    }

    /// Returns the proxy that a request goes through, in printable form.
    pub(super) fn proxy_for(&self, url: &Url) -> Option<String> {
        self.proxies.shown_for(url)
    }

    /// Returns the connections for files.
    pub(super) fn http1(&self) -> &Http1 {
        &self.http1
    }

    /// Returns the pool for such requests.
    pub(super) fn get(
        &self,
        settings: &Settings,
        purpose: Purpose,
        reach: Reach,
    ) -> Result<&reqwest::Client> {
        let slot = match (purpose, reach) {
            (Purpose::Pages, Reach::Any) => &self.clients[0],
            (Purpose::Pages, Reach::Public) => &self.clients[1],
            // Requests through proxies, which reach anything.
            (Purpose::Bodies, _) => &self.clients[2],
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = built(self.builder(settings, purpose, reach)?)?;
        Ok(slot.get_or_init(|| client))
    }

    /// Pins the host of this URL to this address, if it has others that might answer.
    pub(super) fn pin(&self, url: &Url, address: IpAddr) -> Option<Pin> {
        let host = url
            .domain()
            .filter(|host| self.resolver.has_several(host))?;
        Some(Pin::new(host, address))
    }

    fn builder(
        &self,
        settings: &Settings,
        purpose: Purpose,
        reach: Reach,
    ) -> Result<reqwest::ClientBuilder> {
        let mut builder = reqwest::Client::builder()
            .default_headers(self.defaults.clone())
            // One malformed header line is no reason to give up a page.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        // Zero means no limit.
        if !settings.connect_timeout.is_zero() {
            builder = builder.connect_timeout(settings.connect_timeout);
        }
        if !settings.stall_timeout.is_zero() {
            builder = builder.read_timeout(settings.stall_timeout);
        }
        builder = match purpose {
            Purpose::Bodies => builder
                .tls_backend_preconfigured(self.trust.config(&["http/1.1"])?)
                .http1_only()
                .retry(reqwest::retry::never())
                .pool_max_idle_per_host(settings.per_host),
            // By default, a request that HTTP/2 reports as not processed (RFC 9113 §8.7) is resent at once, up to
            // twice.
            Purpose::Pages => builder
                .tls_backend_preconfigured(self.trust.config(&["h2", "http/1.1"])?)
                .http2_initial_stream_window_size(8 << 20)
                .http2_initial_connection_window_size(16 << 20),
        };
        Ok(match (reach, &*self.proxies) {
            (Reach::Public, _) => builder
                .dns_resolver(PublicResolver(self.resolver.clone()))
                .no_proxy(),
            (Reach::Any, Proxies::None) => builder.dns_resolver(self.resolver.clone()).no_proxy(),
            (Reach::Any, _) => {
                let proxies = self.proxies.clone();
                let proxy = reqwest::Proxy::custom(move |url| proxies.proxy_for(url));
                builder.dns_resolver(self.resolver.clone()).proxy(proxy)
            }
        })
    }
}

/// Returns the headers of each request that does not set its own.
fn defaults(settings: &Settings) -> Result<HeaderMap> {
    let user_agent = HeaderValue::from_str(&settings.user_agent)
        .map_err(|_| Error::new(Kind::Config, "the user agent is not valid in a header"))?;
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
