//! The name that a URL gives to what it points at.

use percent_encoding::percent_decode_str;
use url::Url;

use super::disposition::last_component;
use super::extension::split;

/// Stem and extension of the last segment of the path, decoded. No stem if the URL ends in a folder.
pub(crate) fn from_url(url: &Url) -> (Option<String>, Option<String>) {
    let Some(segment) = url
        .path_segments()
        .and_then(|mut segments| segments.next_back())
    else {
        return (None, None);
    };
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    // A separator may have been encoded; what stood before it names a folder.
    let Some(name) = last_component(&decoded) else {
        return (None, None);
    };
    let name = name.replace(char::REPLACEMENT_CHARACTER, "_");
    let (stem, ext) = split(&name);
    (Some(stem.to_owned()), ext)
}

/// A key or an id as it reads in a name: that of a URL is its last segment, or its host.
pub(super) fn readable(key: &str) -> String {
    match Url::parse(key).ok().filter(Url::has_host) {
        None => key.to_owned(),
        Some(url) => match (from_url(&url).0, url.host_str()) {
            (Some(stem), _) => stem,
            (None, host) => host.unwrap_or(key).to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_last_segment() {
        let table = [
            ("https://example.com/a/cat.jpg", Some("cat"), Some("jpg")),
            (
                "https://example.com/cat.jpg?size=large.png#x.gif",
                Some("cat"),
                Some("jpg"),
            ),
            ("https://example.com/cat", Some("cat"), None),
            (
                "https://example.com/goat.tar.gz?hat=yes",
                Some("goat"),
                Some("tar.gz"),
            ),
            (
                "https://example.com/two%20words.JPG",
                Some("two words"),
                Some("jpg"),
            ),
            ("https://example.com/%E5%B2%A1.txt", Some("岡"), Some("txt")),
            (
                "https://example.com/na%EFve.jpg",
                Some("na_ve"),
                Some("jpg"),
            ),
            ("https://example.com/a%2f..%2fb.jpg", Some("b"), Some("jpg")),
            ("https://example.com/a%5Cb.jpg", Some("b"), Some("jpg")),
            ("https://example.com/.test", Some(".test"), None),
            ("https://example.com/a/", None, None),
            ("https://example.com/%2e%2e", None, None),
            ("https://example.com", None, None),
            ("mailto:somebody", None, None),
        ];
        for (url, stem, ext) in table {
            let expected = (stem.map(str::to_owned), ext.map(str::to_owned));
            assert_eq!(from_url(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn reads_keys() {
        let table = [
            ("q6i58", "q6i58"),
            ("album:7", "album:7"),
            ("https://example.com/a/cat.jpg", "cat"),
            ("https://example.com/", "example.com"),
        ];
        for (key, expected) in table {
            assert_eq!(readable(key), expected);
        }
    }
}
