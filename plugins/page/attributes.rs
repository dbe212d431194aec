//! The attributes of an element, and which of them name a picture.

use fetch::model::Medium;
use fetch::source::url_medium;
use html5ever::tokenizer::Tag;
use url::Url;

use super::srcset::{self, Candidate};

/// Attributes with the full-size picture, where `src` has a small one. Those that surely have the original come first;
/// those that may have only a large size come last.
pub(super) const FULL: [&str; 17] = [
    "data-orig-file",
    "data-full",
    "data-full-image",
    "data-full-src",
    "data-full-url",
    "data-fullsize",
    "data-fullsrc",
    "data-pswp-src",
    "data-hi-res-src",
    "data-highres",
    "data-hires",
    "data-zoom-image",
    "data-zoom-src",
    "data-large_image",
    "data-large",
    "data-large-src",
    "data-large-file",
];
/// Attributes that a script later copies to `src`.
pub(super) const LAZY: [&str; 17] = [
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-lazyload",
    "data-ll-src",
    "data-flickity-lazyload",
    "data-cfsrc",
    "data-actualsrc",
    "data-echo",
    "data-img-src",
    "data-image",
    "data-imgsrc",
    "data-lazyimg",
    "data-opt-src",
    "data-original-src",
    "ci-src",
];
/// Parts and words in the names of other attributes that have the full-size picture.
const FULL_PARTS: [&str; 7] = [
    "full", "highres", "hires", "large", "magnif", "original", "zoom",
];
const FULL_WORDS: [&str; 3] = ["big", "hd", "orig"];
/// Parts in the names of attributes that have the picture where `src` does not.
const LAZY_PARTS: [&str; 4] = ["img", "lazy", "src", "url"];
/// Parts in the names of attributes that have something else.
const OTHER_PARTS: [&str; 12] = [
    "background",
    "hover",
    "icon",
    "link",
    "logo",
    "mobile",
    "pin",
    "placeholder",
    "poster",
    "share",
    "small",
    "thumb",
];
/// Names of placeholder files, used until a script sets the address.
const BLANK: [&str; 9] = [
    "1x1",
    "blank",
    "gray",
    "grey",
    "lazy",
    "loading",
    "pixel",
    "placeholder",
    "spacer",
];
/// Attributes that name a video.
pub(super) const PLAYED: [&str; 4] = ["src", "data-src", "data-lazy-src", "data-video-src"];
/// Attributes that a script later copies to `srcset`.
const SETS: [&str; 3] = ["srcset", "data-srcset", "data-lazy-srcset"];

/// Words in links that open a lightbox.
const OPENERS: [&str; 5] = ["fancybox", "glightbox", "lbimage", "lightbox", "photoswipe"];
/// Attributes of such links.
const OPENING: [&str; 5] = [
    "data-fancybox",
    "data-glightbox",
    "data-lg-size",
    "data-lightbox",
    "data-pswp-width",
];
/// Words in links that open something else in a lightbox.
const OPENING_OTHERS: [&str; 6] = ["ajax", "html", "iframe", "inline", "pdf", "video"];

/// Returns the value of an attribute, which may be empty.
pub(super) fn value<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag.attrs.iter().find(|known| &*known.name.local == name)?;
    Some(found.value.trim())
}

/// Returns the value of an attribute, unless it is empty.
pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    value(tag, name).filter(|value| !value.is_empty())
}

/// Returns the value of the first of these attributes that is not empty.
pub(super) fn first<'a>(tag: &'a Tag, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| attribute(tag, name))
}

/// Returns the value of the first of these attributes that has an address. Scripts also keep flags, numbers, JSON and
/// templates in them.
pub(super) fn address<'a>(tag: &'a Tag, names: &[&str]) -> Option<&'a str> {
    let mut values = names.iter().filter_map(|name| attribute(tag, name));
    values.find(|value| is_address(value))
}

fn is_address(value: &str) -> bool {
    value.contains(['/', '.'])
        && !value.starts_with('#')
        && !value.contains('{')
        && value.parse::<f64>().is_err()
}

/// Checks whether an address has the extension of a picture.
pub(super) fn is_picture(address: &str) -> bool {
    medium(address) == Some(Medium::Image)
}

/// Returns the medium that an address has by its extension, on any host.
fn medium(address: &str) -> Option<Medium> {
    url_medium(&Url::parse("https://x.org/").ok()?.join(address).ok()?)
}

/// Checks whether a picture has the name of this file, perhaps with a size after it.
pub(super) fn is_named(picture: &str, file: &str) -> bool {
    let name = |address: &str| {
        let path = address.split(['?', '#']).next().unwrap_or("");
        path.rsplit('/').next().unwrap_or("").to_owned()
    };
    let file = name(file);
    let stem = file.rsplit_once('.').map_or(&*file, |(stem, _)| stem);
    !stem.is_empty() && name(picture).starts_with(stem)
}

