//! Tables whose columns are named once: the W3C's extended format, as IIS and CloudFront write it, and flow logs of AWS.
//!
//! `#Fields:` may come again with other columns, and other lines that begin with `#` are remarks. Cells stand between tabs, or
//! between single blanks where a line has no tab; a dash is an empty one. Each record becomes the object that its columns
//! name. Sources: <https://www.w3.org/TR/WD-logfile.html>,
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>,
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.

use std::borrow::Cow;

use super::csv::write_string;
use super::{Counts, LOOKED_AT, OVERSIZE, Sink, Verdict, Window, utf8};

const FIELDS: &[u8] = b"#Fields:";
const DATE: &[u8] = b"#Date:";
/// Remarks that may stand before the columns.
const REMARKS: usize = 16;

/// A table of which the columns are known, or will be.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    /// The day that a remark names, for records that have a time of day only.
    date: Option<String>,
    text: String,
}

/// Whether the front of a file opens a table.
#[derive(Debug)]
pub(super) enum Opens {
    /// It does, with so many bytes that name its columns.
    Table(Table, usize),
    /// Only more bytes say it.
    Open,
    None,
}

impl Table {
    /// Looks at the front of a file; `whole`: no more bytes are to be had.
    pub(super) fn open(front: &[u8], whole: bool) -> Opens {
        if !front.starts_with(b"#") {
            return Self::of_flows(front);
        }
        let mut at = 0;
        for _ in 0..REMARKS {
            let rest = &front[at..];
            if rest.starts_with(FIELDS) {
                return Opens::Table(Self::default(), 0);
            }
            match memchr::memchr(b'\n', rest) {
                Some(end) if rest.starts_with(b"#") => at += end + 1,
                None if rest.len() < FIELDS.len() || rest.starts_with(b"#") => break,
                _ => return Opens::None,
            }
        }
        if whole { Opens::None } else { Opens::Open }
    }

    /// Flow logs have their columns in the first line, as they are.
    fn of_flows(front: &[u8]) -> Opens {
        let line = memchr::memchr(b'\n', front).map_or(front, |end| &front[..end]).trim_ascii_end();
        let columns = names(line);
        let has = |name: &str| columns.iter().any(|column| column == name);
        let plain = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if has("srcaddr") && has("dstaddr") && has("start") && columns.iter().all(plain) {
            return Opens::Table(Self { columns, ..Self::default() }, line.len());
        }
        Opens::None
    }

    /// Reads the next line; `None` when it needs a longer window.
    pub(super) fn step<S: Sink>(
        &mut self,
        window: Window<'_>,
        at: usize,
        limit: usize,
        counts: &mut Counts,
        sink: &mut S,
    ) -> Option<usize> {
        let rest = &window.bytes[at..];
        let seen = &rest[..rest.len().min(limit)];
        let end = memchr::memchr(b'\n', seen);
        if end.is_none() && seen.len() == rest.len() && !window.last {
            return None;
        }
        let line = &seen[..end.unwrap_or(seen.len())];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (offset, length) = (window.base + at as u64, line.len());
        if line.starts_with(b"#") || self.is_named_again(line) {
            self.remark(line);
            counts.by.structure += length as u64;
            return Some(at + length);
        }
        let verdict = match () {
            () if end.is_none() && rest.len() > limit => Verdict::Refused(OVERSIZE),
            () if self.columns.is_empty() => Verdict::Refused("no #Fields line stands before it"),
            () if self.write(line) => sink.converted(offset, length as u64, &self.text),
            () => Verdict::Refused("more cells than there are columns"),
        };
        match verdict {
            Verdict::Read { .. } => {
                counts.rows += 1;
                counts.by.entries += length as u64;
            }
            Verdict::Refused(reason) => {
                sink.malformed(offset, length as u64, reason, &line[..length.min(LOOKED_AT)]);
                counts.by.malformed += length as u64;
                counts.lines += 1;
            }
        }
        Some(at + length)
    }

    /// Whether a line is the columns of flow logs once more, as files that were joined have them.
    fn is_named_again(&self, line: &[u8]) -> bool {
        self.columns.first().is_some_and(|first| line.starts_with(first.as_bytes())) && names(line) == self.columns
    }

    fn remark(&mut self, line: &[u8]) {
        if let Some(columns) = line.strip_prefix(FIELDS) {
            self.columns = names(columns);
        } else if let Some(date) = line.strip_prefix(DATE) {
            self.date = utf8(date.trim_ascii()).split(' ').next().map(str::to_owned);
        }
    }

    /// Writes the object that a record is; `false` where it has cells without a column.
    fn write(&mut self, line: &[u8]) -> bool {
        let text = String::from_utf8_lossy(line);
        let separator = if text.contains('\t') { '\t' } else { ' ' };
        let mut rest = Some(&*text);
        self.text.clear();
        self.text.push('{');
        let mut dated = false;
        for column in &self.columns {
            let Some(here) = rest else { break };
            let (cell, behind) = cell(here, separator);
            rest = behind;
            if cell.is_empty() || cell == "-" {
                continue;
            }
            dated |= column == "date";
            put(column, &cell, &mut self.text);
        }
        if let Some(date) = self.date.as_deref().filter(|_| !dated) {
            put("date", date, &mut self.text);
        }
        self.text.push('}');
        rest.is_none_or(str::is_empty)
    }
}

/// The names that stand between blanks.
fn names(line: &[u8]) -> Vec<String> {
    utf8(line).split_ascii_whitespace().map(str::to_owned).collect()
}

