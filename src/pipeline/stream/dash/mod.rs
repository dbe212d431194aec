//! Manifests of DASH (ISO/IEC 23009-1), of films that are whole and of those that are live.

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
use crate::model::{Error, Kind, Result, Size};

pub(in crate::pipeline) use live::{Timing, View};
pub(in crate::pipeline) use manifest::{Manifest, Tracks, Want};
pub(in crate::pipeline) use time::date;

/// The longest manifest, in bytes.
pub(in crate::pipeline) const LONGEST: usize = 16 << 20;
/// The most segments of a track.
const MOST: usize = 260_000;

/// The most renditions of a period.
const RENDITIONS: usize = 1000;
/// How the names of what tells of colour begin, and how those of what is for fast forward end.
const COLOUR: &str = "urn:mpeg:mpegB:cicp:";
const TRICK: &str = "trickmode";
/// Where that is which is to be left out (ISO/IEC 23009-1 §5.5.3).
const NOWHERE: &str = "urn:mpeg:dash:resolve-to-zero:2013";
/// What a representation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Picture,
    Sound,
    Other,
}

/// A rendition, and what it is in.
#[derive(Clone, Copy)]
struct Rendition<'a> {
    set: &'a Element,
    own: &'a Element,
    of: Of,
    /// What it cannot be used without, and nobody here knows.
    needs: Option<&'a str>,
    protected: Option<&'static str>,
}

/// Reads a manifest of a film that is whole, which came from this URL, and chooses.
///
/// # Errors
/// As those of its parts; and [`Kind::Unsupported`] if it is live.
#[cfg(any(test, fuzzing))]
pub(in crate::pipeline) fn read(body: &[u8], url: &Url, want: &Want) -> Result<Tracks> {
    let manifest = Manifest::read(body, url)?;
    let view = manifest
        .live
        .is_some()
        .then_some(View { now: 1e9, since: 0 });
    manifest.tracks(want, view)
}

/// The renditions of a period, those first that the site means.
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
                of: of(set, own),
                needs: needs.or_else(|| self::needs(own)),
                protected: protected.or_else(|| protected_by(own)),
            });
        }
    }
    Ok(found)
}

/// Whether an element has those that it is for: it may be elsewhere.
///
/// # Errors
/// [`Kind::Unsupported`] if it is.
fn here(element: &Element, inner: &str) -> Result<()> {
    let href = element.get("href").filter(|href| *href != NOWHERE);
    match href.is_some() && element.first(inner).is_none() {
        true => Err(unsupported(format_args!(
            "has a part that is elsewhere (`xlink:href` of `{}`), which is not read here",
            element.name.escape_debug()
        ))),
        false => Ok(()),
    }
}

/// What a rendition is of. Pictures of a film to look at while one seeks have a size, too, and are no film.
fn of(set: &Element, own: &Element) -> Of {
    let says = |name: &str| own.get(name).or(set.get(name)).unwrap_or("");
    let kinds = [says("contentType"), says("mimeType")];
    let is = |kind: &str| kinds.iter().any(|says| says.starts_with(kind));
    match () {
        () if is("image") || is("text") => Of::Other,
        () if is("video") => Of::Picture,
        () if is("audio") => Of::Sound,
        () if !is("application") && !says("width").is_empty() => Of::Picture,
        () if codecs::has_picture(says("codecs")) => Of::Picture,
        () if codecs::is_sound(says("codecs")) => Of::Sound,
        () => Of::Other,
    }
}

/// What nobody can use an element without who does not know it, by its name (ISO/IEC 23009-1 §5.8.4.8): but for colour,
/// which the film tells of itself. A rendition for fast forward, which may be told less strictly, has few pictures.
fn needs(element: &Element) -> Option<&str> {
    let schemes = |name| {
        let all = Element::all(element, name);
        all.map(|property| property.get("schemeIdUri").unwrap_or(""))
    };
    let essential = schemes("EssentialProperty").find(|scheme| !scheme.starts_with(COLOUR));
    essential.or_else(|| schemes("SupplementalProperty").find(|scheme| scheme.ends_with(TRICK)))
}

/// The renditions of picture and sound that are wanted.
fn choose<'a>(
    all: &[Rendition<'a>],
    quality: Quality,
) -> Result<(Rendition<'a>, Option<Rendition<'a>>)> {
    let open = |of: Of| {
        let of_kind = || all.iter().filter(|one| one.of == of && one.needs.is_none());
        let found: Vec<Rendition<'a>> = of_kind()
            .filter(|one| one.protected.is_none())
            .copied()
            .collect();
        match (found.is_empty(), of_kind().find_map(|one| one.protected)) {
            (true, Some(name)) => Err(protection::refused(name)),
            _ => Ok(found),
        }
    };
    let (pictures, sounds) = (open(Of::Picture)?, open(Of::Sound)?);
    // Of sounds in several languages, those of the first set are meant.
    let set = sounds.first().map(|first| first.set);
    let sounds: Vec<_> = sounds
        .into_iter()
        .filter(|one| set.is_some_and(|set| std::ptr::eq(set, one.set)))
        .collect();
    let best = |among: &[Rendition<'a>], quality: Quality| {
        let sizes: Vec<Size> = among.iter().map(size).collect();
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
                "the stream has no sound apart from its picture",
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
                    "needs `{}`, which is not known here",
                    scheme.escape_debug()
                ))
            }
            None => corrupt("it names no rendition"),
        }),
    }
}

fn size(rendition: &Rendition<'_>) -> Size {
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
    Size {
        picture: number("width").zip(number("height")),
        bandwidth: bandwidth.unwrap_or(0),
        sound_alone: false,
    }
}

/// What protects what has this, by name.
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
