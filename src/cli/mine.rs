//! `gardener mine`: the template of each line of a plain text file.
//!
//! Two passes over the lines, because a line's template depends on all of them; what is kept per line is its signature.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use super::answers::MinedLine;
use super::args::{MineArgs, MineFormat};
use crate::input::InputError;
use crate::mine::mine_lines;

/// Runs the verb: exactly one row per input line.
pub(crate) fn run(args: &MineArgs) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    if args.file == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(&args.file).map_err(|source| InputError::Open { path: args.file.clone(), source })?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    // A final line end ends the last line; it does not begin another.
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let rows = mine_lines(lines.iter().copied());
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        MineFormat::Ndjson => {
            for (at, (id, template)) in rows.iter().enumerate() {
                serde_json::to_writer(&mut out, &MinedLine { line: at + 1, id, template })?;
                out.write_all(b"\n")?;
            }
        }
        MineFormat::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            writer.write_record(["line", "id", "template"])?;
            for (at, (id, template)) in rows.iter().enumerate() {
                writer.write_record([(at + 1).to_string().as_str(), id, template])?;
            }
            writer.flush()?;
        }
    }
    Ok(out.flush()?)
}
