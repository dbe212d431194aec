//! Live streams of DASH: by the clock, and by a timeline that grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::{hasty, quick, segment, segments, wait_for_state};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// A manifest with these attributes and this template.
fn manifest(attributes: &str, before: &str, template: &str) -> Reply {
    Reply::text(format!(
        "<MPD {attributes}>{before}<Period start='PT0S'><AdaptationSet mimeType='video/mp2t'>\
         <Representation id='v' bandwidth='9' width='64' height='36'><SegmentTemplate media='$Number$.ts' startNumber='0' {template}\
         </SegmentTemplate></Representation></AdaptationSet></Period></MPD>"
    ))
    .content_type("application/dash+xml")
}

/// A window of a live stream whose timeline is told: so many seconds from this one on.
fn window_text(first: usize, count: usize, is_over: bool) -> String {
    let state = match is_over {
        true => "type='static'",
        false => {
            "type='dynamic' availabilityStartTime='2026-01-01T00:00:00Z' minimumUpdatePeriod='PT1S'"
        }
    };
    let last = count - 1;
    format!(
        "<MPD {state}><Period start='PT0S'><AdaptationSet mimeType='video/mp2t'><Representation id='v' bandwidth='9'>\
         <SegmentTemplate media='$Number$.ts' startNumber='{first}'><SegmentTimeline><S t='{first}' d='1' r='{last}'/>\
         </SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>"
    )
}

fn window(first: usize, count: usize, is_over: bool) -> Reply {
    Reply::text(window_text(first, count, is_over)).content_type("application/dash+xml")
}

/// When a stream began that is so many seconds old, in the words of a manifest.
fn began(ago: f64) -> String {
    let time = SystemTime::now() - Duration::from_secs_f64(ago);
    Timestamp::try_from(time).unwrap().to_string()
}

#[test]
fn a_growing_timeline_is_followed_to_its_end() {
    let site = Site::start();
    // Asked for what it is, then by its source, then by the transfer.
    site.on("/cats.mpd", window(0, 3, false)).times(2);
    site.on("/cats.mpd", window(1, 3, false)).once();
    site.on("/cats.mpd", window(3, 3, false)).once();
    site.on("/cats.mpd", window(4, 3, true));
    let whole = segments(&site, "", 7, 20);
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert!(
        done.stderr.contains("/cats.mpd` is live: "),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("were gone"), "{}", done.stderr);
}

