//! Runs that are asked to end, by the user, the system, or a terminal that goes away.

use std::time::Duration;

use super::{huge, large, quick};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

#[test]
fn an_answer_that_does_not_begin_is_not_waited_for_when_the_run_is_to_end() {
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

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_away_ends_the_run_in_order_unless_it_is_told_to_stay() {
    let stalled = || {
        let site = Site::start();
        let good = Reply::file(huge()).etag("\"a\"");
        let stalls = good.clone().stall_after(6_000_000);
        site.on("/cat.png", stalls).once();
        site.on("/cat.png", good).optional();
        site
    };
    let site = stalled();
    let fetch = quick().arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    running.hang_up();
    running.wait_for_stderr("stops at once");
    running.hang_up();
    running.wait().fails(130);
    assert_eq!(fetch.partials().len(), 2, "{:?}", fetch.partials());
    // As under `nohup`.
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
fn a_file_that_takes_long_does_not_keep_the_system_from_ending_the_run() {
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
