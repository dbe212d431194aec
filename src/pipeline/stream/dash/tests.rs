mod live;
mod many;
mod periods;

use proptest::prelude::*;

use super::time::seconds;
use super::*;
use crate::pipeline::stream::{Media, Subtitles};

fn here() -> Url {
    Url::parse("https://x.org/films/cats/film.mpd?token=1").unwrap()
}

fn tracks(periods: &str, quality: &str) -> Result<Tracks> {
    let text =
        format!("<?xml version='1.0'?><MPD mediaPresentationDuration='PT10S'>{periods}</MPD>");
    let want = Want {
        quality: quality.parse().unwrap(),
        subtitles: Subtitles::All,
    };
    read(text.as_bytes(), &here(), &want)
}

/// Returns the requested parts in order, each with its initialization segment.
fn parts(media: &Media) -> Vec<String> {
    let location = |location: &crate::pipeline::stream::ByteLocation| {
        let name = location
            .url
            .as_str()
            .trim_start_matches("https://x.org/films/cats/")
            .to_owned();
        location
            .range
            .map_or(name.clone(), |(start, end)| format!("{name} {start}-{end}"))
    };
    let mut parts = Vec::new();
    let mut map = None;
    for segment in &media.segments {
        if segment.map != map {
            map.clone_from(&segment.map);
            parts.extend(map.as_ref().map(|map| location(&map.location)));
        }
        parts.push(location(&segment.location));
    }
    parts
}

/// Returns a period with one video representation with these contents.
fn one(inner: &str) -> String {
    format!(
        "<Period><AdaptationSet mimeType='video/mp4'><Representation id='v' bandwidth='9'>{inner}</Representation></AdaptationSet></Period>"
    )
}

#[test]
fn segments_are_named_by_number_by_time_and_in_lists() {
    let table = [
        (
            "<SegmentTemplate media='$RepresentationID$-$Number%03d$.m4s' initialization='i-$Bandwidth$$$' startNumber='9' duration='40' timescale='10'/>",
            vec!["i-9$", "v-009.m4s", "v-010.m4s", "v-011.m4s"],
        ),
        (
            "<SegmentTemplate media='$Time$.m4s' timescale='10'><SegmentTimeline><S t='5' d='10' r='2'/><S d='3'/><S t='50' d='30' r='-1'/></SegmentTimeline></SegmentTemplate>",
            vec!["5.m4s", "15.m4s", "25.m4s", "35.m4s", "50.m4s", "80.m4s"],
        ),
        (
            "<BaseURL>all.mp4?a=1&amp;b=2</BaseURL><SegmentList><Initialization range='0-9'/><SegmentURL mediaRange='10-19'/><SegmentURL mediaRange='20-24'/></SegmentList>",
            vec![
                "all.mp4?a=1&b=2 0-10",
                "all.mp4?a=1&b=2 10-20",
                "all.mp4?a=1&b=2 20-25",
            ],
        ),
        (
            "<BaseURL>d/</BaseURL><SegmentList><Initialization sourceURL='i'/><SegmentURL media='1'/><SegmentURL media='/2'/></SegmentList>",
            vec!["d/i", "d/1", "https://x.org/2"],
        ),
        (
            "<SegmentTemplate media='$Number$.m4s' duration='5'><Initialization sourceURL='i.mp4'/></SegmentTemplate>",
            vec!["i.mp4", "1.m4s", "2.m4s"],
        ),
        (
            "<BaseURL><![CDATA[d/]]></BaseURL><SegmentTemplate media='$Number$' initialization='i' duration='10'><Initialization sourceURL='x'/></SegmentTemplate>",
            vec!["d/i", "d/1"],
        ),
        (
            "<SegmentTemplate media='$Number$' duration='1' startNumber='3' endNumber='5'/>",
            vec!["3", "4", "5"],
        ),
        (
            "<SegmentTemplate media='$Number$' endNumber='2'><SegmentTimeline><S t='0' d='1' r='-1'/></SegmentTimeline></SegmentTemplate>",
            vec!["1", "2"],
        ),
        (
            "<BaseURL>q?a=1&#38;b=2&#x26;c=3</BaseURL>",
            vec!["q?a=1&b=2&c=3"],
        ),
        (
            "<BaseURL>film.mp4</BaseURL><SegmentBase indexRange='1-2'/>",
            vec!["film.mp4"],
        ),
    ];
    for (inner, expected) in table {
        let read = tracks(&one(inner), "best").unwrap();
        assert_eq!(parts(&read.main), expected, "{inner}");
        assert!(read.main.ended && read.sound.is_none());
    }
}

