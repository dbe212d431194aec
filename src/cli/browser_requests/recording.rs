//! The parts of the HAR format that are used here. Other fields are skipped without being held in memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

/// The most requests in a file.
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

/// A recorded request. Anything may be missing: browsers omit what they do not know.
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
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    #[serde(deserialize_with = "number")]
    pub(super) status: Option<f64>,
    pub(super) content: Option<Content>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(rename = "mimeType")]
    pub(super) mime: Option<String>,
}

/// A value whose type depends on the program that wrote it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Other(IgnoredAny),
}

/// Reads a text, which some programs write as a number. Any other type counts as none, so that the file stays readable.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::deserialize(deserializer)? {
        Some(Scalar::Text(text)) => Some(text),
        Some(Scalar::Number(number)) => Some(number.to_string()),
        Some(Scalar::Other(_)) | None => None,
    })
}

/// Reads a number, which some programs write as a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(text(deserializer)?.and_then(|text| text.trim().parse().ok()))
}

/// The start of the error message for files with too many requests.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_har_request_does_not_affect_others() {
        let text = r#"{"log": {"entries": [
            {"request": {"headers": [{"name": "a", "value": 5}, {"name": ["x"], "value": null}]}, "response": {"status": "206"}},
            {"response": {"status": null}}
        ]}}"#;
        let entries = serde_json::from_str::<Har>(text).unwrap().log.entries.0;
        let request = entries[0].request.as_ref().unwrap();
        let headers = request.headers.as_ref().unwrap();
        assert_eq!(headers[0].value.as_deref(), Some("5"));
        assert!(headers[1].name.is_none() && headers[1].value.is_none());
        let status = |entry: &Entry| entry.response.as_ref().and_then(|answer| answer.status);
        assert_eq!(
            entries.iter().map(status).collect::<Vec<_>>(),
            [Some(206.0), None]
        );
    }
}
