//! The permissions of a plugin.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Manifest;
use crate::script::hosts::Hosts;

/// The permissions of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Hosts that it may send requests to.
    pub request: Hosts,
    /// Those of them that it may post to.
    #[serde(default)]
    pub post: Hosts,
    /// Hosts that the files of its items may be on; `["*"]` for any.
    #[serde(default)]
    pub media: Hosts,
    /// Which links it may delegate to other sources.
    #[serde(default)]
    pub delegate: Delegate,
    /// Whether it may send requests to the host of a link given to it by name, `ID:https://HOST/…`, whatever that host
    /// is.
    #[serde(default)]
    pub named_host: bool,
}

/// Which links may be delegated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Delegate {
    /// Those of any host, or none.
    Any(bool),
    /// Those of these hosts.
    To(Hosts),
}

impl Default for Delegate {
    fn default() -> Self {
        Delegate::Any(false)
    }
}

impl Delegate {
    /// Checks whether this link may be delegated.
    pub(in crate::script) fn takes(&self, url: &Url) -> bool {
        match self {
            Delegate::Any(any) => *any,
            Delegate::To(hosts) => hosts.has(url),
        }
    }

    fn wrong(&self) -> Option<&str> {
        match self {
            Delegate::Any(_) => None,
            Delegate::To(hosts) => hosts.wrong(),
        }
    }
}

impl Permissions {
    /// Checks whether files may be on any public host.
    pub(in crate::script) fn media_anywhere(&self) -> bool {
        self.media.0 == ["*"]
    }
}

/// Returns why these permissions may not be declared, if so.
pub(super) fn wrong(manifest: &Manifest) -> Option<String> {
    let may = &manifest.permissions;
    let media_wrong = may.media.wrong().filter(|_| !may.media_anywhere());
    // Each site becomes part of a route, so it is a single host.
    let mut sites = manifest.sites.0.iter().map(String::as_str);
    let sites_wrong = manifest.sites.wrong();
    let sites_wrong = sites_wrong.or(sites.find(|host| host.starts_with('*')));
    let wrong = may.request.wrong().or(media_wrong).or(sites_wrong);
    if let Some(host) = wrong.or(may.delegate.wrong()) {
        let host = host.escape_debug();
        return Some(format!(
            "`{host}` is not a host: write `example.org` or `*.example.org`{}",
            at_home(&host.to_string())
        ));
    }
    // Compared literally, so that whoever reads one list finds the entry in the other.
    let mut post = may.post.0.iter();
    if let Some(host) = post.find(|host| !may.request.0.contains(host)) {
        let host = host.escape_debug();
        return Some(format!("`{host}` of `post` is not in `request`"));
    }
    let has_secret = !manifest.secrets.is_empty();
    let table = [
        (
            !manifest.reads.is_empty() && !may.named_host,
            "a plugin that reads documents needs `named_host`",
        ),
        (
            may.named_host && !may.post.0.is_empty(),
            "a plugin that posts cannot use `named_host`",
        ),
        (
            has_secret && may.named_host,
            "a plugin with a secret cannot use `named_host`",
        ),
        (
            has_secret && may.media_anywhere(),
            "a plugin with a secret must list the hosts of its media",
        ),
        // A delegated link is requested wherever it leads, and its URL may contain data that the secret gave access to.
        (
            has_secret && may.delegate == Delegate::Any(true),
            "a plugin with a secret must list the hosts of links that it delegates",
        ),
    ];
    let wrong = table.iter().find(|(is_wrong, _)| *is_wrong);
    wrong.map(|(_, why)| (*why).to_owned())
}

/// Returns advice on an address that cannot be a host in a manifest, if it looks like a local site.
fn at_home(host: &str) -> &'static str {
    let name = host.split(':').next().unwrap_or("");
    let is_address = host.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    let is_word = !name.contains(['.', '*']);
    match is_address || is_word || name.len() < host.len() {
        true => {
            "; give a local site any name, such as `mine.example`, and have the user set its address in an option of type `site`"
        }
        false => "",
    }
}
