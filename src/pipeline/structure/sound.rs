//! MP3 (ISO/IEC 11172-3) and FLAC (RFC 9639), which have no end marker: only the lengths at their beginning tell
//! anything.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const REST: &str = "the rest of the sound";

/// Skips leading tags, then checks the audio.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let mut at = 0;
    while input.peek(at, 3)? == b"ID3" {
        let head: [u8; 10] = input.take(at, "the rest of its tag")?;
        // The length is stored as four times seven bits.
        let length = head[6..]
            .iter()
            .fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
        let footer = if head[5] & 0x10 == 0 { 0 } else { 10 };
        at = input.pass(at + 10, length + footer, "the rest of its tag")?;
    }
    match input.peek(at, 4)? {
        b"fLaC" => flac(input, at + 4),
        [0xff, second, ..] if second & 0xe6 == 0xe2 => mp3(input, at),
        _ => Ok(Structure::Unknown),
    }
}

/// Follows the metadata blocks, and compares the minimum size of the stated samples with what is there.
fn flac<F: Read + Seek>(input: &mut Input<F>, mut at: u64) -> CheckResult {
    let mut least = 0;
    loop {
        let [kind, length @ ..]: [u8; 4] = input.take(at, REST)?;
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if kind & 0x7f == 0 && length >= 34 {
            let about: [u8; 18] = input.take(at + 4, REST)?;
            let number = |bytes: &[u8]| {
                bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
            };
            let (block, frame) = (number(&about[2..4]), number(&about[4..7]));
            let samples = number(&about[13..18]) & 0xf_ffff_ffff;
            least = samples.checked_div(block).unwrap_or(0) * frame;
        }
        at = input.pass(at + 4, length, REST)?;
        if kind & 0x80 != 0 {
            break;
        }
    }
    if !matches!(input.peek(at, 2)?, [0xff, second] if second & 0xfc == 0xf8) {
        return Err(match input.pass(at, 2, REST) {
            Ok(_) => Stop::broken(at, "there is no sound"),
            Err(cut) => cut,
        });
    }
    input.pass(at, least, REST)?;
    Ok(Structure::Unknown)
}

/// Compares the length that an encoder wrote into the first frame with what is there.
fn mp3<F: Read + Seek>(input: &mut Input<F>, at: u64) -> CheckResult {
    let head = input.peek(at, 4)?;
    let [_, version, _, mode] = *head else {
        return Err(input.cut(REST));
    };
    let (is_one, is_mono) = (version & 0x08 != 0, mode >> 6 == 3);
    let side = match (is_one, is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let tag: [u8; 16] = input.take(at + 4 + side, REST)?;
    let (has_frames, has_length) = (tag[7] & 1 != 0, tag[7] & 2 != 0);
    if !(tag.starts_with(b"Xing") || tag.starts_with(b"Info")) || !has_length {
        return Ok(Structure::Unknown);
    }
    let from = if has_frames { 12 } else { 8 };
    let length = tag[from..from + 4]
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    match length {
        0 => Ok(Structure::Unknown),
        length => input.pass(at, length, REST).map(|_| Structure::Whole),
    }
}
