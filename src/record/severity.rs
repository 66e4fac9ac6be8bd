//! Severity as Google Cloud Logging defines it, and the severity that a row's text implies.
//!
//! The envelope's word is never overwritten: a runtime that prints `[ERROR]` to a stream without severities is an error for
//! the reader, but the export said DEFAULT, and both counts are shown.

use serde::{Deserialize, Serialize};

/// Severity with Google's numbers (0, 100, … 800).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No severity given.
    #[default]
    Default,
    /// Trace and debug output.
    Debug,
    /// Routine information.
    Info,
    /// Normal but significant.
    Notice,
    /// Might cause a problem.
    Warning,
    /// Is likely to cause a problem.
    Error,
    /// Causes severe problems.
    Critical,
    /// A person must act immediately.
    Alert,
    /// The system is unusable.
    Emergency,
}

/// Length of the longest level word, `informational`.
const LONGEST_WORD: usize = 13;

impl Severity {
    /// Every severity, least first.
    pub const ALL: [Self; 9] = [
        Self::Default,
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// Google's number for it.
    pub fn number(self) -> i32 {
        self as i32 * 100
    }

    /// The severity of one of Google's numbers; `None` for any other number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| i64::from(severity.number()) == number)
    }

    /// Canonical upper-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
            Self::Alert => "ALERT",
            Self::Emergency => "EMERGENCY",
        }
    }

    /// The severity a level word stands for, in any case and with the synonyms that logging libraries use.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.trim_ascii().as_bytes();
        let mut lower = [0_u8; LONGEST_WORD];
        // Most texts that are asked about are no level at all: their length or their first byte says so.
        let lower = lower.get_mut(..word.len())?;
        if !word.first()?.is_ascii_alphabetic() {
            return None;
        }
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"default" => Self::Default,
            b"debug" | b"trace" | b"verbose" | b"fine" | b"finer" | b"finest" | b"dbg" => Self::Debug,
            b"info" | b"information" | b"informational" | b"inf" => Self::Info,
            b"notice" => Self::Notice,
            b"warn" | b"warning" | b"wrn" => Self::Warning,
            b"err" | b"error" | b"severe" => Self::Error,
            b"crit" | b"critical" | b"fatal" | b"panic" | b"dpanic" | b"ftl" => Self::Critical,
            b"alert" => Self::Alert,
            b"emerg" | b"emergency" => Self::Emergency,
            // Go's slog writes levels between two words as `ERROR+2`.
            lower => {
                let sign = lower.iter().position(|byte| matches!(byte, b'+' | b'-'))?;
                let (word, steps) = lower.split_at(sign);
                let steps = &steps[1..];
                if steps.is_empty() || !steps.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                return Self::from_word(std::str::from_utf8(word).ok()?);
            }
        })
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The severity reports rank by, and why it differs from the envelope's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveSeverity {
    /// The severity.
    pub severity: Severity,
    /// `None` when it is the envelope's own.
    pub reason: Option<&'static str>,
}

/// Raises a row without a severity to the one its text states.
///
/// Only [`Severity::Default`] is ever raised: an envelope that names a severity is believed. `inner` is a level word or
/// severity found inside the payload.
pub fn effective(envelope: Severity, message: &str, inner: Option<Severity>) -> EffectiveSeverity {
    if envelope != Severity::Default {
        return EffectiveSeverity { severity: envelope, reason: None };
    }
    if let Some(severity) = inner.filter(|severity| *severity != Severity::Default) {
        return EffectiveSeverity { severity, reason: Some("level inside the payload") };
    }
    let head = head_of(message);
    let told = |severity| EffectiveSeverity { severity, reason: Some("level in the text") };
    let (body, timed) = after_time(head).map_or((head, false), |body| (body, true));
    if let Some(severity) = bracketed_level(body) {
        return told(severity);
    }
    if head.starts_with("Traceback (most recent call last)") || head.starts_with("panic: ") {
        return EffectiveSeverity { severity: Severity::Error, reason: Some("stack trace") };
    }
    if starts_with_error_type(head) || holds_traceback(message) {
        return EffectiveSeverity { severity: Severity::Error, reason: Some("exception in the text") };
    }
    leading_level(body, timed)
        .or_else(|| logfmt_level(body))
        .or_else(|| klog_level(head))
        .map_or(EffectiveSeverity { severity: Severity::Default, reason: None }, told)
}

