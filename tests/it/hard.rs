//! The hard cases of `docs/hard-cases.md` that no other subject has.

mod coding;
mod contradicts;
mod disk;
mod endless;
mod expired;
mod framing;
pub(crate) mod kills;
mod led;
mod names;
pub(crate) mod order;
mod private;
mod ranges;
mod secure;
mod sparing;
mod states;
#[cfg(unix)]
mod unread;
mod waits;

use std::sync::OnceLock;

use crate::support::command::Fetch;
use crate::support::media::{self, Format};

/// The command with waits that do not keep a test waiting.
fn quick() -> Fetch {
    Fetch::new().config("[net]\nbackoff = \"5ms\"\nstall_timeout = \"2s\"\n")
}

/// A picture that is written in several goes.
fn large() -> Vec<u8> {
    static LARGE: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || media::sized(Format::Jpeg, 3 << 20, 1);
    LARGE.get_or_init(make).clone()
}

/// A picture that a later run can go on with.
fn huge() -> Vec<u8> {
    static HUGE: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || media::sized(Format::Png, 9 << 20, 2);
    HUGE.get_or_init(make).clone()
}
