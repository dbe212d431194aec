//! What the URL of a medium alone reveals.

use fetch::model::Medium;
use fetch::source::{url_medium, url_name};
use url::{Position, Url};

use super::super::stream::StreamFormat;
use super::original::side;
use super::size::{is_dimensions, word};

/// Words in the path or class of a picture that is decoration or a tracking pixel.
const UNWANTED: [&str; 35] = [
    "1x1",
    "ad",
    "ads",
    "advert",
    "arrow",
    "avatar",
    "avatars",
    "badge",
    "badges",
    "banner",
    "blank",
    "button",
    "buttons",
    "emoji",
    "emojis",
    "emoticon",
    "emoticons",
    "favicon",
    "flag",
    "flags",
    "gravatar",
    "icon",
    "icons",
    "loader",
    "loading",
    "logo",
    "logos",
    "placeholder",
    "smiley",
    "smilies",
    "spacer",
    "spinner",
    "sprite",
    "sprites",
    "tracking",
];
/// Those that apply to large pictures, too.
const ADVERTS: [&str; 3] = ["ad", "ads", "advert"];
/// Those that may just as well name the subject of a picture.
const SUBJECTS: [&str; 10] = [
    "arrow", "badge", "badges", "banner", "button", "buttons", "flag", "flags", "icon", "icons",
];
/// Query parameters of picture URLs that only serve to bypass a cache.
const CACHED: [&str; 5] = ["_", "cb", "itok", "v", "ver"];
/// Hosts with pictures of no interest.
const TRACKERS: [&str; 15] = [
    "bat.bing.com",
    "doubleclick.net",
    "facebook.com",
    "google-analytics.com",
    "googlesyndication.com",
    "googletagmanager.com",
    "gravatar.com",
    "licensebuttons.net",
    "mc.yandex.ru",
    "paypalobjects.com",
    "pixel.wp.com",
    "px.ads.linkedin.com",
    "quantserve.com",
    "scorecardresearch.com",
    "stats.wp.com",
];
/// Checks whether it is named like a streaming playlist.
pub(super) fn is_stream(url: &Url) -> bool {
    StreamFormat::of_url(url).is_some()
}

/// Returns the name and extension of a medium: those in its path, or in the address within the query of a resizing
/// server (`/image?url=%2Fcat.jpg`); the extension is then unknown.
pub(super) fn named(url: &Url) -> (Option<String>, Option<String>) {
    let own = url_name(url);
    if url_medium(url).is_some() {
        return own;
    }
    let mut values = url.query_pairs().map(|(_, value)| url.join(&value));
    let within = values.find_map(|value| value.ok().filter(|value| url_medium(value).is_some()));
    match within.and_then(|within| url_name(&within).0) {
        Some(name) => (Some(name), None),
        None => own,
    }
}

/// Checks whether a picture with this URL and these classes is an icon, a spacer, a tracking pixel or the like.
pub(super) fn is_unwanted(url: &Url, words: &str) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    // A name may contain such a word; `pixel` has many meanings, so it must be the whole name.
    let is_named =
        parts(name).any(|part| UNWANTED.contains(&part)) || name.split('.').next() == Some("pixel");
    is_named || is_in_unwanted_place(url) || classes(words).any(|word| UNWANTED.contains(&word))
}

/// The same for a picture known to be large, or offered for download: then its name does not count.
pub(super) fn is_in_unwanted_place(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    let mut folders = path[..path.len() - name.len()].split('/');
    // A folder name counts as a whole.
    is_never_wanted(url) || folders.any(|folder| UNWANTED.contains(&folder))
}

/// The same for a picture available in a large size: then words for possible subjects do not count.
pub(super) fn is_surely_unwanted(url: &Url, words: &str) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    let folders = path[..path.len() - name.len()].split('/');
    let mut called = parts(name).chain(folders).chain(classes(words));
    called.any(|word| UNWANTED.contains(&word) && !SUBJECTS.contains(&word))
}

