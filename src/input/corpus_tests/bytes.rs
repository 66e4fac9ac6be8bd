//! Rows and texts made of choices that a fuzzer's bytes stand for: they reach further into the shapes than bytes do.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// Keys that shapes look for.
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
const TEXTS: [&str; 36] = [
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
    "line\n",
    "2024-01-02T03:04:05.678901234Z stdout P piece",
    "2024-01-02T03:04:05.678901234Z stderr F rest",
    "stdout",
    "P",
    "F",
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
/// The keys that one family's rows are made of.
pub(super) struct Keys(Vec<&'static str>);

impl Keys {
    pub(super) fn new(words: &'static str) -> Self {
        Self(words.split_whitespace().collect())
    }
}

static ALL: LazyLock<Vec<&'static str>> = LazyLock::new(|| KEYS.split_whitespace().collect());

/// Choices, read from bytes until none is left; zeros after that.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(super) fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[usize::from(self.next()) % of.len()]
    }

    pub(super) fn text(&mut self) -> &'static str {
        self.pick(&TEXTS)
    }

    fn key(&mut self, keys: &Keys) -> &'static str {
        let choice = usize::from(u16::from_le_bytes([self.next(), self.next()]));
        // Now and then one that only rows of other shapes have.
        let list = if choice & 0xF == 0xF { &*ALL } else { &keys.0 };
        list[(choice >> 4) % list.len()]
    }

    fn string(blank: &str, text: &str, out: &mut String) {
        let _ = write!(out, "{blank}{}{blank}", serde_json::Value::from(text));
    }

    /// Adds an object of a family's keys, with `blank` around its tokens.
    pub(super) fn object(&mut self, keys: &Keys, blank: &str, depth: usize, out: &mut String) {
        let members = 1 + self.next() % 8;
        out.push('{');
        for at in 0..members {
            out.push_str(if at > 0 { "," } else { "" });
            let key = self.key(keys);
            Self::string(blank, key, out);
            out.push(':');
            self.value(keys, blank, depth, out);
        }
        out.push('}');
    }

    fn value(&mut self, keys: &Keys, blank: &str, depth: usize, out: &mut String) {
        match self.next() % 16 {
            0..3 if depth > 0 => self.object(keys, blank, depth - 1, out),
            3..6 if depth > 0 => {
                out.push('[');
                for at in 0..self.next() % 4 {
                    out.push_str(if at > 0 { "," } else { "" });
                    self.value(keys, blank, depth - 1, out);
                }
                out.push(']');
            }
            6 => out.push_str(self.pick(&["null", "true", "false"])),
            7..10 => out.push_str(self.pick(&NUMBERS)),
            10 => {
                let escaped = format!("\"\\u00{:02x}\\/\\n\"", self.next());
                out.push_str(&escaped);
            }
            11 => Self::string(blank, self.key(keys), out),
            12 if depth > 1 => {
                // A row inside a text, as libraries and queues write it; every level doubles the escapes.
                let mut inner = String::new();
                self.object(keys, "", depth - 2, &mut inner);
                Self::string(blank, &inner, out);
            }
            _ => Self::string(blank, self.text(), out),
        }
    }
}
