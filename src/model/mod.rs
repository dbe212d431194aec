//! Plain data: links, items, events and errors. Everything here can be sent through a queue, a script or a web page.
//!
//! This module does not know where data comes from, where it goes, or how it is transferred.

mod cursor;
mod document;
mod error;
mod event;
mod item;
mod meta;
mod quality;
mod subtitles;

pub use cursor::Cursor;
pub use document::Document;
pub(crate) use error::Cause;
pub use error::{Error, Failure, Kind, Result};
pub use event::{Event, Outcome, Skip};
pub use item::{
    Body, Broken, Digest, Entry, Expect, Fingerprint, Headers, Item, Link, Medium, Request, Track,
    Tracks,
};
pub use meta::{Album, Meta};
pub use quality::{Quality, RenditionSize};
pub use subtitles::Subtitles;
