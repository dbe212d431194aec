//! The media that the tests make: readers that know nothing of us take them for what they should be.

use std::collections::HashSet;

use file_format::FileFormat;

use crate::support::media::{Format, noise, picture, sized, sized_picture, small};

#[test]
fn made_media_have_their_format() {
    for format in Format::ALL {
        for bytes in [small(format, 7), sized(format, 5000, 7)] {
            let found = FileFormat::from_bytes(&bytes);
            // The first bytes of a WebM name the container alone; its kind stands a little later.
            let expected = match format {
                Format::Webm => "ebml",
                other => other.ext(),
            };
            assert_eq!(found.extension(), expected, "{format:?}");
        }
    }
}

#[test]
fn made_pictures_have_their_dimensions() {
    for format in [Format::Png, Format::Jpeg, Format::Gif, Format::Webp] {
        for (width, height) in [(1, 1), (161, 81), (1920, 1080)] {
            for bytes in [
                picture(format, width, height, 1),
                sized_picture(format, width, height, 300_000, 1),
            ] {
                let size = imagesize::blob_size(&bytes).unwrap();
                let expected = (usize::from(width), usize::from(height));
                assert_eq!((size.width, size.height), expected, "{format:?}");
            }
        }
    }
}

#[test]
fn made_media_have_exact_lengths() {
    for format in Format::ALL {
        // A RIFF file has an even length.
        let step = if format == Format::Webp { 2 } else { 1 };
        let least = small(format, 0).len();
        let lengths = (least + 16..least + 1000).step_by(step);
        for length in lengths.chain([65_536, 65_540, 65_542, 65_750, 65_752, 200_000]) {
            assert_eq!(sized(format, length, 0).len(), length, "{format:?}");
        }
    }
    for length in 65_690..65_760 {
        assert_eq!(sized(Format::Jpeg, length, 0).len(), length);
    }
}

#[test]
fn made_media_depend_on_the_seed_only() {
    for format in Format::ALL {
        let made: HashSet<_> = (0..100).map(|seed| small(format, seed)).collect();
        assert_eq!(made.len(), 100, "{format:?}");
        assert_eq!(sized(format, 4000, 5), sized(format, 4000, 5));
    }
    assert!(!noise(10_000, 3).contains(&0));
}
