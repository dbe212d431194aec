//! Partial files whose state an earlier run left: here the test writes both.

use std::fs::{self, File};

use super::{huge, quick};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const TAIL: usize = 64 << 10;

/// Begins a file, of which the site sends six million bytes, and interrupts for good.
fn begin(site: &Site, fetch: &Fetch) {
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.interrupt();
    running.wait_for_stderr("Ctrl-C again");
    running.interrupt();
    assert_eq!(running.wait().code, 130);
}

/// A file that was begun so, and that the site has whole the next time.
fn begun(site: &Site) -> Fetch {
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().stall_after(6_000_000))
        .once();
    site.on("/cat.png", good);
    let fetch = quick().arg(site.url("/cat.png"));
    begin(site, &fetch);
    fetch
}

/// The partial file, to be changed, and a state that says that so much of so much is there, with this end.
fn claim(fetch: &Fetch, there: u64, total: u64, tail: &[u8]) -> File {
    let part = fetch.partials().remove(0);
    let path = fetch.out().join(format!("{part}.json"));
    let state = fs::read_to_string(&path).unwrap();
    let state = replace(&state, "\"total\":", ",", &total.to_string());
    let state = replace(&state, "\"done\":[[0,", "]", &there.to_string());
    let tail = blake3::hash(tail).to_hex();
    let state = replace(&state, "\"tails\":[\"", "\"", &tail);
    let open = replace(&state, "\"seal\":\"", "\"", "");
    let seal = blake3::hash(open.as_bytes()).to_hex();
    fs::write(&path, replace(&state, "\"seal\":\"", "\"", &seal)).unwrap();
    let mut options = File::options();
    options.write(true).open(fetch.out().join(part)).unwrap()
}

/// A state with what stands between these two texts replaced.
fn replace(state: &str, from: &str, to: &str, by: &str) -> String {
    let start = state.find(from).expect("a field") + from.len();
    let end = start + state[start..].find(to).expect("its end");
    format!("{}{by}{}", &state[..start], &state[end..])
}

#[cfg(unix)]
#[test]
fn a_download_resumes_beyond_four_gibibytes() {
    const TOTAL: u64 = 9 << 29;
    const THERE: u64 = TOTAL - (1 << 20);
    let site = Site::start();
    let first = Reply::file(huge()).etag("\"a\"").stall_after(6_000_000);
    site.on("/big.bin", first).once();
    site.on(
        "/big.bin",
        Reply::with(|seen| {
            let range = seen.header("range").expect("a range");
            let start: u64 = range["bytes=".len()..range.len() - 1].parse().unwrap();
            assert!(start > 1 << 32 && start < THERE, "{start}");
            let body = vec![0; (TOTAL - start) as usize];
            let range = format!("bytes {start}-{}/{TOTAL}", TOTAL - 1);
            let part = Reply::file(body).status(206).etag("\"a\"");
            part.header("Content-Range", range)
        }),
    );
    // Without an archive nobody wants a digest of it all, which takes a program that is built for tests a minute.
    let fetch = quick().arg("--no-archive").arg(site.url("/big.bin"));
    begin(&site, &fetch);
    // A file with a hole of four gibibytes.
    let file = claim(&fetch, THERE, TOTAL, &[0; TAIL]);
    file.set_len(0).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"it begins", 0).unwrap();
    file.set_len(THERE).unwrap();
    fetch.run().success();
    assert_eq!(site.requests().len(), 2);
    let saved = fs::metadata(fetch.out().join("big.bin")).unwrap();
    assert_eq!(saved.len(), TOTAL);
}

#[cfg(unix)]
#[test]
fn a_complete_partial_file_is_verified_and_named_without_a_request() {
    let site = Site::start();
    let first = Reply::file(huge()).etag("\"a\"").stall_after(6_000_000);
    site.on("/cat.png", first).once();
    let fetch = quick().arg(site.url("/cat.png"));
    begin(&site, &fetch);
    let whole = huge();
    let len = whole.len() as u64;
    let file = claim(&fetch, len, len, &whole[whole.len() - TAIL..]);
    std::os::unix::fs::FileExt::write_all_at(&file, &whole, 0).unwrap();
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn a_login_page_while_resuming_keeps_the_partial_file() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().stall_after(6_000_000))
        .once();
    let page = "<!doctype html><title>Please log in</title>";
    site.on("/cat.png", Reply::html(page)).once();
    site.on("/cat.png", good);
    let fetch = quick().arg(site.url("/cat.png"));
    begin(&site, &fetch);
    fetch.run().fails(4);
    assert_eq!(fetch.partials().len(), 2);
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert!(site.requests()[2].header("range").is_some());
}

#[test]
fn a_state_that_claims_missing_bytes_is_rejected() {
    let site = Site::start();
    let fetch = begun(&site);
    let len = huge().len() as u64;
    claim(&fetch, 8_000_000, len, &[0; TAIL]);
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert_eq!(site.requests()[1].header("range"), None);
}

#[test]
fn a_half_written_state_is_removed_with_the_partial_file() {
    let site = Site::start();
    let fetch = begun(&site);
    for name in fetch.partials() {
        fs::write(fetch.out().join(format!("{name}.new")), "half").unwrap();
    }
    fetch.run().success();
    let names: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(names, ["cat.png"]);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}
