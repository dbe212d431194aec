//! A media playlist: the segments of one rendition.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::super::{corrupt, unsupported};
use super::lines::{Attributes, Line, Lines};
use crate::model::{Error, Result};
use crate::pipeline::stream::{ByteLocation, Cipher, Map, Media, Segment};

/// The maximum number of segments: three days of one-second segments, or six of two-second ones.
const MOST: usize = 260_000;
/// The maximum number of keys in effect at once, each of its own format.
const KEYS: usize = 20;
/// The maximum duration of a segment, in seconds.
const LONGEST: f64 = 86_400.0;
/// The key format of RFC 8216 for a key that anyone can request.
const PLAIN: &str = "identity";
/// The only supported method.
const AES_128: &str = "AES-128";

/// What is known about the next segment.
#[derive(Default)]
struct Ahead {
    duration: Option<Duration>,
    range: Option<(u64, Option<u64>)>,
    gap: bool,
    breaks: bool,
}

/// What applies from here on.
#[derive(Default)]
struct Now {
    keys: Vec<Key>,
    map: Option<Arc<Map>>,
    /// Where the last range ended, and in which resource.
    end: Option<(Url, u64)>,
    /// Whether there has been a segment since the last key.
    used: bool,
}

/// A way to decrypt what follows.
#[derive(Clone)]
struct Key {
    format: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Aes128 {
        key: Arc<Url>,
        iv: Option<[u8; 16]>,
    },
    /// An unsupported method.
    Closed(String),
}

impl Way {
    fn method(&self) -> &str {
        match self {
            Way::Aes128 { .. } => AES_128,
            Way::Closed(method) => method,
        }
    }
}

/// Reads a media playlist.
pub(super) fn read(lines: &mut Lines<'_>) -> Result<Media> {
    let mut media = Media::default();
    let mut ahead = Ahead::default();
    let mut now = Now::default();
    let mut number = 0u64;
    while let Some(line) = lines.next() {
        match line {
            Line::Tag("EXTINF", value) => {
                let seconds = value.split(',').next().unwrap_or("").trim();
                let seconds: f64 = seconds
                    .parse()
                    .map_err(|_| corrupt("a segment has no duration"))?;
                if !(0.0..=LONGEST).contains(&seconds) {
                    return Err(corrupt("a segment has no duration"));
                }
                ahead.duration = Some(Duration::from_secs_f64(seconds));
            }
            Line::Tag("EXT-X-BYTERANGE", value) => ahead.range = Some(range(value)?),
            Line::Tag("EXT-X-GAP", _) => ahead.gap = true,
            Line::Tag("EXT-X-DISCONTINUITY", _) => ahead.breaks = true,
            Line::Tag("EXT-X-TARGETDURATION", value) => {
                let seconds: f64 = value
                    .trim()
                    .parse()
                    .map_err(|_| corrupt("its target duration is invalid"))?;
                if seconds.is_nan() {
                    return Err(corrupt("its target duration is invalid"));
                }
                media.target = Duration::from_secs_f64(seconds.clamp(0.0, LONGEST));
            }
            Line::Tag("EXT-X-MEDIA-SEQUENCE", value) => {
                if !media.segments.is_empty() {
                    return Err(corrupt(
                        "it sets the media sequence after the first segment",
                    ));
                }
                number = value
                    .trim()
                    .parse()
                    .map_err(|_| corrupt("its media sequence is not a number"))?;
            }
            Line::Tag("EXT-X-KEY", value) => now.key(key(lines, value)?)?,
            Line::Tag("EXT-X-MAP", value) => now.map = Some(Arc::new(now.map_of(lines, value)?)),
            // A playlist declared complete does not change any more, whether it has an end tag or not (§4.3.3.5).
            Line::Tag("EXT-X-PLAYLIST-TYPE", value) if value.trim() == "VOD" => {
                media.ended = true;
            }
            Line::Tag("EXT-X-ENDLIST", _) => media.ended = true,
            Line::Tag("EXT-X-SKIP", _) => {
                return Err(corrupt("it skips segments that were never listed"));
            }
            // Tags that only describe segments, or serve players with low latency.
            Line::Tag(..) => {}
            Line::Uri(uri) => {
                let url = lines.url(uri)?;
                // Without a duration, this is not a segment of a stream, but a song in a list.
                let Some(duration) = ahead.duration else {
                    return Err(corrupt("a segment has no duration"));
                };
                if media.segments.len() == MOST {
                    return Err(corrupt(format_args!("it has more than {MOST} segments")));
                }
                let range = now.place(&url, ahead.range)?;
                media.segments.push(Segment {
                    number,
                    span: 1,
                    cipher: now.cipher(number)?,
                    location: ByteLocation { url, range },
                    map: now.map.clone(),
                    gap: ahead.gap,
                    breaks: ahead.breaks,
                    duration,
                });
                number = number
                    .checked_add(1)
                    .ok_or_else(|| corrupt("its numbers are too high"))?;
                ahead = Ahead::default();
                now.used = true;
            }
        }
    }
    Ok(media)
}

impl Now {
    /// Adds a key, which applies until the next one of its format (§4.3.2.4). Keys in effect at the same time are
    /// alternative ways to the same bytes; keys of another method are not.
    fn key(&mut self, key: Option<Key>) -> Result<()> {
        let used = std::mem::take(&mut self.used);
        match key {
            None => self.keys.clear(),
            Some(key) => {
                let method = key.way.method();
                let is_other = |known: &Key| used && known.way.method() != method;
                self.keys
                    .retain(|known| known.format != key.format && !is_other(known));
                if self.keys.len() == KEYS {
                    return Err(corrupt(format_args!("more than {KEYS} keys hold at once")));
                }
                self.keys.push(key);
            }
        }
        Ok(())
    }

