//! Asks the system for the addresses of a host.
//!
//! The HTTP library would do the same, but tells a host that is not found from one that cannot be reached by text alone.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver. It remembers what it found, for the moment in which the system finds nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    known: Arc<Mutex<HashMap<String, Vec<SocketAddr>>>>,
}

/// How many hosts are remembered. After that, all are forgotten.
const REMEMBERED: usize = 1024;

/// A host without an address. It is found among the causes of a failed request.
#[derive(Debug)]
pub(super) struct NotFound {
    /// The name that was asked for: that of a proxy, if there is one.
    pub(super) host: String,
    cause: io::Error,
}

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        let system = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The port is that of the URL, whatever stands here.
            let found = tokio::net::lookup_host((host, 0)).await;
            let addresses = system.answer(host, found.map(Iterator::collect))?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

impl System {
    /// What was found, or else what was found before: a name server that is away for a moment moves no host.
    fn answer(
        &self,
        host: &str,
        found: io::Result<Vec<SocketAddr>>,
    ) -> Result<Vec<SocketAddr>, NotFound> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(addresses) => {
                if known.len() >= REMEMBERED {
                    known.clear();
                }
                known.insert(host.to_owned(), addresses.clone());
                Ok(addresses)
            }
            Err(cause) => known.get(host).cloned().ok_or_else(|| NotFound {
                host: host.to_owned(),
                cause,
            }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_found_serves_while_none_is_found() {
        let system = System::default();
        let away = || Err(io::Error::other("the name server is away"));
        let error = system.answer("a.org", away()).unwrap_err();
        assert_eq!(error.to_string(), "cannot find the host `a.org`");
        let addresses = vec!["127.0.0.1:0".parse().unwrap()];
        assert!(system.answer("a.org", Ok(addresses.clone())).is_ok());
        assert_eq!(system.answer("a.org", away()).unwrap(), addresses);
        assert!(system.answer("b.org", away()).is_err());
    }
}
