//! The extension of a file: from its bytes, its declared type, and the name it was listed under.

use file_format::FileFormat;

use super::sniff::{Content, Sniff};
use super::types::{CONTAINERS, LONG, PROGRAMS, SCRIPTS, declared, is_medium, same_type};
use crate::source::TAR_COMPRESSIONS;

/// Returns the extension for a file with these first bytes, this Content-Type, and this extension in the URL or the
/// listing.
///
/// If the bytes are an image, video or audio, they decide, so no server can turn a picture into a program. Next comes a
/// specific Content-Type, then the extension in the name. Where two of them mean the same type, the spelling in the
/// name stays: `jpeg`, `tgz`, `docx`. A name explicitly without extension (an empty one) stays so unless the bytes are
/// such a medium.
pub(crate) fn extension(
    sniff: &Sniff,
    content_type: Option<&str>,
    named: Option<&str>,
) -> Option<String> {
    let has_none = named == Some("");
    let named = named.and_then(usable);
    let named = named.as_deref();
    if let Some(found) = sniff.ext.as_deref().filter(|_| sniff.kind.is_medium()) {
        let kept = named.filter(|named| same_type(found, named));
        return Some(kept.unwrap_or(found).to_owned());
    }
    // `Makefile` is what its name says.
    if has_none {
        return None;
    }
    // Only the name can make a file a program: neither its bytes nor a Content-Type that the bytes do not confirm can.
    let found = sniff.ext.as_deref().filter(|ext| !PROGRAMS.contains(ext));
    let runs = |ext: &str| PROGRAMS.contains(&ext) && sniff.kind == Content::Unknown;
    // Bytes that are certainly not a medium disprove a type or name that claims one.
    let lies = |ext: &str| {
        is_medium(ext)
            && found.is_some_and(|found| !same_type(found, ext))
            && sniff.kind != Content::Text
    };
    let declared = content_type
        .and_then(declared)
        .filter(|ext| !lies(ext) && !runs(ext));
    let named = named.filter(|ext| !lies(ext));
    let weak = named.filter(|named| SCRIPTS.contains(named));
    let strong = named.filter(|_| weak.is_none());
    if let (Some(named), Some(declared)) = (strong, declared) {
        let keeps = is_medium(named) && PROGRAMS.contains(&declared)
            || same_type(declared, named)
            || CONTAINERS.contains(&declared) && !is_medium(named) && !same_type("html", named);
        return Some(if keeps { named } else { declared }.to_owned());
    }
    // Plain text is what the bytes look like when nothing more specific is recognised.
    let telling = found.filter(|&found| found != "txt");
    let order = [declared, strong, telling, weak, found];
    order.into_iter().flatten().next().map(str::to_owned)
}

/// Splits a file name into stem and extension, if what follows the last dot is one: `a.tar.gz` splits at `tar.gz`.
pub(crate) fn split(name: &str) -> (&str, Option<String>) {
    let Some((stem, ext)) = name.rsplit_once('.') else {
        return (name, None);
    };
    let Some(ext) =
        usable(ext).filter(|ext| plausible(ext) && !stem.trim_start_matches('.').is_empty())
    else {
        return (name, None);
    };
    match stem.rsplit_once('.') {
        Some((stem, inner))
            if inner.eq_ignore_ascii_case("tar")
                && TAR_COMPRESSIONS.contains(&ext.as_str())
                && !stem.is_empty() =>
        {
            (stem, Some(format!("tar.{ext}")))
        }
        _ => (stem, Some(ext)),
    }
}

/// Returns an extension as it may appear in a name: lower case, letters and digits, at most ten of them.
pub(crate) fn usable(ext: &str) -> Option<String> {
    let ext = ext.trim_start_matches('.').to_ascii_lowercase();
    let last = match ext.split_once('.') {
        Some(("tar", packed)) => packed,
        _ => &ext,
    };
    let fits =
        (1..=10).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(ext)
}

