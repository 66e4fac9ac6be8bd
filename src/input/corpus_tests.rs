//! What must hold for any input, as checks on bytes that a fuzzer finds and as tests over a fixed corpus.
//!
//! The fuzz package (`fuzz/README.md`) compiles this file with the input stage alone and feeds the checks without end; here
//! they run over `fuzz/seeds`, so that an input that once broke something stays a test. Everything goes through [`read`], as
//! it does in a run: what a check cannot see from there, no caller can.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};

use jiff::tz::TimeZone;

use crate::config::Config;
use crate::input::{InputError, Outlet, ReadOptions, Source, read};
use crate::record::ingest::{Ingested, PROBLEMS_LISTED};
use crate::record::{Collect, LogRecord, Severity};
use crate::time;

/// Keys that shapes look for; `shapes` builds rows of them.
const KEYS: &str = "@fields @log @logStream @message @ptr @requestId @timestamp @type @xrayTraceId AppRoleInstance AppRoleName \
    AuditLog CODE_FILE CODE_FUNC CODE_LINE ClientRequestHost ClientRequestMethod ClientRequestPath ClientRequestURI \
    CloudTrailEvent Computer ContainerAppName ContainerAppName_s ContainerName CorrelationId CreateFunction \
    CreateJob CreateService CreationTime EdgeColoCode EdgeResponseStatus EdgeStartTimestamp EventId EventName \
    EventSource EventTime FunctionService Jobs Level LogEntry LogLevel LogMessage Log_s MESSAGE Message Operation \
    OperationId OrganizationId OuterMessage PRIORITY PodName RayID Records ReplaceJob ReplaceService \
    ReportedErrorEvent ResourceId RevisionName RevisionName_s SEVERITY_NUMBER_ SYSLOG_IDENTIFIER Services \
    SeverityLevel StartTime SubscriptionId TimeGenerated Traceback UpdateFunction UpdateJob UpdateService UserId \
    Username Workload _COMM _HOSTNAME _ResourceId _SYSTEMD_UNIT _TRANSPORT __CURSOR __REALTIME_TIMESTAMP __lvl _cd \
    _id _raw _source _time account accountId ackId activity_name actor address api app_name application arn \
    arrayValue array_value asctime attributes audit auditLog audit_log awsRegion billingAccounts body build \
    by_severity caller category claims class class_name class_uid cloud cloud_RoleInstance cloud_RoleName cloudbuild \
    code columns container container_id container_name context contextMap correlationId correlation_id created_at \
    data data_stream dataset date datetime dd ddsource ddtags deployment deploymentId description \
    detailed_by_severity detected_level docker domain duration duration_ms elapsed_ms end endTime end_time enduser \
    entries entries_by_severity epochSecond err error errorCode errorMessage errorVerbose event eventID eventId \
    eventName eventSource eventTime eventTimestamp eventVersion event_timestamp events exc_info exception \
    executionRegion execution_id extendedStackTrace field fields file filePath filepath folders from full func \
    funcName funcname function functionName function_name functionname googleapis headers hits host hostname http \
    httpMethod httpRequest httpStatus http_request id identity index ingestionTime insertId insert_id instance \
    instanceId instance_id instanceid instant instrumentationLibraryLogs items job job_name jsonPayload jsonPayload_ \
    json_payload k8s k8s-app key kvlistValue kvlist_value latency latency_ms latestCreatedRevision level levelname \
    line lineNumber line_number lineno linenumber location log logEntries logEvents logGroup logGroupName logName \
    logRecords logStream logStreamName log_entries log_level log_name log_records logger loggerFqcn loggerName \
    logger_name loggername logging logs logs_by_severity lvl message messageId message_id messages metadata method \
    methodName method_name module module_id msg name namespace namespace_name nanoOfSecond nanos node number \
    observedTimeUnixNano observed_time_unix_nano operation operationName operation_Id operation_name organizations \
    origin original p_event_time path pid pod pod_name principalId product project projectId projectName project_id \
    project_uid projects properties protoPayload protoPayload_auditLog proto_payload proxy python_logger query range \
    raw_logs receiveTimestamp receive_timestamp recipientAccountId record records region reportLocation \
    reportlocation req reqId req_id request requestId requestMethod requestPath requestUri requestUrl request_id \
    request_method request_url requestmethod requesturl res resource resourceId resourceLocation resourceLogs \
    resourceName resource_id resource_logs resource_name response responseStatusCode responseTime response_time_ms \
    result resultType results revision_name route rows sample_entries scopeLogs scope_logs seconds server service \
    serviceContext service_name servicecontext severity severityLevel severityNumber severityText severity_id \
    severity_number severity_text short_message since source sourceLocation source_location sourcetype span spanId \
    span_id split stack stackTrace stack_trace stacktrace start startTime start_time started_at status statusCode \
    status_code stream streams stringValue string_value subscription subscriptionId subscription_id tables tags \
    target task_id text textPayload text_payload thrown time timeMillis timeRange timeStamp timeUnixNano time_range \
    time_unix_nano timestamp timestampInMs timestampNanos timestampSeconds totalSplits total_splits totalsplits \
    trace traceID traceId trace_id traceback traceid transaction ts type type_name uid until uri url user userEmail \
    userId userIdentity userName user_email user_id useremail userid username value values verb version version_id \
    window zone data a @type logging.googleapis.com/trace log.level service.name";
