//! Bodies whose end is marked by nothing but the end of the connection (RFC 9112 §6.3). The format of the file may tell
//! whether it is whole.
//!
//! A format that says it is cut is no proof that there is more: the file on the server may be cut itself, or odd. So it
//! is requested again, and bytes that come the same each time are all that there is.

use std::io::Cursor;

use super::body::CompleteBody;
use crate::model::{Error, Kind, Result};
use crate::pipeline::naming::Sniff;
use crate::pipeline::sink::{disk_error, slowly};
use crate::pipeline::structure::{Input, Structure, structure};

/// The warning for a file that nothing but the end of the connection shows to be whole.
pub(super) const OPEN_END: &str = "the server did not send its length, so it may be incomplete";

/// After this many responses with the very same bytes, those are what the server has.
const ENOUGH: u32 = 3;

/// The longest packed file that is unpacked to find its end. Examining any other format costs no more than reading it.
const UNPACKED: u64 = 256 << 20;

/// The responses for one item that came cut off.
#[derive(Debug, Default)]
pub(super) struct Truncations {
    /// The digest of the last one.
    last: Option<[u8; 32]>,
    /// How many in a row had this digest.
    alike: u32,
}

impl Truncations {
    /// Returns the warning about a file of this form, if there is one. For one that is cut, `digest` is that of its
    /// bytes.
    ///
    /// # Errors
    /// [`Kind::Network`]: it came cut off, and there may be more.
    pub(super) fn judge(
        &mut self,
        form: Structure,
        digest: Option<[u8; 32]>,
    ) -> Result<Option<String>> {
        match form {
            Structure::Whole => Ok(None),
            Structure::Unknown => Ok(Some(OPEN_END.to_owned())),
            Structure::Broken { .. } => Ok(Some(format!(
                "the server did not send its length, and it is {form}"
            ))),
            Structure::Cut { .. } => {
                let is_same = std::mem::replace(&mut self.last, digest) == digest;
                self.alike = if is_same { self.alike + 1 } else { 1 };
                if self.alike < ENOUGH {
                    return Err(Error::new(Kind::Network, format!("it came {form}")));
                }
                Ok(Some(format!(
                    "the server did not send its length, and it seems {form}; it was the same {ENOUGH} times"
                )))
            }
        }
    }
}

/// Examines the format of a file that is complete as far as the connection tells.
pub(super) async fn examine(body: CompleteBody, seen: &Sniff) -> Result<(CompleteBody, Structure)> {
    let is_packed = seen.ext.as_deref() == Some("gz");
    // Not on a network thread: a few packed bytes may unpack to many.
    slowly(move || {
        let form = match &body {
            CompleteBody::Memory(pieces) => {
                let bytes = pieces.concat();
                let len = bytes.len() as u64;
                structure(&mut Input::new(Cursor::new(bytes), len))
            }
            CompleteBody::File(partial) => match partial.len()? {
                len if is_packed && len > UNPACKED => Ok(Structure::Unknown),
                len => structure(&mut Input::new(partial.reader(), len)),
            },
        };
        let cannot = |error| disk_error("cannot read a partial file".to_owned(), error);
        let form = form.map_err(cannot)?;
        Ok((body, form))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUT: Structure = Structure::Cut {
        at: 9,
        missing: "the end",
    };

    #[test]
    fn equal_truncations_are_accepted_as_the_whole() {
        let mut truncations = Truncations::default();
        let mut judge = |digest| truncations.judge(CUT, Some([digest; 32]));
        for digest in [1, 1, 2, 1, 1] {
            let error = judge(digest).unwrap_err();
            assert_eq!(error.kind, Kind::Network);
            assert_eq!(error.message, "it came cut at byte 9: the end is missing");
        }
        let said = "the server did not send its length, and it seems cut at byte 9: the end is missing; it was the same 3 times";
        assert_eq!(judge(1).unwrap().as_deref(), Some(said));
    }

    #[test]
    fn files_whole_by_format_are_whole() {
        let mut truncations = Truncations::default();
        assert_eq!(truncations.judge(Structure::Whole, None).unwrap(), None);
        let warning = truncations.judge(Structure::Unknown, None).unwrap();
        assert_eq!(warning.as_deref(), Some(OPEN_END));
    }
}
