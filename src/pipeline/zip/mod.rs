//! ZIP files (PKWARE APPNOTE 6.3.10) without compression: writing them, and reading those that we wrote.
//!
//! This module knows no albums and no archive.

mod number;
mod read;
mod write;

pub(super) use number::{le16, le32, le64};
pub(super) use read::{Entry, Index, checksum, comment};
pub(super) use write::{Source, Writer};

/// The signatures of a local header, an entry in the index, and the end record.
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
/// The end record and its locator for numbers of more than 32 bits.
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";

/// The lengths of these records without names and other variable parts.
const LOCAL_LENGTH: u64 = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: u64 = 22;
const END_64_LENGTH: u64 = 56;
const LOCATOR_64_LENGTH: u64 = 20;

/// Extra fields: 64-bit numbers, and a time in seconds since 1970.
const WIDE: u16 = 0x0001;
const TIME: u16 = 0x5455;

/// The values that stand for a 32-bit or 16-bit number stored with 64 bits elsewhere.
const FULL: u64 = 0xffff_ffff;
const MANY: u64 = 0xffff;
