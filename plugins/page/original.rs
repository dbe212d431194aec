//! The originals of pictures on resizing servers, as far as addresses reveal them.

use fetch::model::Medium;
use fetch::source::{url_medium, url_name};
use url::Url;

use super::frontier::is_same_host;
use super::media_url::without_sizes;

/// Hosts with the size in a folder of its own: `/w640-h480-p/cat.jpg`.
const SIZED: [&str; 2] = [".bp.blogspot.com", ".googleusercontent.com"];
/// Common words in the names of pictures.
const COMMON: [&str; 32] = [
    "background",
    "banner",
    "card",
    "cover",
    "default",
    "download",
    "facebook",
    "feature",
    "featured",
    "header",
    "hero",
    "hqdefault",
    "image",
    "img",
    "index",
    "large",
    "logo",
    "main",
    "maxresdefault",
    "og",
    "opengraph",
    "original",
    "photo",
    "pic",
    "picture",
    "poster",
    "preview",
    "share",
    "social",
    "thumb",
    "thumbnail",
    "twitter",
];

/// Returns the original of a picture, if its host includes that in the address of a resized copy. Wix does, and shows
/// only a blurred copy until its scripts run.
pub(super) fn original(url: &Url) -> Option<Url> {
    let (file, _) = url.path().split_once("/v1/")?;
    let is_of_wix = url.host_str() == Some("static.wixstatic.com") && file.starts_with("/media/");
    is_of_wix.then(|| url.join(file).ok())?
}

/// Returns the size that a folder gives for its content, depending on the folder before: `w2000` below `size`, as in
/// Ghost, or `s1600`, as in Blogger.
pub(super) fn side<'a>(url: &Url, before: Option<&str>, folder: &'a str) -> Option<&'a str> {
    let host = url.host_str().unwrap_or("");
    let says_size = before == Some("size") || SIZED.iter().any(|known| host.ends_with(known));
    let (first, rest) = folder.split_once('-').unwrap_or((folder, ""));
    let digits = first.strip_prefix(['w', 'h', 's'])?;
    let is_side = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let is_rest = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (says_size && is_side && is_rest).then_some(digits)
}

/// Checks whether a picture was made from another, by Ghost's naming: `/images/size/w600/cat.jpg` from
/// `/images/cat.jpg`.
pub(super) fn is_made_of(made: &Url, original: &Url) -> bool {
    let path = || {
        let (before, sized) = made.path().split_once("/size/")?;
        let (folder, name) = sized.split_once('/')?;
        side(made, Some("size"), folder)?;
        let name = name.strip_prefix("format/webp/").unwrap_or(name);
        Some(format!("{before}/{name}"))
    };
    is_same_host(made, original) && path().is_some_and(|path| path == original.path())
}

/// Returns the address of a picture at the end of another one, as used by proxies that resize pictures.
pub(super) fn within(url: &Url) -> Option<Url> {
    let (name, ext) = url_name(url);
    let inner = format!("{}.{}", name?, ext?);
    let inner = Url::parse(&inner).ok()?;
    (inner.has_host() && url_medium(&inner) == Some(Medium::Image)).then_some(inner)
}

/// Returns what all versions of a picture made by a server have in common: the path of the file itself, if visible, and
/// its name, if no other picture of a page is likely to have it.
pub(super) fn shared_keys(url: &Url) -> impl Iterator<Item = String> {
    let inner = within(url);
    let url = inner.as_ref().unwrap_or(url);
    let path = url.path();
    let ends = path.match_indices('/').skip(1).map(|(end, _)| end);
    let files = ends.chain([path.len()]).filter_map(|end| {
        let file = url.join(&path[..end]).ok()?;
        (url_medium(&file) == Some(Medium::Image)).then_some(file)
    });
    let file = files.last();
    let place = file.as_ref().map(place);
    let name = file.and_then(|file| url_name(&file).0);
    let name = name.map(|name| without_sizes(&name).to_lowercase());
    place
        .into_iter()
        .chain(name.filter(|name| is_telling(name)))
}

/// Returns the path of a file without Drupal's image style: `/files/styles/wide/public/cat.jpg`.
fn place(file: &Url) -> String {
    let path = file.path();
    let made = path.split_once("/styles/").and_then(|(before, style)| {
        let mut parts = style.splitn(3, '/').skip(1);
        let is_public = matches!(parts.next(), Some("public" | "private"));
        let rest = parts.next().filter(|_| is_public)?;
        Some(format!("{before}/{rest}"))
    });
    let host = file.host_str().unwrap_or("");
    format!("{host}{}", made.as_deref().unwrap_or(path))
}

fn is_telling(name: &str) -> bool {
    let is_common = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        word.is_empty() || COMMON.contains(&word)
    };
    let least = match name.contains(|c: char| c.is_ascii_digit()) {
        true => 5,
        false => 8,
    };
    name.chars().count() >= least && !name.split(['-', '_', '.', ' ']).all(is_common)
}
