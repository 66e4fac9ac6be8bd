//! One mapper a shape: JSON of some logging system to a [`LogRecord`], decided for every row by its keys.
//!
//! Files mix shapes (a Cloud Run export holds requests, audit entries and build output), so no file has a shape. Adding one
//! is a file and a line in [`REGISTRY`]; the first that knows a row maps it, the generic one knows them all.

mod apigateway;
mod appengine;
mod arn;
mod attempt;
mod audit;
mod azure;
mod bulk;
mod bunyan;
mod carrier;
mod cloudtrail;
mod cloudwatch;
mod datadog;
mod duration;
mod eventbridge;
mod failure;
mod flow;
mod frames;
mod gcp;
mod generic;
mod golang;
mod graylog;
mod hit;
mod insights;
mod journald;
mod k8s_audit;
mod k8s_event;
mod keys;
mod lambda;
mod level;
mod log4j;
mod loguru;
mod loki;
mod m365;
mod made;
mod mapped;
mod memory;
mod mongo;
mod nested;
mod netlify;
mod nodejs;
mod ocsf;
mod otel_row;
mod otlp;
mod payload;
pub(crate) mod pubsub;
mod resource;
mod row;
mod sentry;
mod splunk;
mod spoken;
mod states;
mod stdout;
mod stern;
mod structs;
mod supabase;
mod table;
mod tabular;
mod vercel;
mod w3c;
mod waf;
mod wire;
mod workers;
mod wrapper;
mod zap;

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

pub use gcp::{EntryField, EntryFields, EntryOrigin, entry_origin};
pub(crate) use mapped::Mapping;
pub(crate) use memory::Memory;
pub(crate) use row::{MOST_REPEATS, Row};
pub(crate) use tabular::canonical;
pub(crate) use wrapper::{Beside, Carried, Unwrapped, front, is_of_rows, unwrap, window};

use super::json::Value;
use crate::record::{Identity, Kind, LogRecord, Severity, effective, strip_ansi};
use crate::time;

/// A mapper of rows.
pub(crate) trait Shape: Sync {
    /// Keys of which every row of this shape has one at least; none: any row may be of it.
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether a row that has such a key is of this shape.
    fn knows(&self, _row: &Row<'_>) -> bool {
        true
    }
    /// Fills a record from a row.
    ///
    /// The effective severity is settled afterwards; a shape only says what it knows of it ([`imply`]).
    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>);
}

/// Every shape, most particular first.
static REGISTRY: [&dyn Shape; 38] = [
    &gcp::CloudLogging,
    &nodejs::NodeEntry,
    &golang::GoEntry,
    &otel_row::OtelRow,
    &otlp::Otlp,
    &journald::Journald,
    &stdout::Stdout,
    &cloudwatch::CloudWatch,
    &cloudtrail::CloudTrail,
    &waf::Waf,
    &eventbridge::EventBridge,
    &states::StepFunctions,
    &apigateway::ApiGateway,
    &w3c::W3c,
    &flow::Flow,
    &loki::Loki,
    &vercel::Vercel,
    &netlify::Netlify,
    &supabase::Supabase,
    &azure::Azure,
    &m365::Microsoft365,
    &ocsf::Ocsf,
    &datadog::Datadog,
    &k8s_event::KubernetesEvent,
    &k8s_audit::KubernetesAudit,
    &workers::Worker,
    &sentry::Sentry,
    &graylog::Graylog,
    &stern::Stern,
    &splunk::Splunk,
    &log4j::Log4j,
    &loguru::Loguru,
    &lambda::Lambda,
    &zap::ZapDevelopment,
    &mongo::Mongo,
    &bunyan::Bunyan,
    &hit::Hit,
    &generic::Generic,
];

/// For every key that shapes are known by, the shapes, as bits of their places in the registry.
static KNOWN_BY: LazyLock<FxHashMap<&'static [u8], u64>> = LazyLock::new(|| {
    let mut known: FxHashMap<&'static [u8], u64> = FxHashMap::default();
    for (at, shape) in REGISTRY.iter().enumerate() {
        for key in shape.keys() {
            *known.entry(key.as_bytes()).or_default() |= 1 << at;
        }
    }
    known
});

