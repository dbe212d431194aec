//! Translates between our identities and the archive entries of other programs.

use url::Url;

use crate::pipeline::archive::{Identity, Known};

/// A program whose archive can be read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// gallery-dl writes the name of its extractor, directly followed by that extractor's identifier of the item.
    GalleryDl,
    /// yt-dlp writes the name of its extractor, a space, and the identifier of the item.
    YtDlp,
}

/// All identities that an entry may mean, or none if it is from an unknown source or too vague.
pub(super) fn read(peer: Peer, entry: &str) -> Vec<Identity> {
    if entry.contains(char::is_control) {
        return Vec::new();
    }
    match peer {
        Peer::YtDlp => match entry.split_once(' ') {
            // The identifiers of `generic` are only file names, which many items share.
            None | Some(("generic" | "", _) | (_, "")) => Vec::new(),
            // A line of an unrelated text may look like an entry.
            Some((extractor, _)) if !extractor.bytes().all(is_of_name) => Vec::new(),
            Some((extractor, key)) => {
                let own = extractor == "imgur" && is_id(key);
                let own = own.then(|| identity("imgur", key));
                // The identity if yt-dlp itself is asked for the item.
                let asked = identity("ytdlp", entry);
                own.into_iter().chain([asked]).collect()
            }
        },
        Peer::GalleryDl => {
            let asked = (!entry.is_empty()).then(|| identity("gallerydl", entry));
            let mut all = of_gallerydl(entry);
            all.extend(asked);
            all
        }
    }
}

/// Whether this line is an entry of yt-dlp: the name of an extractor and an identifier, which contains no space unless it is a
/// file name.
pub(super) fn is_ytdlp_entry(line: &str) -> bool {
    match line.split_once(' ') {
        Some(("", _) | (_, "")) | None => false,
        Some(_) if line.contains(char::is_control) => false,
        Some(("generic", _)) => true,
        Some((extractor, key)) => extractor.bytes().all(is_of_name) && !key.contains(' '),
    }
}

/// The identities of a gallery-dl entry in sources that do not use gallery-dl.
fn of_gallerydl(entry: &str) -> Vec<Identity> {
    if let Some(rest) = entry.strip_prefix("imgur") {
        // Either `image` or `album_image`.
        let mut parts = rest.rsplit('_');
        let key = parts.next().unwrap_or("");
        let is_one = match (parts.next(), parts.next()) {
            (None, _) => true,
            (Some(album), None) => is_id(album),
            _ => false,
        };
        let own = (is_one && is_id(key)).then(|| identity("imgur", key));
        return own.into_iter().collect();
    }
    let Some(place) = entry.strip_prefix("directlink") else {
        return Vec::new();
    };
    // The entry lacks the scheme, so either may be meant.
    let urls = ["https", "http"].map(|scheme| direct(scheme, place));
    let urls = urls.into_iter().flatten();
    urls.map(|url| identity("direct", url.as_str())).collect()
}

/// All entries of another program that mean an item, or none.
pub(super) fn write(peer: Peer, known: &Known) -> Vec<String> {
    let Identity { source, key } = &known.identity;
    match (peer, source.as_str()) {
        (Peer::YtDlp, "imgur") => vec![format!("imgur {key}")],
        (Peer::GalleryDl, "imgur") => {
            let mut entries = vec![format!("imgur{key}")];
            let album = known.link.as_deref().and_then(album);
            entries.extend(album.map(|album| format!("imgur{album}_{key}")));
            entries
        }
        (Peer::GalleryDl, "direct") => directlink(key).into_iter().collect(),
        // Not the audio track of a video, nor an item identified by its URL: yt-dlp has entries for neither.
        (Peer::YtDlp, "ytdlp") if key.split(' ').count() == 2 && !key.starts_with("page ") => {
            vec![key.clone()]
        }
        (Peer::GalleryDl, "gallerydl") if !key.contains("://") => vec![key.clone()],
        _ => Vec::new(),
    }
}

fn identity(source: &str, key: &str) -> Identity {
    Identity {
        source: source.to_owned(),
        key: key.to_owned(),
    }
}

/// Whether this character can occur in the name of an extractor, which is in lower case.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":._-".contains(&byte)
}

fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The URL of `host/folders/name.ext`, which is not escaped. Without folders, two slashes follow the host.
fn direct(scheme: &str, place: &str) -> Option<Url> {
    let (host, path) = place.split_once('/')?;
    let (folders, name) = path.rsplit_once('/')?;
    let mut url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
    // A user name and a password are not part of an identity.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let separator = if folders.is_empty() { "" } else { "/" };
    let path = format!("{folders}{separator}{name}");
    url.set_path(&path.replace('%', "%25"));
    Some(url)
}

/// The gallery-dl entry of a URL, if the URL ends with a file extension and has no query.
fn directlink(key: &str) -> Option<String> {
    let url = Url::parse(key).ok().filter(|url| url.query().is_none())?;
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let path = percent_encoding::percent_decode_str(url.path().strip_prefix('/')?);
    let path = path.decode_utf8().ok()?;
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (stem, ext) = name.rsplit_once('.')?;
    let ext = ext.to_lowercase();
    Some(format!("directlink{host}/{folders}/{stem}.{ext}"))
}

