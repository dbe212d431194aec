//! 7z: a header with a checksum, which says where the index at the end is.

use std::io::{Read, Seek};

use flate2::Crc;

use super::{CheckResult, Input, Stop, Structure};

/// Verifies the checksums of the header and the index.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let head: [u8; 32] = input.take(0, "the rest of its header")?;
    let (sum, about) = (&head[8..12], &head[12..]);
    if checksum(about) != sum {
        return Err(Stop::broken(8, "the checksum of its header is wrong"));
    }
    let number = |from: usize| {
        let bytes = head[from..].iter().take(8).rev();
        bytes.fold(0u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let (offset, length) = (number(12), number(20));
    let index = input.pass(32, offset, "its index")?;
    let end = input.pass(index, length, "the rest of its index")?;
    let mut crc = Crc::new();
    let mut at = index;
    while at < end {
        let some = input.some(at).map_err(Stop::Unreadable)?;
        let count = (end - at).min(some.len() as u64);
        crc.update(&some[..count as usize]);
        at += count;
    }
    match crc.sum().to_le_bytes() == head[28..] {
        true => Ok(Structure::Whole),
        false => Err(Stop::broken(index, "the checksum of its index is wrong")),
    }
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}
