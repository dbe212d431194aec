//! Plugin ids.

/// Words that cannot be an id: `ID:…` is a link of the plugin, and these are other URL schemes.
pub(super) const TAKEN: [&str; 12] = [
    "about",
    "blob",
    "data",
    "file",
    "ftp",
    "http",
    "https",
    "javascript",
    "localhost",
    "mailto",
    "ws",
    "wss",
];

/// The rule for ids, for messages.
pub(in crate::script) const ID: &str =
    "an id has 2 to 40 characters, letters from `a` to `z` and digits, and starts with a letter";

/// Checks whether a text is a valid id.
pub(in crate::script) fn is_id(text: &str) -> bool {
    is_word(text) && (2..=40).contains(&text.len())
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
