//! The manifest of a DASH stream: requested once for all of its tracks, and of a live one again as often as it changes.
//!
//! The clock decides which segments of a live stream are there: the clock that the manifest names, or else that of its
//! server if it is far from ours, or else ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, header};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use url::Url;

use super::Streaming;
use super::list::{Content, List, Role};
use super::lists::Lists;
use crate::model::{Kind, Result};
use crate::net::NamedBy;
use crate::pipeline::sink::{defect, slowly};
use crate::pipeline::stream::Media;
use crate::pipeline::stream::dash::{self, Manifest, Timing, View};

/// How soon a manifest is requested again at the least.
const MIN_RELOAD: Duration = Duration::from_millis(500);
/// The clock of a server counts whole seconds, and is used if it is more seconds than this away from ours.
const MIN_CLOCK_OFFSET: f64 = 2.0;
/// How much is read of a response that tells the time.
const MAX_TIME_RESPONSE: usize = 64 << 10;

/// The manifest as it was last seen.
#[derive(Default)]
pub(super) struct Current {
    seen: Mutex<Option<Seen>>,
    /// Whether a segment that it lists is missing: then it is requested again, no matter when it is to change.
    doubted: AtomicBool,
}

struct Seen {
    manifest: Arc<Manifest>,
    named_by: NamedBy,
    url: Url,
    at: Instant,
    /// How far the clock of the site is ahead of ours, in seconds, once known.
    clock_offset: Option<f64>,
    /// Whether it was live when it was first seen.
    live: bool,
}

