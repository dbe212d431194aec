//! Live manifests.

use proptest::prelude::*;

use super::super::*;
use super::here;
use crate::pipeline::stream::caption::CaptionLocation;

/// Returns the names and playback times of the segments of a live manifest that began 1000 seconds after 1970.
fn live(attributes: &str, inner: &str, view: (f64, u64)) -> Result<(Vec<(String, u64)>, bool)> {
    let text = format!(
        "<MPD type='dynamic' availabilityStartTime='1970-01-01T00:16:40' {attributes}>{inner}</MPD>"
    );
    let manifest = Manifest::read(text.as_bytes(), &here())?;
    let view = View {
        now: 1000.0 + view.0,
        since: view.1,
    };
    let main = manifest.tracks(&Want::default(), Some(view))?.main;
    let name = |segment: &crate::pipeline::stream::Segment| {
        let path = segment.location.url.path();
        (path.rsplit('/').next().unwrap().to_owned(), segment.number)
    };
    Ok((main.segments.iter().map(name).collect(), main.ended))
}

fn period(attributes: &str, template: &str) -> String {
    format!(
        "<Period {attributes}><AdaptationSet contentType='video'><Representation id='v'>\
         <SegmentTemplate media='$Number$-$Time$' {template}</SegmentTemplate></Representation></AdaptationSet></Period>"
    )
}

#[test]
fn the_clock_tells_which_segments_of_a_live_stream_are_there() {
    let numbered = period(
        "start='PT0S'",
        "timescale='10' duration='20' startNumber='5'>",
    );
    let names = |attributes: &str, now: f64, since: u64| {
        let (all, ended) = live(attributes, &numbered, (now, since)).unwrap();
        let names: Vec<String> = all.into_iter().map(|(name, _)| name).collect();
        (names.join(" "), ended)
    };
    let window = "timeShiftBufferDepth='PT6S'";
    let table = [
        (window, 1.9, 0, "", false),
        (window, 2.0, 0, "5-0", false),
        (window, 11.0, 0, "8-60 9-80", false),
        // Known segments are not listed again, and those that left the window are lost.
        (window, 11.0, 8_000_000, "9-80", false),
        (window, 11.0, 10_000_000, "", false),
        (window, 101.0, 8_000_000, "53-960 54-980", false),
        (
            "mediaPresentationDuration='PT5S'",
            4.5,
            0,
            "5-0 6-20",
            false,
        ),
        (
            "mediaPresentationDuration='PT5S'",
            7.5,
            0,
            "5-0 6-20 7-40",
            true,
        ),
        // A window without a limit, of a stream that began years ago.
        ("", 1e8, 0, "", false),
    ];
    for (attributes, now, since, expected, ended) in table {
        let (all, over) = names(attributes, now, since);
        match now < 1e8 {
            true => assert_eq!(
                (all.as_str(), over),
                (expected, ended),
                "{attributes} {now}"
            ),
            false => assert_eq!(all.split(' ').count(), 30, "{all}"),
        }
    }
}

#[test]
fn a_timeline_tells_which_segments_of_a_live_stream_are_there() {
    let timeline = |entries: &str| {
        period(
            "start='PT10S'",
            &format!(
                "timescale='10' presentationTimeOffset='100' startNumber='3'><SegmentTimeline>{entries}</SegmentTimeline>"
            ),
        )
    };
    let all = |entries: &str, view| live("", &timeline(entries), view).unwrap().0;
    let named = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter()
            .map(|(name, time)| ((*name).to_owned(), *time))
            .collect()
    };
    let first = "<S t='140' d='20' r='1'/>";
    let expected = named(&[("3-140", 14_000_000), ("4-160", 16_000_000)]);
    assert_eq!(all(first, (20.0, 0)), expected);
    assert_eq!(all(first, (20.0, 16_000_000)), expected[1..]);
    // Up to now, as far as segments are complete.
    let open = "<S t='140' d='20' r='-1'/>";
    assert_eq!(all(open, (17.0, 0)), expected[..1]);
    assert_eq!(all(open, (17.99, 0)), expected[..1]);
    assert_eq!(all(open, (18.0, 0)), expected);
    assert_eq!(all(open, (15.0, 0)), []);
    // A window that jumps back brings nothing new.
    assert_eq!(all(first, (20.0, 99_000_000)), []);
    let hostile = [
        "<S t='0' d='1' r='300000'/>",
        "<S t='0' d='1' r='200000'/><S t='0' d='1' r='200000'/>",
        "<S t='0' d='1' r='-1'/><S t='18446744073709551615' d='1'/>",
        "<S t='18446744073709551615' d='18446744073709551615'/>",
    ];
    for entries in hostile {
        for since in [0, u64::MAX] {
            let read = live("", &timeline(entries), (20.0, since));
            assert_eq!(read.unwrap_err().kind, Kind::Corrupt, "{entries}");
        }
    }
}