/// The first line, at most 256 bytes of it: a level stands at the front or not at all.
fn head_of(message: &str) -> &str {
    let text = message.trim_start();
    let mut end = text.len().min(256);
    end = memchr::memchr(b'\n', &text.as_bytes()[..end]).unwrap_or(end);
    let line = text;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

/// A traceback that starts at a later line.
fn holds_traceback(message: &str) -> bool {
    let bytes = message.as_bytes();
    memchr::memchr_iter(b'\n', bytes).any(|at| bytes[at + 1..].starts_with(b"Traceback (most recent call last)"))
}

/// What stands behind the date and time that a line opens with: `2025-01-01 10:00:00,123 `, `2025-01-01T10:00:00Z `.
fn after_time(head: &str) -> Option<&str> {
    let bytes = head.as_bytes();
    let is_date = bytes.first_chunk::<10>().is_some_and(|date| {
        date.iter()
            .enumerate()
            .all(|(at, b)| if matches!(at, 4 | 7) { matches!(b, b'-' | b'/') } else { b.is_ascii_digit() })
    });
    if !is_date || !matches!(bytes.get(10), Some(b'T' | b' ')) || !bytes.get(11)?.is_ascii_digit() {
        return None;
    }
    let end = 11 + bytes[11..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',')).count();
    let rest = head[end..].trim_start_matches('Z');
    let zone = rest.trim_start_matches(' ').strip_prefix(['+', '-']).and_then(|zone| {
        let digits = zone.bytes().take_while(|b| b.is_ascii_digit() || *b == b':').count();
        matches!(digits, 4 | 5).then(|| &zone[digits..])
    });
    let rest = zone.unwrap_or(rest);
    rest.strip_prefix(' ').map(str::trim_start)
}

/// `[ERROR]`, `[2025-01-01 …] [13] [WARNING] …`: a level alone in brackets among the leading bracketed groups.
fn bracketed_level(head: &str) -> Option<Severity> {
    let mut rest = head;
    for _ in 0..4 {
        let inside = rest.strip_prefix('[')?;
        let close = inside.find(']')?;
        if let Some(severity) = Severity::from_word(&inside[..close]) {
            return Some(severity);
        }
        rest = inside[close + 1..].trim_start();
    }
    None
}

/// `ERROR: …`, `WARNING - …`, `error: …` at the very front; behind a time, any level in capitals.
fn leading_level(head: &str, timed: bool) -> Option<Severity> {
    let end = head.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = head.split_at(end);
    let severity = Severity::from_word(word).filter(|severity| *severity != Severity::Default)?;
    let upper = word.bytes().all(|b| b.is_ascii_uppercase()) && word.len() > 3;
    let marked = rest.starts_with(':') || rest.starts_with(" - ") || rest.starts_with(" |") || rest.starts_with(" [");
    let alone = rest.starts_with("  ") || timed && rest.starts_with(' ');
    (upper && (marked || alone) || rest.starts_with(": ")).then_some(severity)
}

/// `level=error msg="…"`, as logfmt has it, among the pairs that a line begins with.
fn logfmt_level(head: &str) -> Option<Severity> {
    let pairs = head.split(' ').map_while(|word| word.split_once('='));
    let mut levels = pairs.filter(|(key, _)| matches!(*key, "level" | "lvl" | "severity"));
    levels.find_map(|(_, value)| Severity::from_word(value.trim_matches('"')))
}

