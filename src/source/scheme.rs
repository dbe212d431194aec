//! Schemes of addresses that do not lead to a page.

/// Schemes that are written without two slashes, and are not the name of a source before an id.
const SLASHLESS: [&str; 17] = [
    "about",
    "blob",
    "cid",
    "data",
    "ed2k",
    "file",
    "ftp",
    "geo",
    "javascript",
    "magnet",
    "mailto",
    "sip",
    "sms",
    "tel",
    "thunder",
    "urn",
    "view-source",
];

/// Checks whether this is a scheme that is not followed by slashes.
pub(super) fn is_slashless(scheme: &str) -> bool {
    SLASHLESS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
}

/// Returns the scheme that was most likely meant by an unknown one.
pub(super) fn corrected(scheme: &str) -> Option<&'static str> {
    let near = |known: &&str| strsim::damerau_levenshtein(scheme, known) == 1;
    ["https", "http"].into_iter().find(|known| near(known))
}
