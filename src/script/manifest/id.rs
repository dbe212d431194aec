//! What a plugin can be called.

/// What no plugin is called: `ID:…` is a link of the plugin, and these are the beginnings of others.
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

/// What an id is.
pub(in crate::script) const ID: &str =
    "an id is 2 to 40 letters from `a` to `z` and digits, and begins with a letter";

/// Whether a plugin may have this id.
pub(in crate::script) fn is_id(text: &str) -> bool {
    is_word(text) && (2..=40).contains(&text.len())
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
