//! From a URL along its redirects to an answer: by which connections, and with which headers, each hop is asked for.

use std::sync::PoisonError;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::{Origin, Url};

use super::trail::Trail;
use super::{Ask, Client, Inner};
use crate::model::{Error, Kind, Result};
use crate::net::cookies::Jar;
use crate::net::http1::Target;
use crate::net::pools::{Reach, Use};
use crate::net::private::{is_public, literal};
use crate::net::resolver::NotPublic;
use crate::net::{Fault, Gate, Led, Opened, Permit, Response, Stage, failure, redirect};

/// What carries a request.
enum Carrier<'a> {
    /// A connection of our own.
    Own(Target<'a>),
    /// The client for pages and proxies.
    Pooled(&'a reqwest::Client),
}

/// The cookies of one trail: those that are kept, or, where none are, what is set on the way. Many a wall asks for nothing else.
struct Cookies<'a> {
    kept: Option<&'a Jar>,
    on_the_way: Option<Jar>,
}

impl Cookies<'_> {
    fn of(&self, url: &Url) -> Option<HeaderValue> {
        self.kept.or(self.on_the_way.as_ref())?.cookies(url)
    }

    /// Takes what this answer sets, and says whether it was anything.
    fn take(&mut self, response: &Response, url: &Url) -> bool {
        let set = response.headers().get_all(header::SET_COOKIE);
        match self.kept {
            Some(jar) => jar.set_cookies(set, url),
            None if !redirect::is_redirect(response.status()) => false,
            None => {
                let jar = self.on_the_way.get_or_insert_default();
                jar.set_cookies(set, url)
            }
        }
    }
}

impl Client {
    pub(super) async fn send(&self, mut ask: Ask<'_>) -> Result<Opened> {
        let host = ask.url.host_str().unwrap_or("");
        let mut trail = Trail::new(ask.url.clone(), ask.way.led);
        let mut guest: Option<Permit> = None;
        let mut is_second = false;
        let mut cookies = Cookies {
            kept: self.inner.pools.jar().or(ask.way.gate.and_then(Gate::jar)),
            on_the_way: None,
        };
        loop {
            let here = trail.here();
            if let Some(gate) = ask.way.gate {
                gate.pass(here)?;
            }
            if trail.is_redirected() {
                // No place is held while another one is waited for.
                drop(guest.take());
                let there = here.host_str().unwrap_or("");
                guest = self.pace().lead(host, there).await;
            }
            let purpose = self.purpose_for(ask.purpose, here);
            let is_file = matches!(purpose, Use::Bodies);
            let (carrier, has_proxy) = self.carrier_for(ask, purpose, trail.led(), here)?;
            let is_pooled = matches!(carrier, Carrier::Pooled(_));
            let headers = self.headers(&ask, &trail, &cookies);
            let under_way = self.inner.reuse.begin(here.origin());
            let response = match self.ask(carrier, here, headers, ask.body, is_second).await {
                Ok(response) => response,
                Err(fault) if matches!(ask.purpose, Use::Pages) && failure::wants_http1(&fault) => {
                    ask.purpose = Use::Bodies;
                    continue;
                }
                // It had no request yet, and is not asked like this again.
                Err(fault) if is_file && failure::wants_http2(&fault) => {
                    self.speaks_http2_alone(here.origin());
                    continue;
                }
                // What may not be done twice is not: nobody knows how far it came.
                Err(fault)
                    if !is_second && ask.body.is_none() && under_way.found_closed(&fault) =>
                {
                    is_second = true;
                    continue;
                }
                Err(fault) => return Err(self.failed(fault, &trail, is_pooled && !has_proxy)),
            };
            under_way.answered();
            is_second = false;
            if has_proxy {
                self.unless_proxy_refuses(&response, here)?;
            }
            let has_cookie = cookies.take(&response, here);
            let address = response.remote_addr().filter(|_| !has_proxy);
            if let (Some(address), Some(name)) = (address, here.domain()) {
                self.inner.pools.system().answered(name, &address);
            }
            if trail.answered(address.map(|address| address.ip()))
                && let Some(gate) = ask.way.gate
            {
                gate.is_public(trail.here());
            }
            match response.headers().get(header::LOCATION) {
                Some(location)
                    if redirect::is_redirect(response.status())
                        && ask.body.is_none()
                        && ask.wants.is_none() =>
                {
                    if has_cookie {
                        trail.got_cookie();
                    }
                    trail.follow(location.as_bytes())?;
                }
                _ => return self.opened(response, trail, guest, host),
            }
        }
    }

    /// The headers of a request to where the trail has come: what is bound to its beginning goes no further.
    fn headers(&self, ask: &Ask<'_>, trail: &Trail, cookies: &Cookies<'_>) -> HeaderMap {
        let here = trail.here();
        let is_trusted = self.is_trusted(trail);
        let mut headers = ask.free.clone();
        if trail.is_home() {
            if let Some(logins) = &self.inner.logins
                && let Some(value) = logins.authorization(here, is_trusted)
            {
                headers.insert(header::AUTHORIZATION, value);
            }
            replace(&mut headers, ask.bound);
        }
        if is_trusted {
            replace(&mut headers, &self.inner.user_headers);
        }
        if !headers.contains_key(header::COOKIE)
            && let Some(cookies) = cookies.of(here)
        {
            headers.insert(header::COOKIE, cookies);
        }
        headers
    }

