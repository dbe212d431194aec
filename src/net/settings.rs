//! What can be set about the network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Limits, Netrc, Private};
use crate::model::Headers;

/// The settings of a [`super::Client`]. Their defaults are those of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names this program to servers.
    pub user_agent: String,
    /// Headers of the user's, sent to the origins of the links that the user gave and to no other.
    pub headers: Headers,
    /// A proxy for everything, `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`; without it, what the environment names.
    pub proxy: Option<String>,
    /// Addresses to use instead of what the resolver says.
    pub resolve: Vec<Override>,
    /// Whether private addresses are fetched from.
    pub private: Private,
    /// Files of certificate authorities in PEM form, trusted beside the platform's.
    pub ca_cert: Vec<PathBuf>,
    /// A Netscape `cookies.txt`.
    pub cookies: Option<PathBuf>,
    /// Whether that file is to have the cookies that servers set, see [`super::Client::save_cookies`].
    pub cookies_save: bool,
    /// The browser whose cookies are used: `firefox`, `firefox:PROFILE`, `firefox:PROFILE::CONTAINER`.
    pub cookies_from: Option<String>,
    /// Where names and passwords of hosts are.
    pub netrc: Netrc,
    /// How long a connection may take to be there.
    pub connect_timeout: Duration,
    /// How long a server may be silent.
    pub stall_timeout: Duration,
    /// How many bytes a second have to come from a host at the least; 0 for any.
    pub speed_floor: u64,
    /// On the average of how long a time.
    pub speed_window: Duration,
    /// How often something is tried again without progress in between; four times as often where a host refuses for haste.
    pub retries: u32,
    /// The first wait before trying again; each further one is twice as long at the most.
    pub backoff: Duration,
    /// The longest wait that a server may ask for; longer ones are failures.
    pub longest_wait: Duration,
    /// The most connections for files in all.
    pub connections: usize,
    /// The most connections for files to one host; fewer are used where fewer are faster.
    pub per_host: usize,
    /// The most connections for one file.
    pub per_file: usize,
    /// Hosts with limits of their own.
    pub hosts: HashMap<String, Limits>,
    /// The most bytes a second for files, all together.
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
