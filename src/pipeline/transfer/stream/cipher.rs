//! Decrypts a segment as it comes: AES-128 in CBC mode, with the padding of PKCS7 (RFC 8216 §5.2).

use aws_lc_rs::cipher::{AES_128, DecryptionContext, StreamingDecryptingKey, UnboundCipherKey};
use bytes::Bytes;

use crate::model::{Error, Kind, Result};

/// The length of a block, and of a key.
pub(super) const BLOCK: usize = 16;

/// A segment that is being decrypted.
pub(super) struct Decrypter(StreamingDecryptingKey);

impl Decrypter {
    /// Starts on a segment that was encrypted with this key and this IV.
    pub(super) fn new(key: &[u8; BLOCK], iv: [u8; BLOCK]) -> Result<Decrypter> {
        let key = UnboundCipherKey::new(&AES_128, key);
        let context = DecryptionContext::Iv128(iv.into());
        let made = key.and_then(|key| StreamingDecryptingKey::cbc_pkcs7(key, context));
        made.map(Decrypter).map_err(|_| wrong())
    }

    /// Takes the next bytes, and returns those that are decrypted by now. The last block is kept until the end is
    /// known.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Bytes> {
        let mut plain = vec![0; bytes.len() + BLOCK];
        let update = self.0.update(bytes, &mut plain).map_err(|_| wrong())?;
        let written = update.written().len();
        plain.truncate(written);
        Ok(plain.into())
    }

    /// Returns the last bytes.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if the padding is invalid: bytes are missing, or the key is wrong.
    pub(super) fn finish(self) -> Result<Bytes> {
        let mut plain = vec![0; BLOCK];
        let update = self.0.finish(&mut plain).map_err(|_| wrong())?;
        let written = update.written().len();
        plain.truncate(written);
        Ok(plain.into())
    }
}

fn wrong() -> Error {
    Error::new(
        Kind::Corrupt,
        "it cannot be decrypted: it is incomplete, or the key is wrong",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl enc -aes-128-cbc -K 0123456789abcdef0123456789abcdef -iv 0…07` of 40 bytes: `The quick brown fox jumps over the dogs.`
    const CIPHERTEXT: &str = "041f57c8289918f37636149c4f732801ba82e863c440d19f018b7a83b0e0e2b8cd0a05a8f76ccb805422c2617a1cf2ea";

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16));
        pairs.map(|byte| byte.unwrap()).collect()
    }

    fn decrypted(key: &str, pieces: &[&[u8]]) -> Result<Vec<u8>> {
        let mut iv = [0; BLOCK];
        iv[15] = 7;
        let mut decrypter = Decrypter::new(&bytes(key).try_into().unwrap(), iv)?;
        let mut plain = Vec::new();
        for piece in pieces {
            plain.extend_from_slice(&decrypter.push(piece)?);
        }
        plain.extend_from_slice(&decrypter.finish()?);
        Ok(plain)
    }

    #[test]
    fn aes_128_is_decrypted_in_pieces_of_any_size() {
        let key = "0123456789abcdef0123456789abcdef";
        let whole = bytes(CIPHERTEXT);
        let plain = b"The quick brown fox jumps over the dogs.";
        for cut in [0, 1, 15, 16, 17, 31, 32, 47, 48] {
            let (start, end) = whole.split_at(cut);
            assert_eq!(decrypted(key, &[start, end]).unwrap(), plain, "{cut}");
        }
        let single: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(decrypted(key, &single).unwrap(), plain);
    }

    #[test]
    fn truncated_or_wrongly_keyed_ciphertext_is_refused() {
        let key = "0123456789abcdef0123456789abcdef";
        let whole = bytes(CIPHERTEXT);
        for length in [0, 1, 16, 32, 47] {
            let error = decrypted(key, &[&whole[..length]]).unwrap_err();
            assert_eq!(error.kind, Kind::Corrupt, "{length}");
        }
        assert!(decrypted("0123456789abcdef0123456789abcdee", &[&whole]).is_err());
    }
}