/// The shape of a row.
fn shape_of(row: &Row<'_>) -> &'static dyn Shape {
    // The hot one is told without another look at the keys.
    if gcp::CloudLogging.knows(row) {
        return &gcp::CloudLogging;
    }
    let known = &*KNOWN_BY;
    let mut candidates = row.value().fields().fold(0_u64, |bits, (key, _)| {
        // A key such as `logging.googleapis.com/trace` is known by what stands before its slash, escaped or not.
        let key = memchr::memchr2(b'/', b'\\', key).map_or(key, |slash| &key[..slash]);
        bits | known.get(key).copied().unwrap_or(0)
    });
    // The first of them in the registry is the lowest bit.
    while candidates != 0 {
        let shape = REGISTRY[candidates.trailing_zeros() as usize];
        if shape.knows(row) {
            return shape;
        }
        candidates &= candidates - 1;
    }
    &generic::Generic
}

/// The record of a row that was made of another.
fn of_made(text: &str) -> LogRecord<'static> {
    let (mut tape, mut record) = (super::json::Tape::default(), LogRecord::default());
    if let Ok(value) = tape.parse(text) {
        let row = Row::of(value);
        shape_of(&row).map(&row, &mut record);
    }
    record.into_owned()
}

/// Maps a row by the first shape that knows it, the user's own mappings before the built-in ones.
///
/// `beside` is what carries the row and says more of it, such as the service's name.
pub(crate) fn map<'a>(row: &Row<'a>, beside: Beside<'a>, mappings: &[Mapping], record: &mut LogRecord<'a>) {
    if row.value().is_array() {
        return tabular::map(row.value(), beside.resource, mappings, record);
    }
    record.identity = Identity::Content;
    match mappings.iter().find(|mapping| mapping.knows(row)) {
        Some(mapping) => mapping.map(row, record),
        None => match beside.resource.zip(beside.line) {
            Some((request, at)) => appengine::line(row.value(), at, request, record),
            None => shape_of(row).map(row, record),
        },
    }
    if let Some(scope) = beside.scope {
        otlp::apply_scope(scope, record);
    }
    if let Some(resource) = beside.resource {
        carrier::apply(resource, record);
        // An event of a CloudWatch subscription.
        if record.insert_id.is_none() && resource.get("logEvents").is_some() {
            identify(record, first_text(row.value(), &["id"]));
        }
    }
    finish(record);
    if record.service.is_none() && row.may_go_on {
        record.service = docker_tag(row.value());
    }
}

/// Fills an id that tells the entry from all others.
fn identify<'a>(record: &mut LogRecord<'a>, id: Option<Cow<'a, str>>) {
    record.identity = if id.is_some() { Identity::Id } else { Identity::Content };
    record.insert_id = id;
}

/// The tag that Docker was told to put beside what a container wrote, where it is a name: it says less than what was written.
fn docker_tag(row: Value<'_>) -> Option<Cow<'_, str>> {
    let tag = row.some("attrs")?.some("tag")?.as_str()?;
    let is_id = matches!(tag.len(), 12 | 64) && tag.bytes().all(|b| b.is_ascii_hexdigit());
    Some(tag).filter(|tag| !is_id && !tag.is_empty())
}

/// What every row needs once its shape has filled it.
fn finish(record: &mut LogRecord<'_>) {
    nested::lift(record);
    if let Some(message) = canonical_message(&record.message) {
        record.message = message.into();
    }
    record.payload_rank = if record.message.is_empty() { i32::from(record.http.is_some()) } else { 2 };
    record.lossy = lossy(&record.message);
    if record.kind == Kind::Request
        && record.severity == Severity::Default
        && let Some(status) = record.http.as_ref().and_then(|http| http.status)
    {
        let implied = if status >= 500 { Some(Severity::Error) } else { (status >= 400).then_some(Severity::Warning) };
        imply(record, implied, "response status");
    }
    let named = record.effective_reason == Some(level::NAMED) && record.effective_severity > record.severity;
    if record.severity != Severity::Default && !named || record.effective_reason.is_none() {
        let found = effective(record.severity, &record.message, None);
        record.effective_severity = found.severity;
        record.effective_reason = found.reason;
    }
}

/// A message that is JSON of the row itself as everybody writes it, where the row does not: two exports of one entry say the
/// same, whatever their spacing and the order of their keys. A borrowed text has no escapes, so one with a quote is no text
/// of the row.
#[allow(clippy::ptr_arg, reason = "whether it is borrowed tells what it is")]
fn canonical_message(message: &Cow<'_, str>) -> Option<String> {
    match message {
        Cow::Borrowed(json) if json.starts_with(['{', '[']) && json.contains('"') => super::json::canonical(json),
        _ => None,
    }
}

/// Notes a severity that the row implies; it counts where the envelope names none.
fn imply(record: &mut LogRecord<'_>, severity: Option<Severity>, reason: &'static str) {
    if let Some(severity) = severity.filter(|severity| *severity != Severity::Default) {
        record.effective_severity = severity;
        record.effective_reason = Some(reason);
    }
}

/// Why a level inside the payload counts.
const INNER_LEVEL: &str = "level inside the payload";

/// Number of `?` and U+FFFD.
pub(crate) fn lossy(text: &str) -> i32 {
    let bytes = text.as_bytes();
    let count = memchr::memchr2_iter(b'?', 0xEF, bytes)
        .filter(|at| bytes[*at] == b'?' || bytes[*at..].starts_with("\u{FFFD}".as_bytes()))
        .count();
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Fills the time of a record from a field, and says whether it could be read.
fn take_time<'a>(record: &mut LogRecord<'a>, source: impl Into<Cow<'a, str>>, value: Value<'_>) -> bool {
    let Some(parsed) = timestamp(value) else { return false };
    record.ts_ns = Some(parsed.ns);
    record.ts_naive = parsed.naive;
    record.ts_source = Some(source.into());
    true
}

/// Fills the envelope's severity from a field: a word that names none is counted, not guessed at.
fn take_severity(record: &mut LogRecord<'_>, value: Value<'_>) {
    if let Some(found) = severity(value) {
        record.severity = found;
        record.severity_unknown = false;
    } else {
        record.severity = Severity::Default;
        record.severity_unknown = !value.is_null() && value.scalar().is_none_or(|text| !text.trim().is_empty());
        if record.severity_unknown {
            imply(record, uncoloured_severity(value), "level without its colours");
        }
    }
}

/// The first of several keys (or dotted paths) that is present and neither null nor empty.
fn first<'a>(row: Value<'a>, keys: &[&str]) -> Option<Value<'a>> {
    keys.iter().find_map(|key| row.path(key).filter(|value| value.as_str().is_none_or(|text| !text.is_empty())))
}

