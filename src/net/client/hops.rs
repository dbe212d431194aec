//! Follows a URL through its redirects to a response, and chooses the connection and headers for each hop.

use std::sync::PoisonError;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::{Origin, Url};

use super::trail::Trail;
use super::{Client, Inner, RequestSpec};
use crate::model::{Error, Kind, Result};
use crate::net::cookies::Jar;
use crate::net::http1::Target;
use crate::net::pools::{Purpose, Reach};
use crate::net::private::{is_public, literal};
use crate::net::resolver::NotPublic;
use crate::net::{Fault, Gate, NamedBy, Opened, Permit, Response, Stage, failure, redirect};

/// What carries a request.
enum Carrier<'a> {
    /// A connection of our own.
    Own(Target<'a>),
    /// The client for pages and proxies.
    Pooled(&'a reqwest::Client),
}

/// The cookies of one trail: those of the jar or, without a jar, those set along the way. Many sites let a request in
/// that brings back such a cookie.
struct Cookies<'a> {
    jar: Option<&'a Jar>,
    redirect_jar: Option<Jar>,
}

impl Cookies<'_> {
    fn of(&self, url: &Url) -> Option<HeaderValue> {
        self.jar.or(self.redirect_jar.as_ref())?.cookies(url)
    }

    /// Stores the cookies that this response sets, and tells whether there were any.
    fn take(&mut self, response: &Response, url: &Url) -> bool {
        let set = response.headers().get_all(header::SET_COOKIE);
        match self.jar {
            Some(jar) => jar.set_cookies(set, url),
            None if !redirect::is_redirect(response.status()) => false,
            None => {
                let jar = self.redirect_jar.get_or_insert_default();
                jar.set_cookies(set, url)
            }
        }
    }
}

impl Client {
    /// Sends a request, and follows its redirects.
    pub(super) async fn send(&self, mut spec: RequestSpec<'_>) -> Result<Opened> {
        let host = spec.url.host_str().unwrap_or("");
        let mut trail = Trail::new(spec.url.clone(), spec.constraints.named_by);
        let mut guest: Option<Permit> = None;
        let mut is_second = false;
        let mut cookies = Cookies {
            jar: self
                .inner
                .pools
                .jar()
                .or(spec.constraints.gate.and_then(Gate::jar)),
            redirect_jar: None,
        };
        loop {
            let here = trail.current();
            if let Some(gate) = spec.constraints.gate {
                gate.pass(here)?;
            }
            if trail.is_redirected() {
                // No slot is held while waiting for another.
                drop(guest.take());
                let there = here.host_str().unwrap_or("");
                guest = self.pace().enter_as_guest(host, there).await;
            }
            let purpose = self.purpose_for(spec.purpose, here);
            let is_file = matches!(purpose, Purpose::Bodies);
            let (carrier, has_proxy) = self.carrier_for(spec, purpose, trail.named_by(), here)?;
            let is_pooled = matches!(carrier, Carrier::Pooled(_));
            let headers = self.headers(&spec, &trail, &cookies);
            let in_flight = self.inner.reuse.begin(here.origin());
            let response = match self
                .send_hop(carrier, here, headers, spec.body, is_second)
                .await
            {
                Ok(response) => response,
                Err(fault)
                    if matches!(spec.purpose, Purpose::Pages) && failure::wants_http1(&fault) =>
                {
                    spec.purpose = Purpose::Bodies;
                    continue;
                }
                // No request was sent yet, and the next attempt uses HTTP/2.
                Err(fault) if is_file && failure::wants_http2(&fault) => {
                    self.speaks_http2_alone(here.origin());
                    continue;
                }
                // What may not be done twice is not retried: nobody knows how far the request got.
                Err(fault)
                    if !is_second && spec.body.is_none() && in_flight.found_closed(&fault) =>
                {
                    is_second = true;
                    continue;
                }
                Err(fault) => return Err(self.failed(fault, &trail, is_pooled && !has_proxy)),
            };
            in_flight.answered();
            is_second = false;
            if has_proxy {
                self.unless_proxy_refuses(&response, here)?;
            }
            let has_cookie = cookies.take(&response, here);
            let address = response.remote_addr().filter(|_| !has_proxy);
            if let (Some(address), Some(name)) = (address, here.domain()) {
                self.inner.pools.resolver().note_answered(name, &address);
            }
            if trail.answered(address.map(|address| address.ip()))
                && let Some(gate) = spec.constraints.gate
            {
                gate.note_public(trail.current());
            }
            match response.headers().get(header::LOCATION) {
                Some(location)
                    if redirect::is_redirect(response.status())
                        && spec.body.is_none()
                        && spec.wants_body.is_none() =>
                {
                    if has_cookie {
                        trail.note_cookie();
                    }
                    trail.follow(location.as_bytes())?;
                }
                _ => return self.opened(response, trail, guest, host),
            }
        }
    }

