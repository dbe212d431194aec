//! JPEG (ITU-T T.81, annex B): segments with lengths, scans without, and an end marker.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const END: &str = "the end of the picture";

/// Follows segments and scans to the end of the first picture. Phones and MPO files put more after it.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let mut at = 2;
    loop {
        // Between segments, everything but a marker is skipped, as decoders do; within a scan it is image data.
        let Some(marker) = input.find(at, 0xff)? else {
            return Err(input.cut(END));
        };
        let [kind] = input.take(marker + 1, END)?;
        at = match kind {
            0xd9 => return Ok(Structure::Whole),
            // Fill bytes: the marker is still to come.
            0xff => marker + 1,
            // A byte of the scan, a restart marker within it, and markers without a length.
            0x00 | 0x01 | 0xd0..=0xd8 => marker + 2,
            _ => {
                let length = u16::from_be_bytes(input.take(marker + 2, END)?);
                if length < 2 {
                    return Err(Stop::broken(marker, "the segment has no length"));
                }
                input.pass(marker + 2, u64::from(length), END)?
            }
        };
    }
}
