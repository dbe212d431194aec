//! One address of a host that has several, with connections of its own.
//!
//! Machines behind one name are to serve the same bytes. Where they do not, whoever wants one file whole stays with one
//! of them.

use std::net::IpAddr;

use url::Url;

/// An address of a host to stay with.
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

    /// The address for a URL, if it is one of the host.
    pub(super) fn address_for(&self, url: &Url) -> Option<IpAddr> {
        (url.domain() == Some(&self.host)).then_some(self.address)
    }
}
