//! Compares the lengths of the tracks that `ffmpeg` has written with those in their lists, since it reports success
//! even if most of a track could not be read.

use crate::model::Result;
use crate::pipeline::sink::Partial;

/// How far lengths may differ: in seconds, and as a fraction of the whole.
const SECONDS: f64 = 2.0;
const PART: f64 = 0.02;
/// The most boxes in a row that are looked at.
const MAX_BOXES: usize = 10_000;
/// How much of a Matroska file is looked at: what it says of its tracks comes before their contents.
const LOOK: u64 = 1 << 20;
/// How the duration of a track begins in Matroska: with the name of a tag, and the identifier of its text.
const TAG: &[u8] = b"\x45\xa3\x88DURATION\x44\x87";

/// How long a track is according to its list, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Expected {
    pub(in super::super) seconds: f64,
    /// How much of that may be rounding.
    pub(in super::super) rounded: f64,
    /// How much of that did not come.
    pub(in super::super) missing: f64,
}

/// Returns how long picture and sound of a film are, in seconds, as far as the file says so.
pub(super) fn read(film: &Partial) -> Result<[Option<f64>; 2]> {
    let len = film.len()?;
    let head = film.read(0, len.min(LOOK) as usize)?;
    if head.get(4..8) != Some(b"ftyp") {
        let mut tags = tags(&head);
        let picture = tags.next();
        // The duration of the sound comes after those of all pictures.
        return Ok([picture, tags.last()]);
    }
    let mut found = [None; 2];
    for moov in named(film, (0, len), b"moov")? {
        for track in named(film, moov, b"trak")? {
            for media in named(film, track, b"mdia")? {
                let kind = match body(film, media, b"hdlr")?.get(8..12) {
                    Some(b"vide") => 0,
                    Some(b"soun") => 1,
                    _ => continue,
                };
                let header = body(film, media, b"mdhd")?;
                found[kind] = found[kind].or_else(|| of_header(&header));
            }
        }
    }
    Ok(found)
}

/// Returns where the contents of the boxes of this name begin and end, in a row of boxes.
fn named(film: &Partial, (mut at, end): (u64, u64), name: &[u8; 4]) -> Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for _ in 0..MAX_BOXES {
        if at.saturating_add(8) > end {
            break;
        }
        let head = film.read(at, (end - at).min(16) as usize)?;
        let [a, b, c, d, rest @ ..] = &head[..] else {
            break;
        };
        let (len, skip) = match (u32::from_be_bytes([*a, *b, *c, *d]), rest.get(4..12)) {
            // The length does not fit in 32 bits.
            (1, Some(long)) => (
                long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                16,
            ),
            (0, _) => (end - at, 8),
            (len, _) => (u64::from(len), 8),
        };
        let Some(next) = at
            .checked_add(len)
            .filter(|next| len >= skip && *next <= end)
        else {
            break;
        };
        if rest.starts_with(name) {
            found.push((at + skip, next));
        }
        at = next;
    }
    Ok(found)
}

/// Returns the beginning of the contents of the first box of this name.
fn body(film: &Partial, within: (u64, u64), name: &[u8; 4]) -> Result<Vec<u8>> {
    match named(film, within, name)?.first() {
        Some((from, to)) => film.read(*from, (to - from).min(64) as usize),
        None => Ok(Vec::new()),
    }
}

/// The duration of a track by its header.
fn of_header(header: &[u8]) -> Option<f64> {
    let word = |at: usize| Some(u32::from_be_bytes(*header.get(at..)?.first_chunk()?));
    let (scale, ticks) = match header.first()? {
        1 => (word(20)?, u64::from(word(24)?) << 32 | u64::from(word(28)?)),
        _ => (word(12)?, u64::from(word(16)?)),
    };
    (scale > 0).then(|| ticks as f64 / f64::from(scale))
}

/// Returns the durations of the tracks of a Matroska file, in order, which are written as `00:01:02.500000000`.
fn tags(head: &[u8]) -> impl Iterator<Item = f64> {
    let starts = head.windows(TAG.len()).enumerate();
    starts
        .filter(|(_, bytes)| *bytes == TAG)
        .filter_map(|(at, _)| {
            let text = head.get(at + TAG.len() + 1..)?.get(..18)?;
            let text = std::str::from_utf8(text).ok()?.trim_end_matches('\0');
            let mut sum = 0.0;
            for part in text.split(':') {
                sum = sum * 60.0 + part.parse::<f64>().ok()?;
            }
            Some(sum)
        })
}

