//! How long something took, as loggers write it: with a unit, as Go does, or a number in a unit that its key implies.

use std::borrow::Cow;

use super::super::json::Value;
use super::table::{Field, Found};
use crate::time::{DAY_NS, HOUR_NS, SECOND_NS};

/// Nanoseconds of a text with units (`12.3ms`, `1m2.5s`), or of a number in a unit of its own.
pub(super) fn read(text: &str, unit_ns: i64) -> Option<i64> {
    with_units(text).or_else(|| scaled(text.trim(), unit_ns))
}

fn with_units(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut sum = 0_i64;
    loop {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let tail = tail.trim_start();
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(tail.len()));
        let unit_ns = match unit {
            "ns" => 1,
            // Micro sign and Greek letter.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND_NS,
            "m" => 60 * SECOND_NS,
            "h" => HOUR_NS,
            _ => return None,
        };
        sum = sum.checked_add(scaled(number, unit_ns)?)?;
        rest = tail.trim_start();
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// A decimal number of units, kept exactly; one with an exponent is a float already.
fn scaled(number: &str, unit_ns: i64) -> Option<i64> {
    if number.contains(['e', 'E']) {
        let value = number.parse::<f64>().ok()? * unit_ns as f64;
        return (0.0..1e18).contains(&value).then(|| value.round() as i64);
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut below = 0;
    let mut place = unit_ns;
    for digit in fraction.bytes() {
        // Units are products of tens and sixties: what is cut is less than a nanosecond a digit.
        place /= 10;
        below += i64::from(digit - b'0') * place;
    }
    whole.parse::<i64>().ok()?.checked_mul(unit_ns)?.checked_add(below)
}

/// How long the request of a row took.
pub(super) fn of_request<'a>(found: &Found<'a>, row: Value<'a>) -> Option<i64> {
    let has = |key: &str| row.some(key).is_some();
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let said = |field: Field| found.value(field).and_then(Value::scalar);
    let seconds = |value: Value<'a>| {
        let integer = value.scalar().is_some_and(|text| plain(&text));
        // Echo writes a `time.Duration` and the same for people.
        if integer && has("latency_human") {
            return value.as_i64();
        }
        super::latency_ns(value).filter(|ns| !integer || *ns < DAY_NS)
    };
    let duration = |text: Cow<'a, str>| match () {
        () if has("DownstreamStatus") => read(&text, 1),
        () if has("response_code") || is_zerolog(row) || is_lograge(row) => read(&text, 1_000_000),
        // An integer without a unit may be any.
        () if plain(&text) => None,
        () => read(&text, SECOND_NS),
    };
    let latency = found.value(Field::Latency).and_then(seconds);
    latency
        .or_else(|| read(&said(Field::LatencyMs)?, 1_000_000))
        .or_else(|| read(&said(Field::LatencyNs)?, 1))
        .or_else(|| duration(said(Field::Duration)?))
}

/// Whether a row has the keys that zerolog writes, whose durations are milliseconds unless a program says otherwise.
fn is_zerolog(row: Value<'_>) -> bool {
    let word = row.some("level").and_then(Value::as_str);
    word.is_some_and(|word| matches!(&*word, "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "panic"))
        && ["time", "message"].iter().all(|key| row.some(key).is_some())
        && ["msg", "ts", "timestamp", "@timestamp"].iter().all(|key| row.get(key).is_none())
}

/// Whether a row has the keys with which lograge sums up a request of Rails, in milliseconds.
fn is_lograge(row: Value<'_>) -> bool {
    ["controller", "action"].iter().all(|key| row.some(key).is_some())
        && ["format", "view", "db"].iter().any(|key| row.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn units_are_read_and_numbers_are_scaled_exactly() {
        for (text, ns) in [
            ("12.3ms", Some(12_300_000)),
            ("123.456\u{b5}s", Some(123_456)),
            ("7us", Some(7_000)),
            ("9 ns", Some(9)),
            ("1m2.5s", Some(62_500_000_000)),
            ("1h0m1s", Some(3_601_000_000_000)),
            ("4.5", Some(4_500_000)),
            ("1.2e-2", Some(12_000)),
            ("0.0000001", Some(0)),
            ("", None),
            ("ms", None),
            ("3 apples", None),
            ("-1", None),
            ("99999999999999999", None),
        ] {
            assert_eq!(read(text, 1_000_000), ns, "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_number_is_that_of_its_key_or_of_its_logger() {
        for (members, ns) in [
            (r#""latency":123456,"latency_human":"123.456\u00b5s""#, Some(123_456)),
            (r#""latency":"12.3ms""#, Some(12_300_000)),
            (r#""latency":0.25"#, Some(250_000_000)),
            (r#""latency":123456789"#, None),
            (r#""responseTime":4.5"#, Some(4_500_000)),
            (r#""duration_ms":12.25"#, Some(12_250_000)),
            (r#""duration":0.00125"#, Some(1_250_000)),
            (r#""duration":12"#, None),
            (r#""duration":"12ms""#, Some(12_000_000)),
            (r#""duration":12,"response_code":200"#, Some(12_000_000)),
            (r#""response-time":"3.21""#, Some(3_210_000)),
            (r#""duration":58.25,"controller":"Cart","action":"show","db":1.5"#, Some(58_250_000)),
            (r#""duration":58.25,"controller":"Cart","action":"show""#, Some(58_250_000_000)),
            (r#""Duration":1250000,"DownstreamStatus":200"#, Some(1_250_000)),
        ] {
            let row = map(&format!(r#"{{"ts":1704067200,"method":"GET","path":"/a","status":200,{members}}}"#));
            assert_eq!(row.http.and_then(|http| http.latency_ns), ns, "{members}");
        }
        let of_zerolog = |level: &str, ms: &str| {
            let row = map(&format!(
                r#"{{"level":"{level}","method":"GET","path":"/a","status":200,"duration":{ms},"time":1704067200,"message":"m"}}"#
            ));
            row.http.and_then(|http| http.latency_ns)
        };
        assert_eq!(of_zerolog("info", "12.5"), Some(12_500_000));
        assert_eq!(of_zerolog("info", "12"), Some(12_000_000));
        assert_eq!(of_zerolog("INFO", "12.5"), Some(12_500_000_000));
    }
}
