//! The command line: arguments, what they mean, and exit codes.
//!
//! It does not know how links are downloaded; it assembles the parts and starts them.

mod archive;
mod args;
mod batch;
mod browser_requests;
mod check;
mod columns;
mod command_line;
mod exit;
mod fields;
mod history;
mod interrupt;
mod job_links;
mod job_status;
mod jobs;
mod limits;
mod listed;
mod lock;
mod main;
mod messages;
mod overrides;
mod plugin;
mod rename;
mod repair;
mod retry;
mod rows;
mod settings;
mod sources;
mod text;
mod variables;
mod verify;

#[cfg(fuzzing)]
pub use browser_requests::fuzz;
pub use main::{main, run_with_args};
