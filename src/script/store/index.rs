//! An index: the packages that somebody publishes, with a signature.

use jiff::Timestamp;
use minisign_verify::{Error as Refusal, PublicKey, Signature};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

use super::version::Version;
use super::{Grants, KnownIndex};
use crate::model::{Error, Kind, Result};
use crate::script::manifest::{API, is_id};

/// The maximum size of an index in bytes.
pub(super) const LONGEST: usize = 4 << 20;

/// A signed list of packages.
#[derive(Debug)]
pub(super) struct Index {
    /// The serial number, which only increases.
    pub(super) serial: u64,
    /// When it expires.
    pub(super) expires: Timestamp,
    /// The key that signed it.
    pub(super) key: String,
    /// The key that will sign future versions.
    pub(super) next_key: Option<String>,
    /// Its packages, except those that this program cannot read.
    pub(super) entries: Vec<Entry>,
}

/// The file format of an index.
#[derive(Deserialize)]
struct Written {
    format: u32,
    serial: u64,
    expires: Timestamp,
    #[serde(default)]
    next_key: Option<String>,
    packages: Vec<Value>,
}

/// A package of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) version: String,
    /// The version of the script API that it was written for.
    pub(super) api: u32,
    /// The oldest version of this program that it supports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min_engine: Option<String>,
    /// SHA-256 of the package.
    pub(super) sha256: String,
    /// Its length in bytes.
    pub(super) size: u64,
    /// A digest of its scripts, see [`crate::script::Package::tree`].
    pub(super) tree: String,
    pub(super) permissions: Grants,
    /// Why it was withdrawn, if it was.
    #[serde(default)]
    pub(super) yanked: Option<String>,
}

impl Index {
    /// Reads an index if it is signed with the known key, or with the one that it has announced as its next. `name` is
    /// the user's name for the index.
    pub(super) fn read(
        name: &str,
        json: &[u8],
        signature: &[u8],
        known: &KnownIndex,
    ) -> Result<Index> {
        let wrong = |why: &str| wrong(name, why);
        let signature = std::str::from_utf8(signature).ok();
        let signature = signature.and_then(|text| Signature::decode(text).ok());
        let signature = signature.ok_or_else(|| wrong("has an invalid signature"))?;
        let verify = |key: &String| Ok(public(key)?.verify(json, &signature, false));
        let mut key = &known.key;
        let mut verified: Result<(), Refusal> = verify(key)?;
        if let (Err(Refusal::UnexpectedKeyId), Some(next)) = (&verified, &known.next) {
            (key, verified) = (next, verify(next)?);
        }
        verified.map_err(|refusal| match refusal {
            Refusal::UnexpectedKeyId => {
                let error = wrong("is signed with a different key than the one you gave");
                error.hint(format!(
                    "nothing was changed; if its publisher has a new key, run `fetch plugin index remove {name}` and add it again with that"
                ))
            }
            Refusal::UnsupportedLegacyMode | Refusal::UnexpectedAlgorithm => {
                wrong("has a legacy signature, which `minisign -S` no longer makes")
            }
            _ => wrong("does not match its signature"),
        })?;
        Index::parse(name, json, key)
    }

    /// Reads an index whose signature, with this key, has been verified.
    pub(super) fn parse(name: &str, json: &[u8], key: &str) -> Result<Index> {
        let wrong = |why: &str| wrong(name, why);
        let written: Written = serde_json::from_slice(json)
            .map_err(|error| wrong("is signed, but is not an index").because(error))?;
        if written.format != 1 {
            let message = format!(
                "the index `{name}` has the format {}, but only 1 is supported",
                written.format
            );
            return Err(
                Error::new(Kind::Unsupported, message).hint("a newer `fetch` may support it")
            );
        }
        let next_key = written.next_key.filter(|next| next != key);
        if let Some(Err(error)) = next_key.as_deref().map(public) {
            return Err(wrong("names an invalid next key").because(error));
        }
        let packages = written.packages.into_iter();
        Ok(Index {
            serial: written.serial,
            expires: written.expires,
            key: key.to_owned(),
            next_key,
            // Ignore packages that only a newer program can read.
            entries: packages
                .filter_map(|package| serde_json::from_value(package).ok())
                .filter(|entry: &Entry| {
                    is_id(&entry.id) && entry.version.parse::<Version>().is_ok()
                })
                .collect(),
        })
    }

