//! Matroska and WebM (RFC 8794, RFC 9559): elements, whose length may be unknown.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};

const REST: &str = "the rest of an element";

const HEADER: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;

/// Follows the elements of the segment. A segment of unknown length ends where the file does, which may be anywhere.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let mut at = 0;
    let mut whole = false;
    while at < input.len() {
        let (id, data, length) = match element(input, at) {
            Ok(element) => element,
            Err(Stop::Decided(_)) if whole => break,
            Err(stop) => return Err(stop),
        };
        at = match (id, length) {
            (SEGMENT, Some(length)) => {
                let end = input.pass(data, length, "the rest of the film")?;
                segment(input, data, end)?;
                whole = true;
                end
            }
            (SEGMENT, None) => {
                let end = input.len();
                segment(input, data, end)?;
                return Ok(Structure::Unknown);
            }
            (HEADER, Some(length)) => input.pass(data, length, REST)?,
            // Data after the segment is not part of it.
            _ if whole => break,
            _ => return Err(Stop::broken(at, "there is no film")),
        };
    }
    match whole {
        true => Ok(Structure::Whole),
        false => Err(input.cut("the film")),
    }
}

/// Follows the elements in a segment, and those in clusters of unknown length, as if they were on one level.
fn segment<F: Read + Seek>(input: &mut Input<F>, mut at: u64, end: u64) -> Result<(), Stop> {
    while at < end {
        let (id, data, length) = element(input, at)?;
        at = match length {
            Some(length) => input.pass(data, length, REST)?,
            None if id == CLUSTER => data,
            None => return Err(Stop::broken(at, "the element has no length")),
        };
        if at > end {
            return Err(Stop::broken(data, "the element is longer than the film"));
        }
    }
    Ok(())
}

/// Returns the ID of an element, where its data begins, and the length of the data if it is known.
fn element<F: Read + Seek>(input: &mut Input<F>, at: u64) -> Result<(u32, u64, Option<u64>), Stop> {
    let (id, id_length) = number(input, at, 4)?;
    let (length, length_length) = number(input, at + id_length, 8)?;
    let data = at + id_length + length_length;
    let bits = 7 * length_length;
    let length = length & ((1 << bits) - 1);
    let known = length != (1 << bits) - 1;
    Ok((id as u32, data, known.then_some(length)))
}

/// Reads a number of at most `most` bytes, including the bit that marks its length; returns it with its length.
fn number<F: Read + Seek>(input: &mut Input<F>, at: u64, most: u64) -> Result<(u64, u64), Stop> {
    let [first] = input.take(at, REST)?;
    let length = u64::from(first.leading_zeros()) + 1;
    if length > most {
        return Err(Stop::broken(at, "there is no element"));
    }
    let missing = input.pass(at, length, REST).map(drop);
    missing?;
    let bytes = input.peek(at, length as usize)?;
    let value = bytes
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    Ok((value, length))
}
