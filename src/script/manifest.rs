//! `plugin.toml`: a plugin's identity, its links, and its permissions. It is read without running anything.

mod id;
mod permissions;
mod plain;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::cap::{CapSpec, Readable};
use super::failure::visible;
use super::hosts::Hosts;
use super::{Limits, family, options};
use crate::model::{Error, Kind as ErrorKind, Result};
use crate::net::names_secret;
use crate::source;

use id::TAKEN;
pub(super) use id::{ID, is_id};
pub use permissions::{Delegate, Permissions};

/// The latest version of the script API.
pub(super) const API: u32 = 1;
/// The manifest of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of this file: 1.
    pub manifest: u32,
    /// A lower-case word, the first half of every item's identity.
    pub id: String,
    /// A one-line description for `fetch sources`.
    pub about: String,
    /// Its version.
    pub version: String,
    /// The version of the script API that it was written for.
    pub api: u32,
    /// The authors.
    #[serde(default)]
    pub authors: Vec<String>,
    /// The licence under which it may be distributed.
    pub license: Option<String>,
    /// A page with more information.
    pub homepage: Option<String>,
    /// The links that it handles, tried in this order.
    #[serde(default, rename = "route")]
    pub routes: Vec<RouteSpec>,
    /// Hosts of one family. `{site}` in place of a route's host stands for each of them, and requests to all are
    /// allowed.
    #[serde(default)]
    pub sites: Hosts,
    /// Documents of other sites that it reads: the link of one is passed as `ID:URL`.
    #[serde(default)]
    pub reads: Vec<Readable>,
    /// Its permissions.
    pub permissions: Permissions,
    /// Rate limits of its hosts.
    #[serde(default, rename = "cap")]
    pub caps: Vec<CapSpec>,
    /// The options that the user can set.
    #[serde(default, rename = "option")]
    pub options: Vec<Opt>,
    /// Secrets that the host adds to requests on its behalf.
    #[serde(default, rename = "secret")]
    pub secrets: Vec<SecretSpec>,
    /// Resource limits, lower than the defaults.
    #[serde(default)]
    pub limits: Limits,
}

/// A pattern with its name and an example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// The kind of link, for the script.
    pub name: String,
    /// The pattern, such as `example.org/a/{id}`.
    pub pattern: String,
    /// A link that matches.
    pub example: String,
}

/// The type of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// The base URL of a site. What the user sets here may be requested as well, wherever it is.
    Site,
    /// A list of hosts. Those that the user sets here become sites of the family as well.
    Hosts,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Bool => "`true` or `false`",
            Kind::Number => "a number",
            Kind::Text => "text",
            Kind::Site => "an http or https URL without query",
            Kind::Hosts => "a list of hosts such as `example.org`",
        })
    }
}

/// An option that the user can set in `[source.ID]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opt {
    /// Its name.
    pub key: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The default value.
    pub default: toml::Value,
    /// What it does, in one line.
    pub help: String,
}

/// A secret of the user's in `[source.ID]`. Its value never reaches the script: the host puts it into the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Its name, which scripts use to have it sent.
    pub key: String,
    /// The one host that it is sent to. If it is exchanged for a token, the host gets only the token.
    pub host: String,
    /// The header that carries it.
    pub header: String,
    /// A prefix for its value, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
    /// Where the secret, in that case `ID:SECRET` of the user's own client, is exchanged for the token that is sent in
    /// its place (RFC 6749 §4.4).
    pub token: Option<Url>,
    /// Its purpose, in one line.
    pub help: String,
}

impl SecretSpec {
    /// Builds the error for a plugin that would send it to another host.
    pub(super) fn elsewhere(&self, plugin: &str) -> Error {
        let SecretSpec { key, host, .. } = self;
        let message = format!("plugin `{plugin}` may send its secret `{key}` only to `{host}`");
        Error::new(ErrorKind::Blocked, message)
    }

    /// Returns a hint on trying a plugin with a secret against a local site, which never gets the secret.
    pub(super) fn at_home(&self) -> String {
        let host = &self.host;
        format!(
            "a site that you have set gets no secret; to test locally, have your own TLS server answer as `{host}`: \
             `--resolve {host}:443:127.0.0.1 --ca-cert FILE`, and no `site`"
        )
    }
}

