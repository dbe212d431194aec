//! The segments of a representation: named by a template, listed, or all in one file.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::super::urls::Urls;
use super::super::{ByteLocation, Map, Media, Segment, corrupt, unsupported};
use super::live::{Window, number};
use super::template::{Names, by_template};
use super::xml::Element;
use super::{MOST, Rendition, TrackKind};
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;

/// The properties of a period.
pub(super) struct Scope {
    pub(super) base: Url,
    /// Its length in seconds, if known.
    pub(super) length: Option<f64>,
    /// When it begins, in seconds since the beginning of the stream.
    pub(super) begin: f64,
    /// Whether it is the first of the manifest.
    pub(super) is_first: bool,
    /// Whether nothing is played after it.
    pub(super) is_last: bool,
    /// Which of its segments are available, if the stream is or was live.
    pub(super) window: Option<Window>,
}

impl Scope {
    /// Checks whether nothing of it can be wanted: it has not begun, or was over before.
    pub(super) fn is_over(&self) -> bool {
        let Some(window) = self.window else {
            return false;
        };
        let end = self.length.map(|length| self.begin + length);
        let before = |end: f64| end <= window.from || number(end) <= window.since;
        self.begin >= window.until || end.is_some_and(before)
    }
}

/// Returns the URL that the relative URLs of an element refer to.
pub(super) fn base(urls: &mut Urls, from: &Url, element: &Element) -> Result<Url> {
    match element.first("BaseURL") {
        Some(base) => urls.join(from, &base.text),
        None => Ok(from.clone()),
    }
}

/// The elements that describe segments, from the outermost to the innermost; inner ones take precedence.
pub(super) struct Naming<'a>(Vec<&'a Element>);

impl<'a> Naming<'a> {
    fn of(levels: [&'a Element; 3], name: &str) -> Naming<'a> {
        Naming(
            levels
                .iter()
                .filter_map(|level| level.first(name))
                .collect(),
        )
    }

    /// Returns an attribute of the innermost level that has it.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find_map(|level| level.get(name))
    }

    /// Returns an attribute that is a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        match self.0.iter().rev().find(|level| level.get(name).is_some()) {
            Some(level) => level.number(name),
            None => Ok(None),
        }
    }

    /// Returns the number of ticks per second.
    pub(super) fn scale(&self) -> Result<u64> {
        let scale = self.number("timescale")?.unwrap_or(1);
        (scale > 0)
            .then_some(scale)
            .ok_or_else(|| corrupt("a timescale is zero"))
    }

    /// Returns the media time at the start of the period, in seconds.
    fn ahead(&self) -> Result<f64> {
        let offset = self.number("presentationTimeOffset")?.unwrap_or(0);
        Ok(offset as f64 / self.scale()? as f64)
    }

    /// Returns a child element of the innermost level that has it.
    pub(super) fn first(&self, name: &str) -> Option<&'a Element> {
        self.0.iter().rev().find_map(|level| level.first(name))
    }
}

/// Times that differ by no more than this, in seconds, are the same.
pub(super) const ROUNDED: f64 = 0.001;
/// The maximum length of a segment, in seconds.
const LONG: f64 = 86_400.0;

/// Adds the segments of a representation to a track.
pub(super) fn add(
    urls: &mut Urls,
    scope: &Scope,
    (period, rendition): (&Element, Rendition<'_>),
    media: &mut Media,
) -> Result<()> {
    let Rendition { set, own, .. } = rendition;
    let from = base(urls, &scope.base, set)?;
    let from = base(urls, &from, own)?;
    let levels = [period, set, own];
    let template = Naming::of(levels, "SegmentTemplate");
    let list = Naming::of(levels, "SegmentList");
    let file = Naming::of(levels, "SegmentBase");
    let before = media.segments.len();
    let mut naming = [&template, &list, &file].into_iter();
    let naming = naming.find(|naming| !naming.0.is_empty());
    let ahead = naming.map_or(Ok(0.0), Naming::ahead)? - scope.begin;
    if before == 0 {
        media.ahead = ahead;
    }
    media.surplus = false;
    if scope.window.is_some() {
        // The periods of a live stream come and go.
        media.rendition.clear();
    }
    // These attributes distinguish the rendition from others, in each period.
    for name in ["bandwidth", "width", "height", "codecs", "lang"] {
        media.rendition += own.get(name).or(set.get(name)).unwrap_or("");
        media.rendition.push(' ');
    }
    let mut track = Track {
        urls,
        from,
        media,
        map: None,
        repeats: false,
    };
    match (template.0.is_empty(), list.0.is_empty()) {
        (false, _) => {
            let names = Names {
                id: own.get("id").unwrap_or(""),
                bandwidth: own.number("bandwidth")?.unwrap_or(0),
            };
            by_template(&mut track, scope, &template, &names)
        }
        _ if scope.window.is_some() => Err(unsupported(
            "is live in an unsupported form: it has no segment template",
        )),
        (true, false) => by_list(&mut track, &list),
        (true, true) => by_file(&mut track, &file, rendition),
    }?;
    let repeats = track.repeats;
    if media.segments.len() == before
        && rendition.kind != TrackKind::Other
        && scope.window.is_none()
    {
        return match repeats {
            true => Ok(()),
            false => Err(Error::new(
                Kind::Missing,
                "a period of the stream has no segments",
            )),
        };
    }
    // Each period has its own timeline, unless the periods are cuts of one video.
    let goes_on = scope.begin > 0.0 && (ahead - media.ahead).abs() < ROUNDED && !media.broken;
    if let Some(first) = media.segments.get_mut(before)
        && scope.window.is_none()
        && before > 0
        && !goes_on
    {
        (first.breaks, media.broken) = (true, true);
    }
    Ok(())
}

/// A track under construction.
pub(super) struct Track<'a> {
    urls: &'a mut Urls,
    from: Url,
    pub(super) media: &'a mut Media,
    map: Option<Arc<Map>>,
    /// Whether the period begins with the segment that the previous one ended with.
    pub(super) repeats: bool,
}

