//! Digests: those that headers promise, and those that the bytes have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::body::CompleteBody;
use crate::model::Digest;
use crate::pipeline::archive::{Algorithm, Sum, Summing};

/// Returns the digests of the whole representation that the headers of a response promise: Repr-Digest (RFC 9530),
/// Digest (RFC 3230), those of Google's and Azure's storage, and, unless the response is partial, Content-Digest and
/// Content-MD5 (RFC 1864). Unknown algorithms are ignored, as are values that cannot be read.
pub(super) fn promised(headers: &HeaderMap, is_part: bool) -> Vec<Digest> {
    let mut digests = Vec::new();
    let names: &[&str] = if is_part {
        &["repr-digest"]
    } else {
        &["repr-digest", "content-digest"]
    };
    for name in names {
        for value in headers.get_all(*name) {
            for (algorithm, value) in members(value.to_str().unwrap_or("")) {
                let bare = value.split(';').next().unwrap_or(value).trim();
                let inner = bare
                    .strip_prefix(':')
                    .and_then(|value| value.strip_suffix(':'));
                digests.extend(inner.and_then(|value| read(algorithm, value)));
            }
        }
    }
    // Google's is of the file as stored, which may be decompressed on its way.
    let lists: &[&str] = match headers.get("x-goog-stored-content-encoding") {
        Some(stored) if stored != "identity" && Some(stored) != headers.get(CONTENT_ENCODING) => {
            &["digest"]
        }
        _ => &["digest", "x-goog-hash"],
    };
    for value in lists.iter().flat_map(|name| headers.get_all(*name)) {
        digests.extend(
            members(value.to_str().unwrap_or(""))
                .filter_map(|(algorithm, value)| read(algorithm, value)),
        );
    }
    let of_part = if is_part {
        None
    } else {
        headers.get("content-md5")
    };
    let md5s = of_part
        .into_iter()
        .chain(headers.get("x-ms-blob-content-md5"));
    for value in md5s.filter_map(|value| value.to_str().ok()) {
        digests.extend(read("md5", value.trim()));
    }
    digests
}

/// Returns the MD5 that a strong ETag is, if it is one.
pub(super) fn etag_md5(etag: &str) -> Option<Digest> {
    let hex = etag.strip_prefix('"')?.strip_suffix('"')?;
    let is_md5 = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_md5.then(|| Digest::Md5(hex.to_ascii_lowercase()))
}

/// Computes the digests that are to be compared with others.
#[derive(Default)]
pub(super) struct Hasher {
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
    /// Boxed: it is two kilobytes, and rarely wanted.
    blake3: Option<Box<blake3::Hasher>>,
}

/// Digests of the same bytes.
#[derive(Debug, Default)]
pub(super) struct Hashed {
    pub(super) digests: Vec<Digest>,
    /// BLAKE3, if it was requested.
    pub(super) blake3: Option<[u8; 32]>,
    /// The digest that the archive stores.
    pub(super) sum: Digesting,
}

/// The digest by which the archive recognises a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Digesting {
    /// Computed, if it is wanted.
    Done(Option<Sum>),
    /// All bytes have to be read for it.
    Wanted(Algorithm),
}

impl Default for Digesting {
    fn default() -> Digesting {
        Digesting::Done(None)
    }
}

impl Digesting {
    /// Returns the digest, computing it now for a body in memory. That of a file was computed when it was verified.
    pub(super) fn of(self, body: &CompleteBody) -> Option<Sum> {
        match (self, body) {
            (Digesting::Done(sum), _) => sum,
            (Digesting::Wanted(algorithm), CompleteBody::Memory(pieces)) => {
                let mut summing = Summing::new(algorithm);
                pieces.iter().for_each(|piece| summing.update(piece));
                Some(summing.finish())
            }
            (Digesting::Wanted(_), CompleteBody::File(_)) => None,
        }
    }
}

impl Hasher {
    /// Computes what is needed to compare with these.
    pub(super) fn want<'a>(&mut self, digests: impl IntoIterator<Item = &'a Digest>) {
        for digest in digests {
            match digest {
                Digest::Md5(_) => self.md5 = Some(Md5::new()),
                Digest::Sha1(_) => self.sha1 = Some(Sha1::new()),
                Digest::Sha256(_) => self.sha256 = Some(Sha256::new()),
                Digest::Sha512(_) => self.sha512 = Some(Sha512::new()),
            }
        }
    }

    /// Computes BLAKE3 too.
    pub(super) fn want_blake3(&mut self) {
        self.blake3 = Some(Box::default());
    }

    /// Whether there is nothing to compute.
    pub(super) fn is_idle(&self) -> bool {
        let Hasher {
            md5,
            sha1,
            sha256,
            sha512,
            blake3,
        } = self;
        md5.is_none() && sha1.is_none() && sha256.is_none() && sha512.is_none() && blake3.is_none()
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.md5 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha1 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.blake3 {
            hasher.update(bytes);
        }
    }

    /// Returns the computed digests.
    pub(super) fn finish(self) -> Hashed {
        let digests = [
            self.md5.map(|hasher| Digest::Md5(hex(&hasher.finalize()))),
            self.sha1
                .map(|hasher| Digest::Sha1(hex(&hasher.finalize()))),
            self.sha256
                .map(|hasher| Digest::Sha256(hex(&hasher.finalize()))),
            self.sha512
                .map(|hasher| Digest::Sha512(hex(&hasher.finalize()))),
        ];
        Hashed {
            digests: digests.into_iter().flatten().collect(),
            blake3: self.blake3.map(|hasher| *hasher.finalize().as_bytes()),
            sum: Digesting::default(),
        }
    }
}

