//! Reads HAR files (HTTP Archive 1.2), which browsers record. They may come from somebody else, so only the requests in them
//! are used. Bodies are skipped and never held in memory.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::headers::RequestHeaders;
use super::recording::{Entry, Har, MOST, TOO_MANY};
use super::source::item;
use crate::model::{Album, Error, Item, Kind, Medium, Result};
use crate::source::url_medium;

/// The longest file, in bytes.
const LONGEST: u64 = 2 << 30;
/// The longest URL, in bytes.
const LONGEST_URL: usize = 64 << 10;

/// The items of a recording, and how many requests are left out for which reason.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) items: Vec<Item>,
    pub(super) requests: u64,
    pub(super) not_get: u64,
    pub(super) streams: u64,
    pub(super) pages: u64,
    pub(super) failed: u64,
    pub(super) not_http: u64,
}

/// Reads a recording, or stdin for `-`: the requests for media, or all of them, each URL once, in order.
///
/// # Errors
/// [`Kind::Config`] if it cannot be read or is not a HAR file. The message contains no text from it.
pub(super) fn read(path: &Path, all: bool) -> Result<Recording> {
    let name = match is_stdin(path) {
        true => "stdin".into(),
        false => path.to_string_lossy(),
    };
    let cannot =
        |error: io::Error| Error::new(Kind::Config, format!("cannot read `{name}`")).because(error);
    let file: Box<dyn Read> = match is_stdin(path) {
        true => Box::new(io::stdin()),
        false => Box::new(open(path).map_err(cannot)?),
    };
    let mut reader = BufReader::with_capacity(256 << 10, file.take(LONGEST));
    if reader
        .fill_buf()
        .map_err(cannot)?
        .starts_with(b"\xef\xbb\xbf")
    {
        reader.consume(3);
    }
    let har: Har = serde_json::from_reader(reader).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let error = match error.classify() {
            serde_json::error::Category::Io => {
                Error::new(Kind::Config, format!("cannot read `{name}`"))
            }
            serde_json::error::Category::Data if error.to_string().starts_with(TOO_MANY) => {
                Error::new(
                    Kind::Config,
                    format!("`{name}` has more than {MOST} requests"),
                )
            }
            _ => Error::new(
                Kind::Config,
                format!("`{name}` is not a HAR file: see {place}"),
            ),
        };
        error.hint("a browser's developer tools save their recorded requests as a HAR file")
    })?;
    let mut recording = Recording::default();
    let mut seen = HashSet::new();
    let album = Arc::new(Album {
        id: stem(path),
        ..Album::default()
    });
    for entry in har.log.entries.0 {
        recording.requests += 1;
        let Some(mut item) = recording.take(entry, all) else {
            continue;
        };
        if seen.insert(super::source::url(&item).cloned()) {
            item.meta.album = Some(album.clone());
            recording.items.push(item);
        }
    }
    Ok(recording)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.len() > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(file)
}

/// Parses what may be a recording, for the fuzzer, and checks that its items have only http and https URLs.
#[cfg(fuzzing)]
pub(super) fn fuzz(data: &[u8]) {
    for all in [false, true] {
        let har = serde_json::from_slice::<Har>(data);
        let entries = har.map(|har| har.log.entries.0).unwrap_or_default();
        let mut recording = Recording::default();
        for item in entries
            .into_iter()
            .filter_map(|entry| recording.take(entry, all))
        {
            let url = super::source::url(&item);
            assert!(url.is_none_or(|url| matches!(url.scheme(), "http" | "https")));
        }
    }
}

