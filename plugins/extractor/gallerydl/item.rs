//! Converts the output of gallery-dl about a file to an item.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fetch::model::{Album, Body, Error, Expect, Item, Kind, Link, Medium, Meta, Request, Result};
use fetch::source::{url_key, url_medium};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use url::Url;

use super::super::safe::{self, Cookie};
use super::key;

/// The most albums that are counted, mirrors of a file, and extra fields.
const ALBUMS: usize = 100_000;
const MIRRORS: usize = 16;
const FIELDS: usize = 64;
/// The longest extra field, in bytes.
const LONGEST: usize = 4 << 10;

/// The result of a line.
pub(super) enum Parsed {
    Item(Box<Item>),
    Link(Box<Link>),
}

/// Converts lines to items, in order.
pub(super) struct Items {
    source: String,
    /// The link that is listed.
    link: Url,
    /// How many items each album has so far.
    counts: HashMap<String, (Arc<Album>, u64)>,
    /// Digests of the keys, each with the digest of its address: a key that comes again with another address is ambiguous.
    keys: HashMap<u64, u64>,
}

impl Items {
    pub(super) fn new(source: &str, link: &Url) -> Items {
        Items {
            source: source.to_owned(),
            link: link.clone(),
            counts: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for invalid data, [`Kind::Unsupported`] for requests that cannot be made here.
    pub(super) fn read(&mut self, fields: &Value) -> Result<Parsed> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let address = text("_url").ok_or_else(|| {
            Error::new(Kind::Corrupt, "it does not give the URL of a file")
                .hint("a newer version of gallery-dl may do so")
        })?;
        let film = address.strip_prefix("ytdl:");
        if let Some(words) = address.strip_prefix("text:") {
            let body = Body::Text(words.to_owned());
            return Ok(Parsed::Item(Box::new(self.item(fields, None, body))));
        }
        let fallback = fields.get("_fallback").and_then(Value::as_array);
        // An inline manifest without a URL cannot be used here; the fallback file is the same video.
        let has_manifest = fields
            .get("_ytdl_manifest_data")
            .is_some_and(|data| !data.is_null());
        let plain = fallback.and_then(|all| all.first()?.as_str());
        let (film, address) = match plain.filter(|_| film.is_some() && has_manifest) {
            Some(plain) => (None, plain),
            None => (film, address),
        };
        let url = safe::web(film.unwrap_or(address))?;
        let form = film.and(text("_ytdl_manifest"));
        if film.is_some() && form.is_none() {
            let link = Url::parse(&format!("ytdlp:{url}"));
            let link = link.map_err(|_| Error::new(Kind::Corrupt, "it names an invalid URL"))?;
            return Ok(Parsed::Link(Box::new(Link::from(link))));
        }
        if let Some(method) = text("_http_method").filter(|method| *method != "GET") {
            let why = format!(
                "a file has to be requested with `{}`",
                method.escape_debug()
            );
            return Err(Error::new(Kind::Unsupported, why));
        }
        let named = match form {
            Some(_) => "_ytdl_manifest_headers",
            None => "_http_headers",
        };
        let mut headers = safe::headers(fields.get(named).unwrap_or(&Value::Null));
        for (name, field) in [("User-Agent", "_ua"), ("Referer", "_referer")] {
            if let Some(value) = text(field).filter(|value| *value != "None") {
                safe::add(&mut headers, name, value);
            }
        }
        safe::add_cookies(&mut headers, &url, &cookies(fields));
        let other = |place: &Value| safe::web(place.as_str()?).ok();
        let request = Request {
            headers: safe::of(headers),
            mirrors: fallback
                .into_iter()
                .flatten()
                .filter_map(other)
                .filter(|other| *other != url)
                .take(MIRRORS)
                .collect(),
            expect: Expect {
                medium: medium(&url, text("extension")).filter(|_| form.is_none()),
                ..Expect::default()
            },
            ..Request::new(url.clone())
        };
        let body = match form {
            Some("dash") => Body::Dash(request),
            Some(_) => Body::Hls(request),
            None => Body::File(request),
        };
        Ok(Parsed::Item(Box::new(self.item(fields, Some(&url), body))))
    }

    fn item(&mut self, fields: &Value, url: Option<&Url>, body: Body) -> Item {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let number = |name: &str| {
            let number = fields.get(name).and_then(Value::as_u64);
            number.and_then(|number| number.try_into().ok())
        };
        let (album, count) = self.album(fields);
        let title = text("title").map(str::trim).filter(|title| {
            let is_album = |album: &Arc<Album>| {
                let named = album.title.as_deref().unwrap_or("");
                named.contains(title)
            };
            !title.is_empty() && title.len() <= LONGEST && !is_album(&album)
        });
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Item {
            source: self.source.clone(),
            key: self.key(fields, url),
            meta: Meta {
                name: text("filename").and_then(some),
                ext: text("extension").and_then(some),
                title: title.or(text("filename")).and_then(some),
                description: ["description", "content", "caption"]
                    .iter()
                    .find_map(|name| text(name).and_then(some)),
                author: author(fields),
                date: text("date").and_then(date),
                album: Some(album),
                number: Some(count),
                width: number("width"),
                height: number("height"),
                page: Some(self.link.clone()),
                extra: extra(fields),
                formerly: None,
            },
            body,
        }
    }

    /// The album of a file, which is the folder that gallery-dl would use, and the file's position in it.
    fn album(&mut self, fields: &Value) -> (Arc<Album>, u64) {
        let path = fields.get("_path").and_then(Value::as_str).unwrap_or("");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folder.trim_start_matches("./");
        let folder = folder.strip_prefix("gallery-dl/").unwrap_or(folder);
        if self.counts.len() >= ALBUMS {
            self.counts.clear();
        }
        let make = || {
            let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
            let (id, title) = match (above, last) {
                ("", "") => (url_key(&self.link), None),
                ("", last) => (last.to_owned(), None),
                (above, last) => (above.replace('/', " "), Some(last.to_owned())),
            };
            let count = None;
            (Arc::new(Album { id, title, count }), 0)
        };
        let (album, count) = self.counts.entry(folder.to_owned()).or_insert_with(make);
        *count += 1;
        (album.clone(), *count)
    }

    /// The key of a file: the one that gallery-dl uses, or else its address. If two files of a listing share a key, the
    /// address is added to the key of the second.
    fn key(&mut self, fields: &Value, url: Option<&Url>) -> String {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let category = text("category").unwrap_or("");
        let address = match url {
            Some(url) => url_key(url),
            None => {
                let words = text("_url").unwrap_or("");
                format!("text {}", &blake3::hash(words.as_bytes()).to_hex()[..16])
            }
        };
        let own = text("_archive").and_then(|format| key::fill(format, fields));
        let Some(own) = own else {
            return format!("{category} {address}");
        };
        let key = format!("{category}{own}");
        let digest = |text: &str| {
            let digest = *blake3::hash(text.as_bytes()).as_bytes();
            u64::from_le_bytes(std::array::from_fn(|at| digest[at]))
        };
        match *self.keys.entry(digest(&key)).or_insert(digest(&address)) == digest(&address) {
            true => key,
            false => format!("{key} {address}"),
        }
    }
}

/// The medium that a file has to be.
fn medium(url: &Url, ext: Option<&str>) -> Option<Medium> {
    let by_ext = || url_medium(&Url::parse(&format!("https://x/x.{}", ext?)).ok()?);
    url_medium(url).or_else(by_ext).map(|_| Medium::Any)
}

/// The cookies of gallery-dl's session.
fn cookies(fields: &Value) -> Vec<Cookie> {
    let all = fields.get("_cookies").and_then(Value::as_array);
    let cookie = |cookie: &Value| {
        let text = |at: usize| cookie.get(at)?.as_str().map(str::to_owned);
        Some(Cookie {
            domain: text(0)?,
            path: text(1)?,
            name: text(2)?,
            value: text(3)?,
            secure: cookie.get(4)?.as_bool()?,
        })
    };
    all.into_iter().flatten().filter_map(cookie).collect()
}

fn author(fields: &Value) -> Option<String> {
    let names = ["author", "artist", "uploader", "user", "username"];
    names
        .iter()
        .find_map(|name| match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(about) => ["name", "username", "nick", "id"]
                .iter()
                .find_map(|name| about.get(*name)?.as_str().map(str::to_owned)),
            Value::Array(several) => {
                let names = several.iter().filter_map(Value::as_str);
                Some(names.take(8).collect::<Vec<_>>().join(", "))
            }
            _ => None,
        })
        .filter(|name| !name.is_empty() && name.len() <= LONGEST)
}

