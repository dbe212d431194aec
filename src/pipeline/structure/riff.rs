//! RIFF: WebP, WAV, AVI. Its length stands at its beginning.

use std::io::{Read, Seek};

use super::{Input, Looked, Structure};

/// Lengths from here on are what programs write that cannot go back to say how much it was.
const STREAMED: u32 = 0x7fff_f000;

/// Holds the length against the file's.
pub(super) fn look<F: Read + Seek>(input: &mut Input<F>) -> Looked {
    let length = u32::from_le_bytes(input.take(4, "its length")?);
    let kind: [u8; 4] = input.take(8, "its kind")?;
    if &kind != b"WEBP" && (length == 0 || length >= STREAMED) {
        return Ok(Structure::Unknown);
    }
    match (8 + u64::from(length)).saturating_sub(input.len()) {
        0 => {}
        // Some writers leave out the byte that makes the last chunk even, and count it all the same.
        1 => return Ok(Structure::Unknown),
        _ => return Err(input.cut("the rest of what it says is its length")),
    }
    if &kind != b"AVI " {
        return Ok(Structure::Whole);
    }
    // Long films go on in further ones.
    let mut at = 8 + u64::from(length) + u64::from(length % 2);
    while at < input.len() && input.peek(at, 4)? == b"RIFF" {
        let length = u64::from(u32::from_le_bytes(input.take(at + 4, "its length")?));
        at = input.pass(at + 8, length, "the rest of the film")?;
    }
    Ok(Structure::Whole)
}
