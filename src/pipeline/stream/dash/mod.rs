//! DASH manifests (ISO/IEC 23009-1), of complete videos and of live streams.

mod captions;
mod live;
mod manifest;
mod segments;
mod template;
mod time;
mod xml;

#[cfg(any(test, fuzzing))]
use url::Url;

use self::xml::Element;

use super::{Quality, codecs, corrupt, protection, unsupported};
use crate::model::{Error, Kind, RenditionSize, Result};

pub(in crate::pipeline) use live::{Timing, View};
pub(in crate::pipeline) use manifest::{Manifest, Tracks, Want};
pub(in crate::pipeline) use time::date;

/// The longest manifest, in bytes.
pub(in crate::pipeline) const LONGEST: usize = 16 << 20;
/// The maximum number of segments of a track.
const MOST: usize = 260_000;

/// The maximum number of renditions of a period.
const RENDITIONS: usize = 1000;
/// The prefix of schemes that describe colour, and the suffix of schemes for fast forward.
const COLOUR: &str = "urn:mpeg:mpegB:cicp:";
const TRICK: &str = "trickmode";
/// The `xlink:href` of elements to be ignored (ISO/IEC 23009-1 §5.5.3).
const NOWHERE: &str = "urn:mpeg:dash:resolve-to-zero:2013";
/// What a representation contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrackKind {
    Picture,
    Sound,
    Other,
}

/// A representation, and the adaptation set it is in.
#[derive(Clone, Copy)]
struct Rendition<'a> {
    set: &'a Element,
    own: &'a Element,
    kind: TrackKind,
    /// An essential property that is not supported.
    needs: Option<&'a str>,
    protected: Option<&'static str>,
}

/// Reads the manifest of a complete video, which came from this URL, and chooses the tracks.
///
/// # Errors
/// As for its parts; and [`Kind::Unsupported`] if it is live.
#[cfg(any(test, fuzzing))]
pub(in crate::pipeline) fn read(body: &[u8], url: &Url, want: &Want) -> Result<Tracks> {
    let manifest = Manifest::read(body, url)?;
    let view = manifest
        .live
        .is_some()
        .then_some(View { now: 1e9, since: 0 });
    manifest.tracks(want, view)
}

/// Returns the renditions of a period, the site's main ones first.
fn renditions(period: &Element) -> Result<Vec<Rendition<'_>>> {
    here(period, "AdaptationSet")?;
    let mut sets: Vec<&Element> = period.all("AdaptationSet").collect();
    let is_main = |set: &&Element| {
        set.all("Role")
            .any(|role| role.get("value") == Some("main"))
    };
    sets.sort_by_cached_key(|set| !is_main(set));
    let mut found = Vec::new();
    for set in sets {
        here(set, "Representation")?;
        let (needs, protected) = (needs(set), protected_by(set));
        for own in set.all("Representation") {
            if found.len() == RENDITIONS {
                return Err(corrupt(format_args!(
                    "it has more than {RENDITIONS} renditions"
                )));
            }
            found.push(Rendition {
                set,
                own,
                kind: track_kind(set, own),
                needs: needs.or_else(|| self::needs(own)),
                protected: protected.or_else(|| protected_by(own)),
            });
        }
    }
    Ok(found)
}

/// Checks that the children of an element are not in an external document.
///
/// # Errors
/// [`Kind::Unsupported`] if they are.
fn here(element: &Element, inner: &str) -> Result<()> {
    let href = element.get("href").filter(|href| *href != NOWHERE);
    match href.is_some() && element.first(inner).is_none() {
        true => Err(unsupported(format_args!(
            "has an external part (`xlink:href` of `{}`), which is not supported",
            element.name.escape_debug()
        ))),
        false => Ok(()),
    }
}

/// Returns what a rendition contains. Thumbnails for seeking have a size, too, but are no video.
fn track_kind(set: &Element, own: &Element) -> TrackKind {
    let says = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    let kinds = [says("contentType"), says("mimeType")];
    let is = |kind: &str| kinds.iter().any(|says| says.starts_with(kind));
    match () {
        () if is("image") || is("text") => TrackKind::Other,
        () if is("video") => TrackKind::Picture,
        () if is("audio") => TrackKind::Sound,
        () if !is("application") && !says("width").is_empty() => TrackKind::Picture,
        () if codecs::has_picture(says("codecs")) => TrackKind::Picture,
        () if codecs::is_sound(says("codecs")) => TrackKind::Sound,
        () => TrackKind::Other,
    }
}