/// Parses a date as Python writes it, in UTC.
fn date(text: &str) -> Option<Timestamp> {
    let time: DateTime = text.parse().ok()?;
    Some(TimeZone::UTC.to_zoned(time).ok()?.timestamp())
}

/// The plain fields, for templates and filters.
fn extra(fields: &Value) -> BTreeMap<String, Value> {
    let all = fields.as_object().into_iter().flatten();
    let plain = all.filter(|(name, value)| {
        let is_plain = match value {
            Value::String(text) => text.len() <= LONGEST,
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        };
        is_plain && !name.starts_with('_') && name.len() <= 64
    });
    plain
        .take(FIELDS)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_without_a_url_falls_back_to_its_file() {
        let link = Url::parse("https://x.org/p/1").unwrap();
        let fields = json!({
            "_url": "ytdl:https://x.org/p/1.mp4", "_ytdl_manifest": "dash", "_ytdl_manifest_data": "<MPD/>",
            "_fallback": ["https://cdn.x.org/1.mp4", "https://cdn.x.org/2.mp4"], "filename": "1", "extension": "mp4",
        });
        let Ok(Parsed::Item(item)) = Items::new("gallerydl", &link).read(&fields) else {
            panic!("no item");
        };
        let Body::File(request) = item.body else {
            panic!("no file");
        };
        assert_eq!(request.url.as_str(), "https://cdn.x.org/1.mp4");
        assert_eq!(request.mirrors.len(), 1);
    }
}
