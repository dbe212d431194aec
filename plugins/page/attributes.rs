//! The attributes of an element, and which of them name a picture.

use html5ever::tokenizer::Tag;

/// Attributes that name the picture in full, where `src` shows a small one.
pub(super) const FULL: [&str; 17] = [
    "data-full",
    "data-full-image",
    "data-full-src",
    "data-full-url",
    "data-fullsize",
    "data-fullsrc",
    "data-hi-res-src",
    "data-highres",
    "data-hires",
    "data-large",
    "data-large-file",
    "data-large-src",
    "data-large_image",
    "data-orig-file",
    "data-pswp-src",
    "data-zoom-image",
    "data-zoom-src",
];
/// Attributes that a script makes the `src` of later.
pub(super) const LAZY: [&str; 12] = [
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
];
/// Attributes that a script makes the `srcset` of later.
pub(super) const SETS: [&str; 3] = ["srcset", "data-srcset", "data-lazy-srcset"];

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

/// A number of pixels.
pub(super) fn pixels(tag: &Tag, name: &str) -> Option<u32> {
    attribute(tag, name)?.trim_end_matches("px").parse().ok()
}
