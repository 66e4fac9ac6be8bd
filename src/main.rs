//! The `gardener` binary: parse, run, and turn the outcome into an exit code; everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(log_gardener::cli::main())
}
