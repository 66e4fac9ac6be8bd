//! Whole runs of the built binary: one test binary, because every further one links the query engine again.
//!
//! What needs a program that is not here is skipped and says so; with `GARDENER_TEST_ALL=1` (set by `.ci/run`, which
//! installs them first) it fails instead, so that nothing is skipped unnoticed where it matters.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test may end at the first surprise, and says why it was skipped"
)]

mod harness;

mod analysis;
mod browser;
mod care;
mod cli;
#[cfg(unix)]
mod cluster;
mod compare;
mod duckdb;
mod faults;
#[cfg(unix)]
mod filing;
mod filters;
mod first_lines;
#[cfg(unix)]
mod github;
mod hostile;
#[cfg(unix)]
mod lifecycle;
mod limits;
mod offline;
mod own;
mod pages;
mod postmortem;
#[cfg(unix)]
mod round;
mod rules;
mod run;
pub(crate) mod schema;
mod scripts;
mod sharing;
mod show;
mod strays;
mod truth;
mod weekly;