impl Hashed {
    /// Whether the bytes have this digest.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }
}

/// Returns the members `name=value` of a list. Values are base64, which has `=` in it but no comma.
fn members(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|member| {
        let (name, value) = member.trim().split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

fn read(algorithm: &str, base64: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(base64).ok()?;
    let digest: fn(String) -> Digest = match (algorithm.to_ascii_lowercase().as_str(), bytes.len())
    {
        ("md5", 16) => Digest::Md5,
        ("sha" | "sha-1", 20) => Digest::Sha1,
        ("sha-256", 32) => Digest::Sha256,
        ("sha-512", 64) => Digest::Sha512,
        _ => return None,
    };
    Some(digest(hex(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
    const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn reads_digests_in_all_their_headers() {
        let sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
        let expected_sha = vec![Digest::Sha256(EMPTY_SHA256.into())];
        let expected_md5 = vec![Digest::Md5(EMPTY_MD5.into())];
        let table = [
            (
                "repr-digest",
                format!("sha-256=:{sha256}:"),
                false,
                expected_sha.clone(),
            ),
            (
                "repr-digest",
                format!("sha-256=:{sha256}:"),
                true,
                expected_sha.clone(),
            ),
            (
                "repr-digest",
                format!("unknown=:{md5}:, sha-256=:{sha256}:"),
                false,
                expected_sha.clone(),
            ),
            ("repr-digest", format!("sha-256={sha256}"), false, vec![]),
            (
                "content-digest",
                format!("sha-256=:{sha256}:"),
                false,
                expected_sha.clone(),
            ),
            (
                "content-digest",
                format!("sha-256=:{sha256}:"),
                true,
                vec![],
            ),
            (
                "digest",
                format!("SHA-256={sha256}"),
                true,
                expected_sha.clone(),
            ),
            ("digest", format!("MD5={md5}"), false, expected_md5.clone()),
            ("content-md5", md5.to_owned(), false, expected_md5.clone()),
            (
                "repr-digest",
                format!("sha-256=:{sha256}:;a=1"),
                false,
                expected_sha.clone(),
            ),
            (
                "x-goog-hash",
                format!("crc32c=AAAAAA==,md5={md5}"),
                true,
                expected_md5.clone(),
            ),
            ("x-ms-blob-content-md5", md5.to_owned(), true, expected_md5),
            ("content-md5", md5.to_owned(), true, vec![]),
            ("content-md5", "nonsense".to_owned(), false, vec![]),
        ];
        for (name, value, is_part, expected) in table {
            assert_eq!(
                promised(&headers(&[(name, &value)]), is_part),
                expected,
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn stored_digests_do_not_apply_to_transcoded_responses() {
        let hash = ("x-goog-hash", "md5=1B2M2Y8AsgTpgAmY7PhCfg==");
        let stored = ("x-goog-stored-content-encoding", "gzip");
        let coded = ("content-encoding", "gzip");
        let plain = ("x-goog-stored-content-encoding", "identity");
        assert_eq!(promised(&headers(&[hash, stored]), false), []);
        assert_eq!(promised(&headers(&[hash, stored, coded]), false).len(), 1);
        assert_eq!(promised(&headers(&[hash, plain]), false).len(), 1);
    }

    #[test]
    fn an_etag_is_an_md5_only_if_it_looks_like_one() {
        assert_eq!(
            etag_md5(&format!("\"{EMPTY_MD5}\"")),
            Some(Digest::Md5(EMPTY_MD5.into()))
        );
        for etag in [
            format!("W/\"{EMPTY_MD5}\""),
            EMPTY_MD5.to_owned(),
            format!("\"{EMPTY_MD5}-2\""),
            String::new(),
        ] {
            assert_eq!(etag_md5(&etag), None, "{etag}");
        }
    }

    #[test]
    fn requested_digests_are_computed() {
        let wanted = [
            Digest::Md5(EMPTY_MD5.into()),
            Digest::Sha256(EMPTY_SHA256.into()),
        ];
        let mut hasher = Hasher::default();
        assert!(hasher.is_idle());
        hasher.want(&wanted);
        hasher.update(b"");
        let hashed = hasher.finish();
        assert!(wanted.iter().all(|digest| hashed.has(digest)));
    }
}