/// Returns an essential property that is not supported (ISO/IEC 23009-1 §5.8.4.8), except for colour, which the video
/// describes itself. Also returns the property of renditions for fast forward, which have few pictures and may be
/// marked less strictly.
fn needs(element: &Element) -> Option<&str> {
    let schemes = |name| {
        let all = Element::all(element, name);
        all.map(|property| property.get("schemeIdUri").unwrap_or(""))
    };
    let essential = schemes("EssentialProperty").find(|scheme| !scheme.starts_with(COLOUR));
    essential.or_else(|| schemes("SupplementalProperty").find(|scheme| scheme.ends_with(TRICK)))
}

/// Chooses the video and audio renditions.
fn choose<'a>(
    all: &[Rendition<'a>],
    quality: Quality,
) -> Result<(Rendition<'a>, Option<Rendition<'a>>)> {
    let open = |kind: TrackKind| {
        let of_kind = || {
            all.iter()
                .filter(|one| one.kind == kind && one.needs.is_none())
        };
        let found: Vec<Rendition<'a>> = of_kind()
            .filter(|one| one.protected.is_none())
            .copied()
            .collect();
        match (found.is_empty(), of_kind().find_map(|one| one.protected)) {
            (true, Some(name)) => Err(protection::refused(name)),
            _ => Ok(found),
        }
    };
    let (pictures, sounds) = (open(TrackKind::Picture)?, open(TrackKind::Sound)?);
    // If there is audio in several languages, the first set is the intended one.
    let set = sounds.first().map(|first| first.set);
    let sounds: Vec<_> = sounds
        .into_iter()
        .filter(|one| set.is_some_and(|set| std::ptr::eq(set, one.set)))
        .collect();
    let best = |among: &[Rendition<'a>], quality: Quality| {
        let sizes: Vec<RenditionSize> = among.iter().map(size).collect();
        quality.choose(&sizes).map(|at| among[at])
    };
    let sound_quality = if quality == Quality::Worst {
        Quality::Worst
    } else {
        Quality::Best
    };
    let sound = best(&sounds, sound_quality);
    if quality == Quality::Audio {
        let none = || {
            Error::new(
                Kind::Unsupported,
                "the stream has no sound separate from its picture",
            )
            .hint("`--quality worst` fetches the smallest picture with it")
        };
        return Ok((sound.ok_or_else(none)?, None));
    }
    match (best(&pictures, quality), sound) {
        (Some(picture), sound) => Ok((picture, sound)),
        (None, Some(sound)) => Ok((sound, None)),
        (None, None) => Err(match all.iter().find_map(|one| one.needs) {
            Some(scheme) => {
                let scheme: String = scheme.chars().take(80).collect();
                unsupported(format_args!(
                    "needs `{}`, which is not supported",
                    scheme.escape_debug()
                ))
            }
            None => corrupt("it lists no rendition"),
        }),
    }
}

fn size(rendition: &Rendition<'_>) -> RenditionSize {
    let number = |name: &str| {
        rendition
            .own
            .get(name)
            .or(rendition.set.get(name))?
            .parse()
            .ok()
    };
    let bandwidth = rendition
        .own
        .get("bandwidth")
        .and_then(|text| text.parse().ok());
    RenditionSize {
        picture: number("width").zip(number("height")),
        bandwidth: bandwidth.unwrap_or(0),
        audio_only: false,
    }
}

/// Returns the name of the protection of an element.
fn protected_by(element: &Element) -> Option<&'static str> {
    let schemes = || {
        let all = element.all("ContentProtection");
        all.map(|one| one.get("schemeIdUri").unwrap_or(""))
    };
    let known = schemes().find_map(protection::known);
    known.or_else(|| schemes().next().map(|_| protection::COMMON))
}

#[cfg(test)]
mod tests;