/// Returns the widest picture in a template that a script fills in: `cat_{width}x.jpg`, with `data-widths="[180,
/// 360]"`.
pub(super) fn widest(tag: &Tag) -> Option<Candidate> {
    let mut values = LAZY.iter().filter_map(|name| attribute(tag, name));
    let template = values.find(|value| value.contains("{width}"))?;
    let widths = attribute(tag, "data-widths")?.split(|c: char| !c.is_ascii_digit());
    let widths = widths.filter_map(|width| width.parse::<u32>().ok());
    let width = widths.max()?.min(srcset::FULL - 1);
    let url = template.replace("{width}", &width.to_string());
    is_address(&url).then_some(Candidate {
        url,
        weight: width,
        width: Some(width),
        is_fallback: false,
        is_replaced: false,
    })
}

/// Returns the full-size picture, from any attribute whose name says so; an attribute that is not on the list must have
/// the address of a picture.
pub(super) fn full(tag: &Tag) -> Option<&str> {
    let says_full = |name: &str| {
        !LAZY.contains(&name)
            && (FULL_PARTS.iter().any(|part| name.contains(part))
                || name
                    .split(['-', '_'])
                    .any(|word| FULL_WORDS.contains(&word)))
    };
    address(tag, &FULL).or_else(|| script_attribute(tag, says_full))
}

/// Returns the address that a script later copies to `src`.
pub(super) fn lazy(tag: &Tag) -> Option<&str> {
    let says_lazy = |name: &str| LAZY_PARTS.iter().any(|part| name.contains(part));
    let is_blank = || {
        attribute(tag, "src").is_none_or(|src| {
            let name = src.rsplit('/').next().unwrap_or("");
            let stem = name.split('.').next().unwrap_or("");
            src.starts_with("data:") || BLANK.contains(&stem)
        })
    };
    address(tag, &LAZY).or_else(|| script_attribute(tag, says_lazy).filter(|_| is_blank()))
}

/// Returns the picture in the first script attribute whose name says so.
fn script_attribute(tag: &Tag, says: impl Fn(&str) -> bool) -> Option<&str> {
    let own = tag.attrs.iter().filter(|known| {
        let name = &*known.name.local;
        let is_other = OTHER_PARTS.iter().any(|part| name.contains(part));
        name.starts_with("data-") && says(name) && !is_other
    });
    let mut values = own.map(|known| known.value.trim());
    values.find(|value| is_address(value) && is_picture(value))
}

/// Returns what a link opens other than its `href`.
pub(super) fn opened(tag: &Tag) -> Option<&str> {
    let is_film = |value: &&str| matches!(medium(value), Some(Medium::Video | Medium::Audio));
    let film = || address(tag, &["data-video"]).filter(is_film);
    let named = || address(tag, &["data-href", "data-image"]).filter(|value| is_picture(value));
    full(tag)
        .or_else(|| address(tag, &["data-src"]))
        .or_else(film)
        .or_else(named)
}

/// Returns the candidates of a picture, except those with placeholders for a script to fill in.
pub(super) fn choices(tag: &Tag) -> impl Iterator<Item = Candidate> {
    let sets = SETS.iter().filter_map(|name| attribute(tag, name));
    let choices = sets.flat_map(srcset::read);
    choices.filter(|choice| !choice.url.contains('{'))
}

/// Checks whether a script sets the address of the picture later.
pub(super) fn is_lazy(tag: &Tag) -> bool {
    lazy(tag).or(address(tag, &SETS[1..])).is_some()
}

/// Checks whether a link is marked as opening a lightbox.
pub(super) fn opens_lightbox(tag: &Tag) -> bool {
    let kind = attribute(tag, "data-type").unwrap_or("");
    let words = ["class", "rel"]
        .iter()
        .filter_map(|name| attribute(tag, name));
    let words = words.chain([kind]).collect::<Vec<_>>().join(" ");
    let words = words.to_ascii_lowercase();
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    let says = |name: &str| value(tag, name).is_some();
    let is_told = kind.eq_ignore_ascii_case("image")
        || OPENING.iter().any(|name| says(name))
        || words.clone().any(|word| OPENERS.contains(&word));
    is_told && !words.any(|word| OPENING_OTHERS.contains(&word))
}

/// Reads a number of pixels.
pub(super) fn pixels(tag: &Tag, name: &str) -> Option<u32> {
    attribute(tag, name)?.trim_end_matches("px").parse().ok()
}
