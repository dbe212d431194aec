//! Formats that are named inside a container, and others that the table of signatures misses.

use super::sniff::{Content, Sniff};

/// Returns what these bytes are, if a rule here recognises them.
pub(super) fn known(head: &[u8]) -> Option<Sniff> {
    let at = |offset: usize, magic: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    if at(4, b"ftyp") {
        return Some(base_media(head));
    }
    if ["moov", "mdat", "wide", "pnot"]
        .iter()
        .any(|name| at(4, name.as_bytes()))
        && head[0] < 0x20
    {
        return Some(QUICKTIME);
    }
    if at(0, b"\x1a\x45\xdf\xa3") {
        return ebml(head);
    }
    if at(0, b"OggS") {
        return Some(ogg(head));
    }
    if at(0, b"ID3") && head.get(3).is_some_and(|&version| version < 0x10) {
        return Some(id3(head));
    }
    if let Some(image) = usual_image(at) {
        return Some(image);
    }
    if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL \r\n\x87\n") {
        return Some(Sniff::new(Content::Image, "jxl", "image/jxl"));
    }
    if at(257, b"ustar") {
        return Some(Sniff::new(Content::Archive, "tar", "application/x-tar"));
    }
    transport_stream(head)
}

/// Recognises the most common image formats. The table of signatures knows them too, but takes a while to get to them.
fn usual_image(at: impl Fn(usize, &[u8]) -> bool) -> Option<Sniff> {
    let (ext, media_type) = if at(0, b"\xff\xd8\xff") && !at(3, b"\xf7") {
        ("jpg", "image/jpeg")
    } else if at(0, b"\x89PNG\r\n\x1a\n") && !at(37, b"acTL") {
        ("png", "image/png")
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        ("webp", "image/webp")
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        ("gif", "image/gif")
    } else {
        return None;
    };
    Some(Sniff::new(Content::Image, ext, media_type))
}

const QUICKTIME: Sniff = Sniff::new(Content::Video, "mov", "video/quicktime");
const MP4: Sniff = Sniff::new(Content::Video, "mp4", "video/mp4");
const M4A: Sniff = Sniff::new(Content::Audio, "m4a", "audio/mp4");

/// Recognises ISO base media (ISO/IEC 14496-12): the brands name the format, the main one first.
fn base_media(head: &[u8]) -> Sniff {
    let length = be32(head, 0).map_or(16, |length| length as usize);
    let listed = head.get(16..length.min(head.len())).unwrap_or_default();
    let brands = || head.get(8..12).into_iter().chain(listed.chunks_exact(4));
    let image = |brand: &[u8]| match brand {
        b"avif" | b"avis" => Some(Sniff::new(Content::Image, "avif", "image/avif")),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => {
            Some(Sniff::new(Content::Image, "heic", "image/heic"))
        }
        b"jxl " => Some(Sniff::new(Content::Image, "jxl", "image/jxl")),
        b"crx " => Some(Sniff::new(Content::Image, "cr3", "image/x-canon-cr3")),
        _ => None,
    };
    match head.get(8..12).unwrap_or_default() {
        // These brands only say that it is an image; another one names the codec.
        b"mif1" | b"mif2" | b"msf1" | b"miaf" => {
            let heif = Sniff::new(Content::Image, "heif", "image/heif");
            return brands().find_map(image).unwrap_or(heif);
        }
        main => {
            if let Some(sniff) = image(main) {
                return sniff;
            }
        }
    }
    match head.get(8..12).unwrap_or_default() {
        b"qt  " | b"mqt " => QUICKTIME,
        b"M4A " | b"F4A " => M4A,
        b"M4B " | b"F4B " => Sniff::new(Content::Audio, "m4b", "audio/mp4"),
        b"M4P " => Sniff::new(Content::Audio, "m4p", "audio/mp4"),
        b"M4V " | b"M4VH" | b"M4VP" => Sniff::new(Content::Video, "m4v", "video/x-m4v"),
        b"F4V " => Sniff::new(Content::Video, "f4v", "video/mp4"),
        [b'3', b'g', b'2', _] | b"KDDI" => Sniff::new(Content::Video, "3g2", "video/3gpp2"),
        [b'3', b'g', ..] => Sniff::new(Content::Video, "3gp", "video/3gpp"),
        b"mjp2" | b"mj2s" => Sniff::new(Content::Video, "mj2", "video/mj2"),
        _ if sound_alone(head, length) => M4A,
        _ => MP4,
    }
}

/// Checks whether the index follows immediately, is here in full, and lists an audio track but no video track.
fn sound_alone(head: &[u8], index: usize) -> bool {
    let Some(length) = be32(head, index) else {
        return false;
    };
    let end = index.saturating_add(length as usize);
    let Some(movie) = head
        .get(index..end)
        .filter(|movie| movie.get(4..8) == Some(b"moov"))
    else {
        return false;
    };
    let lists = |handler: &[u8]| movie.windows(4).any(|window| window == handler);
    lists(b"soun") && !lists(b"vide")
}

