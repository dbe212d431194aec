//! Checks the first bytes of a part: whether it can be one at all.

use bytes::Bytes;

use super::cipher::Decrypter;
use super::list;
use crate::model::{Error, Kind, Result};
use crate::pipeline::naming::{Content, HEAD, sniff};
use crate::pipeline::stream::{clock, protection};

/// Holds back the first bytes of a part until they have been checked.
pub(super) struct Look {
    early: Vec<u8>,
    seen: bool,
    encrypted: bool,
    form: list::Content,
    /// Whether it says that nothing comes after it.
    pub(super) is_last: bool,
}

impl Look {
    /// Starts to check a part; an `inner` one begins in the middle of a file, where its first bytes say nothing.
    pub(super) fn new(form: list::Content, encrypted: bool, inner: bool) -> Look {
        Look {
            early: Vec::new(),
            seen: inner,
            encrypted,
            form,
            is_last: false,
        }
    }

    /// Takes the next bytes as they came, and returns those that can go on, decrypted if necessary.
    pub(super) fn clear(
        &mut self,
        key: &mut Option<Decrypter>,
        piece: Bytes,
    ) -> Result<Option<Bytes>> {
        self.push(match key {
            Some(key) => key.push(&piece)?,
            None => piece,
        })
    }

    /// Takes the next bytes, and returns those that can go on.
    pub(super) fn push(&mut self, piece: Bytes) -> Result<Option<Bytes>> {
        if self.seen {
            return Ok(Some(piece));
        }
        if self.early.is_empty() && piece.len() >= HEAD {
            self.seen = true;
            self.check(&piece[..HEAD])?;
            return Ok(Some(piece));
        }
        self.early.extend_from_slice(&piece);
        match self.early.len() >= HEAD {
            true => self.finish(),
            false => Ok(None),
        }
    }

    /// Returns what was kept back.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>> {
        if std::mem::replace(&mut self.seen, true) {
            return Ok(None);
        }
        let early = std::mem::take(&mut self.early);
        self.check(&early[..early.len().min(HEAD)])?;
        Ok(Some(early.into()))
    }

    fn check(&mut self, head: &[u8]) -> Result<()> {
        self.is_last = is_last(head);
        match self.form {
            list::Content::Medium => check(head, self.encrypted),
            _ => check_text(head),
        }
    }
}

/// The beginning of a film, which shows whether it is protected.
pub(super) struct Head {
    bytes: Vec<u8>,
    wanted: bool,
}

impl Head {
    pub(super) fn new(wanted: bool) -> Head {
        let bytes = Vec::new();
        Head { bytes, wanted }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, piece: &[u8]) {
        if self.wanted {
            let room = clock::LOOK.saturating_sub(self.bytes.len());
            self.bytes
                .extend_from_slice(&piece[..room.min(piece.len())]);
        }
    }

    /// Checks all that came.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] with the name of the protection.
    pub(super) fn check(&self) -> Result<()> {
        match protection::of_boxes(&self.bytes) {
            Some(name) => Err(protection::refused(name)),
            None => Ok(()),
        }
    }
}

/// Whether a segment has the brand of the last one of a live stream (ISO/IEC 23009-1 §7.3.1).
fn is_last(head: &[u8]) -> bool {
    let Some((size, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let end = (u32::from_be_bytes(*size) as usize).min(head.len());
    let brands = head.get(8..end).unwrap_or_default();
    rest.starts_with(b"styp") && brands.chunks_exact(4).any(|brand| brand == b"lmsg")
}

/// Whether subtitles can begin like this; empty ones say nothing, and are fine.
fn check_text(head: &[u8]) -> Result<()> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    match head.is_empty() || head.starts_with(b"WEBVTT") || head.starts_with(b"<") && is_ttml(head)
    {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Corrupt,
            "something else came in place of subtitles",
        )),
    }
}

fn is_ttml(head: &[u8]) -> bool {
    let mut windows = head.windows(3);
    windows.any(|tag| tag == b"<tt" || tag == b":tt")
}

/// Whether a part can begin like this.
fn check(head: &[u8], encrypted: bool) -> Result<()> {
    let seen = sniff(head);
    let came = match seen.kind {
        Content::Page => "a web page",
        Content::Zeros => "nothing but zeros",
        Content::Text if !head.starts_with(b"WEBVTT") => "a text",
        Content::Image if !encrypted => "a picture",
        // A wrong key yields noise, of which one in 256 has padding that looks right.
        _ if encrypted && !begins_as_media(head) => {
            return Err(Error::new(
                Kind::Corrupt,
                "a segment decrypts to something that is not media",
            ));
        }
        _ => return Ok(()),
    };
    Err(Error::new(
        Kind::Corrupt,
        format!("{came} came in place of a segment"),
    ))
}

/// Whether this is a transport stream, boxes, packed sound, or subtitles (RFC 8216 §3).
fn begins_as_media(head: &[u8]) -> bool {
    let boxes: [&[u8]; 11] = [
        b"ftyp", b"styp", b"moof", b"moov", b"sidx", b"emsg", b"prft", b"mdat", b"free", b"skip",
        b"uuid",
    ];
    let is_box = head.get(4..8).is_some_and(|name| boxes.contains(&name));
    let is_sound = head.starts_with(b"ID3")
        || head.starts_with(b"\x0b\x77")
        || matches!(head, [0xff, second, ..] if second & 0xe0 == 0xe0);
    head.first() == Some(&0x47) || is_box || is_sound || head.starts_with(b"WEBVTT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lmsg_brand_marks_the_last_segment() {
        let table: [(&[u8], bool); 4] = [
            (b"\0\0\0\x18stypmsdh\0\0\0\0msdhlmsg", true),
            (b"\0\0\0\x14stypmsdh\0\0\0\0msdhlmsg", false),
            (b"\0\0\0\x18ftypmsdh\0\0\0\0msdhlmsg", false),
            (b"\xff\xff\xff\xffsty", false),
        ];
        for (head, expected) in table {
            assert_eq!(is_last(head), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn non_segments_are_refused() {
        let texts: [(&[u8], bool); 6] = [
            (b"", true),
            (b"\xef\xbb\xbfWEBVTT\n", true),
            (b"<?xml version='1.0'?><tt:tt xmlns:tt=''>", true),
            (b"<tt xmlns=''>", true),
            (b"<!doctype html><title>x</title>", false),
            (b"1\n00:00:01,000 --> 00:00:02,000\n", false),
        ];
        for (head, expected) in texts {
            assert_eq!(check_text(head).is_ok(), expected);
        }
        let table: [(&[u8], bool, bool); 8] = [
            (b"<!doctype html><title>x</title>", false, false),
            (b"{\"error\": 1}", false, false),
            (b"WEBVTT\n\n", false, true),
            (b"\x47\x40\x11\x10\0\x42", false, true),
            (b"\xde\xad\xbe\xef\x01\x02", false, true),
            (b"\xde\xad\xbe\xef\x01\x02", true, false),
            (b"\0\0\0\x18styp", true, true),
            (b"\xff\xf1\x50\x80", true, true),
        ];
        for (head, encrypted, expected) in table {
            assert_eq!(
                check(head, encrypted).is_ok(),
                expected,
                "{}",
                head.escape_ascii()
            );
        }
    }
}
