//! Live recordings on a disk that fills up: what was recorded cannot be downloaded again.

#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::live::window;
use super::{quick, segment};
use crate::hard::order::can_watch;
use crate::support::command::{Done, Fetch};
use crate::support::{Reply, Site, skip, works};

/// A live stream that grows by a segment with each request of its playlist: its URL, and the bytes of 30 segments.
fn growing(site: &Site, packets: usize) -> (String, Vec<u8>) {
    let lists = AtomicUsize::new(0);
    let list = move |_: &_| window(0, 2 + lists.fetch_add(1, Ordering::Relaxed), "");
    site.on("/cats.m3u8", Reply::with(list));
    let mut whole = Vec::new();
    for n in 0..30 {
        let bytes = segment(n, packets);
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()))
            .optional();
        whole.extend(bytes);
    }
    (site.url("/cats.m3u8"), whole)
}

/// Checks that a start of this is what was kept.
fn assert_start_is_kept(fetch: &Fetch, whole: &[u8], done: &Done) {
    let files = fetch.files();
    let kept = files.get("cats.interrupted.ts").expect(&done.stderr);
    assert!(!kept.is_empty() && whole.starts_with(kept));
    let said = "what was recorded of it is in `cats.interrupted.ts`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn a_live_recording_is_named_when_a_write_fails() {
    if !can_watch() {
        return;
    }
    for (nth, is_kept) in [(1, false), (60, true)] {
        let site = Site::start();
        let (link, whole) = growing(&site, 2_000);
        let fetch = quick().arg("--no-archive").arg(link);
        let inject = format!("inject=pwrite64:error=ENOSPC:when={nth}+");
        let watched = ["strace", "-f", "-o", "/dev/null", "-e", &inject];
        let done = fetch.clone().through(watched).run().fails(8);
        match is_kept {
            true => assert_start_is_kept(&fetch, &whole, &done),
            false => assert_eq!(fetch.tree(), "", "{}", done.stderr),
        }
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

#[test]
fn a_live_recording_is_named_when_its_disk_is_nearly_full() {
    if !works("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) {
        return skip("a small file system cannot be mounted");
    }
    let site = Site::start();
    let (link, whole) = growing(&site, 20_000);
    let script = "mount -t tmpfs -o size=40m,mode=755 tmpfs . || exit 77; cd \"$PWD\"; \"$@\"; code=$?; \
        ls -A >&2; cp *.ts ../home; exit $code";
    let fetch = quick()
        .through(["unshare", "-m", "sh", "-c", script, "sh"])
        .arg(link);
    let done = fetch.run().fails(8);
    assert!(
        done.stderr.ends_with("\ncats.interrupted.ts\n"),
        "{}",
        done.stderr
    );
    let kept = std::fs::read(fetch.root().join("home/cats.interrupted.ts")).unwrap();
    assert!(kept.len() > 5_000_000 && whole.starts_with(&kept));
}
