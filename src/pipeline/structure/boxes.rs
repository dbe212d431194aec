//! ISO base media (ISO/IEC 14496-12) and QuickTime: boxes in boxes. MP4, MOV, HEIC, AVIF, JPEG XL.

use std::io::{Read, Seek};

use super::{Input, Looked, Stop, Structure};

const REST: &str = "the rest of a box";

/// What stood at the top.
#[derive(Default)]
struct Seen {
    /// Where what is in the file is told.
    index: bool,
    /// The media themselves.
    data: bool,
    /// The film comes in pieces, and nothing says how many.
    pieces: bool,
    /// An index of the pieces, which comes last.
    last: bool,
}

impl Seen {
    /// Whether nothing that matters can be missing.
    fn is_all(&self) -> bool {
        match self.pieces {
            true => self.last,
            false => self.index && self.data,
        }
    }
}

/// Adds up the boxes at the top. Where a cut could fall between two of them, nothing is said.
pub(super) fn look<F: Read + Seek>(input: &mut Input<F>) -> Looked {
    let mut seen = Seen::default();
    let mut at = 0;
    while at < input.len() {
        let (kind, end) = match next(input, at) {
            Ok(next) => next,
            // What stands behind the last box is no box.
            Err(Stop::Known(_)) if seen.is_all() => return Ok(Structure::Whole),
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
            // Its last box goes to the end of the file, wherever that is.
            return Ok(Structure::Unknown);
        };
        at = end;
    }
    Ok(match seen.is_all() {
        true => Structure::Whole,
        false => Structure::Unknown,
    })
}

/// The kind of a box and where it ends, unless that is at the end of the file.
fn next<F: Read + Seek>(input: &mut Input<F>, at: u64) -> Result<([u8; 4], Option<u64>), Stop> {
    let length = u32::from_be_bytes(input.take(at, REST)?);
    let kind: [u8; 4] = input.take(at + 4, REST)?;
    // Some of Apple's begin with a copyright sign.
    let is_kind = |byte: &u8| matches!(byte, b' '..=b'~' | 0xa9);
    if !kind.iter().all(is_kind) {
        return Err(Stop::broken(at, "no box stands there"));
    }
    let (least, length) = match length {
        0 => return Ok((kind, None)),
        1 => (16, u64::from_be_bytes(input.take(at + 8, REST)?)),
        length => (8, u64::from(length)),
    };
    if length < least {
        return Err(Stop::broken(at, "the box there is shorter than its head"));
    }
    Ok((kind, Some(input.pass(at, length, REST)?)))
}
