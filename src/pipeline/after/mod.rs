//! Item post-processing: metadata beside a saved file, and commands of the user's.
//!
//! By then the file is saved, and it stays, whatever happens here. This knows neither sources nor the network.

mod altered;
mod code;
mod command;
mod group;
mod ours;
mod output_lines;
pub(super) mod sidecar;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

pub use command::Command;
pub(super) use ours::follows;

use self::group::Group;
use super::archive::{Algorithm, Archive, Ending, Identity, Note};
use super::naming::shown_text;
use super::sink::{Disk, Stamp, quickly, slowly};
use super::{Events, Packing, Settings, Stop};
use crate::model::{Error, Event, Failure, Item, Kind, Result};
use crate::net::Redacted;

/// What to do after files are saved.
#[derive(Clone, Debug, Default)]
pub struct PostProcessing {
    /// A JSON file beside each saved file.
    pub metadata: bool,
    /// A line of JSON for each saved file, in `metadata.jsonl` in the output directory.
    pub lines: bool,
    /// A JSON file for each album, in its folder.
    pub info: bool,
    /// The files of each album, packed as a ZIP beside its folder.
    pub zip: Packing,
    /// The pictures of each album, packed as a CBZ beside its folder.
    pub cbz: Packing,
    /// A command for each saved file.
    pub exec: Option<Command>,
    /// A command at the end of the run.
    pub exec_after: Option<Command>,
}

impl PostProcessing {
    /// Whether albums need post-processing.
    pub(super) fn has_albums(&self) -> bool {
        self.info || [self.zip, self.cbz] != [Packing::No; 2]
    }
}

/// Does the post-processing of a run.
pub(super) struct After {
    steps: PostProcessing,
    root: PathBuf,
    disk: Arc<Disk>,
    archive: Arc<dyn Archive>,
    events: Events,
    stop: Stop,
    /// How many commands may run at once.
    room: Semaphore,
    saved: AtomicU64,
    /// The digest algorithm for saved files, if digests are recorded.
    digest: Option<Algorithm>,
}

impl After {
    /// Returns `None` if there is nothing to do.
    pub(super) fn new(
        settings: &Settings,
        disk: &Arc<Disk>,
        archive: &Arc<dyn Archive>,
        events: &Events,
        stop: &Stop,
    ) -> Option<After> {
        let steps = settings.after.clone();
        let any = steps.metadata || steps.lines;
        if settings.simulate || !any && steps.exec.is_none() && steps.exec_after.is_none() {
            return None;
        }
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Some(After {
            steps,
            root: std::path::absolute(&settings.root).unwrap_or_else(|_| settings.root.clone()),
            disk: disk.clone(),
            archive: archive.clone(),
            events: events.clone(),
            stop: stop.clone(),
            room: Semaphore::new(processors),
            saved: AtomicU64::new(0),
            digest: settings.archive.as_ref().map(|_| settings.digest),
        })
    }

    /// Processes a file that was saved at this path below the root.
    pub(super) async fn saved(&self, id: u64, item: &Arc<Item>, path: &str, size: u64) {
        self.saved.fetch_add(1, Ordering::Relaxed);
        if self.steps.metadata || self.steps.lines {
            let (disk, archive) = (self.disk.clone(), self.archive.clone());
            let (item, below) = (item.clone(), path.to_owned());
            let (metadata, lines) = (self.steps.metadata, self.steps.lines);
            let written = slowly(move || {
                let document = sidecar::document(&item, &below, size);
                if metadata {
                    sidecar::write(&disk, &*archive, &document, &below)?;
                }
                if lines {
                    sidecar::append(&disk, &*archive, &document)?;
                }
                Ok(())
            });
            if let Err(error) = written.await {
                self.missed(Some(id), "metadata", path, &error).await;
            }
        }
        if let Some(command) = &self.steps.exec {
            let done = async {
                let (disk, below) = (self.disk.clone(), path.to_owned());
                let before = quickly(move || Ok(Stamp::at(&disk, &below).ok())).await?;
                self.run(Some(id), words(command, &self.root, item, path)?)
                    .await?;
                self.look_again(item, path, before).await
            };
            if let Err(error) = done.await {
                self.missed(Some(id), "exec", path, &error).await;
            }
        }
    }