/// Returns what is wrong with a film whose tracks are this long, if anything.
pub(super) fn differ(expected: [Option<Expected>; 2], real: [Option<f64>; 2]) -> Option<String> {
    let names = ["picture", "sound"];
    for ((name, expected), real) in names.into_iter().zip(expected).zip(real) {
        let Some(expected) = expected else { continue };
        let Some(real) = real else {
            return Some(format!(
                "`ffmpeg` does not say how much of its {name} it copied"
            ));
        };
        let slack = expected.rounded + expected.missing;
        if (real - expected.seconds).abs() > tolerance(expected.seconds) + slack {
            return Some(format!(
                "its {name} is {:.1} seconds long, but {real:.1} as written by `ffmpeg`",
                expected.seconds
            ));
        }
    }
    // Durations that lists round are checked by how long the other track is.
    let ([Some(picture), Some(sound)], [Some(long), Some(other)]) = (expected, real) else {
        return None;
    };
    let apart = (picture.seconds - sound.seconds).abs() + picture.missing + sound.missing;
    ((long - other).abs() > apart + tolerance(long.max(other))).then(|| {
        format!("`ffmpeg` wrote {long:.1} seconds of its picture, and {other:.1} of its sound")
    })
}

fn tolerance(seconds: f64) -> f64 {
    SECONDS.max(seconds * PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_must_have_the_length_of_their_playlist() {
        let exact = |seconds| {
            Some(Expected {
                seconds,
                rounded: 0.0,
                missing: 0.0,
            })
        };
        let whole = |seconds: f64| {
            Some(Expected {
                seconds,
                rounded: seconds / 8.0,
                missing: 0.0,
            })
        };
        let holes = Some(Expected {
            seconds: 100.0,
            rounded: 0.0,
            missing: 30.0,
        });
        let table = [
            ([exact(20.0), exact(20.0)], [Some(20.0), Some(20.04)], true),
            ([exact(20.0), exact(20.0)], [Some(6.0), Some(20.0)], false),
            ([exact(20.0), exact(20.0)], [Some(20.0), Some(0.03)], false),
            ([exact(20.0), exact(20.0)], [Some(20.0), None], false),
            ([exact(20.0), None], [Some(20.0), None], true),
            ([None, None], [Some(5.0), Some(9.0)], true),
            (
                [exact(7200.0), exact(7200.0)],
                [Some(7080.0), Some(7200.0)],
                true,
            ),
            (
                [exact(7200.0), exact(7200.0)],
                [Some(7000.0), Some(7200.0)],
                false,
            ),
            (
                [exact(20.0), exact(20.0)],
                [Some(20.0), Some(95_443.0)],
                false,
            ),
            // Whole seconds are rounded, in both tracks as often.
            (
                [whole(1800.0), whole(1800.0)],
                [Some(1728.0), Some(1728.0)],
                true,
            ),
            (
                [whole(1800.0), whole(1800.0)],
                [Some(1700.0), Some(1800.0)],
                false,
            ),
            (
                [whole(1800.0), exact(1728.0)],
                [Some(1728.0), Some(1728.0)],
                true,
            ),
            ([holes, holes], [Some(130.0), Some(101.0)], true),
        ];
        for (expected, real, fits) in table {
            assert_eq!(
                differ(expected, real).is_none(),
                fits,
                "{expected:?} {real:?}"
            );
        }
    }

    #[test]
    fn the_durations_of_matroska_are_read() {
        let tag = |text: &str| {
            let mut tag = [TAG, b"\x94"].concat();
            tag.extend(text.as_bytes());
            tag.extend([0, 0]);
            tag
        };
        let head = [
            b"\x1a\x45\xdf\xa3".to_vec(),
            tag("00:00:20.500000000"),
            tag("01:01:02.250000000"),
            tag("none"),
        ];
        let read: Vec<f64> = tags(&head.concat()).collect();
        assert_eq!(read, [20.5, 3662.25]);
    }
}