/// Texts that mean something in one place or another.
const TEXTS: [&str; 30] = [
    "",
    " \n",
    "2025-01-01T00:00:00.5Z",
    "2025-01-01 00:00:09,5",
    "15/Sep/2025:17:00:00 -0700",
    "1704067200000",
    "ERROR",
    "warn",
    "7",
    "odd",
    "projects/p/traces/t",
    "projects/p/logs/run.googleapis.com%2Frequests",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "https://till.example/a/b?c=d#e",
    "https://",
    "/a?b",
    "3.786648988s",
    "7:",
    ":7",
    "srv/main.go:12",
    "E: x\n    at f (a.js:1:2)",
    "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: no",
    "type.googleapis.com/google.cloud.audit.AuditLog",
    "/Services.ReplaceService",
    "namespaces/p/revisions/s-2",
    "{\"level\":\"error\",\"message\":{\"a\":1},\"logger\":\"\"}",
    "eyJhIjoxfQ==",
    "AAECAwQFBgcICQoLDA0ODw==",
    "a\u{0}\u{1f600}\u{301}\\\"\t",
    "\u{fffd}?\u{1b}[31mred\u{1b}[0m",
];
/// Numbers as they may be written.
const NUMBERS: [&str; 18] = [
    "0",
    "-1",
    "3",
    "9",
    "17",
    "200",
    "404",
    "503",
    "1.5",
    "-0.0",
    "1e400",
    "1E-7",
    "1704067200",
    "1704067200000",
    "1704067200000000001",
    "9223372036854775807",
    "-9223372036854775807",
    "123456789012345678901234567890",
];
/// Rows that `repair` damages.
const ROWS: [&str; 6] = [
    r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","severity":"ERROR","textPayload":"x"}"#,
    r#"{"insertId":"a","jsonPayload":{"message":"caf\u00e9 \ud83d\ude00","n":[1,2.5,-3e2,true,null]},"labels":{"a":"b"}}"#,
    r#"{"msg":"C:\\dir\\file \"quoted\"\n\ttab","level":50,"time":1704067200000}"#,
    r#"{"entries":[{"insertId":"a","textPayload":"x"},{"insertId":"b","textPayload":"y"}]}"#,
    r#"{"a":NaN,"b":-Infinity,"c":Infinity,"d":"NaN","message":"m"}"#,
    r#"{"message":{"data":"eyJhIjoxfQ==","messageId":"1"},"subscription":"s"}"#,
];
/// Starts of credentials, and how many characters make one whole.
const TOKENS: [(&str, usize); 12] = [
    ("AKIA", 16),
    ("ghp_", 36),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("sk-ant-", 24),
    ("sk_live_", 24),
    ("npm_", 36),
    ("hf_", 34),
    ("AIza", 35),
    ("Bearer ", 32),
    ("password=", 20),
    ("X-Amz-Signature=", 40),
];

static OPTIONS: LazyLock<ReadOptions> = LazyLock::new(|| ReadOptions::new(&Config::default()).expect("options"));

