//! Where a video's clock starts, according to its first bytes: the clock of its subtitles refers to it.

use super::boxes::{self, boxes, named, word};

/// How many bytes of a video are examined.
pub(in crate::pipeline) const LOOK: usize = 1 << 20;
/// The length of a transport stream packet, and its first byte.
const PACKET: usize = 188;
const SYNC: u8 = 0x47;
/// Ticks per second in a transport stream.
const TICKS: u128 = 90_000;
/// The number of ticks after which the clock wraps around.
pub(in crate::pipeline) const AROUND: u64 = 1 << 33;
/// The owner identifier of the timestamp before packed audio.
const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp\0";

/// Returns when the first picture or sound is played, in transport stream ticks, if known.
pub(in crate::pipeline) fn start(head: &[u8]) -> Option<u64> {
    match head {
        [SYNC, ..] => of_packets(head),
        [b'I', b'D', b'3', ..] => of_tags(head),
        _ => of_boxes(head),
    }
}

/// Returns the earlier of two times; if the clock wraps around between them, that is the numerically larger one.
pub(in crate::pipeline) fn earlier(one: u64, other: u64) -> u64 {
    let later = (other % AROUND + AROUND - one % AROUND) % AROUND;
    if later > AROUND / 2 { other } else { one }
}

/// Reads the timestamp in the ID3 tags before packed audio (RFC 8216 §3.4).
fn of_tags(mut head: &[u8]) -> Option<u64> {
    while let [b'I', b'D', b'3', version, _, _, a, b, c, d, rest @ ..] = head {
        // Only seven bits of each byte count.
        let bits = |bits: u32, bytes: [u8; 4]| {
            let bytes = bytes.into_iter();
            bytes.fold(0usize, |sum, byte| sum << bits | usize::from(byte))
        };
        let tag = rest.get(..bits(7, [*a, *b, *c, *d]))?;
        let mut frames = tag;
        while let Some((&[n, m, l, k, a, b, c, d, _, _], after)) = frames.split_first_chunk() {
            let each = if *version < 4 { 8 } else { 7 };
            let Some(body) = after.get(..bits(each, [a, b, c, d])) else {
                break;
            };
            let time = body.strip_prefix(OWNER).and_then(<[u8]>::first_chunk);
            if let (b"PRIV", Some(time)) = (&[n, m, l, k], time) {
                return Some(u64::from_be_bytes(*time) % AROUND);
            }
            frames = &after[body.len()..];
        }
        head = &rest[tag.len()..];
    }
    None
}

/// Returns the earliest first timestamp of the elementary streams in a transport stream.
fn of_packets(head: &[u8]) -> Option<u64> {
    let mut first: Vec<(u16, u64)> = Vec::new();
    for packet in head.chunks_exact(PACKET) {
        let &[SYNC, flags, low, control, ..] = packet else {
            return None;
        };
        let name = u16::from_be_bytes([flags & 0x1f, low]);
        let begins = flags & 0x40 != 0 && control & 0x10 != 0;
        if !begins || first.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let skip = match control & 0x20 {
            0 => 4,
            _ => 5 + usize::from(packet[4]),
        };
        // The start of a PES packet with video or audio, and its timestamp.
        if let Some(&[0, 0, 1, 0xc0..=0xef, _, _, _, what, _, a, b, c, d, e, ..]) =
            packet.get(skip..)
            && what & 0x80 != 0
        {
            let bits = |byte: u8| u64::from(byte >> 1);
            let high = u64::from(a >> 1 & 7) << 30;
            let time = high | u64::from(b) << 22 | bits(c) << 15 | u64::from(d) << 7 | bits(e);
            first.push((name, time));
        }
    }
    first.into_iter().map(|(_, time)| time).min()
}