/// The name of a file without its extension.
pub(super) fn stem(path: &Path) -> String {
    if is_stdin(path) {
        return "stdin".to_owned();
    }
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

impl Recording {
    /// The item of a request, if it is used.
    fn take(&mut self, entry: Entry, all: bool) -> Option<Item> {
        let Entry {
            request,
            response,
            resource,
        } = entry;
        let (request, response) = (request?, response?);
        let text = request.url.filter(|url| url.len() <= LONGEST_URL)?;
        let of_web = |url: &Url| url.has_host() && matches!(url.scheme(), "http" | "https");
        let Some(url) = Url::parse(&text).ok().filter(of_web) else {
            self.not_http += u64::from(all);
            return None;
        };
        let content = response.content.unwrap_or_default();
        let mime_type = content.mime.unwrap_or_default();
        let essence = mime_type.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        let kind = ResourceKind::of(&essence, resource.as_deref().unwrap_or_default(), &url);
        match kind {
            ResourceKind::Page => {
                self.pages += u64::from(all);
                return None;
            }
            ResourceKind::Stream if !all => {
                self.streams += 1;
                return None;
            }
            ResourceKind::Other if !all => return None,
            _ => {}
        }
        if !request
            .method
            .is_some_and(|method| method.eq_ignore_ascii_case("get"))
        {
            self.not_get += 1;
            return None;
        }
        let status = response.status.unwrap_or_default();
        if !((200.0..300.0).contains(&status) || status == 304.0) {
            // A redirect is no failure: the request to its target comes next.
            self.failed += u64::from(!(300.0..400.0).contains(&status));
            return None;
        }
        let mut headers = RequestHeaders::default();
        for header in request.headers.unwrap_or_default() {
            if let (Some(name), Some(value)) = (header.name, header.value) {
                // A header that cannot be sent was never sent.
                headers.add(&name, &value);
            }
        }
        let medium = match kind {
            ResourceKind::Medium(medium) => Some(medium),
            _ => None,
        };
        Some(item(url, headers, medium, false))
    }
}

/// The kind of resource that was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResourceKind {
    Medium(Medium),
    /// A playlist or a segment.
    Stream,
    Page,
    Other,
}