/// Recognises Matroska and WebM (RFC 9559): the document type is among the first few elements.
fn ebml(head: &[u8]) -> Option<Sniff> {
    let beginning = &head[..head.len().min(96)];
    let has = |name: &[u8]| beginning.windows(name.len()).any(|window| window == name);
    if has(b"webm") {
        Some(Sniff::new(Content::Video, "webm", "video/webm"))
    } else if has(b"matroska") {
        Some(Sniff::new(Content::Video, "mkv", "video/matroska"))
    } else {
        None
    }
}

/// Recognises Ogg (RFC 3533): the first packet of the first page names the codec.
fn ogg(head: &[u8]) -> Sniff {
    let segments = head.get(26).copied().unwrap_or(0);
    let packet = head.get(27 + usize::from(segments)..).unwrap_or_default();
    if packet.starts_with(b"OpusHead") {
        Sniff::new(Content::Audio, "opus", "audio/opus")
    } else if [&b"\x80theora"[..], b"\x01video", b"fishead", b"BBCD\0"]
        .iter()
        .any(|magic| packet.starts_with(magic))
    {
        Sniff::new(Content::Video, "ogv", "video/ogg")
    } else {
        Sniff::new(Content::Audio, "ogg", "audio/ogg")
    }
}

/// Recognises audio behind ID3 tags, which is nearly always MP3.
fn id3(head: &[u8]) -> Sniff {
    let mut sound = head;
    // There may be several tags: one of a segment, and one of the audio that was in it before.
    while sound.starts_with(b"ID3") {
        // The length is stored as four groups of seven bits.
        let length = sound.get(6..10).map_or(0, |bytes| {
            bytes
                .iter()
                .fold(0, |sum, &byte| sum << 7 | usize::from(byte & 0x7f))
        });
        // A footer repeats the header.
        let footer = sound
            .get(5)
            .map_or(0, |flags| usize::from(flags & 0x10 != 0));
        sound = sound.get(10 + length + 10 * footer..).unwrap_or_default();
    }
    match sound {
        [b'f', b'L', b'a', b'C', ..] => Sniff::new(Content::Audio, "flac", "audio/flac"),
        // ADTS uses layer 0, which MPEG audio never does; its last bit says whether there is a checksum.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => {
            Sniff::new(Content::Audio, "aac", "audio/aac")
        }
        [0x0b, 0x77, _, _, _, kind, ..] => match kind >> 3 {
            ..=10 => Sniff::new(Content::Audio, "ac3", "audio/ac3"),
            _ => Sniff::new(Content::Audio, "eac3", "audio/eac3"),
        },
        _ => Sniff::new(Content::Audio, "mp3", "audio/mpeg"),
    }
}

/// Recognises MPEG transport streams (ISO/IEC 13818-1): packets start with the same byte; on discs, four bytes precede
/// each packet.
fn transport_stream(head: &[u8]) -> Option<Sniff> {
    // Text may have that letter in the same places, but no control bytes in its first packet.
    let binary = || head.iter().take(188).any(|&byte| byte < 9);
    let (plain, timed) = (is_in_packets(head, 188), is_in_packets(head, 192));
    if plain && binary() {
        Some(Sniff::new(Content::Video, "ts", "video/mp2t"))
    } else if timed && (binary() || head[0] >= 0x80) {
        Some(Sniff::new(Content::Video, "m2ts", "video/mp2t"))
    } else {
        None
    }
}

/// Checks whether this may start a transport stream with packets of this size: three in a row, or all of a shorter
/// file.
pub(super) fn is_in_packets(head: &[u8], size: usize) -> bool {
    let first = size - 188;
    let starts = head.get(first..).unwrap_or_default().iter().step_by(size);
    head.len() > first + size && starts.take(3).all(|&byte| byte == 0x47)
}

fn be32(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_behind_id3_tags_is_recognised() {
        let tag = |flags: u8, length: u8| {
            let header = [b"ID3\x04\0".as_slice(), &[flags, 0, 0, 0, length]].concat();
            let footer = vec![0; usize::from(flags) / 16 * 10];
            [header, vec![0; length.into()], footer].concat()
        };
        let table: [(&[u8], &str); 9] = [
            (b"\xff\xf1\x50\x80", "aac"),
            (b"\xff\xf0\x50\x80", "aac"),
            (b"\xff\xf8\x50\x80", "aac"),
            (b"\xff\xf9\x50\x80", "aac"),
            (b"\x0b\x77\0\0\x14\x40", "ac3"),
            (b"\x0b\x77\0\0\x3f\x80", "eac3"),
            (b"\xff\xfb\x90\x64", "mp3"),
            (b"fLaC", "flac"),
            (b"", "mp3"),
        ];
        for (sound, expected) in table {
            let two = [tag(0, 63), tag(16, 5)].concat();
            for tags in [tag(0, 63), tag(16, 63), two] {
                let head = [&tags, sound].concat();
                let seen = known(&head).and_then(|seen| seen.ext);
                assert_eq!(seen.as_deref(), Some(expected), "{}", sound.escape_ascii());
            }
        }
    }
}
