//! What a HAR file looks like, as far as it matters here. What is not named is passed over without being held.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// The most requests that are read.
pub(super) const MOST: u64 = 100_000;

#[derive(Deserialize)]
pub(super) struct Har {
    pub(super) log: Log,
}

#[derive(Deserialize)]
pub(super) struct Log {
    pub(super) entries: Entries,
}

pub(super) struct Entries(pub(super) Vec<Entry>);

/// Anything may be missing: browsers leave out what they do not know.
#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) request: Option<Request>,
    #[serde(default)]
    pub(super) response: Option<Response>,
    #[serde(default, rename = "_resourceType")]
    pub(super) resource: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    pub(super) headers: Option<Vec<Header>>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    pub(super) status: Option<f64>,
    pub(super) content: Option<Content>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(rename = "mimeType")]
    pub(super) mime: Option<String>,
}

/// What the error of a reader begins with that has read enough.
pub(super) const TOO_MANY: &str = "too many requests";

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of requests")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Entries, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    if all.len() as u64 == MOST {
                        return Err(serde::de::Error::custom(TOO_MANY));
                    }
                    all.push(entry);
                }
                Ok(Entries(all))
            }
        }
        deserializer.deserialize_seq(Each)
    }
}
