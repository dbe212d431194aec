//! What is known of an item: whether it can be skipped, and what shows whether it has changed.

use std::hash::BuildHasher;

use super::Plan;
use crate::model::{Body, Item, Quality, Result, Skip};
use crate::pipeline::archive::{Identity, Seen, Version};
use crate::pipeline::naming::MediaKind;
use crate::pipeline::sink::quickly;
use crate::pipeline::transfer::{Question, SavedFile};
use crate::pipeline::{Policy, Subtitles, derived_keys};

impl Plan {
    /// Decides whether to ask about an existing file: returns what to compare, or else the reason to skip it.
    pub(super) async fn to_be_asked(
        &self,
        item: &Item,
        skipped: Option<(Skip, String)>,
    ) -> Result<(Option<Box<SavedFile>>, Option<(Skip, String)>)> {
        let Some((reason @ (Skip::Present | Skip::Packed), path)) = &skipped else {
            return Ok((None, skipped));
        };
        let is_packed = *reason == Skip::Packed;
        if self.settings.simulate {
            return Ok((None, skipped));
        }
        // An existing video may lack subtitles that are wanted now.
        if derived_keys::is_stream(item)
            && !is_packed
            && self.settings.subtitles != Subtitles::None
            && !self.settings.adopt
        {
            let saved = SavedFile {
                path: path.clone(),
                reason: Skip::Present,
                question: Question::Subtitles,
            };
            return Ok((Some(Box::new(saved)), None));
        }
        if self.settings.skip != Policy::Changed {
            return Ok((None, skipped));
        }
        let identity = Identity {
            source: item.source.clone(),
            key: item.key.clone(),
        };
        let (archive, recheck) = (self.archive.clone(), self.settings.recheck);
        let version = quickly(move || {
            // Its site has reported that it is gone.
            let gone = archive.find(&identity)?.is_some_and(|seen| seen.gone);
            match gone && !recheck {
                true => Ok(None),
                false => archive.version(&identity),
            }
        });
        // Without a validator, the whole file is downloaded again for comparison, which no video is worth.
        let is_file = matches!(item.body, Body::File(_) | Body::Later);
        let is_asked = |version: &Version| version.validator.is_some() || is_file;
        let saved = version.await?.filter(is_asked).map(|version| {
            Box::new(SavedFile {
                path: path.clone(),
                reason: *reason,
                question: Question::Change(version),
            })
        });
        let skipped = skipped.filter(|_| saved.is_none());
        Ok((saved, skipped))
    }

    /// Returns why this item can be skipped, and where its file is, if known. A retried item is downloaded, unless it
    /// was already seen in this run.
    pub(super) async fn skip(
        &mut self,
        item: &Item,
        again: bool,
    ) -> Result<Option<(Skip, Option<String>)>> {
        let identity = Identity {
            source: item.source.clone(),
            key: item.key.clone(),
        };
        if !self.seen.insert(self.hasher.hash_one(&identity)) {
            return Ok(Some((Skip::Again, None)));
        }
        let policy = self.settings.skip;
        if policy == Policy::Never || again {
            return Ok(None);
        }
        let (archive, disk) = (self.archive.clone(), self.disk.clone());
        let packed_albums = self.packed_albums.clone();
        let (recheck, adopts) = (self.settings.recheck, self.settings.adopt);
        let former = former(item);
        let beside = derived_keys::audio_beside_identity(item);
        let is_file = matches!(item.body, Body::File(_) | Body::Later);
        let sound = (is_file && self.settings.quality == Quality::Audio)
            .then(|| derived_keys::audio_only_identity(item));
        quickly(move || {
            let mut of = identity;
            let mut seen = archive.find(&of)?;
            if let (None, Some((former, kind))) = (&seen, former) {
                seen = archive.find(&former)?.filter(|seen| is_of(seen, kind));
                of = former;
            }
            if let (None, Some(sound)) = (&seen, sound) {
                seen = archive.find(&sound)?;
                of = sound;
            }
            let mut of = Some(of);
            while let Some(found) = seen.take() {
                // The file that another program has downloaded may be here.
                if found.imported && !adopts {
                    return Ok(Some((Skip::Seen, None)));
                }
                if let Some((path, size)) = found.saved {
                    if policy == Policy::Seen {
                        return Ok(Some((Skip::Seen, Some(path))));
                    }
                    let present = disk.as_ref().and_then(|disk| disk.size(&path));
                    // A video whose separate audio file is gone is incomplete.
                    let sound = beside
                        .as_ref()
                        .map(|sound| archive.find(sound))
                        .transpose()?;
                    let sound = sound.flatten().and_then(|seen| seen.saved);
                    let sound = sound.filter(|(path, _)| derived_keys::is_beside_video(path));
                    let has_all = sound
                        .zip(disk.as_ref())
                        .is_none_or(|((path, size), disk)| disk.size(&path) == Some(size));
                    if present == Some(size) && !has_all {
                        return Ok(None);
                    }
                    if present == Some(size) {
                        return Ok(Some((Skip::Present, Some(path))));
                    }
                    if let (None, Some(disk)) = (present, &disk) {
                        if packed_albums.is_only_copy(disk, &*archive, &path, size) {
                            return Ok(Some((Skip::Packed, Some(path))));
                        }
                        // Another process may have moved it in the meantime.
                        if let Some(of) = of.take() {
                            seen = archive.find_current(&of)?;
                            let at = seen.as_ref().and_then(|seen| seen.saved.as_ref());
                            if at.is_some_and(|(at, _)| *at != path) {
                                continue;
                            }
                        }
                    }
                }
                return Ok((found.gone && !recheck).then_some((Skip::Gone, None)));
            }
            Ok(None)
        })
        .await
    }
}

/// Returns the identity of the item in an earlier version of its source.
fn former(item: &Item) -> Option<(Identity, MediaKind)> {
    let key = item.meta.formerly.clone()?;
    let source = item.source.clone();
    Some((Identity { source, key }, MediaKind::of(item)?))
}

/// Checks by its name whether the saved file is of this kind.
fn is_of(seen: &Seen, kind: MediaKind) -> bool {
    let path = seen.saved.as_ref().map(|(path, _)| path.as_str());
    let ext = path.and_then(|path| path.rsplit_once('.'));
    ext.is_some_and(|(_, ext)| MediaKind::of_ext(&ext.to_ascii_lowercase()) == kind)
}
