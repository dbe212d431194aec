//! Media described in JSON-LD (schema.org).

use fetch::model::Medium;
use fetch::source::url_medium;
use serde_json::{Map, Value};
use url::Url;

use super::json;

/// The media and metadata in JSON-LD.
#[derive(Debug, Default, PartialEq)]
pub(super) struct JsonLd {
    pub(super) images: Vec<String>,
    pub(super) videos: Vec<String>,
    pub(super) sounds: Vec<String>,
    pub(super) embeds: Vec<String>,
    /// Thumbnails, each with its full-size picture.
    pub(super) small: Vec<(String, String)>,
    pub(super) date: Option<String>,
    pub(super) author: Option<String>,
    /// Whether there is more than was taken.
    pub(super) cut: bool,
    /// Why the first unreadable script could not be read, and how many could not.
    pub(super) fault: Option<String>,
    pub(super) faults: usize,
}

/// The maximum depth of nesting.
const DEEPEST: usize = 24;
/// The most media taken from it.
const MOST: usize = 10_000;
/// Properties whose pictures are not the page's subject.
const OTHERS: [&str; 27] = [
    "actor",
    "author",
    "brand",
    "byArtist",
    "comment",
    "contributor",
    "creator",
    "director",
    "isAccessoryOrSparePartFor",
    "isPartOf",
    "isRelatedTo",
    "isSimilarTo",
    "itemReviewed",
    "location",
    "logo",
    "mentions",
    "organizer",
    "partOfSeason",
    "partOfSeries",
    "performer",
    "publisher",
    "relatedLink",
    "review",
    "reviews",
    "seller",
    "sponsor",
    "thumbnail",
];

/// Reads a script; anything but JSON is ignored.
pub(super) fn read(text: &str, json_ld: &mut JsonLd) {
    match json::read(text) {
        Ok(values) => values.iter().for_each(|value| look(value, "", json_ld, 0)),
        Err(error) if !text.trim().is_empty() => {
            json_ld.faults += 1;
            json_ld.fault.get_or_insert_with(|| error.to_string());
        }
        Err(_) => {}
    }
}

fn look(value: &Value, name: &str, json_ld: &mut JsonLd, depth: usize) {
    let counts = [
        &json_ld.images,
        &json_ld.videos,
        &json_ld.sounds,
        &json_ld.embeds,
    ]
    .map(Vec::len);
    // Deeper levels are replies to replies, not media of the page.
    if depth > DEEPEST {
        return;
    }
    if counts.iter().sum::<usize>() >= MOST {
        json_ld.cut = true;
        return;
    }
    match value {
        Value::Array(values) => {
            for value in values {
                look(value, name, json_ld, depth + 1);
            }
        }
        Value::String(text) if name == "image" => json_ld.images.push(text.clone()),
        Value::Object(object) => {
            let text = |name: &str| object.get(name).and_then(Value::as_str);
            let own = ["contentUrl", "url"].into_iter().find_map(text);
            let add = |list: &mut Vec<String>, url: Option<&str>| {
                list.extend(url.map(str::to_owned));
            };
            match kind(object) {
                "ImageObject" | "Photograph" => {
                    add(&mut json_ld.images, own);
                    let small = text("thumbnailUrl").or_else(|| {
                        let small = object.get("thumbnail")?;
                        let inner = small.get("contentUrl").or(small.get("url"));
                        inner.unwrap_or(small).as_str()
                    });
                    if let (Some(small), Some(own)) = (small, text("contentUrl")) {
                        json_ld.small.push((small.to_owned(), own.to_owned()));
                    }
                }
                "VideoObject" => {
                    add(&mut json_ld.videos, text("contentUrl"));
                    if text("contentUrl").is_none() {
                        add(&mut json_ld.embeds, text("embedUrl"));
                    }
                }
                "AudioObject" => add(&mut json_ld.sounds, text("contentUrl")),
                "Organization" | "Person" | "WebSite" | "BreadcrumbList" => return,
                _ if name == "image" => add(&mut json_ld.images, own),
                _ => {
                    let url = text("contentUrl");
                    let format = text("encodingFormat").or(text("fileFormat"));
                    match url.and_then(|url| medium(url, format)) {
                        Some(Medium::Image) => add(&mut json_ld.images, url),
                        Some(Medium::Video) => add(&mut json_ld.videos, url),
                        Some(Medium::Audio) => add(&mut json_ld.sounds, url),
                        _ => {}
                    }
                }
            }
            if json_ld.date.is_none() {
                let names = ["datePublished", "uploadDate", "dateCreated"];
                json_ld.date = names.into_iter().find_map(text).map(str::to_owned);
            }
            if json_ld.author.is_none() {
                let author = object.get("author");
                let name = author.and_then(|author| author.get("name").or(Some(author)));
                json_ld.author = name.and_then(Value::as_str).map(str::to_owned);
            }
            // Its own pictures come before those of related things.
            if let Some(image) = object.get("image") {
                look(image, "image", json_ld, depth + 1);
            }
            for (name, value) in object {
                let is_own = name != "image" && !OTHERS.contains(&name.as_str());
                if is_own && (value.is_array() || value.is_object()) {
                    look(value, name, json_ld, depth + 1);
                }
            }
        }
        _ => {}
    }
}

