//! The segments of a representation: named by a template, in a list, or all in one file.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::super::urls::{LONGEST, Urls};
use super::super::{Map, Media, Segment, Spot, corrupt, unsupported};
use super::live::{self, Window, number};
use super::xml::Element;
use super::{MOST, Rendition};
use crate::model::Result;

/// What holds for a whole period.
pub(super) struct Scope {
    pub(super) base: Url,
    /// How long it is, in seconds, if that is told.
    pub(super) length: Option<f64>,
    /// When it begins, in seconds from the beginning of the stream.
    pub(super) begin: f64,
    /// Whether it is the first of the manifest.
    pub(super) is_first: bool,
    /// Which of its segments are there, if it is or was live.
    pub(super) window: Option<Window>,
}

impl Scope {
    /// Whether nothing of it can be wanted: it is to begin yet, or was over before.
    pub(super) fn is_over(&self) -> bool {
        let Some(window) = self.window else {
            return false;
        };
        let end = self.length.map(|length| self.begin + length);
        let before = |end: f64| end <= window.from || number(end) <= window.since;
        self.begin >= window.until || end.is_some_and(before)
    }
}

/// The URL that an element's own names are seen from.
pub(super) fn base(urls: &mut Urls, from: &Url, element: &Element) -> Result<Url> {
    match element.first("BaseURL") {
        Some(base) => urls.join(from, &base.text),
        None => Ok(from.clone()),
    }
}

/// What names segments, from the outermost element to the innermost; the inner one counts.
struct Naming<'a>(Vec<&'a Element>);

impl<'a> Naming<'a> {
    fn of(levels: [&'a Element; 3], name: &str) -> Naming<'a> {
        Naming(
            levels
                .iter()
                .filter_map(|level| level.first(name))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find_map(|level| level.get(name))
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        match self.0.iter().rev().find(|level| level.get(name).is_some()) {
            Some(level) => level.number(name),
            None => Ok(None),
        }
    }

    fn first(&self, name: &str) -> Option<&'a Element> {
        self.0.iter().rev().find_map(|level| level.first(name))
    }
}

/// A segment is so many seconds long at the most.
const LONG: f64 = 86_400.0;

/// What stands for the names in a template.
struct Names<'a> {
    id: &'a str,
    bandwidth: u64,
}

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
    let before = media.segments.len();
    if scope.window.is_some() {
        // The periods of a live one come and go.
        media.rendition.clear();
    }
    // By which it is told from others, in each period.
    for name in ["bandwidth", "width", "height", "codecs", "lang"] {
        media.rendition += own.get(name).or(set.get(name)).unwrap_or("");
        media.rendition.push(' ');
    }
    let mut track = Track {
        urls,
        from,
        media,
        map: None,
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
            "is live in a form that is not known here: it has no template of its segments",
        )),
        (true, false) => by_list(&mut track, &list),
        (true, true) => {
            // All in one file, whatever index there is.
            let spot = track.spot(None, None)?;
            track.push(spot)
        }
    }?;
    // Each period has a time of its own.
    if let Some(first) = media.segments.get_mut(before)
        && scope.window.is_none()
    {
        first.breaks = before > 0;
    }
    Ok(())
}

/// A track that grows.
struct Track<'a> {
    urls: &'a mut Urls,
    from: Url,
    media: &'a mut Media,
    map: Option<Arc<Map>>,
}

