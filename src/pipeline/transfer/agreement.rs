//! Whether the bytes that came are what the listing describes.

use super::verified::join_messages;
use crate::model::{Error, Expect, Kind, Meta, Result};
use crate::pipeline::naming::dimensions;
use crate::pipeline::placeholder_check::Verdict;

/// How the bytes that came agree with the listing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// They agree, or the listing says nothing about them.
    Agrees,
    /// They agree except for this.
    AgreesBut(String),
    /// The listing says nothing about them, or differs in this: something else has to confirm them.
    Inconclusive(Option<String>),
    /// The listing describes something else.
    Contradicts(String),
}

impl Agreement {
    /// Returns the warning about the bytes, if there is one; the verdict counts where nothing else confirms them.
    ///
    /// # Errors
    /// [`Kind::Blocked`]: they are not the item.
    pub(super) fn confirmed_by(self, verdict: Verdict) -> Result<Option<String>> {
        let what = match self {
            Agreement::Agrees => return Ok(None),
            Agreement::AgreesBut(what) => return Ok(Some(what)),
            Agreement::Contradicts(what) => {
                let message = format!("it is not what the listing describes: {what}");
                return Err(Error::new(Kind::Blocked, message));
            }
            Agreement::Inconclusive(what) => what,
        };
        match verdict {
            Verdict::Clear => Ok(what),
            Verdict::SharedWith(other) => {
                let message =
                    format!("the same bytes came for `{other}`, so it may be a placeholder");
                Ok(join_messages([what, Some(message)]))
            }
            Verdict::Placeholder(other) => {
                let message =
                    format!("the same bytes came for `{other}`: a placeholder, not the item");
                Err(Error::new(Kind::Blocked, message))
            }
        }
    }
}

/// Compares the bytes that came with the listing. Only items of a site that sends placeholders are suspected.
pub(super) fn agreement(expect: &Expect, meta: &Meta, head: &[u8], len: u64) -> Agreement {
    let size = expect.size.map(|size| size == len);
    let seen = dimensions(head);
    let shape = match (meta.width.zip(meta.height), seen) {
        // A camera's picture may be stored lying on its side.
        (Some((width, height)), Some(seen)) => {
            Some(seen == (width, height) || seen == (height, width))
        }
        _ => None,
    };
    let other_size = || {
        format!(
            "it has {len} bytes, and the listing says {}",
            expect.size.unwrap_or_default()
        )
    };
    let other_shape = || {
        let (width, height) = seen.unwrap_or_default();
        let (listed_width, listed_height) = (
            meta.width.unwrap_or_default(),
            meta.height.unwrap_or_default(),
        );
        format!(
            "it is {width}x{height} pixels, and the listing says {listed_width}x{listed_height}"
        )
    };
    let can_be_suspect = !expect.placeholders.is_empty();
    match (shape, size) {
        (Some(false), Some(false)) if can_be_suspect => {
            Agreement::Contradicts(format!("{}; {}", other_shape(), other_size()))
        }
        (Some(false), Some(true)) => Agreement::AgreesBut(other_shape()),
        (Some(true), Some(false)) => Agreement::AgreesBut(other_size()),
        (Some(true), _) | (_, Some(true)) => Agreement::Agrees,
        (Some(false), _) if can_be_suspect => Agreement::Inconclusive(Some(other_shape())),
        (_, Some(false)) if can_be_suspect => Agreement::Inconclusive(Some(other_size())),
        (None, None) if can_be_suspect => Agreement::Inconclusive(None),
        (Some(false), _) => Agreement::AgreesBut(other_shape()),
        (_, Some(false)) => Agreement::AgreesBut(other_size()),
        (None, None) => Agreement::Agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    /// The head of a GIF of 2x3 pixels.
    const GIF: &[u8] = b"GIF89a\x02\x00\x03\x00\x00\x00\x00;";

    #[test]
    fn bodies_are_checked_against_their_listing() {
        let listed = |size: Option<u64>, shape: Option<(u32, u32)>, suspect: bool| {
            let placeholders = if suspect {
                [Fingerprint::default()].into()
            } else {
                [].into()
            };
            let expect = Expect {
                size,
                placeholders,
                ..Expect::default()
            };
            let meta = Meta {
                width: shape.map(|s| s.0),
                height: shape.map(|s| s.1),
                ..Meta::default()
            };
            match agreement(&expect, &meta, GIF, 14) {
                Agreement::Agrees => "agrees",
                Agreement::AgreesBut(_) => "but",
                Agreement::Inconclusive(_) => "inconclusive",
                Agreement::Contradicts(_) => "contradicts",
            }
        };
        let (right, turned, wrong) = (Some((2, 3)), Some((3, 2)), Some((800, 600)));
        let table = [
            (Some(14), right, true, "agrees"),
            (Some(14), turned, true, "agrees"),
            (None, right, true, "agrees"),
            (Some(15), right, true, "but"),
            (Some(14), wrong, true, "but"),
            (Some(15), wrong, true, "contradicts"),
            (None, wrong, true, "inconclusive"),
            (Some(15), None, true, "inconclusive"),
            (None, None, true, "inconclusive"),
            (None, None, false, "agrees"),
            (Some(15), None, false, "but"),
            (Some(15), wrong, false, "but"),
        ];
        for (size, shape, suspect, expected) in table {
            assert_eq!(
                listed(size, shape, suspect),
                expected,
                "{size:?} {shape:?} {suspect}"
            );
        }
    }
}