/// Returns the earliest start time of the tracks in the first fragment.
fn of_boxes(head: &[u8]) -> Option<u64> {
    let mut scales: Vec<(u32, u32)> = Vec::new();
    let mut budget = boxes::MOST;
    for (name, body) in boxes(head, &mut budget) {
        match name {
            b"moov" => {
                for (_, track) in named(body, b"trak", &mut budget) {
                    let inner =
                        |outer: &[u8]| word(outer, if outer.first() == Some(&1) { 20 } else { 12 });
                    let id = named(track, b"tkhd", &mut budget)
                        .first()
                        .and_then(|(_, body)| inner(body));
                    let media = named(track, b"mdia", &mut budget);
                    let scale = media.first().and_then(|(_, media)| {
                        let header = named(media, b"mdhd", &mut budget);
                        header.first().and_then(|(_, body)| inner(body))
                    });
                    scales.extend(id.zip(scale));
                }
            }
            b"moof" => {
                let mut first = Vec::new();
                for (_, track) in named(body, b"traf", &mut budget) {
                    let id = named(track, b"tfhd", &mut budget);
                    let id = id.first().and_then(|(_, body)| word(body, 4));
                    let time = named(track, b"tfdt", &mut budget);
                    let time = time.first().and_then(|(_, body)| match body.first()? {
                        1 => Some(u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?)),
                        _ => word(body, 4).map(u64::from),
                    });
                    let scale = scales.iter().find(|(known, _)| Some(*known) == id);
                    if let Some((time, (_, scale))) =
                        time.zip(scale).filter(|(_, scale)| scale.1 > 0)
                    {
                        let ticks = u128::from(time) * TICKS / u128::from(*scale);
                        first.extend(u64::try_from(ticks));
                    }
                }
                return first.into_iter().min();
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Builds a packet with the start of a picture at this time.
    fn packet(name: u8, time: u64) -> Vec<u8> {
        let mut packet = vec![SYNC, 0x40, name, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5];
        let part = |shift: u32, bits: u64| (time >> shift & bits) as u8;
        packet.push(0x21 | part(30, 7) << 1);
        packet.extend([part(22, 0xff), part(15, 0x7f) << 1 | 1]);
        packet.extend([part(7, 0xff), part(0, 0x7f) << 1 | 1]);
        packet.resize(PACKET, 0xff);
        packet
    }

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let len = (body.len() as u32 + 8).to_be_bytes();
        [&len, name.as_slice(), body].concat()
    }

    /// Builds a tag with one frame.
    fn tag(version: u8, name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = |len: usize| [0, 0, (len >> 7) as u8, len as u8 & 0x7f];
        let frame = [name.as_slice(), &size(body.len()), &[0, 0], body].concat();
        let head = [b"ID3", &[version, 0, 0][..], &size(frame.len())];
        [head.concat(), frame].concat()
    }

    #[test]
    fn the_time_of_packed_sound_is_read() {
        let time = |time: u64| [OWNER, &time.to_be_bytes()].concat();
        let other = tag(4, b"TXXX", &[3; 300]);
        let table = [
            (tag(4, b"PRIV", &time(126_000)), Some(126_000)),
            (tag(3, b"PRIV", &time(1)), Some(1)),
            (tag(4, b"PRIV", &time(AROUND + 7)), Some(7)),
            ([other.clone(), tag(4, b"PRIV", &time(9))].concat(), Some(9)),
            (tag(4, b"PRIV", &OWNER[1..]), None),
            (tag(4, b"TXXX", &time(9)), None),
            (tag(4, b"PRIV", &time(9))[..40].to_vec(), None),
            (other, None),
        ];
        for (head, expected) in table {
            assert_eq!(start(&[&head[..], b"\xff\xf1"].concat()), expected);
        }
    }

    #[test]
    fn wrapping_timestamps_are_ordered() {
        let table = [
            (5, 9, 5),
            (9, 5, 5),
            (9, 9, 9),
            (AROUND - 1, 3, AROUND - 1),
            (3, AROUND - 1, AROUND - 1),
        ];
        for (one, other, expected) in table {
            assert_eq!(earlier(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_first_timestamp_of_a_stream_is_read() {
        let film = [
            packet(1, 8_123_456_789),
            packet(2, 126_000),
            packet(2, 5),
            vec![SYNC; 9],
        ];
        assert_eq!(start(&film.concat()), Some(126_000));
        assert_eq!(start(&packet(1, 8_123_456_789)), Some(8_123_456_789));
        let header = |value: u32| [[0; 12].as_slice(), &value.to_be_bytes()].concat();
        let track = [
            boxed(b"tkhd", &header(7)),
            boxed(b"mdia", &boxed(b"mdhd", &header(1000))),
        ];
        let moov = boxed(b"moov", &boxed(b"trak", &track.concat()));
        let fragment = [
            boxed(b"tfhd", &[0, 0, 0, 0, 0, 0, 0, 7]),
            boxed(b"tfdt", &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x27, 0x10]),
        ];
        let moof = boxed(b"moof", &boxed(b"traf", &fragment.concat()));
        let film = [boxed(b"ftyp", b"iso5"), moov.clone(), moof.clone()].concat();
        assert_eq!(start(&film), Some(900_000));
        for film in [&[][..], b"WEBVTT", &moof, &moov, &film[..film.len() - 1]] {
            assert_eq!(start(film), None);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_film_begins_with_it_is_looked_at(
            bytes in prop::collection::vec(prop::sample::select(vec![0u8, 1, 8, 16, 71, 0xe0, 0x80, b'm', b'o', b'v', b'f']), 0..600),
        ) {
            let _ = start(&bytes);
            let _ = start(&[b"ID3", &bytes[..]].concat());
            let moov = boxed(b"moov", &boxed(b"trak", &bytes));
            let _ = start(&[moov, boxed(b"moof", &boxed(b"traf", &bytes))].concat());
        }
    }
}