    fn cipher(&self, number: u64) -> Result<Option<Cipher>> {
        let plain = self.keys.iter().find_map(|key| match &key.way {
            Way::Aes128 { key, iv } => Some((key, iv)),
            Way::Closed(_) => None,
        });
        match (plain, self.keys.first()) {
            (Some((key, iv)), _) => Ok(Some(Cipher {
                key: key.clone(),
                iv: iv.unwrap_or_else(|| u128::from(number).to_be_bytes()),
            })),
            (None, None) => Ok(None),
            (None, Some(key)) => Err(closed(key)),
        }
    }

    fn map_of(&self, lines: &mut Lines<'_>, value: &str) -> Result<Map> {
        let attributes = Attributes::read(value)?;
        let uri = attributes
            .get("URI")
            .ok_or_else(|| corrupt("its initialization section has no URL"))?;
        let url = lines.url(uri)?;
        let range = match attributes.get("BYTERANGE").map(range).transpose()? {
            Some((length, start)) => Some(bounds(start.unwrap_or(0), length)?),
            None => None,
        };
        let cipher = match self.keys.first() {
            None => None,
            Some(first) => {
                let with_iv = self.keys.iter().find_map(|key| match &key.way {
                    Way::Aes128 { key, iv: Some(iv) } => Some(Cipher {
                        key: key.clone(),
                        iv: *iv,
                    }),
                    _ => None,
                });
                match (with_iv, &first.way) {
                    (Some(cipher), _) => Some(cipher),
                    (None, Way::Aes128 { .. }) => {
                        return Err(corrupt(
                            "its initialization section is encrypted without an IV",
                        ));
                    }
                    (None, Way::Closed(_)) => return Err(closed(first)),
                }
            }
        };
        Ok(Map {
            location: ByteLocation { url, range },
            cipher,
        })
    }

    /// Returns the byte range of a segment.
    fn place(
        &mut self,
        url: &Url,
        range: Option<(u64, Option<u64>)>,
    ) -> Result<Option<(u64, u64)>> {
        let Some((length, start)) = range else {
            self.end = None;
            return Ok(None);
        };
        let start = match (start, &self.end) {
            (Some(start), _) => start,
            (None, Some((known, end))) if known == url => *end,
            (None, _) => return Err(corrupt("a byte range has no start")),
        };
        let (start, end) = bounds(start, length)?;
        self.end = Some((url.clone(), end));
        Ok(Some((start, end)))
    }
}

/// Parses a length and where it begins, `75232@0`.
fn range(text: &str) -> Result<(u64, Option<u64>)> {
    let number = |text: &str| {
        text.trim()
            .parse()
            .map_err(|_| corrupt("a byte range is invalid"))
    };
    match text.split_once('@') {
        Some((length, start)) => Ok((number(length)?, Some(number(start)?))),
        None => Ok((number(text)?, None)),
    }
}

fn bounds(start: u64, length: u64) -> Result<(u64, u64)> {
    match start.checked_add(length) {
        Some(end) if length > 0 => Ok((start, end)),
        _ => Err(corrupt("a byte range is invalid")),
    }
}

/// Parses a key; returns None if nothing is encrypted from here on.
fn key(lines: &mut Lines<'_>, value: &str) -> Result<Option<Key>> {
    let attributes = Attributes::read(value)?;
    let method = attributes
        .get("METHOD")
        .ok_or_else(|| corrupt("a key has no method"))?;
    if method == "NONE" {
        return Ok(None);
    }
    let format = attributes.get("KEYFORMAT").unwrap_or(PLAIN).to_owned();
    if method != AES_128 || format != PLAIN {
        let way = Way::Closed(method.chars().take(40).collect());
        return Ok(Some(Key { format, way }));
    }
    let uri = attributes
        .get("URI")
        .ok_or_else(|| corrupt("a key has no URL"))?;
    let iv = attributes.get("IV").map(iv).transpose()?;
    let key = Arc::new(lines.url(uri)?);
    Ok(Some(Key {
        format,
        way: Way::Aes128 { key, iv },
    }))
}

/// Parses `0x` and up to 32 hexadecimal digits.
fn iv(text: &str) -> Result<[u8; 16]> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let digits =
        digits.filter(|digits| (1..=32).contains(&digits.len()) && !digits.starts_with('+'));
    let number = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
    Ok(number
        .ok_or_else(|| corrupt("an IV is invalid"))?
        .to_be_bytes())
}

/// Returns the error for a protected stream, with the name of the protection.
fn closed(key: &Key) -> Error {
    let Way::Closed(method) = &key.way else {
        return unsupported("is encrypted in an unsupported way");
    };
    let format = key.format.to_ascii_lowercase();
    let known = [
        ("streamingkeydelivery", "FairPlay"),
        ("edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "Widevine"),
        ("widevine", "Widevine"),
        ("playready", "PlayReady"),
        ("9a04f079-9840-4286-ab92-e65be0885f95", "PlayReady"),
    ];
    match known.iter().find(|(part, _)| format.contains(part)) {
        Some((_, name)) => unsupported(format_args!(
            "is protected by {name} (DRM), which is not supported"
        )),
        None if format == PLAIN => unsupported(format_args!(
            "is encrypted by `{}`, which is not supported",
            method.escape_debug()
        )),
        None => {
            let name: String = key.format.chars().take(80).collect();
            unsupported(format_args!(
                "is protected by `{}` (DRM), which is not supported",
                name.escape_debug()
            ))
        }
    }
}
