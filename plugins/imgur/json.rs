//! Parses the site's JSON, skipping unused fields, which are most of what it says about an image.

use std::borrow::Cow;
use std::fmt;

use fetch::net::read_json;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Parses a response. Null fields and fields that nothing here reads are left out, at any depth.
///
/// # Errors
/// The body is not JSON.
pub(super) fn read(body: &[u8]) -> serde_json::Result<Value> {
    read_json(body, |json| {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let value = FieldFilter.deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    })
}

/// Checks whether a field of this name is read anywhere: [`super::answer`], [`super::listing`], [`super::error`].
fn is_used(name: &str) -> bool {
    matches!(
        name,
        // Of a response.
        "data" | "errors" | "error" | "code" | "status" | "detail" | "message" | "success" | "items"
        // Of an album.
            | "images" | "media" | "images_count" | "image_count" | "count" | "is_album"
        // Of an image.
            | "id" | "hash" | "title" | "description" | "account_url" | "account" | "username"
            | "datetime" | "created_at" | "width" | "height" | "size" | "link" | "url" | "ext"
            | "type" | "mime_type" | "mp4" | "mp4_size" | "metadata" | "animated" | "is_animated"
            | "has_sound" | "nsfw" | "views"
    )
}

#[derive(Clone, Copy)]
struct FieldFilter;

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for FieldFilter {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldFilter {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(Name(name)) = fields.next_key()? {
            if !is_used(&name) {
                fields.next_value::<IgnoredAny>()?;
                continue;
            }
            match fields.next_value_seed(self)? {
                // Of duplicate fields, the last one counts.
                Value::Null => map.remove(&*name),
                value => map.insert(name.into_owned(), value),
            };
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Option<Value> {
        read(text.as_bytes()).ok()
    }

    #[test]
    fn only_fields_in_use_are_kept() {
        let text = r#"{"data": [{"id": "abcde", "title": null, "size": 3, "mp4_size": -3, "width": 1.5,
            "ad_config": {"id": [1, {"deep": null}]}, "\u0069s_album": false}, 7], "success": true, "x": 1}"#;
        let image =
            json!({"id": "abcde", "size": 3, "mp4_size": -3, "width": 1.5, "is_album": false});
        assert_eq!(
            parse(text),
            Some(json!({"data": [image, 7], "success": true}))
        );
        assert_eq!(
            parse(r#"{"id": "a", "id": null, "url": 1, "url": 2}"#),
            Some(json!({"url": 2}))
        );
        assert_eq!(parse("null"), Some(Value::Null));
        let cut = parse(r#"{"title": "cut \ud83d"}"#);
        assert_eq!(cut, Some(json!({"title": "cut \u{fffd}"})));
    }

    #[test]
    fn invalid_json_is_refused() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "<html>",
            "{} {}",
            "{\"x\": }",
            "[1",
            "{\"id\": 1e999}",
            &deep,
        ] {
            assert_eq!(parse(text), None, "{}", &text[..text.len().min(20)]);
        }
    }
}
