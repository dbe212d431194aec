//! Moving the bytes of one file: what arrives is whole and proven, whatever the server does.

mod ended;
mod known;
mod names;
mod numbers;
mod parts;
mod refused;
mod resume;
mod seams;
mod split;
mod whole;
mod wrong;

use std::time::SystemTime;

use crate::support::command::Fetch;
use crate::support::media::{self, Format};

/// The command with waits that do not keep a test waiting.
fn quick() -> Fetch {
    Fetch::new().config("[net]\nbackoff = \"5ms\"\nstall_timeout = \"2s\"\n")
}

/// A picture that is written in several goes.
fn large() -> Vec<u8> {
    media::sized(Format::Jpeg, 3 << 20, 1)
}

/// A picture that a later run can go on with.
fn huge() -> Vec<u8> {
    media::sized(Format::Png, 9 << 20, 2)
}

/// A time that servers may name: long ago, in whole seconds.
fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000)
}
