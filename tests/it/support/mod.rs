//! What the tests are written with: a fake site, a builder for the command, small valid media.
//!
//! Nothing here reaches beyond the loopback, and nothing outlives the value that started it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "several programs share these files, and each uses a part"
)]

use std::time::{Duration, Instant};

mod answer;
pub mod command;
pub mod filter;
pub mod frames;
pub mod imgur;
pub mod media;
mod reply;
mod server;
mod site;
pub mod tls;

pub use reply::Reply;
pub use site::{Seen, Site};

/// Says why a test proves nothing here: what it needs is missing.
#[allow(clippy::print_stderr, reason = "a test that skips must say so")]
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Waits until this is so: for what no server sees, and nothing tells.
pub fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "it was waited for in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether this program is here and does something with these arguments.
pub fn works(program: &str, args: &[&str]) -> bool {
    let mut command = std::process::Command::new(program);
    let output = command.args(args).output();
    output.is_ok_and(|output| output.status.success())
}
