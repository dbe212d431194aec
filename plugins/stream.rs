//! Streams: an HLS playlist or a DASH manifest at any URL, as one video.
//!
//! This source recognizes playlists and names the video. The contents of a playlist are left to the transfer, which requests
//! it again when its turn comes: a live playlist will have changed by then.

use fetch::async_trait;
use fetch::model::{Body, Document, Error, Expect, Item, Kind, Medium, Meta, Request, Result};
use fetch::net::Redacted;
use fetch::source::{Ctx, Manifest, Outlet, Route, Source, Target, url_key, url_name};
use url::Url;

use super::page::web;

/// How many bytes of a document are searched for the marks of a playlist or manifest: long comments may precede them.
const HEAD: usize = 1 << 20;

/// The format of a playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamFormat {
    Hls,
    Dash,
}

impl StreamFormat {
    /// The format suggested by the extension of this URL.
    pub(super) fn of_url(url: &Url) -> Option<StreamFormat> {
        let path = url.path().to_ascii_lowercase();
        match path.rsplit_once('.')?.1 {
            "m3u8" => Some(StreamFormat::Hls),
            "mpd" => Some(StreamFormat::Dash),
            _ => None,
        }
    }

    /// The format with this media type.
    pub(super) fn of_media_type(kind: &str) -> Option<StreamFormat> {
        let kind = kind.split(';').next().unwrap_or("").trim();
        match &*kind.to_ascii_lowercase() {
            "application/vnd.apple.mpegurl" | "application/x-mpegurl" => Some(StreamFormat::Hls),
            "application/dash+xml" => Some(StreamFormat::Dash),
            _ => None,
        }
    }

    /// The body that downloads a stream of this format. If the response is some other file, that file is saved.
    pub(super) fn body(self, mut request: Request) -> Body {
        request.expect.medium = None;
        match self {
            StreamFormat::Hls => Body::Hls(request),
            StreamFormat::Dash => Body::Dash(request),
        }
    }
}

/// Streams of any site.
pub struct Stream {
    manifest: Manifest,
}

impl Stream {
    /// Creates the source; it has no options.
    ///
    /// # Errors
    /// None as long as its only route is valid.
    pub fn new() -> Result<Stream> {
        let example = "stream:https://example.org/film/master.m3u8";
        Ok(Stream {
            manifest: Manifest {
                name: "stream".into(),
                about: "videos that come as a playlist of segments: HLS, DASH".into(),
                routes: vec![Route::new("id", "stream:{url...}", example)?],
            },
        })
    }
}

#[async_trait]
impl Source for Stream {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn reads(&self, document: Document) -> bool {
        document == Document::Stream
    }

    async fn list(&self, ctx: &Ctx, target: &Target, out: &Outlet) -> Result<()> {
        let text = target.link.url.as_str();
        let url = Url::parse(text.strip_prefix("stream:").unwrap_or(text));
        let url = url.ok().and_then(|url| web(&url, "")).ok_or_else(|| {
            let message = format!("`{}` is not a valid link", Redacted(&target.link.url));
            Error::new(Kind::Config, message).hint("write an http or https URL after `stream:`")
        })?;
        let answer = ctx.get(url.clone()).send().await?.ok()?;
        let (is_hls, is_dash) = detect_formats(&answer.body);
        if !is_hls && !is_dash {
            let message = format!("`{}` is not the playlist of a stream", Redacted(&url));
            return Err(Error::new(Kind::Unsupported, message));
        }
        let request = Request {
            // It is known to be a playlist, so the transfer must not fall back to saving it as a plain file.
            expect: Expect {
                medium: Some(Medium::Any),
                ..Expect::default()
            },
            ..Request::new(url.clone())
        };
        let known = &target.link.meta;
        out.item(Item {
            source: self.manifest.name.clone(),
            key: url_key(&url),
            meta: Meta {
                name: known.name.clone().or_else(|| video_name(&url)),
                ext: None,
                ..known.clone()
            },
            body: match is_hls {
                true => Body::Hls(request),
                false => Body::Dash(request),
            },
        })
        .await
    }
}

