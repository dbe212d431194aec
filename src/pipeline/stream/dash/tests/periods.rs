//! What parts of a manifest come to: periods, and what holds in them.

use super::*;

#[test]
fn the_times_of_a_track_are_ahead_as_its_first_period_says() {
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
