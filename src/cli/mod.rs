//! The command line: arguments, what they mean, and exit codes.
//!
//! It does not know how links are downloaded; it assembles the parts and starts them.

mod archive;
mod args;
mod batch;
mod called;
mod check;
mod columns;
mod due;
mod exit;
mod fields;
mod given;
mod handed;
mod history;
mod interrupt;
mod jobs;
mod limits;
mod listed;
mod lock;
mod main;
mod meaning;
mod plugin;
mod rename;
mod repair;
mod retry;
mod rows;
mod settings;
mod sources;
mod talk;
mod text;
mod variables;
mod verify;

#[cfg(fuzzing)]
pub use handed::fuzz;
pub use main::{main, run_with_args};
