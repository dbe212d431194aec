//! The formats of Imgur's responses.

use serde_json::{Value, json};

use super::super::Reply;
use super::Image;

/// When everything here was uploaded: 13 May 2014.
const UPLOADED: u64 = 1_400_000_000;

/// The envelope of every response of API v3.
pub fn envelope(data: &Value) -> String {
    json!({"data": data, "success": true, "status": 200}).to_string()
}

fn error(status: u16, text: &str) -> Reply {
    let data = json!({"error": text, "request": "/3/x", "method": "GET"});
    let envelope = json!({"data": data, "success": false, "status": status});
    Reply::json(envelope.to_string()).status(status)
}

/// API v3's response for something unknown.
pub fn unknown() -> Reply {
    error(404, "Unable to find what was asked for")
}

/// API v3's response for an unknown client.
pub fn refused() -> Reply {
    error(403, "Invalid client_id")
}

/// An image of API v3.
pub fn image(image: &Image) -> Value {
    let (id, ext) = (&image.id, image.ext());
    let thumbnail = if image.thumbnail { "h" } else { "" };
    let mut value = json!({
        "id": id,
        "title": image.title,
        "description": image.description,
        "datetime": UPLOADED,
        "type": image.format.content_type(),
        "animated": image.animated,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "views": 12,
        "bandwidth": 12 * image.size,
        "vote": null,
        "favorite": false,
        "nsfw": false,
        "section": null,
        "account_url": null,
        "account_id": null,
        "is_ad": false,
        "in_gallery": false,
        "tags": [],
        "has_sound": false,
        "link": format!("https://i.imgur.com/{id}{thumbnail}.{ext}"),
    });
    if image.animated {
        value["mp4"] = json!(format!("https://i.imgur.com/{id}.mp4"));
        value["gifv"] = json!(format!("https://i.imgur.com/{id}.gifv"));
        value["mp4_size"] = json!(image.size);
        value["looping"] = json!(true);
    }
    value
}

/// The images of an album of API v3.
pub fn images(images: &[Image]) -> Value {
    images.iter().map(image).collect()
}

/// An album of API v3, with all its images.
pub fn album(id: &str, title: &str, images: &[Image]) -> Value {
    json!({
        "id": id,
        "title": title,
        "description": null,
        "datetime": UPLOADED,
        "cover": images.first().map(|image| &image.id),
        "cover_width": images.first().map(|image| image.width),
        "cover_height": images.first().map(|image| image.height),
        "account_url": null,
        "account_id": null,
        "privacy": "hidden",
        "layout": "blog",
        "views": 12,
        "link": format!("https://imgur.com/a/{id}"),
        "favorite": false,
        "nsfw": false,
        "section": null,
        "images_count": images.len(),
        "in_gallery": false,
        "is_ad": false,
        "is_album": true,
        "images": self::images(images),
    })
}

/// The response of the listing that needs no key.
pub fn ajax(images: &[Image]) -> String {
    let listed: Vec<Value> = images
        .iter()
        .map(|image| {
            json!({
                "hash": image.id,
                "title": image.title.as_deref().unwrap_or(""),
                "description": image.description,
                "has_sound": false,
                "width": image.width,
                "height": image.height,
                "size": image.size,
                "ext": format!(".{}", image.ext()),
                "animated": image.animated,
                "prefer_video": false,
                "looping": false,
                "datetime": "2014-05-13 16:53:20",
                "edited": "0",
            })
        })
        .collect();
    let data = json!({"count": images.len(), "images": listed, "include_album_ads": false});
    envelope(&data)
}

/// A post as embedded in pages.
pub fn post(id: &str, title: &str, is_album: bool, images: &[Image]) -> Value {
    let uploaded = "2014-05-13T16:53:20Z";
    let media: Vec<Value> = images
        .iter()
        .map(|image| {
            let film = image.format.content_type().starts_with("video/");
            json!({
                "id": image.id,
                "account_id": 0,
                "mime_type": image.format.content_type(),
                "type": if film { "video" } else { "image" },
                "name": "",
                "basename": "",
                "url": format!("https://i.imgur.com/{}.{}", image.id, image.ext()),
                "ext": image.ext(),
                "width": image.width,
                "height": image.height,
                "size": image.size,
                "metadata": {
                    "title": image.title.as_deref().unwrap_or(""),
                    "description": image.description.as_deref().unwrap_or(""),
                    "is_animated": image.animated,
                    "is_looping": image.animated,
                    "duration": 0,
                    "has_sound": false,
                },
                "created_at": uploaded,
                "updated_at": null,
            })
        })
        .collect();
    let kind = if is_album { "a/" } else { "" };
    json!({
        "id": id,
        "account_id": 0,
        "title": title,
        "seo_title": "",
        "description": "",
        "view_count": 12,
        "image_count": images.len(),
        "is_album": is_album,
        "is_mature": false,
        "cover_id": images.first().map(|image| &image.id),
        "created_at": uploaded,
        "updated_at": null,
        "url": format!("https://imgur.com/{kind}{id}"),
        "privacy": "private",
        "is_ad": false,
        "shared_with_community": false,
        "is_pending": false,
        "platform": "web",
        "media": media,
        "display": [],
    })
}

/// A page with an embedded post: JSON in a string of a script.
pub fn page(post: &Value) -> String {
    let escaped = post
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\'', "\\'");
    format!(
        "<!DOCTYPE html><html><head><title>Imgur</title></head><body><div id=\"root\"></div>\
         <script>window.postDataJSON=\"{escaped}\";</script></body></html>"
    )
}
