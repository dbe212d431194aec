//! What a plugin may do.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Manifest;
use crate::script::hosts::Hosts;

/// What a plugin may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Hosts that it may ask.
    pub request: Hosts,
    /// Those of them that it may post to.
    #[serde(default)]
    pub post: Hosts,
    /// Hosts that the files of its items may be on; `["*"]` for any.
    #[serde(default)]
    pub media: Hosts,
    /// Which links it may hand on to other sources.
    #[serde(default)]
    pub delegate: Delegate,
    /// Whether it may ask the host of a link that is given to it by name, `ID:https://HOST/…`, whatever that host is.
    #[serde(default)]
    pub named_host: bool,
}

/// Which links may be handed on.
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
    /// Whether this link may be handed on.
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
    /// Whether files may be on any public host.
    pub(in crate::script) fn media_anywhere(&self) -> bool {
        self.media.0 == ["*"]
    }
}

/// Why this may not be declared, if it may not.
pub(super) fn wrong(manifest: &Manifest) -> Option<String> {
    let may = &manifest.permissions;
    let media_wrong = may.media.wrong().filter(|_| !may.media_anywhere());
    // A route is made of each site, so it is one host.
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
    // Each as it is declared, so that whoever reads the one list sees the other.
    let mut post = may.post.0.iter();
    if let Some(host) = post.find(|host| !may.request.0.contains(host)) {
        let host = host.escape_debug();
        return Some(format!("`{host}` of `post` is not in `request`"));
    }
    let has_secret = !manifest.secrets.is_empty();
    let table = [
        (
            !manifest.reads.is_empty() && !may.named_host,
            "what reads documents asks hosts that links name: `named_host`",
        ),
        (
            may.named_host && !may.post.0.is_empty(),
            "a plugin that posts names the hosts that it asks",
        ),
        (
            has_secret && may.named_host,
            "a plugin with a secret names the hosts that it asks",
        ),
        (
            has_secret && may.media_anywhere(),
            "a plugin with a secret names the hosts of its media",
        ),
        // Whatever is handed on is asked for, wherever it is, and what a secret has opened can stand in its URL.
        (
            has_secret && may.delegate == Delegate::Any(true),
            "a plugin with a secret names the hosts of links that it hands on",
        ),
    ];
    let wrong = table.iter().find(|(is_wrong, _)| *is_wrong);
    wrong.map(|(_, why)| (*why).to_owned())
}

/// What to do about an address that can be no host of a manifest, if it looks like one of a site at home.
fn at_home(host: &str) -> &'static str {
    let name = host.split(':').next().unwrap_or("");
    let is_address = host.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    let is_word = !name.contains(['.', '*']);
    match is_address || is_word || name.len() < host.len() {
        true => {
            "; call a site at home as you like, such as `mine.example`, and where it is, the user sets with an option of the type `site`"
        }
        false => "",
    }
}
