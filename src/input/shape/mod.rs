//! One mapper a shape: JSON of some logging system to a [`LogRecord`], decided for every row by its keys.
//!
//! Files mix shapes (a Cloud Run export holds requests, audit entries and build output), so no file has a shape. Adding one
//! is a file and a line in [`REGISTRY`]; the first that knows a row maps it, the generic one knows them all.

mod audit;
mod gcp;
mod generic;
mod mapped;
mod otlp;
pub(crate) mod pubsub;
mod wrapper;

use std::borrow::Cow;

pub(crate) use mapped::Mapping;
pub(crate) use wrapper::{Carried, Unwrapped, unwrap};

use super::json::Value;
use crate::record::{LogRecord, Severity};
use crate::time;

/// A mapper of rows.
pub(crate) trait Shape: Sync {
    /// Whether a row is of this shape, by its keys.
    fn knows(&self, row: Value<'_>) -> bool;
    /// Fills a record from a row.
    fn map(&self, row: Value<'_>, record: &mut LogRecord);
}

/// Every shape, most particular first.
const REGISTRY: [&dyn Shape; 2] = [&gcp::CloudLogging, &generic::Generic];

/// Maps a row by the first shape that knows it, the user's own mappings before the built-in ones.
///
/// `resource` is what a wrapper says of all its rows, such as the service's name.
pub(crate) fn map(row: Value<'_>, resource: Option<Value<'_>>, mappings: &[Mapping], record: &mut LogRecord) {
    let own = mappings.iter().map(|mapping| mapping as &dyn Shape);
    if let Some(shape) = own.chain(REGISTRY).find(|shape| shape.knows(row)) {
        shape.map(row, record);
    }
    if let Some(resource) = resource {
        let said = |key: &str| otlp::attribute(resource, key);
        record.service = record.service.take().or_else(|| said("service.name"));
        record.revision = record.revision.take().or_else(|| said("service.version"));
        record.instance = record.instance.take().or_else(|| said("service.instance.id")).or_else(|| said("host.name"));
    }
    record.lossy = i32::try_from(record.message.matches(['?', '\u{FFFD}']).count()).unwrap_or(i32::MAX);
}

/// The first of several keys (or dotted paths) that is present and neither null nor empty.
fn first<'a>(row: Value<'a>, keys: &[&str]) -> Option<Value<'a>> {
    keys.iter().find_map(|key| row.path(key).filter(|value| value.as_str().is_none_or(|text| !text.is_empty())))
}

/// The text of the first of several keys that holds a scalar.
fn first_text(row: Value<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| row.path(key)?.scalar().filter(|text| !text.trim().is_empty()).map(Cow::into_owned))
}

/// Reads a time of any shape, also `{seconds, nanos}` and `{epochSecond, nanoOfSecond}`.
fn timestamp(value: Value<'_>) -> Option<time::Parsed> {
    if value.is_object() {
        let seconds = value.some("seconds").or_else(|| value.some("epochSecond"))?.as_i64()?;
        let nanos = value.some("nanos").or_else(|| value.some("nanoOfSecond")).and_then(Value::as_i64).unwrap_or(0);
        let ns = seconds.checked_mul(time::SECOND_NS)?.checked_add(nanos)?;
        return Some(time::Parsed { ns, naive: false });
    }
    time::parse(&value.scalar()?)
}

/// A severity word or one of Google's numbers.
fn severity(value: Value<'_>) -> Option<Severity> {
    let text = value.scalar()?;
    match text.trim().parse::<f64>() {
        Ok(number) if number.fract() == 0.0 => Severity::from_number(number as i64),
        Ok(_) => None,
        Err(_) => Severity::from_word(&text),
    }
}

/// A duration such as `3.786648988s`, `{seconds, nanos}`, or a number of seconds, in nanoseconds.
fn latency_ns(value: Value<'_>) -> Option<i64> {
    if value.is_object() {
        return timestamp(value).map(|parsed| parsed.ns);
    }
    let text = value.scalar()?;
    let digits = text.trim().trim_end_matches('s');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().ok()?;
    let padded: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    whole.checked_mul(time::SECOND_NS)?.checked_add(padded.parse().ok()?)
}

/// Host and path of a URL, query and fragment cut.
fn host_and_path(url: &str) -> (Option<String>, Option<String>) {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => match rest.find('/') {
            Some(slash) => (Some(&rest[..slash]), &rest[slash..]),
            None => (Some(rest), "/"),
        },
        None => (None, url),
    };
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (host.and_then(text), text(path))
}

#[cfg(test)]
mod tests {
    use super::super::json::Tape;
    use super::*;

    #[test]
    fn reads_latencies_and_urls() {
        let of = |text: &str| latency_ns(Tape::default().parse(text).expect("valid"));
        assert_eq!(of("\"3.786648988s\""), Some(3_786_648_988));
        assert_eq!(of("\"2s\""), Some(2_000_000_000));
        assert_eq!(of("{\"seconds\":1,\"nanos\":5}"), Some(1_000_000_005));
        assert_eq!(of("{}"), None);
        assert_eq!(host_and_path("https://a.b/c/d?e=f"), (Some("a.b".into()), Some("/c/d".into())));
        assert_eq!(host_and_path("/c?d"), (None, Some("/c".into())));
        assert_eq!(host_and_path("https://a.b"), (Some("a.b".into()), Some("/".into())));
    }
}