/// The album id in an Imgur link.
fn album(link: &str) -> Option<&str> {
    let (_, rest) = link.split_once("imgur.com/a/")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A title may precede it.
    rest[..end].rsplit('-').next().filter(|id| is_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::archive::ItemStatus;

    fn known(source: &str, key: &str, link: Option<&str>) -> Known {
        Known {
            id: 1,
            identity: identity(source, key),
            record: None,
            saved: None,
            status: ItemStatus::Saved,
            failure: None,
            failed: None,
            link: link.map(str::to_owned),
            run: None,
        }
    }

    #[test]
    fn reads_what_others_call_our_items() {
        let (gallery, tube) = (Peer::GalleryDl, Peer::YtDlp);
        let table = [
            (
                gallery,
                "imgurabc1234",
                "imgur:abc1234 gallerydl:imgurabc1234",
            ),
            (
                gallery,
                "imgurq6i58_abc1234",
                "imgur:abc1234 gallerydl:imgurq6i58_abc1234",
            ),
            (gallery, "imgur", "gallerydl:imgur"),
            (gallery, "imgura_b_c", "gallerydl:imgura_b_c"),
            (gallery, "imgur_abc", "gallerydl:imgur_abc"),
            (gallery, "imgurabc/../x", "gallerydl:imgurabc/../x"),
            (gallery, "twitter1\n2", ""),
            (gallery, "twitter123_1", "gallerydl:twitter123_1"),
            (
                gallery,
                "directlinkx.org:80/a b/50%/cat#1.jpg",
                "direct:https://x.org:80/a%20b/50%25/cat%231.jpg direct:http://x.org/a%20b/50%25/cat%231.jpg \
                 gallerydl:directlinkx.org:80/a b/50%/cat#1.jpg",
            ),
            (
                gallery,
                "directlinkme:secret@x.org//cat.jpg",
                "direct:https://x.org/cat.jpg direct:http://x.org/cat.jpg gallerydl:directlinkme:secret@x.org//cat.jpg",
            ),
            (gallery, "directlinkx.org", "gallerydl:directlinkx.org"),
            (gallery, "directlink", "gallerydl:directlink"),
            (gallery, "", ""),
            (tube, "imgur A61SaA1", "imgur:A61SaA1 ytdlp:imgur A61SaA1"),
            (tube, "imgur A61SaA1 more", "ytdlp:imgur A61SaA1 more"),
            (tube, "imgurA61SaA1", ""),
            (tube, "youtube BaW_jenozKc", "ytdlp:youtube BaW_jenozKc"),
            (tube, "generic cat", ""),
            (tube, "print(a, b)", ""),
            (tube, "Dear reader,", ""),
        ];
        for (peer, entry, expected) in table {
            let found = read(peer, entry);
            let found: Vec<_> = found
                .iter()
                .map(|one| format!("{}:{}", one.source, one.key))
                .collect();
            assert_eq!(found.join(" "), expected, "{entry}");
        }
    }

    #[test]
    fn an_entry_is_a_name_and_an_identifier() {
        let table = [
            ("youtube BaW_jenozKc", true),
            ("bbc.co.uk:article a-b", true),
            ("generic two cats", true),
            ("youtube", false),
            ("youtube ", false),
            ("youtube a\u{1b}b", false),
            ("and so on", false),
            ("Dear reader", false),
            ("root:x:0:0:root:/root:/bin/bash", false),
            ("https://imgur.com/a/q6i58", false),
            ("", false),
        ];
        for (line, expected) in table {
            assert_eq!(is_ytdlp_entry(line), expected, "{line}");
        }
    }

    #[test]
    fn calls_our_items_as_others_do() {
        let (gallery, tube) = (Peer::GalleryDl, Peer::YtDlp);
        let album = Some("https://imgur.com/a/two-cats-q6i58");
        let table = [
            (gallery, known("imgur", "abc", None), "imgurabc"),
            (
                gallery,
                known("imgur", "abc", album),
                "imgurabc imgurq6i58_abc",
            ),
            (tube, known("imgur", "abc", album), "imgur abc"),
            (
                gallery,
                known("direct", "http://x.org:8080/a%20b/cat.JPG", None),
                "directlinkx.org:8080/a b/cat.jpg",
            ),
            (
                gallery,
                known("direct", "https://x.org/cat.jpg", None),
                "directlinkx.org//cat.jpg",
            ),
            (
                gallery,
                known("direct", "https://x.org/cat.jpg?w=3", None),
                "",
            ),
            (gallery, known("direct", "https://x.org/cat", None), ""),
            (tube, known("direct", "https://x.org/cat.mp4", None), ""),
            (tube, known("ytdlp", "cats x", None), "cats x"),
            (tube, known("ytdlp", "cats x audio", None), ""),
            (tube, known("ytdlp", "page https://x.org/", None), ""),
            (gallery, known("ytdlp", "cats x", None), ""),
            (gallery, known("gallerydl", "cats7_a b", None), "cats7_a b"),
            (
                gallery,
                known("gallerydl", "cats https://x.org/a", None),
                "",
            ),
            (gallery, known("mine", "abc", None), ""),
        ];
        for (peer, known, expected) in table {
            assert_eq!(write(peer, &known).join(" "), expected, "{known:?}");
        }
    }
}