/// The text of the first of several keys that holds a scalar.
fn first_text<'a>(row: Value<'a>, keys: &[&str]) -> Option<Cow<'a, str>> {
    keys.iter().find_map(|key| row.path(key).and_then(text))
}

/// The text of a scalar that is not blank.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.scalar().filter(|text| text.as_bytes().first().is_some_and(|b| *b > b' ') || !text.trim().is_empty())
}

/// Whether a row of few keys of a shape is some logger's own: it has a level, or a message and one of `times`, which the shape's
/// product writes under no such key.
fn is_logged(value: Value<'_>, times: &[&str]) -> bool {
    let (mut says, mut dated) = (false, false);
    for (key, member) in value.fields() {
        match key {
            _ if member.is_null() => {}
            b"level" | b"severity" | b"lvl" | b"levelname" | b"level_name" | b"log_level" | b"loglevel"
            | b"logLevel" | b"log.level" | b"LogLevel" | b"Level" | b"@level" | b"@l" | b"severityText"
            | b"severity_text" => return true,
            b"log" if member.some("level").is_some() => return true,
            b"message" | b"msg" | b"log" | b"event" | b"text" | b"Message" | b"MESSAGE" | b"short_message"
            | b"@message" | b"@m" | b"@mt" | b"formattedMessage" => says = true,
            _ => dated |= times.iter().any(|time| time.as_bytes() == key),
        }
    }
    says && dated
}

/// The times of loggers, for [`is_logged`].
const LOGGED_AT: [&str; 7] = ["timestamp", "time", "ts", "@timestamp", "datetime", "asctime", "@t"];

/// Whether a text has the form of a UUID: an id that counts nothing else.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Reads a time of any shape, also `{seconds, nanos}`, `{epochSecond, nanoOfSecond}` and `{value}` of BigQuery's client for Node.
fn timestamp(value: Value<'_>) -> Option<time::Parsed> {
    if value.is_object() {
        if let Some(text) = value.some("value").and_then(Value::as_str) {
            return time::parse(&text);
        }
        let seconds = value.some("seconds").or_else(|| value.some("epochSecond"))?.as_i64()?;
        let nanos = value.some("nanos").or_else(|| value.some("nanoOfSecond")).and_then(Value::as_i64).unwrap_or(0);
        let ns = seconds.checked_mul(time::SECOND_NS)?.checked_add(nanos)?;
        return Some(time::Parsed { ns, naive: false });
    }
    time::parse(&value.scalar()?)
}

/// Reads a time as only some programs write it: MongoDB's and Firestore's objects, and texts that [`timestamp`] does not know.
fn seldom_timestamp(value: Value<'_>) -> Option<time::Parsed> {
    if !value.is_object() {
        return value.as_str().and_then(|text| time::parse_seldom(&text));
    }
    // `DateTime` of PHP, as loggers there wrote it once.
    if let (Some(date), Some(zone)) = (value.some("date"), value.some("timezone")) {
        return time::parse_in_zone(&date.as_str()?, &zone.as_str()?);
    }
    if let Some(date) = value.some("$date") {
        return timestamp(date.some("$numberLong").unwrap_or(date));
    }
    let seconds = value.some("_seconds")?.as_i64()?;
    let nanos = value.some("_nanoseconds").and_then(Value::as_i64).unwrap_or(0);
    Some(time::Parsed { ns: seconds.checked_mul(time::SECOND_NS)?.checked_add(nanos)?, naive: false })
}

