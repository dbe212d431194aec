//! The oEmbed data of a page: the one medium that it is about (oembed.com).

use std::time::Duration;

use fetch::net::read_json;
use serde_json::Value;
use url::Url;

use super::choice::web;
use super::markup;
use super::parsed_page::Role;
use super::text::line;

/// How many bytes of its markup are read.
const LONGEST: usize = 64 << 10;
/// How many frames in it are handed on.
const FRAMES: usize = 10;
/// The maximum size of a response in bytes: few of its values are needed, and it could have millions.
const WHOLE: usize = 2 << 20;
/// The time limit for reading its markup.
const PATIENCE: Duration = Duration::from_secs(2);

/// The subject of a page.
#[derive(Debug, PartialEq)]
pub(super) enum Embedded {
    Photo {
        url: Url,
        title: Option<String>,
        author: Option<String>,
    },
    /// The frames in which a video or anything else is shown.
    Frames(Vec<Url>),
}

/// Parses a response from this address; anything but oEmbed data yields `None`.
pub(super) fn read(body: &[u8], from: &Url) -> Option<Embedded> {
    if body.len() > WHOLE {
        return None;
    }
    let answer: Value = read_json(body, |json| serde_json::from_slice(json)).ok()?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let words = |name: &str| text(name).map(line).filter(|text| !text.is_empty());
    match text("type")? {
        "photo" => Some(Embedded::Photo {
            url: web(from, text("url")?)?,
            title: words("title"),
            author: words("author_name"),
        }),
        "video" | "rich" => {
            let html = text("html")?;
            let end = (0..=html.len().min(LONGEST)).rfind(|at| html.is_char_boundary(*at))?;
            let parsed = markup::read(&html[..end], PATIENCE).ok()?;
            let frames = parsed
                .pieces
                .iter()
                .filter(|piece| piece.role == Role::Embed);
            let frames = frames.filter_map(|frame| web(from, &frame.best()?.url));
            Some(Embedded::Frames(frames.take(FRAMES).collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("https://x.org/oembed?u=1")
            .unwrap()
            .join(text)
            .unwrap()
    }

    fn frames(text: &str) -> Option<Vec<String>> {
        match read(text.as_bytes(), &url(""))? {
            Embedded::Frames(urls) => Some(urls.iter().map(Url::to_string).collect()),
            Embedded::Photo { .. } => None,
        }
    }

    #[test]
    fn a_photo_and_frames_are_found() {
        let photo = r#"{"type":"photo","version":1.0,"url":"/p.jpg","width":"9","title":" A\n cat ","author_name":""}"#;
        let expected = Embedded::Photo {
            url: url("/p.jpg"),
            title: Some("A cat".into()),
            author: None,
        };
        assert_eq!(read(photo.as_bytes(), &url("")), Some(expected));
        let film = r#"{"type":"video","html":"<iframe src=\"//v.example/1?a&amp;b\"></iframe><img src=/x.jpg>"}"#;
        assert_eq!(frames(film), Some(vec!["https://v.example/1?a&b".into()]));
        let many = format!(
            r#"{{"type":"rich","html":"{}"}}"#,
            "<iframe src=/é></iframe>".repeat(LONGEST)
        );
        assert_eq!(frames(&many).map(|frames| frames.len()), Some(FRAMES));
    }

    #[test]
    fn invalid_oembed_responses_are_ignored() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":"photo"}"#,
            r#"{"type":"photo","url":"file:///etc/passwd"}"#,
            r#"{"type":"photo","url":["/a.jpg"]}"#,
            r#"{"type":"link","url":"/a.jpg"}"#,
            r#"{"type":"video","html":7}"#,
        ] {
            assert_eq!(read(text.as_bytes(), &url("")), None, "{text}");
        }
        let heavy = format!(
            r#"{{"type":"photo","url":"/p.jpg","x":"{}"}}"#,
            "x".repeat(WHOLE)
        );
        assert_eq!(read(heavy.as_bytes(), &url("")), None);
        let other = r#"{"type":"rich","html":"<iframe src='javascript:x()'></iframe><p>text"}"#;
        assert_eq!(frames(other), Some(Vec::new()));
    }
}
