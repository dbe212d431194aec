//! PDF (ISO 32000-1, 7.5.5): read from its end, which says where its cross-reference table is.

use std::io::{Read, Seek};

use super::{CheckResult, Input, Structure};

/// How far from the end of the file the end mark may be. Readers look this far, too.
const TAIL: usize = 4096;

/// Looks for the end mark, and for the position of the table before it. A linearized PDF also has an end mark near its
/// beginning, which puts the table at 0.
pub(super) fn check<F: Read + Seek>(input: &mut Input<F>) -> CheckResult {
    let promised = linear_length(input.peek(0, 1024)?);
    if promised.is_some_and(|length| length > input.len()) {
        return Err(input.cut("the rest up to its stated length"));
    }
    let from = input.len().saturating_sub(TAIL as u64);
    let tail = input.peek(from, TAIL)?;
    let table = last(tail, b"%%EOF")
        .and_then(|end| last(&tail[..end], b"startxref"))
        .and_then(|start| number(&tail[start + 9..]));
    match table {
        Some(table) if table > 0 && table < input.len() => Ok(Structure::Whole),
        _ => Err(input.cut("its end mark")),
    }
}

/// Returns the length that a linearized PDF states in its first object.
fn linear_length(head: &[u8]) -> Option<u64> {
    let dictionary = &head[last(head, b"/Linearized")?..];
    let end = dictionary.windows(2).position(|pair| pair == b">>")?;
    let dictionary = &dictionary[..end];
    let at = |index: &usize| {
        // `/Lang` begins with the same letter.
        let next = dictionary.get(index + 2);
        next.is_some_and(|byte| byte.is_ascii_whitespace() || byte.is_ascii_digit())
    };
    let mut names = (0..dictionary.len()).filter(|index| dictionary[*index..].starts_with(b"/L"));
    number(&dictionary[names.find(at)? + 2..])
}

fn last(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .rposition(|window| window == wanted)
}

fn number(bytes: &[u8]) -> Option<u64> {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()
}
