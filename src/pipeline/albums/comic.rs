//! The metadata inside a CBZ: `ComicInfo.xml`, which readers use.

use crate::pipeline::MediaKind;
use crate::pipeline::naming::split;

/// Its name in the CBZ.
pub(super) const NAME: &str = "ComicInfo.xml";

/// Checks whether readers show a file with this name as a page.
pub(super) fn is_page(name: &str) -> bool {
    let ext = split(name).1;
    ext.is_some_and(|ext| MediaKind::of_ext(&ext) == MediaKind::Image)
}

/// Builds the metadata of an album with this many pages.
pub(super) fn info(title: &str, link: &str, pages: usize) -> String {
    let [title, link] = [title, link].map(escaped);
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ComicInfo>\n  <Title>{title}</Title>\n  \
         <PageCount>{pages}</PageCount>\n  <Web>{link}</Web>\n</ComicInfo>\n"
    )
}

/// Escapes a text for XML 1.0.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_texts_are_escaped_in_comic_info() {
        let info = info("</Title>&\u{1b}[1m\u{ffff} 猫\n", "https://x.org/?a&b", 3);
        let title = "<Title>&lt;/Title&gt;&amp;[1m 猫 </Title>";
        assert!(info.contains(title), "{info}");
        assert!(info.contains("<Web>https://x.org/?a&amp;b</Web>"), "{info}");
    }

    #[test]
    fn pages_are_pictures() {
        let table = [
            ("a.jpg", true),
            ("a.webp", true),
            ("a.mp4", false),
            ("a", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_page(name), expected, "{name}");
        }
    }
}
