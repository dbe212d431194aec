//! Streams: what a playlist says, and which of its renditions is wanted. Pure: nothing is asked here.
//!
//! A playlist is hostile: its length, the number of its lines and what its URLs come to are bounded, only http and https
//! are taken from it, and what is protected or unknown is refused by name. It does not know how segments move, nor how they
//! are joined.

pub(super) mod dash;
pub(super) mod hls;
mod media;
mod urls;

pub(super) use media::{Cipher, Map, Media, Segment, Spot};

pub use crate::model::Quality;
use crate::model::{Error, Kind};

/// What is wrong with a playlist.
fn corrupt(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Corrupt, format!("the playlist cannot be used: {why}"))
}

/// What a playlist asks for and nobody here can do.
fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, format!("the stream {what}"))
}
