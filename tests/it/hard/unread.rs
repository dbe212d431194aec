//! Output that nobody reads any more, and that nobody has closed either.

use super::quick;
use crate::support::command::Running;
use crate::support::{Reply, Site};

/// So many links say more than a pipe takes, and more than waits for the one who writes to it.
const MANY: usize = 700;

/// Fetches these many links, and writes JSON into a pipe that is never read.
fn unread(site: &Site, count: usize) -> Running {
    let links = (0..count).map(|n| {
        let path = format!("/{n}-{}.bin", "x".repeat(180));
        site.on(&path, Reply::empty(404)).optional();
        site.url(&path)
    });
    let fetch = quick().arg("-j").args(links);
    let script = "mkfifo \"$0\" && exec \"$@\" 1<>\"$0\"";
    let pipe = fetch.root().join("pipe").into_os_string();
    let through = ["sh".into(), "-c".into(), script.into(), pipe];
    fetch.through(through).spawn()
}

#[test]
fn a_second_signal_ends_a_run_blocked_on_its_output() {
    let site = Site::start();
    let running = unread(&site, MANY);
    site.wait_for(&format!("/200-{}.bin", "x".repeat(180)), 1);
    // Two different ones, as two that are the same may be taken for one.
    running.terminate();
    running.interrupt();
    running.wait().fails(130);
}

#[test]
fn a_second_signal_ends_a_report_blocked_on_its_output() {
    let site = Site::start();
    let running = unread(&site, 150);
    site.wait_for(&format!("/149-{}.bin", "x".repeat(180)), 1);
    running.terminate();
    running.interrupt();
    running.wait().fails(130);
}
