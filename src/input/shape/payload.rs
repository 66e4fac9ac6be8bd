//! The fields of a structured payload: what a program passed to its logger.
//!
//! The same keys stand in a `jsonPayload`, in a line of standard output and in JSON inside a text, so one pass over the keys
//! serves all three. Each field takes the best of its keys, in the order of its ranks, whatever the order they stand in. Stacks
//! follow Error Reporting's order. Source: <https://cloud.google.com/error-reporting/docs/formatting-error-messages>.

use std::borrow::Cow;

use super::super::json::{NodeKind, Spot, Value};
use super::attempt;
use super::audit::is_audit_type;
use super::gcp::request;
use super::generic::{self, in_tens};
use super::{canonical_message, frames, http_status, severity, text, uncoloured_severity};
use crate::record::{Http, LogRecord, Severity};

/// Where the value of the best key seen for one field stands; a lower rank is better.
#[derive(Clone, Copy)]
pub(super) struct Best {
    pub(super) rank: u16,
    pub(super) spot: Spot,
}

impl Default for Best {
    fn default() -> Self {
        Self { rank: u16::MAX, spot: Spot::default() }
    }
}

impl Best {
    /// Offers a scalar; of two equal keys the last one counts.
    #[inline]
    pub(super) fn offer(&mut self, rank: u16, value: Value<'_>) {
        if rank <= self.rank && is_filled(value) {
            *self = Self { rank, spot: value.spot() };
        }
    }

    /// The text of the best value of the row that `within` belongs to.
    #[inline]
    pub(super) fn text(self, within: Value<'_>) -> Option<Cow<'_, str>> {
        self.value(within).and_then(Value::scalar)
    }

    /// The best value itself.
    #[inline]
    pub(super) fn value(self, within: Value<'_>) -> Option<Value<'_>> {
        within.at(self.spot)
    }
}

/// Whether a value is a scalar and no blank text.
#[inline]
fn is_filled(value: Value<'_>) -> bool {
    match value.kind() {
        NodeKind::Null | NodeKind::Array | NodeKind::Object => false,
        NodeKind::Plain => {
            value.first_byte().is_some_and(|byte| byte > b' ') || !value.raw().trim_ascii_start().is_empty()
        }
        NodeKind::Escaped => {
            let raw = value.raw();
            !raw.starts_with(['\\', ' ']) || text(value).is_some()
        }
        _ => true,
    }
}

/// It has a `pid`.
const PID: u8 = 1;
/// It has `hostname` or `v`.
const HOST: u8 = 2;
/// A logger that counts its levels in tens writes both.
const IN_TENS: u8 = PID | HOST;
/// It has keys of a logger whose rows are of a shape of their own.
const SHAPED: u8 = 4;
/// It has a `time` in milliseconds.
const MILLIS: u8 = 8;
/// It has `msg`, or an error as pino writes one.
const MSG: u8 = 16;
/// pino writes both where its owner left out process and host.
const OF_PINO: u8 = MILLIS | MSG;
/// It has a key that says what was asked for.
const ASKED: u8 = 32;
/// It has a status of HTTP, or an object that may hold one.
const ANSWERED: u8 = 64;
/// A request has both.
const REQUEST: u8 = ASKED | ANSWERED;

/// Milliseconds since 1970 of the years 2001 to 2286.
const EPOCH_MILLIS: std::ops::Range<f64> = 1e12..1e13;

/// What its type, or its keys, say that a payload is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// What some program passed to its logger.
    #[default]
    Any,
    /// An audit entry.
    Audit,
    /// An event that was reported as an error, whatever its severity.
    Reported,
    /// An attempt of Google's scheduler, or of its task queues.
    Attempt,
    /// It has the object that an event of Kubernetes is about.
    Involved,
}

/// Where one pass over a payload's keys found its fields.
#[derive(Default)]
pub(super) struct Payload {
    pub(super) message: Best,
    pub(super) level: Best,
    stack: Best,
    /// A text of several lines under any other key: the last place Error Reporting looks at.
    other: Spot,
    user: Best,
    pub(super) module: Best,
    function: Best,
    line: Best,
    pub(super) service: Best,
    pub(super) revision: Best,
    pub(super) trace: Best,
    sort: Sort,
    empty: bool,
    /// What its keys tell of the logger that wrote it.
    logger: u8,
    /// The request that Error Reporting was told of.
    reported_for: Spot,
}

impl Payload {
    /// Reads the keys of a payload.
    pub(super) fn of(value: Value<'_>) -> Self {
        let mut payload = Self { empty: true, ..Self::default() };
        for (key, member) in value.fields() {
            payload.empty = false;
            payload.offer(key, member);
        }
        payload
    }

