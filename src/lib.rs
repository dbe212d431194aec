//! Downloads the media behind a URL.
//!
//! The modules, in reading order; each may use those above it and none below:
//!
//! * [`model`]: plain data: links, items, events, errors
//! * [`net`]: the only HTTP client, retries, pacing per host, secrets
//! * [`source`]: the interface that site plugins implement, and the registry that finds the right one
//! * [`script`]: sources written as scripts, in a sandbox
//! * [`plugins`]: the built-in sources; they may use the modules above except `script`
//! * [`pipeline`]: walk, plan, transfer, sink
//! * [`report`]: progress bars, text lines, JSON
//! * [`config`]: the settings of all parts, from files, environment and flags
//! * [`cli`]: arguments and exit codes
//!
//! The terms, used the same way everywhere: a *link* is a URL to download; a *source* turns it into *entries*, which are
//! items or further links, and emits them into an *outlet*; a *route* ties links to a source; an *item* is one file to
//! download; a *plan* is its path or the reason to skip it; a *transfer* downloads its bytes into a *sink*; the *archive*
//! records what was downloaded; an *event* is reported to the user.

// Lets a plugin here say `use fetch::…`, exactly as an external crate would.
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

/// The attribute for a source's `impl Source`.
pub use async_trait::async_trait;
