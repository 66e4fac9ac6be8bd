//! A plain table of values: what a query answers, without any type of the engine that computed it.
//!
//! Readers name the columns they need and get them typed, or an error that names the column; the writers for people and
//! programs are pure functions to text.

use std::fmt::Write;

use super::{ClusterRows, QueryError};
use crate::time;

/// Values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Integers.
    I64(Vec<Option<i64>>),
    /// Floats.
    F64(Vec<Option<f64>>),
    /// Text; also dates and moments, as RFC 3339 in UTC.
    Str(Vec<Option<String>>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
}

impl Data {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Str(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn word(&self) -> &'static str {
        match self {
            Self::I64(_) => "integer",
            Self::F64(_) => "float",
            Self::Str(_) => "text",
            Self::Bool(_) => "boolean",
        }
    }

    /// The value as text; `None` for null.
    fn text(&self, at: usize) -> Option<String> {
        match self {
            Self::I64(values) => values[at].map(|value| value.to_string()),
            Self::F64(values) => values[at].map(|value| value.to_string()),
            Self::Str(values) => values[at].clone(),
            Self::Bool(values) => values[at].map(|value| value.to_string()),
        }
    }

    fn json(&self, at: usize) -> serde_json::Value {
        match self {
            Self::I64(values) => values[at].into(),
            Self::F64(values) => values[at].into(),
            Self::Str(values) => values[at].clone().into(),
            Self::Bool(values) => values[at].into(),
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Values, one a row.
    pub data: Data,
}

/// A table; all columns are equally long.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Columns in the order of the query.
    pub columns: Vec<Column>,
}

/// Characters of a cell in [`Table::to_text_table`].
const CELL_CHARS: usize = 100;

impl Table {
    /// A table of columns by name.
    pub fn new(columns: Vec<(&str, Data)>) -> Self {
        Self { columns: columns.into_iter().map(|(name, data)| Column { name: name.to_owned(), data }).collect() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.data.len())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Result<&Data, QueryError> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.data).ok_or_else(|| {
            QueryError::NoColumn {
                name: name.to_owned(),
                found: self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
            }
        })
    }

    fn wrong(name: &str, expected: &'static str, data: &Data) -> QueryError {
        QueryError::ColumnType { name: name.to_owned(), expected, found: data.word() }
    }

    /// The clusters that the rows name in four columns of these names; absent is empty.
    pub fn clusters(&self) -> Result<Vec<ClusterRows>, QueryError> {
        let columns = [self.str("template_id")?, self.str("project")?, self.str("service")?, self.str("kind")?];
        let row = |at: usize| {
            let [template_id, project, service, kind] = columns.map(|column| column[at].clone().unwrap_or_default());
            ClusterRows { template_id, project, service, kind }
        };
        Ok((0..self.len()).map(row).collect())
    }

    /// A column of integers.
    pub fn i64(&self, name: &str) -> Result<&[Option<i64>], QueryError> {
        match self.column(name)? {
            Data::I64(values) => Ok(values),
            other => Err(Self::wrong(name, "integer", other)),
        }
    }

    /// A column of floats.
    pub fn f64(&self, name: &str) -> Result<&[Option<f64>], QueryError> {
        match self.column(name)? {
            Data::F64(values) => Ok(values),
            other => Err(Self::wrong(name, "float", other)),
        }
    }

    /// A column of text.
    pub fn str(&self, name: &str) -> Result<&[Option<String>], QueryError> {
        match self.column(name)? {
            Data::Str(values) => Ok(values),
            other => Err(Self::wrong(name, "text", other)),
        }
    }

    /// A column of truth values.
    pub fn bool(&self, name: &str) -> Result<&[Option<bool>], QueryError> {
        match self.column(name)? {
            Data::Bool(values) => Ok(values),
            other => Err(Self::wrong(name, "boolean", other)),
        }
    }

