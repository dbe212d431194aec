//! The height of a video, from the label of its `source`.

/// Words that stand for a height; the first one found in a text counts.
const WORDS: [(&str, u32); 10] = [
    ("8k", 4320),
    ("4k", 2160),
    ("uhd", 2160),
    ("2k", 1440),
    ("qhd", 1440),
    ("wqhd", 1440),
    ("fhd", 1080),
    ("full", 1080),
    ("hd", 720),
    ("sd", 480),
];
/// No video is lower than this.
const LEAST: u32 = 100;

/// Reads `1080p60`, `1920x1080`, `Full HD`, `4K`. A number takes precedence over a word, unless it is too small to be a
/// height.
pub(super) fn read(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let number = number(&text);
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric());
    let called = WORDS
        .iter()
        .find(|(word, _)| words().any(|own| own == *word));
    let called = called.map(|(_, height)| *height);
    number
        .filter(|number| *number >= LEAST)
        .or(called)
        .or(number)
}

/// Returns the first number, or the shorter of two sides.
fn number(text: &str) -> Option<u32> {
    let is_digit = |c: char| c.is_ascii_digit();
    let text = &text[text.find(is_digit)?..];
    let rest = text.trim_start_matches(is_digit);
    let first: u32 = text[..text.len() - rest.len()].parse().ok()?;
    let second = rest
        .trim_start()
        .strip_prefix(['x', '×'])
        .map(str::trim_start);
    let second = second.and_then(|second| {
        let end = second.find(|c: char| !is_digit(c));
        second[..end.unwrap_or(second.len())].parse().ok()
    });
    Some(second.map_or(first, |second: u32| first.min(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_is_a_number_or_a_word() {
        let table = [
            ("1080", Some(1080)),
            ("720p60", Some(720)),
            ("1920x1080", Some(1080)),
            ("608 × 1080", Some(608)),
            ("HD 1080", Some(1080)),
            ("1", Some(1)),
            ("Full HD", Some(1080)),
            ("4K (2160p)", Some(2160)),
            ("SD", Some(480)),
            ("English", None),
            ("99999999999", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
