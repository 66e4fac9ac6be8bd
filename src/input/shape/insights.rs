//! Items of Application Insights, of its own tables (`requests`, `itemType`) and of those in a workspace (`AppRequests`, `Type`).
//!
//! A trace is what the program logged; the others describe what it served, called, and failed with. Source:
//! <https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete>.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::json::{Tape, Value};
use super::payload::with_stack;
use super::{duration, first, first_text, frames, host_and_path, http_status, imply, text};
use crate::record::{Http, Kind, LogRecord, Severity};

/// What an item describes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Trace,
    Exception,
    Request,
    Dependency,
    /// An event, a page view or a test of availability: it has a name and may have nothing else.
    Named,
}

/// Why an item counts as an error.
const FAILED: &str = "success of the operation";

/// The item that a row is.
pub(super) fn item(value: Value<'_>) -> Option<Item> {
    let kind = |key: &str| value.some(key).and_then(Value::as_str);
    if let Some(kind) = kind("itemType") {
        return match &*kind {
            "trace" => Some(Item::Trace),
            "exception" => Some(Item::Exception),
            "request" => Some(Item::Request),
            "dependency" => Some(Item::Dependency),
            "customEvent" | "pageView" | "availabilityResult" => Some(Item::Named),
            _ => None,
        };
    }
    match &*kind("Type")? {
        "AppTraces" => Some(Item::Trace),
        "AppExceptions" => Some(Item::Exception),
        "AppRequests" => Some(Item::Request),
        "AppDependencies" => Some(Item::Dependency),
        "AppEvents" | "AppPageViews" | "AppAvailabilityResults" => Some(Item::Named),
        _ => None,
    }
}

/// Fills what an item says of itself.
pub(super) fn map<'a>(item: Item, value: Value<'a>, record: &mut LogRecord<'a>) {
    let said = |keys: &[&str]| first_text(value, keys);
    let name = || said(&["Name", "name"]);
    let failed = said(&["Success", "success"]).is_some_and(|told| told.eq_ignore_ascii_case("false") || told == "0");
    match item {
        Item::Trace => {
            let category = |of: Value<'_>| first_text(of, &["CategoryName", "LoggerName"]).map(Cow::into_owned);
            let named = first(value, &["Properties", "customDimensions"]).and_then(|of| inside(of, category)).flatten();
            record.module = named.map(Cow::Owned).or_else(|| record.module.take());
        }
        Item::Exception => {
            let chain = first(value, &["Details", "details"]).and_then(|of| inside(of, chain)).flatten();
            if let Some(stack) = chain.or_else(|| thrown(value)) {
                record.message = with_stack(std::mem::take(&mut record.message), stack.into());
            }
            record.module = None;
        }
        Item::Request => {
            record.http = request(value);
            record.module = None;
            record.function = name();
            record.message = if record.http.is_some() { Cow::default() } else { name().unwrap_or_default() };
            record.kind = if record.http.is_some() { Kind::Request } else { Kind::App };
            imply(record, failed.then_some(Severity::Error).filter(|_| record.http.is_none()), FAILED);
        }
        Item::Dependency => {
            // What another service answered is no request that this one served.
            record.http = None;
            record.kind = Kind::App;
            record.module = said(&["Target", "target"]);
            let kind = said(&["DependencyType", "type"]);
            let parts = [kind, name(), said(&["ResultCode", "resultCode"])];
            record.message = parts.into_iter().flatten().collect::<Vec<_>>().join(" ").into();
            imply(record, failed.then_some(Severity::Error), FAILED);
        }
        Item::Named => {
            record.module = None;
            record.message = name().unwrap_or_default();
            imply(record, failed.then_some(Severity::Error), FAILED);
        }
    }
}

/// The request that was served.
fn request(value: Value<'_>) -> Option<Http<'_>> {
    let said = |keys: &[&str]| first_text(value, keys);
    let status = said(&["ResultCode", "resultCode"])?.parse().ok().and_then(http_status)?;
    let verb = |name: Cow<'_, str>| {
        let verb = name.split(' ').next().unwrap_or_default().to_owned();
        (!verb.is_empty() && verb.len() < 8 && verb.bytes().all(|b| b.is_ascii_uppercase())).then_some(verb)
    };
    let (host, path) = said(&["Url", "url"]).map_or((None, None), host_and_path);
    let method = said(&["Name", "name"]).and_then(verb).map(Cow::Owned);
    let latency_ns = said(&["DurationMs", "duration"]).and_then(|ms| duration::read(&ms, 1_000_000));
    (path.is_some() || method.is_some()).then_some(Http { method, host, path, status: Some(status), latency_ns })
}

/// Reads an object or list, which tables of workspaces and exports hold as text.
fn inside<T>(value: Value<'_>, read: impl FnOnce(Value<'_>) -> T) -> Option<T> {
    if value.is_object() || value.is_array() {
        return Some(read(value));
    }
    let text = text(value)?;
    let mut tape = Tape::default();
    Some(read(tape.parse(&text).ok()?))
}

