//! The one HTTP client of a run.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, header};
use url::{Origin, Url};

use super::cookies::Jar;
use super::floor::Floor;
use super::headers::header_map;
use super::netrc::Logins;
use super::reuse::Reuse;
use super::{
    Answer, Backoff, Budget, Limits, Opened, Pace, Permit, Rate, Refusal, Settings, Shown, failure,
    redirect, resolver, retry,
};
use crate::model::{Error, Kind, Result};

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
    jar: Option<Arc<Jar>>,
    logins: Option<Logins>,
    certificates: Vec<reqwest::Certificate>,
    user_headers: HeaderMap,
    user_origins: RwLock<HashSet<Origin>>,
    reuse: Reuse,
    floor: Floor,
    pages: OnceLock<reqwest::Client>,
    bodies: OnceLock<reqwest::Client>,
}

/// Which of the two pools a request uses.
#[derive(Clone, Copy)]
enum Pool {
    /// Listings: HTTP/2 where the server has it.
    Pages,
    /// Files: HTTP/1.1, a connection each. One HTTP/2 connection for all is several times slower at a distance.
    Bodies,
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
    /// [`Kind::Config`] for a certificate, cookie file, browser, netrc, header, proxy or user agent that cannot be used.
    pub fn new(settings: Settings) -> Result<Client> {
        let jar = Jar::open(&settings)?.map(Arc::new);
        let logins = Logins::read(&settings.netrc)?;
        let mut certificates = Vec::new();
        for path in &settings.ca_cert {
            let cannot = |cause: Box<dyn std::error::Error + Send + Sync>| {
                Error::new(
                    Kind::Config,
                    format!("cannot read certificates from `{}`", path.display()),
                )
                .because(cause)
            };
            let pem = std::fs::read(path).map_err(|error| cannot(error.into()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| cannot(error.into()))?;
            if found.is_empty() {
                return Err(cannot("there is no PEM certificate in it".into()));
            }
            certificates.extend(found);
        }
        let user_headers = header_map(&settings.headers)?;
        HeaderValue::from_str(&settings.user_agent)
            .map_err(|_| Error::new(Kind::Config, "the user agent cannot stand in a header"))?;
        if let Some(proxy) = &settings.proxy {
            reqwest::Proxy::all(proxy).map_err(|error| {
                Error::new(Kind::Config, "cannot use this proxy").because(error.without_url())
            })?;
        }
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
                jar,
                logins,
                certificates,
                user_headers,
                user_origins: RwLock::default(),
                reuse: Reuse::default(),
                floor: Floor::new(settings.speed_floor, settings.speed_window),
                pages: OnceLock::new(),
                bodies: OnceLock::new(),
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

    /// Writes the cookies that servers set to the file, if the settings say so.
    ///
    /// # Errors
    /// [`Kind::Disk`]; then the file is as it was.
    pub fn save_cookies(&self) -> Result<()> {
        self.inner.jar.as_ref().map_or(Ok(()), |jar| jar.save())
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
    /// [`Kind::Network`] when it cannot be had, [`Kind::Corrupt`] when it is longer than `limit` bytes.
    pub async fn call(&self, url: &Url, headers: &HeaderMap, limit: usize) -> Result<Answer> {
        let settings = &self.inner.settings;
        let mut budget = Budget::new(settings.retries);
        loop {
            let permit = self.pace().enter(url.host_str().unwrap_or("")).await;
            let outcome = self.call_once(url, headers, limit).await;
            let refusal = self.learn(permit, &outcome);
            let told = match &outcome {
                Ok(answer) if retry::worth_retrying(answer.status) => answer.retry_after(),
                Ok(answer) if answer.status.as_u16() == 429 && answer.retry_after().is_some() => {
                    answer.retry_after()
                }
                Err(error) if retry::passes(error.kind) => None,
                _ => return outcome,
            };
            if told.is_some_and(|wait| wait > settings.longest_wait) {
                return outcome;
            }
            let Some(number) = budget.take() else {
                return outcome;
            };
            // While the whole host is paused, the wait is that of the line.
            if refusal.is_none_or(|refusal| refusal.paused.is_none()) {
                let wait = told.unwrap_or_else(|| self.backoff().wait(number));
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Tells the pace what came of a call.
    fn learn(&self, permit: Permit, outcome: &Result<Answer>) -> Option<Refusal> {
        match outcome {
            Ok(answer) if answer.status.is_success() => {
                permit.succeeded();
                None
            }
            Ok(answer) => {
                let told = answer.retry_after();
                let is_busy = matches!(answer.status.as_u16(), 429 | 503) || told.is_some();
                let told = told.filter(|told| *told <= self.inner.settings.longest_wait);
                is_busy.then(|| permit.refused(told))
            }
            Err(error) => (error.kind == Kind::Network).then(|| permit.broke()),
        }
    }

    async fn call_once(&self, url: &Url, headers: &HeaderMap, limit: usize) -> Result<Answer> {
        let Opened {
            url,
            mut response,
            host,
            ..
        } = self
            .send(Pool::Pages, url, headers, &HeaderMap::new())
            .await?;
        let status = response.status();
        let answer_headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failure::classify(error, &url))?
        {
            if body.len() + chunk.len() > limit {
                let message = format!(
                    "the answer of `{}` is longer than {limit} bytes",
                    Shown(&url)
                );
                return Err(Error::new(Kind::Corrupt, message));
            }
            host.came(chunk.len());
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            url,
            status,
            headers: answer_headers,
            body: body.freeze(),
        })
    }

    /// Asks for a file: one try, redirects followed. `bound` goes to the origin of `url` alone, `free` to every hop.
    ///
    /// # Errors
    /// [`Kind::Network`] and the errors of redirects.
    pub async fn open(&self, url: &Url, bound: &HeaderMap, free: &HeaderMap) -> Result<Opened> {
        self.send(Pool::Bodies, url, bound, free).await
    }

    /// Reads the next piece of a body.
    ///
    /// # Errors
    /// [`Kind::Network`] if it breaks off, falls silent, or only drips.
    pub async fn chunk(&self, opened: &mut Opened) -> Result<Option<bytes::Bytes>> {
        opened.chunk().await
    }

    async fn send(
        &self,
        pool: Pool,
        url: &Url,
        bound: &HeaderMap,
        free: &HeaderMap,
    ) -> Result<Opened> {
        let client = self.pool(pool)?;
        let host = url.host_str().unwrap_or("");
        let mut trail = vec![url.clone()];
        let mut since = 0;
        loop {
            let here = &trail[trail.len() - 1];
            let mut request = client.get(here.clone()).headers(free.clone());
            // Once elsewhere, headers do not come back even if the trail does: who sent us there chose the way.
            if trail.iter().all(|hop| hop.origin() == url.origin()) {
                if let Some(logins) = &self.inner.logins
                    && let Some(value) = logins.authorization(here, self.is_trusted(&trail))
                {
                    let login = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
                    request = request.headers(login);
                }
                request = request.headers(bound.clone());
            }
            if self.is_trusted(&trail) {
                request = request.headers(self.inner.user_headers.clone());
            }
            let sent = self.inner.reuse.send(request, here.origin());
            let response = sent.await.map_err(|error| failure::classify(error, here))?;
            match response.headers().get(header::LOCATION) {
                Some(location) if redirect::is_redirect(response.status()) => {
                    if self.inner.jar.is_some()
                        && response.headers().contains_key(header::SET_COOKIE)
                    {
                        since = trail.len();
                    }
                    let next = redirect::next(&trail, since, location.as_bytes())?;
                    trail.push(next);
                }
                _ => {
                    let redirected = trail.len() > 1;
                    let url = trail.swap_remove(trail.len() - 1);
                    return Ok(Opened {
                        watch: self.inner.floor.watch(url.host_str().unwrap_or("")),
                        url,
                        redirected,
                        response,
                        host: self.pace().host(host),
                    });
                }
            }
        }
    }

    fn is_trusted(&self, trail: &[Url]) -> bool {
        if self.inner.user_headers.is_empty() && self.inner.logins.is_none() {
            return false;
        }
        let origins = self
            .inner
            .user_origins
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        origins.contains(&trail[0].origin())
            && trail.iter().all(|hop| hop.origin() == trail[0].origin())
    }

    fn pool(&self, pool: Pool) -> Result<&reqwest::Client> {
        let cell = match pool {
            Pool::Pages => &self.inner.pages,
            Pool::Bodies => &self.inner.bodies,
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = self.build(pool)?;
        Ok(cell.get_or_init(|| client))
    }

    fn build(&self, pool: Pool) -> Result<reqwest::Client> {
        let settings = &self.inner.settings;
        let mut accept = HeaderMap::new();
        accept.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        let mut builder = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .default_headers(accept)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.stall_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(resolver::System::default())
            .referer(false);
        builder = match pool {
            Pool::Bodies => builder
                .http1_only()
                .pool_max_idle_per_host(settings.per_host),
            Pool::Pages => builder
                .http2_initial_stream_window_size(8 << 20)
                .http2_initial_connection_window_size(16 << 20),
        };
        if let Some(proxy) = &settings.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|error| {
                Error::new(Kind::Config, "cannot use this proxy").because(error.without_url())
            })?;
            builder = builder.proxy(proxy);
        }
        for resolve in &settings.resolve {
            // The port is that of the URL, whatever stands here.
            let addresses: Vec<_> = resolve
                .addresses
                .iter()
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            builder = builder.resolve_to_addrs(&resolve.host, &addresses);
        }
        if !self.inner.certificates.is_empty() {
            builder = builder.tls_certs_merge(self.inner.certificates.iter().cloned());
        }
        if let Some(jar) = &self.inner.jar {
            builder = builder.cookie_provider(jar.clone());
        }
        builder
            .build()
            .map_err(|error| Error::new(Kind::Config, "cannot set up the network").because(error))
    }
}
