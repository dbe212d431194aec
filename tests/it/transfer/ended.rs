//! Runs that are asked to end, by the user, the system, or a terminal that goes away.

use std::time::Duration;

use super::{huge, large, quick};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

#[test]
fn a_pending_response_does_not_delay_the_end_of_a_run() {
    let site = Site::start();
    let never = Reply::file(large()).delay(Duration::from_secs(60));
    site.on("/cat.jpg", never);
    let running = Fetch::new().arg(site.url("/cat.jpg")).spawn();
    site.wait_for("/cat.jpg", 1);
    let began = std::time::Instant::now();
    running.interrupt();
    let done = running.wait().fails(130);
    assert!(began.elapsed().as_secs() < 20, "{}", done.stderr);
    assert!(done.stderr.contains("1 not done"), "{}", done.stderr);
}

/// A file that stalls once in the middle.
#[cfg(target_os = "linux")]
fn stalled() -> Site {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    let stalls = good.clone().stall_after(6_000_000);
    site.on("/cat.png", stalls).once();
    site.on("/cat.png", good).optional();
    site
}

/// What it takes to hear of a terminal that goes away where these tests themselves do not, as under `nohup`.
#[cfg(target_os = "linux")]
fn hears() -> &'static [&'static str] {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status of this process");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match ignored.expect("a mask of signals") & 1 {
        0 => &[],
        _ => &["env", "--default-signal=HUP"],
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hangup_ends_the_run_in_order() {
    let site = stalled();
    let fetch = quick().through(hears()).arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.hang_up();
    running.wait_for_stderr("stops at once");
    running.hang_up();
    running.wait().fails(130);
    assert_eq!(fetch.partials().len(), 2, "{:?}", fetch.partials());
}

#[cfg(target_os = "linux")]
#[test]
fn a_hangup_is_ignored_under_nohup() {
    let site = stalled();
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let fetch = quick().through(nohup).arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.hang_up();
    running.wait().success();
    assert!(fetch.files()["cat.png"] == huge());
}

#[cfg(unix)]
#[test]
fn a_long_download_does_not_delay_sigterm() {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    site.on("/cat.png", good.clone().throttle(150_000)).once();
    site.on("/cat.png", good);
    let fetch = Fetch::new().arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for("/cat.png", 1);
    let began = std::time::Instant::now();
    running.terminate();
    running.wait_for_stderr("a second SIGTERM stops at once");
    let done = running.wait().fails(130);
    let took = began.elapsed();
    assert!(
        took.as_secs() < 25,
        "{took:?}: it takes a minute: {}",
        done.stderr
    );
    assert_eq!(fetch.partials().len(), 2, "{:?}", fetch.partials());
    fetch.run().success();
    assert!(fetch.files()["cat.png"] == huge());
    assert!(site.requests()[1].header("range").is_some());
}