    /// Comma-separated values with a header (RFC 4180, lines end in a line feed); null is empty, an empty text is `""`.
    pub fn to_csv(&self) -> String {
        let quoted = |text: &str| {
            if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.to_owned()
            }
        };
        let mut out = String::new();
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        out.push_str(&names.join(","));
        out.push('\n');
        for at in 0..self.len() {
            for (position, column) in self.columns.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                if let Some(text) = column.data.text(at) {
                    out.push_str(&quoted(&text));
                }
            }
            out.push('\n');
        }
        out
    }

    /// A JSON array with one object a row, one row a line.
    pub fn to_json_rows(&self) -> String {
        let mut out = String::from("[");
        for at in 0..self.len() {
            let row: serde_json::Map<String, serde_json::Value> =
                self.columns.iter().map(|column| (column.name.clone(), column.data.json(at))).collect();
            let end = if at + 1 < self.len() { "," } else { "" };
            // Writing to a String cannot fail.
            write!(out, "\n{}{end}", serde_json::Value::Object(row)).ok();
        }
        out.push_str(if self.is_empty() { "]\n" } else { "\n]\n" });
        out
    }

    /// Aligned columns for a terminal: at most `most` rows, long cells cut, with a line that says how many are left out.
    pub fn to_text_table(&self, most: usize) -> String {
        let shown = self.len().min(most);
        let cells: Vec<Vec<String>> = self
            .columns
            .iter()
            .map(|column| (0..shown).map(|at| cell(column.data.text(at).as_deref())).collect())
            .collect();
        let width = |at: usize| {
            let widest = cells[at].iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(self.columns[at].name.chars().count())
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        let mut line = |texts: Vec<&str>| {
            let mut row = String::new();
            for (at, text) in texts.into_iter().enumerate() {
                let pad = " ".repeat(widths[at].saturating_sub(text.chars().count()));
                let right = matches!(self.columns[at].data, Data::I64(_) | Data::F64(_));
                row.push_str(if at > 0 { "  " } else { "" });
                row.extend(if right { [pad.as_str(), text] } else { [text, pad.as_str()] });
            }
            out.push_str(row.trim_end());
            out.push('\n');
        };
        line(self.columns.iter().map(|column| column.name.as_str()).collect());
        for at in 0..shown {
            line(cells.iter().map(|column| column[at].as_str()).collect());
        }
        if shown < self.len() {
            writeln!(out, "({} more rows)", self.len() - shown).ok();
        }
        out
    }
}

/// One line of at most [`CELL_CHARS`] characters; nothing in it can steer a terminal.
fn cell(text: Option<&str>) -> String {
    let Some(text) = text else { return String::new() };
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == CELL_CHARS {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A moment as columns show it: RFC 3339 in UTC.
pub(super) fn moment(ns: i64) -> String {
    time::rfc3339_short(ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        Table::new(vec![
            ("n", Data::I64(vec![Some(7), None])),
            ("text", Data::Str(vec![Some("a \"b\", c".into()), Some(String::new())])),
            ("ok", Data::Bool(vec![Some(true), None])),
        ])
    }

    #[test]
    fn csv_quotes_what_must_be_quoted_and_tells_null_from_empty() {
        assert_eq!(sample().to_csv(), "n,text,ok\n7,\"a \"\"b\"\", c\",true\n,\"\",\n");
    }

    #[test]
    fn json_rows_parse_back() {
        let rows: Vec<serde_json::Value> = serde_json::from_str(&sample().to_json_rows()).expect("parses");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["n"], 7);
        assert!(rows[1]["n"].is_null());
        assert_eq!(Table::default().to_json_rows(), "[]\n");
    }

    #[test]
    fn text_tables_align_cut_and_disarm() {
        let table = Table::new(vec![
            ("n", Data::I64(vec![Some(5), Some(1_000)])),
            ("m", Data::Str(vec![Some("x\n\u{1b}[31m".into()), None])),
        ]);
        assert_eq!(table.to_text_table(1), "n  m\n5  x⏎\u{fffd}[31m\n(1 more rows)\n");
        assert_eq!(table.to_text_table(9).lines().nth(2), Some("1000"));
    }

    #[test]
    fn errors_name_the_column() {
        assert!(sample().i64("text").expect_err("text is no integer").to_string().contains("text"));
        assert!(sample().str("zzz").expect_err("no such column").to_string().contains("n, text, ok"));
    }
}
