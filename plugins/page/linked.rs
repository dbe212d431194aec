//! Media that JSON-LD names (schema.org).

use fetch::net::read_json;
use serde_json::Value;

/// What JSON-LD says of media, in its order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Linked {
    pub(super) images: Vec<String>,
    pub(super) videos: Vec<String>,
    pub(super) sounds: Vec<String>,
    pub(super) embeds: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) author: Option<String>,
    /// Whether it says more than is taken.
    pub(super) cut: bool,
}

/// How deep it is looked into.
const DEEPEST: usize = 24;
/// The most media that are taken from it.
const MOST: usize = 10_000;
/// Things whose pictures are not what the page is about.
const OTHERS: [&str; 9] = [
    "author",
    "brand",
    "creator",
    "isPartOf",
    "itemReviewed",
    "logo",
    "publisher",
    "sponsor",
    "relatedLink",
];

/// Reads a script; what is no JSON says nothing.
pub(super) fn read(text: &str, linked: &mut Linked) {
    // The parser of the crate refuses what is nested too deep by itself.
    let read = |json: &[u8]| serde_json::from_slice::<Value>(json);
    if let Ok(value) = read_json(text.as_bytes(), read) {
        look(&value, "", linked, 0);
    }
}

fn look(value: &Value, name: &str, linked: &mut Linked, depth: usize) {
    let counts = [
        &linked.images,
        &linked.videos,
        &linked.sounds,
        &linked.embeds,
    ]
    .map(Vec::len);
    // What is nested deeper is replies to replies, and no medium of the page.
    if depth > DEEPEST {
        return;
    }
    if counts.iter().sum::<usize>() >= MOST {
        linked.cut = true;
        return;
    }
    match value {
        Value::Array(values) => {
            for value in values {
                look(value, name, linked, depth + 1);
            }
        }
        Value::String(text) if name == "image" => linked.images.push(text.clone()),
        Value::Object(object) => {
            let text = |name: &str| object.get(name).and_then(Value::as_str);
            let own = ["contentUrl", "url"].into_iter().find_map(text);
            let kind = match object.get("@type") {
                Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
                kind => kind.and_then(Value::as_str),
            };
            let add = |list: &mut Vec<String>, url: Option<&str>| {
                list.extend(url.map(str::to_owned));
            };
            match kind.unwrap_or("") {
                "ImageObject" | "Photograph" => add(&mut linked.images, own),
                "VideoObject" => {
                    add(&mut linked.videos, text("contentUrl"));
                    if text("contentUrl").is_none() {
                        add(&mut linked.embeds, text("embedUrl"));
                    }
                }
                "AudioObject" => add(&mut linked.sounds, text("contentUrl")),
                "Organization" | "Person" | "WebSite" | "BreadcrumbList" => return,
                _ if name == "image" => add(&mut linked.images, own),
                _ => {}
            }
            if linked.date.is_none() {
                let names = ["datePublished", "uploadDate", "dateCreated"];
                linked.date = names.into_iter().find_map(text).map(str::to_owned);
            }
            if linked.author.is_none() {
                let author = object.get("author");
                let name = author.and_then(|author| author.get("name").or(Some(author)));
                linked.author = name.and_then(Value::as_str).map(str::to_owned);
            }
            for (name, value) in object {
                let is_other = OTHERS.contains(&name.as_str()) || name == "thumbnail";
                if !is_other && (value.is_array() || value.is_object() || name == "image") {
                    look(value, name, linked, depth + 1);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_found_and_the_publisher_is_not() {
        let mut linked = Linked::default();
        read(
            r#"{"@graph":[{"@type":"NewsArticle","image":["/a.jpg",{"@type":"ImageObject","url":"/b.jpg"}],
            "author":{"@type":"Person","name":"Ann","image":"/ann.jpg"},"datePublished":"2024-05-03",
            "publisher":{"@type":"Organization","logo":{"@type":"ImageObject","url":"/logo.png"}},
            "video":{"@type":"VideoObject","contentUrl":"/v.mp4","thumbnailUrl":"/t.jpg"}},
            {"@type":"VideoObject","embedUrl":"https://player.example/9"}]}"#,
            &mut linked,
        );
        assert_eq!(linked.images, ["/a.jpg", "/b.jpg"]);
        assert_eq!(linked.videos, ["/v.mp4"]);
        assert_eq!(linked.embeds, ["https://player.example/9"]);
        assert_eq!(linked.author.as_deref(), Some("Ann"));
        read("{", &mut linked);
        read(&"[".repeat(100_000), &mut linked);
        assert_eq!((linked.images.len(), linked.cut), (2, false));
        // Replies to replies: nothing of the page is missed.
        let replies = "{\"comment\":[".repeat(20) + "{}" + &"]}".repeat(20);
        read(&replies, &mut linked);
        assert!(!linked.cut);
        let many = format!("[{}]", vec!["{\"image\":\"/a.jpg\"}"; MOST + 1].join(","));
        read(&many, &mut linked);
        assert!(linked.cut && linked.images.len() <= MOST);
    }
}