/// The cell at the front, without its quotes, and what stands behind its separator.
fn cell(text: &str, separator: char) -> (Cow<'_, str>, Option<&str>) {
    if let Some((quoted, behind)) = text.strip_prefix('"').and_then(quoted)
        && (behind.is_empty() || behind.starts_with(separator))
    {
        return (quoted, behind.strip_prefix(separator));
    }
    text.split_once(separator).map_or((text.into(), None), |(cell, behind)| (cell.into(), Some(behind)))
}

/// What stands before the closing quote, in which quotes are doubled, and what stands behind it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut at = 0;
    loop {
        at += text[at..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            let inside = &text[..at];
            let cell = if inside.contains('"') { inside.replace("\"\"", "\"").into() } else { inside.into() };
            return Some((cell, &text[at + 1..]));
        }
        at += 2;
    }
}

fn put(key: &str, cell: &str, out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
    write_string(key, out);
    out.push(':');
    write_string(cell, out);
}

#[cfg(test)]
mod tests {
    use super::super::{End, Framer, State, Taken};
    use super::*;

    #[derive(Default)]
    struct Log {
        rows: Vec<String>,
        bad: Vec<String>,
    }

    impl Sink for Log {
        fn pieces(&mut self, _: u64, _: &[u8], _: End) -> Option<Taken> {
            unreachable!("tables have no pieces")
        }
        fn row(&mut self, _: u64, _: &[u8]) -> Verdict {
            Verdict::Refused("no row of a table")
        }
        fn converted(&mut self, _: u64, length: u64, text: &str) -> Verdict {
            self.rows.push(text.to_owned());
            Verdict::Read { entries: length, wrapper: false }
        }
        fn malformed(&mut self, _: u64, _: u64, reason: &str, _: &[u8]) {
            self.bad.push(reason.to_owned());
        }
    }

    fn run(text: &str) -> (Vec<String>, Vec<String>, Counts) {
        let mut log = Log::default();
        let mut framer = Framer::new(State::START, 1 << 20);
        let window = Window { bytes: text.as_bytes(), base: 0, last: true };
        assert_eq!(framer.run(window, 0, text.len(), &mut log), text.len());
        assert_eq!(framer.counts.by.total(), text.len() as u64);
        (log.rows, log.bad, framer.counts)
    }

    #[test]
    fn columns_are_named_by_a_remark_and_may_be_named_again() {
        let text = "#Software: x\n#Date: 2024-01-02 03:04:05\n#Fields: time cs-method cs(Referer) sc-status\n\
            03:04:05 GET - 500\n\n#Fields: date time sc-status\n2024-01-03 03:04:06 200\n1 2 3 4\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let (rows, bad, counts) = run(&text);
            assert_eq!(
                rows,
                [
                    r#"{"time":"03:04:05","cs-method":"GET","sc-status":"500","date":"2024-01-02"}"#,
                    r#"{"date":"2024-01-03","time":"03:04:06","sc-status":"200"}"#,
                ]
            );
            assert_eq!(
                (bad.as_slice(), counts.framing()),
                (["more cells than there are columns".to_owned()].as_slice(), "csv")
            );
        }
    }

    #[test]
    fn cells_stand_between_tabs_where_a_line_has_one() {
        let (rows, ..) = run(
            "#Version: 1.0\n#Fields: date cs(User-Agent) sc-status\n2024-01-02\ta b\t500\n2024-01-02 \"a b\" 404\n",
        );
        assert_eq!(
            rows,
            [
                r#"{"date":"2024-01-02","cs(User-Agent)":"a b","sc-status":"500"}"#,
                r#"{"date":"2024-01-02","cs(User-Agent)":"a b","sc-status":"404"}"#,
            ]
        );
    }

    #[test]
    fn flow_logs_have_their_columns_in_the_first_line() {
        let (rows, ..) =
            run("version interface-id srcaddr dstaddr start action\n2 eni-1 10.0.0.1 - 1704164645 REJECT\n");
        assert_eq!(
            rows,
            [r#"{"version":"2","interface-id":"eni-1","srcaddr":"10.0.0.1","start":"1704164645","action":"REJECT"}"#]
        );
    }

    #[test]
    fn columns_that_are_named_once_more_are_no_record() {
        let head = "interface-id srcaddr dstaddr start";
        let (rows, bad, counts) =
            run(&format!("{head}\neni-1 10.0.0.1 10.0.0.2 1\n{head}\ninterface-id 10.0.0.1 10.0.0.2 2\n{head}\r\n"));
        assert_eq!((rows.len(), bad.len(), counts.rows), (2, 0, 2));
    }

    #[test]
    fn quotes_in_quoted_cells_are_doubled() {
        let (rows, bad, _) =
            run("#Fields: cs-method cs(User-Agent) sc-status\nGET \"a \"\"b\"\" (c d)\" 200\nGET \"\" 404\n\
            GET \"\"\"a b\"\"\" 500\nGET \"a 200\n");
        assert_eq!(
            rows,
            [
                r#"{"cs-method":"GET","cs(User-Agent)":"a \"b\" (c d)","sc-status":"200"}"#,
                r#"{"cs-method":"GET","sc-status":"404"}"#,
                r#"{"cs-method":"GET","cs(User-Agent)":"\"a b\"","sc-status":"500"}"#,
                r#"{"cs-method":"GET","cs(User-Agent)":"\"a","sc-status":"200"}"#,
            ]
        );
        assert!(bad.is_empty());
    }

    #[test]
    fn remarks_alone_make_no_table() {
        for text in ["# a shell script\necho x\n", "#\n", "#Version: 1\nx\n", "srcaddr of the dstaddr\n"] {
            let (rows, _, counts) = run(text);
            assert_eq!((rows.len(), counts.framing()), (0, "text"), "{text}");
        }
    }
}
