//! Little-endian numbers. These functions panic if there are too few bytes.

/// Reads two bytes at this position.
pub(in crate::pipeline) fn le16(bytes: &[u8], from: usize) -> u16 {
    u16::from_le_bytes([bytes[from], bytes[from + 1]])
}

/// Reads four bytes.
pub(in crate::pipeline) fn le32(bytes: &[u8], from: usize) -> u64 {
    u64::from(le16(bytes, from)) | u64::from(le16(bytes, from + 2)) << 16
}

/// Reads eight bytes.
pub(in crate::pipeline) fn le64(bytes: &[u8], from: usize) -> u64 {
    le32(bytes, from) | le32(bytes, from + 4) << 32
}
