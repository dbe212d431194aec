//! Whether downloaded bytes are what was wanted. Pure decisions, made before a file gets its name.

use super::digest::{Hashed, Hasher, etag_md5};
use crate::model::{Digest, Error, Expect, Fingerprint, Kind, Medium};
use crate::pipeline::naming::{Content as Seen, Sniff, broken_promise};

/// The error that a placeholder stands for.
fn placeholder(fingerprint: &Fingerprint) -> Error {
    let kind = if fingerprint.blocked {
        Kind::Blocked
    } else {
        Kind::Missing
    };
    Error::new(kind, fingerprint.meaning.clone())
}

/// Recognises a placeholder before its body comes: by where the redirects ended, or by an ETag that is an MD5.
pub(super) fn before_body(
    expect: &Expect,
    path: Option<&str>,
    etag: Option<&str>,
) -> Option<Error> {
    let etag = etag.filter(|_| expect.etag_is_md5).and_then(etag_md5);
    let is_it = |fingerprint: &&Fingerprint| {
        fingerprint
            .path
            .as_deref()
            .is_some_and(|known| Some(known) == path)
            || etag
                .as_ref()
                .is_some_and(|etag| fingerprint.digests.contains(etag))
    };
    expect.placeholders.iter().find(is_it).map(placeholder)
}

/// The hint for a web page in place of a file.
const ON_PAGE: &str = "`fetch page:URL` downloads the media on it";

/// Looks at the first bytes of a file of this name. `len` is the length of the whole, once known.
pub(super) fn first_look(
    expect: &Expect,
    name: Option<&str>,
    seen: &Sniff,
    content_type: Option<&str>,
    len: Option<u64>,
) -> Option<Error> {
    let essence = content_type
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let says_page = matches!(essence.as_str(), "text/html" | "application/xhtml+xml");
    let is_page =
        seen.kind == Seen::Page || (says_page && matches!(seen.kind, Seen::Text | Seen::Unknown));
    let is_empty = seen.kind == Seen::Empty && len.is_none_or(|len| len == 0);
    let Some(medium) = expect.medium else {
        if is_page {
            let message = "the server sent a web page, not a file";
            return Some(Error::new(Kind::Unsupported, message).hint(ON_PAGE));
        }
        if is_empty && says_page {
            let message = "the server sent an empty web page, not a file";
            return Some(Error::new(Kind::Unsupported, message));
        }
        return name.and_then(|name| unlike_its_name(name, (seen, len), content_type));
    };
    let wanted = match medium {
        Medium::Image => "a picture",
        Medium::Video => "a video",
        Medium::Audio => "sound",
        _ => "a picture, video or sound",
    };
    let corrupt = |came: String| {
        Some(Error::new(
            Kind::Corrupt,
            format!("{came} came instead of {wanted}"),
        ))
    };
    match seen.kind {
        // A bare link may lead to a page that shows the media.
        _ if is_page && medium == Medium::Any => {
            corrupt("a web page".into()).map(|error| error.hint(ON_PAGE))
        }
        _ if is_page => corrupt("a web page".into()),
        Seen::Empty if is_empty => corrupt("an empty file".into()),
        Seen::Zeros => corrupt("a file of zeros".into()),
        Seen::Text => corrupt("a text".into()),
        kind if kind.can_be(medium) => None,
        _ => match &seen.ext {
            Some(ext) => corrupt(format!("a `{ext}` file")),
            None => corrupt("something else".into()),
        },
    }
}

/// Returns what is wrong with bytes that cannot be of the kind that their name promises.
fn unlike_its_name(
    name: &str,
    (seen, len): (&Sniff, Option<u64>),
    content_type: Option<&str>,
) -> Option<Error> {
    let ext = broken_promise(name, (seen.kind, len), content_type)?;
    let came = match seen.kind {
        Seen::Empty => "an empty file",
        Seen::Zeros => "a file of zeros",
        _ => "a text",
    };
    let message = format!("{came} came instead of a `{ext}` file");
    Some(Error::new(Kind::Corrupt, message))
}

/// Requests the digests that [`verify_digests`] needs, given the length of the bytes.
pub(super) fn request_digests(
    hasher: &mut Hasher,
    expect: &Expect,
    promised: &[Digest],
    etag: Option<&str>,
    len: u64,
) {
    hasher.want(&expect.digests);
    hasher.want(promised);
    hasher.want(&etag.filter(|_| expect.etag_is_md5).and_then(etag_md5));
    for fingerprint in expect
        .placeholders
        .iter()
        .filter(|fingerprint| fingerprint.size == Some(len))
    {
        hasher.want(&fingerprint.digests);
    }
}