/// `E0102 10:00:00.123456`, the head of Kubernetes' own components.
fn klog_level(head: &str) -> Option<Severity> {
    let [level, month_day @ .., b' ', h1, h2, b':'] = head.as_bytes().first_chunk::<9>()? else { return None };
    if !month_day.iter().chain([h1, h2]).all(u8::is_ascii_digit) {
        return None;
    }
    match level {
        b'I' => Some(Severity::Info),
        b'W' => Some(Severity::Warning),
        b'E' => Some(Severity::Error),
        b'F' => Some(Severity::Critical),
        _ => None,
    }
}

/// The exception type that a line opens with: `TypeError: …`, `java.io.IOException: …`, `Uncaught Error: …`.
pub fn error_type(line: &str) -> Option<&str> {
    let head = line.trim_start();
    starts_with_error_type(head).then(|| {
        let front = head.split(':').next().unwrap_or(head);
        front.rsplit(' ').next().unwrap_or(front)
    })
}

fn starts_with_error_type(head: &str) -> bool {
    let head = head.strip_prefix("Uncaught ").unwrap_or(head);
    let head = head
        .strip_prefix("Exception in thread ")
        .map_or(head, |rest| rest.split_once(' ').map_or(rest, |(_, tail)| tail));
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    rest.starts_with(':')
        && name.len() > 5
        && (name.ends_with("Error") || name.ends_with("Exception"))
        && name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_googles() {
        assert_eq!(Severity::Error.number(), 500);
        assert_eq!(Severity::from_number(400), Some(Severity::Warning));
        assert_eq!(Severity::from_number(450), None);
        assert_eq!(Severity::from_word(" Warn "), Some(Severity::Warning));
        assert_eq!(Severity::from_word("loud"), None);
        assert_eq!(Severity::from_word("ERROR+2"), Some(Severity::Error));
        assert_eq!(Severity::from_word("info-"), None);
    }

    #[test]
    fn an_envelope_that_names_a_severity_is_believed() {
        assert_eq!(effective(Severity::Info, "[ERROR] no", Some(Severity::Error)).severity, Severity::Info);
    }

    #[test]
    fn a_row_without_severity_takes_the_one_its_text_states() {
        let of = |text: &str| effective(Severity::Default, text, None).severity;
        assert_eq!(of("[2025-01-01 10:00:00 +0000] [7] [ERROR] Worker died"), Severity::Error);
        assert_eq!(of("[2025-01-01 10:00:00 +0000] [7] [INFO] Booting"), Severity::Info);
        assert_eq!(of("Traceback (most recent call last):\n  File \"a.py\", line 1, in f"), Severity::Error);
        assert_eq!(of("TypeError: x is not a function"), Severity::Error);
        assert_eq!(of("ERROR: no such table"), Severity::Error);
        assert_eq!(of("error rate is fine"), Severity::Default);
        assert_eq!(of("Info desk opened"), Severity::Default);
        assert_eq!(of("2025-01-01 10:00:00,123 ERROR till.cart no stock"), Severity::Error);
        assert_eq!(of("2025-01-01T10:00:00.5+00:00 WARN till: slow"), Severity::Warning);
        assert_eq!(of("2025-01-01 10:00:00 +0000 [warning  ] slow till=3"), Severity::Warning);
        assert_eq!(of("2025-01-01T10:00:00Z [error    ] no stock"), Severity::Error);
        assert_eq!(of("2025-01-01T10:00:00Z Error rates are fine"), Severity::Default);
        assert_eq!(of("ERROR rates are fine"), Severity::Default);
        assert_eq!(of("ts=2025-01-01T10:00:00Z level=warn msg=\"no stock\""), Severity::Warning);
        assert_eq!(of("the level=error filter matched"), Severity::Default);
        assert_eq!(of("raise sealevel=error or not"), Severity::Default);
        assert_eq!(of("E0102 10:00:00.123456       1 cart.go:12] no stock"), Severity::Error);
        assert_eq!(of("E0102 is a part"), Severity::Default);
        assert_eq!(of("2025-01-01 10:00:00"), Severity::Default);
        assert_eq!(of(""), Severity::Default);
        assert_eq!(effective(Severity::Default, "x", Some(Severity::Warning)).reason, Some("level inside the payload"));
    }
}