#[test]
fn live_periods_follow_each_other() {
    let template = "timescale='1' duration='2'>";
    let both = [
        period("id='a' start='PT0S' duration='PT6S'", template),
        period("id='b' start='PT6S'", template),
    ];
    let names = |inner: &str, now, since| -> Vec<u64> {
        let (all, _) = live("", inner, (now, since)).unwrap();
        all.into_iter().map(|(_, time)| time / 1_000_000).collect()
    };
    assert_eq!(names(&both.concat(), 11.0, 0), [0, 2, 4, 6, 8]);
    assert_eq!(names(&both.concat(), 5.0, 0), [0, 2]);
    assert_eq!(names(&both[1], 11.0, 6_000_000), [6, 8]);
    // A period that has not begun may be empty.
    let early = format!("{}<Period start='PT60S'/>", both[0]);
    assert_eq!(names(&early, 11.0, 0), [0, 2, 4]);
}

#[test]
fn live_manifest_attributes_are_parsed() {
    let clock = |scheme: &str, value: &str| {
        format!("<UTCTiming schemeIdUri='urn:mpeg:dash:utc:{scheme}:2014' value='{value}'/>")
    };
    let clocks = [
        clock("ntp", "time.x.org"),
        clock("direct", "1970-01-01T00:00:10.5Z"),
        clock("http-iso", "/now https://y.org/"),
        clock("http-head", "file:///etc/passwd"),
        clock("http-head", "https://y.org/"),
    ];
    let text = format!(
        "<MPD type='dynamic' availabilityStartTime='1970-01-01T02:00:00+02:00' minimumUpdatePeriod='PT0S'>\
         <Location>/live/b.mpd</Location>{}</MPD>",
        clocks.concat()
    );
    let manifest = Manifest::read(text.as_bytes(), &here()).unwrap();
    let url = |text: &str| Url::parse(text).unwrap();
    assert_eq!(manifest.next, Some(here().join("/live/b.mpd").unwrap()));
    let live = manifest.live.unwrap();
    let expected = [
        Timing::Now(10.5),
        Timing::Text(here().join("/now").unwrap()),
        Timing::Date(url("https://y.org/")),
    ];
    assert_eq!(
        (live.clocks, live.every),
        (expected.into(), Some(std::time::Duration::ZERO))
    );
    for wrong in ["file:///a.mpd", "data:,x"] {
        let text = format!("<MPD><Location>{wrong}</Location></MPD>");
        let error = Manifest::read(text.as_bytes(), &here()).unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt);
    }
}

/// Subtitles of a live manifest that bring one new segment, and those of one that has ended.
#[test]
fn live_subtitles_are_segments_however_few_are_new() {
    let set = |mime: &str, id: &str| {
        format!(
            "<AdaptationSet mimeType='{mime}' lang='en'><Representation id='{id}' bandwidth='1'>\
             <SegmentTemplate media='{id}-$Number$' duration='2'/></Representation></AdaptationSet>"
        )
    };
    let inner = format!(
        "<Period start='PT0S' duration='PT60S'>{}{}</Period>",
        set("video/mp4", "v"),
        set("text/vtt", "t")
    );
    let want = Want {
        subtitles: crate::model::Subtitles::All,
        ..Want::default()
    };
    let view = View {
        now: 1006.0,
        since: 4_000_000,
    };
    for (kind, ended) in [
        (
            "type='dynamic' availabilityStartTime='1970-01-01T00:16:40'",
            false,
        ),
        ("type='static' mediaPresentationDuration='PT6S'", true),
    ] {
        let text = format!(
            "<MPD {kind}>{}</MPD>",
            inner.replace("PT60S", if ended { "PT6S" } else { "PT60S" })
        );
        let manifest = Manifest::read(text.as_bytes(), &here()).unwrap();
        let tracks = manifest.tracks(&want, Some(view)).unwrap();
        let CaptionLocation::Segments(media) = &tracks.captions[0].at else {
            panic!("{:?}", tracks.captions)
        };
        assert_eq!((media.segments.len(), media.ended), (1, ended));
    }
}

proptest! {
    #[test]
    fn whatever_a_live_manifest_says_it_is_read_or_refused(
        values in prop::collection::vec("[0-9]{0,20}", 6),
        times in prop::collection::vec("PT[0-9]{1,12}S", 4),
        now in 0f64..1e12,
        since in any::<u64>(),
    ) {
        let [a, b, c, d, e, f] = &values[..] else { unreachable!("there are six") };
        let numbered = format!("timescale='{a}' duration='{b}' startNumber='{c}'>");
        let timed = format!("timescale='{a}' presentationTimeOffset='{d}'><SegmentTimeline><S t='{c}' d='{b}' r='{e}'/><S d='{f}' r='-1'/></SegmentTimeline>");
        for template in [numbered, timed] {
            let attributes = format!("timeShiftBufferDepth='{}' mediaPresentationDuration='{}'", times[0], times[1]);
            let inner = period(&format!("start='{}' duration='{}'", times[2], times[3]), &template);
            let _ = live(&attributes, &inner, (now, since));
        }
    }
}
