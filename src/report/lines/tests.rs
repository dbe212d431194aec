use super::*;
use crate::model::Kind;
use crate::report::summary::tests::{ended, failure, found, listed, saved, skipped};

fn report(verbosity: Verbosity) -> String {
    let warned = Outcome::Saved {
        path: "b.jpg".into(),
        size: 7,
        warning: Some("the listing said 9 bytes".into()),
    };
    let events = [
        found(1),
        Event::Began {
            id: 1,
            total: Some(2000),
            have: 500,
        },
        Event::Waiting {
            id: None,
            host: "imgur.com".into(),
            millis: 11_500,
            reason: "it asked us to".into(),
        },
        Event::Moved { id: 1, bytes: 900 },
        ended(1, saved(2000)),
        found(2),
        ended(2, warned),
        found(3),
        ended(3, skipped(Skip::Present)),
        found(4),
        ended(4, Outcome::Failed(failure(Kind::Missing, "removed"))),
        listed("https://imgur.com/a/x", None),
        listed("https://x.org/", Some(failure(Kind::Network, "no answer"))),
        Event::Complete,
    ];
    let mut lines = Lines::new(Vec::new(), verbosity, false);
    let mut summary = Summary::default();
    for event in &events {
        let item = summary.take(event);
        lines.event(event, item.as_ref(), &summary).unwrap();
    }
    lines.notice("finishing 0 files").unwrap();
    String::from_utf8(lines.out).unwrap()
}

#[test]
fn says_as_much_as_it_is_asked_to() {
    assert_eq!(report(Verbosity::Quiet), "finishing 0 files\n");
    let normal = "\
`imgur.com` waits 12 s: it asked us to
saved `imgur/album/01 Title 1.jpg`, 2.0 kB
saved `b.jpg`; warning: the listing said 9 bytes
failed: `imgur:key4` (missing)
failed: `https://x.org/` (network)
finishing 0 files
";
    assert_eq!(report(Verbosity::Normal), normal);
    let verbose = "\
found `imgur/album/01 Title 1.jpg`
fetching `imgur/album/01 Title 1.jpg`, 2.0 kB, of which 500 B are already there
`imgur.com` waits 12 s: it asked us to
saved `imgur/album/01 Title 1.jpg`, 2.0 kB
found `imgur/album/02 Title 2.jpg`
saved `b.jpg`; warning: the listing said 9 bytes
found `imgur/album/03 Title 3.jpg`
had `imgur/album/01 Title 1.jpg`
found `imgur/album/04 Title 4.jpg`
failed: `imgur:key4` (missing)
listed `https://imgur.com/a/x`: 0
failed: `https://x.org/` (network)
finishing 0 files
";
    assert_eq!(report(Verbosity::Verbose), verbose);
}

#[test]
fn says_why_at_once_where_the_summary_will_not() {
    let missing = failure(Kind::Missing, "removed");
    let table = [
        ("imgur:a", true, "failed: `imgur:a` (missing)"),
        ("imgur:a", false, "failed: `imgur:a` removed"),
        ("removed", true, "failed: removed"),
        ("", false, "failed: removed"),
    ];
    for (name, is_kept, expected) in table {
        assert_eq!(failed(name, &missing, is_kept), expected, "{name}");
    }
}

#[test]
fn says_every_ten_seconds_how_far_a_long_run_is() {
    let mut lines = Lines::new(Vec::new(), Verbosity::Normal, false);
    let mut summary = Summary::default();
    summary.take(&found(1));
    for second in 0..=21 {
        let bytes = second * 1_000_000;
        summary.take(&Event::Moved { id: 1, bytes });
        lines
            .progress(Duration::from_secs(second), &summary)
            .unwrap();
    }
    assert_eq!(
        String::from_utf8(lines.out).unwrap(),
        "0 of 1+ files, 10.0 MB, 1.0 MB/s\n0 of 1+ files, 20.0 MB, 1.0 MB/s\n"
    );
}

#[test]
fn what_is_wrong_with_files_that_are_there_is_told_among_bars() {
    let mut summary = Summary::default();
    let event = ended(
        1,
        Outcome::Skipped {
            reason: Skip::Adopted,
            path: "a.jpg".into(),
            warning: Some("the listing said 9 bytes".into()),
        },
    );
    summary.take(&found(1));
    let item = summary.take(&event);
    let text = line(&event, item.as_ref(), &summary, Detail::Failures);
    let expected = "adopted `a.jpg`; warning: the listing said 9 bytes";
    assert_eq!(text.as_deref(), Some(expected));
}
