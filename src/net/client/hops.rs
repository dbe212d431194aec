//! From a URL along its redirects to an answer: by which connections, and with which headers, each hop is asked for.

use std::sync::PoisonError;

use http::{HeaderMap, header};
use url::Url;

use super::trail::Trail;
use super::{Ask, Client, Inner};
use crate::model::{Error, Kind, Result};
use crate::net::pools::{Reach, Use};
use crate::net::private::{is_public, literal};
use crate::net::resolver::NotPublic;
use crate::net::{Led, Opened, Permit, failure, redirect};

impl Client {
    pub(super) async fn send(&self, mut ask: Ask<'_>) -> Result<Opened> {
        let Ask { url, bound, .. } = ask;
        let host = url.host_str().unwrap_or("");
        let pools = &self.inner.pools;
        let mut trail = Trail::new(url.clone(), ask.way.led);
        let mut guest: Option<Permit> = None;
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
            let is_trusted = self.is_trusted(&trail);
            let (client, has_proxy) = self.client_for(ask, trail.led(), here)?;
            let request = match ask.body {
                Some(body) => client.post(here.clone()).body(body.clone()),
                None => client.get(here.clone()),
            };
            let mut headers = ask.free.clone();
            if trail.is_home() {
                if let Some(logins) = &self.inner.logins
                    && let Some(value) = logins.authorization(here, is_trusted)
                {
                    headers.insert(header::AUTHORIZATION, value);
                }
                replace(&mut headers, bound);
            }
            if is_trusted {
                replace(&mut headers, &self.inner.user_headers);
            }
            if let Some(jar) = pools.jar()
                && !headers.contains_key(header::COOKIE)
                && let Some(cookies) = jar.cookies(here)
            {
                headers.insert(header::COOKIE, cookies);
            }
            let request = request.headers(headers);
            let sent = self
                .inner
                .reuse
                .send(request, here.origin(), ask.body.is_none());
            let response = match sent.await {
                Err(error) if matches!(ask.purpose, Use::Pages) && failure::wants_http1(&error) => {
                    ask.purpose = Use::Bodies;
                    continue;
                }
                sent => sent.map_err(|error| self.failure(error, here))?,
            };
            let set = response.headers().get_all(header::SET_COOKIE);
            let has_cookie = pools.jar().is_some_and(|jar| jar.set_cookies(set, here));
            let address = response.remote_addr().filter(|_| !has_proxy);
            if let (Some(address), Some(name)) = (address, here.domain()) {
                pools.system().answered(name, &address);
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
                _ => {
                    let (redirected, led) = (trail.is_redirected(), trail.led());
                    if let Some(guest) = &mut guest
                        && response.status().is_success()
                    {
                        guest.accepted(response.content_length());
                    }
                    let url = trail.into_here();
                    return Ok(Opened {
                        watch: self.inner.floor.watch(url.host_str().unwrap_or("")),
                        url,
                        redirected,
                        led,
                        response,
                        host: self.pace().host(host),
                        guest,
                    });
                }
            }
        }
    }

    /// The connections for a request to this URL, and whether there is a proxy in between.
    fn client_for<'a>(
        &'a self,
        ask: Ask<'a>,
        who: Led,
        url: &Url,
    ) -> Result<(&'a reqwest::Client, bool)> {
        let Inner {
            settings, pools, ..
        } = &*self.inner;
        let has_proxy = pools.has_proxy_for(url);
        let pinned = ask.way.pin.filter(|_| !has_proxy);
        if let Some(client) = pinned.and_then(|pin| pin.client_for(url)) {
            // Whoever stays at an address was let in there before.
            return Ok((client, has_proxy));
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
        Ok((pools.get(settings, ask.purpose, reach)?, has_proxy))
    }

    fn failure(&self, error: reqwest::Error, url: &Url) -> Error {
        match failure::find::<NotPublic>(&error) {
            Some(found) => failure::private(url, found.address, self.inner.settings.private),
            None => {
                let is_connect = error.is_connect();
                let mut failure = failure::classify(error, url);
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
