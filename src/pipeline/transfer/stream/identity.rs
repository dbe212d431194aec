//! The identity of the parts of a track, by which a later run knows whether what is there belongs to the same stream.
//!
//! URLs identify parts, without what may be secret. A signature may have more than that, such as a date, or be in the
//! path. Then the names of the files do, if each part has a name of its own. What is there is proven all the same: the
//! last joined part is downloaded again.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::part::{Part, Parts};
use crate::net::Redacted;

/// The identity of parts, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(super) struct Identity {
    /// By their URLs.
    pub(super) by_url: String,
    /// By the names of their files, when they play and their rendition, if no two of these names are the same.
    pub(super) by_name: Option<String>,
}

/// Computes the identity of more and more parts of a track.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    by_url: blake3::Hasher,
    by_name: blake3::Hasher,
    names: HashSet<i64>,
    /// Whether a part has no name of its own.
    lacks_names: bool,
    count: usize,
}

impl From<String> for Identity {
    fn from(stored: String) -> Identity {
        match stored.split_once(' ') {
            None => Identity {
                by_url: stored,
                by_name: None,
            },
            Some((by_url, by_name)) => Identity {
                by_url: by_url.to_owned(),
                by_name: Some(by_name.to_owned()),
            },
        }
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> String {
        match identity.by_name {
            None => identity.by_url,
            Some(by_name) => format!("{} {by_name}", identity.by_url),
        }
    }
}

impl Identity {
    /// Whether these are the same parts.
    pub(super) fn is_same(&self, other: &Identity) -> bool {
        self.by_url == other.by_url || self.by_name.is_some() && self.by_name == other.by_name
    }
}

impl Chain {
    /// Returns the identity of the first `count` parts, which are no fewer than before.
    pub(super) fn of(&mut self, parts: &Parts, count: usize) -> Identity {
        if self.count == 0 && count > 0 {
            add(&mut self.by_name, &parts.rendition);
        }
        for part in &parts.all()[self.count.min(count)..count] {
            add(&mut self.by_url, &url_identity(part, parts.of_file));
            match name(part) {
                Some(name) if self.names.insert(hash(name)) => {
                    add(&mut self.by_name, &name_identity(part, name));
                }
                _ => self.lacks_names = true,
            }
        }
        self.count = self.count.max(count);
        let by_name = (!self.lacks_names).then(|| self.by_name.finalize().to_hex().to_string());
        Identity {
            by_url: self.by_url.finalize().to_hex().to_string(),
            by_name,
        }
    }
}

fn url_identity(part: &Part, of_file: bool) -> String {
    let range = part.location.range.unwrap_or((0, 0));
    // The file is the one of the item, whatever its URL is now.
    let mut text = match of_file {
        true => format!("the file {range:?}"),
        false => format!("{} {range:?}", Redacted(&part.location.url)),
    };
    if let Some(cipher) = &part.cipher {
        text += &format!(" {} {:?}", Redacted(&cipher.key), cipher.iv);
    }
    text
}

fn name_identity(part: &Part, name: &str) -> String {
    let iv = part.cipher.as_ref().map(|cipher| cipher.iv);
    let plays = (part.number, part.duration.as_nanos());
    format!("{name} {} {plays:?} {iv:?}", part.is_map)
}

/// The name of the file that a part is. One that is a range of a file has none.
fn name(part: &Part) -> Option<&str> {
    let location = &part.location;
    let name = location.url.path_segments()?.next_back()?;
    (location.range.is_none() && !name.is_empty()).then_some(name)
}

fn hash(name: &str) -> i64 {
    let digest = blake3::hash(name.as_bytes());
    let (first, _) = digest.as_bytes().split_at(size_of::<i64>());
    first.try_into().map_or(0, i64::from_le_bytes)
}

fn add(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::pipeline::stream::{ByteLocation, Segment};

    /// Returns the identity of segments at these URLs, in a rendition.
    fn of(rendition: &str, urls: &[&str]) -> Identity {
        let segments = urls.iter().zip(0..).map(|(url, number)| Segment {
            number,
            span: 1,
            location: ByteLocation {
                url: Url::parse("https://x.org/").unwrap().join(url).unwrap(),
                range: None,
            },
            cipher: None,
            map: None,
            gap: false,
            breaks: false,
            duration: Duration::from_secs(4),
        });
        let mut parts = Parts::default();
        parts.rendition = rendition.into();
        parts.add(segments.collect());
        Chain::default().of(&parts, parts.len())
    }

    #[test]
    fn segments_are_the_same_by_url_or_by_name() {
        let known = of("9", &["/a/1.ts?e=1", "/a/2.ts?e=1"]);
        let table = [
            ("9", ["/a/1.ts?e=1", "/a/2.ts?e=1"], true),
            ("9", ["/b/1.ts?e=2", "//y.org/2.ts?e=2"], true),
            ("9", ["/b/1.ts?e=2", "/b/3.ts?e=2"], false),
            ("5", ["/a/1.ts?e=1", "/a/2.ts?e=1"], true),
            ("5", ["/b/1.ts?e=2", "/b/2.ts?e=2"], false),
        ];
        for (rendition, urls, is_same) in table {
            let here = of(rendition, &urls);
            assert_eq!(here.is_same(&known), is_same, "{rendition} {urls:?}");
            let stored = serde_json::to_string(&here).unwrap();
            assert_eq!(serde_json::from_str::<Identity>(&stored).unwrap(), here);
        }
        let (one, other) = (["/seg?n=1", "/seg?n=2"], ["/seg?n=3", "/seg?n=4"]);
        assert!(!of("", &one).is_same(&of("", &other)));
    }
}