#[test]
fn dash_attributes_are_inherited() {
    let text = "<BaseURL>a/</BaseURL><Period duration='PT4S'><BaseURL>b/</BaseURL><SegmentTemplate timescale='1' duration='2' media='$Number$'/>\
        <AdaptationSet contentType='video'><SegmentTemplate startNumber='5'/><Representation id='x'><BaseURL>c/</BaseURL></Representation></AdaptationSet></Period>\
        <Period><AdaptationSet contentType='video'><Representation id='y'><SegmentTemplate duration='6' media='n$Number$'/></Representation></AdaptationSet></Period>";
    let read = tracks(text, "best").unwrap();
    assert_eq!(parts(&read.main), ["a/b/c/5", "a/b/c/6", "a/n1"]);
}

#[test]
fn a_period_in_which_nothing_is_played_has_nothing() {
    let film = one("<BaseURL>v</BaseURL>");
    let empty = "<Period start='PT10S' duration='PT0S'/>";
    for text in [format!("{film}{empty}"), format!("<Period/>{film}")] {
        let read = tracks(&text, "best").unwrap();
        assert_eq!(parts(&read.main), ["v"], "{text}");
    }
    // An external period.
    let away = "<Period xmlns:xlink='x' xlink:href='https://x.org/p'/>";
    assert!(tracks(&format!("{film}{away}"), "best").is_err());
}

#[test]
fn the_last_segment_may_be_one_that_is_rounded_up() {
    let template = |text: &str, inner: &str| {
        one(&format!(
            "<SegmentTemplate media='$Number$' {text}>{inner}</SegmentTemplate>"
        ))
    };
    let timeline = |text: &str| {
        let inner = format!("<SegmentTimeline>{text}</SegmentTimeline>");
        template("timescale='10'", &inner)
    };
    let long = |period: String| period.replace("<Period>", "<Period duration='PT10S'>");
    // Each is ten seconds long.
    let table = [
        (template("timescale='100' duration='333'", ""), 4, true),
        (template("timescale='10' duration='33'", ""), 4, true),
        (template("duration='4'", ""), 3, false),
        (template("duration='6'", ""), 2, false),
        (template("duration='2'", ""), 5, false),
        (template("duration='30'", ""), 1, false),
        (timeline("<S t='0' d='33' r='-1'/>"), 4, true),
        (timeline("<S t='0' d='60' r='-1'/>"), 2, false),
        (timeline("<S t='0' d='33' r='3'/>"), 4, false),
        (long(template("duration='9'", "")).repeat(2), 4, true),
        (
            long(template("duration='9'", ""))
                + &one("<SegmentList><SegmentURL media='v'/></SegmentList>"),
            3,
            false,
        ),
    ];
    for (text, count, surplus) in table {
        let read = tracks(&text, "best").unwrap().main;
        assert_eq!(
            (read.segments.len(), read.surplus),
            (count, surplus),
            "{text}"
        );
    }
}

const FILM: &str = "<Period>\
    <AdaptationSet contentType='audio' lang='de'><Representation id='s1' bandwidth='64'><BaseURL>s1</BaseURL></Representation></AdaptationSet>\
    <AdaptationSet contentType='audio' lang='en'><Role value='main'/>\
    <Representation id='s2' bandwidth='64'><BaseURL>s2</BaseURL></Representation><Representation id='s3' bandwidth='128'><BaseURL>s3</BaseURL></Representation></AdaptationSet>\
    <AdaptationSet mimeType='text/vtt'><Representation id='t'><BaseURL>t</BaseURL></Representation></AdaptationSet>\
    <AdaptationSet mimeType='video/mp4'><Representation id='v1' width='640' height='360' bandwidth='1'><BaseURL>v1</BaseURL></Representation>\
    <Representation id='v2' width='1280' height='720' bandwidth='2'><BaseURL>v2</BaseURL></Representation></AdaptationSet></Period>";