    /// Why no answer came, to a request that went through our connections of pages and no proxy (`is_direct`) or not.
    fn failed(&self, fault: Fault, trail: &Trail, is_direct: bool) -> Error {
        let here = trail.here();
        if fault.stage == Stage::Exchange
            && is_direct
            && let Some(name) = here.domain()
        {
            self.inner.pools.system().first_was_mute(name);
        }
        let is_named_by_server = fault.stage == Stage::Request && trail.is_redirected();
        let mut failure = self.failure(fault, here);
        if is_named_by_server {
            failure.kind = Kind::Corrupt;
        }
        failure
    }

    /// An error if it is the proxy that wants to know who asks. Through a tunnel, it would be the server that says this.
    fn unless_proxy_refuses(&self, response: &Response, here: &Url) -> Result<()> {
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && here.scheme() == "http"
            && let Some(proxy) = self.inner.pools.proxy_for(here)
            && proxy.starts_with("http")
        {
            return Err(failure::proxy_login(here, &proxy));
        }
        Ok(())
    }

    /// The answer at the end of a trail that began at this host.
    fn opened(
        &self,
        mut response: Response,
        trail: Trail,
        mut guest: Option<Permit>,
        host: &str,
    ) -> Result<Opened> {
        response
            .frame()
            .map_err(|coding| failure::packed(trail.here(), &coding))?;
        let (redirected, led) = (trail.is_redirected(), trail.led());
        if let Some(guest) = &mut guest
            && response.status().is_success()
        {
            guest.accepted(response.content_length());
        }
        let url = trail.into_here();
        Ok(Opened {
            watch: self.inner.floor.watch(url.host_str().unwrap_or("")),
            url,
            redirected,
            led,
            response,
            host: self.pace().host(host),
            guest,
        })
    }

    /// Asks once.
    async fn ask(
        &self,
        carrier: Carrier<'_>,
        url: &Url,
        headers: HeaderMap,
        body: Option<&Bytes>,
        must_be_new: bool,
    ) -> Result<Response, Fault> {
        let client = match carrier {
            Carrier::Own(target) => {
                let http1 = self.inner.pools.http1();
                return http1
                    .send(target, headers, body.cloned(), must_be_new)
                    .await;
            }
            Carrier::Pooled(client) => client,
        };
        let request = match body {
            Some(body) => client.post(url.clone()).body(body.clone()),
            None => client.get(url.clone()),
        };
        Ok(request.headers(headers).send().await?.into())
    }

    /// What a request to this URL is sent as: where a server speaks HTTP/2 alone, files come as pages do.
    fn purpose_for(&self, purpose: Use, url: &Url) -> Use {
        let known = self.inner.only_http2.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        match known.is_empty() || !known.contains(&url.origin()) {
            true => purpose,
            false => Use::Pages,
        }
    }

    /// Notes that a server speaks HTTP/2 and nothing else.
    fn speaks_http2_alone(&self, origin: Origin) {
        let known = self.inner.only_http2.write();
        known.unwrap_or_else(PoisonError::into_inner).insert(origin);
    }

    /// What carries a request to this URL, and whether there is a proxy in between.
    fn carrier_for<'a>(
        &'a self,
        ask: Ask<'a>,
        purpose: Use,
        who: Led,
        url: &'a Url,
    ) -> Result<(Carrier<'a>, bool)> {
        let Inner {
            settings, pools, ..
        } = &*self.inner;
        let has_proxy = pools.has_proxy_for(url);
        let is_own = matches!(purpose, Use::Bodies) && !has_proxy;
        let pin = ask.way.pin.filter(|_| is_own);
        let pinned = pin.and_then(|pin| pin.address_for(url));
        let pinned = pinned.filter(|at| is_public(*at) || !settings.private.refuses(who));
        let own = |reach| Carrier::Own(Target { url, reach, pinned });
        if pinned.is_some() {
            // Whoever stays at an address was let in there before.
            return Ok((own(Reach::Any), has_proxy));
        }
        let mut reach = Reach::Any;
        if settings.private.refuses(who) {
            if let Some(address) = literal(url).filter(|address| !is_public(*address)) {
                return Err(failure::private(url, address, settings.private));
            }
            if !has_proxy {
                reach = Reach::Public;
            }
        }
        let carrier = match is_own {
            true => own(reach),
            false => Carrier::Pooled(pools.get(settings, purpose, reach)?),
        };
        Ok((carrier, has_proxy))
    }

    fn failure(&self, fault: Fault, url: &Url) -> Error {
        match failure::find::<NotPublic>(&*fault.cause) {
            Some(found) => failure::private(url, found.address, self.inner.settings.private),
            None => {
                let is_connect = fault.stage == Stage::Connect;
                let mut failure = failure::classify(fault, url);
                let may_be_the_proxy = matches!(failure.kind, Kind::Network | Kind::Login);
                let proxy = self.inner.pools.proxy_for(url);
                if let Some(proxy) = proxy.filter(|_| is_connect && may_be_the_proxy) {
                    failure.message += &format!(" through the proxy `{proxy}`");
                }
                failure
            }
        }
    }

    /// Whether the user gave a link of the origin that this trail began at and has not left.
    fn is_trusted(&self, trail: &Trail) -> bool {
        if self.inner.user_headers.is_empty() && self.inner.logins.is_none() {
            return false;
        }
        let origins = self
            .inner
            .user_origins
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        origins.contains(&trail.first().origin()) && trail.is_home()
    }
}

/// Sets these headers in place of others of their names.
fn replace(headers: &mut HeaderMap, by: &HeaderMap) {
    for name in by.keys() {
        headers.remove(name);
    }
    for (name, value) in by {
        headers.append(name.clone(), value.clone());
    }
}
