//! Downloads a stream: reads its playlists, chooses, downloads the segments of each track, and makes one file of them.
//!
//! Segments are requested as files are: at the pace of their host, with its retries, and only where whoever named them
//! may lead.

mod accept;
mod captions;
mod cipher;
mod coded;
mod delivery;
mod download_part;
mod extra_files;
mod film;
mod identity;
mod join;
mod keys;
mod list;
mod lists;
mod login;
mod look;
mod manifest;
mod memory;
mod mux;
mod part;
mod recording;
mod relocate;
mod state;
mod track;
mod versions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderMap, header};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::captions::Text;
use self::extra_files::MainItem;
use self::film::Film;
use self::join::Joined;
use self::keys::Keys;
use self::list::List;
use self::lists::Lists;
use self::login::authorization_for;
use self::manifest::Current;
use self::relocate::Relocatable;
use self::track::Done;
use super::content::Content;
use super::retry::RetryState;
use super::verified::Verified;
use super::{Job, Mover};
use crate::model::{Event, Expect, Kind, Medium, Outcome, Request, Result, Track};
use crate::net::{NamedBy, Redacted, header_map};
use crate::pipeline::derived_keys;
use crate::pipeline::sink::{Place, slowly};
use crate::pipeline::stream::{Subtitles, clock};

/// What is wanted of streams.
#[derive(Clone, Debug, Default)]
pub(in crate::pipeline) struct StreamOptions {
    /// Which subtitles.
    pub(in crate::pipeline) subtitles: Subtitles,
    /// How long a live stream is followed; until it ends, if not set.
    pub(in crate::pipeline) live_for: Option<Duration>,
}

/// What describes a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Hls,
    Dash,
    /// Nothing does: it is a file.
    File,
}

impl Form {
    /// What describes a track.
    pub(super) fn of(track: &Track) -> Form {
        match track.is_playlist {
            true => Form::Hls,
            false => Form::File,
        }
    }
}

/// Where a stream is.
pub(super) struct StreamSource {
    pub(super) form: Form,
    pub(super) request: Request,
    /// The sound, if it is known to be separate.
    pub(super) sound: Option<Track>,
    /// Who named these addresses.
    pub(super) named_by: NamedBy,
}

/// How many bytes of segments that are not next in order wait in memory, over all streams.
pub(in crate::pipeline) const MEMORY: usize = 64 << 20;

/// How many playlists of a stream are read at once.
const READING: usize = 2;

/// A stream that is being downloaded.
struct Streaming<'a> {
    mover: &'a Mover,
    id: u64,
    job: &'a Job,
    source: Relocatable,
    place: &'a Place,
    keys: Keys,
    /// The manifest, if the stream is DASH.
    current: Current,
    /// Limits how many playlists are read at once, as each may be large.
    reading: Semaphore,
    /// The same for the playlists of subtitles that are requested; and how many subtitles there are to be.
    asking: Semaphore,
    texts: AtomicUsize,
    /// How many bytes have come.
    bytes: AtomicU64,
    /// Cancelled when a track has failed, so that the others stop.
    ending: CancellationToken,
    /// When to leave a live stream.
    deadline: Option<Instant>,
}

/// What became of a stream.
pub(super) enum StreamEnd {
    Done(Outcome),
    /// It is not a stream: its playlist is some other file, which is to be downloaded as one.
    NotAStream(Box<Job>),
}

/// The files of a stream.
enum Tracks {
    One(Box<Done>),
    Two(Box<Done>, Box<Done>),
}

impl Mover {
    /// Downloads a stream, and returns how it ended.
    pub(super) async fn run_stream(
        &self,
        job: Job,
        source: Arc<StreamSource>,
        retry: &mut RetryState,
    ) -> Result<StreamEnd> {
        let place = self.place(&job).await?;
        let streaming = Streaming {
            mover: self,
            id: job.id,
            job: &job,
            source: Relocatable::new(source),
            place: &place,
            keys: Keys::default(),
            current: Current::default(),
            reading: Semaphore::new(READING),
            asking: Semaphore::new(captions::AT_ONCE),
            texts: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            ending: CancellationToken::new(),
            deadline: self
                .stream_options
                .live_for
                .map(|time| Instant::now() + time),
        };
        let lists = match self.unless_draining(streaming.lists_if_stream()).await? {
            Err(error) if error.kind == Kind::Missing && job.known.is_none() => {
                return Err(streaming.gone(error).await?);
            }
            lists => lists?,
        };
        let Some(lists) = lists else {
            return Ok(StreamEnd::NotAStream(Box::new(job)));
        };
        if let Some(saved) = &job.known {
            return streaming
                .texts_alone(lists, &saved.path)
                .await
                .map(StreamEnd::Done);
        }
        let (is_live, began) = (!lists.main.media.ended, Timestamp::now());
        let (tracks, texts) = streaming.download_tracks(lists, retry).await?;
        // Each recording of a live stream is an item of its own.
        let mut job = job;
        if is_live {
            Arc::make_mut(&mut job.item).key = derived_keys::recording_key(&job.item.key, began);
        }
        let main_item = MainItem::of(&job);
        let wanted = !texts.0.is_empty();
        let (outcome, film) = match tracks {
            Tracks::One(done) => {
                let (done, film) = captions::start(done, wanted).await?;
                let Done {
                    joined, warnings, ..
                } = *done;
                let outcome = self.save(job, &place, joined, warnings).await?;
                // An earlier run may have wanted the sound in a file of its own.
                let place = place.clone();
                slowly(move || {
                    list::of_two()
                        .iter()
                        .try_for_each(|name| place.beside(name).clear())
                })
                .await?;
                (outcome, film)
            }
            Tracks::Two(picture, sound) => {
                let (picture, film) = captions::start(picture, wanted).await?;
                let (sound, other) = captions::start(sound, wanted).await?;
                let (outcome, is_one) = self.both(job, &place, *picture, *sound).await?;
                // A single file begins with whatever begins first in it.
                let first = film.zip(other.filter(|_| is_one));
                let first = first.map(|(film, other)| clock::earlier(film, other));
                (outcome, first.or(film))
            }
        };
        self.captioned(&main_item, &place, texts, film, outcome)
            .await
            .map(StreamEnd::Done)
    }