#[test]
fn picture_and_sound_are_chosen() {
    let table = [
        ("best", "v2", Some("s3")),
        ("720p", "v2", Some("s3")),
        ("480p", "v1", Some("s3")),
        ("worst", "v1", Some("s2")),
        ("audio", "s3", None),
    ];
    for (quality, main, sound) in table {
        let read = tracks(FILM, quality).unwrap();
        assert_eq!(parts(&read.main), [main], "{quality}");
        assert_eq!(
            read.sound.as_ref().map(parts),
            sound.map(|sound| vec![sound.to_owned()]),
            "{quality}"
        );
    }
    assert_eq!(
        tracks(&one("<BaseURL>v</BaseURL>"), "audio")
            .unwrap_err()
            .kind,
        Kind::Unsupported
    );
}

#[test]
fn unsupported_manifests_are_refused_by_name() {
    let protected = |scheme: &str| {
        let inner = format!("<ContentProtection schemeIdUri='{scheme}'/><BaseURL>v</BaseURL>");
        tracks(&one(&inner), "best").unwrap_err().message
    };
    let widevine = protected("urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED");
    assert_eq!(
        widevine,
        "the stream is protected by Widevine (DRM), which is not supported"
    );
    assert!(protected("urn:mpeg:dash:mp4protection:2011").contains("common encryption"));
    let live = read(
        b"<MPD type='dynamic'><Period/></MPD>",
        &here(),
        &Want::default(),
    );
    assert_eq!(live.unwrap_err().kind, Kind::Unsupported);
    let template = |text: &str| one(&format!("<SegmentTemplate {text}/>"));
    let timeline = |text: &str| {
        one(&format!(
            "<SegmentTemplate media='$Time$'><SegmentTimeline>{text}</SegmentTimeline></SegmentTemplate>"
        ))
    };
    let table = [
        one("<BaseURL>file:///etc/passwd</BaseURL>"),
        one("<BaseURL>ftp://x.org/</BaseURL>"),
        one("<BaseURL>v</BaseURL><SegmentList><SegmentURL mediaRange='9-1'/></SegmentList>"),
        template("media='$Number%99999999999d$' duration='1'"),
        template("media='$Number%9d$' duration='1'"),
        template("media='$Number' duration='1'"),
        template("media='a$Number$' duration='0'"),
        template("media='a$Number$'"),
        template("duration='1'"),
        template("media='$Number$' duration='1' timescale='0'"),
        template("media='$Number$' duration='1' startNumber='18446744073709551615'"),
        template("media='$Number$' duration='1' timescale='1000000'"),
        timeline("<S t='0' d='0'/>"),
        timeline("<S t='18446744073709551615' d='2'/>"),
        timeline("<S t='0' d='1' r='4294967295'/>"),
        timeline("<S t='0' d='1' r='-1'/><S d='1'/>"),
        "<Period duration='P1X'/>".to_owned(),
        "<Period/>".to_owned(),
        format!("<Period>{}{}</Period>", "<a>".repeat(20), "</a>".repeat(20)),
    ];
    for text in table {
        let error = tracks(&text, "best").unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "{text}");
    }
    for text in ["", "<MPD>", "<html></html>", "</MPD>", "MPD"] {
        assert!(
            read(text.as_bytes(), &here(), &Want::default()).is_err(),
            "{text}"
        );
    }
}

/// Returns an adaptation set of video in this file, with these attributes and elements.
fn set(attributes: &str, inner: &str, file: &str) -> String {
    format!(
        "<AdaptationSet {attributes}>{inner}<Representation id='{file}' bandwidth='9' width='640' height='360'>\
         <BaseURL>{file}</BaseURL></Representation></AdaptationSet>"
    )
}