    #[inline]
    fn offer(&mut self, key: &[u8], value: Value<'_>) {
        match key {
            b"message" => {
                self.message.offer(1, value);
                self.failure(value);
            }
            b"msg" => {
                self.message.offer(2, value);
                self.logger |= MSG;
            }
            b"event" => self.message.offer(3, value),
            b"error" => {
                self.message.offer(4, value);
                self.failure(value);
                self.longer(value);
            }
            b"log" => {
                self.message.offer(5, value);
                if value.is_object() {
                    self.logger |= SHAPED;
                }
            }
            // What logback made of a message and its arguments.
            b"formattedMessage" => self.message.offer(0, value),
            b"MESSAGE" => self.message.offer(6, value),
            b"textPayload" => self.message.offer(7, value),
            b"description" => self.message.offer(8, value),
            b"Message" => self.message.offer(11, value),
            b"error_message" => self.message.offer(13, value),
            b"text" | b"short_message" => self.message.offer(14, value),
            b"RenderedMessage" => {
                self.message.offer(9, value);
                self.logger |= SHAPED;
            }
            b"MessageTemplate" => {
                self.message.offer(12, value);
                self.logger |= SHAPED;
            }
            b"stack_trace" => self.stack(0, value),
            b"stackTrace" | b"stacktrace" => self.stack(1, value),
            b"exception" => {
                self.stack(2, value);
                self.failure(value);
            }
            b"exc_info" => self.stack(3, value),
            b"traceback" => self.stack(4, value),
            b"stack" => self.stack(5, value),
            b"Exception" => {
                self.stack(7, value);
                if frames::joined(value).is_some() {
                    self.stack.offer(7, value);
                }
            }
            b"exceptions" | b"throwable" => self.stack(8, value),
            b"err" => {
                self.failure(value);
                self.logger |= if value.is_object() { MSG } else { 0 };
                self.longer(value);
            }
            b"severity" => self.level.offer(0, value),
            b"level" => self.level.offer(1, value),
            b"levelname" => self.level.offer(2, value),
            b"log_level" => self.level.offer(3, value),
            b"lvl" => self.level.offer(4, value),
            b"LogLevel" => self.level.offer(5, value),
            b"pid" => self.logger |= PID,
            b"hostname" | b"v" => self.logger |= HOST,
            b"time" => {
                // As a float where Cloud Logging wrote it.
                let millis = value.kind() == NodeKind::Number
                    && value.raw().parse::<f64>().is_ok_and(|time| EPOCH_MILLIS.contains(&time));
                self.logger |= if millis { MILLIS } else { 0 };
                self.longer(value);
            }
            b"method"
            | b"path"
            | b"url"
            | b"uri"
            | b"verb"
            | b"req"
            | b"request"
            | b"request_method"
            | b"requestMethod"
            | b"RequestMethod"
            | b"request_uri"
            | b"request_path"
            | b"requestPath"
            | b"RequestPath"
            | b"http.method"
            | b"http.url"
            | b"http.target"
            | b"http.request.method"
            | b"url.path"
            | b"url.full" => {
                self.logger |= ASKED;
                self.longer(value);
            }
            b"status"
            | b"statusCode"
            | b"status_code"
            | b"response_code"
            | b"httpStatus"
            | b"DownstreamStatus"
            | b"StatusCode"
            | b"responseStatusCode"
            | b"http.status_code"
            | b"http.response.status_code" => {
                let status = value.as_i64().is_some_and(|status| http_status(status).is_some());
                self.logger |= if status { ANSWERED } else { 0 };
                self.longer(value);
            }
            b"res" | b"response" => {
                self.logger |= if value.is_object() { ANSWERED } else { 0 };
                self.longer(value);
            }
            b"http" | b"httpRequest" if value.is_object() => self.logger |= REQUEST,
            b"user_id" => self.user.offer(0, value),
            b"userId" | b"userid" => self.user.offer(1, value),
            b"user" => self.user.offer(2, value),
            b"uid" => self.user.offer(3, value),
            b"user_email" => self.user.offer(4, value),
            b"userEmail" | b"useremail" => self.user.offer(5, value),
            b"context.user_id" => self.user.offer(6, value),
            b"context.userId" => self.user.offer(7, value),
            b"username" => self.user.offer(8, value),
            b"context" => self.context(value),
            b"labels" => self.labels(value),
            b"logger" => self.module.offer(3, value),
            b"module" => self.module.offer(4, value),
            b"context.name" => self.module.offer(5, value),
            b"loggerName" | b"loggername" => self.module.offer(6, value),
            b"name" => self.module.offer(7, value),
            b"Category" => self.module.offer(9, value),
            b"SourceContext" => self.module.offer(10, value),
            b"function" => self.function.offer(2, value),
            b"funcName" | b"funcname" => self.function.offer(3, value),
            b"func" => self.function.offer(4, value),
            b"line" => self.line.offer(2, value),
            b"lineno" => self.line.offer(3, value),
            b"serviceContext" | b"servicecontext" => self.service_context(value),
            b"trace_id" | b"traceId" | b"traceid" => self.trace.offer(0, value),
            b"@type" | b"at_sign_type" | b"type" => {
                let name = value.as_str().unwrap_or_default();
                self.sort = match () {
                    () if is_audit_type(value) => Sort::Audit,
                    () if name.ends_with("ReportedErrorEvent") => Sort::Reported,
                    () if attempt::is_type(&name) => Sort::Attempt,
                    () => self.sort,
                };
            }
            b"involvedObject" | b"regarding" if value.is_object() && self.sort == Sort::Any => {
                self.sort = Sort::Involved;
            }
            b"@l" | b"@m" | b"@mt" | b"@x" | b"@level" | b"@message" | b"Level" | b"level_name" | b"caller"
            | b"instant" | b"thrown" | b"log.level" | b"trace.id" | b"error.stack_trace" | b"severity_text"
            | b"severityText" => {
                self.logger |= SHAPED;
                self.longer(value);
            }
            b"fields" | b"record" | b"source" | b"mdc" if value.is_object() => self.logger |= SHAPED,
            _ => self.longer(value),
        }
    }

