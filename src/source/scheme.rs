//! The beginnings of addresses that lead to no page.

/// What is written without two slashes, and is no source and its id.
const BARE: [&str; 17] = [
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

/// Whether an address may begin so, and goes on without slashes.
pub(super) fn is_bare(scheme: &str) -> bool {
    BARE.iter().any(|bare| bare.eq_ignore_ascii_case(scheme))
}

/// What was most likely meant by a scheme that is not known.
pub(super) fn meant(scheme: &str) -> Option<&'static str> {
    let near = |known: &&str| strsim::damerau_levenshtein(scheme, known) == 1;
    ["https", "http"].into_iter().find(|known| near(known))
}
