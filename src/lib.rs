//! Saves the media behind a URL.
//!
//! The modules, in reading order; each may use those above it and none below:
//!
//! * [`model`]: plain data: links, items, events, errors
//! * [`net`]: the one HTTP client, retries, pace for each host, secrets
//! * [`source`]: what a site plugin implements, and how the right one is found
//! * [`script`]: sources that are scripts in a sandbox
//! * [`plugins`]: the sources that come with the program; they see those above but for scripts
//! * [`pipeline`]: walk, plan, transfer, sink
//! * [`report`]: bars, lines, JSON
//! * [`config`]: the settings of all parts, from files, environment and flags
//! * [`cli`]: arguments and exit codes
//!
//! The words, the same everywhere: a *link* is a URL somebody wants fetched; a *source* turns it into *entries*, items or
//! further links, and emits them at an *outlet*; a *route* ties links to a source; an *item* is one file to be; a *plan*
//! is its path or the reason to skip it; a *transfer* moves its bytes to a *sink*; the *archive* remembers; an *event*
//! tells whoever reports it.

// So that a plugin here says `use fetch::…`, exactly what a stranger's crate writes.
extern crate self as fetch;

pub mod cli;
pub mod config;
pub mod model;
pub mod net;
pub mod pipeline;
#[path = "../plugins/mod.rs"]
pub mod plugins;
pub mod report;
pub mod script;
pub mod source;

/// The attribute that a source puts over its `impl Source`.
pub use async_trait::async_trait;
