//! The file name that a URL implies.

use percent_encoding::percent_decode_str;
use url::Url;

use super::disposition::last_component;
use super::extension::split;

/// Returns the decoded stem and extension of the last path segment. No stem if the URL ends in a folder.
pub(crate) fn from_url(url: &Url) -> (Option<String>, Option<String>) {
    let Some(segment) = url
        .path_segments()
        .and_then(|mut segments| segments.next_back())
    else {
        return (None, None);
    };
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    // A separator may have been percent-encoded; what precedes it names a folder.
    let Some(name) = last_component(&decoded) else {
        return (None, None);
    };
    let name = name.replace(char::REPLACEMENT_CHARACTER, "_");
    let (stem, ext) = split(&name);
    (Some(stem.to_owned()), ext)
}

/// Returns a key or an id in a form fit for a name: a URL becomes its last segment, else its last folder, else its
/// host.
pub(super) fn readable(key: &str) -> String {
    let Some(url) = Url::parse(key).ok().filter(Url::has_host) else {
        return key.to_owned();
    };
    let named = from_url(&url).0.or_else(|| folder(&url));
    named.unwrap_or_else(|| url.host_str().unwrap_or(key).to_owned())
}

/// Returns the last folder of the path, decoded. Unlike a file it has no extension: `v1.2` is a name.
fn folder(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?.rev();
    let segment = segments.find(|segment| !segment.is_empty())?;
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    let name = last_component(&decoded)?;
    Some(name.replace(char::REPLACEMENT_CHARACTER, "_"))
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
            ("https://example.com//", "example.com"),
            ("https://example.com/2025/v1.2/?page=3", "v1.2"),
            ("https://example.com/caf%C3%A9/", "café"),
            ("https://example.com/a%2f..%2fb/", "b"),
            ("https://example.com/a%2f../", "example.com"),
        ];
        for (key, expected) in table {
            assert_eq!(readable(key), expected);
        }
    }
}