impl Streaming<'_> {
    /// Reads the manifest again from its first address, and chooses.
    pub(super) async fn manifest(&self) -> Result<Lists> {
        let mut current = self.current.seen.lock().await;
        *current = Some(self.ask(current.as_ref(), true).await?);
        self.tracks_of(&mut current, 0).await
    }

    /// Returns the new segments of a track of a live stream, from this number on.
    pub(super) async fn new_segments(&self, role: &Role, since: u64) -> Result<List> {
        let mut current = self.current.seen.lock().await;
        let lists = self.tracks_of(&mut current, since).await?;
        drop(current);
        // A period may be without this track.
        let none = |main: &List| {
            let Media {
                ended, end, target, ..
            } = main.media;
            let media = Media {
                ended,
                end,
                target,
                ..Media::default()
            };
            List::new(main.url.clone(), main.named_by, media)
        };
        match role {
            Role::Main => Ok(lists.main),
            Role::Sound => Ok(lists.sound.unwrap_or_else(|| none(&lists.main))),
            Role::Caption(label) => {
                let mut captions = lists.captions.into_iter();
                match captions.find(|caption| caption.label == *label) {
                    Some(caption) => self.caption(caption.at, lists.named_by).await,
                    None => Ok(List {
                        form: Content::Lines,
                        ..none(&lists.main)
                    }),
                }
            }
        }
    }

    /// Notes that a segment is missing that should be there by the manifest.
    pub(super) fn report_missing_segment(&self) {
        self.current.doubted.store(true, Ordering::Relaxed);
    }

    /// Returns the tracks by the current manifest, which is requested again if it is time.
    async fn tracks_of(
        &self,
        current: &mut MutexGuard<'_, Option<Seen>>,
        since: u64,
    ) -> Result<Lists> {
        let doubted = &self.current.doubted;
        let is_due = current.as_ref().is_none_or(|seen| {
            let Some(live) = &seen.manifest.live else {
                return false;
            };
            let age = seen.at.elapsed();
            let is_old = live.every.is_some_and(|every| age >= every);
            age >= MIN_RELOAD && (is_old || doubted.load(Ordering::Relaxed))
        });
        if is_due {
            doubted.store(false, Ordering::Relaxed);
            **current = Some(self.ask(current.as_ref(), false).await?);
        }
        let seen = current.as_ref();
        let seen = seen.ok_or_else(|| defect("there is no manifest"))?;
        let view = seen.live.then(|| View {
            now: local_time() + seen.clock_offset.unwrap_or(0.0),
            since,
        });
        let want = dash::Want {
            quality: self.job.quality,
            subtitles: self.mover.stream_options.subtitles.clone(),
        };
        let manifest = seen.manifest.clone();
        let dash::Tracks {
            main,
            sound,
            captions,
        } = slowly(move || manifest.tracks(&want, view)).await?;
        let list = |media| List::new(seen.url.clone(), seen.named_by, media);
        Ok(Lists {
            main: list(main),
            sound: sound.map(list),
            captions,
            named_by: seen.named_by,
        })
    }

    /// Requests the manifest: where the last one says that the next is, or else from the address that the user or a
    /// page gave.
    async fn ask(&self, before: Option<&Seen>, is_restart: bool) -> Result<Seen> {
        let (url, named_by) = match before {
            Some(seen) if !is_restart => {
                let next = seen.manifest.next.as_ref();
                (next.unwrap_or(&seen.url).clone(), seen.named_by)
            }
            _ => {
                let source = self.source();
                (source.request.url.clone(), source.named_by)
            }
        };
        let (named_by, answer) = self.answer(&url, named_by, dash::LONGEST).await?;
        let at = Instant::now();
        let server_time = estimated_date(&answer.headers);
        let manifest = slowly(move || Manifest::read(&answer.body, &answer.url)).await?;
        let known = before.and_then(|seen| seen.clock_offset);
        let clock_offset = match &manifest.live {
            Some(live) if known.is_none() => {
                self.clock_offset(&live.clocks, named_by, server_time)
                    .await?
            }
            _ => known,
        };
        Ok(Seen {
            live: manifest.live.is_some() || before.is_some_and(|seen| seen.live),
            manifest: Arc::new(manifest),
            named_by,
            url,
            at,
            clock_offset,
        })
    }

    /// Returns how far the clock of the site is ahead of ours.
    async fn clock_offset(
        &self,
        clocks: &[Timing],
        named_by: NamedBy,
        server_time: Option<f64>,
    ) -> Result<Option<f64>> {
        for clock in clocks {
            let (Timing::Text(url) | Timing::Date(url)) = clock else {
                if let Timing::Now(time) = clock {
                    return Ok(Some(time - local_time()));
                }
                continue;
            };
            let answer = match self.answer(url, named_by, MAX_TIME_RESPONSE).await {
                Ok((_, answer)) => answer,
                Err(error) if error.kind == Kind::Closed => return Err(error),
                // Another clock may work.
                Err(_) => continue,
            };
            let time = match clock {
                Timing::Text(_) => std::str::from_utf8(&answer.body).ok().and_then(dash::date),
                _ => date(&answer.headers),
            };
            if let Some(time) = time {
                return Ok(Some(time - local_time()));
            }
        }
        Ok(server_time
            .map(|server_time| server_time - local_time())
            .filter(|clock_offset| clock_offset.abs() > MIN_CLOCK_OFFSET))
    }
}

/// Our time, in seconds since 1970.
fn local_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The time of a response, by its server.
fn date(headers: &HeaderMap) -> Option<f64> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs_f64())
}

/// The same for a response that a cache may have kept for a while.
fn estimated_date(headers: &HeaderMap) -> Option<f64> {
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
    let age = age.and_then(|age| age.trim().parse::<u32>().ok());
    Some(date(headers)? + f64::from(age.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_the_time() {
        let mut headers = HeaderMap::new();
        assert_eq!(estimated_date(&headers), None);
        let date = "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap();
        headers.insert(header::DATE, date);
        assert_eq!(estimated_date(&headers), Some(784_111_777.0));
        headers.insert(header::AGE, "60".parse().unwrap());
        assert_eq!(estimated_date(&headers), Some(784_111_837.0));
    }
}
