//! Going on with what is there, when the server does not know ranges as the RFC does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use super::{huge, large, quick};
use crate::support::command::Fetch;
use crate::support::media::{Format, noise, sized};
use crate::support::{Reply, Request, Site, skip};

pub(super) fn start_of(seen: &Request) -> Option<u64> {
    let range = seen.header("range")?.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

/// What a machine says of a file that others have, too: the same date, and an ETag of its own.
fn machine(etag: &str) -> Reply {
    Reply::file(large())
        .etag(etag)
        .header("Last-Modified", "Fri, 14 Jul 2017 02:40:00 GMT")
}

#[test]
fn a_multipart_range_response_is_not_saved_as_the_file() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.clone().cut_after(2_000_000))
        .once();
    let parts =
        "--x\r\nContent-Type: image/jpeg\r\nContent-Range: bytes 0-4/5\r\n\r\nhello\r\n--x--\r\n";
    site.on(
        "/cat.jpg",
        Reply::text(parts)
            .status(206)
            .content_type("multipart/byteranges; boundary=x"),
    )
    .once();
    site.on("/cat.jpg", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert_eq!(site.requests()[2].header("range"), None);
}

#[test]
fn a_server_that_supports_ranges_only_sometimes_is_handled() {
    let site = Site::start();
    let asked = AtomicUsize::new(0);
    site.on(
        "/cat.jpg",
        Reply::with(move |_| {
            let good = Reply::file(large()).etag("\"a\"");
            match asked.fetch_add(1, Ordering::SeqCst) {
                1 => good.no_ranges().cut_after(2_000_000),
                _ => good.cut_after(900_000),
            }
        }),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
}

#[test]
fn a_body_missing_only_its_last_chunk_is_verified_and_kept() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.clone().chunked_without_end())
        .once();
    site.on("/cat.jpg", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let start = start_of(&site.requests()[1]).expect("a range");
    assert!(start > 2_000_000 && start < large().len() as u64, "{start}");
}

#[test]
fn a_416_starts_over_whatever_its_content_range() {
    for range in [None, Some("bytes */3145728"), Some("bytes */7"), Some("x")] {
        let site = Site::start();
        let good = Reply::file(large()).etag("\"a\"");
        site.on("/cat.jpg", good.clone().cut_after(2_000_000))
            .once();
        let refusal = Reply::text("no such range").status(416);
        let refusal = match range {
            Some(range) => refusal.header("Content-Range", range),
            None => refusal,
        };
        site.on("/cat.jpg", refusal).once();
        site.on("/cat.jpg", good);
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == large(), "{range:?}");
        assert_eq!(site.requests()[2].header("range"), None, "{range:?}");
    }
}

#[test]
fn an_empty_partial_file_is_not_resumed() {
    let site = Site::start();
    site.on("/f.txt", Reply::file("hello").cut_after(0)).once();
    site.on("/f.txt", Reply::file(""));
    let fetch = quick().arg(site.url("/f.txt"));
    fetch.run().success();
    assert_eq!(fetch.tree(), "f.txt 0\n");
    assert_eq!(site.requests()[1].header("range"), None);
}

#[test]
fn accept_ranges_none_is_respected() {
    let site = Site::start();
    let none = Reply::file(large())
        .no_ranges()
        .etag("\"a\"")
        .header("Accept-Ranges", "none");
    site.on("/cat.jpg", none.clone().cut_after(2_000_000))
        .once();
    site.on("/cat.jpg", none);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let range = site.requests()[1].header("range").map(str::to_owned);
    assert_eq!(range, None, "a range was asked for");
}

#[test]
fn a_body_of_unknown_length_is_resumed_if_its_bytes_agree() {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"").chunked();
    site.on("/cat.jpg", good.clone().cut_after(2_000_000))
        .once();
    site.on("/cat.jpg", good);
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert!(start_of(&site.requests()[1]).is_some());
}

#[test]
fn etags_differing_between_machines_do_not_prevent_a_resume() {
    let site = Site::start();
    let of = |etag: &str| machine(etag).ignore_if_range();
    site.on("/cat.jpg", of("\"one\"").cut_after(2_000_000))
        .once();
    site.on("/cat.jpg", of("\"two\""));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert_eq!(site.requests().len(), 2, "it did not start over");
}

