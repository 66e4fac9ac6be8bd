//! One check a family of shapes: JSON as it stands, or rows that bytes build from the family's keys. They are read as strictly
//! as they are written, and the same however they are spaced.

use std::sync::LazyLock;

use super::bytes::{Bytes, Keys};
use super::{OPTIONS, read_bytes};
use crate::config::Config;
use crate::input::ReadOptions;
use crate::record::LogRecord;
use crate::record::ingest::Ingested;

macro_rules! families {
    ($($(#[$doc:meta])* $name:ident $keys:literal)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(data: &[u8]) {
                static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::new($keys));
                check(data, &KEYS, &OPTIONS);
            }
        )*
    };
}

families! {
    /// Entries of Cloud Logging in every spelling, their wrappers and Pub/Sub envelopes.
    gcp "insertId insert_id timestamp receiveTimestamp receive_timestamp severity textPayload text_payload jsonPayload \
        json_payload jsonPayload_ httpRequest http_request requestMethod request_method requestUrl request_url status latency \
        resource type labels service_name revision_name location project_id instanceId logName log_name trace spanId span_id \
        traceSampled sourceLocation source_location file line function split uid index totalSplits total_splits errorGroups \
        operation message msg event level error stack_trace exception context serviceContext service version seconds nanos \
        timestampSeconds timestampNanos logging.googleapis.com/trace raw_logs entries logs_by_severity ERROR WARNING INFO \
        time_range start end data messageId subscription ackId user_id python_logger metadata payload fields values kind \
        stringValue numberValue boolValue nullValue structValue listValue"
    /// Audit entries, deploys and builds.
    audit_build "protoPayload proto_payload protoPayload_auditLog protopayload_auditlog methodName method_name resourceName \
        resource_name serviceName status code message response latestCreatedRevision metadata name namespaces revisions \
        @type at_sign_type AuditLog jsonPayload json_payload principalEmail authenticationInfo resource type labels build \
        revision_name service_name project_id insertId timestamp severity textPayload operation first last logName"
    /// CloudWatch, Logs Insights and CloudTrail.
    aws "events Events logEvents logGroup logStream logStreamName logGroupName eventId ingestionTime timestamp message id \
        @timestamp @message @log @logStream @ptr @requestId @xrayTraceId results field value level request_id Records \
        CloudTrailEvent EventId EventName EventSource EventTime Username eventName eventSource eventTime eventVersion \
        eventID errorCode errorMessage userIdentity arn userName awsRegion recipientAccountId requestId"
    /// OpenTelemetry, whole documents and parts of them.
    otlp "resourceLogs resource_logs scopeLogs scope_logs instrumentationLibraryLogs logRecords log_records resource scope \
        name attributes key value stringValue string_value intValue boolValue kvlistValue kvlist_value arrayValue \
        array_value values timeUnixNano time_unix_nano observedTimeUnixNano observed_time_unix_nano severityNumber \
        severity_number severityText severity_text body traceId trace_id spanId span_id service.name"
    /// Docker, Kubernetes, Fluent Bit and journald, rows in pieces among them.
    containers "log stream time attrs logtag _p date @timestamp timestamp kubernetes pod_name namespace_name container_name \
        labels app k8s-app docker_id container_id message MESSAGE PRIORITY __CURSOR __REALTIME_TIMESTAMP _SYSTEMD_UNIT \
        SYSLOG_IDENTIFIER _COMM _HOSTNAME _TRANSPORT CODE_FILE CODE_FUNC CODE_LINE level"
    /// Loggers of programs: bunyan, pino, zap, zerolog, logrus, slog, winston, structlog, log4j, ECS and the like.
    app_loggers "level lvl levelname log_level log.level severity time ts timestamp @timestamp asctime instant epochSecond \
        nanoOfSecond timeMillis msg message event error err stack stack_trace stacktrace exc_info exception thrown \
        extendedStackTrace name logger loggerName logger_name hostname pid v caller source file line function func funcName \
        lineno target fields span trace_id trace.id traceId reqId req res method url statusCode responseTime http request \
        response status_code event.duration service service.name user_id user _source _index _id hits labels data tags"
    /// Vercel, Railway, Render, Azure, Loki, Datadog, Splunk, OCSF, Microsoft 365, Cloudflare.
    platform "deploymentId timestampInMs projectId projectName logs requestPath requestMethod responseStatusCode statusCode \
        proxy executionRegion domain tags attributes level service status message timestamp event_timestamp eventTimestamp \
        operation_name operationName resource_id resourceId correlation_id category caller properties httpMethod httpStatus \
        requestUri timeTaken TimeGenerated SeverityLevel Message tables columns rows name stream values streams labels line \
        data result app ddsource ddtags dd trace_id preview results _raw _time _cd sourcetype class_uid severity_id severity \
        activity_name metadata uid actor CreationTime Operation Workload Id UserId EdgeStartTimestamp EdgeResponseStatus \
        ClientRequestHost ClientRequestMethod ClientRequestURI RayID"
}

