//! Arguments and exit codes.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::Config;
use crate::model::Result;
use crate::source::Registry;

/// The whole program, with these sources.
pub fn main(sources: fn(&Config) -> Result<Registry>) -> ExitCode {
    let _ = sources(&Config);
    ExitCode::SUCCESS
}

/// The whole program, with these arguments; the first is its own name.
pub fn run_with_args(args: Vec<OsString>, sources: fn(&Config) -> Result<Registry>) -> ExitCode {
    let _ = args;
    main(sources)
}
