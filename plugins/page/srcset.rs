//! The `srcset` candidates of an image (HTML, 4.8.4): `a.jpg 480w, b.jpg 2x`.

use super::screen::Screen;

/// An address of a picture, with its weight relative to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) url: String,
    pub(super) weight: u32,
    /// Its declared width in pixels.
    pub(super) width: Option<u32>,
    /// Whether it is only used where the picture itself does not fit.
    pub(super) is_fallback: bool,
    /// Whether a script replaces it, so that it may stand for any picture.
    pub(super) is_replaced: bool,
}

impl Candidate {
    /// Returns the candidate restricted to these screens. Without a declared width, it is made for the narrowest of
    /// them.
    pub(super) fn on(mut self, screen: Screen) -> Candidate {
        self.is_fallback = screen.is_fallback;
        if let (None, Some(least)) = (self.width, screen.least) {
            let density = match self.weight {
                UNSAID => 100,
                density => u64::from(density),
            };
            let weight = u64::from(least) * density / 100;
            self.weight = weight.clamp(UNSAID.into(), u64::from(FULL) - 1) as u32;
        }
        self
    }
}

/// The weight of a declared full-size picture.
pub(super) const FULL: u32 = 1_000_000;
/// The weight of a candidate without a descriptor.
pub(super) const UNSAID: u32 = 2;
/// The most candidates of one image.
const MOST: usize = 100;

/// Parses the candidates. Commas may be part of a URL, but not at its end.
pub(super) fn read(text: &str) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let mut rest = text;
    while candidates.len() < MOST {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace());
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let url = word.trim_end_matches(',');
        let (descriptor, after) = match url.len() < word.len() {
            true => ("", after),
            false => after.split_once(',').unwrap_or((after, "")),
        };
        rest = after;
        // Skip the rest of an address that contains a space.
        if descriptor.split_ascii_whitespace().any(is_of_address) {
            continue;
        }
        let (weight, width) = weight(descriptor);
        candidates.push(Candidate {
            url: url.to_owned(),
            weight,
            width,
            is_fallback: false,
            is_replaced: false,
        });
    }
    candidates
}

/// Checks whether a word is part of an address rather than a number with its unit.
fn is_of_address(word: &str) -> bool {
    let unit = |c: char| c.is_ascii_alphabetic();
    word.contains(['.', '/']) && word.trim_end_matches(unit).parse::<f64>().is_err()
}

/// Returns the weight of a descriptor, and its width. Widths count as they are; density 1 counts as 100.
fn weight(descriptor: &str) -> (u32, Option<u32>) {
    let (mut weight, mut pixels) = (UNSAID, None);
    for word in descriptor.split_ascii_whitespace() {
        let Some(unit) = word.chars().last() else {
            continue;
        };
        let number = word.strip_suffix(unit).unwrap_or("");
        let number: Option<f64> = number.parse().ok().filter(|n: &f64| n.is_finite());
        match (unit, number) {
            ('w', Some(width)) => {
                weight = width as u32;
                pixels = Some(weight);
            }
            ('x', Some(density)) => weight = (density * 100.0) as u32,
            _ => {}
        }
    }
    (weight.min(FULL - 1), pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_however_they_are_written() {
        let table: &[(&str, &[(&str, u32)])] = &[
            ("a.jpg 480w, b.jpg 800w", &[("a.jpg", 480), ("b.jpg", 800)]),
            ("a.jpg,b.jpg 2x", &[("a.jpg,b.jpg", 200)]),
            (
                "a.jpg, b.jpg 1.5x ,c.jpg",
                &[("a.jpg", 2), ("b.jpg", 150), ("c.jpg", 2)],
            ),
            (
                "https://x.org/w_1,h_2/a.jpg 1x,https://x.org/w_3/b.jpg 3x",
                &[
                    ("https://x.org/w_1,h_2/a.jpg", 100),
                    ("https://x.org/w_3/b.jpg", 300),
                ],
            ),
            (" ,, ", &[]),
            ("a.jpg 9999999999w -3x é", &[("a.jpg", 0)]),
        ];
        for (text, expected) in table {
            let read: Vec<_> = read(text).into_iter().map(|c| (c.url, c.weight)).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(u, w)| ((*u).to_owned(), *w))
                .collect();
            assert_eq!(read, expected, "{text}");
        }
        assert!(read(&"a 1w,".repeat(9999)).len() <= MOST);
    }
}
