//! Feeds damaged output of the programs to the parsers, which must not panic.

use fetch::model::Quality;
use serde_json::{Value, json};
use url::Url;

use super::gallerydl::read_lines;
use super::ytdlp::read_answer;

/// Pseudorandom numbers, the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// An unexpected value.
fn odd(random: &mut Random) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\r\n"),
        json!("{a[b]}"),
        json!("https://"),
        json!("file:///x"),
        json!("ytdl:https://x.org/a"),
        json!("../.."),
        json!([]),
        json!({}),
        json!([[["x"]]]),
        json!({"_type": "playlist", "entries": [null, 1, {}]}),
        json!("x".repeat(70_000)),
        json!("é\u{202e}"),
    ];
    all[random.below(all.len())].clone()
}

/// Replaces some part of a value with an unexpected one.
fn spoil(value: &mut Value, random: &mut Random) {
    let is_here = random.below(4) == 0;
    match value {
        Value::Object(fields) if !fields.is_empty() && !is_here => {
            let at = random.below(fields.len());
            if let Some((_, field)) = fields.iter_mut().nth(at) {
                spoil(field, random);
            }
        }
        Value::Array(values) if !values.is_empty() && !is_here => {
            let at = random.below(values.len());
            spoil(&mut values[at], random);
        }
        value => *value = odd(random),
    }
}

/// Changes a few bytes of a text, and may truncate it.
fn scratch(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = random.below(256) as u8;
        }
    }
    let end = match random.below(3) {
        0 => random.below(bytes.len()),
        _ => bytes.len(),
    };
    bytes.truncate(end);
    bytes
}

#[test]
fn any_extractor_output_is_parsed_or_refused() {
    let line = json!({
        "_url": "https://x.org/a.jpg", "_path": "./gallery-dl/a/b/c.jpg", "category": "a", "id": 1, "filename": "a",
        "extension": "jpg", "_archive": "{id}_{user[id]}", "_cookies": [["x.org", "/", "a", "1", true]], "_fallback": ["https://y.org/a"],
        "_http_headers": {"Referer": "https://x.org"}, "user": {"name": "x", "id": 3}, "date": "2024-01-31 10:00:00",
        "width": 3, "height": 4, "title": "t", "_ytdl_manifest": "hls", "tags": ["a"],
    });
    let format = json!({
        "url": "https://x.org/a.mp4", "manifest_url": "https://x.org/a.m3u8", "protocol": "https", "ext": "mp4", "vcodec": "a",
        "acodec": "none", "width": 3, "height": 4, "filesize": 9, "http_headers": {"A": "b"}, "cookies": "a=1; Domain=x.org",
    });
    let film = json!({
        "id": "x", "title": "t", "extractor_key": "X", "webpage_url": "https://x.org/x", "upload_date": "20240131",
        "timestamp": 1.5, "duration": 3, "formats": [format, format], "tags": ["a"],
    });
    let list = json!({
        "_type": "playlist", "id": "l", "title": "l", "extractor_key": "XList",
        "entries": [film, {"_type": "url", "ie_key": "X", "id": "y", "url": "https://x.org/y"}, {"_type": "playlist", "entries": [film]}],
    });
    let link = Url::parse("https://x.org/list").unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..6000 {
        let mut output = [&line, &film, &list][round % 3].clone();
        for _ in 0..random.below(5) {
            spoil(&mut output, &mut random);
        }
        let text = scratch(&output.to_string(), &mut random);
        read_lines(&link, &[&text, output.to_string().as_bytes(), &text]);
        let quality = [
            Quality::Best,
            Quality::Worst,
            Quality::Audio,
            Quality::Lines(480),
        ][random.below(4)];
        read_answer(&link, &text, quality);
        read_answer(&link, output.to_string().as_bytes(), quality);
    }
}