/// Fills the time of a record from the first of several keys (or dotted paths) that holds one.
fn take_first_time(record: &mut LogRecord<'_>, value: Value<'_>, keys: &[&'static str]) -> bool {
    keys.iter().any(|key| value.path(key).is_some_and(|time| take_time(record, *key, time)))
}

/// A status of HTTP; any other number says of a request that its status is not known.
pub(super) fn http_status(number: i64) -> Option<i32> {
    i32::try_from(number).ok().filter(|status| (100..600).contains(status))
}

/// A severity word or one of Google's numbers.
fn severity(value: Value<'_>) -> Option<Severity> {
    let text = value.scalar()?;
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Severity::from_word(&text);
    }
    match text.trim().parse::<f64>() {
        Ok(number) if number.fract() == 0.0 => Severity::from_number(number as i64),
        Ok(_) => None,
        Err(_) => Severity::from_word(&text),
    }
}

/// The severity of a word that a logger wrote in colours: no envelope's word, but what it means is plain.
fn uncoloured_severity(value: Value<'_>) -> Option<Severity> {
    Severity::from_word(&strip_ansi(&value.scalar()?)?)
}

/// A duration such as `3.786648988s`, one with another unit, `{seconds, nanos}`, or a number of seconds, in nanoseconds.
fn latency_ns(value: Value<'_>) -> Option<i64> {
    if value.is_object() {
        return timestamp(value).map(|parsed| parsed.ns).filter(|ns| *ns >= 0);
    }
    // Clocks that were set back make less than nothing.
    let text = value.scalar().filter(|text| !text.trim_start().starts_with('-'))?;
    let digits = text.trim().trim_end_matches('s');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.bytes().any(|b| !b.is_ascii_digit()) {
        return duration::read(&text, time::SECOND_NS);
    }
    let digit = |place: usize| fraction.as_bytes().get(place).map_or(0, |b| i64::from(b - b'0'));
    let below = (0..9).fold(0, |value, place| value * 10 + digit(place));
    match whole.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(time::SECOND_NS)?.checked_add(below),
        Err(_) => duration::read(&text, time::SECOND_NS),
    }
}

/// The part of a text that a function picks, borrowed where the text is.
fn part(text: Cow<'_, str>, pick: impl Fn(&str) -> &str) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(pick(text)),
        Cow::Owned(text) => Cow::Owned(pick(&text).to_owned()),
    }
}

/// What follows the last slash of a path, or the path itself where nothing does.
fn last_segment(text: Cow<'_, str>) -> Cow<'_, str> {
    part(text, |text| match memchr::memrchr(b'/', text.as_bytes()) {
        Some(slash) if slash + 1 < text.len() => &text[slash + 1..],
        _ => text,
    })
}

/// A text in upper case, which it nearly always is.
fn upper(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_lowercase()) { Cow::Owned(text.to_ascii_uppercase()) } else { text }
}

/// Host and path of a URL, without who asks for it, query and fragment.
pub(super) fn host_and_path(url: Cow<'_, str>) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    let (host, path) = match url {
        Cow::Borrowed(url) => {
            let (host, path) = split_url(url);
            (Cow::Borrowed(host), Cow::Borrowed(path))
        }
        Cow::Owned(url) => {
            let (host, path) = split_url(&url);
            (host.to_owned().into(), path.to_owned().into())
        }
    };
    (Some(host).filter(|host| !host.is_empty()), Some(path).filter(|path| !path.is_empty()))
}

fn split_url(url: &str) -> (&str, &str) {
    let scheme = memchr::memchr_iter(b':', url.as_bytes()).find(|at| url[*at..].starts_with("://"));
    let (host, path) = match scheme.map(|at| &url[at + 3..]) {
        Some(rest) => {
            let end = memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            (host(authority), if path.starts_with('/') { path } else { "/" })
        }
        None => ("", url),
    };
    (host, &path[..memchr::memchr2(b'?', b'#', path.as_bytes()).unwrap_or(path.len())])
}

/// Host and port without user and password.
fn host(authority: &str) -> &str {
    if memchr::memchr2(b'@', b':', authority.as_bytes()).is_none() {
        return authority;
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // What is no port is a password that holds an end of hosts, as `u:p#w@h` does.
    match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') && !port.bytes().all(|b| b.is_ascii_digit()) => {
            name.split(':').next().unwrap_or(name)
        }
        _ => host,
    }
}

/// A row mapped for a test, which may leak what the record borrows.
#[cfg(test)]
fn mapped_row(text: &str) -> LogRecord<'static> {
    let tape: &'static mut super::json::Tape = Box::leak(Box::default());
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let mut record = LogRecord::default();
    map(&Row::of(tape.parse(text).expect("valid")), Beside::default(), &[], &mut record);
    record
}

#[cfg(test)]
mod tests;
