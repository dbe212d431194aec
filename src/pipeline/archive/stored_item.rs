//! A failed item as stored in the archive, so that a retry need not list again. It holds no credentials.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::model::{Body, Item};
use crate::net::{NamedBy, Redacted};

/// Maximum length of a stored item, as JSON. A longer one is listed again.
const MAX_LENGTH: usize = 64 << 10;

/// An item, and who named its URL.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::pipeline) struct StoredItem {
    #[serde(rename = "led")]
    pub(in crate::pipeline) named_by: NamedBy,
    pub(in crate::pipeline) item: Item,
}

/// Serialises an item as JSON. If its URL has secrets or it needs headers, it has to be listed again: [`Body::Later`].
pub(in crate::pipeline) fn item_to_json(item: &Item, named_by: NamedBy) -> Option<String> {
    let mut item = item.clone();
    if let Body::File(request) | Body::Hls(request) | Body::Dash(request) = &mut item.body {
        request.mirrors.retain(is_plain);
        request.stand_in.take_if(|url| !is_plain(url));
        if !is_plain(&request.url) || !request.headers.is_empty() {
            item.body = Body::Later;
        }
    }
    // Two URLs that belong together are found again together.
    if matches!(item.body, Body::Tracks(_)) {
        item.body = Body::Later;
    }
    item.meta.page = item.meta.page.take().filter(is_plain);
    item.meta.extra.values_mut().for_each(clear);
    let json = serde_json::to_string(&StoredItem { named_by, item }).ok()?;
    (json.len() <= MAX_LENGTH).then_some(json)
}

/// Parses a stored item; `None` if it is no longer understood.
pub(super) fn item_from_json(json: &str) -> Option<StoredItem> {
    serde_json::from_str(json).ok()
}

fn is_plain(url: &Url) -> bool {
    Redacted(url).to_string() == url.as_str()
}

/// Empties texts that are URLs with secrets.
fn clear(value: &mut Value) {
    match value {
        Value::String(text) if Url::parse(text).is_ok_and(|url| !is_plain(&url)) => text.clear(),
        Value::Array(values) => values.iter_mut().for_each(clear),
        Value::Object(fields) => fields.values_mut().for_each(clear),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, Meta, Request};

    fn item(url: &str) -> Item {
        Item {
            source: "s".into(),
            key: "k".into(),
            meta: Meta::default(),
            body: Body::File(Request::new(url.parse().unwrap())),
        }
    }

    #[test]
    fn items_without_secrets_are_stored_unchanged() {
        let item = item("https://example.org/a.jpg?w=3");
        let stored = item_from_json(&item_to_json(&item, NamedBy::PublicServer).unwrap()).unwrap();
        let named_by = NamedBy::PublicServer;
        assert_eq!(stored, StoredItem { named_by, item });
    }

    #[test]
    fn nothing_that_lets_somebody_in_is_kept() {
        let secret = "https://me:hunter2@example.org/a.jpg?sig=hunter2";
        let mut items = vec![item(secret)];
        let mut headed = item("https://example.org/");
        if let Body::File(request) = &mut headed.body {
            let header = ("authorization".to_owned(), "hunter2".to_owned());
            request.headers = Headers([header].into());
        }
        items.push(headed);
        for item in &mut items {
            let list = Value::Array(vec![secret.into(), 1.into()]);
            item.meta.extra = [("more".to_owned(), list)].into();
            item.meta.page = secret.parse().ok();
            let json = item_to_json(item, NamedBy::User).unwrap();
            assert!(!json.contains("hunter2"), "{json}");
            assert_eq!(item_from_json(&json).unwrap().item.body, Body::Later);
        }
        let mut mirrored = item("https://example.org/a.jpg");
        if let Body::File(request) = &mut mirrored.body {
            request.mirrors = vec![secret.parse().unwrap(), "https://b.org/".parse().unwrap()];
        }
        let json = item_to_json(&mirrored, NamedBy::User).unwrap();
        assert!(
            !json.contains("hunter2") && json.contains("b.org"),
            "{json}"
        );
    }
}
