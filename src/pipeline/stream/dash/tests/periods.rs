//! Periods, and how attributes apply within them.

use super::*;

#[test]
fn track_offsets_follow_the_first_period() {
    let timeline = "<SegmentTimeline><S t='500' d='50'/></SegmentTimeline>";
    let table = [
        (
            format!("<SegmentTemplate media='$Time$' timescale='10' presentationTimeOffset='500'>{timeline}</SegmentTemplate>"),
            50.0,
        ),
        (
            "<SegmentList presentationTimeOffset='7' timescale='2'><SegmentURL media='1'/></SegmentList>".into(),
            3.5,
        ),
        (
            "<BaseURL>v</BaseURL><SegmentBase presentationTimeOffset='90000' timescale='90000'/>".into(),
            1.0,
        ),
        ("<BaseURL>v</BaseURL>".into(), 0.0),
    ];
    for (inner, ahead) in table {
        let read = tracks(&one(&inner), "best").unwrap();
        assert_eq!(read.main.ahead, ahead, "{inner}");
    }
}

/// Returns periods of five seconds, with these representations.
fn periods(inner: &[&str]) -> String {
    let all = inner.iter().map(|inner| one(inner));
    let all: String = all.collect();
    all.replace("<Period>", "<Period duration='PT5S'>")
}

#[test]
fn periods_of_one_file_use_each_range_once() {
    let file = "<BaseURL>v.mp4</BaseURL><SegmentBase indexRange='0-9'/>";
    let cut = file.replace("indexRange", "presentationTimeOffset='5' indexRange");
    let read = tracks(&periods(&[file, &cut]), "best").unwrap();
    assert_eq!(parts(&read.main), ["v.mp4"]);
    let template = |offset: u64| {
        format!(
            "<SegmentTemplate media='$Number$' timescale='10' presentationTimeOffset='{offset}'>\
             <SegmentTimeline><S t='0' d='25' r='3'/></SegmentTimeline></SegmentTemplate>"
        )
    };
    let read = tracks(&periods(&[&template(0), &template(50)]), "best").unwrap();
    assert_eq!(parts(&read.main), ["1", "2", "3", "4"]);
    assert!(read.main.segments.iter().all(|one| !one.breaks));
    // A segment on both sides of a cut belongs to both.
    let cuts = periods(&[&template(0), &template(40)]).replace("'PT5S'", "'PT4S'");
    let read = tracks(&cuts, "best").unwrap();
    assert_eq!(parts(&read.main), ["1", "2", "3", "4"]);
    assert!(read.main.segments.iter().all(|one| !one.breaks));
    let short = periods(&[&template(0), &template(10), &template(20)]).replace("'PT5S'", "'PT1S'");
    assert_eq!(
        parts(&tracks(&short, "best").unwrap().main),
        ["1", "2", "3", "4"]
    );
    let read = tracks(&periods(&[&template(0), &template(0)]), "best").unwrap();
    let breaks: Vec<bool> = read.main.segments.iter().map(|one| one.breaks).collect();
    assert_eq!(breaks, [false, false, true, false, false, false]);
    // After the last one, there may be more than the manifest says.
    let read = tracks(&periods(&[&template(0)]), "best").unwrap();
    assert_eq!(read.main.segments.len(), 4);
}

#[test]
fn incompatible_periods_are_refused() {
    let refused = |text: &str| {
        let error = tracks(text, "best").unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported, "{text}");
        error
    };
    let (one_file, other) = ("<BaseURL>1.mp4</BaseURL>", "<BaseURL>2.mp4</BaseURL>");
    let error = refused(&periods(&[one_file, other]));
    assert!(
        error.message.contains("each a file of its own"),
        "{error:?}"
    );
    assert!(error.hint.unwrap().contains("/2.mp4"));
    let packets = periods(&[one_file, other]).replace("video/mp4", "video/mp2t");
    assert_eq!(
        parts(&tracks(&packets, "best").unwrap().main),
        ["1.mp4", "2.mp4"]
    );
    let sound = periods(&["<SegmentList><SegmentURL media='s'/></SegmentList>"]);
    let sound = sound.replace("video/mp4", "audio/mp4");
    let picture = periods(&["<SegmentList><SegmentURL media='v'/></SegmentList>"]);
    let error = refused(&format!("{picture}{sound}"));
    assert!(
        error
            .message
            .contains("some have a picture and others none"),
        "{error:?}"
    );
}

