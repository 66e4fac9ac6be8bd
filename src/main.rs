//! The `gardener` binary: parse, run, and turn the outcome into an exit code; everything else is the library's.

use std::process::ExitCode;

/// Takes a tenth off an ingest beside glibc's, which gives memory back to the system and faults it in again.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    ExitCode::from(log_gardener::cli::main())
}