impl ResourceKind {
    fn of(mime: &str, resource: &str, url: &Url) -> ResourceKind {
        let named = url_medium(url);
        match (mime.split_once('/'), mime) {
            (
                _,
                "application/vnd.apple.mpegurl"
                | "application/x-mpegurl"
                | "audio/mpegurl"
                | "audio/x-mpegurl"
                | "application/dash+xml"
                | "video/mp2t"
                | "video/iso.segment"
                | "audio/iso.segment",
            ) => ResourceKind::Stream,
            (_, "text/html" | "application/xhtml+xml") => ResourceKind::Page,
            (Some(("image", _)), _) => ResourceKind::Medium(Medium::Image),
            // Audio and video share container formats.
            (Some(("video" | "audio", _)), _) => ResourceKind::Medium(Medium::Any),
            (_, "" | "application/octet-stream" | "binary/octet-stream" | "x-unknown") => {
                match (named, resource) {
                    (Some(_), _) | (None, "image" | "media") => ResourceKind::Medium(Medium::Any),
                    _ => ResourceKind::Other,
                }
            }
            _ => ResourceKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(text: &str, all: bool) -> Result<Recording> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cats.har");
        std::fs::write(&path, text).unwrap();
        read(&path, all)
    }

    fn entry(url: &str, mime: &str, more: &str) -> String {
        format!(
            "{{\"request\":{{\"method\":\"GET\",\"url\":\"{url}\"}},\
             \"response\":{{\"status\":200,\"content\":{{\"mimeType\":\"{mime}\",\"text\":\"x\"}}}}{more}}}"
        )
    }

    fn har(entries: &[String]) -> String {
        format!(
            "\u{feff}{{\"log\":{{\"version\":\"1.2\",\"entries\":[{}]}}}}",
            entries.join(",")
        )
    }

    #[test]
    fn har_media_are_recognised_by_type_and_kind() {
        let table = [
            (
                "https://x.org/a",
                "image/jpeg",
                "",
                ResourceKind::Medium(Medium::Image),
            ),
            (
                "https://x.org/a",
                "video/mp4; codecs=x",
                "",
                ResourceKind::Medium(Medium::Any),
            ),
            (
                "https://x.org/a.mp3",
                "",
                "",
                ResourceKind::Medium(Medium::Any),
            ),
            (
                "https://x.org/a",
                "",
                "image",
                ResourceKind::Medium(Medium::Any),
            ),
            (
                "https://x.org/a.jpg",
                "text/html",
                "image",
                ResourceKind::Page,
            ),
            ("https://x.org/a.ts", "video/mp2t", "", ResourceKind::Stream),
            (
                "https://x.org/a.m3u8",
                "application/vnd.apple.mpegurl",
                "",
                ResourceKind::Stream,
            ),
            (
                "https://x.org/a.js",
                "text/javascript",
                "script",
                ResourceKind::Other,
            ),
            (
                "https://x.org/a",
                "application/octet-stream",
                "",
                ResourceKind::Other,
            ),
        ];
        for (url, mime, resource, expected) in table {
            let essence = mime.split(';').next().unwrap();
            assert_eq!(
                ResourceKind::of(essence, resource, &url.parse().unwrap()),
                expected,
                "{url} {mime}"
            );
        }
    }

    #[test]
    fn takes_each_once_and_in_order() {
        let text = har(&[
            entry("https://x.org/", "text/html", ""),
            entry("https://x.org/b.jpg", "image/jpeg", ""),
            entry("data:image/png;base64,xx", "image/png", ""),
            entry("file:///etc/passwd", "image/png", ""),
            entry(
                "https://x.org/a.png",
                "image/png",
                ",\"_resourceType\":\"image\"",
            ),
            entry("https://x.org/b.jpg#x", "image/jpeg", ""),
            entry("https://x.org/p.jpg", "image/jpeg", "").replace("GET", "POST"),
            entry("https://x.org/f.jpg", "image/jpeg", "").replace("200", "404"),
            entry("https://x.org/r.jpg", "image/jpeg", "").replace("200", "302"),
            entry("https://x.org/s.m3u8", "application/x-mpegurl", ""),
            entry("https://x.org/x.js", "text/javascript", ""),
            "{\"request\":null,\"response\":{\"content\":null}}".to_owned(),
        ]);
        let keys = |recording: &Recording| {
            let keys = recording.items.iter().map(|item| item.key.clone());
            keys.collect::<Vec<_>>()
        };
        let media = recorded(&text, false).unwrap();
        assert_eq!(keys(&media), ["https://x.org/b.jpg", "https://x.org/a.png"]);
        let counts = [
            media.requests,
            media.not_get,
            media.streams,
            media.pages,
            media.failed,
        ];
        assert_eq!(counts, [12, 1, 1, 0, 1]);
        assert_eq!(media.items[0].meta.album.as_ref().unwrap().id, "cats");
        let all = recorded(&text, true).unwrap();
        let expected =
            ["b.jpg", "a.png", "s.m3u8", "x.js"].map(|name| format!("https://x.org/{name}"));
        assert_eq!(keys(&all), expected);
        assert_eq!(all.pages, 1);
    }

    #[test]
    fn invalid_har_files_are_refused_without_echo() {
        let deep = format!("{{\"log\":{{\"x\":{}", "[".repeat(1_000_000));
        let typed = "{\"log\":{\"entries\":[{\"request\":{\"url\":{\"hunter2\":1}}}]}}";
        let listed = "{\"log\":{\"entries\":\"hunter2\"}}";
        for text in ["", "hunter2", "{\"log\":{}}", "[]", &deep, typed, listed] {
            let error = recorded(text, false).unwrap_err();
            let text = format!("{error} {:?}", error.causes());
            assert!(
                text.contains("is not a HAR file") && !text.contains("hunter2"),
                "{text}"
            );
        }
        let many = har(&vec!["{}".to_owned(); MOST as usize + 1]);
        let error = recorded(&many, false).unwrap_err();
        assert!(
            error.message.ends_with("has more than 100000 requests"),
            "{error}"
        );
    }
}
