//! Levels that an export does not name as its severity, and that still tell how bad a row is.
//!
//! A letter, a number whose meaning its logger knows, a word under a key of one library: the envelope's severity stays as it
//! is, and what is implied ranks the row.

use super::super::json::Value;
use super::generic::in_tens;
use super::table::{Field, Found};
use super::{INNER_LEVEL, imply, text};
use crate::record::{LogRecord, Severity};

/// Why a level's name counts beside its number, which means another severity elsewhere.
pub(super) const NAMED: &str = "name of the level beside its number";

/// The severity of one of syslog's numbers.
pub(super) fn syslog(value: Value<'_>) -> Option<Severity> {
    Severity::from_syslog(usize::try_from(value.as_i64()?).ok()?)
}

/// A level word, also one letter, `DEBUG1` and PostgreSQL's `LOG`, or a number in tens.
pub(super) fn word(value: Value<'_>) -> Option<Severity> {
    let text = text(value)?;
    let word = text.trim().trim_end_matches(|c: char| c.is_ascii_digit());
    match word {
        "" => in_tens(value),
        "T" | "t" | "V" | "v" | "D" | "d" => Some(Severity::Debug),
        "I" | "i" | "LOG" => Some(Severity::Info),
        "N" | "n" => Some(Severity::Notice),
        "W" | "w" => Some(Severity::Warning),
        "E" | "e" => Some(Severity::Error),
        "C" | "c" | "F" | "f" => Some(Severity::Critical),
        _ => Severity::from_word(word),
    }
}

/// Notes what levels imply that are none of an export's own.
pub(super) fn implied<'a>(found: &Found<'a>, row: Value<'a>, record: &mut LogRecord<'a>) {
    let own = found.value(Field::Level);
    let named = found.value(Field::Hint).and_then(word);
    if record.severity != Severity::Default {
        // Monolog counts in hundreds as Google does, and means another level by each.
        if let Some(named) = named.filter(|named| *named > record.severity)
            && own.is_some_and(|own| own.as_i64().is_some())
        {
            imply(record, Some(named), NAMED);
        }
        return;
    }
    let own = own.and_then(|own| {
        let number = own.as_i64().is_some_and(|number| (0..8).contains(&number));
        let of_syslog = number && ["short_message", "facility"].iter().any(|key| row.some(key).is_some());
        if of_syslog { syslog(own) } else { word(own) }
    });
    imply(record, named.or(own), INNER_LEVEL);
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn levels_of_libraries_imply_what_no_severity_says() {
        for (members, severity) in [
            (r#""level":"E""#, Severity::Error),
            (r#""level":"W""#, Severity::Warning),
            (r#""level":50,"message":"no""#, Severity::Error),
            (r#""level":40,"levelname":"ERROR""#, Severity::Error),
            (r#""@level":"warn","@message":"late","@module":"till""#, Severity::Warning),
            (r#""error_severity":"FATAL""#, Severity::Critical),
            (r#""error_severity":"DEBUG2""#, Severity::Debug),
            (r#""version":"1.1","host":"h","short_message":"no","level":3"#, Severity::Error),
            (r#""severity":4,"facility":3"#, Severity::Warning),
            (r#""level":7"#, Severity::Default),
            (r#""level":"loud""#, Severity::Default),
        ] {
            let row = map(&format!(r#"{{"timestamp":"2024-01-02T03:04:05Z",{members}}}"#));
            assert_eq!((row.severity, row.effective_severity), (Severity::Default, severity), "{members}");
            assert_eq!(row.revision, None, "the version of a format is none of a program");
        }
    }

    #[test]
    fn the_name_of_a_level_counts_where_its_number_means_less() {
        let row = map(
            r#"{"message":"m","level":400,"level_name":"ERROR","channel":"till","datetime":"2024-01-02T03:04:05.678+00:00"}"#,
        );
        assert_eq!((row.severity, row.effective_severity), (Severity::Warning, Severity::Error));
        assert_eq!((row.effective_reason, row.module.as_deref()), (Some(NAMED), Some("till")));
        let row = map(r#"{"message":"m","level":500,"level_name":"INFO"}"#);
        assert_eq!((row.effective_severity, row.effective_reason), (Severity::Error, None));
        let row = map(r#"{"message":"m","level":"info","level_name":"ERROR"}"#);
        assert_eq!((row.effective_severity, row.effective_reason), (Severity::Info, None));
    }
}