/// Rows of the user's own shape among others.
pub(crate) fn mapped(data: &[u8]) {
    static KEYS: LazyLock<Keys> =
        LazyLock::new(|| Keys::new("when lvl text who where what x y n data entries log timestamp severity insertId"));
    static MAPPED: LazyLock<ReadOptions> = LazyLock::new(|| {
        let rule = r#"
            [[shape]]
            name = "all"
            match = ["when", "x.y"]
            timestamp = "when"
            severity = "lvl"
            message = "text"
            service = "x.where"
            instance = "n"
            revision = "x.n"
            trace = "who"
            span = "what"
            insert-id = "x.what"
            user = "who"
            labels = "x"
            logger = "where"
            file = "what"
            function = "text"
            status = "n"
            latency = "y"
            url = "text"
            method = "lvl"

            [[shape]]
            name = "few"
            match = ["what"]
            message = "data"
            line = "n"
        "#;
        let config: Config = toml::from_str(rule).expect("a valid configuration");
        ReadOptions::new(&config).expect("options")
    });
    check(data, &KEYS, &MAPPED);
}

/// Lines of text, CRI's among them, and tables; read with and without `--text`.
pub(crate) fn text_csv(data: &[u8]) {
    const LINES: [&str; 9] = [
        "timestamp,severity,insertId,textPayload",
        "timestamp;severity;resource.labels.service_name;jsonPayload.message",
        "2025-01-01T00:00:00Z,ERROR,a,\"no,\nspace\"",
        "2025-01-01T00:00:00Z;INFO;till;\"a \"\"b\"\"",
        "2024-01-02T03:04:05.678901234Z stdout P piece",
        "2024-01-02T03:04:05.678901234Z stdout F rest",
        "2024-01-02T03:04:05.678901234Z stderr F {\"msg\":\"x\"}",
        "[2025-01-01 00:00:00] ERROR: disk full",
        "web-1  | {\"msg\":\"x\"}",
    ];
    let text = if data.first().is_some_and(|byte| *byte < 32) {
        let mut bytes = Bytes(&data[1..]);
        let mut text = String::new();
        while !bytes.0.is_empty() {
            text.push_str(if bytes.next() % 4 == 0 { bytes.text() } else { bytes.pick(&LINES) });
            text.push_str(["\n", "\r\n", ",", ""][usize::from(bytes.next() % 8).saturating_sub(4)]);
        }
        text.into_bytes()
    } else {
        data.to_vec()
    };
    let Some((ingested, records)) = read_bytes(&text, &OPTIONS) else { return };
    let mut lines = OPTIONS.clone();
    lines.text = true;
    let (all, others) = read_bytes(&text, &lines).expect("decodes as before");
    assert!(others.len() >= records.len(), "a line that is an entry by itself stays one");
    assert!(all.report.malformed <= ingested.report.malformed);
}

/// What holds for JSON of any family.
fn check(data: &[u8], keys: &Keys, options: &ReadOptions) {
    if matches!(data.first(), Some(b'{' | b'[')) {
        let valid = std::str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok());
        let Some((ingested, records)) = read_bytes(data, options) else { return };
        // What a Pub/Sub envelope carries is a text of its own, and may be damaged where the envelope is not.
        let carried = memchr::memmem::find_iter(data, b"\"data\"").count() as u64;
        assert!(!valid || ingested.report.repaired <= carried, "JSON is not repaired");
        let ndjson = data[0] == b'{' && ingested.report.framing == "ndjson";
        assert!(!valid || !ndjson || !records.is_empty() || is_nothing(&ingested));
        // As a stream, what is larger than a row may be: read or refused, never lost.
        let mut small = options.clone();
        small.row_bytes = 200;
        read_bytes(data, &small);
        return;
    }
    let [tight, spaced] = ["", " \n"].map(|blank| {
        let (mut bytes, mut text) = (Bytes(data), String::new());
        for _ in 0..=bytes.next() % 4 {
            bytes.object(keys, blank, 4, &mut text);
            text.push('\n');
        }
        read_bytes(text.as_bytes(), options).map(|read| (read, text)).expect("plain text decodes")
    });
    let (((ingested, records), text), ((other, others), _)) = (tight, spaced);
    assert_eq!((ingested.report.repaired, other.report.repaired), (0, 0), "{text}");
    assert_eq!(ingested.report.malformed, other.report.malformed, "{text}");
    let seen = |record: &LogRecord<'_>| {
        let id = record.insert_id.as_deref().map(str::to_owned);
        let service = record.service.as_deref().map(str::to_owned);
        (record.ts_ns, record.severity, record.kind, id, service, record.content_hash)
    };
    assert!(records.iter().map(seen).eq(others.iter().map(seen)), "spacing changes a row: {text}");
}

/// Whether a file reports that something of it was refused, or holds only an empty wrapper.
fn is_nothing(ingested: &Ingested) -> bool {
    ingested.report.malformed > 0 || ingested.report.bytes_by.structure > 0
}
