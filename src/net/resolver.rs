//! Resolves hosts to addresses, and remembers which of the addresses are of use.
//!
//! The HTTP library could ask the system itself, but its errors for a host that is not found and for one that cannot be
//! reached differ only in their text.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;

use super::Override;
use super::private::is_public;

/// The system's resolver, except for hosts whose addresses the user has set. It remembers what it found, in case the
/// system briefly finds nothing, and which address family answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolver {
    overrides: Arc<HashMap<String, Vec<SocketAddr>>>,
    hosts: Arc<Mutex<HashMap<String, HostState>>>,
}

/// What is known about a host.
#[derive(Debug, Default)]
struct HostState {
    /// Its addresses, in the system's order.
    addresses: Vec<SocketAddr>,
    /// The family that answered although the other one comes first, and until when it is preferred.
    family: Option<(Family, Instant)>,
    /// The addresses that accepted a connection but did not respond, the latest one last.
    unresponsive: Vec<IpAddr>,
}

/// The address family: IPv4, or else IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Family {
    is_v4: bool,
}

/// The system's resolver for hosts that must be public: their private addresses are left out.
#[derive(Clone, Debug)]
pub(super) struct PublicResolver(pub(super) Resolver);

/// How many hosts are remembered before all are forgotten.
const REMEMBERED: usize = 1024;
/// How long a family is tried first because it answered (RFC 8305 §4 suggests about ten minutes).
const FAMILY_PREFERRED_FOR: Duration = Duration::from_secs(600);

/// The error for a host without an address. It is found among the causes of a failed request.
#[derive(Debug)]
pub(super) struct NotFound {
    /// The name that was looked up: that of the proxy, if there is one.
    pub(super) host: String,
    cause: io::Error,
}

/// The error for a host that must be public but has no public address. It is found among the causes of a failed
/// request.
#[derive(Debug)]
pub(super) struct NotPublic {
    /// One of its addresses.
    pub(super) address: IpAddr,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolver.find(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let PublicResolver(resolver) = self.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolver.find_public(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Keeps the public addresses.
fn public(mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    let first = addresses.first().map(SocketAddr::ip);
    addresses.retain(|address| is_public(address.ip()));
    match first {
        Some(address) if addresses.is_empty() => Err(NotPublic { address }),
        _ => Ok(addresses),
    }
}

impl Resolver {
    /// Creates a resolver with the addresses that the user has set.
    pub(super) fn new(overrides: &[Override]) -> Resolver {
        // The port is later taken from the URL, whatever it is here.
        let addresses = |host: &Override| {
            let addresses = host.addresses.iter();
            addresses.map(|ip| SocketAddr::new(*ip, 0)).collect()
        };
        let overrides = overrides
            .iter()
            .map(|host| (host.host.to_ascii_lowercase(), addresses(host)));
        Resolver {
            overrides: Arc::new(overrides.collect()),
            hosts: Arc::default(),
        }
    }

    /// Returns the addresses of a host.
    ///
    /// # Errors
    /// If it has none.
    pub(super) async fn find(&self, host: &str) -> Result<Vec<SocketAddr>, NotFound> {
        let found = match self.overrides.get(host) {
            Some(addresses) => Ok(addresses.clone()),
            None => tokio::net::lookup_host((host, 0))
                .await
                .map(Iterator::collect),
        };
        self.remember(host, found)
    }

    /// Like [`Resolver::find`], for a host that must be public.
    pub(super) async fn find_public(
        &self,
        host: &str,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let addresses = self.find(host).await?;
        // Addresses set by the user are allowed.
        match self.overrides.contains_key(host) {
            true => Ok(addresses),
            false => Ok(public(addresses)?),
        }
    }

    /// Returns what was found, or else what was found before: a name server that briefly fails moves no host. The
    /// family that answered comes first.
    fn remember(
        &self,
        host: &str,
        found: io::Result<Vec<SocketAddr>>,
    ) -> Result<Vec<SocketAddr>, NotFound> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let state = match found {
            Ok(addresses) => {
                if hosts.len() >= REMEMBERED && !hosts.contains_key(host) {
                    hosts.clear();
                }
                let state = hosts.entry(host.to_owned()).or_default();
                let is_there = |ip: &IpAddr| addresses.iter().any(|one| one.ip() == *ip);
                state.unresponsive.retain(is_there);
                state.addresses = addresses;
                state
            }
            Err(cause) => hosts.get_mut(host).ok_or_else(|| NotFound {
                host: host.to_owned(),
                cause,
            })?,
        };
        state.family = state.family.filter(|(_, until)| *until > Instant::now());
        Ok(state.in_order())
    }

    /// Checks whether a host is known to have several addresses.
    pub(super) fn has_several(&self, host: &str) -> bool {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts
            .get(host)
            .is_some_and(|state| state.addresses.len() > 1)
    }

    /// Notes that a connection to this address got no response, so that the next one starts with another address.
    pub(super) fn note_unanswered(&self, host: &str, address: IpAddr) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = hosts.get_mut(host) {
            state.unresponsive.retain(|ip| *ip != address);
            state.unresponsive.push(address);
        }
    }

    /// Notes the same for the address that new connections start with.
    pub(super) fn note_first_unanswered(&self, host: &str) {
        let first = {
            let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let order = hosts.get(host).map(HostState::in_order).unwrap_or_default();
            order.first().map(SocketAddr::ip)
        };
        if let Some(first) = first {
            self.note_unanswered(host, first);
        }
    }

    /// Notes which address of a host answered, so that new connections do not wait for a family that does not.
    pub(super) fn note_answered(&self, host: &str, address: &SocketAddr) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = hosts.get_mut(host) else {
            return;
        };
        state.unresponsive.retain(|ip| *ip != address.ip());
        let family = Family::of(address);
        if state.family.is_none()
            && state
                .addresses
                .first()
                .is_some_and(|first| Family::of(first) != family)
        {
            state.family = Some((family, Instant::now() + FAMILY_PREFERRED_FOR));
        }
    }
}

