//! A site that asks to wait while it is listed.

use crate::support::command::{Fetch, Running};
use crate::support::{Reply, Site};

/// A run that waits for a listing, which nobody has seen yet.
fn waiting(site: &Site, fetch: &Fetch) -> Running {
    let busy = Reply::text("").status(429).header("Retry-After", "500");
    site.on("/614/info.0.json", busy);
    let home = format!("source.xkcd.site={}", site.url(""));
    let call = fetch.clone().args(["-j", "https://xkcd.com/614"]);
    let running = call.args(["-S", "net.private=always", "-S", &home]).spawn();
    running.wait_for_stderr("waits");
    running
}

#[cfg(unix)]
#[test]
fn a_waiting_listing_is_reported_with_its_reason() {
    let site = Site::start();
    let running = waiting(&site, &Fetch::new());
    running.wait_for_stdout(r#""event":"waiting""#);
    running.interrupt();
    let done = running.wait().fails(130);
    let said = "`127.0.0.1` waits 8 min 20 s: the server answered 429 Too Many Requests\n";
    let line = done.stdout.lines().find(|line| line.contains("waiting"));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(line["host"], "127.0.0.1");
    assert_eq!(line["millis"], 500_000);
    assert_eq!(line["reason"], "the server answered 429 Too Many Requests");
    done.says(said);
}

#[cfg(unix)]
#[test]
fn an_interrupted_listing_is_not_reported_as_complete() {
    let site = Site::start();
    let running = waiting(&site, &Fetch::new());
    running.interrupt();
    let done = running.wait().fails(130);
    let event = r#""event":"complete""#;
    assert!(!done.stdout.contains(event), "{}", done.stdout);
    let said = "nothing found";
    let left = "interrupted: not everything was listed; run the same command again to continue\n";
    done.says(said).says(left);
}
