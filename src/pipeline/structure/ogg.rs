//! Ogg (RFC 3533): pages, the last of which in a stream is marked as such.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const REST: &str = "the rest of a page";

const BEGINS: u8 = 2;
const ENDS: u8 = 4;

/// Follows the pages. Recorded streams often have no last page; then the result is unknown.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let (mut begun, mut ended) = (0u64, 0u64);
    let mut at = 0;
    while at < input.len() {
        let is_over = begun <= ended;
        let head: [u8; 27] = match input.take(at, REST) {
            Ok(head) if head.starts_with(b"OggS") => head,
            // Data after the last page need not be a page.
            Ok(_) | Err(Stop::Decided(_)) if begun > 0 && is_over => break,
            Ok(_) => return Err(Stop::broken(at, "there is no page")),
            Err(stop) => return Err(stop),
        };
        begun += u64::from(head[5] & BEGINS != 0);
        ended += u64::from(head[5] & ENDS != 0);
        let count = usize::from(head[26]);
        let body = input.pass(at + 27, count as u64, REST)?;
        let lengths = input.peek(at + 27, count)?.iter();
        let length = lengths.map(|length| u64::from(*length)).sum();
        at = input.pass(body, length, REST)?;
    }
    Ok(match begun > 0 && begun <= ended {
        true => Structure::Whole,
        false => Structure::Unknown,
    })
}
