//! ISO base media (ISO/IEC 14496-12) and QuickTime: nested boxes. MP4, MOV, HEIC, AVIF, JPEG XL.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const REST: &str = "the rest of a box";

/// What has been found at the top level.
#[derive(Default)]
struct Seen {
    /// The index of the contents.
    index: bool,
    /// The media data.
    data: bool,
    /// Fragments, whose number is not stated anywhere.
    pieces: bool,
    /// An index of the fragments, which comes last.
    last: bool,
}

impl Seen {
    /// Checks whether nothing important can be missing.
    fn is_all(&self) -> bool {
        match self.pieces {
            true => self.last,
            false => self.index && self.data,
        }
    }
}

/// Follows the top-level boxes. Where the file could have been cut between two of them, the result is unknown.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let mut seen = Seen::default();
    let mut at = 0;
    while at < input.len() {
        let (kind, end) = match next(input, at) {
            Ok(next) => next,
            // Data after the last box need not be a box.
            Err(Stop::Decided(_)) if seen.is_all() => return Ok(Structure::Whole),
            Err(stop) => return Err(stop),
        };
        match &kind {
            b"moov" | b"meta" => seen.index = true,
            b"mdat" => seen.data = true,
            b"moof" => seen.pieces = true,
            b"mfra" => seen.last = true,
            b"jxlc" => (seen.index, seen.data) = (true, true),
            _ => {}
        }
        let Some(end) = end else {
            // The last box extends to the end of the file, wherever that is.
            return Ok(Structure::Unknown);
        };
        at = end;
    }
    Ok(match seen.is_all() {
        true => Structure::Whole,
        false => Structure::Unknown,
    })
}

/// Returns the kind of a box and where it ends, unless it extends to the end of the file.
fn next<F: Read + Seek>(input: &mut Input<F>, at: u64) -> Result<([u8; 4], Option<u64>), Stop> {
    let length = u32::from_be_bytes(input.take(at, REST)?);
    let kind: [u8; 4] = input.take(at + 4, REST)?;
    // Some of Apple's box types begin with a copyright sign.
    let is_kind = |byte: &u8| matches!(byte, b' '..=b'~' | 0xa9);
    if !kind.iter().all(is_kind) {
        return Err(Stop::broken(at, "there is no box"));
    }
    let (least, length) = match length {
        0 => return Ok((kind, None)),
        1 => (16, u64::from_be_bytes(input.take(at + 8, REST)?)),
        length => (8, u64::from(length)),
    };
    if length < least {
        return Err(Stop::broken(at, "the box is shorter than its header"));
    }
    Ok((kind, Some(input.pass(at, length, REST)?)))
}