impl Manifest {
    /// Reads a manifest. `name` is that of the file, for messages.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with file and line for invalid TOML, an unknown key, or a missing one; with the file for
    /// contradictions.
    pub fn read(name: &str, text: &str) -> Result<Manifest> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| {
            let before = error.span().map(|span| &text[..span.start.min(text.len())]);
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            wrong(format!(
                "`{name}`, line {line}: {}",
                visible(error.message())
            ))
        })?;
        manifest.checked(name)
    }

    /// Returns the manifest if it does not contradict itself.
    pub(super) fn checked(self, name: &str) -> Result<Manifest> {
        let cannot = |why: String| wrong(format!("`{name}`: {why}"));
        self.check().map_err(cannot)?;
        self.source(&[]).map_err(|error| {
            cannot(error.message).hint(
                "a path can have `{name}`, `{name:digits}`, `@{name}`, and at its end `{name...}`",
            )
        })?;
        Ok(self)
    }

    /// Returns the manifest of the plugin as a source, including these sites added by the user.
    pub(super) fn source(&self, more: &[String]) -> Result<source::Manifest> {
        Ok(source::Manifest {
            name: self.id.clone(),
            about: self.about.clone(),
            routes: family::routes(self, &[&self.sites.0, more].concat())?,
        })
    }

    /// Returns the hosts that it may request: the declared ones and those of its family.
    pub fn hosts(&self) -> Hosts {
        Hosts([&self.permissions.request.0[..], &self.sites.0].concat())
    }

    fn check(&self) -> Result<(), String> {
        if self.manifest != 1 {
            return Err(format!(
                "unknown format {}; only 1 is supported",
                self.manifest
            ));
        }
        if self.api == 0 || self.api > API {
            return Err(format!(
                "unknown API version {}; the latest is {API}",
                self.api
            ));
        }
        if !is_id(&self.id) {
            return Err(format!(
                "the id `{}` is not a lower-case word",
                self.id.escape_debug()
            ));
        }
        if TAKEN.contains(&self.id.as_str()) {
            return Err(format!(
                "the id `{}` is a URL scheme, whose links would all be the plugin's",
                self.id
            ));
        }
        if let Some(why) = plain::wrong(self) {
            return Err(why);
        }
        if self.about.is_empty() || self.version.is_empty() {
            return Err("`about` and `version` must be one line each".into());
        }
        if self.routes.is_empty() {
            return Err("it has no route".into());
        }
        if let Some(why) = permissions::wrong(self) {
            return Err(why);
        }
        for route in &self.routes {
            if !self.is_own(&route.pattern) {
                let pattern = route.pattern.escape_debug();
                return Err(match route.pattern.contains("://") {
                    true => {
                        format!(
                            "the route `{pattern}` must start with its host, without `https://`"
                        )
                    }
                    false => format!(
                        "the route `{pattern}` matches links of hosts that are not in `request`"
                    ),
                });
            }
            let url = Url::parse(&route.example);
            if !url.is_ok_and(|url| self.hosts().has(&url)) {
                let name = &route.name;
                return Err(format!(
                    "the example of route `{name}` is not on one of its hosts"
                ));
            }
        }
        if let Some(cap) = self
            .caps
            .iter()
            .find(|cap| !cap.is_valid(&self.permissions))
        {
            let host = cap.host.escape_debug();
            return Err(format!(
                "the cap of `{host}` is invalid, or its host is not declared"
            ));
        }
        if let Some((name, most)) = self.limits.wrong() {
            return Err(format!(
                "the limit `{name}` can only be lowered: it is 1 to {most}"
            ));
        }
        self.check_keys()
    }

    /// Checks whether a route matches only links of declared hosts. The plugin must not see any others.
    fn is_own(&self, pattern: &str) -> bool {
        if family::is_for_all(pattern) {
            return true;
        }
        let host = pattern.split('/').next().unwrap_or("").split('.');
        // A placeholder stands for any label. `_` cannot be declared, so only a `*.` declaration matches it.
        let host = host.map(|label| if label.contains('{') { "_" } else { label });
        let host = host.collect::<Vec<_>>().join(".");
        let url = Url::parse(&format!("https://{host}/"));
        url.is_ok_and(|url| self.permissions.request.has(&url))
    }

    fn check_keys(&self) -> Result<(), String> {
        for option in &self.options {
            if options::value(option.kind, json!(option.default)).is_none() {
                return Err(format!(
                    "the default of `{}` is not {}",
                    option.key.escape_debug(),
                    option.kind
                ));
            }
        }
        // A default comes from the plugin's author.
        let is_asked = |option: &Opt| {
            let url = option
                .default
                .as_str()
                .and_then(|text| Url::parse(text).ok());
            url.is_some_and(|url| is_by_https(&url) && self.hosts().has(&url))
        };
        let mut sites = self.options.iter().filter(|one| one.kind == Kind::Site);
        if let Some(option) = sites.find(|option| !is_asked(option)) {
            return Err(format!(
                "the default of `{}` is not an https address of a host in `request`; the address of a local site is for the user to set",
                option.key.escape_debug()
            ));
        }
        // A script sees the values of its options.
        if let Some(option) = self.options.iter().find(|option| names_secret(&option.key)) {
            return Err(format!(
                "the option `{}` is named like a secret; rename it, or make it a `[[secret]]`",
                option.key.escape_debug()
            ));
        }
        let options = self.options.iter().map(|option| &option.key);
        let mut seen = std::collections::HashSet::from(["template"]);
        for key in options.chain(self.secrets.iter().map(|secret| &secret.key)) {
            let plain = key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if key.is_empty() || !plain || !seen.insert(key) {
                return Err(format!(
                    "the key `{}` is already used, or not a lower-case word",
                    key.escape_debug()
                ));
            }
        }
        for secret in &self.secrets {
            let host = Hosts(vec![secret.host.clone()]);
            if secret.host.starts_with('*') || !self.permissions.request.0.contains(&secret.host) {
                return Err(format!(
                    "the secret `{}` must have a `host` in `request`",
                    secret.key
                ));
            }
            let is_asked = |url: &Url| is_by_https(url) && self.permissions.request.has(url);
            if secret.token.as_ref().is_some_and(|url| !is_asked(url)) {
                return Err(format!(
                    "the token of `{}` must come by https from a host in `request`",
                    secret.key
                ));
            }
            if host.wrong().is_some()
                || http::HeaderName::from_bytes(secret.header.as_bytes()).is_err()
            {
                return Err(format!("the secret `{}` has no valid header", secret.key));
            }
        }
        Ok(())
    }
}

fn is_by_https(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none()
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests;