/// Checks whether what follows a dot is an extension, and not the end of `Mr.Smith` or `v1.2`.
fn plausible(ext: &str) -> bool {
    ext.bytes().any(|byte| byte.is_ascii_alphabetic())
        && (ext.len() <= 4 || LONG.contains(&ext) || !FileFormat::from_extension(ext).is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::sniff::sniff;
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01";
    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\0";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0";
    const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    const NOISE: &[u8] = b"\xde\xad\xbe\xef\x01\x02\x03";
    const PAGE: &[u8] = b"<!doctype html><title>x</title>";
    const PROGRAM: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

    #[test]
    fn the_extension_follows_bytes_then_type_then_name() {
        let table: &[(&[u8], &str, &str, &str)] = &[
            // Bytes that identify a medium.
            (JPEG, "image/jpeg", "jpg", "jpg"),
            (JPEG, "image/jpeg", "JPEG", "jpeg"),
            (JPEG, "", "jfif", "jfif"),
            (JPEG, "image/png", "png", "jpg"),
            (JPEG, "application/x-msdownload", "exe", "jpg"),
            (JPEG, "text/html", "php", "jpg"),
            (JPEG, "", "", "jpg"),
            (b"GIF89a\x01\0\x01\0", "video/mp4", "mp4", "gif"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm\0", "", "mkv", "mkv"),
            (b"II*\0\x08\0\0\0\0", "image/tiff", "nef", "nef"),
            (b"ID3\x03\0\0\0\0\0\0\0", "audio/mpeg", "", "mp3"),
            // Specific types, where the bytes say nothing.
            (NOISE, "image/png", "", "png"),
            (NOISE, "image/png; charset=binary", "bin", "png"),
            (NOISE, "audio/mpeg", "mpga", "mpga"),
            (NOISE, "audio/mpeg", "", "mp3"),
            (NOISE, "video/quicktime", "", "mov"),
            (NOISE, "audio/ogg", "", "ogg"),
            (NOISE, "video/mpeg", "", "mpg"),
            (NOISE, "IMAGE/JPEG", "", "jpg"),
            (NOISE, "image/jpg", "", "jpg"),
            (NOISE, "audio/mp4", "", "m4a"),
            (NOISE, "video/x-matroska", "", "mkv"),
            (NOISE, "application/x-msdownload", "jpg", "jpg"),
            (PDF, "application/pdf", "php", "pdf"),
            (PAGE, "text/html", "htm", "htm"),
            (PAGE, "text/html", "php", "html"),
            (b"a plain text", "text/html", "aspx", "html"),
            (b"a,b\n1,2\n", "text/csv", "php", "csv"),
            // Types that say nothing.
            (NOISE, "application/octet-stream", "blend", "blend"),
            (NOISE, "application/force-download", "xyz", "xyz"),
            (NOISE, "binary/octet-stream", "", ""),
            (NOISE, "nonsense", "dat", "dat"),
            (NOISE, "", "q!", ""),
            (NOISE, "", "abcdefghijk", ""),
            (b"some text", "text/plain", "md", "md"),
            (b"some text", "text/plain", "", "txt"),
            (b"fn main() {}", "text/plain", "rs", "rs"),
            (PAGE, "text/plain", "txt", "txt"),
            (PDF, "application/octet-stream", "", "pdf"),
            (PDF, "application/octet-stream", "php", "pdf"),
            (NOISE, "application/octet-stream", "cgi", "cgi"),
            // Container types that hold many formats.
            (ZIP, "application/zip", "docx", "docx"),
            (ZIP, "application/zip", "cbz", "cbz"),
            (ZIP, "application/zip", "", "zip"),
            (ZIP, "application/epub+zip", "", "epub"),
            (ZIP, "application/octet-stream", "epub", "epub"),
            (GZIP, "application/gzip", "tar.gz", "tar.gz"),
            (GZIP, "application/x-gzip", "tgz", "tgz"),
            (GZIP, "image/svg+xml", "svgz", "svgz"),
            (GZIP, "image/svg+xml", "svg", "gz"),
            (GZIP, "", "TAR.GZ", "tar.gz"),
            (GZIP, "application/gzip", "", "gz"),
            (NOISE, "application/x-tar", "tgz", "tgz"),
            (b"{\"type\": 1}", "application/json", "geojson", "geojson"),
            (
                b"<?xml version=\"1.0\"?><gpx>",
                "application/xml",
                "gpx",
                "gpx",
            ),
            (b"<?xml version=\"1.0\"?><gpx>", "text/xml", "", "xml"),
            (b"{\"type\": 1}", "", "", "json"),
            // False claims of media.
            (PAGE, "image/jpeg", "jpg", "html"),
            (ZIP, "image/jpeg", "jpg", "zip"),
            (PDF, "", "png", "pdf"),
            // Programs.
            (PROGRAM, "image/jpeg", "jpg", "jpg"),
            (PROGRAM, "image/jpeg", "", "jpg"),
            (PROGRAM, "application/octet-stream", "", ""),
            (PROGRAM, "application/x-msdownload", "", "exe"),
            (PROGRAM, "application/x-msdownload", "jpg", "jpg"),
            (PROGRAM, "application/octet-stream", "exe", "exe"),
            (NOISE, "application/x-msdownload", "", ""),
        ];
        for (bytes, content_type, named, expected) in table {
            let given = |text: &'static str| Some(text).filter(|text| !text.is_empty());
            let ext = extension(&sniff(bytes), given(content_type), given(named));
            assert_eq!(
                ext.as_deref(),
                given(expected),
                "{} {content_type} {named}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn names_are_split_at_their_extension() {
        let table = [
            ("cat.jpg", "cat", Some("jpg")),
            ("Cat.JPEG", "Cat", Some("jpeg")),
            ("a.tar.gz", "a", Some("tar.gz")),
            ("a.b.gz", "a.b", Some("gz")),
            ("tar.gz", "tar", Some("gz")),
            ("a.7z", "a", Some("7z")),
            ("a.mp4", "a", Some("mp4")),
            ("notes.ipynb", "notes", Some("ipynb")),
            ("file.torrent", "file", Some("torrent")),
            ("v1.2", "v1.2", None),
            ("Mr.Smith", "Mr.Smith", None),
            ("a.b c", "a.b c", None),
            ("a.", "a.", None),
            (".jpg", ".jpg", None),
            ("..jpg", "..jpg", None),
            ("none", "none", None),
            ("", "", None),
        ];
        for (name, stem, ext) in table {
            assert_eq!(split(name), (stem, ext.map(str::to_owned)), "{name}");
        }
    }
}
