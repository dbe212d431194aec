//! A single address of a host that has several, with connections of its own.
//!
//! Machines behind one name should serve the same bytes. Where they do not, a file that must come from a single machine
//! is pinned to one of them.

use std::net::IpAddr;

use url::Url;

/// An address of a host to keep using.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    host: String,
    address: IpAddr,
}

impl Pin {
    /// Pins a host to this address.
    pub(super) fn new(host: &str, address: IpAddr) -> Pin {
        Pin {
            host: host.to_owned(),
            address,
        }
    }

    /// Returns the pinned address for a URL, if the URL is on the host.
    pub(super) fn address_for(&self, url: &Url) -> Option<IpAddr> {
        (url.domain() == Some(&self.host)).then_some(self.address)
    }
}
