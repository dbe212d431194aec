//! What nothing but the end of the connection ends (RFC 9112 §6.3). Its own format may tell whether it is whole.
//!
//! A format that says so is no proof that there is more: what the server has may be cut, or odd. So it is asked again, and what
//! comes the same each time is all that there is to be had.

use std::io::Cursor;

use super::whole::Whole;
use crate::model::{Error, Kind, Result};
use crate::pipeline::naming::Sniff;
use crate::pipeline::sink::{disk_error, slowly};
use crate::pipeline::structure::{Input, Structure, structure};

/// What there is to say where nothing but the end of the connection tells that a file is whole.
pub(super) const OPEN_END: &str = "its length was not told, so nothing shows whether it is whole";

/// So many answers with the very same bytes are what the server has.
const ENOUGH: u32 = 3;

/// The longest packed file that is unpacked to see where it ends. Looking at another costs no more than reading it.
const UNPACKED: u64 = 256 << 20;

/// The answers of one item that came cut.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// The digest of the last one.
    last: Option<[u8; 32]>,
    /// How many in a row had it.
    alike: u32,
}

impl Cuts {
    /// What there is to say of what came, if anything is. Of what is cut, `digest` is that of its bytes.
    ///
    /// # Errors
    /// [`Kind::Network`]: it came cut, and there may be more.
    pub(super) fn judge(
        &mut self,
        form: Structure,
        digest: Option<[u8; 32]>,
    ) -> Result<Option<String>> {
        match form {
            Structure::Whole => Ok(None),
            Structure::Unknown => Ok(Some(OPEN_END.to_owned())),
            Structure::Broken { .. } => {
                Ok(Some(format!("its length was not told, and it is {form}")))
            }
            Structure::Cut { .. } => {
                let is_same = std::mem::replace(&mut self.last, digest) == digest;
                self.alike = if is_same { self.alike + 1 } else { 1 };
                if self.alike < ENOUGH {
                    return Err(Error::new(Kind::Network, format!("it came {form}")));
                }
                Ok(Some(format!(
                    "its length was not told, and it seems {form}; it came so {ENOUGH} times"
                )))
            }
        }
    }
}

/// What its format says of what is complete as far as the connection tells.
pub(super) async fn form(whole: Whole, seen: &Sniff) -> Result<(Whole, Structure)> {
    let is_packed = seen.ext.as_deref() == Some("gz");
    // Not on a thread of the network: a little that is packed may be much.
    slowly(move || {
        let form = match &whole {
            Whole::Memory(pieces) => {
                let bytes = pieces.concat();
                let len = bytes.len() as u64;
                structure(&mut Input::new(Cursor::new(bytes), len))
            }
            Whole::File(partial) => match partial.len()? {
                len if is_packed && len > UNPACKED => Ok(Structure::Unknown),
                len => structure(&mut Input::new(partial.reader(), len)),
            },
        };
        let cannot = |error| disk_error("cannot read a partial file".to_owned(), error);
        let form = form.map_err(cannot)?;
        Ok((whole, form))
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
    fn what_comes_cut_in_the_same_way_again_and_again_is_all_that_there_is() {
        let mut cuts = Cuts::default();
        let mut judge = |digest| cuts.judge(CUT, Some([digest; 32]));
        for digest in [1, 1, 2, 1, 1] {
            let error = judge(digest).unwrap_err();
            assert_eq!(error.kind, Kind::Network);
            assert_eq!(error.message, "it came cut at byte 9: the end is missing");
        }
        let said = "its length was not told, and it seems cut at byte 9: the end is missing; it came so 3 times";
        assert_eq!(judge(1).unwrap().as_deref(), Some(said));
    }

    #[test]
    fn what_is_whole_by_its_format_is_whole() {
        let mut cuts = Cuts::default();
        assert_eq!(cuts.judge(Structure::Whole, None).unwrap(), None);
        let told = cuts.judge(Structure::Unknown, None).unwrap();
        assert_eq!(told.as_deref(), Some(OPEN_END));
    }
}