    /// Names the file of a track.
    async fn save(
        &self,
        job: Job,
        place: &Place,
        joined: Joined,
        warnings: Vec<String>,
    ) -> Result<Outcome> {
        let expect = Expect {
            medium: Some(Medium::Any),
            ..Expect::default()
        };
        let warning = Some(warnings.join("; ")).filter(|text| !text.is_empty());
        let Joined {
            partial,
            len,
            head,
            digest,
        } = joined;
        let verified = Verified::of(partial, (len, &head), digest, warning, &expect).await?;
        let content = Content::new(place.clone(), &job.item, self.digest);
        self.commit(job, content, place.clone(), verified).await
    }
}

impl Streaming<'_> {
    /// Downloads the tracks of the film, and its subtitles along with them.
    async fn download_tracks(
        &self,
        lists: Lists,
        retry: &mut RetryState,
    ) -> Result<(Tracks, (Vec<Text>, Vec<String>))> {
        let (wanted, warnings) = self.wanted(lists.captions, lists.named_by).await?;
        let film = self.download_film(lists.main, lists.sound, retry);
        let (film, texts) = tokio::join!(film, self.texts(wanted));
        Ok((film?, (texts, warnings)))
    }

    /// Downloads the tracks of the film.
    async fn download_film(
        &self,
        main: List,
        sound: Option<List>,
        retry: &mut RetryState,
    ) -> Result<Tracks> {
        let film = self.download_film_tracks(main, sound, retry).await;
        if film.is_err() {
            // Without the film, nobody wants its subtitles.
            self.ending.cancel();
        }
        film
    }

    async fn download_film_tracks(
        &self,
        main: List,
        sound: Option<List>,
        retry: &mut RetryState,
    ) -> Result<Tracks> {
        let is_live = !main.media.ended;
        let film = Film::open(self, main, sound).await?;
        let have = film.have();
        self.add_bytes(have as usize);
        retry.began = true;
        self.mover
            .emit(Event::Began {
                id: self.id,
                total: None,
                have,
            })
            .await?;
        if is_live {
            self.mover.emit(self.live_notice()).await?;
        }
        film.run(self).await
    }

    /// The message that a live stream has no end in sight.
    fn live_notice(&self) -> Event {
        let until = match self.mover.stream_options.live_for {
            None => "until it ends",
            Some(_) => "until its time limit",
        };
        let text = format!(
            "`{}` is live: recording {until}, or until Ctrl-C, which saves what was recorded",
            Redacted(&self.source().request.url)
        );
        let id = Some(self.id);
        Event::Said { id, text }
    }

    /// Waits until a live stream is to be left: its time is over, or nothing new is to start.
    async fn time_to_leave(&self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.mover.stop.drain.cancelled() => {}
            () = deadline => {}
        }
    }

    /// The place of the file with this name among those of the item.
    fn place(&self, name: &str) -> Place {
        match name {
            "" => self.place.clone(),
            name => self.place.beside(name),
        }
    }

    /// The headers set by the source, for the origin that they were set for.
    fn bound(&self, url: &Url) -> Result<HeaderMap> {
        let source = self.source();
        let sound = source.sound.as_ref().map(|sound| &sound.request);
        let requests = [Some(&source.request), sound];
        let mut own = requests.into_iter().flatten();
        match own.find(|own| own.url.origin() == url.origin()) {
            Some(own) => {
                let mut headers = header_map(&own.headers)?;
                if let Some(login) = authorization_for(&own.url, url) {
                    headers.entry(header::AUTHORIZATION).or_insert(login);
                }
                Ok(headers)
            }
            None => Ok(HeaderMap::new()),
        }
    }

    /// Notes that this many bytes came.
    fn add_bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
