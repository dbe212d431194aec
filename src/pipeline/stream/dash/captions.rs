//! Subtitles in a manifest: WebVTT segments, or files.

use super::segments::{self, Scope};
use super::xml::Element;
use super::{MOST, Rendition, TrackKind, protected_by};
use crate::model::{Result, Subtitles};
use crate::pipeline::stream::caption::{self, Caption, CaptionAttributes, CaptionLocation};
use crate::pipeline::stream::urls::Urls;
use crate::pipeline::stream::{Media, corrupt};

/// The limit for all subtitles of a manifest together; the video has its own.
pub(super) struct CaptionBudget {
    urls: Urls,
    segments: usize,
}

impl CaptionBudget {
    pub(super) fn new() -> CaptionBudget {
        CaptionBudget {
            urls: Urls::new(),
            segments: 0,
        }
    }

    /// Counts so many more segments.
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
    budget: &mut CaptionBudget,
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
        let (language, label) = caption_attributes(set).names();
        let at = CaptionLocation::Unwanted;
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
        let before =
            match known.map(|known| std::mem::replace(&mut known.at, CaptionLocation::Unwanted)) {
                Some(CaptionLocation::Segments(media) | CaptionLocation::File(media, _)) => media,
                Some(at @ CaptionLocation::Not(_)) => {
                    caption.at = at;
                    continue;
                }
                _ => Media {
                    ended: true,
                    ..Media::default()
                },
            };
        caption.at = match place(budget, scope, period, (set, own), before) {
            Ok(at) => at,
            Err(error) => CaptionLocation::Not(error.message),
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
    let attribute = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    let mime = attribute("mimeType");
    let is_text = attribute("contentType") == "text" || mime.starts_with("text/");
    is_text || mime == "application/ttml+xml" || form(attribute("codecs")).is_some()
}

/// Returns the form of text in MP4 segments, by the name of its codec.
fn form(codecs: &str) -> Option<&'static str> {
    match codecs.trim().get(..4)? {
        "wvtt" => Some("WebVTT in MP4 (`wvtt`)"),
        "stpp" => Some("TTML in MP4 (`stpp`)"),
        _ => None,
    }
}

fn caption_attributes(set: &Element) -> CaptionAttributes<'_> {
    let roles = || set.all("Role").filter_map(|role| role.get("value"));
    let aids = || set.all("Accessibility").filter_map(|aid| aid.get("value"));
    CaptionAttributes {
        language: set.get("lang").unwrap_or(""),
        name: set.get("label").unwrap_or(""),
        forced: roles().any(|role| matches!(role, "forced-subtitle" | "forced_subtitle")),
        // In the list of ETSI TS 101 154, purpose 2 is for the hard of hearing.
        describes_sounds: roles().chain(aids()).any(|role| role == "caption")
            || aids().any(|aid| aid == "2"),
    }
}

/// Returns where subtitles are, appended to those of earlier periods.
fn place(
    budget: &mut CaptionBudget,
    scope: &Scope,
    period: &Element,
    (set, own): (&Element, &Element),
    mut media: Media,
) -> Result<CaptionLocation> {
    let attribute = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    if let Some(name) = protected_by(set).or_else(|| protected_by(own)) {
        return Ok(CaptionLocation::Not(format!(
            "they are protected by {name} (DRM)"
        )));
    }
    let rendition = Rendition {
        set,
        own,
        kind: TrackKind::Other,
        needs: None,
        protected: None,
    };
    let mime = attribute("mimeType");
    let known = form(attribute("codecs")).or((mime == "application/mp4").then_some("text in MP4"));
    if let Some(form) = known {
        return Ok(CaptionLocation::Not(format!(
            "they are {form}, which is not supported"
        )));
    }
    // If there is no room left, no URLs are built.
    budget.take(0)?;
    let before = media.segments.len();
    segments::add(&mut budget.urls, scope, (period, rendition), &mut media)?;
    budget.take(media.segments.len() - before)?;
    // For a live stream, more will follow, however few there are now.
    let is_one = media.segments.len() == 1 && scope.window.is_none();
    Ok(match mime {
        "text/vtt" if is_one => CaptionLocation::File(media, "vtt"),
        "text/vtt" => CaptionLocation::Segments(media),
        "application/ttml+xml" if is_one => CaptionLocation::File(media, "ttml"),
        "application/ttml+xml" => CaptionLocation::Not("they are TTML in several parts".into()),
        _ => {
            let mime: String = mime.chars().take(40).collect();
            CaptionLocation::Not(format!(
                "they are `{}`, which is not supported",
                mime.escape_debug()
            ))
        }
    })
}
