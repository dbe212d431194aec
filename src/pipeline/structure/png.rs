//! PNG (W3C PNG, third edition): chunks, each with a length and a checksum.

use std::io::{Read, Seek};

use flate2::Crc;

use super::{CheckResult, Input, Stop, Structure};

const END: &str = "the end of the picture";

/// Follows the chunks to the last, and verifies their checksums.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(input.take(at, END)?);
        let kind: [u8; 4] = input.take(at + 4, END)?;
        if length > i32::MAX as u32 || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(Stop::broken(at, "there is no chunk"));
        }
        let data = at + 8;
        let end = input.pass(data, u64::from(length), "the end of a chunk")?;
        let mut crc = Crc::new();
        crc.update(&kind);
        let mut from = data;
        while from < end {
            let some = input.some(from).map_err(Stop::Unreadable)?;
            let count = (end - from).min(some.len() as u64);
            crc.update(&some[..count as usize]);
            from += count;
        }
        if u32::from_be_bytes(input.take(end, "the end of a chunk")?) != crc.sum() {
            return Err(Stop::broken(at, "the checksum of the chunk is wrong"));
        }
        if &kind == b"IEND" {
            return Ok(Structure::Whole);
        }
        at = end + 4;
    }
}
