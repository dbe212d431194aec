//! Whether a file that is already there is what the listing means.

use super::agreement::{Agreement, agreement};
use super::check;
use super::digest::Hasher;
use crate::model::{Error, Expect, Kind, Meta, Result};

/// Checks the bytes of a file against what the listing says of it.
pub(in crate::pipeline) struct ListingCheck<'a> {
    expect: &'a Expect,
    agreement: Agreement,
    hasher: Hasher,
    len: u64,
}

impl<'a> ListingCheck<'a> {
    /// Starts with the first bytes of a file of this length.
    pub(in crate::pipeline) fn new(expect: &'a Expect, meta: &Meta, head: &[u8], len: u64) -> Self {
        let mut hasher = Hasher::default();
        check::request_digests(&mut hasher, expect, &[], None, len);
        ListingCheck {
            expect,
            agreement: agreement(expect, meta, head, len),
            hasher,
            len,
        }
    }

    /// Takes the next bytes.
    pub(in crate::pipeline) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// Returns how the file differs, where that is no proof that it is another file.
    ///
    /// # Errors
    /// It is another file: by its digest, as a placeholder, or because nothing is as listed.
    pub(in crate::pipeline) fn finish(self) -> Result<Option<String>> {
        check::verify_digests(self.expect, &[], None, self.len, &self.hasher.finish())?;
        match self.agreement {
            Agreement::Agrees => Ok(None),
            Agreement::AgreesBut(what) => Ok(Some(what)),
            // No other item is there to expose an unknown placeholder, and the fingerprints do not.
            Agreement::Inconclusive(what) => Ok(what),
            Agreement::Contradicts(what) => {
                let message = format!("it is not what the listing describes: {what}");
                Err(Error::new(Kind::Changed, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Fingerprint};

    const BODY: &[u8] = b"GIF89a\x02\x00\x03\x00\x00\x00\x00;";

    fn md5(text: &str) -> Digest {
        Digest::Md5(text.into())
    }

    fn held(expect: &Expect, meta: &Meta) -> Result<Option<String>, (Kind, String)> {
        let mut stored = ListingCheck::new(expect, meta, BODY, BODY.len() as u64);
        for bytes in BODY.chunks(3) {
            stored.update(bytes);
        }
        stored.finish().map_err(|error| (error.kind, error.message))
    }

    #[test]
    fn digests_of_the_listing_and_of_placeholders_are_checked() {
        let computed = {
            let mut hasher = Hasher::default();
            hasher.want(&[md5("")]);
            hasher.update(BODY);
            hasher.finish().digests.remove(0)
        };
        let expect = Expect {
            digests: vec![computed.clone()],
            ..Expect::default()
        };
        assert_eq!(held(&expect, &Meta::default()), Ok(None));
        let why = "the bytes do not have the MD5 given by the listing";
        let other = Expect {
            digests: vec![md5("4f5d92cdeb2f8fdde2dcd27e5b8ac0a6")],
            ..Expect::default()
        };
        let wrong = held(&other, &Meta::default());
        assert_eq!(wrong, Err((Kind::Corrupt, why.into())));
        let placeholder = Expect {
            placeholders: [Fingerprint {
                meaning: "removed".into(),
                blocked: false,
                path: None,
                size: Some(BODY.len() as u64),
                digests: vec![computed],
            }]
            .into(),
            ..Expect::default()
        };
        let known = held(&placeholder, &Meta::default());
        assert_eq!(known, Err((Kind::Missing, "removed".into())));
    }

    #[test]
    fn a_size_is_a_hint_unless_the_shape_differs_too() {
        let expect = Expect {
            size: Some(9),
            ..Expect::default()
        };
        let why = "it has 14 bytes, and the listing says 9";
        assert_eq!(held(&expect, &Meta::default()), Ok(Some(why.into())));
        let careful = Expect {
            placeholders: [Fingerprint {
                meaning: "removed".into(),
                blocked: false,
                path: None,
                size: Some(503),
                digests: vec![md5("")],
            }]
            .into(),
            ..expect
        };
        let shape = |width, height| Meta {
            width: Some(width),
            height: Some(height),
            ..Meta::default()
        };
        assert_eq!(held(&careful, &shape(2, 3)), Ok(Some(why.into())));
        let error = held(&careful, &shape(20, 30)).unwrap_err();
        assert_eq!(error.0, Kind::Changed);
    }
}
