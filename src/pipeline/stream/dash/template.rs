//! Segments named by a template, by number or time, from a timeline or all of the same length.

use super::super::urls::LONGEST;
use super::super::{corrupt, unsupported};
use super::MOST;
use super::live;
use super::segments::{Naming, ROUNDED, Scope, Track};
use super::xml::Element;
use crate::model::{Error, Result};

/// The values of template variables.
pub(super) struct Names<'a> {
    pub(super) id: &'a str,
    pub(super) bandwidth: u64,
}

/// Differences below this, in seconds, do not count.
const TINY: f64 = 1e-6;

/// Adds the segments that a template names.
pub(super) fn by_template(
    track: &mut Track<'_>,
    scope: &Scope,
    template: &Naming<'_>,
    names: &Names<'_>,
) -> Result<()> {
    let media = template
        .get("media")
        .ok_or_else(|| corrupt("a template names no segments"))?;
    if let Some(first) = template.get("initialization") {
        let name = filled(first, names, 0, 0)?;
        let location = track.location(Some(&name), None)?;
        track.begin(location);
    } else if let Some(first) = template.first("Initialization") {
        let location = track.location(first.get("sourceURL"), first.get("range"))?;
        track.begin(location);
    }
    let first = template.number("startNumber")?.unwrap_or(1);
    let last = template.number("endNumber")?;
    let mut adding = Adding {
        track,
        scope,
        names,
        media,
        first,
        count: last.map(|last| last.saturating_add(1).saturating_sub(first)),
        scale: template.scale()?,
        offset: template.number("presentationTimeOffset")?.unwrap_or(0),
        last: String::new(),
    };
    match template.first("SegmentTimeline") {
        Some(timeline) => adding.by_timeline(timeline),
        None => {
            let length = template.number("duration")?.filter(|length| *length > 0);
            let length = length.ok_or_else(endless)?;
            adding.all_alike(length)
        }
    }
}

/// Segments being added to a track.
struct Adding<'a, 'track> {
    track: &'a mut Track<'track>,
    scope: &'a Scope,
    names: &'a Names<'a>,
    /// The template of their names.
    media: &'a str,
    /// The number of the first one.
    first: u64,
    /// How many there are, if the number of the last one is stated.
    count: Option<u64>,
    /// The number of ticks per second.
    scale: u64,
    /// The media time at the beginning of the period, in ticks.
    offset: u64,
    /// The name of the last one.
    last: String,
}

