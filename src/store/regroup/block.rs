//! Rows below a line that says why a program did not start, where an export cut the block into rows: banners of Spring, the
//! JVM's report of a crash, what the launchers of Java and .NET and the checks of Django list; and rows below an exception of
//! Python that say more of it.
//!
//! Prose belongs to a block only where Spring puts it: below `Description:`, and below `Action:` up to a blank row, and only
//! sentences and what stands indented or behind a sign. Any other row of a block shows by its form that it is one. A row of
//! another severity than the block's, a request, a row of another kind, and where service or instance is not known a row of
//! another file are never taken. Between the rows of a banner such rows may stand: they end it as little as they are of it.

use super::super::rows::{DictCol, IntCol, Rows, TextCol};
use super::GAP_NS;
use crate::mine::RowRole;
use crate::record::{Kind, Severity};

/// Longest time that a block takes.
pub(super) const BLOCK_NS: i64 = 10 * GAP_NS;
/// Most rows of a block.
const ROWS_MAX: u32 = 64;

/// A block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    part: Part,
    /// Position of the row that opened it.
    pub(super) first: u32,
    /// Severity that the envelopes of its rows have.
    severity: i64,
    /// The input of its rows, where nothing else tells programs apart.
    file: Option<u32>,
    until_ns: i64,
    rows: u32,
    /// Each of its rows begins with `#`.
    marked: bool,
}

/// Which part of a block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What announces its reason is to come.
    Head,
    /// Its reason is to come.
    Description,
    /// What belongs to the reason: of Spring any text.
    Details,
    /// What is to be done, which is to come.
    Action,
    /// The same, and it has come.
    Text,
    /// Nothing but blank rows.
    End,
    /// What belongs to a reason that a launcher gave: only what has a form.
    Formed,
    /// What an exception of Python says on further lines: only what has a form.
    Explained(Says),
    /// The same, inside a statement of SQL.
    Statement(Says),
}

/// What a row is to the block that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// The reason, which the row that opened the block does not give.
    Reason,
    /// Anything else.
    Detail,
}

/// Whose lines stand below an exception of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Pydantic: a field, what is wrong with it indented below it.
    Fields,
    /// A driver of a database or SQLAlchemy: the statement, details, hints.
    Database,
    /// gRPC: status and details, indented, and the end of the bracket that its exception opens.
    Call,
}

impl Block {
    /// The block below the exception that ends a stack of Python, where such an exception says more on further lines.
    pub(super) fn explained(rows: &Rows, row: usize, at: usize) -> Option<Self> {
        let text = rows.text(TextCol::Message, row).trim();
        let (name, says) = text.split_once(": ").map_or((text, ""), |(name, says)| (name.trim_end(), says));
        let is_count = |says: &str| {
            let counted = says.split_once(" validation error").is_some_and(|(count, rest)| {
                count.bytes().all(|b| b.is_ascii_digit()) && rest.trim_start_matches('s').starts_with(" for ")
            });
            counted && name.ends_with("ValidationError")
        };
        let whose = match name {
            _ if is_count(says) => Says::Fields,
            _ if name.starts_with("grpc.") && says.ends_with(" terminated with:") => Says::Call,
            _ if DATABASES.iter().any(|library| name.starts_with(library)) => Says::Database,
            _ => return None,
        };
        Some(Self::from(Part::Explained(whose), rows, row, at))
    }

    fn from(part: Part, rows: &Rows, row: usize, at: usize) -> Self {
        Self {
            part,
            first: at as u32,
            severity: rows.int(IntCol::Severity, row),
            file: lone_file(rows, row),
            until_ns: rows.ts_ns[row].saturating_add(BLOCK_NS),
            rows: 1,
            marked: false,
        }
    }

    /// The block that a row opens, if it does.
    pub(super) fn opened(rows: &Rows, row: usize, at: usize) -> Option<Self> {
        let part = match rows.role(row) {
            RowRole::Banner => Part::Head,
            RowRole::Reason => Part::Formed,
            _ => return None,
        };
        let marked = rows.text(TextCol::Message, row).trim_start().starts_with('#');
        Some(Self { marked, ..Self::from(part, rows, row, at) }).filter(|_| opens(rows, row))
    }

