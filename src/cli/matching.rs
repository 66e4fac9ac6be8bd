//! `gardener match`: which existing issue a message belongs to, judged by the text alone.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use super::args::MatchArgs;
use super::context::Context;
use super::planning::read_exports;
use super::{Stop, pages};
use crate::input::InputError;
use crate::issue::{MatchAnswer, MatchRow, Matcher};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &MatchArgs) -> anyhow::Result<()> {
    let exports = read_exports(&args.issues, None)?;
    let mut matcher = Matcher::new(&exports);
    let mut out = std::io::stdout().lock();
    let Some(from) = &args.from else {
        let row = MatchRow { message: args.message.clone().unwrap_or_default(), ..MatchRow::default() };
        let answer = matcher.answer(&row);
        return if context.common.json {
            Ok(writeln!(out, "{}", serde_json::to_string(&answer)?)?)
        } else {
            Ok(write!(out, "{}", text(&answer))?)
        };
    };
    let reader: Box<dyn BufRead> = if from == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(
            std::fs::File::open(from).map_err(|source| InputError::Open { path: from.clone(), source })?,
        ))
    };
    for (at, line) in reader.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let row: MatchRow = serde_json::from_str(&line)
            .map_err(|error| Stop::Input(format!("{}, line {}: {error}", from.display(), at + 1)))?;
        writeln!(out, "{}", serde_json::to_string(&matcher.answer(&row))?)?;
    }
    Ok(())
}

fn text(answer: &MatchAnswer) -> String {
    use std::fmt::Write as _;
    let target = answer.target.map_or_else(String::new, |number| format!(" #{number}"));
    let mut out =
        format!("{}{target} ({}; found by {}, score {:.2})\n", answer.kind, answer.status, answer.tier, answer.score);
    for why in &answer.why {
        let _ = writeln!(out, "  {}", pages::shown(why));
    }
    if !answer.candidates.is_empty() {
        let _ = writeln!(out, "nearest:");
    }
    for candidate in &answer.candidates {
        let _ = writeln!(
            out,
            "  #{:<6} {:.2}  {:<6}  {}",
            candidate.number,
            candidate.score,
            candidate.state,
            pages::shown(&candidate.shared_terms.join(", "))
        );
    }
    out
}
