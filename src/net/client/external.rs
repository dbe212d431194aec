//! What another program needs to send requests in our place, and what it may request.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Client, Inner};
use crate::model::{Error, Kind, Result};
use crate::net::private::is_public;
use crate::net::{NamedBy, Redacted, Secret, failure};

impl Client {
    /// Checks whether another program may request a URL named by `named_by`, and returns who names what it finds there.
    ///
    /// What the program requests next cannot be checked; the URLs that it returns are.
    ///
    /// # Errors
    /// [`Kind::Blocked`] for a private address that `named_by` may not lead to, [`Kind::Network`] for a host that is not
    /// found.
    pub(crate) async fn check_external(&self, url: &Url, named_by: NamedBy) -> Result<NamedBy> {
        let Inner {
            settings, pools, ..
        } = &*self.inner;
        let is_set = |name: &str| settings.resolve.iter().any(|set| set.host == name);
        let addresses: Vec<IpAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            // The proxy resolves the name, and we do not know whose network the address belongs to.
            Some(Host::Domain(_)) if pools.has_proxy_for(url) => return Ok(NamedBy::PublicServer),
            Some(Host::Domain(name)) => {
                let found = pools.resolver().find(name).await.map_err(|error| {
                    let message = format!("cannot find the host of `{}`", Redacted(url));
                    Error::new(Kind::Network, message).because(error)
                })?;
                found.iter().map(|address| address.ip()).collect()
            }
            None => Vec::new(),
        };
        let private = addresses.iter().find(|address| !is_public(**address));
        match private {
            Some(address)
                if settings.private.refuses(named_by) && !url.domain().is_some_and(is_set) =>
            {
                Err(failure::private_address(url, *address, settings.private))
            }
            Some(_) if addresses.iter().all(|address| !is_public(*address)) => Ok(named_by),
            _ => Ok(NamedBy::PublicServer),
        }
    }

    /// Returns the cookies for another program that requests these URLs, as the text of a `cookies.txt`.
    pub(crate) fn cookies_text(&self, urls: &[&Url]) -> Option<Secret> {
        let jar = self.inner.pools.jar()?;
        Some(Secret::new(jar.text(urls)))
    }
}