    /// Records what a command has changed in a file, so that the file is still recognised as saved.
    async fn look_again(&self, item: &Item, path: &str, before: Option<Stamp>) -> Result<()> {
        let (Some(before), Some(algorithm)) = (before, self.digest) else {
            return Ok(());
        };
        if self.stop.now.is_cancelled() {
            return Ok(());
        }
        let (disk, archive, path) = (self.disk.clone(), self.archive.clone(), path.to_owned());
        let identity = Identity {
            source: item.source.clone(),
            key: item.key.clone(),
        };
        slowly(move || {
            // A file that was moved away or cannot be read does not exist for the next run, which downloads it again.
            let altered = altered::altered(&disk, &path, before, algorithm);
            let Ok(Some(altered)) = altered else {
                return Ok(());
            };
            archive.note(Note {
                identity,
                origin: None,
                ending: Ending::Altered(altered),
            })
        })
        .await
    }

    /// Runs the final command, unless the user ended the run.
    pub(super) async fn end(&self) {
        let Some(command) = &self.steps.exec_after else {
            return;
        };
        if self.stop.drain.is_cancelled() {
            return;
        }
        let done = async {
            let saved = self.saved.load(Ordering::Relaxed).to_string();
            let words = command.words(&[("dir", text(&self.root)?), ("saved", &saved)])?;
            self.run(None, words).await
        };
        if let Err(error) = done.await {
            self.missed(None, "exec-after", "", &error).await;
        }
    }

    async fn run(&self, id: Option<u64>, words: Vec<String>) -> Result<()> {
        let program = words.first().cloned().unwrap_or_default();
        let left = |what: &str| Error::new(Kind::Closed, format!("`{program}` was {what}"));
        let _permit = tokio::select! {
            biased;
            () = self.stop.now.cancelled() => return Err(left("not started")),
            // The semaphore is never closed.
            permit = self.room.acquire() => permit.map_err(|_| Error::closed())?,
        };
        // Output that arrives after the run must not keep the run from ending.
        let events = self.events.downgrade();
        let say = move |text: String| {
            if let Some(events) = events.upgrade() {
                // If nobody listens any more, that does not matter here.
                let _ = events.blocking_send(Event::Said { id, text });
            }
        };
        let group = Group::default();
        let its = group.clone();
        tokio::select! {
            () = self.stop.now.cancelled() => {
                group.end();
                Err(left("stopped before it finished"))
            }
            done = slowly(move || command::run(&words, &its, say)) => done,
        }
    }

    async fn missed(&self, id: Option<u64>, what: &str, path: &str, error: &Error) {
        let event = Event::Missed {
            id,
            what: what.to_owned(),
            path: path.to_owned(),
            failure: Failure::new(error, 1),
        };
        // If nobody reads events any more, the run is over.
        let _ = self.events.send(event).await;
    }
}

/// Returns the command for a file.
fn words(command: &Command, root: &Path, item: &Item, path: &str) -> Result<Vec<String>> {
    let file = root.join(path);
    let url = item.body.request();
    let url = url.map_or(String::new(), |request| Redacted(&request.url).to_string());
    command.words(&[
        ("path", text(&file)?),
        ("dir", text(file.parent().unwrap_or(root))?),
        ("name", path.rsplit('/').next().unwrap_or(path)),
        ("source", &item.source),
        ("key", &shown_text(item.key.clone())),
        ("url", &url),
    ])
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        let message = format!(
            "`{}` is not valid UTF-8, so it cannot be passed to a command",
            path.display()
        );
        Error::new(Kind::Config, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Meta};

    #[test]
    fn a_key_that_is_a_url_keeps_its_secrets() {
        let command = Command::parse("echo {key}", Command::OF_FILE).unwrap();
        let filled_in = |key: &str| {
            let item = Item {
                source: "x".into(),
                key: key.into(),
                meta: Meta::default(),
                body: Body::Later,
            };
            words(&command, Path::new("/out"), &item, "a/cat.jpg").unwrap()[1].clone()
        };
        assert_eq!(filled_in("q6i58"), "q6i58");
        assert_eq!(
            filled_in("https://a:b@x.org/cat?token=hunter2"),
            "https://***@x.org/cat?token=***"
        );
    }
}
