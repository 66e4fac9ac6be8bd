//! What templates may do with a value: print it with its unit, or quote it.
//!
//! Numbers arrive computed; a filter only writes them, always the same way: thousands with commas, shares never rounded up
//! to 100 % or down to 0 %, times in UTC with their `Z`. What comes from a log is quoted with `code`, `cell` or `fence`.

use minijinja::Environment;
use minijinja::value::Value;

use super::safe;
use crate::time;

/// Adds every filter and function that the embedded templates use.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_filter("n", |value: &Value| i64::try_from(value.clone()).map(group));
    env.add_filter("num", |value: f64| grouped(value));
    env.add_filter("pct", |value: f64| percent(value));
    // Never more than there is: what is said to be covered at least.
    env.add_filter("at_least", |value: f64| format!("{} %", (value * 1_000.0).floor() / 10.0));
    env.add_filter("secs", |value: f64| seconds(value));
    env.add_filter("time", |text: &str| time_words(text));
    env.add_filter("clock", |text: &str| clock(text));
    env.add_filter("exact", |text: &str| exact(text));
    env.add_filter("cut", |text: &str, limit: usize| safe::cut(&safe::one_line(text), limit));
    env.add_filter("head", |text: &str, limit: usize| safe::cut(text, limit));
    env.add_filter("code", |text: &str, limit: Option<usize>| {
        Value::from_safe_string(safe::inline_code(&limited(text, limit)))
    });
    env.add_filter("cell", |text: &str, limit: Option<usize>| {
        Value::from_safe_string(safe::cell_code(&limited(text, limit)))
    });
    env.add_filter("fence", |text: &str, language: Option<&str>| {
        Value::from_safe_string(safe::fenced_as(language.unwrap_or_default(), text))
    });
    env.add_filter("dot", |text: &str| {
        if text.ends_with(['.', '!', '?', ':']) || text.is_empty() { text.to_owned() } else { format!("{text}.") }
    });
    env.add_filter("fence_body", |text: &str, language: &str| {
        Value::from_safe_string(safe::fenced_body(language, text))
    });
    env.add_filter("visible", |text: &str| safe::visible(text));
    env.add_filter("sh", |text: &str| safe::shell_word(text));
    env.add_filter("address", |text: Option<&str>| {
        Value::from_safe_string(text.and_then(safe::web_address).unwrap_or_default())
    });
    env.add_filter("web", |text: Option<&str>| text.and_then(safe::web_address).unwrap_or_default());
    env.add_filter("count", |value: &Value, one: &str, many: &str| {
        i64::try_from(value.clone()).map(|n| format!("{} {}", group(n), if n == 1 { one } else { many }))
    });
    env.add_function("span", |first: &str, last: &str| span(first, last));
}

fn limited(text: &str, limit: Option<usize>) -> String {
    let line = safe::one_line(text);
    limit.map_or_else(|| line.clone(), |limit| safe::cut(&line, limit))
}

/// `1,234,567`
pub(crate) fn group(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// As [`group`], for counts.
pub(crate) fn count(n: u64) -> String {
    group(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A number with at most three digits after the point, without trailing zeros.
pub(crate) fn number(value: f64) -> String {
    let text = if value != 0.0 && value.abs() < 0.01 { format!("{value:.6}") } else { format!("{value:.3}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// As [`number`], thousands with commas.
fn grouped(value: f64) -> String {
    let text = number(value);
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), group);
    if rest.is_empty() {
        whole
    } else {
        format!("{}{whole}.{rest}", if value < 0.0 && whole == "0" { "-" } else { "" })
    }
}

/// A share of 0 to 1 in percent: `7.6 %`; only the whole is `100 %`, only nothing is `0 %`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        "0 %".to_owned()
    } else if percent >= 100.0 {
        format!("{} %", number(percent.round()))
    } else if percent < 0.1 {
        "< 0.1 %".to_owned()
    } else {
        format!("{:.1} %", percent.min(99.9))
    }
}

/// A length in seconds with its unit.
pub(crate) fn seconds(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and no window is longer than 292 years")]
    let ns = (value * time::SECOND_NS as f64).round() as i64;
    time::words(ns)
}

/// `2025-09-16 00:41:13Z`; text that is no time stays as it is.
pub(crate) fn time_words(text: &str) -> String {
    time::parse(text).map_or_else(|| text.to_owned(), |at| time::rfc3339_seconds(at.ns).replace('T', " "))
}

/// `00:41:13Z`
pub(crate) fn clock(text: &str) -> String {
    time::parse(text).map_or_else(|| text.to_owned(), |at| time::rfc3339_seconds(at.ns)[11..].to_owned())
}

/// `2025-09-16T00:41:13.023662Z`: as few digits as lose nothing.
pub(crate) fn exact(text: &str) -> String {
    time::parse(text).map_or_else(|| text.to_owned(), |at| time::rfc3339_short(at.ns))
}

/// `2025-09-16 00:41:13Z to 00:42:59Z`: the day once when it is the same.
pub(crate) fn span(first: &str, last: &str) -> String {
    let (from, to) = (time_words(first), time_words(last));
    if from == to {
        from
    } else if from.get(..10) == to.get(..10) {
        format!("{from} to {}", clock(last))
    } else {
        format!("{from} to {to}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        assert_eq!([group(0), group(999), group(1_000), group(-1_234_567)], ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!([grouped(30_001.0), grouped(2_950.5), grouped(-0.5)], ["30,001", "2,950.5", "-0.5"]);
        assert_eq!(
            [number(25.0), number(0.1 + 0.2), number(0.0), number(-0.0), number(0.0001)],
            ["25", "0.3", "0", "0", "0.0001"]
        );
    }

    #[test]
    fn a_share_is_never_rounded_to_all_or_nothing() {
        assert_eq!(
            [percent(0.0), percent(0.000_01), percent(0.0764), percent(0.999_99), percent(1.0)],
            ["0 %", "< 0.1 %", "7.6 %", "99.9 %", "100 %"]
        );
    }

    #[test]
    fn a_span_names_its_day_once() {
        assert_eq!(span("2025-09-16T00:41:13.023662000Z", "2025-09-16T00:42:59Z"), "2025-09-16 00:41:13Z to 00:42:59Z");
        assert_eq!(
            span("2025-09-15T23:00:00Z", "2025-09-16T00:42:59Z"),
            "2025-09-15 23:00:00Z to 2025-09-16 00:42:59Z"
        );
        assert_eq!(exact("2025-09-16T00:41:13.023662000Z"), "2025-09-16T00:41:13.023662Z");
        assert_eq!(time_words("unknown"), "unknown");
    }
}
