//! The tracks of a film, which belong together: if one has changed, it is of another version than the other.

use tokio_util::sync::CancellationToken;

use super::list::{List, Role};
use super::recording::with_recording_hint;
use super::track::{Done, Track};
use super::{Streaming, Tracks};
use crate::model::{Error, Kind, Result};

/// A film that is being downloaded.
pub(super) struct Film {
    main: Track,
    /// The sound, if it is separate.
    sound: Option<Track>,
}

impl Film {
    /// Opens the tracks.
    pub(super) async fn open(
        streaming: &Streaming<'_>,
        main: List,
        sound: Option<List>,
    ) -> Result<Film> {
        let main = Track::open(streaming, Role::Main, main).await?;
        let sound = match sound {
            Some(sound) => Some(Track::open(streaming, Role::Sound, sound).await?),
            None => None,
        };
        Ok(Film { main, sound })
    }

    /// How many bytes are there.
    pub(super) fn have(&self) -> u64 {
        self.main.have() + self.sound.as_ref().map_or(0, Track::have)
    }

    /// Downloads what is missing; if the film changes on the way, all of it, once.
    pub(super) async fn run(mut self, streaming: &Streaming<'_>) -> Result<Tracks> {
        let mut moved = self.all(streaming).await;
        let is_changed = |moved: &Result<()>| {
            let error = moved.as_ref().err();
            error.is_some_and(|error| error.kind == Kind::Changed)
        };
        if is_changed(&moved.0) || moved.1.as_ref().is_some_and(is_changed) {
            self = self.reopen(streaming).await?;
            moved = self.all(streaming).await;
        }
        // What was recorded of a live stream cannot be downloaded again.
        if self.main.is_live()
            && let Some(error) = failure(&mut moved)
        {
            return Err(self.abandon(streaming, error).await?);
        }
        let main = self.main.done(streaming, moved.0).await;
        let sound = match self.sound.zip(moved.1) {
            Some((sound, moved)) => Some(sound.done(streaming, moved).await),
            None => None,
        };
        let two = |main: Done, sound: Done| Tracks::Two(Box::new(main), Box::new(sound));
        match (main, sound) {
            (Ok(main), None) => Ok(Tracks::One(Box::new(main))),
            (Ok(main), Some(Ok(sound))) => Ok(two(main, sound)),
            // The track that failed first stopped the other.
            (Err(error), None | Some(Ok(_))) | (Ok(_), Some(Err(error))) => Err(error),
            (Err(error), Some(Err(other))) if error.kind == Kind::Closed => Err(other),
            (Err(error), Some(Err(_))) => Err(error),
        }
    }

    /// Downloads what is missing of each track, until one of them fails.
    async fn all(&mut self, streaming: &Streaming<'_>) -> (Result<()>, Option<Result<()>>) {
        let ending = &streaming.ending.child_token();
        let main = all_of(&mut self.main, streaming, ending);
        match &mut self.sound {
            Some(sound) => {
                let sound = all_of(sound, streaming, ending);
                let (main, sound) = tokio::join!(main, sound);
                (main, Some(sound))
            }
            None => (main.await, None),
        }
    }

    /// Starts over from reloaded lists: nothing that was known of the film holds any more.
    async fn reopen(self, streaming: &Streaming<'_>) -> Result<Film> {
        let lists = match streaming.lists().await {
            Ok(lists) => lists,
            Err(error) => return Err(self.abandon(streaming, error).await?),
        };
        let main = self.main.reopen(streaming, lists.main).await?;
        let sound = match (self.sound, lists.sound) {
            (Some(sound), Some(list)) => Some(sound.reopen(streaming, list).await?),
            (Some(sound), None) => {
                sound.forget(streaming).await?;
                None
            }
            (None, Some(list)) => Some(Track::open(streaming, Role::Sound, list).await?),
            (None, None) => None,
        };
        Ok(Film { main, sound })
    }

    /// Gives up a film that cannot go on, and returns the error.
    async fn abandon(self, streaming: &Streaming<'_>, error: Error) -> Result<Error> {
        let mut names = Vec::new();
        for track in std::iter::once(self.main).chain(self.sound) {
            names.extend(track.abandon(streaming, error.kind).await?);
        }
        Ok(with_recording_hint(error, &names))
    }
}

/// Takes the error that stopped the tracks, unless they were told to stop.
fn failure(moved: &mut (Result<()>, Option<Result<()>>)) -> Option<Error> {
    let results = std::iter::once(&mut moved.0).chain(&mut moved.1);
    let mut failed = results.filter(|result| {
        let error = result.as_ref().err();
        error.is_some_and(|error| error.kind != Kind::Closed)
    });
    std::mem::replace(failed.next()?, Ok(())).err()
}

/// Downloads what is missing of a track, and stops the others if it fails.
async fn all_of(
    track: &mut Track,
    streaming: &Streaming<'_>,
    ending: &CancellationToken,
) -> Result<()> {
    let moved = track.all_parts(streaming, ending).await;
    if moved.is_err() {
        ending.cancel();
    }
    moved
}
