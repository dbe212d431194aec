//! Every format by small files made here: whole, cut at every byte, with something behind, and with nonsense inside.

use std::io::{Cursor, Write};

use flate2::Crc;
use proptest::prelude::*;

use self::media::Format;
use super::*;

#[expect(unreachable_pub, dead_code, reason = "the integration tests share it")]
#[path = "../../../tests/it/support/media.rs"]
mod media;

fn look(bytes: &[u8]) -> Structure {
    structure(&mut Input::new(Cursor::new(bytes), bytes.len() as u64)).unwrap()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A box of ISO base media.
fn boxed(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (8 + data.len() as u32).to_be_bytes();
    [&length, kind, data].concat()
}

fn film(boxes: &[(&[u8], &[u8])]) -> Vec<u8> {
    let kind = boxed(b"ftyp", b"isom\0\0\x02\0isom");
    let boxes: Vec<u8> = boxes
        .iter()
        .flat_map(|(kind, data)| boxed(kind, data))
        .collect();
    [kind, boxes].concat()
}

/// A ZIP of one stored file with a comment, whose positions begin to count at `shift`.
fn zip(data: &[u8], comment: &[u8], shift: u32) -> Vec<u8> {
    let le = |number: usize| (number as u32).to_le_bytes();
    let about = [
        &[0; 4][..],
        &[0; 4],
        &crc(data).to_le_bytes(),
        &le(data.len()),
        &le(data.len()),
        b"\x01\0\0\0",
    ]
    .concat();
    let mut zip = [&b"PK\x03\x04\x0a\0"[..], &about, b"a", data].concat();
    let start = zip.len();
    zip.extend([&b"PK\x01\x02\x0a\0\x0a\0"[..], &about, &[0; 14], b"a"].concat());
    let length = zip.len() - start;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend([le(length), le(start + shift as usize)].concat());
    zip.extend((comment.len() as u16).to_le_bytes());
    zip.extend(comment);
    zip
}

fn zip64() -> Vec<u8> {
    let small = zip(b"data", b"", 0);
    let end = small.len() - 22;
    let number = |from: usize| {
        u64::from(u32::from_le_bytes(
            small[from..from + 4].try_into().unwrap(),
        ))
    };
    let (length, start) = (number(end + 12), number(end + 16));
    let mut zip = small[..end].to_vec();
    zip.extend(b"PK\x06\x06");
    zip.extend(44u64.to_le_bytes());
    zip.extend([0; 28]);
    zip.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    zip.extend(b"PK\x06\x07\0\0\0\0");
    zip.extend((end as u64).to_le_bytes());
    zip.extend(b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    zip
}

fn seven() -> Vec<u8> {
    let (packed, index) = (b"packed", b"index");
    let about = [
        &(packed.len() as u64).to_le_bytes()[..],
        &(index.len() as u64).to_le_bytes(),
        &crc(index).to_le_bytes(),
    ]
    .concat();
    let magic = b"7z\xbc\xaf\x27\x1c\0\x04";
    [magic, &crc(&about).to_le_bytes()[..], &about, packed, index].concat()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(data).unwrap();
    packed.finish().unwrap()
}

fn page(flags: u8, data: &[u8]) -> Vec<u8> {
    let mut page = [
        &b"OggS\0"[..],
        &[flags],
        &[0; 20],
        &[2, 255, (data.len() - 255) as u8],
    ]
    .concat();
    page.extend(data);
    page
}

fn ogg(last: u8) -> Vec<u8> {
    let data = media::noise(300, 1);
    [page(2, &data), page(0, &data), page(last, &data)].concat()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj\n<</Lang(en)>>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n38\n%%EOF\n"
        .to_vec()
}

/// One that is written to be read while it comes.
fn linear_pdf() -> Vec<u8> {
    let end = "xref\ntrailer\n<<>>\nstartxref\n60\n%%EOF";
    let body = "startxref\n0\n%%EOF\n".to_owned() + &"2 0 obj\nendobj\n".repeat(20) + end;
    let head = |length| {
        format!("%PDF-1.4\n1 0 obj\n<</Linearized 1 /Lang(en) /L {length:06} /N 1>>\nendobj\n")
    };
    let length = head(0).len() + body.len();
    (head(length) + &body).into_bytes()
}

/// An MP3 whose first frame tells how long it is, after a tag.
fn mp3() -> Vec<u8> {
    let mut sound = b"\xff\xfb\x90\x64".to_vec();
    sound.extend([0; 32]);
    sound.extend(b"Xing\0\0\0\x03\0\0\0\x01\0\0\x01\xa1");
    sound.resize(0x1a1, 0);
    [&b"ID3\x04\0\0\0\0\0\x04abcd"[..], &sound].concat()
}

fn flac() -> Vec<u8> {
    let mut about = vec![0; 34];
    about[..7].copy_from_slice(&[0x10, 0, 0x10, 0, 0, 0, 50]);
    // Three blocks of samples, of at least fifty bytes.
    about[13..18].copy_from_slice(&[0, 0, 0, 0x30, 0]);
    let sound = [&b"\xff\xf8"[..], &media::noise(158, 1)].concat();
    [&b"fLaC\x80\0\0\x22"[..], &about, &sound].concat()
}

/// A file of each format, and whether its end can be told.
fn good() -> Vec<(&'static str, Vec<u8>, bool)> {
    let riff = |kind: &str, data: &[u8]| {
        let length = (4 + data.len() as u32).to_le_bytes();
        [b"RIFF", &length[..], kind.as_bytes(), data].concat()
    };
    let webm = media::sized(Format::Webm, 200, 1);
    let at = webm
        .windows(4)
        .position(|id| id == b"\x18\x53\x80\x67")
        .unwrap();
    let mut endless = webm.clone();
    endless[at + 4..at + 12].copy_from_slice(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let mut cluster = endless[..at + 12].to_vec();
    cluster.extend(b"\x1f\x43\xb6\x75\xff\xe7\x81\0\xa3\x84\x81\0\0\x80\x1c\x53\xbb\x6b\x80");
    vec![
        ("jpg", media::sized(Format::Jpeg, 900, 1), true),
        ("png", media::sized(Format::Png, 900, 1), true),
        ("gif", media::sized(Format::Gif, 900, 1), true),
        ("webp", media::sized(Format::Webp, 500, 1), true),
        ("wav", riff("WAVE", &media::noise(400, 1)), true),
        (
            "avi",
            [riff("AVI ", b"LIST\0\0\0\0"), riff("AVIX", b"LIST\0\0\0\0")].concat(),
            false,
        ),
        (
            "mp4",
            film(&[(b"moov", b"index"), (b"mdat", b"data")]),
            true,
        ),
        (
            "mov",
            film(&[(b"wide", b""), (b"mdat", b"data"), (b"moov", b"index")]),
            true,
        ),
        (
            "heic",
            film(&[(b"meta", b"index"), (b"mdat", b"data")]),
            true,
        ),
        (
            "pieces",
            film(&[(b"moov", b"x"), (b"moof", b"x"), (b"mdat", b"x")]),
            false,
        ),
        (
            "indexed pieces",
            film(&[
                (b"moov", b"x"),
                (b"moof", b"x"),
                (b"mdat", b"x"),
                (b"mfra", b"x"),
            ]),
            true,
        ),
        ("no index", media::sized(Format::Mp4, 200, 1), false),
        ("webm", webm, true),
        ("endless webm", endless, false),
        ("endless cluster", cluster, false),
        ("zip", zip(&media::noise(300, 1), b"a comment", 0), true),
        (
            "zip in zip",
            zip(&zip(&media::noise(300, 1), b"", 0), b"", 0),
            true,
        ),
        ("zip64", zip64(), true),
        ("7z", seven(), true),
        (
            "gz",
            [gzip(b"one"), gzip(&media::noise(500, 1))].concat(),
            false,
        ),
        ("one gz", gzip(&media::noise(500, 1)), true),
        ("pdf", pdf(), true),
        ("linear pdf", linear_pdf(), true),
        ("ogg", ogg(4), true),
        ("recorded ogg", ogg(0), false),
        ("mp3", mp3(), true),
        ("flac", flac(), false),
    ]
}

#[test]
fn good_files_are_whole_or_nothing_is_said_of_them() {
    for (name, bytes, told) in good() {
        let expected = match told || ["avi", "gz"].contains(&name) {
            true => Structure::Whole,
            false => Structure::Unknown,
        };
        assert_eq!(look(&bytes), expected, "{name}");
    }
}

#[test]
fn no_file_that_is_cut_is_called_whole() {
    for (name, bytes, told) in good() {
        for length in 0..bytes.len() {
            let cut = look(&bytes[..length]);
            // Without its magic number nobody knows what it was.
            let too_short = length < 16;
            match cut {
                Structure::Cut { at, .. } => assert_eq!(at, length as u64, "{name}"),
                Structure::Unknown => {}
                // The line feed behind the end of a PDF is nothing that can be missed.
                Structure::Whole if name == "pdf" && length + 1 == bytes.len() => {}
                // Nothing tells of a further part.
                Structure::Whole if !told && ["avi", "gz"].contains(&name) => {}
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
            let cut = look(&bytes[..length]);
            assert!(
                matches!(cut, Structure::Cut { .. }),
                "{name} at {length}: {cut:?}"
            );
        }
    }
    // Fifty bytes each of three blocks are the least.
    let (flac, sound) = (flac(), 8 + 34);
    assert!(look(&flac[..sound + 149]).is_bad());
    assert!(!look(&flac[..sound + 150]).is_bad());
}

#[test]
fn what_stands_behind_the_end_does_not_matter() {
    for (name, bytes, told) in good().into_iter().filter(|file| file.2) {
        for behind in [
            &b"\0"[..],
            &[0; 600],
            b"garbage",
            &media::noise(600, 7),
            &bytes,
        ] {
            let found = look(&[&bytes, behind].concat());
            // A ZIP with another behind it is the other, with something before it.
            let fine = found == Structure::Whole || name.starts_with("zip") && !found.is_bad();
            assert!(
                fine,
                "{name} ({told}) and {} bytes: {found:?}",
                behind.len()
            );
        }
    }
}

#[test]
fn a_wrong_byte_is_found_where_there_are_checksums() {
    let png = media::sized(Format::Png, 900, 1);
    let gzip = gzip(&media::noise(500, 1));
    // Behind the head of a gzip file, which has none, and but for the byte that fills up the last bits.
    for (name, good, from, missed) in [("png", png, 8, 0), ("gz", gzip, 10, 1)] {
        let bad = |index: &usize| {
            let mut bytes = good.clone();
            bytes[*index] ^= 0x10;
            look(&bytes).is_bad()
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
        (
            long(15),
            broken(16, "the box there is shorter than its head"),
        ),
        (long(16), Structure::Unknown),
        (
            [&long(16)[..], b"\0\0\0\x07free"].concat(),
            broken(32, "the box there is shorter than its head"),
        ),
        (
            [&long(16)[..], b"\0\0\0\0moov"].concat(),
            Structure::Unknown,
        ),
        (
            [&long(16)[..], &[0; 40]].concat(),
            broken(32, "no box stands there"),
        ),
        (
            b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT".to_vec(),
            broken(8, "no chunk stands there"),
        ),
        (
            b"\xff\xd8\xff\xe0\0\x01\xff\xd9\0\0\0\0\0\0\0\0".to_vec(),
            broken(2, "the segment there has no length"),
        ),
        (
            b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x82\xec\x84\0\0\0\0".to_vec(),
            broken(12, "the element there is longer than the film"),
        ),
        (
            b"\x1a\x45\xdf\xa3\x80\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            broken(5, "no element stands there"),
        ),
        (
            [&b"GIF89a\x01\0\x01\0\0\0\0"[..], b"\x42rest"].concat(),
            broken(13, "no block stands there"),
        ),
        (
            b"fLaC\x80\0\0\0no sound at all".to_vec(),
            broken(8, "no sound begins there"),
        ),
        (
            [&ogg(0)[..], b"not a page, though one should stand here"].concat(),
            broken(ogg(0).len() as u64, "no page stands there"),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(look(&bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_not_known_is_not_judged() {
    for bytes in [
        &b""[..],
        b"x",
        b"plain text",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\0\0",
    ] {
        assert_eq!(look(bytes), Structure::Unknown);
    }
    // A ZIP whose positions do not begin to count where it does has lost something, or never had it.
    assert_eq!(look(&zip(b"data", b"", 7)), Structure::Unknown);
}

#[test]
fn a_file_larger_than_the_window_is_followed_through() {
    for format in [Format::Png, Format::Gif, Format::Jpeg, Format::Webm] {
        let bytes = media::sized(format, 900_000, 3);
        assert_eq!(look(&bytes), Structure::Whole, "{format:?}");
        assert!(look(&bytes[..700_000]).is_bad(), "{format:?}");
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
        wrong: "no box stands there",
    };
    assert_eq!(broken.to_string(), "broken at byte 7: no box stands there");
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
        match look(&bytes) {
            Structure::Cut { at, .. } | Structure::Broken { at, .. } => prop_assert!(at <= bytes.len() as u64),
            Structure::Whole | Structure::Unknown => {}
        }
    }
}
