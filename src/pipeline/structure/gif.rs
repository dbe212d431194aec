//! GIF (GIF89a): blocks, made of blocks of at most 255 bytes, and a trailer.

use std::io::{Read, Seek};

use super::{Input, Looked, Stop, Structure};

const END: &str = "the end of the picture";

/// Follows the blocks to the trailer. Nothing is said of one that ends behind an image.
pub(super) fn look<F: Read + Seek>(input: &mut Input<F>) -> Looked {
    let [flags] = input.take(10, END)?;
    let mut at = 13 + colours(flags);
    let mut images = 0u64;
    loop {
        // Some writers leave the trailer out.
        if images > 0 && at == input.len() {
            return Ok(Structure::Unknown);
        }
        let [kind] = input.take(at, END)?;
        at = match kind {
            b';' => return Ok(Structure::Whole),
            // Decoders pass over empty blocks that stand alone.
            0 => at + 1,
            b'!' => blocks(input, at + 2)?,
            b',' => {
                images += 1;
                let [flags] = input.take(at + 9, END)?;
                // The colours of this image, and a byte that says with how many bits its codes begin.
                blocks(input, at + 10 + colours(flags) + 1)?
            }
            _ => return Err(Stop::broken(at, "no block stands there")),
        };
    }
}

/// How long the table of colours is that these flags announce.
fn colours(flags: u8) -> u64 {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// Passes over blocks, to behind the empty one that ends them.
fn blocks<F: Read + Seek>(input: &mut Input<F>, mut at: u64) -> Result<u64, Stop> {
    loop {
        let [length] = input.take(at, END)?;
        at += 1 + u64::from(length);
        if length == 0 {
            return Ok(at);
        }
    }
}
