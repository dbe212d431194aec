//! The attributes of an element, and which of them name a picture.

use fetch::model::Medium;
use fetch::source::url_medium;
use html5ever::tokenizer::Tag;
use url::Url;

use super::srcset::{self, Candidate};

/// Attributes that name the picture in full, where `src` shows a small one; what surely is the original comes first, and what
/// may be no more than large comes last.
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
/// Attributes that a script makes the `src` of later.
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
/// Parts of the names of other attributes that name the picture in full, and words of such.
const FULL_PARTS: [&str; 7] = [
    "full", "highres", "hires", "large", "magnif", "original", "zoom",
];
const FULL_WORDS: [&str; 3] = ["big", "hd", "orig"];
/// Parts of those that name it where `src` does not.
const LAZY_PARTS: [&str; 4] = ["img", "lazy", "src", "url"];
/// Parts of those that name something else.
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
/// What the file is called that stands where a script sets the address.
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
/// Attributes that name a film.
pub(super) const PLAYED: [&str; 4] = ["src", "data-src", "data-lazy-src", "data-video-src"];
/// Attributes that a script makes the `srcset` of later.
const SETS: [&str; 3] = ["srcset", "data-srcset", "data-lazy-srcset"];

/// Words of links that open a picture over the page.
const OPENERS: [&str; 5] = ["fancybox", "glightbox", "lbimage", "lightbox", "photoswipe"];
/// Attributes of such links.
const OPENING: [&str; 5] = [
    "data-fancybox",
    "data-glightbox",
    "data-lg-size",
    "data-lightbox",
    "data-pswp-width",
];
/// Words of those that open something else so.
const OPENING_OTHERS: [&str; 6] = ["ajax", "html", "iframe", "inline", "pdf", "video"];

/// The value of an attribute, which may be empty.
pub(super) fn value<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag.attrs.iter().find(|known| &*known.name.local == name)?;
    Some(found.value.trim())
}

/// The value of an attribute, if it has one.
pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    value(tag, name).filter(|value| !value.is_empty())
}

/// The value of the first of these attributes that has one.
pub(super) fn first<'a>(tag: &'a Tag, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| attribute(tag, name))
}

/// The value of the first of these attributes that holds an address. Scripts keep flags, numbers, JSON and templates in them, too.
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

/// Whether an address ends as that of a picture.
pub(super) fn is_picture(address: &str) -> bool {
    medium(address) == Some(Medium::Image)
}

/// What an address promises by its extension, wherever it is.
fn medium(address: &str) -> Option<Medium> {
    url_medium(&Url::parse("https://x.org/").ok()?.join(address).ok()?)
}

/// Whether a picture is called as this file is, and may say its size behind that.
pub(super) fn is_named(picture: &str, file: &str) -> bool {
    let name = |address: &str| {
        let path = address.split(['?', '#']).next().unwrap_or("");
        path.rsplit('/').next().unwrap_or("").to_owned()
    };
    let file = name(file);
    let stem = file.rsplit_once('.').map_or(&*file, |(stem, _)| stem);
    !stem.is_empty() && name(picture).starts_with(stem)
}

/// The widest picture that a script fills into a template: `cat_{width}x.jpg`, with `data-widths="[180, 360]"`.
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
        is_makeshift: false,
        is_replaced: false,
    })
}

/// The picture in full, by any attribute that says so; one that is not known by its name has to name a picture.
pub(super) fn full(tag: &Tag) -> Option<&str> {
    let says_full = |name: &str| {
        !LAZY.contains(&name)
            && (FULL_PARTS.iter().any(|part| name.contains(part))
                || name
                    .split(['-', '_'])
                    .any(|word| FULL_WORDS.contains(&word)))
    };
    address(tag, &FULL).or_else(|| said(tag, says_full))
}

/// What a script makes the `src` of later.
pub(super) fn lazy(tag: &Tag) -> Option<&str> {
    let says_lazy = |name: &str| LAZY_PARTS.iter().any(|part| name.contains(part));
    let is_blank = || {
        attribute(tag, "src").is_none_or(|src| {
            let name = src.rsplit('/').next().unwrap_or("");
            let stem = name.split('.').next().unwrap_or("");
            src.starts_with("data:") || BLANK.contains(&stem)
        })
    };
    address(tag, &LAZY).or_else(|| said(tag, says_lazy).filter(|_| is_blank()))
}

/// The picture that is named by the first attribute of scripts whose name says so.
fn said(tag: &Tag, says: impl Fn(&str) -> bool) -> Option<&str> {
    let own = tag.attrs.iter().filter(|known| {
        let name = &*known.name.local;
        let is_other = OTHER_PARTS.iter().any(|part| name.contains(part));
        name.starts_with("data-") && says(name) && !is_other
    });
    let mut values = own.map(|known| known.value.trim());
    values.find(|value| is_address(value) && is_picture(value))
}

/// What a link opens that its `href` does not name.
pub(super) fn opened(tag: &Tag) -> Option<&str> {
    let is_film = |value: &&str| matches!(medium(value), Some(Medium::Video | Medium::Audio));
    let film = || address(tag, &["data-video"]).filter(is_film);
    let named = || address(tag, &["data-href", "data-image"]).filter(|value| is_picture(value));
    full(tag)
        .or_else(|| address(tag, &["data-src"]))
        .or_else(film)
        .or_else(named)
}

/// The choices of a picture, without those that a script is still to fill in.
pub(super) fn choices(tag: &Tag) -> impl Iterator<Item = Candidate> {
    let sets = SETS.iter().filter_map(|name| attribute(tag, name));
    let choices = sets.flat_map(srcset::read);
    choices.filter(|choice| !choice.url.contains('{'))
}

/// Whether a script sets the address of the picture later.
pub(super) fn is_lazy(tag: &Tag) -> bool {
    lazy(tag).or(address(tag, &SETS[1..])).is_some()
}

/// Whether a link says that it opens a picture over the page.
pub(super) fn opens(tag: &Tag) -> bool {
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

/// A number of pixels.
pub(super) fn pixels(tag: &Tag, name: &str) -> Option<u32> {
    attribute(tag, name)?.trim_end_matches("px").parse().ok()
}
