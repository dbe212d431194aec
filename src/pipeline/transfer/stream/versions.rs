//! The versions of the files that parts are ranges of: all ranges that are joined have to be of the same one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use super::Streaming;
use super::accept::{accept, part_headers};
use crate::model::{Error, Kind, Result};
use crate::net::{Constraints, NamedBy, Redacted};
use crate::pipeline::transfer::response_head::Representation;
use crate::pipeline::transfer::retry::RetryState;
use crate::pipeline::transfer::setback::Setback;

/// The most files of one track whose version is known; a track is one file, or one after another.
const MAX_FILES: usize = 100;
/// The longest ETag or date that is believed to be one.
const MAX_VALIDATOR: usize = 200;

/// The files that the parts of a track are ranges of.
#[derive(Default)]
pub(super) struct Versions {
    seen: Mutex<Seen>,
    /// Whether there is one such file, which is the same at any URL.
    is_one: bool,
}

#[derive(Default)]
struct Seen {
    now: HashMap<Url, Representation>,
    /// What an earlier run saw, by the digest of the URL without what may be secret.
    before: BTreeMap<String, Representation>,
}

impl Versions {
    /// Creates an empty list; `is_one` is whether there is but one file, whatever its URL is.
    pub(super) fn new(is_one: bool) -> Versions {
        Versions {
            is_one,
            ..Versions::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what an earlier run saw.
    pub(super) fn load(&self, before: &BTreeMap<String, Representation>) {
        self.lock().before.clone_from(before);
    }

    /// Returns what a later run has to know.
    pub(super) fn save(&self) -> BTreeMap<String, Representation> {
        let seen = self.lock();
        let mut all = seen.before.clone();
        all.extend(
            seen.now
                .iter()
                .map(|(url, of)| (self.name(url), of.clone())),
        );
        while all.len() > MAX_FILES {
            all.pop_first();
        }
        all
    }

    /// Makes a file known by its new address, too.
    pub(super) fn renew(&self, before: &Url, now: &Url) {
        let mut seen = self.lock();
        let known = seen.now.get(before);
        let known = known.or_else(|| seen.before.get(&self.name(before)));
        if let Some(known) = known.cloned() {
            seen.now.entry(now.clone()).or_insert(known);
        }
    }

    /// What a later run knows a file by.
    fn name(&self, url: &Url) -> String {
        if self.is_one {
            return "the file".to_owned();
        }
        let digest = blake3::hash(Redacted(url).to_string().as_bytes());
        digest.to_hex()[..16].to_owned()
    }

    /// Forgets everything, since what was joined is forgotten.
    pub(super) fn clear(&self) {
        *self.lock() = Seen::default();
    }

    /// Checks what a response says of a file against what is known of it.
    ///
    /// # Errors
    /// [`Kind::Changed`] if it is another version.
    pub(super) fn check(&self, url: &Url, here: Representation) -> Result<()> {
        let mut seen = self.lock();
        let known = seen.now.get(url);
        let known = known.or_else(|| seen.before.get(&self.name(url)));
        if known.is_some_and(|known| !is_same(known, &here)) {
            return Err(Error::new(
                Kind::Changed,
                "the file that it is a part of has changed on the server",
            ));
        }
        let is_long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > MAX_VALIDATOR);
        if seen.now.contains_key(url) || is_long(&here.etag) || is_long(&here.last_modified) {
            return Ok(());
        }
        if seen.now.len() >= MAX_FILES {
            seen.now.clear();
        }
        seen.now.insert(url.clone(), here);
        Ok(())
    }
}

fn is_same(known: &Representation, here: &Representation) -> bool {
    let totals = known.total.zip(here.total);
    totals.is_none_or(|(known, here)| known == here) && known.may_match(here)
}

impl Streaming<'_> {
    /// Returns the version of a file that is a track by itself, if its server has ranges and sends a validator that
    /// shows that they belong together.
    pub(super) async fn version(
        &self,
        url: &Url,
        named_by: NamedBy,
    ) -> Result<Option<Representation>> {
        let client = &self.mover.client;
        let mut retry = RetryState::new(client);
        loop {
            (retry.status, retry.refusal) = (None, None);
            let permit = client.pace().enter(url.host_str().unwrap_or("")).await;
            let error = match self.first_byte(url, named_by, &mut retry).await {
                Ok(version) => {
                    permit.succeeded();
                    return Ok(version);
                }
                Err(Setback::Retry(error)) => error,
                // The requests for the file itself will report what is wrong.
                Err(_) => return Ok(None),
            };
            retry.refusal = self.mover.report_failure(permit, &retry, &error);
            self.wait(url, error, &mut retry).await?;
        }
    }

    async fn first_byte(
        &self,
        url: &Url,
        named_by: NamedBy,
        retry: &mut RetryState,
    ) -> Result<Option<Representation>, Setback> {
        let client = &self.mover.client;
        let range = Some((0, 1));
        let constraints = Constraints {
            named_by,
            ..Constraints::default()
        };
        let bound = self.bound(url)?;
        let mut opened = client
            .open_with(constraints, url, &bound, &part_headers(range))
            .await?;
        let status = opened.response.status();
        retry.status = Some(status);
        let version = accept(status, opened.response.headers(), range)?.of;
        if status.as_u16() != 206 {
            return Ok(None);
        }
        // With the whole body read, the connection can be reused. A body longer than announced may have no end.
        let mut count = 0;
        while count <= 1
            && let Some(piece) = opened.chunk().await?
        {
            count += piece.len();
        }
        Ok(version.filter(|version| version.if_range().is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_file_are_of_one_version() {
        let url = |text: &str| Url::parse(text).unwrap();
        let of = |total, etag: &str| Representation {
            total,
            etag: Some(etag.to_owned()).filter(|etag| !etag.is_empty()),
            ..Representation::default()
        };
        let (a, b) = (url("https://x.org/a?token=1"), url("https://x.org/b"));
        let versions = Versions::default();
        let check = |url, total, etag| versions.check(url, of(total, etag)).is_ok();
        assert!(check(&a, Some(10), "\"1\""));
        assert!(check(&a, None, "\"1\"") && check(&a, Some(10), ""));
        assert!(!check(&a, Some(11), "\"1\"") && !check(&a, Some(10), "\"2\""));
        assert!(check(&b, Some(11), "\"2\"") && check(&b, Some(11), "\"2\""));
        // A later run recognises it, whatever it was signed with.
        let later = Versions::default();
        later.load(&versions.save());
        let again = url("https://x.org/a?token=2");
        assert!(later.check(&again, of(Some(11), "\"1\"")).is_err());
        assert!(later.check(&again, of(Some(10), "\"1\"")).is_ok());
        // It is also recognised at another address.
        let moved = url("https://y.org/c");
        later.renew(&again, &moved);
        assert!(later.check(&moved, of(Some(11), "\"1\"")).is_err());
        assert!(later.check(&moved, of(Some(10), "\"1\"")).is_ok());
        later.clear();
        assert!(later.check(&again, of(Some(11), "\"3\"")).is_ok());
    }

    #[test]
    fn known_versions_are_bounded() {
        let versions = Versions::default();
        for n in 0..1000 {
            let url = Url::parse(&format!("https://x.org/{n}")).unwrap();
            let etag = Some(format!("\"{}\"", "x".repeat(n)));
            let of = Representation {
                etag,
                ..Representation::default()
            };
            versions.check(&url, of).unwrap();
        }
        let saved = versions.save();
        assert!((1..=MAX_FILES).contains(&saved.len()), "{}", saved.len());
    }
}
