//! Properties of a live stream, and which of its segments are available at a given time.
//!
//! The number of a segment is the time at which it is played, in microseconds, so that it can be recognized in later
//! manifests, however it is named there.

use std::time::Duration;

use url::Url;

use super::super::urls::Urls;
use super::super::{corrupt, unsupported};
use super::time::{date, seconds};
use super::xml::Element;
use crate::model::Result;

/// A window without a limit starts at the beginning of the stream if that is at most `DAY` seconds ago, else `MINUTE`
/// seconds ago.
const DAY: f64 = 86_400.0;
const MINUTE: f64 = 60.0;
/// The maximum number of clock sources.
const CLOCKS: usize = 10;

/// The properties of a live stream.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) struct Live {
    /// The start of availability, in seconds since 1970.
    since: f64,
    /// For how many seconds segments remain available.
    depth: Option<f64>,
    /// How often the manifest changes; none if it does not.
    pub(in crate::pipeline) every: Option<Duration>,
    /// Sources of the time, best first.
    pub(in crate::pipeline) clocks: Vec<Timing>,
}

/// A source of the time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) enum Timing {
    /// The manifest itself: the time when it was made.
    Now(f64),
    /// The body of a response.
    Text(Url),
    /// The `Date` header of a response.
    Date(Url),
}

/// A client's view of a live stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct View {
    /// The time, in seconds since 1970.
    pub(in crate::pipeline) now: f64,
    /// The number of the first segment not yet known.
    pub(in crate::pipeline) since: u64,
}

/// The range of available segments, in seconds since the stream began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Available segments end after `from`, and no later than `until`.
    pub(super) from: f64,
    pub(super) until: f64,
    /// The number of the first segment wanted.
    pub(super) since: u64,
}

impl Live {
    /// Reads the properties; returns None if the stream is not live.
    pub(super) fn read(manifest: &Element, url: &Url, urls: &mut Urls) -> Result<Option<Live>> {
        if manifest.get("type") != Some("dynamic") {
            return Ok(None);
        }
        let since = manifest.get("availabilityStartTime").and_then(date);
        let since = since.ok_or_else(|| unsupported("is live, but does not say since when"))?;
        let span = |name: &str| manifest.get(name).map(seconds).transpose();
        let every = span("minimumUpdatePeriod")?.map(Duration::from_secs_f64);
        let mut clocks = Vec::new();
        for clock in manifest.all("UTCTiming").take(CLOCKS) {
            let scheme = clock.get("schemeIdUri").unwrap_or("");
            let scheme = scheme.strip_prefix("urn:mpeg:dash:utc:").unwrap_or("");
            let value = clock.get("value").unwrap_or("");
            // If there are several addresses, the first is as good as any.
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

    /// Returns the window of segments available in this view.
    pub(super) fn window(&self, View { now, since }: View) -> Result<Window> {
        let until = now - self.since;
        if !until.is_finite() {
            return Err(corrupt("its time is invalid"));
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
    /// Returns the window with everything left of a stream that has ended.
    pub(super) fn rest(since: u64) -> Window {
        Window {
            from: 0.0,
            until: f64::INFINITY,
            since,
        }
    }
}

/// Converts a playback time in seconds to a segment number.
pub(super) fn number(seconds: f64) -> u64 {
    // Times before the beginning become 0; no realistic time overflows.
    (seconds * 1e6).round() as u64
}