impl Adding<'_, '_> {
    /// Adds the segments of a timeline: each entry is one or more segments of the same length.
    fn by_timeline(&mut self, timeline: &Element) -> Result<()> {
        let (end, by_clock) = self.end();
        let entries: Vec<&Element> = timeline.all("S").collect();
        let (mut at, mut time) = (0u64, 0u64);
        let mut is_surplus = false;
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
                // Repeats until the next entry, or the end.
                Some(text) if text.starts_with('-') => {
                    let until = until.ok_or_else(|| corrupt("a timeline has no end"))?;
                    let left = until.saturating_sub(time);
                    let rest = left % length;
                    is_surplus = is_last && left > length && rest > 0 && rest < length.div_ceil(2);
                    match is_last && by_clock {
                        // A segment that has merely begun is not available yet.
                        true => left / length,
                        false => left.div_ceil(length).max(1),
                    }
                }
                _ => entry.number("r")?.unwrap_or(0).saturating_add(1),
            };
            if count > (MOST as u64).saturating_sub(at).saturating_add(1) {
                return Err(too_many());
            }
            for _ in 0..count {
                if self.count.is_some_and(|all| at >= all) {
                    return Ok(());
                }
                self.push(at, time, (self.played(time), self.seconds(length)))?;
                at += 1;
                time = time
                    .checked_add(length)
                    .ok_or_else(|| corrupt("its times are too high"))?;
            }
        }
        self.track.media.surplus = is_surplus && self.scope.window.is_none();
        Ok(())
    }

    /// Returns the end of an open timeline in ticks, and whether that is now rather than the end of the period.
    fn end(&self) -> (Option<u64>, bool) {
        let scope = self.scope;
        let whole = scope.length.unwrap_or(f64::INFINITY);
        let now = scope
            .window
            .map_or(f64::INFINITY, |window| window.until - scope.begin);
        let by_clock = now < whole;
        let end = Some(whole.min(now)).filter(|length| length.is_finite());
        let end = end.map(|length| {
            let ticks = length * self.scale as f64;
            let ticks = match by_clock {
                true => (ticks + TINY).floor(),
                false => ticks.ceil(),
            };
            self.offset.saturating_add(ticks as u64)
        });
        (end, by_clock)
    }

    /// Adds segments of this length in ticks, for as long as the period lasts.
    fn all_alike(&mut self, length: u64) -> Result<()> {
        let scope = self.scope;
        let each = self.seconds(length);
        let by_length = scope
            .length
            .map(|total| (total / each - TINY).ceil().max(1.0));
        let stated = self.count.map(|count| count as f64);
        let all = match (by_length, stated) {
            (Some(all), Some(count)) => Some(all.min(count)),
            (all, count) => all.or(count),
        };
        let (from, until) = match (scope.window, all) {
            (None, None) => return Err(endless()),
            (None, Some(all)) => (0.0, all),
            (Some(window), all) => {
                let known = window.since as f64 / 1e6 - scope.begin;
                let from = (window.from - scope.begin).max(known - each);
                let there = ((window.until - scope.begin) / each + TINY).floor();
                let until = all.unwrap_or(f64::INFINITY).min(there);
                ((from / each).ceil().max(0.0), until)
            }
        };
        if until - from > MOST as f64 {
            return Err(too_many());
        }
        for at in from as u64..until.max(0.0) as u64 {
            let start = scope.begin + at as f64 * each;
            self.push(at, at.saturating_mul(length), (start, each))?;
        }
        // Durations are rounded up, so a short remainder may have no segment.
        let rest = scope.length.map(|total| total / each - (until - 1.0));
        self.track.media.surplus =
            scope.window.is_none() && until > 1.0 && rest.is_some_and(|rest| rest < 0.5);
        Ok(())
    }

    /// Adds the segment at this index with this media time in ticks, played from `start` for `length` seconds.
    fn push(&mut self, at: u64, time: u64, (start, length): (f64, f64)) -> Result<()> {
        let number = self.first.checked_add(at);
        let number = number.ok_or_else(|| corrupt("its numbers are too high"))?;
        let scope = self.scope;
        if let Some(window) = scope.window {
            // Known segments are not listed again; each manifest rounds on its own.
            let is_known = live::number(start + length / 2.0) < window.since;
            self.track.lasts(length);
            if is_known || start + length <= 0.0 {
                return Ok(());
            }
            let name = self.name(number, time)?;
            let location = self.track.location(Some(&name), None)?;
            return self.track.push_live(location, scope, (start, length));
        }
        let end = scope.length.map(|length| scope.begin + length);
        let is_before = start + length <= scope.begin + TINY;
        let is_behind = !scope.is_last && end.is_some_and(|end| start > end - ROUNDED);
        if is_before || is_behind {
            // It is played by another period, or not at all.
            return Ok(());
        }
        let name = self.name(number, time)?;
        let location = self.track.location(Some(&name), None)?;
        let last = self.track.media.segments.last();
        if last.is_some_and(|last| last.location == location) {
            self.track.repeats = true;
            return Ok(());
        }
        // The stated length of the last segment may exceed the time left.
        let left = end.map_or(f64::INFINITY, |end| end - start);
        self.track.push(location, length.min(left.max(0.0)))
    }

    fn name(&mut self, number: u64, time: u64) -> Result<String> {
        let name = filled(self.media, self.names, number, time)?;
        // Without a number or time in the template, all segments would be the same.
        if name == self.last {
            return Err(corrupt("a template gives several segments the same name"));
        }
        self.last.clone_from(&name);
        Ok(name)
    }

    /// Returns when a segment with this media time is played.
    fn played(&self, time: u64) -> f64 {
        self.scope.begin + self.seconds(time) - self.seconds(self.offset)
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.scale as f64
    }
}

fn endless() -> Error {
    corrupt("nothing says how many segments there are")
}

fn too_many() -> Error {
    corrupt(format_args!("it has more than {MOST} segments"))
}

/// Fills in a template: `$Number%05d$`, `$Time$`, `$RepresentationID$`, `$Bandwidth$`, and `$$` for `$`.
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
                    "has `${}$` in a template, which is not supported",
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
