//! The permissions of a plugin, as shown before it is installed and compared with those agreed to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::Document;
use crate::script::manifest::Kind as OptionKind;
use crate::script::{Delegate, Manifest};

/// Stands for any host.
const ANY: &str = "*";

/// The permissions of a plugin. In each list `*` is any host, and `*.example.org` every host below that one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// Hosts that it sends requests to, including those of its family.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub request: BTreeSet<String>,
    /// Hosts that it posts to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub post: BTreeSet<String>,
    /// Hosts that its files are on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub media: BTreeSet<String>,
    /// Hosts whose links it delegates.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub delegate: BTreeSet<String>,
    /// Its secrets: their names, the host that gets each, and the host that exchanges it for a token, if any.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// User settings that its script can read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub options: BTreeSet<String>,
    /// User settings that determine which hosts it sends requests to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sites: BTreeSet<String>,
    /// Documents of any site that it reads.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub reads: BTreeSet<String>,
    /// Whether it sends requests to the host of a link given to it by name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub named_host: bool,
}

impl Grants {
    /// Returns the permissions that this manifest asks for.
    pub fn of(manifest: &Manifest) -> Grants {
        let may = &manifest.permissions;
        let secrets = manifest.secrets.iter().map(|secret| {
            let by = secret.token.as_ref().and_then(|url| url.host_str());
            let by = by.map(|host| format!(" by way of {host}"));
            format!(
                "{} for {}{}",
                secret.key,
                secret.host,
                by.unwrap_or_default()
            )
        });
        let of = |kinds: &[OptionKind]| {
            let options = manifest.options.iter();
            let options = options.filter(|option| kinds.contains(&option.kind));
            options
                .map(|option| format!("source.{}.{}", manifest.id, option.key))
                .collect()
        };
        let reads = manifest.reads.iter();
        Grants {
            request: manifest.hosts().0.into_iter().collect(),
            post: may.post.0.iter().cloned().collect(),
            media: may.media.0.iter().cloned().collect(),
            delegate: match &may.delegate {
                Delegate::Any(true) => BTreeSet::from([ANY.to_owned()]),
                Delegate::Any(false) => BTreeSet::new(),
                Delegate::To(hosts) => hosts.0.iter().cloned().collect(),
            },
            secrets: secrets.collect(),
            // Of the options that a script sees, only text could be confidential.
            options: of(&[OptionKind::Text]),
            sites: of(&[OptionKind::Site, OptionKind::Hosts]),
            reads: reads
                .map(|reads| Document::from(*reads).to_string())
                .collect(),
            named_host: may.named_host,
        }
    }

    /// Describes the permissions, one per line.
    pub fn lines(&self) -> Vec<String> {
        let lists = self.lists().into_iter();
        let lists = lists.filter(|(_, list)| !list.is_empty());
        let mut lines: Vec<String> = lists
            .map(|(what, list)| format!("{what} {}", display_list(list.iter())))
            .collect();
        if self.named_host {
            lines.push(NAMED_HOST.to_owned());
        }
        lines
    }

    /// Describes the permissions that were not agreed to before, one per line; empty if there are none.
    pub fn beyond(&self, agreed: &Grants) -> Vec<String> {
        let mut lines = Vec::new();
        for ((what, now), (_, before)) in self.lists().into_iter().zip(agreed.lists()) {
            let more: Vec<_> = now.iter().filter(|one| !covers(before, one)).collect();
            if !more.is_empty() {
                lines.push(format!("{what} {}", display_list(more.into_iter())));
            }
        }
        if self.named_host && !agreed.named_host {
            lines.push(NAMED_HOST.to_owned());
        }
        lines
    }

    fn lists(&self) -> [(&'static str, &BTreeSet<String>); 8] {
        [
            ("asks", &self.request),
            ("posts to", &self.post),
            ("saves files from", &self.media),
            ("delegates links to", &self.delegate),
            ("needs the secret", &self.secrets),
            ("can read what you set as", &self.options),
            ("asks whatever host you set as", &self.sites),
            ("reads from any site each", &self.reads),
        ]
    }
}

const NAMED_HOST: &str = "asks the host of each link given to it by name, whatever it is";

fn display_list<'a>(list: impl Iterator<Item = &'a String>) -> String {
    let list: Vec<_> = list
        .map(|one| match one.as_str() {
            ANY => "any host",
            one => one,
        })
        .collect();
    list.join(", ")
}

/// Checks whether a list also covers this entry.
fn covers(list: &BTreeSet<String>, one: &str) -> bool {
    list.iter().any(|had| match had.strip_prefix(ANY) {
        Some("") => true,
        // `*.a.org` covers `x.a.org` and `*.x.a.org`, but not `a.org`.
        Some(parent) if parent.starts_with('.') => one == had || one.ends_with(parent),
        _ => one == had,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(media: &[&str]) -> Grants {
        Grants {
            media: media.iter().map(|host| (*host).to_owned()).collect(),
            ..Grants::default()
        }
    }

    #[test]
    fn an_update_asks_for_permissions_not_granted_before() {
        let table: [(&[&str], &[&str], &[&str]); 8] = [
            (&["a.org"], &["a.org"], &[]),
            (&["a.org", "b.org"], &["a.org"], &[]),
            (&["a.org"], &["a.org", "b.org"], &["saves files from b.org"]),
            (&["*.a.org"], &["x.a.org", "*.x.a.org"], &[]),
            (&["*.a.org"], &["a.org"], &["saves files from a.org"]),
            (&["*.a.org"], &["xa.org"], &["saves files from xa.org"]),
            (&["a.org"], &["*"], &["saves files from any host"]),
            (&["*"], &["a.org", "*.b.org", "*"], &[]),
        ];
        for (before, now, expected) in table {
            assert_eq!(grants(now).beyond(&grants(before)), expected, "{now:?}");
        }
        let named = Grants {
            named_host: true,
            secrets: BTreeSet::from(["app for a.org".to_owned()]),
            ..Grants::default()
        };
        assert_eq!(named.beyond(&Grants::default()).len(), 2);
        assert_eq!(named.beyond(&named), [""; 0]);
    }
}
