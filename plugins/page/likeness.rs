//! What can be told of a medium by its URL alone.

use fetch::model::Medium;
use fetch::source::{url_medium, url_name};
use url::{Position, Url};

use super::super::stream::Form;
use super::original::side;
use super::size::{is_dimensions, word};

/// Words in a path or a class of a picture that belongs to the page's dress, or that counts its readers.
const CHAFF: [&str; 35] = [
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
/// Those of them that call large pictures so, too.
const ADVERTS: [&str; 3] = ["ad", "ads", "advert"];
/// Those of them that name as many things that pictures are of.
const THINGS: [&str; 10] = [
    "arrow", "badge", "badges", "banner", "button", "buttons", "flag", "flags", "icon", "icons",
];
/// What is asked of a server for a picture just to get past a cache.
const CACHED: [&str; 5] = ["_", "cb", "itok", "v", "ver"];
/// Hosts whose pictures nobody looks at.
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
/// Whether it is called the playlist of a stream.
pub(super) fn is_stream(url: &Url) -> bool {
    Form::of(url).is_some()
}

/// Name and extension of a medium: those of its path, or of the address in its query that a server which resizes pictures is
/// asked for (`/image?url=%2Fcat.jpg`); what comes has an extension of its own then.
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

/// Whether a picture at this URL, with these classes, is an icon, a spacer, a tracker or the like.
pub(super) fn is_chaff(url: &Url, words: &str) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    // A name may have such a word among others; `pixel` is one of many meanings.
    let is_named =
        parts(name).any(|part| CHAFF.contains(&part)) || name.split('.').next() == Some("pixel");
    is_named || is_dress(url) || classes(words).any(|word| CHAFF.contains(&word))
}

/// The same of what is known to be large, or meant to be had: what it is called does not count then.
pub(super) fn is_dress(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    let mut folders = path[..path.len() - name.len()].split('/');
    // A folder is what it is called.
    is_never_looked_at(url) || folders.any(|folder| CHAFF.contains(&folder))
}

/// The same of what is there in a large size: words for what pictures are of do not count then.
pub(super) fn is_sign(url: &Url, words: &str) -> bool {
    let path = url.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    let folders = path[..path.len() - name.len()].split('/');
    let mut called = parts(name).chain(folders).chain(classes(words));
    called.any(|word| CHAFF.contains(&word) && !THINGS.contains(&word))
}

/// Whether a picture is of a kind, or from a host, that nobody looks at.
pub(super) fn is_never_looked_at(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    let is_tracker = TRACKERS.iter().any(|tracker| {
        host.strip_suffix(tracker)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let ends = |ext: &str| url.path().to_ascii_lowercase().ends_with(ext);
    is_tracker || ends(".svg") || ends(".ico")
}

/// Whether a picture is called an advertisement.
pub(super) fn is_advert(url: &Url, words: &str) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or("");
    let mut called = parts(name).chain(classes(words));
    called.any(|word| {
        ADVERTS
            .iter()
            .any(|advert| word.eq_ignore_ascii_case(advert))
    })
}

/// What several sizes of one picture have in common. A size that is no more than likely tells two pictures apart, since
/// one too many is a smaller loss than one too few.
pub(super) fn likeness(url: &Url) -> String {
    read(url, &mut |_| ())
}

/// The parts of a URL that say a size: what a picture does not have in common with its other sizes.
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
            // `cat-th.jpg`, of some galleries. As a folder, it is a country.
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
    // Photographs come in several formats, and a GIF moves where they do not.
    let ext = match ext.to_ascii_lowercase() {
        ext if is_picture && ext != "gif" => String::new(),
        ext => ext,
    };
    let host = without_www(&url[Position::BeforeHost..Position::AfterPort]);
    let folders = kept.join("/");
    format!("{host}{folders}/{name}?{}.{ext}", query.join("&"))
}

/// A host without the `www.` that it may have.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether a whole word says a size.
fn is_size(part: &str) -> bool {
    word(part).is_some() || is_side(part)
}

/// Whether the last word of a name says a size: with `1000w`, cameras count.
fn is_size_of_name(part: &str) -> bool {
    is_size(part) && !part.ends_with('w')
}

/// A name without the sizes at its end; not one that would be without a name.
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

/// A name without the sizes at its end.
pub(super) fn without_sizes(name: &str) -> &str {
    without_size(name, is_size_of_name, &mut |_| ())
}

/// A name without the size before it, as encyclopaedias write it: `440px-Heron`.
fn without_leading_size<'a>(name: &'a str, size: &mut dyn FnMut(&str)) -> &'a str {
    match name.split_once('-') {
        Some((first, rest)) if first.ends_with("px") && is_dimensions(first) => {
            size(first);
            rest
        }
        _ => name,
    }
}

/// Whether a word says how large the sides of a picture are. `40x` and `60w` are too small for one, and rather say what is
/// seen on it.
fn is_side(part: &str) -> bool {
    is_dimensions(part) && !(part.len() < 4 && part.ends_with(['x', 'w']))
}

/// Whether a parameter asks a server to make a picture smaller: by its name, and by a value that can be meant so.
fn resizes(name: &str, value: &str) -> bool {
    let is_number = |part: &str| {
        let digits = part.trim_end_matches("px").trim_end_matches('%');
        (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let mut parts = value.split([',', 'x', ':']);
    // Less than a favicon has is the number of a picture.
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

/// What stands between the words of a name.
const SEPARATORS: [char; 4] = ['-', '_', '.', ' '];

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(SEPARATORS)
}

/// The words of classes and ids.
fn classes(words: &str) -> impl Iterator<Item = &str> {
    words.split([' ', '-', '_'])
}

#[cfg(test)]
mod tests;