impl Track<'_> {
    fn spot(&mut self, url: Option<&str>, range: Option<&str>) -> Result<Spot> {
        Ok(Spot {
            url: match url {
                Some(url) => self.urls.join(&self.from, url)?,
                None => self.urls.join(&self.from, "")?,
            },
            range: range.map(bounds).transpose()?,
        })
    }

    fn push(&mut self, spot: Spot) -> Result<()> {
        if self.media.segments.len() == MOST {
            return Err(corrupt(format_args!("it has more than {MOST} segments")));
        }
        self.media.segments.push(Segment {
            number: self.media.segments.len() as u64,
            span: 1,
            spot,
            cipher: None,
            map: self.map.clone(),
            gap: false,
            breaks: false,
            duration: Duration::ZERO,
        });
        Ok(())
    }

    /// The same for one that is played from this time on, for so long, in seconds from the beginning of the stream.
    fn push_live(&mut self, spot: Spot, scope: &Scope, (time, length): (f64, f64)) -> Result<()> {
        self.push(spot)?;
        let duration = self.lasts(length);
        if let Some(last) = self.media.segments.last_mut() {
            last.number = number(time);
            last.span = number(length).max(1);
            last.duration = duration;
            // Each period has a time of its own.
            last.breaks = !scope.is_first && time < scope.begin + length / 2.0;
        }
        Ok(())
    }

    /// Notes that a segment plays for so long.
    fn lasts(&mut self, length: f64) -> Duration {
        let duration = Duration::from_secs_f64(length.clamp(0.0, LONG));
        self.media.target = self.media.target.max(duration);
        duration
    }

    fn begin(&mut self, spot: Spot) {
        self.map = Some(Arc::new(Map { spot, cipher: None }));
    }
}

fn by_list(track: &mut Track<'_>, list: &Naming<'_>) -> Result<()> {
    if let Some(first) = list.first("Initialization") {
        let spot = track.spot(first.get("sourceURL"), first.get("range"))?;
        track.begin(spot);
    }
    let Some(own) = list.0.last() else {
        return Ok(());
    };
    for segment in own.all("SegmentURL") {
        let spot = track.spot(segment.get("media"), segment.get("mediaRange"))?;
        track.push(spot)?;
    }
    Ok(())
}

fn by_template(
    track: &mut Track<'_>,
    scope: &Scope,
    template: &Naming<'_>,
    names: &Names<'_>,
) -> Result<()> {
    let own = template
        .get("media")
        .ok_or_else(|| corrupt("a template names no segments"))?;
    if let Some(first) = template.get("initialization") {
        let name = filled(first, names, 0, 0)?;
        let spot = track.spot(Some(&name), None)?;
        track.begin(spot);
    }
    let first = template.number("startNumber")?.unwrap_or(1);
    let scale = template.number("timescale")?.unwrap_or(1);
    if scale == 0 {
        return Err(corrupt("a timescale is zero"));
    }
    let offset = template.number("presentationTimeOffset")?.unwrap_or(0);
    let scaled = |ticks: u64| ticks as f64 / scale as f64;
    // When a segment is played that has this time in its period.
    let played = |time: u64| scope.begin + scaled(time) - scaled(offset);
    let mut push = |at: u64, time: u64, (start, length): (f64, f64)| {
        let number = first.checked_add(at);
        let number = number.ok_or_else(|| corrupt("its numbers are too high"))?;
        let Some(window) = scope.window else {
            let name = filled(own, names, number, time)?;
            let spot = track.spot(Some(&name), None)?;
            return track.push(spot);
        };
        // What is known is not named again; each manifest rounds on its own.
        let is_known = live::number(start + length / 2.0) < window.since;
        track.lasts(length);
        if is_known || start + length <= 0.0 {
            return Ok(());
        }
        let name = filled(own, names, number, time)?;
        let spot = track.spot(Some(&name), None)?;
        track.push_live(spot, scope, (start, length))
    };
    if let Some(timeline) = template.first("SegmentTimeline") {
        let whole = scope.length.unwrap_or(f64::INFINITY);
        let now = scope
            .window
            .map_or(f64::INFINITY, |window| window.until - scope.begin);
        // Whether it goes on until now, and not until the end of the period.
        let by_clock = now < whole;
        let end = Some(whole.min(now)).filter(|length| length.is_finite());
        let end = end.map(|length| {
            let ticks = length * scale as f64;
            let ticks = match by_clock {
                true => (ticks + 1e-6).floor(),
                false => ticks.ceil(),
            };
            offset.saturating_add(ticks as u64)
        });
        let entries: Vec<&Element> = timeline.all("S").collect();
        let (mut at, mut time) = (0u64, 0u64);
        for (index, entry) in entries.iter().enumerate() {
            time = entry.number("t")?.unwrap_or(time);
            let length = entry.number("d")?.filter(|length| *length > 0);
            let length = length.ok_or_else(|| corrupt("a segment has no duration"))?;
            let is_last = index + 1 == entries.len();
            let until = match entries.get(index + 1) {
                Some(next) => next.number("t")?,
                None => end,
            };
            let count = match entry.get("r").map(str::trim) {
                // Until the next one, or the end.
                Some(text) if text.starts_with('-') => {
                    let until = until.ok_or_else(|| corrupt("a timeline has no end"))?;
                    let left = until.saturating_sub(time);
                    match is_last && by_clock {
                        // What has begun by now is not there yet.
                        true => left / length,
                        false => left.div_ceil(length).max(1),
                    }
                }
                _ => entry.number("r")?.unwrap_or(0).saturating_add(1),
            };
            if count > (MOST as u64).saturating_sub(at).saturating_add(1) {
                return Err(corrupt(format_args!("it has more than {MOST} segments")));
            }
            for _ in 0..count {
                push(at, time, (played(time), scaled(length)))?;
                at += 1;
                time = time
                    .checked_add(length)
                    .ok_or_else(|| corrupt("its times are too high"))?;
            }
        }
        return Ok(());
    }
    let length = template.number("duration")?.filter(|length| *length > 0);
    let length = length.ok_or_else(|| corrupt("nothing says how many segments there are"))?;
    let each = scaled(length);
    let all = scope
        .length
        .map(|total| (total / each - 1e-6).ceil().max(1.0));
    let (from, until) = match (scope.window, all) {
        (None, None) => return Err(corrupt("nothing says how many segments there are")),
        (None, Some(all)) => (0.0, all),
        (Some(window), all) => {
            let known = window.since as f64 / 1e6 - scope.begin;
            let from = (window.from - scope.begin).max(known - each);
            let there = ((window.until - scope.begin) / each + 1e-6).floor();
            let until = all.unwrap_or(f64::INFINITY).min(there);
            ((from / each).ceil().max(0.0), until)
        }
    };
    if until - from > MOST as f64 {
        return Err(corrupt(format_args!("it has more than {MOST} segments")));
    }
    for at in from as u64..until.max(0.0) as u64 {
        let start = scope.begin + at as f64 * each;
        push(at, at.saturating_mul(length), (start, each))?;
    }
    Ok(())
}

