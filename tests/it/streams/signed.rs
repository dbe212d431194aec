//! Streams whose URLs are signed: each playlist names the same segments differently.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{list, playlist, quick, segment, wait_for_state};
use crate::support::{Reply, Site};

/// Makes the URL of a segment from the number of the playlist and the segment's name.
type Sign = fn(usize, &str) -> String;

const COUNT: usize = 20;
/// A segment of 37.6 kB.
const PACKETS: usize = 200;

/// A stream whose segments have another URL in each playlist. The response for one of them stalls the first time.
fn signed(sign: Sign) -> Site {
    let site = Site::start();
    let lists = AtomicUsize::new(0);
    site.on(
        "/cats.m3u8",
        Reply::with(move |_| {
            let number = lists.fetch_add(1, Ordering::Relaxed);
            let lines = list(COUNT)
                .lines()
                .map(|line| match line.strip_suffix(".ts") {
                    Some(n) => sign(number, n) + "\n",
                    None => format!("{line}\n"),
                })
                .collect::<String>();
            playlist(&lines)
        }),
    );
    let stalls = AtomicUsize::new(1);
    site.on(
        "/*",
        Reply::with(move |seen| {
            let n = number(&seen.target);
            let reply = Reply::file(segment(n, PACKETS));
            match n == 10 && stalls.swap(0, Ordering::Relaxed) == 1 {
                true => reply.stall_after(1000),
                false => reply,
            }
        }),
    );
    site
}

/// Kills a run at the stall, runs again, and returns the bytes of the file, and the segments that were requested then.
fn killed_and_resumed(site: &Site) -> (Vec<u8>, Vec<u64>) {
    let fetch = quick().arg(site.url("/cats.m3u8"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    wait_for_state(&fetch, &running, |state| state["count"] == 10);
    running.kill9();
    site.forget();
    fetch.run().success();
    (fetch.files()["cats.ts"].clone(), requested(site))
}

/// The number of the segment that is requested: the digits that end in `-`.
fn number(target: &str) -> u64 {
    let end = target.find("-.").expect("a segment");
    let digits = target[..end].rsplit(|c: char| !c.is_ascii_digit());
    digits.map(|digits| digits.parse().unwrap()).next().unwrap()
}

fn requested(site: &Site) -> Vec<u64> {
    let requests = site.requests();
    let segments = requests.iter().filter(|seen| seen.target.contains("-."));
    let mut numbers: Vec<u64> = segments.map(|seen| number(&seen.target)).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_stream_with_signed_urls_is_resumed() {
    let signs: [(Sign, bool); 3] = [
        (
            |list, n| format!("/files/{n}-.ts?Expires={list}&rate=1"),
            true,
        ),
        (|list, n| format!("/{list}0/files/{n}-.ts"), true),
        // Nothing but what may be a signature tells these apart.
        (|list, n| format!("/segment?v={list}&of={n}-.ts"), false),
    ];
    for (sign, resumes) in signs {
        let site = signed(sign);
        let (bytes, requested) = killed_and_resumed(&site);
        let whole: Vec<u8> = (0..COUNT as u64)
            .flat_map(|n| segment(n, PACKETS))
            .collect();
        assert!(bytes == whole);
        match resumes {
            true => assert_eq!(requested[..2], [9, 10], "{requested:?}"),
            false => assert_eq!(requested.len(), COUNT, "{requested:?}"),
        }
    }
}

#[test]
fn a_stream_with_another_segment_starts_over() {
    let site = signed(|list, n| match n {
        // The first run reads the playlist three times.
        "0" if list >= 3 => format!("/files/1000-.ts?Expires={list}"),
        n => format!("/files/{n}-.ts?Expires={list}"),
    });
    let (bytes, requested) = killed_and_resumed(&site);
    let numbers = std::iter::once(1000).chain(1..COUNT as u64);
    let whole: Vec<u8> = numbers.flat_map(|n| segment(n, PACKETS)).collect();
    assert!(bytes == whole);
    assert_eq!(requested.len(), COUNT);
}
