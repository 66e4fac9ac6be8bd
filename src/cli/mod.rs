//! The command line: arguments to library calls, results to files and to the terminal.
//!
//! Only this module prints, and only here an error becomes an exit code. Verbs are one file each; what several need stands
//! in [`context`].

mod answers;
mod args;
mod changes;
mod compact;
mod compare;
mod config;
mod context;
mod decide;
mod document;
mod explain;
mod filing;
mod ingest;
mod listing;
mod matching;
mod merge;
mod mine;
mod outputs;
mod owner;
mod pages;
mod planning;
mod postmortem;
mod progress;
mod query;
mod report;
mod results;
mod run;
mod schema;
mod shard;
mod show;
mod store;
mod templates;
mod weekly;

use std::io::{self, Write};

use clap::{CommandFactory, Parser};

use crate::analyze::AnalyzeError;
use crate::config::{Config, ConfigError};
use crate::input::InputError;
use crate::issue::IssueError;
use crate::query::QueryError;
use crate::render::RenderError;
use crate::store::StoreError;
use crate::time::TimeError;
use args::{Cli, Command};
use context::Context;

/// Something that ends a verb with an exit code of its own, after everything was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// 1: findings at or above `--fail-on`.
    #[error("{0}")]
    Findings(String),
    /// 2: what was typed cannot be done.
    #[error("{0}")]
    Usage(String),
    /// 3: inputs.
    #[error("{0}")]
    Input(String),
    /// 4: the store is damaged.
    #[error("{0}")]
    Store(String),
}

/// Runs the command line of the process; returns the exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let failed = error.use_stderr();
            let _ = error.print();
            return if failed { 2 } else { 0 };
        }
    };
    logging(&cli.common);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(cli)));
    match outcome {
        Ok(Ok(())) => 0,
        Ok(Err(error)) if is_broken_pipe(&error) => 0,
        Ok(Err(error)) => {
            let _ = writeln!(
                anstream::stderr(),
                "{}error:{} {}",
                context::RED.render(),
                context::RED.render_reset(),
                chain(&error)
            );
            exit_code(&error)
        }
        Err(_) => {
            let _ = writeln!(
                io::stderr(),
                "this is a bug in gardener; nothing half-written was left behind. Please report it with the command and the lines above."
            );
            70
        }
    }
}

/// The error and its causes, each once.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.ends_with(&cause) && !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

fn logging(common: &args::Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "log_gardener=info,warn",
        _ => "log_gardener=trace,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("GARDENER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colours = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .without_time()
        .with_ansi(colours)
        .with_target(false)
        .try_init();
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    if let Some(threads) = cli.common.threads {
        // A pool that exists already was made with the same number.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build_global();
    }
    let context = if let Command::Config(_) = cli.command {
        // It reads the file by itself: an invalid one is what it is for.
        Context { common: cli.common, config: Config::default(), config_path: None }
    } else {
        Context::new(cli.common)?
    };
    match cli.command {
        Command::Run(args) => run::run(&context, &args),
        Command::Ingest(args) => ingest::run(&context, &args),
        Command::Worklog(args) => report::run(&context, &args),
        Command::Weekly(args) => weekly::run(&context, &args),
        Command::Postmortem(args) => postmortem::run(&context, &args),
        Command::Query(args) => query::run(&context, &args),
        Command::Templates(args) => templates::run(&context, &args),
        Command::Match(args) => matching::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Results(args) => results::run(&context, &args),
        Command::Decide(args) => decide::run(&context, &args),
        Command::Show(args) => show::run(&context, &args),
        Command::Compare(args) => compare::run(&context, &args),
        Command::Config(args) => config::run(&context.common, &args),
        Command::Store(args) => store::run(&context, &args),
        Command::Schema { name } => schema::run(name),
        Command::Mine(args) => mine::run(&args),
        Command::Shard(args) => shard::run(&context, &args),
        Command::Compact(args) => compact::run(&context, &args),
        Command::Merge(args) => merge::run(&context, &args),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gardener", &mut text);
            Ok(io::stdout().write_all(&text)?)
        }
        Command::Man => Ok(clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?),
    }
}

/// Whether somebody closed the pipe that the output goes to (`… | head`): the one place where every verb's output ends.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        // A writer of JSON does not name the error that it met as its cause.
        plain.or_else(|| cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind))
    };
    error.chain().filter_map(kind).any(|kind| kind == io::ErrorKind::BrokenPipe)
}

/// The exit code of an error, by the stage it comes from.
fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(stop) = cause.downcast_ref::<Stop>() {
            return match stop {
                Stop::Findings(_) => 1,
                Stop::Usage(_) => 2,
                Stop::Input(_) => 3,
                Stop::Store(_) => 4,
            };
        }
        if cause.is::<StoreError>() {
            return 4;
        }
        if cause.is::<InputError>() {
            return 3;
        }
        if let Some(AnalyzeError::Query(QueryError::Store(_))) = cause.downcast_ref::<AnalyzeError>() {
            return 4;
        }
        if let Some(QueryError::Store(_)) = cause.downcast_ref::<QueryError>() {
            return 4;
        }
        if cause.is::<QueryError>()
            || cause.is::<ConfigError>()
            || cause.is::<TimeError>()
            || cause.is::<IssueError>()
            || cause.is::<RenderError>()
        {
            return 2;
        }
    }
    // What is left are files that cannot be written where the user asked for them.
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some()) { 2 } else { 70 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_known_in_whatever_it_is_wrapped() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let json = serde_json::to_writer(Closed, &[1]).expect_err("closed");
        let plain = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&anyhow::Error::new(json).context("while printing")));
        assert!(is_broken_pipe(&anyhow::Error::new(plain)));
        assert!(!is_broken_pipe(&anyhow::anyhow!("Broken pipe in a log")));
    }

    #[test]
    fn every_stage_has_its_exit_code() {
        let code = |error: anyhow::Error| exit_code(&error.context("while doing something"));
        assert_eq!(code(Stop::Findings(String::new()).into()), 1);
        assert_eq!(code(TimeError::Span("x".into()).into()), 2);
        assert_eq!(code(InputError::Nothing { argument: "x".into() }.into()), 3);
        assert_eq!(code(StoreError::Absent { path: "x".into() }.into()), 4);
        assert_eq!(code(anyhow::anyhow!("odd")), 70);
    }
}
