//! New segments in a list, and how known ones are recognised.

use super::*;

fn segment(number: u64, url: &Url) -> Segment {
    Segment {
        number,
        span: 1,
        location: ByteLocation {
            url: url.clone(),
            range: None,
        },
        cipher: None,
        map: None,
        gap: false,
        breaks: number == 0 || number == 7,
        duration: std::time::Duration::ZERO,
    }
}

#[test]
fn new_segments_are_added_and_missed_ones_counted() {
    let url = Url::parse("https://x.org/a.ts").unwrap();
    let list = |numbers: &[u64]| numbers.iter().map(|n| segment(*n, &url)).collect();
    let mut parts = Parts::default();
    assert!(parts.add(list(&[0, 1, 2])));
    assert!(!parts.add(list(&[0, 1, 2])));
    assert!(parts.add(list(&[2, 3, 7])));
    assert_eq!((parts.len(), parts.lost, parts.breaks), (5, 3, 1));
    // If a site lies about its numbers, nothing overflows.
    assert!(parts.add(list(&[u64::MAX - 1, u64::MAX])));
    assert!(!parts.add(list(&[3, u64::MAX])));
    assert!(parts.lost > u64::MAX / 2 && !parts.full);
}

#[test]
fn numbers_that_are_times_may_be_rounded() {
    let url = Url::parse("https://x.org/a.ts").unwrap();
    let list = |times: &[u64]| -> Vec<Segment> {
        let one = |time: &u64| Segment {
            span: 2_000_000,
            ..segment(*time, &url)
        };
        times.iter().map(one).collect()
    };
    let mut parts = Parts::default();
    assert!(parts.add(list(&[4_000_000, 6_000_001])));
    assert!(!parts.add(list(&[4_000_001, 5_999_999])));
    assert!(parts.add(list(&[6_000_000, 7_999_999, 10_000_002])));
    assert_eq!((parts.len(), parts.lost), (4, 0));
    assert!(parts.add(list(&[16_000_000])));
    assert_eq!(parts.lost, 2);
}

#[test]
fn a_track_that_is_one_file_is_divided_if_it_is_large() {
    let url = Url::parse("https://x.org/a.mp4").unwrap();
    let pieces = |total| {
        let mut parts = Parts::default();
        parts.add(vec![segment(0, &url)]);
        parts.divide(total);
        parts.list
    };
    let ranges: Vec<_> = pieces(9 << 20)
        .iter()
        .map(|part| part.location.range)
        .collect();
    let (first, second) = (4 << 20, 8 << 20);
    let expected = [(0, first), (first, second), (second, 9 << 20)];
    assert_eq!(ranges, expected.map(Some));
    for total in [0, 1000, u64::MAX] {
        assert_eq!(pieces(total).len(), 1, "{total}");
    }
}

#[test]
fn renewed_urls_are_matched_by_sequence_number() {
    let url = |text: &str| Url::parse(&format!("https://x.org/{text}")).unwrap();
    let list = |numbers: &[u64], token: &str| -> Vec<Segment> {
        let map = Map {
            location: ByteLocation {
                url: url(&format!("map{token}")),
                range: None,
            },
            cipher: None,
        };
        let map = Some(Arc::new(map));
        let named = |n: &u64| segment(*n, &url(&format!("{n}{token}")));
        let with_map = |n| Segment {
            map: map.clone(),
            ..named(n)
        };
        numbers.iter().map(with_map).collect()
    };
    let names = |parts: &Parts| -> Vec<String> {
        let urls = parts.list.iter().map(|part| &part.location.url);
        urls.map(|url| url.as_str()[14..].to_owned()).collect()
    };
    let mut parts = Parts::default();
    parts.add(list(&[3, 4, 5], "?a"));
    parts.renew(&list(&[4, 5, 6], "?b"));
    assert_eq!(names(&parts), ["map?a", "3?a", "4?b", "5?b"]);
    parts.renew(&list(&[3], "?c"));
    assert_eq!(names(&parts), ["map?c", "3?c", "4?b", "5?b"]);
    // Another range, or another way to decrypt it, makes another segment.
    let mut other = list(&[4, 5], "?d");
    other[0].location.range = Some((0, 5));
    other[1].cipher = Some(Cipher {
        key: Arc::new(url("k")),
        iv: [1; 16],
    });
    parts.renew(&other);
    assert_eq!(names(&parts), ["map?c", "3?c", "4?b", "5?b"]);
    let mut pieces = Parts::default();
    pieces.add(vec![segment(0, &url("film?a"))]);
    pieces.divide(9 << 20);
    let moved = pieces.renew(&[segment(0, &url("film?b"))]);
    assert_eq!(moved, [(url("film?a"), url("film?b"))]);
    assert_eq!(names(&pieces), ["film?b"; 3]);
    assert_eq!(pieces.list[1].location.range, Some((4 << 20, 8 << 20)));
    // A track with an initialization is not divided: the whole of a file is not one of its ranges.
    let mut ranges = list(&[0], "?a");
    ranges[0].location.range = Some((0, 5));
    let mut parts = Parts::default();
    parts.add(ranges);
    parts.renew(&list(&[0], "?b"));
    assert_eq!(names(&parts), ["map?b", "0?a"]);
}

