//! Asks the system for the addresses of a host.
//!
//! The HTTP library would do the same, but tells a host that is not found from one that cannot be reached by text alone.

use std::fmt;
use std::io;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver.
pub(super) struct System;

/// A host without an address. It is found among the causes of a failed request.
#[derive(Debug)]
pub(super) struct NotFound {
    /// The name that was asked for: that of a proxy, if there is one.
    pub(super) host: String,
    cause: io::Error,
}

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            // The port is that of the URL, whatever stands here.
            let found = tokio::net::lookup_host((host.as_str(), 0)).await;
            let found = found.map(Iterator::collect::<Vec<_>>);
            let addresses = found.map_err(|cause| NotFound { host, cause })?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot find the host `{}`", self.host)
    }
}

impl std::error::Error for NotFound {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
