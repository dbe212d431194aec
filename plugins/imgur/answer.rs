//! Posts and images as the site describes them, in any of its three formats: API v3, the post embedded in a page,
//! `ajaxalbums`.
//!
//! Only an id and an address or extension are required; other fields that are missing or of another type are left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use fetch::model::Album;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::link::{is_ext, is_id};
use super::text::clean;

/// An album, or a post of a single image.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Post {
    /// Its id, if the response has it.
    pub(super) id: String,
    /// Its title.
    pub(super) title: Option<String>,
    /// Whether it is an album, even if of only one image.
    pub(super) is_album: bool,
    /// How many images it has according to the site.
    pub(super) count: Option<u64>,
    /// Its images in order, with `None` in place of one that cannot be read.
    pub(super) images: Vec<Option<Image>>,
}

/// An image or a video.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Image {
    /// Its id, which identifies the item.
    pub(super) id: String,
    /// The extension of the original; `gifv` if it may be either a GIF or a video.
    pub(super) ext: String,
    /// Whether the extension is a guess.
    pub(super) is_guess: bool,
    /// Its title.
    pub(super) title: Option<String>,
    /// Its description.
    pub(super) description: Option<String>,
    /// Who uploaded it.
    pub(super) author: Option<String>,
    /// When it was uploaded.
    pub(super) date: Option<Timestamp>,
    /// Width in pixels.
    pub(super) width: Option<u32>,
    /// Height in pixels.
    pub(super) height: Option<u32>,
    /// The length of the original in bytes.
    pub(super) size: Option<u64>,
    /// The length of the video made from it.
    pub(super) mp4_size: Option<u64>,
    /// Whether it is animated.
    pub(super) is_animated: bool,
    /// Further fields, by their names in the API.
    pub(super) extra: BTreeMap<String, Value>,
}

impl Post {
    /// Reads an album or a single image.
    pub(super) fn read(value: &Value, id: &str) -> Post {
        let [images, media] = ["images", "media"].map(|name| value[name].as_array());
        let list = images.or(media).filter(|list| !list.is_empty());
        let count = number(value, &["images_count", "image_count", "count"]);
        // Posts embedded in pages have a list even if they are not albums. They also say which they are, but better not
        // to rely on that.
        let looks_so = images.is_some() || media.is_some_and(|media| media.len() > 1);
        let is_album = flag(&value["is_album"]).unwrap_or(looks_so || count.is_some());
        let author = author(value);
        let title = text(value, &["title"]);
        let mut images: Vec<_> = match list {
            Some(list) => list.iter().map(Image::read).collect(),
            None if is_album => Vec::new(),
            None => vec![Image::read(value)],
        };
        for image in images.iter_mut().flatten() {
            image.author = image.author.take().or_else(|| author.clone());
            if !is_album {
                let title = image.title.take().or_else(|| title.clone());
                let description = image.description.take();
                image.description = description.or_else(|| text(value, &["description"]));
                image.title = title;
            }
        }
        Post {
            id: id.to_owned(),
            title,
            is_album,
            count,
            images,
        }
    }

    /// Builds a single image of which only the id and the extension to request are known.
    pub(super) fn guess(id: &str, ext: &str) -> Post {
        let image = Image {
            id: id.to_owned(),
            ext: ext.into(),
            is_guess: true,
            ..Image::default()
        };
        Post {
            id: id.to_owned(),
            images: vec![Some(image)],
            ..Post::default()
        }
    }

    /// Returns how many of its images could be read.
    pub(super) fn readable(&self) -> usize {
        self.images.iter().flatten().count()
    }

    /// Checks whether the response lists fewer images than the album has.
    pub(super) fn lacks_images(&self) -> bool {
        let said = self.count.unwrap_or(u64::MAX);
        self.is_album && (self.readable() as u64) < said
    }

