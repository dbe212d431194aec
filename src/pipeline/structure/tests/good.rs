//! Small files of each format.

use std::io::Write;

use flate2::Crc;

use super::media::{self, Format};

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Builds an ISO base media box.
pub(super) fn boxed(kind: &[u8], data: &[u8]) -> Vec<u8> {
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

/// Builds a ZIP of one stored file with a comment, whose positions start at `shift`.
pub(super) fn zip(data: &[u8], comment: &[u8], shift: u32) -> Vec<u8> {
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

pub(super) fn gzip(data: &[u8]) -> Vec<u8> {
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

pub(super) fn ogg(last: u8) -> Vec<u8> {
    let data = media::noise(300, 1);
    [page(2, &data), page(0, &data), page(last, &data)].concat()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj\n<</Lang(en)>>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n38\n%%EOF\n"
        .to_vec()
}

/// Builds a linearized PDF.
fn linear_pdf() -> Vec<u8> {
    let end = "xref\ntrailer\n<<>>\nstartxref\n60\n%%EOF";
    let body = "startxref\n0\n%%EOF\n".to_owned() + &"2 0 obj\nendobj\n".repeat(20) + end;
    let head = |length| {
        format!("%PDF-1.4\n1 0 obj\n<</Linearized 1 /Lang(en) /L {length:06} /N 1>>\nendobj\n")
    };
    let length = head(0).len() + body.len();
    (head(length) + &body).into_bytes()
}

/// Builds an MP3 with a tag, whose first frame states its length.
fn mp3() -> Vec<u8> {
    let mut sound = b"\xff\xfb\x90\x64".to_vec();
    sound.extend([0; 32]);
    sound.extend(b"Xing\0\0\0\x03\0\0\0\x01\0\0\x01\xa1");
    sound.resize(0x1a1, 0);
    [&b"ID3\x04\0\0\0\0\0\x04abcd"[..], &sound].concat()
}

pub(super) fn flac() -> Vec<u8> {
    let mut about = vec![0; 34];
    about[..7].copy_from_slice(&[0x10, 0, 0x10, 0, 0, 0, 50]);
    // Three blocks of samples, at least fifty bytes each.
    about[13..18].copy_from_slice(&[0, 0, 0, 0x30, 0]);
    let sound = [&b"\xff\xf8"[..], &media::noise(158, 1)].concat();
    [&b"fLaC\x80\0\0\x22"[..], &about, &sound].concat()
}

/// Returns a file of each format, and whether its end can be recognized.
pub(super) fn good() -> Vec<(&'static str, Vec<u8>, bool)> {
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