/// Checks a complete body against fingerprints and digests.
pub(super) fn verify_digests(
    expect: &Expect,
    promised: &[Digest],
    etag: Option<&str>,
    len: u64,
    hashed: &Hashed,
) -> Result<(), Error> {
    let is_it = |fingerprint: &&Fingerprint| {
        fingerprint.size == Some(len) && fingerprint.digests.iter().any(|digest| hashed.has(digest))
    };
    if let Some(fingerprint) = expect.placeholders.iter().find(is_it) {
        return Err(placeholder(fingerprint));
    }
    let etag = etag.filter(|_| expect.etag_is_md5).and_then(etag_md5);
    let by = [
        ("the listing", &expect.digests[..]),
        ("the server", promised),
        ("the ETag", etag.as_slice()),
    ];
    for (who, digests) in by {
        if let Some(digest) = digests.iter().find(|digest| !hashed.has(digest)) {
            let name = match digest {
                Digest::Md5(_) => "MD5",
                Digest::Sha1(_) => "SHA-1",
                Digest::Sha256(_) => "SHA-256",
                Digest::Sha512(_) => "SHA-512",
            };
            return Err(Error::new(
                Kind::Corrupt,
                format!("the bytes do not have the {name} given by {who}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::naming::sniff;

    /// The head of a GIF of 2x3 pixels.
    const GIF: &[u8] = b"GIF89a\x02\x00\x03\x00\x00\x00\x00;";

    fn expect(medium: Option<Medium>) -> Expect {
        Expect {
            medium,
            ..Expect::default()
        }
    }

    #[test]
    fn non_media_are_recognised_by_their_first_bytes() {
        let page = b"<!doctype html><title>Log in</title>".as_slice();
        let table = [
            (Some(Medium::Image), GIF, None, None),
            (Some(Medium::Image), GIF, Some("text/html"), None),
            (
                Some(Medium::Image),
                page,
                Some("image/jpeg"),
                Some("a web page came instead of a picture"),
            ),
            (
                Some(Medium::Any),
                b"Not found",
                Some("text/html"),
                Some("a web page came instead of a picture, video or sound"),
            ),
            (
                Some(Medium::Image),
                b"{\"error\":1}",
                None,
                Some("a text came instead of a picture"),
            ),
            (
                Some(Medium::Image),
                b"",
                None,
                Some("an empty file came instead of a picture"),
            ),
            (
                Some(Medium::Image),
                &[0; 99],
                None,
                Some("a file of zeros came instead of a picture"),
            ),
            (
                Some(Medium::Video),
                GIF,
                None,
                Some("a `gif` file came instead of a video"),
            ),
            (
                Some(Medium::Image),
                b"%PDF-1.7\n",
                None,
                Some("a `pdf` file came instead of a picture"),
            ),
            (
                None,
                page,
                None,
                Some("the server sent a web page, not a file"),
            ),
            (None, b"plain", Some("text/plain"), None),
            (None, b"", None, None),
            (
                None,
                b"",
                Some("text/html; charset=utf-8"),
                Some("the server sent an empty web page, not a file"),
            ),
            (None, &[0; 99], None, None),
        ];
        for (medium, bytes, content_type, expected) in table {
            let error = first_look(
                &expect(medium),
                None,
                &sniff(bytes),
                content_type,
                Some(bytes.len() as u64),
            );
            assert_eq!(
                error.map(|error| error.to_string()).as_deref(),
                expected,
                "{medium:?} {bytes:?}"
            );
        }
    }

    #[test]
    fn content_that_contradicts_its_name_is_recognised() {
        let table: [(&str, &[u8], Option<&str>); 4] = [
            (
                "a.pdf",
                b"File not found.",
                Some("a text came instead of a `pdf` file"),
            ),
            (
                "a.zip",
                b"",
                Some("an empty file came instead of a `zip` file"),
            ),
            (
                "a.7z",
                &[0; 99],
                Some("a file of zeros came instead of a `7z` file"),
            ),
            ("a.txt", b"File not found.", None),
        ];
        for (name, bytes, expected) in table {
            let error = first_look(&expect(None), Some(name), &sniff(bytes), None, None);
            let told = error.map(|error| (error.kind, error.to_string()));
            let expected = expected.map(|told| (Kind::Corrupt, told.to_owned()));
            assert_eq!(told, expected, "{name}");
        }
    }

    #[test]
    fn placeholders_are_recognised_by_each_fingerprint() {
        let md5 = "d835884373f4d6c8f24742ceabe74946";
        let removed = Fingerprint {
            meaning: "removed".into(),
            path: Some("/removed.png".into()),
            size: Some(503),
            digests: vec![Digest::Md5(md5.into())],
            ..Fingerprint::default()
        };
        let expect = Expect {
            placeholders: [removed].into(),
            etag_is_md5: true,
            ..Expect::default()
        };
        let etag = format!("\"{md5}\"");
        assert!(before_body(&expect, Some("/removed.png"), None).is_some());
        assert!(before_body(&expect, Some("/abc.png"), Some(&etag)).is_some());
        assert!(before_body(&expect, Some("/abc.png"), Some("\"x\"")).is_none());
        assert!(before_body(&expect, None, None).is_none());
    }

    #[test]
    fn digests_that_disagree_are_named_with_who_named_them() {
        let mut hasher = Hasher::default();
        let empty = Digest::Md5("d41d8cd98f00b204e9800998ecf8427e".into());
        let other = Digest::Md5("00000000000000000000000000000000".into());
        hasher.want([&empty]);
        let hashed = hasher.finish();
        let listing = |digest: &Digest| Expect {
            digests: vec![digest.clone()],
            ..Expect::default()
        };
        assert!(
            verify_digests(
                &listing(&empty),
                std::slice::from_ref(&empty),
                None,
                0,
                &hashed
            )
            .is_ok()
        );
        let error = verify_digests(&listing(&other), &[], None, 0, &hashed).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the bytes do not have the MD5 given by the listing"
        );
        let error = verify_digests(&Expect::default(), &[other], None, 0, &hashed).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the bytes do not have the MD5 given by the server"
        );
    }
}