    /// Returns the headers of a request to the trail's current URL: headers bound to its first origin go no further.
    fn headers(&self, spec: &RequestSpec<'_>, trail: &Trail, cookies: &Cookies<'_>) -> HeaderMap {
        let here = trail.current();
        let is_trusted = self.is_trusted(trail);
        let mut headers = spec.common_headers.clone();
        if trail.has_one_origin() {
            if let Some(logins) = &self.inner.logins
                && let Some(value) = logins.authorization(here, is_trusted)
            {
                headers.insert(header::AUTHORIZATION, value);
            }
            replace(&mut headers, spec.origin_headers);
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

    /// Turns a fault into an error. `is_direct` says that the request went through the client for pages, and no proxy.
    fn failed(&self, fault: Fault, trail: &Trail, is_direct: bool) -> Error {
        let here = trail.current();
        if fault.stage == Stage::Exchange
            && is_direct
            && let Some(name) = here.domain()
        {
            self.inner.pools.resolver().note_first_unanswered(name);
        }
        let is_named_by_server = fault.stage == Stage::Request && trail.is_redirected();
        let mut failure = self.failure(fault, here);
        if is_named_by_server {
            failure.kind = Kind::Corrupt;
        }
        failure
    }

    /// Returns an error if the proxy requires a login. Through a tunnel, it would be the server that says this.
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

    /// Returns the response at the end of a trail that began at `host`.
    fn opened(
        &self,
        mut response: Response,
        trail: Trail,
        mut guest: Option<Permit>,
        host: &str,
    ) -> Result<Opened> {
        response
            .frame()
            .map_err(|coding| failure::unrequested_coding(trail.current(), &coding))?;
        let (redirected, named_by) = (trail.is_redirected(), trail.named_by());
        if let Some(guest) = &mut guest
            && response.status().is_success()
        {
            guest.accepted(response.content_length());
        }
        let url = trail.into_current();
        Ok(Opened {
            watch: self.inner.floor.watch(url.host_str().unwrap_or("")),
            url,
            redirected,
            named_by,
            response,
            host: self.pace().host(host),
            guest,
        })
    }

    /// Sends a request once.
    async fn send_hop(
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

    /// Returns how a request to this URL is sent: where a server speaks only HTTP/2, files are requested like pages.
    fn purpose_for(&self, purpose: Purpose, url: &Url) -> Purpose {
        let known = self.inner.only_http2.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        match known.is_empty() || !known.contains(&url.origin()) {
            true => purpose,
            false => Purpose::Pages,
        }
    }

    /// Notes that a server speaks nothing but HTTP/2.
    fn speaks_http2_alone(&self, origin: Origin) {
        let known = self.inner.only_http2.write();
        known.unwrap_or_else(PoisonError::into_inner).insert(origin);
    }

    /// Returns what carries a request to this URL, and whether there is a proxy in between.
    fn carrier_for<'a>(
        &'a self,
        spec: RequestSpec<'a>,
        purpose: Purpose,
        named_by: NamedBy,
        url: &'a Url,
    ) -> Result<(Carrier<'a>, bool)> {
        let Inner {
            settings, pools, ..
        } = &*self.inner;
        let has_proxy = pools.has_proxy_for(url);
        let is_own = matches!(purpose, Purpose::Bodies) && !has_proxy;
        let pin = spec.constraints.pin.filter(|_| is_own);
        let pinned = pin.and_then(|pin| pin.address_for(url));
        let pinned = pinned.filter(|at| is_public(*at) || !settings.private.refuses(named_by));
        let own = |reach| Carrier::Own(Target { url, reach, pinned });
        if pinned.is_some() {
            // A pinned address has been allowed before.
            return Ok((own(Reach::Any), has_proxy));
        }
        let mut reach = Reach::Any;
        if settings.private.refuses(named_by) {
            if let Some(address) = literal(url).filter(|address| !is_public(*address)) {
                return Err(failure::private_address(url, address, settings.private));
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
            Some(found) => {
                failure::private_address(url, found.address, self.inner.settings.private)
            }
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

    /// Checks whether the user gave a link of the origin where this trail began, and the trail has not left it.
    fn is_trusted(&self, trail: &Trail) -> bool {
        if self.inner.user_headers.is_empty() && self.inner.logins.is_none() {
            return false;
        }
        let origins = self
            .inner
            .user_origins
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        origins.contains(&trail.first().origin()) && trail.has_one_origin()
    }
}

/// Sets these headers, replacing others of the same names.
fn replace(headers: &mut HeaderMap, by: &HeaderMap) {
    for name in by.keys() {
        headers.remove(name);
    }
    for (name, value) in by {
        headers.append(name.clone(), value.clone());
    }
}