/// Returns the type of a thing: of several, the one known here. Types may be prefixed with the vocabulary.
fn kind(object: &Map<String, Value>) -> &str {
    let kinds = match object.get("@type") {
        Some(Value::Array(kinds)) => kinds.as_slice(),
        Some(kind) => std::slice::from_ref(kind),
        None => &[],
    };
    let words = kinds.iter().filter_map(Value::as_str);
    let mut words = words.filter_map(|word| word.rsplit(['/', ':', '#']).next());
    let first = words.clone().next();
    let known = words.find(|word| word.ends_with("Object") && *word != "MediaObject");
    known.or(first).unwrap_or("")
}

/// Returns the medium of a file, by its declared format or its name.
fn medium(url: &str, format: Option<&str>) -> Option<Medium> {
    let is_of = |kind: &str| format.is_some_and(|format| format.starts_with(kind));
    match () {
        () if is_of("image/") => Some(Medium::Image),
        () if is_of("video/") => Some(Medium::Video),
        () if is_of("audio/") => Some(Medium::Audio),
        // The host does not matter.
        () => url_medium(&Url::parse("http://localhost/").ok()?.join(url).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_found_and_the_publisher_is_not() {
        let mut json_ld = JsonLd::default();
        read(
            r#"{"@graph":[{"@type":"NewsArticle","image":["/a.jpg",{"@type":"ImageObject","url":"/b.jpg"}],
            "author":{"@type":"Person","name":"Ann","image":"/ann.jpg"},"datePublished":"2024-05-03",
            "publisher":{"@type":"Organization","logo":{"@type":"ImageObject","url":"/logo.png"}},
            "video":{"@type":"VideoObject","contentUrl":"/v.mp4","thumbnailUrl":"/t.jpg"}},
            {"@type":"VideoObject","embedUrl":"https://player.example/9"}]}"#,
            &mut json_ld,
        );
        assert_eq!(json_ld.images, ["/a.jpg", "/b.jpg"]);
        assert_eq!(json_ld.videos, ["/v.mp4"]);
        assert_eq!(json_ld.embeds, ["https://player.example/9"]);
        assert_eq!(json_ld.author.as_deref(), Some("Ann"));
        read("{", &mut json_ld);
        read(&"[".repeat(100_000), &mut json_ld);
        assert_eq!((json_ld.images.len(), json_ld.cut), (2, false));
        // Replies to replies: nothing of the page is missed.
        let replies = "{\"comment\":[".repeat(20) + "{}" + &"]}".repeat(20);
        read(&replies, &mut json_ld);
        assert!(!json_ld.cut);
        let many = format!("[{}]", vec!["{\"image\":\"/a.jpg\"}"; MOST + 1].join(","));
        read(&many, &mut json_ld);
        assert!(json_ld.cut && json_ld.images.len() <= MOST);
    }

    #[test]
    fn json_ld_files_are_audio_or_video_by_format_or_name() {
        let mut json_ld = JsonLd::default();
        read(
            r#"{"@type":"PodcastEpisode","image":"/art.jpg","associatedMedia":{"@type":"MediaObject","contentUrl":"/5.mp3"},
            "partOfSeries":{"@type":"PodcastSeries","image":"/series.jpg"},
            "encoding":[{"contentUrl":"/get/6","encodingFormat":"audio/mpeg"},{"contentUrl":"/get/7","encodingFormat":"video/mp4"},
            {"@type":"DataDownload","contentUrl":"/8.csv"},{"@type":"MediaObject","contentUrl":"/9"}]}"#,
            &mut json_ld,
        );
        assert_eq!(json_ld.sounds, ["/5.mp3", "/get/6"]);
        assert_eq!(json_ld.videos, ["/get/7"]);
        assert_eq!(json_ld.images, ["/art.jpg"]);
        let kinds = r#"[{"@type":["LearningResource","VideoObject"],"contentUrl":"/a"},{"@type":"http://schema.org/VideoObject","contentUrl":"/b"}]"#;
        read(kinds, &mut json_ld);
        assert_eq!(json_ld.videos, ["/get/7", "/a", "/b"]);
    }

    #[test]
    fn pictures_of_what_a_thing_is_related_to_are_not_its_own() {
        let mut json_ld = JsonLd::default();
        read(
            r#"{"@type":"Product","hasVariant":[{"image":"/red.jpg"}],"image":["/1.jpg","/2.jpg"],
            "isRelatedTo":[{"image":"/table.jpg"}],"isSimilarTo":{"image":"/stool.jpg"},"review":[{"image":"/r.jpg"}],
            "mentions":{"image":"/m.jpg"},"location":{"image":"/place.jpg"},"performer":{"image":"/band.jpg"}}"#,
            &mut json_ld,
        );
        assert_eq!(json_ld.images, ["/1.jpg", "/2.jpg", "/red.jpg"]);
    }

    #[test]
    fn unreadable_json_ld_is_noted() {
        let mut json_ld = JsonLd::default();
        for text in [
            "",
            " \n",
            "{\"image\":\"/a.jpg\",}",
            "{",
            "{\"image\" \"/b.jpg\"}",
        ] {
            read(text, &mut json_ld);
        }
        assert_eq!(json_ld.images, ["/a.jpg"]);
        assert_eq!(json_ld.faults, 2);
        let fault = json_ld.fault.unwrap_or_default();
        assert!(fault.starts_with("EOF while parsing"), "{fault}");
    }
}
