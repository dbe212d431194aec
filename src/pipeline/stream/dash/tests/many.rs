//! Large numbers of subtitles.

use super::*;
use crate::pipeline::stream::caption::CaptionLocation;

#[test]
fn all_subtitles_have_room_for_so_many_segments_together() {
    let set = |mime: &str, name: &str| {
        format!(
            "<AdaptationSet mimeType='{mime}' lang='{name}'><SegmentTemplate duration='1' media='{name}$Number$'/>\
             <Representation id='v' bandwidth='9'/></AdaptationSet>"
        )
    };
    let texts: String = ["aa", "bb", "cc"]
        .map(|name| set("text/vtt", name))
        .concat();
    let text = format!(
        "<MPD mediaPresentationDuration='PT150000S'><Period>{}{texts}</Period></MPD>",
        set("video/mp2t", "film")
    );
    let want = Want {
        subtitles: Subtitles::All,
        ..Want::default()
    };
    let tracks = read(text.as_bytes(), &here(), &want).unwrap();
    assert_eq!(tracks.main.segments.len(), 150_000);
    let ats: Vec<_> = tracks.captions.into_iter().map(|one| one.at).collect();
    let [
        CaptionLocation::Segments(first),
        CaptionLocation::Not(why),
        CaptionLocation::Not(_),
    ] = &ats[..]
    else {
        panic!("{}", ats.len());
    };
    assert_eq!(first.segments.len(), 150_000);
    assert!(why.contains("together"), "{why}");
}
