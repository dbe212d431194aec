//! A complete manifest, with all its periods.

use url::Url;

use super::super::urls::Urls;
use super::super::{Caption, Media, Quality, Subtitles, corrupt, text, unsupported};
use super::live::{Live, View, Window, number};
use super::segments::{self, Scope};
use super::time::seconds;
use super::xml::{self, Element};
use super::{NOWHERE, TrackKind, captions, choose, renditions};
use crate::model::{Error, Kind, Result};

/// A manifest.
#[derive(Debug)]
pub(in crate::pipeline) struct Manifest {
    root: Element,
    url: Url,
    /// The properties of a live stream, if it is one.
    pub(in crate::pipeline) live: Option<Live>,
    /// Where to request the next version, if given.
    pub(in crate::pipeline) next: Option<Url>,
}

/// The tracks to download.
#[derive(Debug, Default, PartialEq)]
pub(in crate::pipeline) struct Tracks {
    /// The video, or everything.
    pub(in crate::pipeline) main: Media,
    /// The audio, if it is separate.
    pub(in crate::pipeline) sound: Option<Media>,
    /// The available subtitles; the location of unwanted ones is left out.
    pub(in crate::pipeline) captions: Vec<Caption>,
}

/// What is wanted from a manifest.
#[derive(Clone, Debug, Default)]
pub(in crate::pipeline) struct Want {
    pub(in crate::pipeline) quality: Quality,
    pub(in crate::pipeline) subtitles: Subtitles,
}

impl Manifest {
    /// Parses a manifest that came from this URL.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for an invalid manifest; [`Kind::Unsupported`] for an unsupported form of live stream.
    pub(in crate::pipeline) fn read(body: &[u8], url: &Url) -> Result<Manifest> {
        let root = xml::read(&text(body)?)?;
        if root.name != "MPD" {
            return Err(corrupt("it is not a DASH manifest"));
        }
        if root.get("type") != Some("dynamic") && root.first("Period").is_none() {
            return Err(corrupt("it has no period"));
        }
        let mut urls = Urls::new();
        let location = root.first("Location");
        let next = location.map(|location| urls.join(url, &location.text));
        Ok(Manifest {
            live: Live::read(&root, url, &mut urls)?,
            next: next.transpose()?,
            root,
            url: url.clone(),
        })
    }

    /// Chooses the tracks and lists their segments: all of a complete video; for a live stream, those available and not
    /// yet known. With a view, a complete manifest is the end of a stream that was live.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for contradictions; [`Kind::Unsupported`] if the stream is protected or has no such rendition.
    pub(in crate::pipeline) fn tracks(&self, want: &Want, view: Option<View>) -> Result<Tracks> {
        let window = match (&self.live, view) {
            (Some(live), Some(view)) => Some(live.window(view)?),
            (None, Some(view)) => Some(Window::rest(view.since)),
            (Some(_), None) => return Err(corrupt("it has become live")),
            (None, None) => None,
        };
        let manifest = &self.root;
        let mut urls = Urls::new();
        let base = segments::base(&mut urls, &self.url, manifest)?;
        let total = manifest
            .get("mediaPresentationDuration")
            .map(seconds)
            .transpose()?;
        let periods: Vec<&Element> = manifest.all("Period").collect();
        let (mut tracks, mut kind) = (Tracks::default(), None);
        let mut texts = captions::CaptionBudget::new();
        // A period without an adaptation set plays nothing; the contents of an external period are unknown.
        let is_empty = |period: &&Element| {
            let is_elsewhere = period.get("href").is_some_and(|href| href != NOWHERE);
            period.first("AdaptationSet").is_none() && !is_elsewhere
        };
        let is_all_empty = periods.iter().all(is_empty);
        let last_played = periods.iter().rposition(|period| !is_empty(period));
        let (mut begin, mut last) = (0.0, 0.0);
        let mut end = total;
        for (at, period) in periods.iter().enumerate() {
            begin = period
                .get("start")
                .map(seconds)
                .transpose()?
                .unwrap_or(begin);
            let next = periods.get(at + 1).and_then(|next| next.get("start"));
            let next = next.map(seconds).transpose()?;
            let length = period.get("duration").map(seconds).transpose()?;
            let length = length
                .or(next.or(total).map(|end| end - begin))
                .filter(|length| *length > 0.0);
            let scope = Scope {
                base: segments::base(&mut urls, &base, period)?,
                length,
                begin,
                is_first: at == 0,
                is_last: last_played.is_none_or(|last| at >= last),
                window,
            };
            last = begin;
            let until = begin + length.unwrap_or(0.0);
            if total.is_none() && at + 1 == periods.len() {
                end = length.map(|_| until);
            }
            let is_played = is_all_empty || !is_empty(period);
            if is_played && !scope.is_over() {
                let rooms = (&mut urls, &mut texts);
                let track_kind = add(rooms, &scope, period, want, &mut tracks)?;
                if *kind.get_or_insert(track_kind) != track_kind && window.is_none() {
                    return Err(unsupported(
                        "has periods of which some have a picture and others none, which cannot be joined",
                    ));
                }
            }
            begin = until;
        }
        // The end of a stream that gives the length of its window, but not its own, is unknown.
        let end = end.filter(|end| *end > last);
        tracks.end(self.live.is_some(), window, end);
        match tracks.main.segments.is_empty() && window.is_none() {
            true => Err(Error::new(Kind::Missing, "the stream has no segments")),
            false => Ok(tracks),
        }
    }
}

/// Adds the chosen tracks of a period, and returns the kind of its main track.
fn add(
    (urls, texts): (&mut Urls, &mut captions::CaptionBudget),
    scope: &Scope,
    period: &Element,
    want: &Want,
    tracks: &mut Tracks,
) -> Result<TrackKind> {
    let (main, sound) = choose(&renditions(period)?, want.quality)?;
    segments::add(urls, scope, (period, main), &mut tracks.main)?;
    if let Some(sound) = sound {
        let track = tracks.sound.get_or_insert_with(Media::default);
        segments::add(urls, scope, (period, sound), track)?;
    }
    captions::add(texts, scope, period, &want.subtitles, &mut tracks.captions);
    Ok(main.kind)
}

impl Tracks {
    /// Notes whether more will follow: a live stream ends when all of its time is over, and its last segment available.
    fn end(&mut self, is_live: bool, window: Option<Window>, end: Option<f64>) {
        let last = self.main.target.as_secs_f64();
        let now = window.map_or(f64::INFINITY, |window| window.until);
        let ended = !is_live || end.is_some_and(|end| now >= end + last);
        let captions = self.captions.iter_mut().filter_map(Caption::segments);
        let sound = self.sound.iter_mut();
        for media in std::iter::once(&mut self.main).chain(sound).chain(captions) {
            media.ended = ended;
            // A complete manifest lists all its segments; by the clock alone there may have been more.
            media.end = end.filter(|_| ended && window.is_some()).map(number);
        }
    }
}
