//! Tools for tests: a fake site, a builder for commands, small valid media.
//!
//! Nothing here connects beyond the loopback interface, and nothing outlives the value that started it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "several programs share these files, and each uses a part"
)]

use std::time::{Duration, Instant};

pub mod command;
pub mod filter;
pub mod http2;
pub mod imgur;
pub mod media;
mod reply;
mod response;
mod server;
mod site;
pub mod tls;

pub use reply::Reply;
pub use site::{Request, Site};

/// Reports that a test is skipped because something it needs is missing.
#[allow(clippy::print_stderr, reason = "a test that skips must say so")]
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Waits until this is true: for conditions that no server sees and nothing reports.
pub fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "it was waited for in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Checks whether this program is installed and runs with these arguments.
pub fn works(program: &str, args: &[&str]) -> bool {
    let mut command = std::process::Command::new(program);
    let output = command.args(args).output();
    output.is_ok_and(|output| output.status.success())
}