impl Track<'_> {
    /// Resolves the address of a segment, and its byte range if it has one.
    pub(super) fn location(
        &mut self,
        url: Option<&str>,
        range: Option<&str>,
    ) -> Result<ByteLocation> {
        Ok(ByteLocation {
            url: match url {
                Some(url) => self.urls.join(&self.from, url)?,
                None => self.urls.join(&self.from, "")?,
            },
            range: range.map(bounds).transpose()?,
        })
    }

    /// Adds a segment of this length in seconds, or 0 if unknown.
    pub(super) fn push(&mut self, location: ByteLocation, length: f64) -> Result<()> {
        if self.media.segments.len() == MOST {
            return Err(corrupt(format_args!("it has more than {MOST} segments")));
        }
        self.media.segments.push(Segment {
            number: self.media.segments.len() as u64,
            span: 1,
            location,
            cipher: None,
            map: self.map.clone(),
            gap: false,
            breaks: false,
            duration: Duration::from_secs_f64(length.clamp(0.0, LONG)),
        });
        Ok(())
    }

    /// Adds a segment of a live stream with its start time and length, in seconds since the beginning of the stream.
    pub(super) fn push_live(
        &mut self,
        location: ByteLocation,
        scope: &Scope,
        (time, length): (f64, f64),
    ) -> Result<()> {
        self.push(location, length)?;
        self.lasts(length);
        if let Some(last) = self.media.segments.last_mut() {
            last.number = number(time);
            last.span = number(length).max(1);
            // Each period has its own timeline.
            last.breaks = !scope.is_first && time < scope.begin + length / 2.0;
        }
        Ok(())
    }

    /// Notes the length of a segment of a live stream.
    pub(super) fn lasts(&mut self, length: f64) {
        let duration = Duration::from_secs_f64(length.clamp(0.0, LONG));
        self.media.target = self.media.target.max(duration);
    }

    /// Sets the initialization of the segments that follow.
    pub(super) fn begin(&mut self, location: ByteLocation) {
        self.map = Some(Arc::new(Map {
            location,
            cipher: None,
        }));
    }
}

/// Adds a single file, whatever index it has.
fn by_file(track: &mut Track<'_>, file: &Naming<'_>, rendition: Rendition<'_>) -> Result<()> {
    let location = track.location(None, None)?;
    // An initialization segment in the file itself is downloaded with it.
    if let Some(first) = file.first("Initialization")
        && let Some(name) = first.get("sourceURL")
    {
        let before = track.location(Some(name), first.get("range"))?;
        if before.url != location.url {
            track.begin(before);
        }
    }
    let last = track.media.segments.last().map(|last| &last.location);
    match last {
        // Periods that are cuts of one file.
        Some(last) if *last == location => {
            track.repeats = true;
            Ok(())
        }
        Some(_) if track.map.is_none() && !rendition.can_be_joined() => Err(unsupported(
            "has several periods, each a file of its own, which cannot be joined",
        )
        .hint(format!(
            "they can be downloaded one by one, such as `{}`",
            Redacted(&location.url)
        ))),
        _ => track.push(location, 0.0),
    }
}

impl Rendition<'_> {
    /// Checks whether its files can be concatenated.
    fn can_be_joined(&self) -> bool {
        let mime = self.own.get("mimeType").or(self.set.get("mimeType"));
        let known = ["video/mp2t", "audio/mp2t", "audio/mpeg", "audio/aac"];
        self.kind == TrackKind::Other || mime.is_some_and(|mime| known.contains(&mime))
    }
}

fn by_list(track: &mut Track<'_>, list: &Naming<'_>) -> Result<()> {
    if let Some(first) = list.first("Initialization") {
        let location = track.location(first.get("sourceURL"), first.get("range"))?;
        track.begin(location);
    }
    let own = list.0.iter().rev();
    let Some(own) = own.copied().find(|own| own.first("SegmentURL").is_some()) else {
        let mut levels = list.0.iter();
        return levels.try_for_each(|level| super::here(level, "SegmentURL"));
    };
    let length = list.number("duration")?.unwrap_or(0) as f64 / list.scale()? as f64;
    for segment in own.all("SegmentURL") {
        let location = track.location(segment.get("media"), segment.get("mediaRange"))?;
        track.push(location, length)?;
    }
    Ok(())
}

/// Parses `first-last`, both inclusive, into start and exclusive end.
fn bounds(text: &str) -> Result<(u64, u64)> {
    let read = || {
        let (first, last) = text.trim().split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some((first, last.checked_add(1)?)).filter(|(start, end)| start < end)
    };
    read().ok_or_else(|| corrupt("a byte range is invalid"))
}
