//! Segments that a template names: by their numbers or their times, as a timeline has them or all alike.

use super::super::urls::LONGEST;
use super::super::{corrupt, unsupported};
use super::MOST;
use super::live;
use super::segments::{Naming, ROUNDED, Scope, Track};
use super::xml::Element;
use crate::model::Result;

/// What stands for the names in a template.
pub(super) struct Names<'a> {
    pub(super) id: &'a str,
    pub(super) bandwidth: u64,
}

/// So many seconds are none.
const TINY: f64 = 1e-6;

/// Adds the segments that a template names.
pub(super) fn by_template(
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
    } else if let Some(first) = template.first("Initialization") {
        let spot = track.spot(first.get("sourceURL"), first.get("range"))?;
        track.begin(spot);
    }
    let first = template.number("startNumber")?.unwrap_or(1);
    let scale = template.scale()?;
    let offset = template.number("presentationTimeOffset")?.unwrap_or(0);
    let scaled = |ticks: u64| ticks as f64 / scale as f64;
    // When a segment is played that has this time in its period.
    let played = |time: u64| scope.begin + scaled(time) - scaled(offset);
    let mut last = String::new();
    let mut named = |number: u64, time: u64| {
        let name = filled(own, names, number, time)?;
        // Without a number or a time in it, all segments would be one.
        match name == last {
            true => Err(corrupt("a template gives several segments one name")),
            false => {
                last.clone_from(&name);
                Ok(name)
            }
        }
    };
    let mut push = |at: u64, time: u64, (start, length): (f64, f64)| {
        let number = first.checked_add(at);
        let number = number.ok_or_else(|| corrupt("its numbers are too high"))?;
        let Some(window) = scope.window else {
            let end = scope.length.map(|length| scope.begin + length);
            let is_before = start + length <= scope.begin + TINY;
            let is_behind = !scope.is_last && end.is_some_and(|end| start > end - ROUNDED);
            if is_before || is_behind {
                // What another period plays, or none.
                return Ok(());
            }
            let name = named(number, time)?;
            let spot = track.spot(Some(&name), None)?;
            if track
                .media
                .segments
                .last()
                .is_some_and(|last| last.spot == spot)
            {
                track.repeats = true;
                return Ok(());
            }
            // The last one may be longer by what is told than what is left.
            let left = scope
                .length
                .map_or(f64::INFINITY, |all| scope.begin + all - start);
            return track.push(spot, length.min(left.max(0.0)));
        };
        // What is known is not named again; each manifest rounds on its own.
        let is_known = live::number(start + length / 2.0) < window.since;
        track.lasts(length);
        if is_known || start + length <= 0.0 {
            return Ok(());
        }
        let name = named(number, time)?;
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
                // Until the next one, or the end.
                Some(text) if text.starts_with('-') => {
                    let until = until.ok_or_else(|| corrupt("a timeline has no end"))?;
                    let left = until.saturating_sub(time);
                    let rest = left % length;
                    is_surplus = is_last && left > length && rest > 0 && rest < length.div_ceil(2);
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
        track.media.surplus = is_surplus && scope.window.is_none();
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
    // Durations are told rounded up, so that a little of time may be left of which there is nothing.
    let rest = scope.length.map(|total| total / each - (until - 1.0));
    track.media.surplus =
        scope.window.is_none() && until > 1.0 && rest.is_some_and(|rest| rest < 0.5);
    Ok(())
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
