//! The one HTTP client of a run.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::BytesMut;
use http::{HeaderMap, header};
use url::{Origin, Url};

use super::floor::Floor;
use super::headers::header_map;
use super::netrc::Logins;
use super::pools::{Pools, Reach, Use};
use super::private::{is_public, literal};
use super::resolver::NotPublic;
use super::reuse::Reuse;
use super::{
    Answer, Backoff, Budget, Led, Limits, Opened, Pace, Permit, Rate, Refusal, Settings, Shown,
    failure, redirect, retry,
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
    logins: Option<Logins>,
    pools: Pools,
    user_headers: HeaderMap,
    user_origins: RwLock<HashSet<Origin>>,
    reuse: Reuse,
    floor: Floor,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    purpose: Use,
    led: Led,
    url: &'a Url,
    /// Headers for the origin of the URL alone.
    bound: &'a HeaderMap,
    /// Headers for every hop.
    free: &'a HeaderMap,
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
                reuse: Reuse::default(),
                floor: Floor::new(settings.speed_floor, settings.speed_window),
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
        self.inner.pools.save_cookies()
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
        self.call_led(&mut Led::ByUser, url, headers, limit).await
    }

    /// The same for a URL that may have been named by a server, and notes who leads on from the answer.
    ///
    /// # Errors
    /// Also [`Kind::Blocked`] for a private address that it may not lead to.
    pub(crate) async fn call_led(
        &self,
        led: &mut Led,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer> {
        let ask = Ask {
            purpose: Use::Pages,
            led: *led,
            url,
            bound: headers,
            free: &HeaderMap::new(),
        };
        let settings = &self.inner.settings;
        let mut budget = Budget::new(settings.retries);
        loop {
            let permit = self.pace().enter(url.host_str().unwrap_or("")).await;
            let outcome = self.call_once(ask, led, limit).await;
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

    async fn call_once(&self, ask: Ask<'_>, led: &mut Led, limit: usize) -> Result<Answer> {
        let Opened {
            url,
            mut response,
            host,
            led: next,
            ..
        } = self.send(ask).await?;
        *led = next;
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
        self.open_led(Led::ByUser, url, bound, free).await
    }

    /// The same for a URL that may have been named by a server.
    ///
    /// # Errors
    /// Also [`Kind::Blocked`] for a private address that it may not lead to.
    pub(crate) async fn open_led(
        &self,
        led: Led,
        url: &Url,
        bound: &HeaderMap,
        free: &HeaderMap,
    ) -> Result<Opened> {
        self.send(Ask {
            purpose: Use::Bodies,
            led,
            url,
            bound,
            free,
        })
        .await
    }

    /// Reads the next piece of a body.
    ///
    /// # Errors
    /// [`Kind::Network`] if it breaks off, falls silent, or only drips.
    pub async fn chunk(&self, opened: &mut Opened) -> Result<Option<bytes::Bytes>> {
        opened.chunk().await
    }

    async fn send(&self, ask: Ask<'_>) -> Result<Opened> {
        let Ask { url, bound, .. } = ask;
        let host = url.host_str().unwrap_or("");
        let pools = &self.inner.pools;
        let mut led = ask.led;
        let mut trail = vec![url.clone()];
        let mut since = 0;
        loop {
            let here = &trail[trail.len() - 1];
            // Once elsewhere, headers do not come back even if the trail does: who sent us there chose the way.
            let is_home = trail.iter().all(|hop| hop.origin() == url.origin());
            let who = if is_home { ask.led } else { led };
            let (client, has_proxy) = self.way(ask.purpose, who, here)?;
            let mut request = client.get(here.clone()).headers(ask.free.clone());
            if is_home {
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
            let response = sent.await.map_err(|error| self.failure(error, here))?;
            let address = response.remote_addr().filter(|_| !has_proxy);
            if let (Some(address), Some(name)) = (address, here.domain()) {
                pools.system().answered(name, &address);
            }
            // What a proxy has found is as good as public, unless the URL says what it is.
            let address = address.map(|a| a.ip()).or_else(|| literal(here));
            if address.is_none_or(is_public) {
                led = Led::ByPublic;
            }
            match response.headers().get(header::LOCATION) {
                Some(location) if redirect::is_redirect(response.status()) => {
                    if pools.keeps_cookies() && response.headers().contains_key(header::SET_COOKIE)
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
                        led,
                        response,
                        host: self.pace().host(host),
                    });
                }
            }
        }
    }

    /// The connections for a request to this URL, and whether there is a proxy in between.
    fn way(&self, purpose: Use, who: Led, url: &Url) -> Result<(&reqwest::Client, bool)> {
        let Inner {
            settings, pools, ..
        } = &*self.inner;
        let has_proxy = pools.has_proxy_for(url);
        let mut reach = Reach::Any;
        if settings.private.refuses(who) {
            if let Some(address) = literal(url).filter(|address| !is_public(*address)) {
                return Err(failure::private(url, address, settings.private));
            }
            if !has_proxy {
                reach = Reach::Public;
            }
        }
        Ok((pools.get(settings, purpose, reach)?, has_proxy))
    }

    fn failure(&self, error: reqwest::Error, url: &Url) -> Error {
        match failure::find::<NotPublic>(&error) {
            Some(found) => failure::private(url, found.address, self.inner.settings.private),
            None => failure::classify(error, url),
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
}
