//! Joins WebVTT segments into one file (W3C WebVTT; RFC 8216 §3.5).
//!
//! Each segment is a file of its own, with a header and with the cues that are visible while it plays: a cue that
//! outlasts it is repeated in the next one. Times refer to the segment's clock, which its header may map to that of the
//! video.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::corrupt;
use crate::model::Result;

/// The longest subtitles, in bytes. A film of two hours takes a five-hundredth of this.
pub(in crate::pipeline) const LONGEST: usize = 32 << 20;
/// The separator of segments, so that none continues the last line of the previous one.
pub(in crate::pipeline) const BETWEEN: &[u8] = b"\n\n";
/// The longest cue or block, in bytes, and how much of styles and regions is kept.
const BLOCK: usize = 64 << 10;
const STYLES: usize = 1 << 20;
/// All times are below this many milliseconds: a thousand hours.
const LATEST: i64 = 1000 * 3_600_000;
/// The clock of a transport stream: ticks per millisecond, and the number of ticks after which it wraps around.
const TICKS: i128 = 90;
const AROUND: i128 = 1 << 33;
/// Cue times that differ by no more than this are the same: each segment rounds on its own.
const ROUNDED: i64 = 2;
/// How many previous cues are searched for one that continues.
const BACK: usize = 64;

/// The joined subtitles of a video.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) struct Joined {
    pub(in crate::pipeline) text: String,
    /// The number of cues.
    pub(in crate::pipeline) cues: usize,
    /// How many blocks were left out because their times could not be parsed.
    pub(in crate::pipeline) unread: usize,
}

/// A cue, shown between these times in milliseconds.
#[derive(Debug, PartialEq)]
struct Cue<'a> {
    segment: usize,
    start: i64,
    end: i64,
    id: &'a str,
    settings: &'a str,
    text: String,
}

/// The state while segments are read.
#[derive(Default)]
struct Reader<'a> {
    /// Where the video's clock starts, if known.
    film: Option<u64>,
    /// The first clock mapping, which later ones are relative to if `film` is unknown.
    first: Option<(u64, i64)>,
    segment: usize,
    /// By how much the times of this segment are shifted.
    offset: i64,
    styles: Vec<&'a str>,
    known: HashSet<&'a str>,
    room: usize,
    cues: Vec<Cue<'a>>,
    unread: usize,
}

/// Joins consecutive segments. `film` is where the video's clock starts, in transport stream ticks.
///
/// # Errors
/// [`crate::model::Kind::Corrupt`] for what is not WebVTT.
pub(in crate::pipeline) fn join(body: &[u8], film: Option<u64>) -> Result<Joined> {
    let text = std::str::from_utf8(body).map_err(|_| corrupt("its subtitles are not UTF-8"))?;
    let mut reader = Reader {
        film,
        room: STYLES,
        ..Reader::default()
    };
    for block in blocks(text) {
        if block.len() > BLOCK {
            return Err(corrupt("a block of its subtitles is too long"));
        }
        if reader.segment == 0 && !is_header(block) {
            return Err(corrupt("its subtitles are not WebVTT"));
        }
        reader.block(block);
    }
    if reader.segment == 0 {
        return Err(corrupt("its subtitles are not WebVTT"));
    }
    Ok(reader.written())
}

/// Splits the text at empty lines.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['\n', '\r', '\u{feff}']);
        if rest.is_empty() {
            return None;
        }
        let (mut end, mut lines) = (0, rest.split_inclusive('\n'));
        for line in lines.by_ref() {
            if line.trim_end_matches(['\n', '\r']).is_empty() {
                break;
            }
            end += line.len();
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        Some(block.trim_end_matches(['\n', '\r']))
    })
}

