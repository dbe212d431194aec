//! What the tests are written with: a fake site, a builder for the command, small valid media.
//!
//! Nothing here reaches beyond the loopback, and nothing outlives the value that started it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "several programs share these files, and each uses a part"
)]

mod answer;
pub mod command;
pub mod filter;
pub mod imgur;
pub mod media;
mod reply;
mod server;
mod site;

pub use reply::Reply;
pub use site::{Seen, Site};
