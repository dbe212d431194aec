//! Access to the output of yt-dlp. Fields with an unexpected type count as missing.

use fetch::model::{Error, Kind, Result};
use fetch::net::read_json;
use serde_json::Value;

/// The most values in an answer: no description of videos has more.
const VALUES: usize = 4_000_000;

/// An object in the output: a video, a list, a reference to another page, or a format of a video.
#[derive(Clone, Copy)]
pub(super) struct Info<'a>(pub(super) &'a Value);

/// Parses an answer.
///
/// # Errors
/// [`Kind::Corrupt`] if it is not JSON, incomplete, or too large.
pub(super) fn read(text: &[u8]) -> Result<Value> {
    let wrong = || {
        Error::new(
            Kind::Corrupt,
            "the output of `yt-dlp` is not JSON, or incomplete",
        )
    };
    let begins = text
        .iter()
        .filter(|byte| matches!(byte, b',' | b'[' | b'{'));
    if begins.count() > VALUES {
        return Err(Error::new(
            Kind::Corrupt,
            "the output of `yt-dlp` is too large",
        ));
    }
    let value = read_json(text, |json| serde_json::from_slice(json));
    let value: Value = value.map_err(|error| wrong().because(error))?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(wrong()),
    }
}

impl<'a> Info<'a> {
    /// A text that is not empty.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        let text = self.0.get(name)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Whether a codec is other than `none`, if one is given.
    pub(super) fn codec(self, name: &str) -> Option<bool> {
        self.text(name).map(|codec| codec != "none")
    }

    /// Returns a number that is finite and not negative.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.0
            .get(name)?
            .as_f64()
            .filter(|number| number.is_finite() && *number >= 0.0)
    }

    /// Returns a number without its fraction.
    pub(super) fn whole(self, name: &str) -> Option<u32> {
        self.number(name)
            .filter(|number| *number <= f64::from(u32::MAX))
            .map(|number| number as u32)
    }

    /// Returns whether a flag is set.
    pub(super) fn is(self, name: &str) -> bool {
        // `has_drm` can also be the text `maybe`, which counts as false.
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The members of a list.
    pub(super) fn list(self, name: &str) -> impl DoubleEndedIterator<Item = Info<'a>> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter(|value| value.is_object())
            .map(Info)
    }

    /// Whether it is a list, a reference to another page, or a video.
    pub(super) fn kind(self) -> EntryKind {
        match self.text("_type") {
            Some("playlist" | "multi_video") => EntryKind::List,
            Some("url" | "url_transparent") => EntryKind::Reference,
            _ => EntryKind::Video,
        }
    }

    /// The name of the extractor that found it.
    pub(super) fn extractor(self) -> Option<&'a str> {
        self.text("extractor_key").or(self.text("ie_key"))
    }

    /// Its key in yt-dlp's own archive, which is also its key here.
    pub(super) fn key(self) -> Option<String> {
        let id = self
            .text("id")
            .filter(|id| id.len() <= 512 && !id.contains(char::is_control))?;
        Some(format!("{} {id}", self.extractor()?.to_ascii_lowercase()))
    }
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Video,
    List,
    Reference,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_deep_or_huge_json_is_refused() {
        let deep = "[".repeat(100_000);
        let much = format!("{{\"a\":[{}1]}}", "1,".repeat(VALUES));
        let table = [
            "",
            "null",
            "[]",
            "{\"a\": 1",
            "{\"a\": }",
            "\u{0}",
            &deep,
            &much,
        ];
        for text in table {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind, Kind::Corrupt, "{}", &text[..text.len().min(20)]);
        }
        assert!(read(b"{\"id\": \"x\"}\n").is_ok());
    }
}
