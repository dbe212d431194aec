//! Streams whose parts wait for one another: whatever holds one up, the next in order can always go on.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::{encrypted, list, playlist, quick, segment};
use crate::support::{Reply, Site};

#[test]
fn keys_are_requested_even_with_one_connection() {
    let site = Site::start();
    let keys = [*b"0123456789abcdef", *b"fedcba9876543210"];
    let lines: String = (0..4)
        .map(|n| format!("#EXT-X-KEY:METHOD=AES-128,URI=\"key{n}\",IV=0x1\n#EXTINF:4,\n{n}.ts\n"))
        .collect();
    site.on("/cats.m3u8", playlist(&format!("{lines}#EXT-X-ENDLIST\n")));
    let iv = 1u128.to_be_bytes();
    let mut whole = Vec::new();
    for n in 0..4usize {
        let plain = segment(n as u64, 30);
        let key = &keys[n % 2];
        site.on(&format!("/key{n}"), Reply::file(*key));
        site.on(&format!("/{n}.ts"), Reply::file(encrypted(&plain, key, iv)));
        whole.extend(plain);
    }
    let fetch = quick().args(["-N", "1"]).arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
}

/// As many segments as are asked for before the memory for those ahead is full, however few come at once.
const ASKED: usize = 27;

#[test]
fn a_truncated_segment_is_resumed_although_the_buffer_is_full() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(40)));
    let full = Arc::new((Mutex::new(false), Condvar::new()));
    let mut whole = Vec::new();
    for n in 0..40 {
        // Of these, 22 fill the memory.
        let bytes = segment(n as u64, 16_000);
        let path = format!("/{n}.ts");
        let (reply, full) = (Reply::file(bytes.clone()), full.clone());
        match n {
            0 => {
                let broken = Reply::with(move |_| {
                    let (is_full, changed) = &*full;
                    let is_full = is_full.lock().unwrap();
                    let patience = Duration::from_secs(30);
                    let waited = changed.wait_timeout_while(is_full, patience, |full| !*full);
                    assert!(*waited.unwrap().0, "the memory never filled");
                    Reply::raw("")
                });
                site.on(&path, broken).once();
                site.on(&path, reply);
            }
            ASKED => {
                let seen = Reply::with(move |_| {
                    *full.0.lock().unwrap() = true;
                    full.1.notify_all();
                    reply.clone()
                });
                site.on(&path, seen);
            }
            _ => drop(site.on(&path, reply)),
        }
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
}
