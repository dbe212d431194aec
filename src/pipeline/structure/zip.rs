//! ZIP (PKWARE APPNOTE) and formats based on it: CBZ, EPUB, office documents. The index is at the end.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Stop, Structure};
use crate::pipeline::zip::{le16, le32, le64};

/// The length of the end record, and the maximum length of the comment after it.
const END: u64 = 22;
const COMMENT: u64 = 0xffff;
/// How far from the end of the file the end record may be: there may be data after the comment.
const TAIL: u64 = END + 2 * COMMENT;

/// How many end records are tried. A packed file may be a ZIP itself, so the last record need not belong to this one.
const TRIES: usize = 8;

/// Looks for the end record, and follows the index that it describes.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let from = input.len().saturating_sub(TAIL);
    let tail = input.peek(from, TAIL as usize)?;
    let records = tail.windows(4).enumerate().rev();
    let records = records.filter(|(_, magic)| magic == b"PK\x05\x06");
    let records: Vec<_> = records.map(|(index, _)| from + index as u64).collect();
    let mut found = None;
    for at in records.iter().take(TRIES) {
        match end_record(input, *at)? {
            Some(Structure::Whole) => return Ok(Structure::Whole),
            other => found = found.or(other),
        }
    }
    match found {
        Some(other) => Ok(other),
        None if records.len() > TRIES => Ok(Structure::Unknown),
        None => Err(input.cut("its index")),
    }
}

/// Returns what the end record at this position means, if it is one.
fn end_record<F: Read + Seek>(input: &mut Input<F>, at: u64) -> Result<Option<Structure>, Stop> {
    let Ok(record) = <[u8; END as usize]>::try_from(input.peek(at, END as usize)?) else {
        return Ok(None);
    };
    let comment = u64::from(le16(&record, 20));
    if at + END + comment > input.len() {
        return Ok(None);
    }
    let (mut length, mut offset) = (le32(&record, 12), le32(&record, 16));
    let mut index_end = at;
    let locator = input.peek(at.saturating_sub(20), 20)?;
    if at >= 20 + 56 && locator.starts_with(b"PK\x06\x07") {
        // The numbers that do not fit here are in an earlier record.
        let before = at - 20 - 56;
        if let Ok(record) = <[u8; 56]>::try_from(input.peek(before, 56)?)
            && record.starts_with(b"PK\x06\x06")
        {
            (length, offset) = (le64(&record, 40), le64(&record, 48));
            index_end = before;
        }
    }
    let Some(index) = index_end.checked_sub(length) else {
        return Ok(None);
    };
    if !follows(input, index, index_end)? {
        return Ok(None);
    }
    // Some writers let the position overflow at 4 GiB.
    let here = index % (1 << 32) == offset % (1 << 32);
    Ok(Some(match here {
        true => Structure::Whole,
        false => Structure::Unknown,
    }))
}

/// Checks whether the entries of an index fill the space between these positions.
fn follows<F: Read + Seek>(input: &mut Input<F>, mut at: u64, end: u64) -> Result<bool, Stop> {
    while at < end {
        let Ok(entry) = <[u8; 46]>::try_from(input.peek(at, 46)?) else {
            return Ok(false);
        };
        if !entry.starts_with(b"PK\x01\x02") {
            // The last entry of the index may be a digital signature.
            return Ok(entry.starts_with(b"PK\x05\x05"));
        }
        let variable = [28, 30, 32]
            .iter()
            .map(|from| u64::from(le16(&entry, *from)));
        at += 46 + variable.sum::<u64>();
    }
    Ok(at == end)
}