impl HostState {
    /// Returns the addresses, those most likely to answer first.
    fn in_order(&self) -> Vec<SocketAddr> {
        let mut addresses = self.addresses.clone();
        if let Some((family, _)) = self.family {
            // The sort keeps the order within each family.
            addresses.sort_by_key(|address| Family::of(address) != family);
        }
        let unresponsive =
            |address: &SocketAddr| self.unresponsive.iter().position(|ip| *ip == address.ip());
        addresses.sort_by_key(unresponsive);
        addresses
    }
}

impl Family {
    fn of(address: &SocketAddr) -> Family {
        // An IPv4-mapped IPv6 address is reached over IPv4.
        Family {
            is_v4: address.ip().to_canonical().is_ipv4(),
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

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is a private address", self.address)
    }
}

impl std::error::Error for NotPublic {}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        let read = |address: &&str| SocketAddr::new(address.parse().unwrap(), 0);
        list.iter().map(read).collect()
    }

    #[test]
    fn the_last_resolved_address_serves_while_dns_fails() {
        let resolver = Resolver::default();
        let away = || Err(io::Error::other("the name server is away"));
        let error = resolver.remember("a.org", away()).unwrap_err();
        assert_eq!(error.to_string(), "cannot find the host `a.org`");
        let found = addresses(&["127.0.0.1"]);
        assert!(resolver.remember("a.org", Ok(found.clone())).is_ok());
        assert_eq!(resolver.remember("a.org", away()).unwrap(), found);
        assert!(resolver.remember("b.org", away()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_family_that_worked_is_tried_first_for_a_while() {
        let resolver = Resolver::default();
        let found = || Ok(addresses(&["::1", "::2", "127.0.0.1", "127.0.0.2"]));
        let turned = addresses(&["127.0.0.1", "127.0.0.2", "::1", "::2"]);
        assert_eq!(
            resolver.remember("a.org", found()).unwrap(),
            found().unwrap()
        );
        // The first family answers: nothing changes.
        resolver.note_answered("a.org", &addresses(&["::2"])[0]);
        assert_eq!(
            resolver.remember("a.org", found()).unwrap(),
            found().unwrap()
        );
        let second = addresses(&["127.0.0.2"])[0];
        resolver.note_answered("a.org", &second);
        resolver.note_answered("b.org", &second);
        assert_eq!(resolver.remember("a.org", found()).unwrap(), turned);
        assert_eq!(
            resolver.remember("b.org", found()).unwrap(),
            found().unwrap()
        );
        // A reused connection does not prolong it.
        tokio::time::advance(FAMILY_PREFERRED_FOR / 2).await;
        resolver.note_answered("a.org", &second);
        assert_eq!(resolver.remember("a.org", found()).unwrap(), turned);
        tokio::time::advance(FAMILY_PREFERRED_FOR / 2).await;
        assert_eq!(
            resolver.remember("a.org", found()).unwrap(),
            found().unwrap()
        );
    }

    #[test]
    fn unresponsive_addresses_are_tried_last() {
        let resolver = Resolver::default();
        let found = || Ok(addresses(&["127.0.0.1", "127.0.0.2", "127.0.0.3"]));
        let first = || {
            resolver.remember("a.org", found()).unwrap()[0]
                .ip()
                .to_string()
        };
        assert_eq!(first(), "127.0.0.1");
        resolver.note_unanswered("a.org", [127, 0, 0, 1].into());
        assert_eq!(first(), "127.0.0.2");
        resolver.note_first_unanswered("a.org");
        assert_eq!(first(), "127.0.0.3");
        resolver.note_first_unanswered("a.org");
        assert_eq!(first(), "127.0.0.1", "the one unanswered for longest");
        resolver.note_first_unanswered("b.org");
        resolver.note_answered("a.org", &addresses(&["127.0.0.3"])[0]);
        assert_eq!(first(), "127.0.0.3");
    }

    #[tokio::test]
    async fn private_addresses_are_dropped_where_only_public_ones_are_allowed() {
        let mixed = addresses(&["10.0.0.1", "192.0.2.1", "::1"]);
        assert_eq!(public(mixed).unwrap(), addresses(&["192.0.2.1"]));
        let error = public(addresses(&["::1", "10.0.0.1"])).unwrap_err();
        assert_eq!(error.to_string(), "`::1` is a private address");
        assert_eq!(public(Vec::new()).unwrap(), []);
        let overrides = Override {
            host: "At.Home".into(),
            addresses: vec!["10.0.0.1".parse().unwrap()],
        };
        let resolver = PublicResolver(Resolver::new(&[overrides]));
        let name = "at.home".parse().unwrap();
        let found: Vec<_> = resolver.resolve(name).await.unwrap().collect();
        assert_eq!(found, addresses(&["10.0.0.1"]));
        let name = "localhost".parse().unwrap();
        assert!(resolver.resolve(name).await.is_err());
    }
}