#[test]
fn a_live_stream_cannot_fill_the_memory() {
    let url = Url::parse(&format!("https://x.org/{}", "a".repeat(16_000))).unwrap();
    let mut parts = Parts::default();
    for list in 0..30 {
        let numbers = list * 1000..(list + 1) * 1000;
        parts.add(numbers.map(|n| segment(n, &url)).collect());
    }
    assert!(parts.full);
    let bytes: usize = parts
        .list
        .iter()
        .map(|part| part.location.url.as_str().len())
        .sum();
    assert!(bytes < MAX_MEMORY, "{bytes}");
}

#[test]
fn a_possibly_truncated_last_line_counts_once_repeated() {
    let url = |n: u64| Url::parse(&format!("https://x.org/{n}.ts")).unwrap();
    let list = |numbers: &[u64]| numbers.iter().map(|n| segment(*n, &url(*n))).collect();
    let mut parts = Parts::default();
    assert!(parts.add_listed(list(&[1, 2]), true));
    assert_eq!(parts.len(), 1);
    assert!(parts.add_listed(list(&[1, 2]), true));
    assert_eq!(parts.len(), 2);
    assert!(!parts.add_listed(list(&[2, 3]), true));
    assert!(parts.add_listed(list(&[2, 3, 4]), true));
    assert_eq!(parts.len(), 3);
    assert!(parts.add_listed(list(&[4]), false));
    assert_eq!(parts.len(), 4);
}

#[test]
fn restarted_sequence_numbers_continue_the_count() {
    let list = |numbers: std::ops::Range<u64>, name: &str| -> Vec<Segment> {
        let url = |n| Url::parse(&format!("https://x.org/{name}{n}.ts?token={n}")).unwrap();
        numbers.map(|n| segment(n, &url(n))).collect()
    };
    let mut parts = Parts::default();
    assert!(parts.add(list(100..104, "a")));
    // A single list may be outdated, and one with known segments is.
    for _ in 0..5 {
        assert!(!parts.add(list(10..13, "b")) && !parts.add(list(10..13, "b")));
        assert!(!parts.add(list(101..104, "a")));
    }
    assert!(
        parts.add(list(10..13, "b"))
            || parts.add(list(10..13, "b"))
            || parts.add(list(10..13, "b"))
    );
    assert_eq!(
        (parts.len(), parts.lost, parts.restarts, parts.breaks),
        (7, 0, 1, 1)
    );
    assert!(parts.add(list(11..14, "b")));
    // A machine that still has the old ones changes nothing.
    assert!(!parts.add(list(102..106, "a")));
    assert!(parts.add(list(14..16, "b")));
    assert_eq!((parts.len(), parts.lost), (10, 0));
    // However often it comes, what is known restarts nothing.
    let mut parts = Parts::default();
    parts.add(list(0..3, "a"));
    parts.add(list(3..9, "a"));
    for _ in 0..9 {
        assert!(!parts.add(list(0..2, "a")));
    }
    assert_eq!(parts.len(), 9);
}

#[test]
fn a_period_may_begin_within_the_last_segment_of_the_one_before() {
    let url = Url::parse("https://x.org/a.ts").unwrap();
    let list = |times: &[(u64, u64, bool)]| -> Vec<Segment> {
        let one = |(time, span, breaks): &(u64, u64, bool)| Segment {
            span: *span,
            breaks: *breaks,
            ..segment(*time, &url)
        };
        times.iter().map(one).collect()
    };
    let (a, b) = ((10, 4, false), (11, 1, true));
    let mut parts = Parts::default();
    assert!(parts.add(list(&[a, b])));
    assert_eq!(parts.len(), 1, "numbers that are no times do not overlap");
    let (a, b, c) = ((1000, 400, false), (1100, 100, true), (1200, 100, false));
    let mut parts = Parts::default();
    assert!(parts.add(list(&[a, b])));
    assert!(!parts.add(list(&[a, b])));
    assert!(parts.add(list(&[a, b, c])));
    assert!(!parts.add(list(&[c])) && !parts.add(list(&[a, b, c])));
    assert_eq!((parts.len(), parts.lost, parts.breaks), (3, 0, 1));
}

#[test]
fn subtitles_share_their_room() {
    let url = Url::parse(&format!("https://x.org/{}", "a".repeat(16_000))).unwrap();
    let mut parts = Parts::among(200);
    parts.add((0..1000).map(|n| segment(n, &url)).collect());
    assert!(parts.full && parts.len() < 100, "{}", parts.len());
}
