//! The comparison of two inputs as Markdown and for a terminal.

use std::fmt::Write as _;

use super::safe;
use crate::compare::{Comparison, FieldRow, Row, SideRow};

/// Letters of a template in a list.
const TEMPLATE: usize = 90;

/// The parts of a comparison in the order in which they are read: title, rows, what an empty list means.
fn parts(all: &Comparison) -> [(&'static str, &[Row]); 4] {
    [("New in B", &all.new), ("More in B", &all.more), ("Gone in B", &all.gone), ("Less in B", &all.less)]
}

fn side(row: &SideRow) -> String {
    match (&row.first, &row.last) {
        (Some(first), Some(last)) => format!("{} entries, {} events, {first} to {last}", row.entries, row.events),
        _ => "no entry".to_owned(),
    }
}

/// What the numbers of a row say: `3 -> 40 events (expected 1-8), per request x13.2`.
fn sentence(row: &Row) -> String {
    let mut text = format!("{} -> {} events", row.a, row.b);
    if let Some((low, high)) = row.expected.filter(|_| row.a > 0) {
        let _ = write!(text, " (expected {low}-{high})");
    }
    if let Some(ratio) = row.ratio.filter(|_| row.a > 0 && row.b > 0) {
        let per = row.exposure.strip_suffix('s').unwrap_or(&row.exposure);
        let _ = write!(text, ", x{ratio:.2} per {per}");
    }
    if !row.sure {
        text.push_str(", may be chance");
    }
    text
}

/// The document; `limit` rows a list.
pub fn comparison_markdown(all: &Comparison, limit: usize) -> String {
    let mut out = format!("# Comparison\n{}\n\n", crate::input::MARK);
    for (name, row) in [("A", &all.a), ("B", &all.b)] {
        let _ = writeln!(out, "- **{name}** {}: {}", safe::inline_code(&row.name), side(row));
    }
    let _ = writeln!(
        out,
        "\n{} new, {} more frequent, {} gone, {} less frequent, {} values changed, {} fields differ; {} templates cannot be told apart.",
        all.new.len(),
        all.more.len(),
        all.gone.len(),
        all.less.len(),
        all.values.len(),
        all.fields.len(),
        all.same
    );
    for remark in &all.remarks {
        let _ = writeln!(out, "\n> {}", safe::inert_markdown(&safe::one_line(remark)));
    }
    for (title, rows) in parts(all) {
        let _ = writeln!(out, "\n## {title}\n");
        if rows.is_empty() {
            out.push_str("Nothing.\n");
            continue;
        }
        out.push_str("| cluster | service | severity | what | events |\n|---|---|---|---|---|\n");
        for row in rows.iter().take(limit) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                row.cluster,
                safe::cell_code(&row.service),
                row.severity,
                safe::cell_code(&safe::cut(&row.template, TEMPLATE)),
                sentence(row)
            );
        }
        left_out(&mut out, rows.len(), limit);
    }
    out.push_str("\n## Values that changed\n\n");
    if all.values.is_empty() {
        out.push_str("Nothing, in messages of WARNING and above.\n");
    } else {
        out.push_str("| cluster | what | variable | change |\n|---|---|---|---|\n");
        for row in all.values.iter().take(limit) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                row.cluster,
                safe::cell_code(&safe::cut(&row.template, TEMPLATE)),
                safe::cell_code(row.name.as_deref().unwrap_or("-")),
                safe::cell_code(&row.change)
            );
        }
        left_out(&mut out, all.values.len(), limit);
    }
    out.push_str("\n## Fields whose values are distributed differently\n\n");
    if all.fields.is_empty() {
        out.push_str("Nothing.\n");
    } else {
        out.push_str("| field | value | among | A | B | lift |\n|---|---|---|---|---|---|\n");
        for row in all.fields.iter().take(limit) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} of {} | {} of {} | x{:.2} |",
                row.field,
                safe::cell_code(&safe::cut(&row.value, TEMPLATE)),
                among(row),
                row.a,
                row.of_a,
                row.b,
                row.of_b,
                row.lift
            );
        }
        left_out(&mut out, all.fields.len(), limit);
    }
    out
}

fn among(row: &FieldRow) -> &str {
    if row.among == "all" { "all events" } else { &row.among }
}

fn left_out(out: &mut String, n: usize, limit: usize) {
    if n > limit {
        let _ = writeln!(out, "\n{} more are left out; `--limit` sets how many are listed.", n - limit);
    }
}

/// The same for a terminal, without colours.
pub fn comparison_text(all: &Comparison, limit: usize) -> String {
    let mut out = String::new();
    for (name, row) in [("A", &all.a), ("B", &all.b)] {
        let _ = writeln!(out, "{name}  {}: {}", safe::terminal(&row.name), side(row));
    }
    for remark in &all.remarks {
        let _ = writeln!(out, "   {}", safe::terminal(remark));
    }
    let more = |out: &mut String, n: usize| {
        if n > limit {
            let _ = writeln!(out, "  {} more (--limit)", n - limit);
        }
    };
    for (title, rows) in parts(all) {
        let _ = writeln!(out, "\n{title}: {}", rows.len());
        for row in rows.iter().take(limit) {
            let template = safe::cut(&row.template, TEMPLATE);
            let service = safe::terminal(&row.service);
            let _ = writeln!(out, "  {}  {:<8} {service}: {}", row.cluster, row.severity, safe::terminal(&template));
            let _ = writeln!(out, "             {}", sentence(row));
        }
        more(&mut out, rows.len());
    }
    let _ = writeln!(out, "\nValues that changed: {}", all.values.len());
    for row in all.values.iter().take(limit) {
        let _ = writeln!(out, "  {}  {}", row.cluster, safe::terminal(&safe::cut(&row.template, TEMPLATE)));
        let name = safe::terminal(row.name.as_deref().unwrap_or("-"));
        let _ = writeln!(out, "             {name}: {}", safe::terminal(&row.change));
    }
    more(&mut out, all.values.len());
    let _ = writeln!(out, "\nFields whose values are distributed differently: {}", all.fields.len());
    for row in all.fields.iter().take(limit) {
        let value = safe::terminal(&safe::cut(&row.value, TEMPLATE));
        let _ = writeln!(out, "  {:<11} {value}", row.field);
        let _ = writeln!(
            out,
            "             {} of {} -> {} of {}, x{:.2}, {}",
            row.a,
            row.of_a,
            row.b,
            row.of_b,
            row.lift,
            among(row)
        );
    }
    more(&mut out, all.fields.len());
    let _ = writeln!(out, "\n{} templates cannot be told apart", all.same);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(template: &str) -> Row {
        Row { cluster: "C1".into(), template: template.into(), b: 4, severity: "ERROR".into(), ..Row::default() }
    }

    #[test]
    fn what_logs_hold_stays_text_and_lists_say_what_they_leave_out() {
        let all =
            Comparison { new: vec![row("a | b\u{1b}[2J <!-- @x #1"), row("c"), row("d")], ..Comparison::default() };
        let document = comparison_markdown(&all, 2);
        assert!(document.contains("1 more are left out") && document.contains("`a \\| b"), "{document}");
        let body = document.replacen(crate::input::MARK, "", 1);
        assert!(body.len() < document.len(), "it has the mark of a document");
        assert!(!body.contains('\u{1b}') && !body.contains("<!--"), "{document}");
        let text = comparison_text(&all, 2);
        assert!(text.contains("1 more (--limit)") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("0 -> 4 events, may be chance"), "{text}");
    }
}
