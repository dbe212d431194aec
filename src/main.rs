//! The program: the library's command line, with the sources that come with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    fetch::cli::main(fetch::plugins::all)
}
