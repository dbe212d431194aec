//! Tests every format with small generated files: complete, cut at every byte, with trailing data, and corrupted.

use std::io::Cursor;

use proptest::prelude::*;

use self::good::{boxed, flac, good, gzip, ogg, zip};
use self::media::Format;
use super::*;

#[expect(unreachable_pub, dead_code, reason = "the integration tests share it")]
#[path = "../../../tests/it/support/media.rs"]
mod media;

mod good;

fn check(bytes: &[u8]) -> Structure {
    structure(&mut Input::new(Cursor::new(bytes), bytes.len() as u64)).unwrap()
}

#[test]
fn intact_files_are_whole_or_not_judged() {
    for (name, bytes, has_end) in good() {
        let expected = match has_end || ["avi", "gz"].contains(&name) {
            true => Structure::Whole,
            false => Structure::Unknown,
        };
        assert_eq!(check(&bytes), expected, "{name}");
    }
}

#[test]
fn truncated_files_are_never_whole() {
    for (name, bytes, has_end) in good() {
        for length in 0..bytes.len() {
            let cut = check(&bytes[..length]);
            // Without its magic number, the format is unknown.
            let too_short = length < 16;
            match cut {
                Structure::Cut { at, .. } => assert_eq!(at, length as u64, "{name}"),
                Structure::Unknown => {}
                // The line feed at the end of a PDF may be missing.
                Structure::Whole if name == "pdf" && length + 1 == bytes.len() => {}
                // Nothing announces a further part.
                Structure::Whole if !has_end && ["avi", "gz"].contains(&name) => {}
                other => panic!("{name} cut at {length} of {}: {other:?}", bytes.len()),
            }
            assert!(!too_short || cut != Structure::Whole, "{name} at {length}");
        }
    }
}

#[test]
fn most_cuts_are_found() {
    let surely = [
        "jpg",
        "png",
        "gif",
        "wav",
        "zip",
        "7z",
        "one gz",
        "webm",
        "linear pdf",
        "mp3",
    ];
    for (name, bytes, _) in good().into_iter().filter(|file| surely.contains(&file.0)) {
        for length in 32..bytes.len() - 1 {
            let cut = check(&bytes[..length]);
            assert!(
                matches!(cut, Structure::Cut { .. }),
                "{name} at {length}: {cut:?}"
            );
        }
    }
    // Three blocks take at least fifty bytes each.
    let (flac, sound) = (flac(), 8 + 34);
    assert!(check(&flac[..sound + 149]).is_bad());
    assert!(!check(&flac[..sound + 150]).is_bad());
}

#[test]
fn bytes_after_the_end_are_ignored() {
    for (name, bytes, has_end) in good().into_iter().filter(|file| file.2) {
        for behind in [
            &b"\0"[..],
            &[0; 600],
            b"garbage",
            &media::noise(600, 7),
            &bytes,
        ] {
            let found = check(&[&bytes, behind].concat());
            // Two ZIP files in a row are the second one with something before it.
            let fine = found == Structure::Whole || name.starts_with("zip") && !found.is_bad();
            assert!(
                fine,
                "{name} ({has_end}) and {} bytes: {found:?}",
                behind.len()
            );
        }
    }
}

#[test]
fn a_wrong_byte_is_found_where_there_are_checksums() {
    let png = media::sized(Format::Png, 900, 1);
    let gzip = gzip(&media::noise(500, 1));
    // After the gzip header, which has no checksum, and except for the byte that pads the last bits.
    for (name, good, from, missed) in [("png", png, 8, 0), ("gz", gzip, 10, 1)] {
        let bad = |index: &usize| {
            let mut bytes = good.clone();
            bytes[*index] ^= 0x10;
            check(&bytes).is_bad()
        };
        let found = (from..good.len()).filter(bad).count();
        assert!(found + missed >= good.len() - from, "{name}: {found}");
    }
}

#[test]
fn hostile_lengths_lead_nowhere() {
    let long = |length: u64| {
        [
            &boxed(b"ftyp", b"isom\0\0\x02\0")[..],
            b"\0\0\0\x01mdat",
            &length.to_be_bytes(),
        ]
        .concat()
    };
    let cut = |at: usize| Structure::Cut {
        at: at as u64,
        missing: "the rest of a box",
    };
    let broken = |at, wrong| Structure::Broken { at, wrong };
    let table = [
        (long(u64::MAX), cut(32)),
        (long(15), broken(16, "the box is shorter than its header")),
        (long(16), Structure::Unknown),
        (
            [&long(16)[..], b"\0\0\0\x07free"].concat(),
            broken(32, "the box is shorter than its header"),
        ),
        (
            [&long(16)[..], b"\0\0\0\0moov"].concat(),
            Structure::Unknown,
        ),
        (
            [&long(16)[..], &[0; 40]].concat(),
            broken(32, "there is no box"),
        ),
        (
            b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT".to_vec(),
            broken(8, "there is no chunk"),
        ),
        (
            b"\xff\xd8\xff\xe0\0\x01\xff\xd9\0\0\0\0\0\0\0\0".to_vec(),
            broken(2, "the segment has no length"),
        ),
        (
            b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x82\xec\x84\0\0\0\0".to_vec(),
            broken(12, "the element is longer than the film"),
        ),
        (
            b"\x1a\x45\xdf\xa3\x80\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            broken(5, "there is no element"),
        ),
        (
            [&b"GIF89a\x01\0\x01\0\0\0\0"[..], b"\x42rest"].concat(),
            broken(13, "there is no block"),
        ),
        (
            b"fLaC\x80\0\0\0no sound at all".to_vec(),
            broken(8, "there is no sound"),
        ),
        (
            [&ogg(0)[..], b"not a page, though one should stand here"].concat(),
            broken(ogg(0).len() as u64, "there is no page"),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(check(&bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn unknown_formats_are_not_judged() {
    for bytes in [
        &b""[..],
        b"x",
        b"plain text",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\0\0",
    ] {
        assert_eq!(check(bytes), Structure::Unknown);
    }
    // A ZIP whose positions are not relative to its start has lost something, or never had it.
    assert_eq!(check(&zip(b"data", b"", 7)), Structure::Unknown);
}

#[test]
fn a_file_larger_than_the_window_is_followed_through() {
    for format in [Format::Png, Format::Gif, Format::Jpeg, Format::Webm] {
        let bytes = media::sized(format, 900_000, 3);
        assert_eq!(check(&bytes), Structure::Whole, "{format:?}");
        assert!(check(&bytes[..700_000]).is_bad(), "{format:?}");
    }
}

#[test]
fn says_what_is_wrong() {
    let cut = Structure::Cut {
        at: 7,
        missing: "its index",
    };
    assert_eq!(cut.to_string(), "cut at byte 7: its index is missing");
    let broken = Structure::Broken {
        at: 7,
        wrong: "there is no box",
    };
    assert_eq!(broken.to_string(), "broken at byte 7: there is no box");
}

proptest! {
    #[test]
    fn nothing_in_a_file_makes_it_panic_or_go_on_for_ever(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut files = good();
        let (_, mut bytes, _) = files.swap_remove(which.index(files.len()));
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes.truncate(end.index(bytes.len() + 1));
        match check(&bytes) {
            Structure::Cut { at, .. } | Structure::Broken { at, .. } => prop_assert!(at <= bytes.len() as u64),
            Structure::Whole | Structure::Unknown => {}
        }
    }
}
