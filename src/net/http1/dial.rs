//! From a host to a connection: address lookup, TCP, TLS.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use url::Host;

use super::connection::Connection;
use super::{Fault, Resolver, Settings, Target, Trust};
use crate::net::pools::Reach;

/// How long an address is tried alone before the next one is tried in parallel (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Makes connections.
pub(super) struct Dialer {
    resolver: Resolver,
    trust: Arc<Trust>,
    /// Created for the first host with TLS; it remembers sessions.
    tls: OnceLock<TlsConnector>,
    connect_timeout: Duration,
    stall_timeout: Duration,
}

/// A connection that took too long.
#[derive(Debug)]
struct ConnectTimeout(Duration);

impl Dialer {
    pub(super) fn new(settings: &Settings, resolver: Resolver, trust: Arc<Trust>) -> Dialer {
        Dialer {
            resolver,
            trust,
            tls: OnceLock::new(),
            connect_timeout: settings.connect_timeout,
            stall_timeout: settings.stall_timeout,
        }
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// If the host is not found or may not be reached, if it does not answer, or if its certificate is not trusted.
    pub(super) async fn dial(&self, target: Target<'_>) -> Result<Box<Connection>, Fault> {
        // Zero means no limit.
        if self.connect_timeout.is_zero() {
            return self.connect(target).await;
        }
        let connected = timeout(self.connect_timeout, self.connect(target)).await;
        connected.unwrap_or_else(|_| {
            Err(Fault::connect(ConnectTimeout(self.connect_timeout)).timed_out())
        })
    }

    /// Notes that a new connection to this address gave no response.
    pub(super) fn note_unanswered(&self, target: Target<'_>, address: SocketAddr) {
        self.resolver.note_unanswered(target.host(), address.ip());
    }

    async fn connect(&self, target: Target<'_>) -> Result<Box<Connection>, Fault> {
        let addresses = self.addresses(target).await?;
        let tcp = first(addresses).await.map_err(Fault::connect)?;
        let address = tcp.peer_addr().map_err(Fault::connect)?;
        // A request is a single write, and should not be delayed.
        tcp.set_nodelay(true).map_err(Fault::connect)?;
        let stream = match target.is_tls() {
            true => {
                let shaken = self.encrypted(target, tcp).await;
                Either::Right(shaken.inspect_err(|_| self.note_unanswered(target, address))?)
            }
            false => Either::Left(tcp),
        };
        let connection = Connection::new(target.key(), address, stream, self.stall_timeout);
        connection.await.map_err(Fault::connect)
    }

    async fn addresses(&self, target: Target<'_>) -> Result<Vec<SocketAddr>, Fault> {
        let mut addresses = match (target.url.host(), target.pinned) {
            (Some(Host::Ipv4(address)), _) => vec![SocketAddr::new(address.into(), 0)],
            (Some(Host::Ipv6(address)), _) => vec![SocketAddr::new(address.into(), 0)],
            (_, Some(address)) => vec![SocketAddr::new(address, 0)],
            _ => {
                let host = target.host();
                match target.reach {
                    Reach::Any => self.resolver.find(host).await.map_err(Fault::connect)?,
                    Reach::Public => {
                        let found = self.resolver.find_public(host).await;
                        found.map_err(Fault::connect)?
                    }
                }
            }
        };
        for address in &mut addresses {
            address.set_port(target.port());
        }
        Ok(addresses)
    }

    async fn encrypted(
        &self,
        target: Target<'_>,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let connector = match self.tls.get() {
            Some(connector) => connector,
            None => {
                let config = self.trust.config(&["http/1.1"]).map_err(Fault::connect)?;
                self.tls.get_or_init(|| Arc::new(config).into())
            }
        };
        let host = target.host().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(Fault::connect)?;
        let shaken = connector.connect(name, tcp);
        let stream = match self.stall_timeout.is_zero() {
            true => shaken.await,
            false => {
                let shaken = timeout(self.stall_timeout, shaken).await;
                shaken.map_err(|_| Fault::silent(self.stall_timeout))?
            }
        };
        stream.map_err(Fault::connect)
    }
}

/// Connects to the first of these addresses that answers. Each is tried [`HEAD_START`] after the one before it, or as
/// soon as an attempt has failed.
async fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = VecDeque::from(by_turns(addresses));
    let mut tries = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match left.pop_front() {
            Some(address) => tries.push(TcpStream::connect(address)),
            None if tries.is_empty() => return Err(failed),
            None => {}
        }
        tokio::select! {
            Some(tried) = tries.next() => match tried {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            },
            () = sleep(HEAD_START), if !left.is_empty() => {}
        }
    }
}

/// Alternates the addresses of both families, keeping the order within each, so that a family that does not work costs
/// no more delay than one address does (RFC 8305 §4).
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (ours, others): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|one| one.is_ipv4() == is_v4);
    let mut others = others.into_iter();
    let mut turns = Vec::new();
    for address in ours {
        turns.push(address);
        turns.extend(others.next());
    }
    turns.extend(others);
    turns
}

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {:?}", self.0)
    }
}

impl std::error::Error for ConnectTimeout {}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn address_families_alternate_starting_with_the_first() {
        let read = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter()
                .map(|ip| SocketAddr::new(ip.parse().unwrap(), 80))
                .collect()
        };
        let mixed = read(&["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"]);
        let turns = read(&["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"]);
        assert_eq!(by_turns(mixed), turns);
        let one = read(&["127.0.0.1", "127.0.0.2"]);
        assert_eq!(by_turns(one.clone()), one);
        assert!(by_turns(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        // Nobody listens there any more.
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shut = gone.local_addr().unwrap();
        drop(gone);
        let stream = first(vec![shut, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = first(vec![shut]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(first(Vec::new()).await.is_err());
    }
}
