//! What is said of a live stream, and which of its segments are there at a time.
//!
//! The numbers of its segments are the microseconds at which they are played, so that one is known again in each manifest,
//! however it is named there.

use std::time::Duration;

use url::Url;

use super::super::urls::Urls;
use super::super::{corrupt, unsupported};
use super::time::{date, seconds};
use super::xml::Element;
use crate::model::Result;

/// A window that has no bound begins where the stream did if that was so many seconds ago at the most, and else so long ago.
const DAY: f64 = 86_400.0;
const MINUTE: f64 = 60.0;
/// The most places of a clock.
const CLOCKS: usize = 10;

/// What is said of a live stream.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) struct Live {
    /// Since when there are segments, in seconds since 1970.
    since: f64,
    /// For how many seconds they are there.
    depth: Option<f64>,
    /// How often the manifest changes; none if it does not.
    pub(in crate::pipeline) every: Option<Duration>,
    /// Where the clock is, best first.
    pub(in crate::pipeline) clocks: Vec<Timing>,
}

/// Where the time is told.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) enum Timing {
    /// In the manifest: it was made then.
    Now(f64),
    /// As a text.
    Text(Url),
    /// In the header of an answer.
    Date(Url),
}

/// How somebody sees a live stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct View {
    /// The time, in seconds since 1970.
    pub(in crate::pipeline) now: f64,
    /// The number of the first segment that is not known yet.
    pub(in crate::pipeline) since: u64,
}

/// Which segments are there, in seconds from when the stream began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// They end behind this, and not behind that.
    pub(super) from: f64,
    pub(super) until: f64,
    /// The number of the first that is wanted.
    pub(super) since: u64,
}

impl Live {
    /// Reads it; none if it is not live.
    pub(super) fn read(manifest: &Element, url: &Url, urls: &mut Urls) -> Result<Option<Live>> {
        if manifest.get("type") != Some("dynamic") {
            return Ok(None);
        }
        let since = manifest.get("availabilityStartTime").and_then(date);
        let since = since.ok_or_else(|| unsupported("is live, and does not say since when"))?;
        let span = |name: &str| manifest.get(name).map(seconds).transpose();
        let every = span("minimumUpdatePeriod")?.map(Duration::from_secs_f64);
        let mut clocks = Vec::new();
        for clock in manifest.all("UTCTiming").take(CLOCKS) {
            let scheme = clock.get("schemeIdUri").unwrap_or("");
            let scheme = scheme.strip_prefix("urn:mpeg:dash:utc:").unwrap_or("");
            let value = clock.get("value").unwrap_or("");
            // Of several addresses, the first is as good as any.
            let place = value.split_whitespace().next().unwrap_or("");
            let mut at = || urls.join(url, place).ok();
            clocks.extend(
                match scheme.rsplit_once(':').map_or(scheme, |(name, _)| name) {
                    "direct" => date(value).map(Timing::Now),
                    "http-iso" | "http-xsdate" => at().map(Timing::Text),
                    "http-head" => at().map(Timing::Date),
                    _ => None,
                },
            );
        }
        Ok(Some(Live {
            since,
            depth: span("timeShiftBufferDepth")?,
            every,
            clocks,
        }))
    }

    /// Which of its segments are there for who sees it so.
    pub(super) fn window(&self, View { now, since }: View) -> Result<Window> {
        let until = now - self.since;
        if !until.is_finite() {
            return Err(corrupt("its time is none"));
        }
        let from = match self.depth {
            Some(depth) => until - depth,
            None if until <= DAY => 0.0,
            None => until - MINUTE,
        };
        Ok(Window { from, until, since })
    }
}

impl Window {
    /// All that is left of a stream that has ended.
    pub(super) fn rest(since: u64) -> Window {
        Window {
            from: 0.0,
            until: f64::INFINITY,
            since,
        }
    }
}

/// A time of play, in seconds, as a number.
pub(super) fn number(seconds: f64) -> u64 {
    // What is before the beginning is at it, and no clock goes so far that it would not fit.
    (seconds * 1e6).round() as u64
}