/// Checks whether a picture is of a type, or from a host, that is never of interest.
pub(super) fn is_never_wanted(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    let is_tracker = TRACKERS.iter().any(|tracker| {
        host.strip_suffix(tracker)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let ends = |ext: &str| url.path().to_ascii_lowercase().ends_with(ext);
    is_tracker || ends(".svg") || ends(".ico")
}

/// Checks whether a picture is named as an advertisement.
pub(super) fn is_advert(url: &Url, words: &str) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or("");
    let mut called = parts(name).chain(classes(words));
    called.any(|word| {
        ADVERTS
            .iter()
            .any(|advert| word.eq_ignore_ascii_case(advert))
    })
}

/// Returns what several sizes of one picture have in common. A part that is only likely to be a size tells pictures
/// apart: a duplicate is a smaller loss than a missing picture.
pub(super) fn size_free_key(url: &Url) -> String {
    read(url, &mut |_| ())
}

/// Reports the parts of a URL that give a size: those that differ between sizes of a picture.
pub(super) fn sizes(url: &Url, mut each: impl FnMut(&str)) {
    read(url, &mut each);
}

fn read(url: &Url, size: &mut dyn FnMut(&str)) -> String {
    let (path, ext) = match url.path().rsplit_once('.') {
        Some((stem, ext)) if ext.len() <= 5 && !ext.contains('/') => (stem, ext),
        _ => (url.path(), ""),
    };
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut kept: Vec<&str> = Vec::new();
    for folder in folders.split('/') {
        if let Some(side) = side(url, kept.last().copied(), folder) {
            size(side);
            kept.pop_if(|before| *before == "size");
            continue;
        }
        match is_size(folder) {
            true => size(folder),
            false => kept.push(without_size(folder, is_side, size)),
        }
    }
    // Numbers alone may be anything.
    let name = match word(name) {
        Some(_) => {
            size(name);
            ""
        }
        None => {
            // `cat-th.jpg`, in some galleries. As a folder, `th` is a country.
            let small = name.strip_suffix("th");
            let small = small.and_then(|name| name.strip_suffix(SEPARATORS));
            let small = small.filter(|name| !name.is_empty());
            small.iter().for_each(|_| size("thumb"));
            let name = without_leading_size(small.unwrap_or(name), size);
            without_size(name, is_size_of_name, size)
        }
    };
    let is_picture = url_medium(url) == Some(Medium::Image);
    let mut query: Vec<String> = Vec::new();
    let (mut width, mut height) = (None, None);
    for (name, value) in url.query_pairs() {
        let plain = name.to_ascii_lowercase();
        if is_picture && CACHED.contains(&&*plain) {
            continue;
        }
        if !(is_picture && resizes(&plain, &value)) {
            query.push(format!("{name}={value}"));
            continue;
        }
        match plain.as_str() {
            "format" if is_size(&value) => width = Some(value),
            "h" | "height" => height = Some(value),
            "resize" | "s" | "size" | "w" | "width" => width = Some(value),
            _ => {}
        }
    }
    if let Some(value) = width.or(height) {
        size(&value);
    }
    // Photos come in several formats; a GIF is animated where the others are not.
    let ext = match ext.to_ascii_lowercase() {
        ext if is_picture && ext != "gif" => String::new(),
        ext => ext,
    };
    let host = without_www(&url[Position::BeforeHost..Position::AfterPort]);
    let folders = kept.join("/");
    format!("{host}{folders}/{name}?{}.{ext}", query.join("&"))
}

/// Returns a host without its leading `www.`, if it has one.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Checks whether a whole word gives a size.
fn is_size(part: &str) -> bool {
    word(part).is_some() || is_side(part)
}

/// Checks whether the last word of a name gives a size; cameras number pictures like `1000w`.
fn is_size_of_name(part: &str) -> bool {
    is_size(part) && !part.ends_with('w')
}

/// Removes the sizes at the end of a name, unless nothing would be left.
fn without_size<'a>(
    mut name: &'a str,
    is_size: fn(&str) -> bool,
    size: &mut dyn FnMut(&str),
) -> &'a str {
    while let Some((rest, last)) = name.rsplit_once(SEPARATORS)
        && !rest.trim_end_matches(SEPARATORS).is_empty()
        && is_size(last)
    {
        size(last);
        name = rest;
    }
    name
}

/// Removes the sizes at the end of a name.
pub(super) fn without_sizes(name: &str) -> &str {
    without_size(name, is_size_of_name, &mut |_| ())
}

/// Removes the size at the start of a name, as encyclopaedias write it: `440px-Heron`.
fn without_leading_size<'a>(name: &'a str, size: &mut dyn FnMut(&str)) -> &'a str {
    match name.split_once('-') {
        Some((first, rest)) if first.ends_with("px") && is_dimensions(first) => {
            size(first);
            rest
        }
        _ => name,
    }
}

/// Checks whether a word gives the dimensions of a picture. `40x` and `60w` are too small for that, and rather describe
/// its subject.
fn is_side(part: &str) -> bool {
    is_dimensions(part) && !(part.len() < 4 && part.ends_with(['x', 'w']))
}

/// Checks whether a query parameter asks a server to resize a picture: by its name, and by a plausible value.
fn resizes(name: &str, value: &str) -> bool {
    let is_number = |part: &str| {
        let digits = part.trim_end_matches("px").trim_end_matches('%');
        (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let mut parts = value.split([',', 'x', ':']);
    // A number smaller than a favicon is more likely a picture's number.
    let is_long = |part: &str| {
        let digits = part.trim_end_matches("px").trim_end_matches('%');
        is_number(part) && digits.parse().is_ok_and(|side: f32| side >= 16.0)
    };
    match name {
        "dpr" | "q" | "quality" => is_size(value) || parts.all(is_number),
        "h" | "height" | "resize" | "s" | "size" | "w" | "width" => {
            is_size(value) || parts.all(is_long)
        }
        "auto" | "crop" | "fit" | "fm" | "format" | "ssl" | "strip" => {
            let is_word = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
            let mut parts = value.split([',', ':']);
            is_size(value) || parts.all(|part| is_word(part) || is_number(part))
        }
        _ => false,
    }
}

/// The separators between the words of a name.
const SEPARATORS: [char; 4] = ['-', '_', '.', ' '];

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(SEPARATORS)
}

/// Splits classes and ids into words.
fn classes(words: &str) -> impl Iterator<Item = &str> {
    words.split([' ', '-', '_'])
}

#[cfg(test)]
mod tests;