/// Whether this is an HLS playlist, and whether it is a DASH manifest, in any Unicode encoding.
fn detect_formats(body: &[u8]) -> (bool, bool) {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    let mut marks = marks.iter();
    let start = marks.find_map(|mark| body.strip_prefix(*mark));
    let start = start.unwrap_or(body);
    // In UTF-16, every second byte of these marks is zero.
    let plain = start[..start.len().min(HEAD)].iter().copied();
    let plain: Vec<u8> = plain.filter(|byte| *byte != 0).collect();
    let names = plain.split(|byte| *byte == b'<').skip(1).map(|element| {
        let end = element
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b':');
        &element[..end.unwrap_or(element.len())]
    });
    let mut bare = names.map(|name| name.rsplit(|byte| *byte == b':').next().unwrap_or(name));
    (
        plain.starts_with(b"#EXTM3U"),
        bare.any(|name| name == b"MPD"),
    )
}

/// The name of a video by the URL of its playlist. Most playlists have generic names; then a folder above names the video.
pub(super) fn video_name(url: &Url) -> Option<String> {
    let says_nothing = |name: &str| {
        let name = name.to_ascii_lowercase();
        let known = [
            "chunklist",
            "hls",
            "index",
            "main",
            "manifest",
            "master",
            "media",
            "play",
            "playlist",
            "prog_index",
            "stream",
            "video",
        ];
        name.is_empty() || known.contains(&name.as_str())
    };
    let (own, _) = url_name(url);
    let mut folder = url.clone();
    folder.set_query(None);
    let mut names = std::iter::from_fn(|| {
        folder.path_segments_mut().ok()?.pop();
        Some(url_name(&folder).0.unwrap_or_default())
    })
    // The root has no name, so going up must end there.
    .take(4);
    let better = match own.as_deref() {
        Some(own) if !says_nothing(own) => None,
        // `film.mp4/master.m3u8` and `film.ism/manifest` are named `film`.
        _ => names.find(|name| !says_nothing(name)),
    };
    better.or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playlists_are_recognised_despite_marks_and_space() {
        let wide = |text: &str| -> Vec<u8> {
            let text = format!("\u{feff}{text}");
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        };
        let long = format!("<?xml?><!-- {} -->\n<MPD a=''>", "x".repeat(5000));
        let table = [
            (b"#EXTM3U\n".to_vec(), (true, false)),
            (b"\xef\xbb\xbf#EXTM3U\n".to_vec(), (true, false)),
            (wide("#EXTM3U\n"), (true, false)),
            (b"<MPD>".to_vec(), (false, true)),
            (b"<?xml?><mpd:MPD xmlns:mpd=''>".to_vec(), (false, true)),
            (wide("<?xml?><MPD>"), (false, true)),
            (long.into_bytes(), (false, true)),
            (b"<html>MPD</html>".to_vec(), (false, false)),
            (b"".to_vec(), (false, false)),
        ];
        for (body, expected) in table {
            assert_eq!(detect_formats(&body), expected, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn streams_are_recognised_by_name_and_type() {
        let named = |url: &str| StreamFormat::of_url(&Url::parse(url).unwrap());
        assert_eq!(named("https://x.org/a.m3u8?t=1"), Some(StreamFormat::Hls));
        assert_eq!(named("https://x.org/a.MPD"), Some(StreamFormat::Dash));
        assert_eq!(named("https://x.org/a?b.m3u8"), None);
        assert_eq!(named("https://x.org/a/m3u8"), None);
        assert_eq!(
            StreamFormat::of_media_type("Application/x-mpegURL"),
            Some(StreamFormat::Hls)
        );
        let dash = "application/dash+xml; charset=utf-8";
        assert_eq!(StreamFormat::of_media_type(dash), Some(StreamFormat::Dash));
        // Lists of songs have this type, too.
        assert_eq!(StreamFormat::of_media_type("audio/x-mpegurl"), None);
    }

    #[test]
    fn videos_are_named_by_the_distinctive_part_of_their_url() {
        let table = [
            ("https://x.org/cats.m3u8?t=1", Some("cats")),
            ("https://x.org/films/cats/master.m3u8", Some("cats")),
            ("https://x.org/films/cats.mp4/index.m3u8", Some("cats")),
            ("https://x.org/cats/hls/playlist.m3u8", Some("cats")),
            ("https://x.org/master.m3u8", Some("master")),
            ("https://x.org/", None),
            ("https://x.org/a%20b/INDEX.m3u8", Some("a b")),
        ];
        for (link, expected) in table {
            assert_eq!(
                video_name(&Url::parse(link).unwrap()).as_deref(),
                expected,
                "{link}"
            );
        }
    }
}