#[test]
fn remote_xlinks_are_refused_by_name() {
    let href = "xmlns:xlink='x' xlink:href";
    let film = one("<BaseURL>v</BaseURL>");
    let table = [
        (
            format!("{film}<Period {href}='https://x.org/p'/>"),
            "Period",
        ),
        (
            film.replace(
                "</Period>",
                &format!("<AdaptationSet {href}='s'/></Period>"),
            ),
            "AdaptationSet",
        ),
        (one(&format!("<SegmentList {href}='l'/>")), "SegmentList"),
    ];
    for (text, name) in table {
        let error = tracks(&text, "best").unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported, "{text}");
        let expected = format!("(`xlink:href` of `{name}`)");
        assert!(error.message.contains(&expected), "{error:?}");
    }
    // Some mark ignored elements this way.
    let nowhere = format!("<Period {href}='{NOWHERE}'/>{film}");
    assert_eq!(parts(&tracks(&nowhere, "best").unwrap().main), ["v"]);
}

#[test]
fn segments_are_found_wherever_they_are_named() {
    let outer = "<SegmentList><Initialization sourceURL='i'/><SegmentURL media='1'/><SegmentURL media='2'/></SegmentList>";
    let text = one("<SegmentList duration='5'/>")
        .replace("<Representation", &format!("{outer}<Representation"));
    assert_eq!(parts(&tracks(&text, "best").unwrap().main), ["i", "1", "2"]);
    let text = one(
        "<BaseURL>v.mp4</BaseURL><SegmentBase><Initialization sourceURL='i.mp4' range='0-9'/></SegmentBase>",
    );
    assert_eq!(
        parts(&tracks(&text, "best").unwrap().main),
        ["i.mp4 0-10", "v.mp4"]
    );
    let text = text.replace("i.mp4", "v.mp4");
    assert_eq!(parts(&tracks(&text, "best").unwrap().main), ["v.mp4"]);
}

#[test]
fn manifests_without_segments_are_refused() {
    let table = [
        (one("<SegmentList duration='5'/>"), Kind::Missing),
        (
            periods(&[
                "<SegmentTemplate media='$Number$' duration='5'/>",
                "<SegmentList duration='5'/>",
            ]),
            Kind::Missing,
        ),
        (
            one("<SegmentTemplate media='v' duration='5'/>"),
            Kind::Corrupt,
        ),
        (
            one("<SegmentTemplate media='$Bandwidth$' duration='5'/>"),
            Kind::Corrupt,
        ),
    ];
    for (text, kind) in table {
        assert_eq!(tracks(&text, "best").unwrap_err().kind, kind, "{text}");
    }
    let alone = one("<SegmentTemplate media='v' duration='10'/>");
    assert_eq!(parts(&tracks(&alone, "best").unwrap().main), ["v"]);
}

#[test]
fn renditions_are_classified_by_codecs() {
    let set = |codecs: &str, file: &str| {
        format!(
            "<AdaptationSet><Representation codecs='{codecs}'><BaseURL>{file}</BaseURL></Representation></AdaptationSet>"
        )
    };
    let text = format!(
        "<Period>{}{}</Period>",
        set("mp4a.40.2", "s"),
        set("avc1.64001f", "v")
    );
    let read = tracks(&text, "best").unwrap();
    assert_eq!(
        (parts(&read.main), read.sound.as_ref().map(parts)),
        (vec!["v".into()], Some(vec!["s".into()]))
    );
}
