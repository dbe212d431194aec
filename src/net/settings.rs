//! Network settings.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Limits, Netrc, Private};
use crate::model::Headers;

/// The settings of a [`super::Client`]. Their defaults are those of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The User-Agent sent to servers.
    pub user_agent: String,
    /// The user's headers, sent only to the origins of the links that the user gave.
    pub headers: Headers,
    /// A proxy for everything: `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`; if not set, that of the
    /// environment.
    pub proxy: Option<String>,
    /// Addresses to use instead of the resolver's.
    pub resolve: Vec<Override>,
    /// Whether private addresses may be accessed.
    pub private: Private,
    /// Files of certificate authorities in PEM form, trusted in addition to the platform's.
    pub ca_cert: Vec<PathBuf>,
    /// A Netscape `cookies.txt`.
    pub cookies: Option<PathBuf>,
    /// Whether the cookies that servers set are saved to that file, see [`super::Client::save_cookies`].
    pub cookies_save: bool,
    /// The browser whose cookies are used: `firefox`, `firefox:PROFILE`, `firefox:PROFILE::CONTAINER`.
    pub cookies_from: Option<String>,
    /// Where to find user names and passwords of hosts.
    pub netrc: Netrc,
    /// How long it may take to establish a connection.
    pub connect_timeout: Duration,
    /// How long a server may be silent.
    pub stall_timeout: Duration,
    /// The minimum number of bytes per second from a host; 0 for none.
    pub speed_floor: u64,
    /// The time over which that speed is averaged.
    pub speed_window: Duration,
    /// How many retries there are without progress in between; four times as many where a host refuses because of the
    /// rate.
    pub retries: u32,
    /// The first wait before a retry; each further one is up to twice as long.
    pub backoff: Duration,
    /// The longest wait that a server may ask for; longer ones count as failures.
    pub longest_wait: Duration,
    /// The maximum number of connections for files in total.
    pub connections: usize,
    /// The maximum number of connections for files to one host; fewer are used where fewer are faster.
    pub per_host: usize,
    /// The maximum number of connections for one file.
    pub per_file: usize,
    /// Hosts with their own limits.
    pub hosts: HashMap<String, Limits>,
    /// The maximum number of bytes per second for all files together.
    pub rate: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            user_agent: concat!("fetch/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Headers::default(),
            proxy: None,
            resolve: Vec::new(),
            private: Private::default(),
            ca_cert: Vec::new(),
            cookies: None,
            cookies_save: false,
            cookies_from: None,
            netrc: Netrc::Off,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            speed_floor: 1 << 10,
            speed_window: Duration::from_secs(60),
            retries: 5,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(600),
            connections: 32,
            per_file: 16,
            per_host: 32,
            hosts: HashMap::new(),
            rate: None,
        }
    }
}

/// The addresses of a host, as in `--resolve HOST:PORT:ADDR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The host.
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}
