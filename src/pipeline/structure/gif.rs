//! GIF (GIF89a): blocks, made of sub-blocks of at most 255 bytes, and a trailer.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const END: &str = "the end of the picture";

/// Follows the blocks to the trailer. If the file ends after an image, the result is unknown.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let [flags] = input.take(10, END)?;
    let mut at = 13 + colours(flags);
    let mut images = 0u64;
    loop {
        // Some writers omit the trailer.
        if images > 0 && at == input.len() {
            return Ok(Structure::Unknown);
        }
        let [kind] = input.take(at, END)?;
        at = match kind {
            b';' => return Ok(Structure::Whole),
            // Decoders skip empty blocks between others.
            0 => at + 1,
            b'!' => blocks(input, at + 2)?,
            b',' => {
                images += 1;
                let [flags] = input.take(at + 9, END)?;
                // The image's colour table, and a byte with the initial size of its codes.
                blocks(input, at + 10 + colours(flags) + 1)?
            }
            _ => return Err(Stop::broken(at, "there is no block")),
        };
    }
}

/// Returns the length of the colour table announced by these flags.
fn colours(flags: u8) -> u64 {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// Skips sub-blocks, up to and including the empty one that ends them.
fn blocks<F: Read + Seek>(input: &mut Input<F>, mut at: u64) -> Result<u64, Stop> {
    loop {
        let [length] = input.take(at, END)?;
        at += 1 + u64::from(length);
        if length == 0 {
            return Ok(at);
        }
    }
}