    /// What a row is to the block that it follows, and what is open below it; `None` where it belongs to something else.
    /// `right_below`: nothing that is none of its rows stands between.
    pub(super) fn with(self, rows: &Rows, row: usize, right_below: bool) -> Option<(Self, Is)> {
        let text = rows.text(TextCol::Message, row);
        let (body, role) = (text.trim(), rows.role(row));
        let blank = !body.contains(char::is_alphanumeric);
        if rows.ts_ns[row] > self.until_ns || self.is_foreign(rows, row) || !blank && self.rows == ROWS_MAX {
            return None;
        }
        let is_error = role == RowRole::Exception || role.is_of_stack();
        let tells = rows.word(DictCol::Reason, row).is_some() && !is_error || is_dated(body);
        if !blank && (tells || matches!(role, RowRole::Banner | RowRole::Reason)) {
            return None;
        }
        // What stands indented belongs to the row above it, whatever that is.
        let alone = matches!(self.part, Part::End | Part::Formed | Part::Explained(_) | Part::Statement(_));
        let is_open = self.marked || !alone && !text.starts_with([' ', '\t']);
        if !right_below && !is_open {
            return None;
        }
        let (part, is) = match self.part {
            _ if self.marked && !body.starts_with('#') && !body.is_empty() => return None,
            Part::Head if self.marked && !blank => (Part::Details, Is::Reason),
            Part::Head if body == "Description:" => (Part::Description, Is::Detail),
            Part::Head if !blank => return None,
            Part::Description | Part::Action if !blank && !begins_sentence(body) => return None,
            Part::Description if !blank => (Part::Details, Is::Reason),
            Part::Details if body == "Action:" => (Part::Action, Is::Detail),
            Part::Details | Part::Text if !blank && !self.marked && !is_of_banner(text) => return None,
            Part::Action if !blank => (Part::Text, Is::Detail),
            Part::Text if body.is_empty() => (Part::End, Is::Detail),
            Part::End if !body.is_empty() && !text.starts_with([' ', '\t']) => return None,
            Part::Formed if !blank && !has_form(text) => return None,
            Part::Statement(says) if ends_statement(body) => (Part::Explained(says), Is::Detail),
            Part::Explained(_) if is_error => return None,
            Part::Explained(says) if body.starts_with("[SQL: ") && !ends_statement(body) => {
                (Part::Statement(says), Is::Detail)
            }
            Part::Explained(says) if !blank && !says.has(text, self.rows) => return None,
            part => (part, Is::Detail),
        };
        Some((Self { part, rows: self.rows + u32::from(!blank), ..self }, is))
    }

    /// Whether a row is another program's.
    fn is_foreign(self, rows: &Rows, row: usize) -> bool {
        rows.int(IntCol::Severity, row) != self.severity
            || rows.is_request(row)
            || rows.word(DictCol::Kind, row) != Some(Kind::App.as_str())
            || lone_file(rows, row) != self.file
    }
}

/// Libraries of Python whose exceptions say on further lines what a server of a database told.
const DATABASES: [&str; 8] = [
    "sqlalchemy.exc.",
    "psycopg.",
    "psycopg2.",
    "asyncpg.exceptions.",
    "django.db.utils.",
    "pymysql.err.",
    "MySQLdb.",
    "oracledb.",
];

impl Says {
    /// Whether a line is one of those; `rows`: which one of its block it is.
    fn has(self, line: &str, rows: u32) -> bool {
        const FRONTS: [&str; 9] = [
            "[SQL: ",
            "[parameters: ",
            "[generated in ",
            "(Background on this error at: ",
            "DETAIL: ",
            "HINT: ",
            "CONTEXT: ",
            "LINE ",
            "Help: ",
        ];
        let body = line.trim_end();
        if body.starts_with([' ', '\t']) {
            return true;
        }
        match self {
            Self::Call => body == ">",
            Self::Database => FRONTS.iter().any(|front| body.starts_with(front)),
            // `database_url`, `items.0.price`, `items -> 0 -> price`, `__root__`: the one below the exception, and more below
            // what is indented.
            Self::Fields => {
                rows < ROWS_MAX
                    && body.split(" -> ").all(|part| {
                        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b))
                    })
            }
        }
    }
}