/// `first-last`, both inclusive, as start and end.
fn bounds(text: &str) -> Result<(u64, u64)> {
    let read = || {
        let (first, last) = text.trim().split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some((first, last.checked_add(1)?)).filter(|(start, end)| start < end)
    };
    read().ok_or_else(|| corrupt("a part of a file is none"))
}

/// A template with its names filled in: `$Number%05d$`, `$Time$`, `$RepresentationID$`, `$Bandwidth$`, and `$$` for `$`.
fn filled(template: &str, names: &Names<'_>, number: u64, time: u64) -> Result<String> {
    let mut filled = String::new();
    let too_long = || corrupt("its URLs are too long");
    if template.len() > LONGEST || names.id.len() > LONGEST {
        return Err(too_long());
    }
    let mut parts = template.split('$');
    filled.push_str(parts.next().unwrap_or(""));
    while let Some(name) = parts.next() {
        let after = parts
            .next()
            .ok_or_else(|| corrupt("a template has a `$` that is never closed"))?;
        let (bare, width) = match name.split_once('%') {
            Some((bare, format)) => {
                let width = format
                    .strip_prefix('0')
                    .and_then(|format| format.strip_suffix('d'));
                let width: Option<usize> = width.and_then(|width| width.parse().ok());
                let width = width.filter(|width| *width <= 20);
                (
                    bare,
                    width.ok_or_else(|| corrupt("a number in a template has no width"))?,
                )
            }
            None => (name, 1),
        };
        match bare {
            "" => filled.push('$'),
            "RepresentationID" => filled.push_str(names.id),
            "Number" => filled.push_str(&format!("{number:0width$}")),
            "Time" => filled.push_str(&format!("{time:0width$}")),
            "Bandwidth" => filled.push_str(&format!("{:0width$}", names.bandwidth)),
            other => {
                let name: String = other.chars().take(40).collect();
                return Err(unsupported(format_args!(
                    "has `${}$` in a template, which is not known here",
                    name.escape_debug()
                )));
            }
        }
        filled.push_str(after);
        if filled.len() > LONGEST {
            return Err(too_long());
        }
    }
    Ok(filled)
}
