//! Checks whether a file ends as its format says, by its framing only: lengths, end markers, checksums; nothing is
//! decoded.
//!
//! A file is untrusted here: every length in it is checked against the file's own, nothing recurses, and only one
//! window is held in memory. This module knows no names, no archive, and not what the file is for.

mod boxes;
mod ebml;
mod gif;
mod gzip;
mod input;
mod jpeg;
mod ogg;
mod pdf;
mod png;
mod riff;
mod seven;
mod sound;
#[cfg(test)]
mod tests;
mod zip;

use std::fmt;
use std::io::{self, Read, Seek};

pub(super) use input::Input;

/// What the framing of a file says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Structure {
    /// It ends where its format says. Data after its end is ignored: phones put things there.
    Whole,
    /// The file ends here, but its format says that there is more.
    Cut {
        /// The length of the file.
        at: u64,
        /// What is missing.
        missing: &'static str,
    },
    /// Something in it is impossible.
    Broken {
        /// Where.
        at: u64,
        /// What is wrong.
        wrong: &'static str,
    },
    /// Its format has no end marker, or is not known.
    Unknown,
}

impl Structure {
    /// Checks whether its end is missing.
    pub(super) fn is_cut(self) -> bool {
        matches!(self, Structure::Cut { .. })
    }

    /// Checks whether something is wrong with it.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Structure::Cut { .. } | Structure::Broken { .. })
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Structure::Whole => f.write_str("it is whole"),
            Structure::Cut { at, missing } => write!(f, "cut at byte {at}: {missing} is missing"),
            Structure::Broken { at, wrong } => write!(f, "broken at byte {at}: {wrong}"),
            Structure::Unknown => f.write_str("its format does not tell whether it is whole"),
        }
    }
}

/// Why the check stopped early.
enum Stop {
    /// The result is already known.
    Decided(Structure),
    /// The file cannot be read.
    Unreadable(io::Error),
}

impl Stop {
    fn broken(at: u64, wrong: &'static str) -> Stop {
        Stop::Decided(Structure::Broken { at, wrong })
    }
}

/// The result of checking a format.
type CheckResult = Result<Structure, Stop>;

/// Checks a whole file.
///
/// # Errors
/// If it cannot be read.
pub(super) fn structure<F: Read + Seek>(input: &mut Input<F>) -> io::Result<Structure> {
    let result = match input.peek(0, 16) {
        Ok(head) => match format(head) {
            Some(rules) => rules(input),
            None => Ok(Structure::Unknown),
        },
        Err(stop) => Err(stop),
    };
    match result {
        Ok(structure) | Err(Stop::Decided(structure)) => Ok(structure),
        // The file was truncated while it was being read.
        Err(Stop::Unreadable(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Ok(Structure::Cut {
                at: input.len(),
                missing: "data that was there a moment ago",
            })
        }
        Err(Stop::Unreadable(error)) => Err(error),
    }
}

/// Returns the check for the format whose magic number is at the beginning.
fn format<F: Read + Seek>(head: &[u8]) -> Option<fn(&mut Input<F>) -> CheckResult> {
    let at = |offset: usize, magic: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let any_at = |offset: usize, magics: &[&[u8]]| magics.iter().any(|magic| at(offset, magic));
    Some(match head {
        _ if at(0, b"\xff\xd8\xff") => jpeg::check,
        _ if at(0, b"\x89PNG\r\n\x1a\n") => png::check,
        _ if any_at(0, &[b"GIF87a", b"GIF89a"]) => gif::check,
        _ if any_at(0, &[b"RIFF", b"RF64"]) => riff::check,
        _ if any_at(4, &[b"ftyp", b"moov", b"mdat", b"wide", b"JXL "]) => boxes::check,
        _ if at(0, b"\x1a\x45\xdf\xa3") => ebml::check,
        _ if any_at(0, &[b"PK\x03\x04", b"PK\x05\x06"]) => zip::check,
        _ if at(0, b"%PDF-") => pdf::check,
        _ if at(0, b"OggS") => ogg::check,
        _ if at(0, b"7z\xbc\xaf\x27\x1c") => seven::check,
        _ if at(0, b"\x1f\x8b\x08") => gzip::check,
        _ if any_at(0, &[b"fLaC", b"ID3"]) => sound::check,
        [0xff, second, ..] if second & 0xe6 == 0xe2 => sound::check,
        _ => return None,
    })
}