#[derive(Default)]
struct Keep(Vec<LogRecord<'static>>);

impl Collect for Keep {
    fn wants_raw(&self, _: &LogRecord<'_>) -> bool {
        true
    }
    fn push(&mut self, record: &LogRecord<'_>) {
        self.0.push(record.clone().into_owned());
    }
}

/// Reads bytes as a file, and checks what holds for every file; `None` where nothing can be decoded.
fn read_bytes(bytes: &[u8], options: &ReadOptions) -> Option<(Ingested, Vec<LogRecord<'static>>)> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a write");
    let records = Mutex::new(Vec::new());
    let outlet = Outlet {
        known: &|_| false,
        make: &|_| Keep::default(),
        emit: &|keep: Keep| records.lock().expect("lock").extend(keep.0),
        done: &|_| {},
        progress: &|_| {},
    };
    let source = Source { name: "dump".into(), path: file.path().to_owned() };
    let ingested = match read(&source, options, outlet) {
        Ok(ingested) => ingested,
        Err(InputError::Undecodable { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    let records = records.into_inner().expect("lock");
    let report = &ingested.report;
    assert_eq!(report.bytes, bytes.len() as u64);
    assert_eq!(report.bytes_by.total(), report.decoded_bytes, "every byte is accounted for: {report:?}");
    assert_eq!(report.entries, records.len() as u64);
    assert_eq!(report.entries, report.severity.values().sum::<u64>());
    assert!(report.repaired <= report.entries + report.malformed + report.blank || report.framing == "wrapper");
    assert!(ingested.quarantined.len() as u64 <= report.malformed);
    assert!(report.problems.len() <= PROBLEMS_LISTED);
    assert!(report.problems.len() as u64 + report.problems_more >= report.malformed);
    assert!(report.first <= report.last);
    let within = |offset: u64, length: u64| offset + length <= report.decoded_bytes;
    assert!(ingested.quarantined.iter().all(|piece| within(piece.offset, piece.length)), "{:?}", ingested.quarantined);
    for record in &records {
        assert!(within(record.offset, u64::from(record.length)), "{record:?} of {}", report.decoded_bytes);
        assert!(record.ts_ns.is_none_or(time::is_plausible));
        assert!(record.ts_ns.is_none() || record.ts_source.is_some() || options.text);
        assert!(record.severity == Severity::Default || record.effective_severity == record.severity);
        let http = record.http.as_ref();
        let texts = [
            &record.project,
            &record.service,
            &record.resource_type,
            &record.location,
            &record.revision,
            &record.instance,
            &record.trace,
            &record.span,
            &record.insert_id,
            &record.log_name,
            &record.module,
            &record.function,
            &record.user,
            &record.labels,
        ];
        let of_http = http.into_iter().flat_map(|http| [&http.method, &http.host, &http.path]);
        for text in texts.into_iter().chain(of_http) {
            assert!(text.as_deref() != Some(""), "an empty text in {record:?}");
        }
        if let Some(labels) = &record.labels {
            let parsed = serde_json::from_str::<serde_json::Value>(labels);
            assert!(parsed.as_ref().is_ok_and(serde_json::Value::is_object) || is_number_error(&parsed), "{labels:?}");
        }
    }
    Some((ingested, records))
}

/// JSON numbers have no limits, those of this parser do.
fn is_number_error<T>(parsed: &serde_json::Result<T>) -> bool {
    parsed.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"))
}

/// Any bytes: they are read without a panic, every byte is accounted for, and twice the same.
pub(crate) fn framing(data: &[u8]) {
    let first = read_bytes(data, &OPTIONS);
    let again = read_bytes(data, &OPTIONS);
    assert_eq!(first.is_some(), again.is_some());
    if let (Some((first, records)), Some((again, same))) = (first, again) {
        assert_eq!(first.report, again.report);
        assert_eq!(first.quarantined, again.quarantined);
        let identity =
            |record: &LogRecord<'_>| (record.offset, record.length, record.payload_hash, record.content_hash);
        assert!(records.iter().map(identity).eq(same.iter().map(identity)));
    }
    let mut lines = OPTIONS.clone();
    (lines.text, lines.row_bytes) = (true, 64);
    read_bytes(data, &lines);
}

/// A row, damaged as the bytes say, between two good ones: what is read of it is JSON, and the good ones stay.
pub(crate) fn repair(data: &[u8]) {
    let damaged = if data.first() == Some(&b'{') {
        data.to_vec()
    } else {
        let mut bytes = Bytes(data);
        let mut row = bytes.pick(&ROWS).as_bytes().to_vec();
        while !bytes.0.is_empty() {
            let (how, at, byte) = (bytes.next(), usize::from(bytes.next()), bytes.next());
            let at = at.min(row.len());
            match how % 4 {
                0 => row.insert(at, byte),
                1 if at < row.len() => row[at] = byte,
                2 => drop(row.drain(at..(at + usize::from(byte % 8)).min(row.len()))),
                3 if byte < 32 => row.truncate(at),
                _ => drop(row.splice(at..at, bytes.text().bytes())),
            }
        }
        row
    };
    if damaged.len() > 1 << 16 {
        return;
    }
    let good = |id: &str| format!("{{\"insertId\":\"good-{id}\",\"textPayload\":\"kept\"}}");
    let text = [good("first").as_bytes(), b"\n", &damaged, b"\n", good("last").as_bytes(), b"\n"].concat();
    let (_, records) = read_bytes(&text, &OPTIONS).expect("plain text decodes");
    for id in ["good-first", "good-last"] {
        let kept = records.iter().any(|record| record.insert_id.as_deref() == Some(id));
        assert!(kept, "{id} is lost beside {:?}", String::from_utf8_lossy(&damaged));
    }
    for record in &records {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(&record.raw);
        assert!(parsed.is_ok(), "{parsed:?}: {:?}", record.raw);
    }
}

/// Any text as a time, also its bytes as a number: none, or a moment that reads back from RFC 3339.
pub(crate) fn timestamps(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut texts = vec![text.to_string()];
    if let Some(bytes) = data.first_chunk::<8>() {
        let (whole, float) = (i64::from_le_bytes(*bytes), f64::from_le_bytes(*bytes));
        texts.extend([whole.to_string(), format!("{float}"), format!("{float:e}"), format!("{float:.3}")]);
    }
    for text in texts {
        let Some(parsed) = time::parse(&text) else { continue };
        for written in [time::rfc3339(parsed.ns), time::rfc3339_short(parsed.ns)] {
            let again = time::parse(&written).map(|again| (again.ns, again.naive));
            assert_eq!(again, Some((parsed.ns, false)), "{text:?} as {written}");
        }
        let (day, seconds) = (time::day_of(parsed.ns), time::rfc3339_seconds(parsed.ns));
        assert!(!time::is_plausible(parsed.ns) || time::day_from_name(&time::day_name(day)) == Some(day));
        assert!(time::local(parsed.ns, &TimeZone::UTC).starts_with(&seconds[..10]));
    }
    let _ = (time::parse_epoch(&text), time::parse_user(&text, &TimeZone::UTC));
    if let Ok(span) = time::parse_span(&text) {
        assert!(span > 0 && !time::words(span).is_empty());
    }
}

/// A JSON value, as it stands or built by the bytes from the keys that shapes know: read as strictly as it is written, and
/// the same however it is spaced.
pub(crate) fn shapes(data: &[u8]) {
    if matches!(data.first(), Some(b'{' | b'[')) {
        let valid = std::str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok());
        let Some((ingested, records)) = read_bytes(data, &OPTIONS) else { return };
        assert!(!valid || ingested.report.repaired == 0, "JSON is not repaired");
        assert!(
            !valid
                || data[0] == b'['
                || !records.is_empty()
                || ingested.report.framing != "ndjson"
                || is_nothing(&ingested)
        );
        return;
    }
    let [tight, spaced] = ["", " \n"].map(|blank| {
        let mut text = String::new();
        Bytes(data).object(blank, 4, &mut text);
        read_bytes(text.as_bytes(), &OPTIONS).map(|read| (read, text)).expect("plain text decodes")
    });
    let (((ingested, records), text), ((other, others), _)) = (tight, spaced);
    assert_eq!((ingested.report.repaired, other.report.repaired), (0, 0), "{text}");
    assert_eq!(ingested.report.malformed, other.report.malformed, "{text}");
    let seen = |record: &LogRecord<'_>| {
        let id = record.insert_id.as_deref().map(str::to_owned);
        (
            record.ts_ns,
            record.severity,
            record.kind,
            id,
            record.service.as_deref().map(str::to_owned),
            record.content_hash,
        )
    };
    assert!(records.iter().map(seen).eq(others.iter().map(seen)), "spacing changes a row: {text}");
}

/// Whether a file reports that something of it was refused, or holds only an empty wrapper.
fn is_nothing(ingested: &Ingested) -> bool {
    ingested.report.malformed > 0 || ingested.report.bytes_by.structure > 0
}

/// A credential among any text, in a message, a label or a broken row: no part of what is kept holds it.
pub(crate) fn redaction(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (start, length) = TOKENS[usize::from(bytes.next()) % TOKENS.len()];
    let alphabet: &[u8] = if start == "AKIA" { b"A1B2C3D4E5F6G7H8" } else { b"a1B2c3D4e5F6g7H8" };
    let secret: String = (0..length).map(|_| char::from(alphabet[usize::from(bytes.next() % 16)])).collect();
    // Made of one character a secret is a placeholder; short of variety it may stand in the text by itself.
    if secret.bytes().collect::<std::collections::BTreeSet<_>>().len() < 4 {
        return;
    }
    let place = bytes.next();
    let around = String::from_utf8_lossy(bytes.0).replace(&secret, "");
    let cut = (0..=around.len() / 2).rev().find(|at| around.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = around.split_at(cut);
    let text = serde_json::Value::from(format!("{before} {start}{secret} {after}")).to_string();
    let row = match place % 4 {
        0 => format!("{{\"insertId\":\"a\",\"textPayload\":{text}}}"),
        1 => format!(
            "{{\"insertId\":\"a\",\"labels\":{{\"l\":{text}}},\"jsonPayload\":{{\"message\":\"m\",\"x\":{text}}}}}"
        ),
        2 => format!("{{\"msg\":{text},\"level\":50,\"time\":1704067200000}}"),
        _ => format!("{{\"broken\":{text}"),
    };
    let (ingested, records) = read_bytes(row.as_bytes(), &OPTIONS).expect("plain text decodes");
    for record in &records {
        for kept in [&record.message, &record.raw].into_iter().chain(&record.labels) {
            assert!(!kept.contains(&secret), "{start}{secret} is kept in {kept:?}");
        }
    }
    assert!(ingested.quarantined.iter().all(|piece| !piece.text.contains(&secret)), "{:?}", ingested.quarantined);
}

/// Choices, read from bytes until none is left; zeros after that.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[usize::from(self.next()) % of.len()]
    }

    fn text(&mut self) -> &'static str {
        self.pick(&TEXTS)
    }

    fn key(&mut self) -> &'static str {
        static LIST: LazyLock<Vec<&'static str>> = LazyLock::new(|| KEYS.split_whitespace().collect());
        LIST[usize::from(u16::from_le_bytes([self.next(), self.next()])) % LIST.len()]
    }

    fn string(blank: &str, text: &str, out: &mut String) {
        let _ = write!(out, "{blank}{}{blank}", serde_json::Value::from(text));
    }

    fn object(&mut self, blank: &str, depth: usize, out: &mut String) {
        let members = 1 + self.next() % 8;
        out.push('{');
        for at in 0..members {
            out.push_str(if at > 0 { "," } else { "" });
            let key = self.key();
            Self::string(blank, key, out);
            out.push(':');
            self.value(blank, depth, out);
        }
        out.push('}');
    }

    fn value(&mut self, blank: &str, depth: usize, out: &mut String) {
        match self.next() % 16 {
            0..3 if depth > 0 => self.object(blank, depth - 1, out),
            3..6 if depth > 0 => {
                out.push('[');
                for at in 0..self.next() % 4 {
                    out.push_str(if at > 0 { "," } else { "" });
                    self.value(blank, depth - 1, out);
                }
                out.push(']');
            }
            6 => out.push_str(self.pick(&["null", "true", "false"])),
            7..10 => out.push_str(self.pick(&NUMBERS)),
            10 => {
                let escaped = format!("\"\\u00{:02x}\\/\\n\"", self.next());
                out.push_str(&escaped);
            }
            11 => Self::string(blank, self.key(), out),
            12 if depth > 1 => {
                // A row inside a text, as libraries and queues write it; every level doubles the escapes.
                let mut inner = String::new();
                self.object("", depth - 2, &mut inner);
                Self::string(blank, &inner, out);
            }
            _ => Self::string(blank, self.text(), out),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Runs every seed of a target through its check.
    fn all_of(target: &str, check: impl Fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        let files: Vec<_> =
            std::fs::read_dir(&folder).expect("a folder of seeds").map(|file| file.expect("a file")).collect();
        assert!(!files.is_empty(), "{} holds no seed", folder.display());
        for file in files {
            // Shown only where a check fails: it names the seed.
            let name = file.file_name();
            let seed = std::fs::read(file.path()).expect("a seed");
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&seed)));
            assert!(outcome.is_ok(), "the check of {target} fails for the seed {}", name.display());
        }
    }

    #[test]
    fn seeds_of_any_bytes_are_accounted_for() {
        all_of("framing", super::framing);
    }

    #[test]
    fn seeds_of_damaged_rows_are_repaired_or_refused() {
        all_of("repair", super::repair);
    }

    #[test]
    fn seeds_of_times_read_back() {
        all_of("timestamps", super::timestamps);
    }

    #[test]
    fn seeds_of_every_shape_are_mapped() {
        all_of("shapes", super::shapes);
    }

    #[test]
    fn seeds_with_credentials_are_masked() {
        all_of("redaction", super::redaction);
    }
}