#[test]
fn segments_lost_from_a_sliding_timeline_are_reported() {
    let site = Site::start();
    site.on("/cats.mpd", window(0, 2, false)).times(2);
    site.on("/cats.mpd", window(5, 2, true));
    let mut whole = Vec::new();
    for n in [0, 1, 5, 6] {
        let bytes = segment(n, 20);
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    let said = "3 segments were gone before they could be fetched";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn live_segments_follow_the_clock_without_manifest_requests() {
    let site = Site::start();
    let began = Instant::now();
    let since = self::began(3.5);
    let attributes =
        format!("type='dynamic' availabilityStartTime='{since}' mediaPresentationDuration='PT6S'");
    site.on("/cats.mpd", manifest(&attributes, "", "duration='1'>"));
    let mut whole = Vec::new();
    for n in 0..6u64 {
        let bytes = segment(n, 20);
        let reply = Reply::file(bytes.clone());
        // One is there a little later than its time.
        let early = Reply::text("not yet").status(404);
        if n == 4 {
            site.on("/4.ts", early).once();
        }
        site.on(&format!("/{n}.ts"), reply);
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert!(!done.stderr.contains("were gone"), "{}", done.stderr);
    assert_eq!(site.count("/cats.mpd"), 2);
    // Nobody can have the last one before it is there.
    assert!(began.elapsed() > Duration::from_millis(1500));
}

#[test]
fn segments_beyond_a_live_end_are_not_reported_missing() {
    let site = Site::start();
    let attributes = format!(
        "type='dynamic' minimumUpdatePeriod='PT500S' availabilityStartTime='{}'",
        self::began(2.5)
    );
    site.on("/cats.mpd", manifest(&attributes, "", "duration='1'>"))
        .times(2);
    let over = "type='static' mediaPresentationDuration='PT3S'";
    site.on("/cats.mpd", manifest(over, "", "duration='1'>"));
    let whole = segments(&site, "", 3, 20);
    let gone = Reply::text("not there").status(404);
    site.on("/*", gone).optional();
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert!(!done.stderr.contains("were gone"), "{}", done.stderr);
    assert!(site.count("/cats.mpd") <= 5, "{}", site.count("/cats.mpd"));
}

#[test]
fn the_clock_of_utctiming_is_used() {
    let clocks = [
        "<UTCTiming schemeIdUri='urn:mpeg:dash:utc:direct:2014' value='2020-01-01T00:00:05.5Z'/>",
        "<UTCTiming schemeIdUri='urn:mpeg:dash:utc:ntp:2014' value='x'/><UTCTiming schemeIdUri='urn:mpeg:dash:utc:http-iso:2014' value='/now'/>",
        "<UTCTiming schemeIdUri='urn:mpeg:dash:utc:http-head:2014' value='/head'/>",
    ];
    for clock in clocks {
        let site = Site::start();
        let attributes = "type='dynamic' availabilityStartTime='2020-01-01T00:00:00Z' mediaPresentationDuration='PT4S'";
        site.on("/cats.mpd", manifest(attributes, clock, "duration='1'>"));
        site.on("/now", Reply::text("2020-01-01T00:00:05.5Z\n"))
            .optional();
        let head = Reply::text("").header("date", "Wed, 01 Jan 2020 00:00:06 GMT");
        site.on("/head", head).optional();
        let whole = segments(&site, "", 4, 20);
        let fetch = quick().arg(site.url("/cats.mpd"));
        let done = fetch.run().success();
        assert!(
            fetch.files()["cats.ts"] == whole,
            "{clock}: {}",
            done.stderr
        );
    }
}

#[test]
fn the_location_of_a_manifest_is_followed() {
    let site = Site::start();
    let lists = Arc::new(AtomicUsize::new(0));
    let known = lists.clone();
    let moved = "<Location>/next/a.mpd</Location><Period";
    let first = window_text(0, 2, false).replacen("<Period", moved, 1);
    site.on("/cats.mpd", Reply::text(first));
    let next = Reply::with(move |_| match known.fetch_add(1, Ordering::Relaxed) {
        0 => window(1, 2, false),
        _ => window(1, 3, true),
    });
    site.on("/next/a.mpd", next);
    segments(&site, "", 2, 20);
    for n in 1..4u64 {
        let path = format!("/next/{n}.ts");
        site.on(&path, Reply::file(segment(n, 20))).optional();
    }
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    let whole: Vec<u8> = (0..4).flat_map(|n| segment(n, 20)).collect();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert_eq!(site.count("/cats.mpd"), 2);
}

#[test]
fn live_for_ends_recordings_of_odd_windows() {
    let site = Site::start();
    let lists = AtomicUsize::new(0);
    let jumps = Reply::with(move |_| {
        let first = [3, 3, 0, 2][lists.fetch_add(1, Ordering::Relaxed) % 4];
        Reply::text(window_text(first, 3, false).replace("PT1S", "PT0S"))
    });
    site.on("/cats.mpd", jumps);
    for n in 0..6u64 {
        let path = format!("/{n}.ts");
        site.on(&path, Reply::file(segment(n, 20))).optional();
    }
    let fetch = quick()
        .args(["--live-for", "3s"])
        .arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    let whole: Vec<u8> = (3..6).flat_map(|n| segment(n, 20)).collect();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
    assert!(site.count("/cats.mpd") < 12, "{}", site.count("/cats.mpd"));
}

/// A fragment of this brand.
fn boxes(brand: &[u8], n: u8) -> Vec<u8> {
    [
        b"\0\0\0\x14stypmsdh\0\0\0\0",
        brand,
        b"\0\0\x04\x08moof",
        &[n; 1024],
    ]
    .concat()
}

/// A live manifest of two periods, each with an initialization and two segments.
fn periods() -> Reply {
    let period = |name: &str, start: u32| {
        format!(
            "<Period id='{name}' start='PT{start}S'><AdaptationSet mimeType='video/mp4'><Representation id='v' bandwidth='9'>\
             <SegmentTemplate initialization='{name}.mp4' media='{name}$Number$.m4s' startNumber='0'><SegmentTimeline>\
             <S t='0' d='1' r='1'/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period>"
        )
    };
    let (a, b) = (period("a", 0), period("b", 2));
    Reply::text(format!(
        "<MPD type='dynamic' availabilityStartTime='{}' minimumUpdatePeriod='PT1S'>{a}{b}</MPD>",
        began(9.0)
    ))
    .content_type("application/dash+xml")
}

#[test]
fn the_last_segment_of_a_period_does_not_end_a_live_stream() {
    let site = Site::start();
    site.on("/cats.mpd", periods());
    let mut whole = Vec::new();
    for name in ["a", "b"] {
        let init = [b"\0\0\0\x14ftypiso6\0\0\0\0iso6", name.as_bytes()].concat();
        site.on(&format!("/{name}.mp4"), Reply::file(init.clone()));
        whole.extend(init);
        for (n, brand) in [b"msdh", b"lmsg"].into_iter().enumerate() {
            let part = boxes(brand, n as u8);
            site.on(&format!("/{name}{n}.m4s"), Reply::file(part.clone()));
            whole.extend(part);
        }
    }
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(
        fetch.files().into_values().next() == Some(whole),
        "{}",
        done.stderr
    );
}

#[test]
fn a_live_stream_without_its_init_segment_is_not_saved() {
    let site = Site::start();
    site.on("/cats.mpd", periods());
    site.on("/a.mp4", Reply::text("not there").status(404));
    site.on("/*", Reply::file(boxes(b"msdh", 1))).optional();
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run();
    assert_ne!(done.code, 0, "{}", done.stderr);
    assert!(fetch.files().is_empty(), "{}", fetch.tree());
}

#[test]
fn the_last_segment_ends_a_live_stream() {
    let site = Site::start();
    site.on("/cats.mpd", window(0, 3, false));
    let parts = [boxes(b"msdh", 0), boxes(b"lmsg", 1)];
    site.on("/0.ts", Reply::file(parts[0].clone()));
    // What is behind it has come by then.
    let late = Reply::file(parts[1].clone()).delay(Duration::from_millis(300));
    site.on("/1.ts", late);
    site.on("/2.ts", Reply::file(boxes(b"msdh", 2))).optional();
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    let files = fetch.files();
    assert!(
        *files.first_key_value().unwrap().1 == parts.concat(),
        "{}",
        done.stderr
    );
}

#[test]
fn a_killed_recording_of_a_live_manifest_is_kept() {
    let site = Site::start();
    site.on("/cats.mpd", window(0, 3, false));
    let first = segments(&site, "", 3, 200);
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats.mpd"));
    let running = fetch.spawn();
    wait_for_state(&fetch, &running, |state| state["count"] == 3);
    running.kill9();
    site.on("/cats.mpd", window(7, 2, false)).times(2);
    site.on("/cats.mpd", window(7, 2, true));
    let mut second = Vec::new();
    for n in [7, 8] {
        let bytes = segment(n, 30);
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()));
        second.extend(bytes);
    }
    let done = fetch.run().success();
    let files = fetch.files();
    assert!(files["cats.ts"] == second, "{}", done.stderr);
    assert!(files["cats.interrupted.ts"] == first);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_live_manifest_without_a_template_is_refused() {
    let site = Site::start();
    let text = "<MPD type='dynamic' availabilityStartTime='2026-01-01T00:00:00Z'><Period><AdaptationSet mimeType='video/mp4'>\
        <Representation id='v' bandwidth='9'><BaseURL>film.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>";
    site.on("/cats.mpd", Reply::text(text));
    let done = quick().arg(site.url("/cats.mpd")).run().fails(5);
    let said = "it has no segment template";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

/// Two periods of which the second begins within the last segment of the first.
fn overlapping(state: &str) -> Reply {
    let period = |name: &str, start: u32| {
        format!(
            "<Period id='{name}' start='PT{start}S'><AdaptationSet mimeType='video/mp2t'><Representation id='v' bandwidth='9'>\
             <SegmentTemplate media='{name}$Number$.ts' startNumber='0'><SegmentTimeline><S t='0' d='4' r='1'/></SegmentTimeline>\
             </SegmentTemplate></Representation></AdaptationSet></Period>"
        )
    };
    let (a, b) = (period("a", 0), period("b", 5));
    Reply::text(format!("<MPD {state}>{a}{b}</MPD>")).content_type("application/dash+xml")
}

#[test]
fn overlapping_periods_keep_their_first_segments() {
    let site = Site::start();
    let state = format!(
        "type='dynamic' availabilityStartTime='{}' minimumUpdatePeriod='PT1S'",
        began(60.0)
    );
    site.on("/cats.mpd", overlapping(&state)).times(2);
    // It is still known when it is listed again.
    site.on("/cats.mpd", overlapping(&state)).once();
    site.on("/cats.mpd", overlapping("type='static'"));
    let mut whole = Vec::new();
    for (n, name) in ["a0", "a1", "b0", "b1"].into_iter().enumerate() {
        let bytes = segment(n as u64, 20);
        site.on(&format!("/{name}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole, "{}", done.stderr);
}

#[test]
fn an_unreadable_manifest_reload_is_ignored() {
    for odd in ["", "<!doctype html><title>busy</title>", "<MPD></MPD>"] {
        let site = Site::start();
        site.on("/cats.mpd", window(0, 2, false)).times(2);
        site.on("/cats.mpd", Reply::text(odd)).once();
        site.on("/cats.mpd", window(1, 3, true));
        let whole = segments(&site, "", 4, 20);
        let fetch = quick().arg(site.url("/cats.mpd"));
        let done = fetch.run().success();
        assert!(fetch.files()["cats.ts"] == whole, "{odd}: {}", done.stderr);
    }
}