/// Whether a line is the last one of a statement, which stands in brackets.
fn ends_statement(body: &str) -> bool {
    body.ends_with(']')
}

/// Whether a row opens a block. Nobody writes a banner in passing, whatever severity a collector gave it.
pub(super) fn opens(rows: &Rows, row: usize) -> bool {
    rows.role(row) == RowRole::Banner || is_loud(rows, row)
}

/// Whether a row that may open a block says that something failed, and not in passing: it has no severity, or that of an error.
fn is_loud(rows: &Rows, row: usize) -> bool {
    let is_silent = rows.int(IntCol::Severity, row) == i64::from(Severity::Default.number())
        && rows.word(DictCol::Reason, row).is_none();
    is_silent || rows.int(IntCol::EffectiveSeverity, row) >= i64::from(Severity::Error.number())
}

/// The input of a row of which service or instance is not known.
pub(super) fn lone_file(rows: &Rows, row: usize) -> Option<u32> {
    let is_known = |column| rows.word(column, row).is_some();
    (!is_known(DictCol::Service) || !is_known(DictCol::Instance)).then(|| rows.files[row])
}

/// Whether a line begins as a sentence does that says what failed or what is to be done.
fn begins_sentence(body: &str) -> bool {
    let begins = body.starts_with(|c: char| c.is_uppercase() || matches!(c, '\'' | '"' | '`' | '|'));
    begins && body.contains(' ')
}

/// Whether a line of several in Spring's banner has the form of one: a sentence with its end, an indented line, one behind a
/// sign, or the first words of what its analyzers say without a full stop.
fn is_of_banner(line: &str) -> bool {
    const FRONTS: [&str; 14] = [
        "Reason: ",
        "Cause: ",
        "Property: ",
        "Value: ",
        "Origin: ",
        "Consider ",
        "Correct ",
        "Update ",
        "Review ",
        "Identify ",
        "Verify ",
        "Configure ",
        "If you ",
        "The following ",
    ];
    let body = line.trim();
    let has_sign = || body.starts_with(|c: char| !c.is_alphanumeric() && !matches!(c, '{' | '[' | '<' | '/'));
    line.starts_with([' ', '\t'])
        || has_sign()
        || begins_sentence(body) && body.ends_with(['.', ':', '?', ')'])
        || FRONTS.iter().any(|front| body.starts_with(front))
}

/// Whether a line has the form of those that launchers and checks write below a reason.
fn has_form(line: &str) -> bool {
    const FRONTS: [&str; 10] = [
        "Caused by:",
        "App: ",
        "Architecture: ",
        "Framework: ",
        ".NET location: ",
        "Learn about ",
        "Learn more:",
        "https://aka.ms/",
        "System check identified ",
        "Exception in thread \"",
    ];
    let body = line.trim();
    line.starts_with([' ', '\t', '#'])
        || FRONTS.iter().any(|front| body.starts_with(front))
        || is_label(body)
        || is_finding(body)
}

/// Whether a line announces what stands below it: `ERRORS:`, `The following frameworks were found:`.
fn is_label(body: &str) -> bool {
    const LABELS: [&str; 6] = [
        "ERRORS",
        "WARNINGS",
        "CRITICALS",
        "The following frameworks were found",
        "The following frameworks for other architectures were found",
        "To install missing framework, download",
    ];
    body.strip_suffix(':').is_some_and(|label| LABELS.contains(&label))
}

/// Whether a line is what a check of Django found: `shop.Order.stock: (fields.E304) Clashes.`
fn is_finding(body: &str) -> bool {
    let id = body.split_once(": (").and_then(|(_, rest)| Some(rest.split_once(") ")?.0));
    id.and_then(|id| id.rsplit_once('.')).is_some_and(|(_, number)| {
        number.len() == 4 && number.is_char_boundary(1) && number[1..].bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a line begins with a time, as entries do.
fn is_dated(body: &str) -> bool {
    let digits = body.trim_start_matches('[');
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.len() >= rest.len() + 2 && rest.starts_with(['-', '/', ':'])
}
