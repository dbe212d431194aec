//! ZIP (PKWARE APPNOTE 6.3.10), as far as it stores files as they are: what we write, and what we read of our own.
//!
//! It knows no album and no archive.

mod number;
mod read;
mod write;

pub(super) use number::{le16, le32, le64};
pub(super) use read::{Entry, Index, checksum, comment};
pub(super) use write::{Source, Writer};

/// What stands before the bytes of an entry, for an entry in the index, and at the end.
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
/// The same end and its place, where numbers have more than 32 bits.
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";

/// How long these are without their names and the like.
const LOCAL_LENGTH: u64 = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: u64 = 22;
const END_64_LENGTH: u64 = 56;
const LOCATOR_64_LENGTH: u64 = 20;

/// Extra fields: numbers of 64 bits, and a time in seconds since 1970.
const WIDE: u16 = 0x0001;
const TIME: u16 = 0x5455;

/// What says that a number of 32 or 16 bits is told with 64 elsewhere.
const FULL: u64 = 0xffff_ffff;
const MANY: u64 = 0xffff;