/// The exceptions of an item, each caused by the next.
fn chain(details: Value<'_>) -> Option<String> {
    let mut out = String::new();
    for one in details.items() {
        let start = out.len();
        out.push_str(if start > 0 { frames::CAUSE } else { "" });
        // What the runtime printed, where it was kept.
        let raw = first_text(one, &["rawStack"]).filter(|raw| raw.contains('\n'));
        if let Some(raw) = raw {
            out.push_str(raw.trim_end());
            continue;
        }
        let said = |keys: &[&str]| first_text(one, keys).unwrap_or_default();
        let (kind, message) = (said(&["type", "typeName"]), said(&["message"]));
        out.push_str(&frames::headline(&kind, &message));
        for frame in one.some("parsedStack").into_iter().flat_map(Value::items) {
            let said = |key: &str| first_text(frame, &[key]).unwrap_or_default();
            call(&said("method"), &said("fileName"), &said("line"), &mut out);
        }
        if out.len() == start {
            return None;
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The exception by the columns of its row alone.
fn thrown(value: Value<'_>) -> Option<String> {
    let said = |keys: &[&str]| first_text(value, keys).unwrap_or_default();
    let kind = said(&["OuterType", "outerType", "ExceptionType", "type"]);
    let mut out = format!("{kind}: {}", said(&["OuterMessage", "outerMessage"]));
    call(&said(&["OuterMethod", "outerMethod", "Method", "method"]), "", "", &mut out);
    (!kind.is_empty()).then_some(out)
}

/// Adds a frame as .NET prints it.
fn call(method: &str, file: &str, line: &str, out: &mut String) {
    if method.is_empty() {
        return;
    }
    let call = if method.ends_with(')') { "" } else { "()" };
    let _ = write!(out, "\n   at {method}{call}");
    if !file.is_empty() {
        let _ = write!(out, " in {file}:line {}", if line.is_empty() { "0" } else { line });
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn exceptions_are_their_chains() {
        let details = r#"[{"outerId":"0","type":"A.E","message":"x","parsedStack":[{"method":"A.B.C","fileName":"/a.cs","line":1},{"method":"A.D.E"}]},{"type":"A.F","message":"y","parsedStack":[]}]"#;
        let told = "A.E: x\n   at A.B.C() in /a.cs:line 1\n   at A.D.E()\nCaused by: A.F: y";
        let row = map(&format!(
            r#"{{"TimeGenerated":"2024-01-02T03:04:05Z","OuterType":"A.E","OuterMessage":"x","SeverityLevel":3,"Details":{details},"AppRoleName":"till","Type":"AppExceptions"}}"#
        ));
        assert_eq!((row.message.as_ref(), row.severity, row.service.as_deref()), (told, Severity::Error, Some("till")));
        let details = serde_json::Value::from(details);
        let row = map(&format!(
            r#"{{"timestamp":"2024-01-02T03:04:05Z","outerMessage":"x","details":{details},"itemType":"exception","cloud_RoleName":"till","itemId":"i"}}"#
        ));
        assert_eq!((row.message.as_ref(), row.insert_id.as_deref()), (told, Some("i")));
        let row = map(
            r#"{"timestamp":"2024-01-02T03:04:05Z","type":"A.E","outerMessage":"x","method":"A.B.C","itemType":"exception","cloud_RoleName":"till"}"#,
        );
        assert_eq!(row.message, "A.E: x\n   at A.B.C()");
    }

    #[test]
    fn requests_are_told_from_calls_of_others() {
        for text in [
            r#"{"timestamp":"2024-01-02T03:04:05Z","name":"GET Cart/Get","url":"https://h/a?b","success":"False","resultCode":"502","duration":"140.5","itemType":"request","cloud_RoleName":"till"}"#,
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","Name":"GET Cart/Get","Url":"https://h/a?b","Success":false,"ResultCode":"502","DurationMs":140.5,"Type":"AppRequests","AppRoleName":"till"}"#,
        ] {
            let row = map(text);
            let http = row.http.as_ref().expect("http");
            assert_eq!(
                (http.method.as_deref(), http.host.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
                (Some("GET"), Some("h"), Some("/a"), Some(502), Some(140_500_000))
            );
            assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::Request, "", Severity::Error));
        }
        let row = map(
            r#"{"timestamp":"2024-01-02T03:04:05Z","type":"HTTP","name":"GET /v1","target":"bank","success":"False","resultCode":"503","duration":14.5,"itemType":"dependency","cloud_RoleName":"till"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.http), (Kind::App, "HTTP GET /v1 503", None));
        assert_eq!((row.effective_severity, row.module.as_deref()), (Severity::Error, Some("bank")));
        let row = map(
            r#"{"timestamp":"2024-01-02T03:04:05Z","message":"m","severityLevel":2,"itemType":"trace","customDimensions":"{\"CategoryName\":\"A.B\"}","cloud_RoleName":"till"}"#,
        );
        assert_eq!((row.severity, row.module.as_deref()), (Severity::Warning, Some("A.B")));
    }
}
