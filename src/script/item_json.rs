//! Converts an item to the fields that `emit` takes.

use serde_json::{Map, Value, json};

use crate::model::{Body, Digest, Item, Medium};

/// Returns an item's fields, named as in `emit`.
pub(super) fn item_json(item: &Item) -> Map<String, Value> {
    let mut fields = match json!(item.meta) {
        Value::Object(meta) => meta,
        _ => Map::new(),
    };
    if let Some(extra) = fields.remove("extra") {
        fields.insert("meta".into(), extra);
    }
    fields.insert("key".into(), json!(item.key));
    let (request, stream) = match &item.body {
        Body::File(request) => (request, None),
        Body::Hls(request) => (request, Some("hls")),
        Body::Dash(request) => (request, Some("dash")),
        // Scripts cannot emit the others.
        Body::Tracks(_) | Body::Text(_) | Body::Later => return fields,
    };
    fields.insert("url".into(), json!(request.url));
    let mut add = |name: &str, value: Value| {
        let is_empty = match &value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            _ => false,
        };
        if !is_empty {
            fields.insert(name.into(), value);
        }
    };
    add("stream", json!(stream));
    add("mirrors", json!(request.mirrors));
    add("headers", json!(request.headers));
    // `Any` for a stream is the default, and not set by the script.
    let medium = request.expect.medium;
    let kind = medium.filter(|medium| stream.is_none() || *medium != Medium::Any);
    add("kind", json!(kind));
    add("size", json!(request.expect.size));
    for digest in &request.expect.digests {
        match digest {
            Digest::Md5(hex) => add("md5", json!(hex)),
            Digest::Sha1(hex) => add("sha1", json!(hex)),
            Digest::Sha256(hex) => add("sha256", json!(hex)),
            Digest::Sha512(hex) => add("sha512", json!(hex)),
        }
    }
    fields
}
