//! One address of a host that has several, with connections of its own.
//!
//! Machines behind one name are to serve the same bytes. Where they do not, whoever wants one file whole stays with one
//! of them. A pin is made for that alone: it costs a client.

use std::net::{IpAddr, SocketAddr};

use url::Url;

/// An address of a host to stay with.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    host: String,
    client: reqwest::Client,
}

impl Pin {
    /// Pins a host to this address, with a client that is otherwise like others.
    pub(super) fn new(
        host: &str,
        address: IpAddr,
        builder: reqwest::ClientBuilder,
    ) -> reqwest::Result<Pin> {
        // The port is that of the URL.
        let address = SocketAddr::new(address, 0);
        Ok(Pin {
            host: host.to_owned(),
            client: builder.resolve_to_addrs(host, &[address]).build()?,
        })
    }

    /// The connections for a URL, if it is one of the host.
    pub(super) fn client_for(&self, url: &Url) -> Option<&reqwest::Client> {
        (url.domain() == Some(&self.host)).then_some(&self.client)
    }
}