    /// Returns the album its items belong to, if it is one.
    pub(super) fn album(&self) -> Option<Arc<Album>> {
        self.is_album.then(|| {
            Arc::new(Album {
                id: self.id.clone(),
                title: self.title.clone(),
                count: self.count.or(Some(self.images.len() as u64)),
            })
        })
    }

    /// Returns its name in messages.
    pub(super) fn subject(&self) -> String {
        let kind = if self.is_album { "album" } else { "image" };
        format!("{kind} `{}`", self.id)
    }
}

impl Image {
    /// Reads an image, if it has the required fields.
    pub(super) fn read(value: &Value) -> Option<Image> {
        let id = ["id", "hash"].map(|name| value[name].as_str());
        let id = id.into_iter().flatten().find(|id| is_id(id))?;
        let more = &value["metadata"];
        let small = |name| number(value, &[name]).and_then(|number| u32::try_from(number).ok());
        let mut extra = BTreeMap::new();
        for name in ["views", "nsfw", "animated", "has_sound"] {
            let field = Some(&value[name]).filter(|field| field.is_boolean() || field.is_number());
            extra.extend(field.map(|field| (name.to_owned(), field.clone())));
        }
        Some(Image {
            id: id.to_owned(),
            ext: ext(value)?,
            is_guess: false,
            title: text(value, &["title"]).or_else(|| text(more, &["title"])),
            description: text(value, &["description"]).or_else(|| text(more, &["description"])),
            author: author(value),
            date: date(value),
            width: small("width"),
            height: small("height"),
            size: number(value, &["size"]).filter(|size| *size > 0),
            mp4_size: number(value, &["mp4_size"]).filter(|size| *size > 0),
            is_animated: flag(&value["animated"])
                .or_else(|| flag(&more["is_animated"]))
                .unwrap_or(false)
                // The video of a fresh upload has yet to be made.
                && value["mp4"] != "",
            extra,
        })
    }
}

/// Returns the extension of the original: lower case, without the dot or the edit counter (`.jpg?1`), `jpg` for `jpeg`.
fn ext(value: &Value) -> Option<String> {
    let url = ["link", "url"].map(|name| value[name].as_str());
    let url = url.into_iter().flatten().next();
    let given = value["ext"].as_str().or(url.and_then(|url| {
        let name = url.split(['?', '#']).next().unwrap_or(url);
        let name = name.rsplit('/').next().unwrap_or(name);
        Some(name.rsplit_once('.')?.1)
    }))?;
    let given = given.split(['?', '#']).next().unwrap_or(given);
    let given = given.trim_start_matches('.').to_ascii_lowercase();
    let is_gif = ["mime_type", "type"]
        .iter()
        .any(|name| value[*name].as_str() == Some("image/gif"));
    // Regardless of the link, which may be a page, `.gifv`, a video, or for a large GIF a thumbnail, `IDh.gif`.
    match given.as_str() {
        _ if is_gif => Some("gif".into()),
        "gifv" => Some("gif".into()),
        "jpeg" => Some("jpg".into()),
        ext if is_ext(ext) => Some(ext.to_owned()),
        _ => None,
    }
}

/// Returns the user name. `account_url` is one, despite its name, though some gateways turn it into a URL.
fn author(value: &Value) -> Option<String> {
    let name = text(value, &["account_url"]).or_else(|| text(&value["account"], &["username"]))?;
    let name = name.trim_end_matches('/').rsplit('/').next()?;
    Some(name.to_owned())
}

/// Reads seconds since 1970, a time with its zone, or one without, taken as UTC.
fn date(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = number(value, &["datetime"]) {
        return Timestamp::from_second(i64::try_from(seconds).ok()?).ok();
    }
    let text = value["datetime"]
        .as_str()
        .or(value["created_at"].as_str())?;
    let zoned = text.parse::<Timestamp>().ok();
    zoned.or_else(|| {
        let local = text.parse::<DateTime>().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

fn text(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| clean(value[*name].as_str()?))
}

fn number(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| match &value[*name] {
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// Reads a boolean, which may come as a number or as text.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
