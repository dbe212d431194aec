//! Arguments and exit codes.

use std::process::ExitCode;

use crate::config::Config;
use crate::model::Result;
use crate::source::Registry;

/// The whole program, with these sources.
pub fn main(sources: fn(&Config) -> Result<Registry>) -> ExitCode {
    let _ = sources(&Config);
    ExitCode::SUCCESS
}