    /// A text that may be a stack, under a key that is none for stacks.
    #[inline]
    fn longer(&mut self, value: Value<'_>) {
        if value.kind() == NodeKind::Escaped && self.other == Spot::default() {
            self.other = value.spot();
        }
    }

    /// A stack is text of several lines or a list of lines or frames; a class name or a flag under the same key is none.
    fn stack(&mut self, rank: u16, value: Value<'_>) {
        if value.kind() == NodeKind::Escaped && value.raw().contains("\\n") {
            self.stack.offer(rank, value);
        } else if (value.is_array() || value.is_object()) && frames::of(value).is_some() {
            self.stack.put(rank, value);
        }
    }

    /// An error as an object of its own, `{"type": …, "message": …, "stack": …}`.
    fn failure(&mut self, error: Value<'_>) {
        if !error.is_object() {
            return;
        }
        self.stack(6, error);
        for (key, value) in error.fields() {
            if let b"message" | b"msg" | b"errorMessage" = key {
                self.message.offer(10, value);
            }
        }
    }

    fn context(&mut self, context: Value<'_>) {
        if !context.is_object() {
            return;
        }
        for (key, value) in context.fields() {
            match key {
                b"user_id" => self.user.offer(6, value),
                b"userId" => self.user.offer(7, value),
                b"user" => self.user.offer(9, value),
                b"name" => self.module.offer(5, value),
                b"reportLocation" | b"reportlocation" => self.report_location(value),
                b"httpRequest" | b"httprequest" => self.reported_for = value.spot(),
                // Monolog's.
                b"exception" => self.stack(8, value),
                _ => {}
            }
        }
    }

    /// `context.reportLocation` of Error Reporting.
    fn report_location(&mut self, location: Value<'_>) {
        for (key, value) in location.fields() {
            match key {
                b"filePath" | b"filepath" => self.module.offer(8, value),
                b"functionName" | b"functionname" => self.function.offer(5, value),
                b"lineNumber" | b"linenumber" => self.line.offer(4, value),
                _ => {}
            }
        }
    }

    fn labels(&mut self, labels: Value<'_>) {
        if !labels.is_object() {
            return;
        }
        for (key, value) in labels.fields() {
            match key {
                b"module" => self.module.offer(0, value),
                b"function" => self.function.offer(0, value),
                b"line" => self.line.offer(0, value),
                _ => {}
            }
        }
    }

    fn service_context(&mut self, context: Value<'_>) {
        for (key, value) in context.fields() {
            match key {
                b"service" => self.service.offer(0, value),
                b"version" => self.revision.offer(0, value),
                _ => {}
            }
        }
    }

    /// A logger that the entry itself names, which counts more than a key of the payload that may mean anything.
    pub(super) fn offer_logger(&mut self, value: Value<'_>) {
        self.module.offer(1, value);
    }