#[test]
fn if_range_is_dropped_if_only_the_etag_differs_between_machines() {
    let site = Site::start();
    site.on("/cat.jpg", machine("\"one\"").cut_after(2_000_000))
        .once();
    site.on("/cat.jpg", machine("\"two\""));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    let requests = site.requests();
    let last = &requests[requests.len() - 1];
    assert_eq!(last.header("if-range"), None, "it started over");
    assert!(last.header("range").is_some(), "it started over");
}

#[test]
fn a_partial_file_without_a_state_is_not_resumed() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().stall_after(6_000_000))
        .once();
    site.on("/cat.png", good);
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.kill9();
    let part = fetch
        .partials()
        .into_iter()
        .find(|name| name.ends_with(".part"))
        .expect("a partial file");
    std::fs::remove_file(fetch.out().join(format!("{part}.json"))).ok();
    std::fs::write(fetch.out().join(part), noise(12 << 20, 9)).unwrap();
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert_eq!(site.requests()[1].header("range"), None);
}

#[test]
fn a_host_with_an_etag_for_each_machine_is_remembered() {
    let site = Site::start();
    // The second file waits until the first is there.
    let (saved, is_saved) = channel::<()>();
    let is_saved = Mutex::new(is_saved);
    site.on("/1.jpg", machine("\"one\"").cut_after(2_000_000))
        .once();
    site.on("/1.jpg", machine("\"two\""));
    let late = move |_: &Request| {
        let _ = is_saved.lock().unwrap().recv();
        machine("\"one\"").cut_after(2_000_000)
    };
    site.on("/2.jpg", Reply::with(late)).once();
    site.on("/2.jpg", machine("\"two\""));
    let fetch = quick().arg(site.url("/1.jpg")).arg(site.url("/2.jpg"));
    let running = fetch.spawn();
    running.wait_for_stderr("saved `1.jpg`");
    drop(saved);
    running.wait().success();
    assert!(fetch.files().into_values().all(|bytes| bytes == large()));
    let asked = |path: &str| {
        let requests = site.requests().into_iter();
        let asked = requests.filter(|seen| seen.target == path);
        asked
            .map(|seen| seen.header("if-range").is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(asked("/1.jpg"), [false, true, false]);
    assert_eq!(asked("/2.jpg"), [false, false]);
}

#[test]
fn a_file_that_differs_between_machines_is_taken_from_one() {
    let one = Site::start();
    let port = one.port();
    let two = SocketAddr::from(([127, 0, 0, 2], port));
    let Ok(two) = Site::start_at(two) else {
        return skip("this machine has one address for itself");
    };
    let of = |seed| Reply::file(sized(Format::Png, 9 << 20, seed)).etag("\"same\"");
    let (first, second) = (of(1), of(2));
    // The first run gets half of what the first machine has.
    one.on("/cat.png", first.clone().cut_after(5 << 20));
    // Whoever is silent for long is not stayed with, so nobody may seem to be.
    let fetch = Fetch::new()
        .config("[net]\nbackoff = \"5ms\"\n")
        .arg("--resolve")
        .arg(format!("cat.test:{port}:127.0.0.1,127.0.0.2"))
        .arg(format!("http://cat.test:{port}/cat.png"));
    fetch.clone().args(["-R", "0"]).run().fails(4);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    drop(one);
    // Then the second machine is alone, and has something else. As soon as that is begun anew, the first one is back, and it
    // is the one that would be asked first.
    let back = Arc::new(Mutex::new(None));
    let slot = back.clone();
    let reply = move |seen: &Request| {
        let mut back = slot.lock().unwrap();
        if seen.header("range").is_some() || back.is_some() {
            return second.clone();
        }
        let one = Site::start_at(address).unwrap();
        one.on("/cat.png", first.clone()).optional();
        *back = Some(one);
        second.clone().cut_after(5 << 20)
    };
    two.on("/cat.png", Reply::with(reply));
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == sized(Format::Png, 9 << 20, 2));
    let one = back.lock().unwrap().take().unwrap();
    assert_eq!(one.requests().len(), 0, "it stayed where it began");
}

#[test]
fn a_constant_last_modified_does_not_override_an_etag() {
    let mut other = large();
    other[1_000_000..1_000_100].fill(7);
    let dates = [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 01 Jan 1980 00:00:00 GMT",
    ];
    for date in dates {
        let of = |bytes: Vec<u8>, etag: &str| {
            let reply = Reply::file(bytes).etag(etag);
            reply.header("Last-Modified", date)
        };
        for knows_if_range in [true, false] {
            let site = Site::start();
            let old = of(large(), "\"a\"").cut_after(2_000_000);
            site.on("/cat.jpg", old).once();
            let new = of(other.clone(), "\"b\"");
            site.on(
                "/cat.jpg",
                if knows_if_range {
                    new
                } else {
                    new.ignore_if_range()
                },
            );
            let fetch = quick().arg(site.url("/cat.jpg"));
            fetch.run().success();
            assert!(fetch.files()["cat.jpg"] == other, "{date} {knows_if_range}");
        }
    }
}

#[test]
fn a_206_of_the_whole_file_is_the_whole_file() {
    let site = Site::start();
    let all = Reply::file(large()).status(206);
    let range = format!("bytes 0-{}/{}", large().len() - 1, large().len());
    site.on("/cat.jpg", all.header("Content-Range", range));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
}

#[test]
fn a_page_in_place_of_the_rest_is_not_read_for_media() {
    let site = Site::start();
    let good = Reply::file(huge())
        .etag("\"a\"")
        .content_type("application/octet-stream");
    site.on("/get", good.clone().cut_after(6_000_000)).once();
    let login = "<!doctype html><title>Sign in</title><img src=/big.jpg width=900 height=900>";
    site.on("/get", Reply::html(login)).once();
    site.on("/get", good);
    let fetch = quick().arg(site.url("/get"));
    let done = fetch.run().fails(7);
    assert!(
        done.stderr.contains("in place of the rest"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.partials().len(), 2, "{:?}", fetch.partials());
    fetch.run().success();
    assert!(fetch.files()["get.png"] == huge());
    let last = site.requests().pop().unwrap();
    assert!(last.header("range").is_some(), "it starts over");
}

/// Answers all but the first request for a file that breaks off.
fn after_a_break(then: Reply) -> Site {
    let site = Site::start();
    let good = Reply::file(large()).etag("\"a\"");
    site.on("/cat.jpg", good.cut_after(2_000_000)).once();
    site.on("/cat.jpg", then);
    site
}

#[test]
fn a_200_with_a_content_range_is_treated_as_a_range() {
    // What was asked for, and another part, which is of no use.
    for other in [0, 10_000] {
        let site = after_a_break(Reply::with(move |seen| {
            let good = Reply::file(large()).etag("\"a\"");
            let Some(start) = start_of(seen) else {
                return good;
            };
            let (start, all) = (start as usize + other, large());
            let range = format!("bytes {start}-{}/{}", all.len() - 1, all.len());
            let part = Reply::file(&all[start..]).no_ranges().etag("\"a\"");
            part.header("Content-Range", range)
        }));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert!(fetch.files()["cat.jpg"] == large(), "{other}");
        assert_eq!(site.requests().len(), 2 + other.min(1), "{other}");
    }
}

#[test]
fn an_unrequested_range_is_not_saved_whatever_its_status() {
    for status in [200, 203, 206] {
        let site = Site::start();
        let part = Reply::file(&large()[..1000]).no_ranges().status(status);
        let range = format!("bytes 0-999/{}", large().len());
        site.on("/cat.jpg", part.header("Content-Range", range));
        let fetch = quick().args(["-R", "0"]).arg(site.url("/cat.jpg"));
        let done = fetch.run().fails(4);
        let said = "a partial response, although no range was requested";
        assert!(done.stderr.contains(said), "{status}: {}", done.stderr);
        assert_eq!(fetch.tree(), "", "{status}");
    }
}

#[test]
fn a_200_with_a_content_range_and_full_length_is_the_whole_file() {
    let site = after_a_break(Reply::file(large()).no_ranges().header(
        "Content-Range",
        format!("bytes 1000-{}/{}", large().len() - 1, large().len()),
    ));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == large());
    assert_eq!(site.requests().len(), 2);
}
