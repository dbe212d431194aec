//! What a URL alone says about a file.

use url::Url;

use crate::model::Medium;
use crate::net::Redacted;

const IMAGES: [&str; 17] = [
    "apng", "avif", "bmp", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl",
    "png", "svg", "tif", "tiff", "webp",
];
// Not `ts`, which is TypeScript just as often.
const VIDEOS: [&str; 16] = [
    "3g2", "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "ogm",
    "ogv", "webm", "wmv",
];
const SOUNDS: [&str; 13] = [
    "aac", "aif", "aiff", "flac", "m4a", "m4b", "mka", "mp3", "oga", "ogg", "opus", "wav", "wma",
];

/// The extensions of compression formats for a `.tar`.
pub(crate) const TAR_COMPRESSIONS: [&str; 9] =
    ["gz", "bz2", "xz", "zst", "lz", "lz4", "lzma", "br", "z"];

/// Returns the name and extension in the last segment of a path, decoded. Either may be missing. `v1.2` has no extension;
/// that of `film.7z.001`, one volume of several, is `001`, and `tar.gz` is one extension.
pub fn url_name(url: &Url) -> (Option<String>, Option<String>) {
    let last = url.path().rsplit('/').next().unwrap_or("");
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    let is_volume = |ext: &str| ext.len() == 3 && ext.starts_with('0');
    let is_ext = |ext: &str| {
        (1..=10).contains(&ext.len())
            && ext.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && (is_volume(ext) || ext.bytes().any(|byte| byte.is_ascii_alphabetic()))
    };
    let is_packed = |inner: &str, ext: &str| {
        inner.eq_ignore_ascii_case("tar") && TAR_COMPRESSIONS.contains(&&*ext.to_ascii_lowercase())
    };
    match last.rsplit_once('.') {
        Some((name, ext)) if !name.is_empty() && is_ext(ext) => match name.rsplit_once('.') {
            Some((bare, inner)) if !bare.is_empty() && is_packed(inner, ext) => {
                (Some(bare.to_owned()), Some(format!("{inner}.{ext}")))
            }
            _ => (Some(name.to_owned()), Some(ext.to_owned())),
        },
        _ => ((!last.is_empty()).then(|| last.into_owned()), None),
    }
}

/// Returns the kind of medium that the extension in a URL promises.
pub fn url_medium(url: &Url) -> Option<Medium> {
    let (name, ext) = url_name(url);
    let ext = ext?.to_ascii_lowercase();
    // On wikis, `File:cat.jpg` is a page about a picture.
    let is_word = |start: &str| {
        start
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '_' | ' '))
    };
    if name.is_some_and(|name| {
        name.split_once(':')
            .is_some_and(|(start, _)| is_word(start))
    }) {
        return None;
    }
    let is_one = |known: &[&str]| known.contains(&ext.as_str());
    match () {
        () if is_one(&IMAGES) => Some(Medium::Image),
        () if is_one(&VIDEOS) => Some(Medium::Video),
        () if is_one(&SOUNDS) => Some(Medium::Audio),
        () => None,
    }
}

/// Returns the identity of a file of which only the URL is known: the URL without its credentials. A password is left out,
/// since another one leads to the same file; secret values in the query are distinguished by a digest, since some of them
/// select the file. The fragment does not count.
pub fn url_key(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_fragment(None);
    // A URL without a host has no user, so neither call can fail here.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    let shown = Redacted(&plain).to_string();
    if shown == plain.as_str() {
        return shown;
    }
    let digest = blake3::hash(plain.as_str().as_bytes()).to_hex();
    format!("{shown} {}", &digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_about_a_picture_is_no_picture() {
        let medium = |url: &str| url_medium(&Url::parse(url).unwrap());
        assert_eq!(medium("https://x.org/wiki/File:Cat.jpg"), None);
        assert_eq!(medium("https://x.org/cat.JPG?x=1"), Some(Medium::Image));
        assert_eq!(medium("https://x.org/cat"), None);
        assert_eq!(medium("https://x.org/wiki/Datei_Diskussion:1.jpg"), None);
        assert_eq!(medium("https://x.org/%D0%A4%D0%B0%D0%B9%D0%BB:1.jpg"), None);
        let taken = medium("https://x.org/cam_2024-05-03_12:30:05.jpg");
        assert_eq!(taken, Some(Medium::Image));
        assert_eq!(medium("https://x.org/1:2.png"), Some(Medium::Image));
    }

    #[test]
    fn media_are_known_by_the_extensions_that_are_in_use() {
        let table = [
            (Medium::Image, "apng jp2 JPG heic heif"),
            (Medium::Video, "3gp m2ts mpe mpeg ogm MP4"),
            (Medium::Audio, "aif aiff m4b mka wma mp3"),
        ];
        for (expected, exts) in table {
            for ext in exts.split(' ') {
                let url = Url::parse(&format!("https://x.org/a.{ext}")).unwrap();
                assert_eq!(url_medium(&url), Some(expected), "{ext}");
            }
        }
        // This is more often TypeScript.
        let code = Url::parse("https://x.org/src/main.ts").unwrap();
        assert_eq!(url_medium(&code), None);
    }

    #[test]
    fn a_number_at_the_end_of_a_name_is_no_extension() {
        let table = [
            ("cat.JPG", Some("cat"), Some("JPG")),
            ("v1.2", Some("v1.2"), None),
            ("2024.11.30", Some("2024.11.30"), None),
            ("film.7z.001", Some("film.7z"), Some("001")),
            ("film.mp4", Some("film"), Some("mp4")),
            ("cats.tar.gz", Some("cats"), Some("tar.gz")),
            ("v1.2.TAR.XZ", Some("v1.2"), Some("TAR.XZ")),
            ("dump.sql.gz", Some("dump.sql"), Some("gz")),
            (".tar.gz", Some(".tar"), Some("gz")),
            (".hidden", Some(".hidden"), None),
            ("", None, None),
        ];
        for (last, name, ext) in table {
            let url = Url::parse(&format!("https://x.org/{last}")).unwrap();
            let found = url_name(&url);
            assert_eq!(
                (found.0.as_deref(), found.1.as_deref()),
                (name, ext),
                "{last}"
            );
        }
    }

    #[test]
    fn a_key_holds_no_secret_and_still_tells_files_apart() {
        let key = |url: &str| url_key(&Url::parse(url).unwrap());
        let (one, two) = (
            key("https://x.org/a?key=1st"),
            key("https://x.org/a?key=2nd"),
        );
        assert!(one.starts_with("https://x.org/a?key=*** ") && !one.contains("1st"));
        assert_ne!(one, two);
    }
}