#[test]
fn trick_mode_and_essential_sets_are_not_chosen() {
    let film = set("mimeType='video/mp4'", "", "film");
    let essential = |scheme: &str| format!("<EssentialProperty schemeIdUri='{scheme}' value='1'/>");
    let trick = "http://dashif.org/guidelines/trickmode";
    let others = [
        set("mimeType='image/jpeg'", "", "x"),
        set("contentType='image'", "", "x"),
        set("mimeType='text/vtt'", "", "x"),
        set("mimeType='application/ttml+xml'", "", "x"),
        set("mimeType='video/mp4'", &essential(trick), "x"),
        set(
            "mimeType='video/mp4'",
            &essential("urn:mpeg:dash:srd:2014"),
            "x",
        ),
        set(
            "mimeType='video/mp4'",
            &essential(trick).replace("Essential", "Supplemental"),
            "x",
        ),
    ];
    for other in others {
        let text = format!("<Period>{other}{film}</Period>");
        // Otherwise, the first of equals would win.
        let read = tracks(&text, "best").unwrap();
        assert_eq!(
            (parts(&read.main), read.sound),
            (vec!["film".into()], None),
            "{other}"
        );
    }
    let coloured = set(
        "mimeType='video/mp4'",
        &essential("urn:mpeg:mpegB:cicp:TransferCharacteristics"),
        "film",
    );
    assert!(tracks(&format!("<Period>{coloured}</Period>"), "best").is_ok());
    let alone = set("mimeType='video/mp4'", &essential("urn:x:tiles"), "x");
    let error = tracks(&format!("<Period>{alone}</Period>"), "best").unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (
            Kind::Unsupported,
            "the stream needs `urn:x:tiles`, which is not supported"
        )
    );
}

#[test]
fn a_manifest_cannot_be_made_large() {
    let long = "b".repeat(16_000);
    let template = |media: &str, id: &str| {
        format!(
            "<Period><AdaptationSet contentType='video'><Representation id='{id}'><SegmentTemplate media='{media}' duration='1'/>\
             </Representation></AdaptationSet></Period>"
        )
    };
    let whole = one("<BaseURL>v</BaseURL>").repeat(10_000);
    let many = |count| {
        let all = "<Representation id='v'><BaseURL>v</BaseURL></Representation>".repeat(count);
        format!("<Period><AdaptationSet contentType='video'>{all}</AdaptationSet></Period>")
    };
    let attributes: String = (0..50).map(|n| format!(" a{n}=''")).collect();
    let table = [
        template(&"$RepresentationID$".repeat(5000), &"i".repeat(10_000)),
        template(&"$$".repeat(100_000), "i"),
        template("$Number$", &"i".repeat(100_000)),
        format!("<BaseURL>{long}/</BaseURL>{whole}"),
        many(1001),
        one(&format!("<a{attributes}/>").repeat(20_001)),
    ];
    for text in table {
        let error = tracks(&text, "best").unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "{}", &text[..200]);
    }
    assert!(tracks(&many(1000), "best").is_ok());
}

#[test]
fn each_period_starts_its_own_timeline() {
    let text = one("<SegmentList><SegmentURL media='v'/></SegmentList>").repeat(2);
    let read = tracks(&text, "best").unwrap();
    let breaks: Vec<bool> = read.main.segments.iter().map(|one| one.breaks).collect();
    assert_eq!(breaks, [false, true]);
}

#[test]
fn durations_are_read_as_xml_has_them() {
    let table = [
        ("PT6.0S", Some(6.0)),
        ("P0Y0M1DT2H3M4.5S", Some(93_784.5)),
        ("PT1H", Some(3600.0)),
        ("P1M", None),
        ("PT", Some(0.0)),
        ("6", None),
        ("PT-6S", None),
        ("PT6", None),
        ("PT1e5S", None),
        ("PT99999999999S", None),
    ];
    for (text, expected) in table {
        assert_eq!(seconds(text).ok(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_a_manifest_says_it_is_read_or_refused(
        values in prop::collection::vec("[0-9$%dNumberTi.:/-]{0,12}", 9),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let [a, b, c, d, e, f, g, h, i] = &values[..] else { unreachable!("there are nine") };
        let text = format!(
            "<Period duration='{a}'><AdaptationSet contentType='video'><Representation id='{b}' bandwidth='{c}'>\
             <SegmentTemplate media='{d}$Number$' initialization='{e}' timescale='{f}' duration='{g}'><SegmentTimeline><S t='{h}' d='{i}' r='{f}'/>\
             </SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period>"
        );
        if let Ok(tracks) = tracks(&text, "best") {
            for segment in &tracks.main.segments {
                prop_assert!(["http", "https"].contains(&segment.location.url.scheme()));
            }
        }
        let _ = read(&bytes, &here(), &Want::default());
    }
}
