//! The size of a picture, as far as its address or its page reveals it.

use url::Url;

use super::media_url::sizes;

/// The apparent width of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Size {
    pub(super) likely: u32,
    /// Its minimum.
    least: u32,
    most: u32,
}

/// A picture without any indication is taken for the original.
const UNSAID: Size = Size::between(1500, u32::MAX, 4000);
const SMALL: Size = Size::between(1, 399, 200);
const MEDIUM: Size = Size::between(400, 999, 800);
const LARGE: Size = Size::between(1000, 3999, 4000);
const FULL: Size = Size::between(4000, u32::MAX, 5000);

/// Words that tell one size of a picture from another. WordPress adds `-scaled` to pictures it has reduced to this
/// width.
const WORDS: [(&str, Size); 20] = [
    ("big", LARGE),
    ("full", FULL),
    ("fullsize", FULL),
    ("hd", LARGE),
    ("hires", LARGE),
    ("large", LARGE),
    ("lg", LARGE),
    ("md", MEDIUM),
    ("medium", MEDIUM),
    ("mini", SMALL),
    ("orig", FULL),
    ("original", FULL),
    ("originals", FULL),
    ("preview", SMALL),
    ("scaled", Size::exactly(2560)),
    ("sm", SMALL),
    ("small", SMALL),
    ("thumb", SMALL),
    ("thumbnail", SMALL),
    ("thumbs", SMALL),
];

impl Size {
    const fn between(least: u32, most: u32, likely: u32) -> Size {
        Size {
            likely,
            least,
            most,
        }
    }

    /// Returns the size of a picture with this width.
    pub(super) const fn exactly(pixels: u32) -> Size {
        Size::between(pixels, pixels, pixels)
    }

    /// Returns the size indicated by a URL: numbers take precedence over words, and of each the smallest counts.
    pub(super) fn of(url: &Url) -> Size {
        let (mut pixels, mut said): (Option<u32>, Option<Size>) = (None, None);
        sizes(url, |part| {
            let width = width(part);
            pixels = width.into_iter().chain(pixels).min();
            let words = word(part).into_iter().chain(said);
            said = words.min_by_key(|size| size.likely);
        });
        pixels.map(Size::exactly).or(said).unwrap_or(UNSAID)
    }

    /// Checks whether it is known to the pixel.
    pub(super) fn is_exact(self) -> bool {
        self.least == self.most
    }

    /// Returns its minimum.
    pub(super) const fn least(self) -> u32 {
        self.least
    }

    /// Checks whether it is certainly larger.
    pub(super) fn exceeds(self, other: Size) -> bool {
        self.least > other.most
    }

    /// Checks whether it is declared small: it may be a thumbnail that leads to a larger picture.
    pub(super) fn is_small(self) -> bool {
        UNSAID.exceeds(self)
    }
}

/// Returns the size that a word stands for.
pub(super) fn word(part: &str) -> Option<Size> {
    let mut words = WORDS.iter();
    let known = words.find(|(word, _)| part.eq_ignore_ascii_case(word));
    known.map(|(_, size)| *size)
}

/// Returns the width in `800x600`, `800w` or `800px`; also in `800,600` and `800`, which occur only in queries.
fn width(part: &str) -> Option<u32> {
    let digits = part.split(['x', 'w', 'p', ',', ':']).next()?;
    (2..=5)
        .contains(&digits.len())
        .then(|| digits.parse().ok())?
}

/// Checks whether a text has the form `800x600`, `800w` or `800px`.
pub(super) fn is_dimensions(part: &str) -> bool {
    let digits = |text: &str| {
        (2..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match part.strip_suffix("px").or(part.strip_suffix('w')) {
        Some(width) => digits(width),
        None => part
            .split_once('x')
            .is_some_and(|(width, height)| digits(width) && (digits(height) || height.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_how_large_its_picture_is() {
        let size =
            |text: &str| Size::of(&Url::parse("https://x.org/").unwrap().join(text).unwrap());
        let table = [
            ("/cat-300x200.jpg", Size::exactly(300)),
            ("/300w/cat_thumb.jpg", Size::exactly(300)),
            ("/440px-Heron.jpg", Size::exactly(440)),
            ("/cat.jpg?w=900&h=600&q=80", Size::exactly(900)),
            ("/cat.jpg?resize=300,200&ssl=1", Size::exactly(300)),
            ("/cat.jpg?h=600", Size::exactly(600)),
            ("/cat.jpg?size=small", SMALL),
            ("/large/cat_medium.jpg", MEDIUM),
            ("/p/7/original.jpg", FULL),
            ("/cat.jpg?q=80&dpr=2", UNSAID),
            // Parts that do not tell pictures apart do not give a size either.
            ("/small-cats/thumb_1.jpg", UNSAID),
        ];
        for (text, expected) in table {
            assert_eq!(size(text), expected, "{text}");
        }
        for (large, small) in [
            ("/cat.jpg", "/cat-1024x768.jpg"),
            ("/cat.jpg", "/thumbs/cat.jpg"),
            ("/cat.jpg?w=900", "/cat-300x200.jpg"),
            ("/cat_original.jpg", "/cat_large.jpg"),
            ("/cat_large.jpg", "/cat_medium.jpg"),
            ("/cat_medium.jpg", "/cat_small.jpg"),
        ] {
            assert!(size(large).exceeds(size(small)), "{large} {small}");
            assert!(!size(small).exceeds(size(large)), "{large} {small}");
        }
        for (one, other) in [
            ("/cat.jpg", "/cat.png"),
            ("/cat.jpg", "/cat_original.jpg"),
            ("/cat.jpg", "/cat-1920x1080.jpg"),
        ] {
            assert!(!size(one).exceeds(size(other)), "{one} {other}");
            assert!(!size(other).exceeds(size(one)), "{one} {other}");
        }
    }
}
