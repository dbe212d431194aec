use proptest::prelude::*;

use super::*;
use crate::model::Kind;

fn joined(segments: &[&str], film: Option<u64>) -> Joined {
    let all: String = segments
        .iter()
        .flat_map(|segment| [segment, "\n\n"])
        .collect();
    join(all.as_bytes(), film).unwrap()
}

#[test]
fn segments_become_one_file_with_one_header() {
    let style = "STYLE\n::cue { color: red }\n\n";
    let first = format!(
        "WEBVTT\n\n{style}NOTE by hand\n\n1\n00:01.000 --> 00:05.000 line:0\nOne\n<i>two</i>\n"
    );
    let second = format!(
        "\u{feff}WEBVTT - more\r\n\r\n{style}2\r\n01:00:06.000 --> 01:00:07.000\r\nThree\r\nfour"
    );
    let all = joined(&[&first, "WEBVTT", &second], None);
    let expected = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n1\n00:00:01.000 --> 00:00:05.000 line:0\nOne\n<i>two</i>\n\n\
        2\n01:00:06.000 --> 01:00:07.000\nThree\nfour\n";
    assert_eq!((all.text.as_str(), all.cues, all.unread), (expected, 2, 0));
    // A single file stays as it is.
    assert_eq!(join(all.text.as_bytes(), None).unwrap(), all);
}

#[test]
fn a_cue_spanning_segments_is_merged() {
    let cue = |id: &str, times: &str, text: &str| format!("WEBVTT\n\n{id}\n{times}\n{text}\n");
    let table = [
        // Repeated unchanged, under any identifier.
        (
            "1",
            "00:04.000 --> 00:08.000",
            "7",
            "00:04.001 --> 00:08.000",
            "a",
            "a",
            1,
        ),
        // Cut at the segment boundary.
        (
            "1",
            "00:04.000 --> 00:06.000",
            "1",
            "00:06.000 --> 00:08.000",
            "a",
            "a",
            1,
        ),
        (
            "1",
            "00:04.000 --> 00:06.000",
            "2",
            "00:06.000 --> 00:08.000",
            "a",
            "a",
            2,
        ),
        (
            "1",
            "00:04.000 --> 00:06.000",
            "1",
            "00:06.000 --> 00:08.000",
            "a",
            "b",
            2,
        ),
        (
            "1",
            "00:04.000 --> 00:06.000",
            "1",
            "00:06.100 --> 00:08.000",
            "a",
            "a",
            2,
        ),
    ];
    for (first, when, second, then, one, other, expected) in table {
        let all = joined(&[&cue(first, when, one), &cue(second, then, other)], None);
        assert_eq!(all.cues, expected, "{}", all.text);
        assert!(all.text.contains("--> 00:00:08.000"), "{}", all.text);
    }
    // Within a segment, a repeated text is intended.
    let twice = "WEBVTT\n\n00:01.000 --> 00:02.000\nNo\n\n00:02.000 --> 00:03.000\nNo\n";
    assert_eq!(joined(&[twice], None).cues, 2);
}

#[test]
fn cue_times_are_mapped_to_the_video() {
    let segment = |map: &str| {
        format!("WEBVTT\nX-TIMESTAMP-MAP={map}\n\n00:01.000 --> 00:02.000\na<00:01.500>b<i>c\n")
    };
    let at = |maps: &[&str], film| {
        let segments: Vec<String> = maps.iter().map(|map| segment(map)).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let text = joined(&segments, film).text;
        let times = text.lines().filter(|line| line.contains("-->"));
        let starts = times.map(|line| line[..12].to_owned());
        starts.collect::<Vec<_>>()
    };
    let zero = "LOCAL:00:00:00.000,MPEGTS:900000";
    assert_eq!(at(&[zero], Some(900_000)), ["00:00:01.000"]);
    assert_eq!(at(&[zero], Some(0)), ["00:00:11.000"]);
    // Without the video's clock, relative to the first segment.
    let later = "MPEGTS:1800000,LOCAL:00:00:00.000";
    assert_eq!(at(&[zero, later], None), ["00:00:01.000", "00:00:11.000"]);
    let local = "MPEGTS:1800000,LOCAL:00:00:10.000";
    assert_eq!(at(&[local], Some(900_000)), ["00:00:01.000"]);
    // The clock wraps around.
    let turned = "MPEGTS:0,LOCAL:00:00:00.000";
    assert_eq!(at(&[turned], Some((1 << 33) - 900_000)), ["00:00:11.000"]);
    // A cue that is over before the video begins is left out.
    assert_eq!(at(&[turned], Some(900_000)), Vec::<String>::new());
    // An invalid mapping leaves times as they are.
    assert_eq!(at(&["MPEGTS:x"], Some(900_000)), ["00:00:01.000"]);
    let moved = joined(&[&segment(zero)], Some(0)).text;
    assert!(moved.contains("a<00:00:11.500>b<i>c"), "{moved}");
}

#[test]
fn cues_are_in_order_and_what_cannot_be_read_is_counted() {
    let odd = "WEBVTT\n00:05.000 --> 00:06.000\nlate\n\n00:01.000 --> 00:02.000\nearly\n\n00:09.000 --> 00:08.000\nx\n\n\
        99999:00:00.000 --> 99999:00:01.000\nx\n\nx --> y\nx\n\nwords\n";
    let all = joined(&[odd], None);
    assert_eq!((all.cues, all.unread), (2, 4));
    assert!(all.text.find("early") < all.text.find("late"));
}

#[test]
fn what_is_no_webvtt_is_refused() {
    let long = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}", "x".repeat(BLOCK));
    let table = [
        b"".as_slice(),
        b"\n\n",
        b"1\n00:01,0 --> 00:02,0\nx",
        b"WEBVTTX",
        b"WEBVTT\n\n\xff",
        long.as_bytes(),
    ];
    for body in table {
        assert_eq!(join(body, None).unwrap_err().kind, Kind::Corrupt);
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_one_file_that_reads_as_itself(
        parts in prop::collection::vec(prop::sample::select(vec![
            "WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:18446744073709551615,LOCAL:9999:59:59.999", "\n", "\n\n", "\r\n", "STYLE", "NOTE",
            "00:01.000 --> 00:02.000", "9999:59:59.999 --> 9999:59:59.999", "<00:01.000>", "x", "-->", "\u{feff}",
        ]), 0..60),
        film in any::<Option<u64>>(),
    ) {
        let body = format!("WEBVTT\n{}", parts.concat());
        if let Ok(all) = join(body.as_bytes(), film) {
            let again = join(all.text.as_bytes(), None).unwrap();
            prop_assert_eq!(again.cues, all.cues);
        }
    }
}
