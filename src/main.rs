//! The program: the library's command line with the built-in sources.

use std::process::ExitCode;

fn main() -> ExitCode {
    fetch::cli::main(fetch::plugins::all)
}
