//! Entries of Cloud Logging.

use super::super::mapped_row as map;
use super::*;

#[test]
fn both_spellings_give_the_same_row() {
    let camel = map(
        r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00.000001Z","severity":"ERROR","logName":"projects/p/logs/run.googleapis.com%2Fstderr",
        "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
        "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","spanId":"s1","jsonPayload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#,
    );
    let snake = map(r#"{"insert_id":"a","timestamp":"2025-01-01T00:00:00.000001+00:00","severity":500,
        "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
        "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","span_id":"s1","text_payload":null,"json_payload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#);
    assert_eq!((&camel.project, &camel.insert_id, camel.ts_ns), (&snake.project, &snake.insert_id, snake.ts_ns));
    for row in [&camel, &snake] {
        assert_eq!((row.message.as_ref(), row.severity, row.kind), ("boom", Severity::Error, Kind::App));
        assert_eq!(
            (row.module.as_deref(), row.function.as_deref(), row.line),
            (Some("shop.cart"), Some("add"), Some(12))
        );
        assert_eq!(
            (row.trace.as_deref(), row.instance.as_deref(), row.user.as_deref()),
            (Some("t1"), Some("i1"), Some("7"))
        );
    }
}

#[test]
fn a_nested_placeholder_never_sets_the_severity() {
    let row = map(
        r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"ok","error":{"severity":"ERROR","message":"Missing field"}}}"#,
    );
    assert_eq!((row.severity, row.effective_severity), (Severity::Info, Severity::Info));
    let row = map(r#"{"insertId":"a","jsonPayload":{"message":"careful","level":"warn"}}"#);
    assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
    let row = map(r#"{"insertId":"a","textPayload":"{\"level\":\"ERROR\",\"event\":\"lost\"}"}"#);
    assert_eq!(row.effective_reason, Some("level inside the payload"));
}

#[test]
fn a_payload_of_a_logger_says_as_much_as_its_line_does() {
    let of = |payload: &str| {
        map(&format!(
            r#"{{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","logName":"projects/p/logs/run.googleapis.com%2Fstderr",
            "resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop"}}}},"jsonPayload":{payload}}}"#
        ))
    };
    for (payload, level, message, module) in [
        (
            r#"{"@t":"2020-01-01T00:00:00Z","@l":"Error","@mt":"Lost {Id}","@x":"E: x\n   at A.B()"}"#,
            Severity::Error,
            "Lost {Id}\nE: x\n   at A.B()",
            None,
        ),
        (
            r#"{"Level":"Error","RenderedMessage":"Lost 4","Exception":"E: x\n   at A.B()"}"#,
            Severity::Error,
            "Lost 4\nE: x\n   at A.B()",
            None,
        ),
        (
            r#"{"level":"ERROR","fields":{"message":"slow"},"target":"till::cart"}"#,
            Severity::Error,
            "slow",
            Some("till::cart"),
        ),
        (r#"{"log":{"level":"warn"},"message":"late"}"#, Severity::Warning, "late", None),
        (r#"{"log.level":"error","message":"late"}"#, Severity::Error, "late", None),
        (
            r#"{"message":"no","context":{},"level":500,"level_name":"CRITICAL","channel":"till"}"#,
            Severity::Critical,
            "no",
            Some("till"),
        ),
        (r#"{"@level":"error","@message":"no","@module":"till"}"#, Severity::Error, "no", Some("till")),
        (r#"{"level":"warn","msg":"late","caller":"till/cart.go:7"}"#, Severity::Warning, "late", Some("till/cart.go")),
        (r#"{"severity_text":"ERROR","body":"no"}"#, Severity::Error, "no", None),
    ] {
        let row = of(payload);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, level), "{payload}");
        assert_eq!((row.message.as_ref(), row.module.as_deref(), row.kind), (message, module, Kind::App), "{payload}");
        assert_eq!((row.service.as_deref(), row.ts_source.as_deref()), (Some("shop"), Some("timestamp")), "{payload}");
    }
    // The envelope's severity counts; what it leaves open is filled.
    let row = map(r#"{"insertId":"a","severity":"INFO","jsonPayload":{"@l":"Error","@m":"no","@tr":"t"}}"#);
    assert_eq!((row.effective_severity, row.message.as_ref(), row.trace.as_deref()), (Severity::Info, "no", Some("t")));
    for key in ["error", "err"] {
        let row = of(&format!(
            r#"{{"message":"no","{key}":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1"}}"#
        ));
        assert!(row.message.starts_with("no\nTraceback") && row.effective_severity == Severity::Error, "{key}");
    }
    let row = of(r#"{"message":"no","trace_id":"t"}"#);
    assert_eq!(row.trace.as_deref(), Some("t"));
}

#[test]
fn keys_that_an_author_chose_fill_what_the_entrys_own_leave_open() {
    let at = "2025-01-01T00:00:00Z";
    let of = |text: &str| map(&text.replace("AT", at));
    let row =
        of(r#"{"timestamp":"AT","severity":"ERROR","insert_id":"a","message":"hello","service":"shop","user_id":7}"#);
    assert_eq!((row.message.as_ref(), row.service.as_deref(), row.user.as_deref()), ("hello", Some("shop"), Some("7")));
    for payload in [r#""text""#, r#"{"message":"text"}"#] {
        let row = of(&format!(r#"{{"insert_id":"a","timestamp":"AT","payload":{payload}}}"#));
        assert_eq!((row.message.as_ref(), row.kind), ("text", Kind::App), "{payload}");
    }
    for text in [
        r#"{"time":"AT","severity":"ERROR","textPayload":"x","service_name":"shop"}"#,
        r#"{"@timestamp":"AT","logName":"projects/p/logs/l","level":"error","message":"x","service.name":"shop"}"#,
        r#"{"eventTime":"AT","jsonPayload":{"message":"x"},"severity":"","level":"ERROR","service":{"name":"shop"}}"#,
    ] {
        let row = of(text);
        assert_eq!(row.ts_ns, crate::time::parse(at).map(|parsed| parsed.ns), "{text}");
        assert!(row.ts_source.is_some_and(|source| source != "timestamp"));
        assert_eq!(
            (row.severity, row.message.as_ref(), row.service.as_deref()),
            (Severity::Error, "x", Some("shop")),
            "{text}"
        );
    }
    // The entry's own word counts, also where it is none.
    let row = of(r#"{"insertId":"a","severity":"DEFAULT","level":"ERROR","textPayload":"x","message":"y"}"#);
    assert_eq!((row.severity, row.message.as_ref()), (Severity::Default, "x"));
    let row = of(r#"{"insertId":"a","severity":"loud","level":"ERROR","httpRequest":{"status":200},"n":1}"#);
    assert_eq!((row.severity_unknown, row.message.as_ref(), row.kind), (true, "", Kind::Request));
}

#[test]
fn a_resource_with_labels_is_googles() {
    let row = map(
        r#"{"timestamp":"2025-01-01T00:00:00Z","severity":"ERROR","message":"x","logger":"cart","status":503,"path":"/a","resource":{"type":"cloud_run_revision","labels":{"service_name":"shop","project_id":"p"}}}"#,
    );
    assert_eq!((row.service.as_deref(), row.project.as_deref(), row.message.as_ref()), (Some("shop"), Some("p"), "x"));
    assert_eq!((row.kind, row.module.as_deref()), (Kind::App, Some("cart")));
    assert_eq!(row.http.and_then(|http| http.status), Some(503));
    let row = map(r#"{"severity":"ERROR","payload":{"message":"x"},"resource":{"labels":{"service_name":"shop"}}}"#);
    assert_eq!((row.service.as_deref(), row.message.as_ref()), (Some("shop"), "x"));
    let row = map(r#"{"severity":"ERROR","message":"x","resource":{"labels":{"service_name":"s"},"attributes":{}}}"#);
    assert_eq!(row.service, None, "the resource of another system");
}

#[test]
fn columns_of_tables_hold_objects_as_texts() {
    let row = map(
        r#"{"insert_id":"a","timestamp":"2025-01-01T00:00:00Z","log_name":"projects/p/logs/x","json_payload":"{\"message\":\"m\",\"level\":\"warn\"}","labels":"{\"instanceId\":\"i\"}","resource":{"type":"cloud_run_revision","labels":"{\"service_name\":\"shop\"}"}}"#,
    );
    assert_eq!((row.message.as_ref(), row.service.as_deref(), row.instance.as_deref()), ("m", Some("shop"), Some("i")));
    assert_eq!((row.effective_severity, row.log_name.as_deref()), (Severity::Warning, Some("projects/p/logs/x")));
    let row = map(
        r#"{"insert_id":"a","proto_payload":"{\"@type\":\"type.googleapis.com/google.cloud.audit.AuditLog\",\"methodName\":\"a.Drop\"}"}"#,
    );
    assert_eq!(row.kind, Kind::Audit);
    let row = map(r#"{"insertId":"a","timestamp":{"value":"2025-01-01T00:00:00Z"},"textPayload":"m"}"#);
    assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2025-01-01T00:00:00Z"));
    let row = map(r#"{"insertId":"a","jsonPayload":"plain \"text\""}"#);
    assert_eq!(row.message, "plain \"text\"");
    let row = map(r#"{"insertId":"a","jsonPayload":"{no \"json\"}","labels":"{\"a\":\"b\"}"}"#);
    assert_eq!((row.message.as_ref(), row.labels.as_deref()), ("{no \"json\"}", Some("{\"a\":\"b\"}")));
}

#[test]
fn loggers_inside_a_payload_keep_their_levels_and_keys() {
    let row = map(r#"{"insertId":"i","jsonPayload":{"level":50,"pid":1,"hostname":"h","msg":"x"}}"#);
    assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
    let level =
        |rest: &str| map(&format!(r#"{{"insertId":"i","jsonPayload":{{"level":50,{rest}}}}}"#)).effective_severity;
    assert_eq!(level(r#""msg":"x","time":1756720800123"#), Severity::Error);
    assert_eq!(level(r#""msg":"x","time":1.756720800123E12"#), Severity::Error);
    assert_eq!(level(r#""message":"x","time":1756720800123,"err":{"message":"y"}"#), Severity::Error);
    assert_eq!(level(r#""msg":"x""#), Severity::Default);
    assert_eq!(level(r#""message":"x","time":1756720800123"#), Severity::Default, "40 is an error in Python");
    let row = map(
        r#"{"insertId":"i","jsonPayload":{"LogLevel":"Error","Category":"Shop.Cart","Message":"lost","Exception":"System.Exception: no\n   at Shop.Cart.Add() in a.cs:line 3"}}"#,
    );
    assert_eq!((row.effective_severity, row.module.as_deref()), (Severity::Error, Some("Shop.Cart")));
    assert_eq!(row.message, "lost\nSystem.Exception: no\n   at Shop.Cart.Add() in a.cs:line 3");
}

#[test]
fn what_a_load_balancer_says_beside_a_request_is_no_message() {
    let row = map(
        r#"{"insertId":"i","httpRequest":{"requestMethod":"GET","requestUrl":"/a","status":502},"jsonPayload":{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","statusDetails":"backend_timeout"}}"#,
    );
    assert_eq!((row.kind, row.message.as_ref(), row.payload_rank), (Kind::Request, "", 1));
}

#[test]
fn kinds_are_told_apart_with_and_without_the_log_name() {
    let log = |name: &str| format!(r#"{{"insertId":"a","textPayload":"x","logName":"projects/p/logs/{name}"}}"#);
    assert_eq!(map(&log("run.googleapis.com%2Fvarlog%2Fsystem")).kind, Kind::System);
    assert_eq!(map(&log("run.googleapis.com%2Frequests")).kind, Kind::Request);
    assert_eq!(map(&log("run.googleapis.com%2Fstdout")).kind, Kind::App);
    assert_eq!(map(&log("cloudbuild")).kind, Kind::Build);
    assert_eq!(map(r#"{"insert_id":"a","text_payload":"Container called exit(1)."}"#).kind, Kind::System);
    let row = map(
        r#"{"insertId":"a","httpRequest":{"requestMethod":"get","requestUrl":"https://h/x/1?q=2","status":503,"latency":"0.25s"}}"#,
    );
    assert_eq!((row.kind, row.payload_rank), (Kind::Request, 1));
    let http = row.http.expect("http");
    assert_eq!(
        (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
        (Some("GET"), Some("/x/1"), Some(503), Some(250_000_000))
    );
}

#[test]
fn a_stack_beside_the_message_belongs_to_it() {
    let row = map(
        r#"{"insertId":"a","severity":"ERROR","jsonPayload":{"message":"job failed","stack_trace":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no"}}"#,
    );
    assert!(row.message.starts_with("job failed\nTraceback") && row.message.ends_with("ValueError: no"));
}

#[test]
fn rows_of_bigquery_and_log_analytics_are_entries_too() {
    let row = map(
        r#"{"logName":"projects/p/logs/run.googleapis.com%2Fstderr","resource":{"type":"cloud_run_revision","labels":{"service_name":"till"}},"textPayload":null,"protopayload_auditlog":null,"jsonpayload_v1_event":{"message":"no","stack_trace":null,"userid":"u","loggername":"till.cart"},"timestamp":"2025-01-01 00:00:00.000001 UTC","severity":"ERROR","insertId":"a","httpRequest":null}"#,
    );
    assert_eq!((row.message.as_ref(), row.severity, row.ts_naive), ("no", Severity::Error, false));
    assert_eq!(row.ts_ns, Some(1_735_689_600_000_001_000));
    assert_eq!((row.user.as_deref(), row.module.as_deref()), (Some("u"), Some("till.cart")));
    let audit = r#"{"log_name":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","insert_id":"a","timestamp":"2025-01-01 00:00:00 UTC",PAYLOAD}"#;
    for payload in [
        r#""protopayload_auditlog":{"methodName":"google.cloud.run.v1.Services.ReplaceService","resourceName":"namespaces/p/services/s","authenticationInfo":{"principalEmail":"a@b.example"},"responseJson":"{\"status\":{\"latestCreatedRevisionName\":\"s-2\"}}"}"#,
        r#""proto_payload":{"type":"type.googleapis.com/google.cloud.audit.AuditLog","audit_log":{"method_name":"google.cloud.run.v1.Services.ReplaceService","resource_name":"namespaces/p/services/s","authentication_info":{"principal_email":"a@b.example"},"response":{"status":{"latestCreatedRevisionName":"s-2"}}}}"#,
    ] {
        let row = map(&audit.replace("PAYLOAD", payload));
        assert_eq!((row.kind, row.user.as_deref()), (Kind::Audit, Some("a@b.example")));
        assert_eq!(row.deploy.and_then(|mark| mark.revision).as_deref(), Some("s-2"), "{payload}");
    }
}

#[test]
fn the_name_of_the_field_that_holds_the_payload_is_none() {
    let row = map(
        r#"{"insertId":"a","timestamp":{"seconds":1756720800,"nanos":5},"payload":"protoPayload","resource":{"type":"cloud_run_revision","labels":{"service_name":"shop"}},
        "protoPayload":{"type_url":"type.googleapis.com/google.cloud.audit.AuditLog","value":"Cg=="}}"#,
    );
    assert_eq!((row.kind, row.message.starts_with(r#"{"type_url""#)), (Kind::Audit, true));
}

#[test]
fn a_time_of_the_logger_counts_where_the_export_left_out_the_entrys() {
    let row = map(r#"{"jsonPayload":{"message":"x","time":"2025-09-02T10:00:01.5Z"}}"#);
    assert_eq!((row.ts_ns, row.ts_source.as_deref()), (Some(1_756_807_201_500_000_000), Some("jsonPayload.time")));
    let row = map(r#"{"jsonPayload":{"message":"x","created_at":"2020-01-01T00:00:00Z"}}"#);
    assert_eq!((row.ts_ns, row.message.as_ref()), (None, "x"), "a time of the order's, not of the row's");
    let row = map(r#"{"timestamp":"never","jsonPayload":{"message":"x","time":"2025-09-02T10:00:01.5Z"}}"#);
    assert_eq!(row.ts_ns, None);
}

#[test]
fn an_object_as_message_is_the_same_however_it_is_printed_and_its_keys_are_ordered() {
    let compact = r#"{"jsonPayload":{"list":[1,{"n":"x y"}],"queue":"a  \"b"}}"#;
    let pretty = "{\"jsonPayload\": {\n  \"queue\": \"a  \\\"b\",\n  \"list\": [\n 1, {\"n\": \"x y\"}\n]}}";
    assert_eq!(map(pretty).message, r#"{"list":[1,{"n":"x y"}],"queue":"a  \"b"}"#);
    assert_eq!(map(compact).message, map(pretty).message);
    let text = map(r#"{"textPayload":"{ 1, 2 }"}"#);
    assert_eq!(text.message, "{ 1, 2 }", "a text is what was written");
}

#[test]
fn stacks_stand_in_the_order_of_error_reporting() {
    let row = map(
        r#"{"insertId":"a","jsonPayload":{"@type":"type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent","serviceContext":{"service":"till","version":"v12"},"message":"boom","context":{"user":"u","reportLocation":{"filePath":"a.js","lineNumber":3,"functionName":"f"}},"exception":"Error: second\n    at g (b.js:2:2)","stack_trace":"Error: boom\n    at f (a.js:3:1)"}}"#,
    );
    assert_eq!(row.message, "Error: boom\n    at f (a.js:3:1)");
    assert_eq!((row.effective_severity, row.effective_reason), (Severity::Error, Some("reported error event")));
    assert_eq!(
        (row.service.as_deref(), row.revision.as_deref(), row.user.as_deref()),
        (Some("till"), Some("v12"), Some("u"))
    );
    assert_eq!((row.module.as_deref(), row.function.as_deref(), row.line), (Some("a.js"), Some("f"), Some(3)));
    let row = map(
        r#"{"insertId":"a","severity":"ERROR","jsonPayload":{"message":"failed","details":"Error: odd\n    at f (a.js:3:1)"}}"#,
    );
    assert_eq!(row.message, "failed\nError: odd\n    at f (a.js:3:1)");
    let row = map(r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"ok","details":"E\n    at f"}}"#);
    assert_eq!(row.message, "ok");
}

#[test]
fn a_row_without_payload_has_rank_zero() {
    let row = map(
        r#"{"insert_id":"a","severity":"ERROR","resource":{"type":"x","labels":{}},"json_payload":null,"text_payload":null}"#,
    );
    assert_eq!((row.payload_rank, row.message.as_ref()), (0, ""));
}

#[test]
fn what_a_program_says_of_a_request_that_failed_stays() {
    let said = r#"{"method":"POST","path":"/pay","reason":"locked","status":500}"#;
    let row = |severity: &str| {
        map(&format!(
            r#"{{"insertId":"a","timestamp":"2024-01-02T03:04:05Z","severity":"{severity}","resource":{{"type":"k8s_container","labels":{{"container_name":"till"}}}},"jsonPayload":{said}}}"#
        ))
    };
    assert_eq!((row("ERROR").message.as_ref(), row("ERROR").kind), (said, Kind::App));
    assert_eq!((row("INFO").message.as_ref(), row("INFO").kind), ("", Kind::Request));
    assert_eq!(row("ERROR").http.and_then(|http| http.status), Some(500));
}

#[test]
fn a_status_that_http_does_not_have_is_none() {
    let of = |request: &str| map(&format!(r#"{{"insertId":"i","timestamp":"2025-09-01T10:00:00Z",{request}}}"#));
    for status in ["0", "-1", "99", "600", "999999", "1e10", "\"none\""] {
        let row = of(&format!(r#""httpRequest":{{"requestMethod":"GET","requestUrl":"/a","status":{status}}}"#));
        let http = row.http.expect("a request all the same");
        assert_eq!((row.kind, http.path.as_deref(), http.status), (Kind::Request, Some("/a"), None), "{status}");
        assert_eq!(row.effective_severity, Severity::Default, "{status}");
        let row = of(&format!(
            r#""protoPayload":{{"@type":"type.googleapis.com/google.appengine.logging.v1.RequestLog","resource":"/a","status":{status}}}"#
        ));
        assert_eq!(row.http.and_then(|http| http.status), None, "{status}");
        let row = map(&format!(
            r#"{{"timeUnixNano":"1704067200000000000","body":{{"stringValue":"b"}},"attributes":[{{"key":"http.status_code","value":{{"intValue":{status}}}}},{{"key":"http.method","value":{{"stringValue":"GET"}}}}]}}"#
        ));
        assert_eq!(row.http.map(|http| http.status), Some(None), "{status}");
    }
    assert_eq!(of(r#""httpRequest":{"requestUrl":"/a","status":"599"}"#).http.and_then(|http| http.status), Some(599));
}

#[test]
fn a_payload_with_a_blank_message_says_what_its_next_text_says() {
    let of = |payload: &str| {
        map(&format!(r#"{{"insertId":"i","timestamp":"2025-09-01T10:00:00Z","jsonPayload":{payload}}}"#)).message
    };
    assert_eq!(of(r#"{"message":"","reason":"no stock","sku":17}"#), "no stock");
    assert_eq!(of(r#"{"sku":17,"title":" ","body":"no stock","message":"  \n"}"#), "no stock");
    assert_eq!(of(r#"{"message":"","msg":"no stock","reason":"x"}"#), "no stock");
    // Nothing else is a text for people, or there is no message to be blank.
    for payload in
        [r#"{"message":"","sku":17}"#, r#"{"body":{"a":1},"message":""}"#, r#"{"reason":"no stock","sku":17}"#]
    {
        assert_eq!(of(payload), payload);
    }
}
