//! Severity as Google Cloud Logging defines it, and the severity that a row's text implies.
//!
//! The envelope's word is never overwritten: a runtime that prints `[ERROR]` to a stream without severities is an error for
//! the reader, but the export said DEFAULT, and both counts are shown.

use serde::{Deserialize, Serialize};

use super::head;

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

    /// The severity of one of syslog's numbers, 0 to 7.
    pub fn from_syslog(number: usize) -> Option<Self> {
        const BY_NUMBER: [Severity; 8] = [
            Severity::Emergency,
            Severity::Alert,
            Severity::Critical,
            Severity::Error,
            Severity::Warning,
            Severity::Notice,
            Severity::Info,
            Severity::Debug,
        ];
        BY_NUMBER.get(number).copied()
    }

    /// The severity a level word stands for, in any case and with the synonyms that logging libraries use.
    pub fn from_word(word: &str) -> Option<Self> {
        // As Google writes them, in nearly every row.
        match word.as_bytes() {
            b"INFO" => return Some(Self::Info),
            b"DEBUG" => return Some(Self::Debug),
            b"ERROR" => return Some(Self::Error),
            b"WARNING" => return Some(Self::Warning),
            b"DEFAULT" => return Some(Self::Default),
            b"NOTICE" => return Some(Self::Notice),
            _ => {}
        }
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
            b"debug" | b"trace" | b"verbose" | b"fine" | b"finer" | b"finest" | b"dbg" | b"trc" => Self::Debug,
            b"info" | b"information" | b"informational" | b"inf" => Self::Info,
            b"notice" => Self::Notice,
            b"warn" | b"warning" | b"wrn" => Self::Warning,
            b"err" | b"error" | b"severe" => Self::Error,
            b"crit" | b"critical" | b"fatal" | b"panic" | b"dpanic" | b"ftl" | b"pnc" => Self::Critical,
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
    told(head::level(message))
}

/// The same of a text that a time stood before, which is no part of it any more.
pub fn effective_behind_time(envelope: Severity, text: &str) -> EffectiveSeverity {
    if envelope != Severity::Default {
        return EffectiveSeverity { severity: envelope, reason: None };
    }
    told(head::level_behind_time(text))
}

fn told(level: Option<(Severity, &'static str)>) -> EffectiveSeverity {
    match level {
        Some((severity, reason)) => EffectiveSeverity { severity, reason: Some(reason) },
        None => EffectiveSeverity { severity: Severity::Default, reason: None },
    }
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