    /// The `sourceLocation` of an entry.
    pub(super) fn offer_location(&mut self, location: Value<'_>) {
        for (key, value) in location.fields() {
            match key {
                b"file" => self.module.offer(2, value),
                b"function" => self.function.offer(1, value),
                b"line" => self.line.offer(1, value),
                _ => {}
            }
        }
    }

    /// The level that the payload names.
    pub(super) fn level(&self, within: Value<'_>) -> Option<Severity> {
        let level = self.level.value(within)?;
        let is = |logger: u8| self.logger & logger == logger;
        let of = if is(IN_TENS) || is(OF_PINO) { in_tens } else { severity };
        of(level).or_else(|| uncoloured_severity(level))
    }

    /// What people read: the message with its stack behind it.
    ///
    /// `failed` says that the row reports an error, so that a stack under an unknown key is looked for.
    pub(super) fn message<'a>(&self, within: Value<'a>, failed: bool) -> Cow<'a, str> {
        let message = self.message.text(within).unwrap_or_default();
        if let Some(stack) = self.stack.value(within).and_then(frames::of) {
            return with_stack(message, stack);
        }
        if !failed || self.other == Spot::default() || message.contains('\n') {
            return message;
        }
        match within.at(self.other).and_then(text) {
            Some(other) if is_stack(&other) => with_stack(message, other),
            _ => message,
        }
    }

    /// What it is.
    pub(super) fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether it is what a logger writes that has a shape of its own: such a payload says more as a row of its own.
    pub(super) fn shaped(&self) -> bool {
        self.logger & SHAPED != 0
    }

    /// The request that it describes, where it does.
    pub(super) fn request<'a>(&self, payload: Value<'a>) -> Option<Http<'a>> {
        if let Some(told) = payload.at(self.reported_for) {
            return request(told);
        }
        let may_be = self.logger & REQUEST == REQUEST;
        may_be.then(|| generic::request(&generic::read(payload), payload)).flatten().filter(generic::is_told)
    }

    /// Whether it has no key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Where in the program the row was written.
    pub(super) fn source<'a>(&self, within: Value<'a>, record: &mut LogRecord<'a>) {
        if record.module.is_none() {
            record.module = self.module.text(within);
        }
        if record.function.is_none() {
            record.function = self.function.text(within);
        }
        if record.line.is_none() {
            record.line = self.line.value(within).and_then(Value::as_i64);
        }
    }

    /// The user that the payload names.
    pub(super) fn user<'a>(&self, within: Value<'a>) -> Option<Cow<'a, str>> {
        self.user.text(within)
    }
}

/// A message with the stack behind it; both are quoted often, and one that holds the other then stands alone.
pub(super) fn with_stack<'a>(message: Cow<'a, str>, stack: Cow<'a, str>) -> Cow<'a, str> {
    let canonical = canonical_message(&message);
    let said = canonical.as_deref().unwrap_or(&message);
    if said.is_empty() || quotes(&stack, said) && !stack.starts_with("Traceback") {
        return stack;
    }
    if said.contains(stack.trim()) {
        return message;
    }
    Cow::Owned(format!("{said}\n{stack}"))
}

/// Whether a stack says a message before its first frame, and not as a part of some name in a frame.
fn quotes(stack: &str, message: &str) -> bool {
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '(' | '$' | '/');
    let frames = ["\n    at ", "\n\t"].iter().filter_map(|frame| stack.find(frame)).min().unwrap_or(stack.len());
    stack.match_indices(message).take_while(|(at, _)| *at < frames).any(|(at, _)| {
        // A message of several words is none of a frame's names.
        message.contains(' ') || !stack[..at].ends_with(named) && !stack[at + message.len()..].starts_with(named)
    })
}

/// Whether a text of several lines is a stack of some language.
pub(super) fn is_stack(text: &str) -> bool {
    text.contains("Traceback (most recent call last)")
        || text.contains("\n    at ")
        || text.contains("\n\tat ")
        || text.starts_with("goroutine ")
        || text.contains("\ngoroutine ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_only_names_of_frames_hold_stays_before_its_stack() {
        let of = |message: &'static str, stack: &'static str| with_stack(message.into(), stack.into()).into_owned();
        assert_eq!(of("no", "com.x.Eno: no\n\tat a.no(C.java:1)"), "com.x.Eno: no\n\tat a.no(C.java:1)");
        assert_eq!(of("timeout", "http.timeoutHandler\n\t/x.go:1"), "timeout\nhttp.timeoutHandler\n\t/x.go:1");
        assert_eq!(of("f", "Error: no\n    at f (a.js:1:2)"), "f\nError: no\n    at f (a.js:1:2)");
    }
}
