//! What a file name promises about the bytes.

use super::address::from_url;
use super::extension::split;
use super::fields::named_ext;
use super::sniff::{Content, HEAD};
use super::types::{declared, same_type};
use crate::model::{Body, Item};
use crate::source::TAR_COMPRESSIONS;

/// Extensions of formats that start with a signature, or otherwise cannot be text.
const SIGNED: [&[&str]; 4] = [PACKAGES, PROGRAMS, DOCUMENTS, DATA];
const PACKAGES: &[&str] = &[
    "zip", "cbz", "7z", "cb7", "rar", "cbr", "tar", "cbt", "tgz", "tbz", "tbz2", "txz", "tzst",
    "gz", "bz2", "xz", "zst", "lz4", "lz", "cab", "iso", "dmg",
];
const PROGRAMS: &[&str] = &[
    "exe", "msi", "apk", "aab", "ipa", "jar", "war", "deb", "rpm", "appimage", "xpi", "crx",
    "vsix", "whl", "nupkg", "wasm",
];
const DOCUMENTS: &[&str] = &[
    "pdf", "epub", "mobi", "azw", "azw3", "djvu", "docx", "xlsx", "pptx", "odt", "ods", "odp",
];
const DATA: &[&str] = &["ttf", "otf", "woff", "woff2", "kmz", "sqlite"];

/// Extensions of files that may start with nothing but zeros: their signature is further in, or at the end.
const BLANK: &[&str] = &["tar", "cbt", "iso", "dmg"];

/// Extensions of files that may be preceded by a script longer than the bytes examined; `java -jar` accepts that.
const SCRIPTED: &[&str] = &["jar", "war"];

/// Returns the name under which an item is listed, if it has an extension.
pub(crate) fn listed_name(item: &Item) -> Option<String> {
    let ext = named_ext(item)?;
    let stem = match (&item.meta.name, &item.body) {
        (Some(name), _) => Some(name.clone()),
        (None, Body::File(request)) => from_url(&request.url).0,
        _ => None,
    };
    Some(format!("{}.{ext}", stem.unwrap_or_default()))
}

/// Returns the extension of a name whose promise the content breaks: a text or an empty file is no PDF and no ZIP. The
/// length is given if it is known.
pub(crate) fn broken_promise(
    name: &str,
    (came, len): (Content, Option<u64>),
    content_type: Option<&str>,
) -> Option<String> {
    let (stem, ext) = name.rsplit_once('.')?;
    let ext = ext.to_ascii_lowercase();
    let is_signed = SIGNED.iter().any(|group| group.contains(&&*ext));
    let is_blank = || came == Content::Zeros && !BLANK.contains(&&*ext);
    let is_seen = || len.is_some_and(|len| len <= HEAD as u64);
    let is_text =
        matches!(came, Content::Page | Content::Text) && (!SCRIPTED.contains(&&*ext) || is_seen());
    if !is_signed || !(is_text || came == Content::Empty || is_blank()) {
        return None;
    }
    // Some servers decompress `a.csv.gz` for clients that do not ask for gzip, and declare a CSV.
    let unpacked = || {
        let (inner, declared) = (split(stem).1?, declared(content_type?)?);
        Some(same_type(&inner, declared))
    };
    if is_text && TAR_COMPRESSIONS.contains(&&*ext) && unpacked() == Some(true) {
        return None;
    }
    Some(ext)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_the_promise_of_a_signed_format() {
        use Content::{Archive, Document, Empty, Page, Text, Unknown, Zeros};
        let table = [
            ("book.pdf", Text, None, Some("pdf")),
            ("book.PDF", Empty, None, Some("pdf")),
            ("book.pdf", Zeros, None, Some("pdf")),
            ("book.pdf", Page, Some("text/html"), Some("pdf")),
            ("book.pdf", Document, None, None),
            ("book.pdf", Unknown, None, None),
            ("all.zip", Text, Some("application/json"), Some("zip")),
            ("all.zip", Archive, None, None),
            ("a.tar.gz", Text, Some("text/plain"), Some("gz")),
            (".7z", Text, None, Some("7z")),
            // Decompressed by the server.
            ("a.csv.gz", Text, Some("text/csv; charset=utf-8"), None),
            ("a.json.gz", Text, Some("application/json"), None),
            ("a.csv.gz", Text, Some("application/json"), Some("gz")),
            ("a.csv.gz", Text, None, Some("gz")),
            ("a.csv.gz", Empty, Some("text/csv"), Some("gz")),
            ("a.json.zip", Text, Some("application/json"), Some("zip")),
            // May start with zeros, or may be text.
            ("disk.iso", Zeros, None, None),
            ("disk.iso", Text, None, Some("iso")),
            ("a.txt", Text, None, None),
            ("a.doc", Text, None, None),
            ("a.bin", Empty, None, None),
            ("pdf", Text, None, None),
            ("", Text, None, None),
        ];
        for (name, came, content_type, ext) in table {
            let found = broken_promise(name, (came, None), content_type);
            assert_eq!(found.as_deref(), ext, "{name} {came:?} {content_type:?}");
        }
    }

    #[test]
    fn a_script_may_stand_in_front_of_a_program_that_is_a_zip() {
        let of = |len| broken_promise("app.jar", (Content::Text, len), None);
        assert_eq!(of(Some(60)).as_deref(), Some("jar"));
        assert_eq!(of(Some(20_000_000)), None);
        assert_eq!(of(None), None);
    }
}