    /// Checks whether it has any version of this plugin, even an unsupported or withdrawn one.
    pub(super) fn has(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Returns the latest package with this id that this program supports.
    pub(super) fn newest(&self, id: &str) -> Result<&Entry, String> {
        if !self.has(id) {
            return Err(format!("has no `{id}`"));
        }
        let own = self.entries.iter().filter(|entry| entry.id == id);
        let own: Vec<_> = own.filter(|entry| entry.is_for_us()).collect();
        if own.is_empty() {
            return Err(format!(
                "has no `{id}` for this version of `fetch`, whose script API is version {API}"
            ));
        }
        let left = own.into_iter().filter(|entry| entry.yanked.is_none());
        let newest = left.max_by_key(|entry| entry.version.parse::<Version>().ok());
        newest.ok_or_else(|| format!("has withdrawn every version of `{id}`"))
    }

    /// Returns why this version was withdrawn, if it was.
    pub(super) fn yanked(&self, id: &str, version: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.id == id && entry.version == version)?;
        entry.yanked.as_deref()
    }
}

impl Entry {
    fn is_for_us(&self) -> bool {
        let engine = env!("CARGO_PKG_VERSION").parse::<Version>().ok();
        let oldest = self.min_engine.as_ref().map(|text| text.parse().ok());
        (1..=API).contains(&self.api)
            && oldest.is_none_or(|oldest| oldest <= engine && oldest.is_some())
    }

    /// Returns the file name of its package.
    pub(super) fn file(&self) -> String {
        format!("{}-{}.tar.gz", self.id, self.version)
    }
}

fn wrong(name: &str, why: &str) -> Error {
    let message = format!("the index `{name}` {why}");
    Error::new(Kind::Corrupt, message).hint("nothing was changed; ask its publisher")
}

/// Parses a key as `minisign` prints it.
pub(super) fn public(key: &str) -> Result<PublicKey> {
    PublicKey::from_base64(key).map_err(|_| {
        let message = "that is not a public key of `minisign`";
        Error::new(Kind::Config, message)
            .hint("it begins with `RW` and is the second line of `minisign.pub`")
    })
}

/// Returns the folder of an index, from its address as a user gives it.
pub(super) fn base(text: &str) -> Result<Url> {
    let wrong = |why: &str| {
        let hint = "an index is a folder such as `https://example.org/plugins/`";
        Error::new(Kind::Config, format!("the address of an index {why}")).hint(hint)
    };
    let text = text.strip_suffix("index.json").unwrap_or(text);
    let mut url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    if !is_safe(&url) {
        return Err(wrong("must be https, or on this machine"));
    }
    let is_bare = url.username().is_empty() && url.password().is_none();
    if !is_bare || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not have a login, `?` or `#`"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Checks whether downloads from there cannot be tampered with on the way: https, or this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str, api: u32) -> Entry {
        Entry {
            id: "comics".into(),
            version: version.into(),
            api,
            min_engine: None,
            sha256: String::new(),
            size: 0,
            tree: String::new(),
            permissions: Grants::default(),
            yanked: None,
        }
    }

    #[test]
    fn the_newest_that_is_for_us_is_taken() {
        let yanked = Entry {
            yanked: Some("broken".into()),
            ..entry("1.9.0", 1)
        };
        let later = Entry {
            min_engine: Some("99.0.0".into()),
            ..entry("1.8.0", 1)
        };
        let odd = Entry {
            min_engine: Some("soon".into()),
            ..entry("1.7.0", 1)
        };
        let index = Index {
            serial: 1,
            expires: Timestamp::MAX,
            key: String::new(),
            next_key: None,
            entries: vec![
                entry("1.2.0", 1),
                entry("1.10.0", API + 1),
                yanked,
                later,
                odd,
                entry("1.3.0", 0),
                entry("1.1.0", 1),
            ],
        };
        assert_eq!(index.newest("comics").unwrap().version, "1.2.0");
        assert_eq!(index.newest("other").unwrap_err(), "has no `other`");
        assert_eq!(index.yanked("comics", "1.9.0"), Some("broken"));
        assert_eq!(index.yanked("comics", "1.2.0"), None);
    }

    #[test]
    fn an_address_is_https_or_of_this_machine() {
        for (text, expected) in [
            ("https://a.org/x", Some("https://a.org/x/")),
            ("https://a.org/x/index.json", Some("https://a.org/x/")),
            ("https://a.org", Some("https://a.org/")),
            ("http://127.0.0.1:8/", Some("http://127.0.0.1:8/")),
            ("http://[::1]:8/", Some("http://[::1]:8/")),
            ("http://localhost/", Some("http://localhost/")),
            ("http://a.org/", None),
            ("http://localhost.a.org/", None),
            ("http://192.168.1.1/", None),
            ("ftp://127.0.0.1/", None),
            ("file:///tmp/", None),
            ("https://u:p@a.org/", None),
            ("https://a.org/?x", None),
            ("https://a.org/#x", None),
            ("a.org", None),
        ] {
            let base = base(text).ok();
            assert_eq!(base.as_ref().map(Url::as_str), expected, "{text}");
        }
    }
}
