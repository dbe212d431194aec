//! Pictures cropped to a shape, which search engines want in addition to the picture itself: `pie-16x9.jpg`.

use url::Url;

/// The shapes, as suffixes of a name.
const SHAPES: [&str; 10] = [
    "16-9", "16x9", "1-1", "1x1", "2x3", "3x2", "3x4", "4-3", "4x3", "9x16",
];

/// Returns the address of the uncropped picture, by its name.
pub(super) fn whole(url: &Url) -> Option<Url> {
    let (stem, ext) = url.path().rsplit_once('.')?;
    let shape = SHAPES.iter().find(|shape| stem.ends_with(**shape))?;
    let name = stem.strip_suffix(shape)?.strip_suffix(['-', '_'])?;
    if name.is_empty() || name.ends_with('/') {
        return None;
    }
    let path = format!("{name}.{ext}");
    let mut whole = url.clone();
    whole.set_path(&path);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_are_recognised_by_their_suffix() {
        let table = [
            ("/a/pie-16x9.jpg?v=1", Some("/a/pie.jpg?v=1")),
            ("/a/pie_4x3.webp", Some("/a/pie.webp")),
            ("/a/pie-1-1.jpg", Some("/a/pie.jpg")),
            ("/a/pie-800x600.jpg", None),
            ("/a/pie16x9.jpg", None),
            ("/a/16x9.jpg", None),
            ("/a/-16x9.jpg", None),
            ("/a/pie-16x9", None),
        ];
        for (text, expected) in table {
            let url = |text: &str| Url::parse("https://x.org/").unwrap().join(text).unwrap();
            assert_eq!(whole(&url(text)), expected.map(url), "{text}");
        }
    }
}
