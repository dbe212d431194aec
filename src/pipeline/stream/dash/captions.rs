//! Subtitles in a manifest: WebVTT segments, or files.

use super::segments::{self, Scope};
use super::xml::Element;
use super::{MOST, Of, Rendition, protected_by};
use crate::model::{Result, Subtitles};
use crate::pipeline::stream::caption::{self, At, Caption, Says};
use crate::pipeline::stream::urls::Urls;
use crate::pipeline::stream::{Media, corrupt};

/// The room for all subtitles of a manifest together; the video has its own.
pub(super) struct Room {
    urls: Urls,
    segments: usize,
}

impl Room {
    pub(super) fn new() -> Room {
        Room {
            urls: Urls::new(),
            segments: 0,
        }
    }

    /// Takes room for so many segments.
    fn take(&mut self, count: usize) -> Result<()> {
        self.segments = self.segments.saturating_add(count);
        match self.segments {
            ..=MOST => Ok(()),
            _ => Err(corrupt(format_args!(
                "its subtitles have more than {MOST} segments together"
            ))),
        }
    }
}

/// Adds the subtitles of a period to those of earlier periods with the same labels.
pub(super) fn add(
    room: &mut Room,
    scope: &Scope,
    period: &Element,
    wanted: &Subtitles,
    captions: &mut Vec<Caption>,
) {
    let mut here = Vec::new();
    for set in period.all("AdaptationSet") {
        let Some(own) = set.first("Representation").filter(|own| is_text(set, own)) else {
            continue;
        };
        if here.len() == super::RENDITIONS {
            break;
        }
        let (language, label) = says(set).names();
        let at = At::Unwanted;
        let caption = Caption {
            label,
            language,
            at,
        };
        caption::add(&mut here, caption);
        let Some(caption) = here.last_mut().filter(|one| wanted.wants(&one.language)) else {
            continue;
        };
        let known = captions
            .iter_mut()
            .find(|known| known.label == caption.label);
        let before = match known.map(|known| std::mem::replace(&mut known.at, At::Unwanted)) {
            Some(At::Segments(media) | At::File(media, _)) => media,
            Some(at @ At::Not(_)) => {
                caption.at = at;
                continue;
            }
            _ => Media {
                ended: true,
                ..Media::default()
            },
        };
        caption.at = match place(room, scope, period, (set, own), before) {
            Ok(at) => at,
            Err(error) => At::Not(error.message),
        };
    }
    for caption in here {
        match captions
            .iter_mut()
            .find(|known| known.label == caption.label)
        {
            Some(known) => *known = caption,
            None => captions.push(caption),
        }
    }
}

fn is_text(set: &Element, own: &Element) -> bool {
    let says = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    let mime = says("mimeType");
    let is_text = says("contentType") == "text" || mime.starts_with("text/");
    is_text || mime == "application/ttml+xml" || form(says("codecs")).is_some()
}

/// Returns the form of text in MP4 segments, by the name of its codec.
fn form(codecs: &str) -> Option<&'static str> {
    match codecs.trim().get(..4)? {
        "wvtt" => Some("WebVTT in MP4 (`wvtt`)"),
        "stpp" => Some("TTML in MP4 (`stpp`)"),
        _ => None,
    }
}

fn says(set: &Element) -> Says<'_> {
    let roles = || set.all("Role").filter_map(|role| role.get("value"));
    let aids = || set.all("Accessibility").filter_map(|aid| aid.get("value"));
    Says {
        language: set.get("lang").unwrap_or(""),
        name: set.get("label").unwrap_or(""),
        forced: roles().any(|role| matches!(role, "forced-subtitle" | "forced_subtitle")),
        // In the list of ETSI TS 101 154, purpose 2 is for the hard of hearing.
        heard: roles().chain(aids()).any(|role| role == "caption") || aids().any(|aid| aid == "2"),
    }
}

/// Returns where subtitles are, appended to those of earlier periods.
fn place(
    room: &mut Room,
    scope: &Scope,
    period: &Element,
    (set, own): (&Element, &Element),
    mut media: Media,
) -> Result<At> {
    let says = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    if let Some(name) = protected_by(set).or_else(|| protected_by(own)) {
        return Ok(At::Not(format!("they are protected by {name} (DRM)")));
    }
    let rendition = Rendition {
        set,
        own,
        of: Of::Other,
        needs: None,
        protected: None,
    };
    let mime = says("mimeType");
    let known = form(says("codecs")).or((mime == "application/mp4").then_some("text in MP4"));
    if let Some(form) = known {
        return Ok(At::Not(format!("they are {form}, which is not supported")));
    }
    // If there is no room left, no URLs are built.
    room.take(0)?;
    let before = media.segments.len();
    segments::add(&mut room.urls, scope, (period, rendition), &mut media)?;
    room.take(media.segments.len() - before)?;
    // For a live stream, more will follow, however few there are now.
    let is_one = media.segments.len() == 1 && scope.window.is_none();
    Ok(match mime {
        "text/vtt" if is_one => At::File(media, "vtt"),
        "text/vtt" => At::Segments(media),
        "application/ttml+xml" if is_one => At::File(media, "ttml"),
        "application/ttml+xml" => At::Not("they are TTML in several parts".into()),
        _ => {
            let mime: String = mime.chars().take(40).collect();
            At::Not(format!(
                "they are `{}`, which is not supported",
                mime.escape_debug()
            ))
        }
    })
}
