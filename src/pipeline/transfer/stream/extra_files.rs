//! Picture and sound that came as separate tracks: one file, or two with names that belong together.

use std::sync::Arc;

use super::super::body::CompleteBody;
use super::super::commit::{Commit, Named};
use super::super::disk_space::Need;
use super::list::MUXED;
use super::track::Done;
use super::{Job, Joined, Mover, mux};
use crate::model::{Error, Item, Kind, Outcome, Result};
use crate::pipeline::archive::{Identity, Origin, Record};
use crate::pipeline::naming::{Planned, ROOM, cut, extension, sniff, split};
use crate::pipeline::sink::{Place, slowly};

/// The suffix of the sound beside its picture, where both cannot be one file: `NAME.audio.m4a`.
const AUDIO: &str = "audio";
/// The suffix of what was recorded of a stream that cannot be resumed.
pub(super) const INTERRUPTED: &str = "interrupted";
/// How many bytes are left after a name, for the number of a copy and the extension.
const NUMBER: usize = 24;

impl Mover {
    /// Makes one file of both where that is possible, and otherwise keeps both. Also returns whether they are one file.
    pub(super) async fn both(
        &self,
        job: Job,
        place: &Place,
        mut picture: Done,
        mut sound: Done,
    ) -> Result<(Outcome, bool)> {
        let mut warnings = std::mem::take(&mut picture.warnings);
        warnings.append(&mut sound.warnings);
        warnings.dedup();
        let breaks = picture.breaks || sound.breaks;
        let into = place.beside(MUXED);
        let mut claim = None;
        let fits = match breaks {
            // Each restarts its timeline somewhere, by its own clock: put together, they would drift or lose frames.
            true => Err("its timeline restarts, where `ffmpeg` would not keep both in sync".into()),
            false => {
                let need = Need {
                    place: into.clone(),
                    on_disk: 0,
                    total: picture.joined.len + sound.joined.len,
                };
                let room = self.claim(need, &mut claim).await;
                room.map_err(|error| {
                    format!(
                        "there is no disk space for both together: {}",
                        error.message
                    )
                })
            }
        };
        let (algorithm, stop) = (self.digest, self.stop.now.clone());
        let (picture, sound, muxed) = slowly(move || {
            let muxed = match fits {
                Err(why) => Err(Error::new(Kind::Unsupported, why)),
                Ok(()) => mux::mux(&picture, &sound, into, algorithm, &stop),
            };
            Ok((picture.joined, sound.joined, muxed))
        })
        .await?;
        drop(claim);
        match muxed {
            Ok(whole) => {
                let outcome = self.save(job, place, whole, warnings).await?;
                slowly(move || {
                    picture.partial.discard()?;
                    sound.partial.discard()
                })
                .await?;
                Ok((outcome, true))
            }
            Err(error) if error.kind == Kind::Unsupported => {
                let name = self.name_beside(&job, place, sound, AUDIO).await?;
                let why = [vec![error.message.clone()], error.causes()]
                    .concat()
                    .join(": ");
                warnings.push(format!("its sound is in `{name}`, since {why}"));
                let outcome = self.save(job, place, picture, warnings).await?;
                Ok((outcome, false))
            }
            Err(error) => Err(error),
        }
    }

    /// Names a file after the item that it belongs to, as in `NAME.audio.m4a`, and returns the name.
    pub(super) async fn name_beside(
        &self,
        job: &Job,
        place: &Place,
        joined: Joined,
        what: &'static str,
    ) -> Result<String> {
        // There may be several interrupted recordings, each with other bytes.
        let number = match what {
            AUDIO => String::new(),
            _ => joined.digest.map_or(String::new(), |sum| format!(" {sum}")),
        };
        let extra = Extra {
            what,
            key: format!("{what}{number}"),
            ext: None,
        };
        self.name_extra(&MainItem::of(job), place, joined, extra)
            .await
    }

    /// The same for any file that belongs to an item.
    pub(super) async fn name_extra(
        &self,
        main_item: &MainItem,
        place: &Place,
        joined: Joined,
        Extra { what, key, ext }: Extra<'_>,
    ) -> Result<String> {
        // A long name has to fit with its suffix, too.
        let stem = cut(&main_item.stem, ROOM.saturating_sub(what.len() + NUMBER));
        let planned = Planned {
            folder: main_item.folder.clone(),
            stem: format!("{stem}.{what}"),
            ext: ext.clone(),
            fixed_ext: ext.is_some(),
            is_folder: false,
        };
        let seen = sniff(&joined.head);
        let ext = extension(&seen, None, ext.as_deref());
        let (archive, disk) = (self.archive.clone(), self.disk.clone());
        let (item, origin) = (main_item.item.clone(), main_item.origin.clone());
        let naming = main_item.naming.clone();
        let (place, duplicates) = (place.clone(), self.duplicates);
        let named = slowly(move || {
            let commit = Commit {
                archive: &*archive,
                place,
                identity: Identity {
                    source: item.source.clone(),
                    key: format!("{} {key}", item.key),
                },
                origin,
                planned: &planned,
                reuses_name: false,
                ext,
                record: Record {
                    size: joined.len,
                    digest: joined.digest,
                    media: seen.media_type,
                    published: item.meta.date,
                    naming,
                    ..Record::default()
                },
                modified: None,
                duplicates,
                disk,
                tells_of_stranger: false,
            };
            commit.run(CompleteBody::File(joined.partial))
        });
        let (named, noted) = named.await?;
        self.record_warning(noted);
        let (Named::New { path, .. } | Named::There(path)) = named;
        let name = path.rsplit('/').next().unwrap_or(&path);
        Ok(name.to_owned())
    }
}

/// An item that other files belong to.
pub(super) struct MainItem {
    item: Arc<Item>,
    origin: Option<Arc<Origin>>,
    folder: Vec<String>,
    stem: String,
    /// What is recorded of the options of its link.
    naming: Option<String>,
}

/// A file that belongs to an item.
pub(super) struct Extra<'a> {
    /// The suffix of its name, after that of the item.
    pub(super) what: &'a str,
    /// The suffix of its key in the archive, after that of the item.
    pub(super) key: String,
    /// Its extension, if the bytes do not show it.
    pub(super) ext: Option<String>,
}

impl MainItem {
    /// The item of a job.
    pub(super) fn of(job: &Job) -> MainItem {
        let stem = match job.reuses_name {
            true => split(&job.planned.stem).0,
            false => &job.planned.stem,
        };
        MainItem {
            item: job.item.clone(),
            origin: job.origin.clone(),
            folder: job.planned.folder.clone(),
            stem: stem.to_owned(),
            naming: job.naming(),
        }
    }

    /// The same item, once its file has this path.
    pub(super) fn named(&self, path: &str) -> MainItem {
        let Planned { folder, stem, .. } = Planned::at(path);
        MainItem {
            item: self.item.clone(),
            origin: self.origin.clone(),
            naming: self.naming.clone(),
            folder,
            stem: split(&stem).0.to_owned(),
        }
    }
}
