//! RIFF: WebP, WAV, AVI. The length is at the beginning.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Structure};

/// Lengths from here on are placeholders of programs that cannot seek back to write the real length.
const STREAMED: u32 = 0x7fff_f000;

/// Compares the stated length with that of the file.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let length = u32::from_le_bytes(input.take(4, "its length")?);
    let kind: [u8; 4] = input.take(8, "its kind")?;
    if &kind != b"WEBP" && (length == 0 || length >= STREAMED) {
        return Ok(Structure::Unknown);
    }
    match (8 + u64::from(length)).saturating_sub(input.len()) {
        0 => {}
        // Some writers omit the padding byte of the last chunk, but count it.
        1 => return Ok(Structure::Unknown),
        _ => return Err(input.cut("the rest up to its stated length")),
    }
    if &kind != b"AVI " {
        return Ok(Structure::Whole);
    }
    // Long videos continue in further RIFF chunks.
    let mut at = 8 + u64::from(length) + u64::from(length % 2);
    while at < input.len() && input.peek(at, 4)? == b"RIFF" {
        let length = u64::from(u32::from_le_bytes(input.take(at + 4, "its length")?));
        at = input.pass(at + 8, length, "the rest of the film")?;
    }
    Ok(Structure::Whole)
}