fn is_header(block: &str) -> bool {
    let rest = block.strip_prefix("WEBVTT");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

impl<'a> Reader<'a> {
    fn block(&mut self, block: &'a str) {
        let first = block.lines().next().unwrap_or("").trim_end();
        if is_header(block) {
            self.segment += 1;
            self.offset = 0;
            let mut at = 0;
            for line in block.split_inclusive('\n') {
                if let Some(map) = line.trim_end().strip_prefix("X-TIMESTAMP-MAP=") {
                    self.tie(map);
                }
                // Some have no empty line before their first cue.
                if line.contains("-->") {
                    return self.cue(&block[at..]);
                }
                at += line.len();
            }
        } else if block.contains("-->") {
            self.cue(block);
        } else if matches!(first, "STYLE" | "REGION") {
            if block.len() <= self.room && self.known.insert(block) {
                self.room -= block.len();
                self.styles.push(block);
            }
        } else if first != "NOTE" && !first.starts_with("NOTE ") && !first.starts_with("NOTE\t") {
            self.unread += 1;
        }
    }

    /// Reads how the clock of a segment maps to that of the video: `LOCAL:00:00:00.000,MPEGTS:900000`.
    fn tie(&mut self, map: &str) {
        let (mut local, mut ticks) = (None, None);
        for part in map.split(',') {
            match part.trim().split_once(':') {
                Some(("LOCAL", text)) => local = time(text.trim()),
                Some(("MPEGTS", text)) => ticks = text.trim().parse::<u64>().ok(),
                _ => {}
            }
        }
        let Some((ticks, local)) = ticks.zip(local) else {
            return;
        };
        let (base, before) = match self.film {
            Some(film) => (film, 0),
            // The mapping of the first segment is taken as given.
            None => *self.first.get_or_insert((ticks, local)),
        };
        // The clock wraps around about once a day: the nearer time counts.
        let apart = (i128::from(ticks) - i128::from(base)).rem_euclid(AROUND);
        let apart = match apart > AROUND / 2 {
            true => apart - AROUND,
            false => apart,
        };
        // The difference is at most half a turn of the clock, and local times are below `LATEST`.
        self.offset = (apart / TICKS) as i64 - (local - before);
    }

    fn cue(&mut self, block: &'a str) {
        let Some(cue) = self.read(block) else {
            self.unread += 1;
            return;
        };
        if cue.end <= 0 {
            // It is over before the video begins.
            return;
        }
        let near = |one: i64, other: i64| (one - other).abs() <= ROUNDED;
        let mut before = self.cues.iter_mut().rev().take(BACK);
        let goes_on = before.find(|known| {
            let is_same = (&known.text, known.settings) == (&cue.text, cue.settings);
            let touches = known.start <= cue.start && cue.start <= known.end + ROUNDED;
            let at_once = near(known.start, cue.start) && near(known.end, cue.end);
            is_same && known.segment < cue.segment && (at_once || known.id == cue.id && touches)
        });
        match goes_on {
            Some(known) => {
                known.end = known.end.max(cue.end);
                known.segment = cue.segment;
            }
            None => self.cues.push(cue),
        }
    }

    fn read(&self, block: &'a str) -> Option<Cue<'a>> {
        let at = block.find("-->")?;
        let line = block[..at].rfind('\n').map_or(0, |end| end + 1);
        let (timing, text) = block[line..]
            .split_once('\n')
            .unwrap_or((&block[line..], ""));
        let (start, rest) = timing.trim_end().split_once("-->")?;
        let rest = rest.trim_start();
        let (end, settings) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let (start, end) = (time(start.trim())?, time(end)?);
        let (start, end) = (start + self.offset, end + self.offset);
        let fits = start < end && end < LATEST;
        fits.then(|| Cue {
            segment: self.segment,
            start: start.max(0),
            end,
            id: block[..line].trim(),
            settings: settings.trim(),
            text: self.moved(text),
        })
    }

    /// Shifts the times in the text of a cue along with the cue.
    fn moved(&self, text: &str) -> String {
        let mut moved = String::with_capacity(text.len());
        for (n, part) in text.replace("\r\n", "\n").split('<').enumerate() {
            if n > 0 {
                moved.push('<');
            }
            let inner = part.split_once('>').filter(|_| n > 0 && self.offset != 0);
            match inner.and_then(|(inner, rest)| Some((time(inner)?, rest))) {
                Some((at, rest)) => {
                    write_time(&mut moved, (at + self.offset).max(0));
                    moved.push('>');
                    moved.push_str(rest);
                }
                None => moved.push_str(part),
            }
        }
        moved
    }

    fn written(mut self) -> Joined {
        // Cues must be in order of their start.
        self.cues.sort_by_key(|cue| cue.start);
        let mut text = String::from("WEBVTT\n");
        for style in self.styles {
            text.push('\n');
            text.extend(style.lines().flat_map(|line| [line, "\n"]));
        }
        for cue in &self.cues {
            text.push('\n');
            if !cue.id.is_empty() {
                text.push_str(cue.id);
                text.push('\n');
            }
            write_time(&mut text, cue.start);
            text.push_str(" --> ");
            write_time(&mut text, cue.end);
            if !cue.settings.is_empty() {
                text.push(' ');
                text.push_str(cue.settings);
            }
            text.push('\n');
            if !cue.text.is_empty() {
                text.push_str(&cue.text);
                text.push('\n');
            }
        }
        Joined {
            text,
            cues: self.cues.len(),
            unread: self.unread,
        }
    }
}

/// Parses `00:01:02.345` or `01:02.345` into milliseconds.
fn time(text: &str) -> Option<i64> {
    let (rest, millis) = text.split_once('.')?;
    let number = |text: &str, most: usize| {
        let is_one = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_one.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut parts = rest.rsplit(':');
    let seconds = number(parts.next()?, 2).filter(|seconds| *seconds < 60)?;
    let minutes = number(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let hours = match parts.next() {
        Some(hours) => number(hours, 4)?,
        None => 0,
    };
    let millis = number(millis, 3).filter(|_| millis.len() == 3)?;
    let whole = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
    parts.next().is_none().then_some(whole)
}

fn write_time(into: &mut String, millis: i64) {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    // Writing to a string does not fail.
    let _ = write!(
        into,
        "{:02}:{:02}:{seconds:02}.{millis:03}",
        minutes / 60,
        minutes % 60
    );
}

#[cfg(test)]
mod tests;
