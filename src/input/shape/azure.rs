//! Azure: the activity log (as the SDK and as the REST API spell it), resource logs such as Application Gateway's, and rows of
//! Azure Monitor's tables.
//!
//! Source: <https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema>.

use super::super::json::{Tape, Value};
use super::generic::{fill, without_line_end};
use super::made::Object;
use super::payload::with_stack;
use super::{
    INNER_LEVEL, Row, Shape, duration, first, first_text, host_and_path, imply, insights, last_segment, latency_ns,
    nested, text, upper,
};
use crate::record::{Http, Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Azure;

impl Shape for Azure {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "operation_name",
            "operationName",
            "resourceId",
            "resource_id",
            "TimeGenerated",
            "cloud_RoleName",
            "severityLevel",
            "ContainerAppName",
        ]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let has = |keys: &[&str]| keys.iter().any(|key| value.some(key).is_some());
        has(&["TimeGenerated"])
            || has(&["cloud_RoleName", "severityLevel"]) && has(&["timestamp", "operation_Id", "itemType"])
            || has(&["operation_name", "operationName"])
                && has(&["resource_id", "resourceId", "correlation_id", "correlationId", "category"])
            || has(&["resourceId"]) && has(&["category"])
            // Events of Container Apps as the command line shows them.
            || has(&["ContainerAppName"]) && has(&["TimeStamp"]) && has(&["Msg"])
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        // Resource logs that went through Event Hubs or a table hold their properties as a text.
        if let Some(text) = opened(value) {
            let (mut tape, mut inner) = (Tape::default(), LogRecord::default());
            if let Ok(value) = tape.parse(&text) {
                read(value, &mut inner);
                *record = inner.into_owned();
                return;
            }
        }
        read(value, record);
    }
}

/// A row whose `properties` are JSON in a text, with the object that they are.
fn opened(value: Value<'_>) -> Option<String> {
    let inner = value.some("properties").and_then(Value::as_str)?;
    let is_object = inner.trim_ascii().starts_with('{') && Tape::default().parse(&inner).is_ok();
    is_object.then(|| {
        let mut out = Object::new();
        for (key, member) in value.members() {
            if key == "properties" { out.with(&key, |out| out.push_str(&inner)) } else { out.put(&key, member) }
        }
        out.finish()
    })
}

fn read<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    fill(value, record);
    let said = |keys: &[&str]| first_text(value, keys);
    let activity = value.some("event_timestamp").or_else(|| value.some("eventTimestamp")).is_some();
    let resource = || said(&["resource_id", "resourceId", "_ResourceId", "ResourceId"]).map(last_segment);
    record.service = said(&[
        "cloud_RoleName",
        "AppRoleName",
        "ContainerAppName_s",
        "ContainerName",
        "ContainerAppName",
        "properties.ContainerAppName",
        "ProcessName",
    ])
    .or_else(resource)
    .or_else(|| record.service.take());
    record.project = said(&["subscription_id", "subscriptionId", "SubscriptionId"]);
    record.location = said(&["location", "resourceLocation"]);
    record.revision =
        said(&["RevisionName_s", "RevisionName", "properties.RevisionName"]).or_else(|| record.revision.take());
    record.instance = said(&[
        "cloud_RoleInstance",
        "AppRoleInstance",
        "PodName",
        "ContainerGroupName_s",
        "ContainerGroupName",
        "ReplicaName_s",
        "ReplicaName",
        "properties.ContainerGroupName",
        "Computer",
    ])
    .or_else(|| record.instance.take());
    record.user = said(&["caller", "identity.claims.name", "UserId", "user_AuthenticatedId", "CsUsername"])
        .filter(|user| user != "-");
    record.trace = said(&["correlation_id", "correlationId", "OperationId", "operation_Id", "CorrelationId"])
        .or_else(|| said(&["properties.trackingReference", "trackingReference_s"]));
    let operation = said(&["operation_name.value", "operation_name", "operationName.value", "operationName"]);
    let written = said(&[
        "message",
        "Message",
        "Log_s",
        "Log",
        "LogMessage",
        "SyslogMessage",
        "RenderedDescription",
        "log_s",
        "LogEntry",
        "OuterMessage",
        "properties.message",
        "properties.log",
        "properties.Log",
        "outerMessage",
        "innermostMessage",
        "resultDescription",
        "ResultDescription",
        "Msg",
    ]);
    record.function.clone_from(&operation);
    record.insert_id = said(&["event_data_id", "eventDataId", "itemId", "_ItemId"]).or_else(|| record.insert_id.take());
    let item = insights::item(value);
    if let Some(http) = &mut record.http {
        http.host = http.host.take().or_else(|| said(&["properties.host"]));
        // Seconds, as a gateway writes them.
        let taken = || value.path("properties.timeTaken").and_then(latency_ns);
        http.latency_ns = http.latency_ns.or_else(taken);
    } else if item != Some(insights::Item::Dependency) {
        record.http = request(value);
    }
    record.instance = record.instance.take().or_else(|| said(&["properties.instanceId"]));
    if record.http.is_some() && written.is_none() {
        record.kind = Kind::Request;
        record.message = std::borrow::Cow::default();
    } else if let Some(text) = written.map(without_line_end).or(operation) {
        record.message = text;
    }
    if activity {
        record.kind = Kind::Audit;
    }
    if let Some(object) = value.some("LogMessage").filter(|message| message.is_object()) {
        // A line that was JSON.
        let told = nested::fill_from(object, record);
        record.message = told.map_or_else(|| object.raw().into(), Into::into);
    }
    if let Some(stack) = said(&["ExceptionDetails"]).filter(|stack| stack.contains('\n')) {
        record.message = with_stack(std::mem::take(&mut record.message), stack);
    }
    if record.severity == Severity::Default {
        imply(
            record,
            value.some("EventLevelName").and_then(text).and_then(|word| Severity::from_word(&word)),
            INNER_LEVEL,
        );
    }
    let log = said(&["Type", "category", "Category"]).unwrap_or_default();
    let shown = value.some("Msg").is_some() && value.some("ContainerAppName").is_some();
    if shown && log == "Warning" {
        imply(record, Some(Severity::Warning), "type of the event");
    }
    if shown || log.starts_with("ContainerAppSystemLogs") {
        record.kind = Kind::System;
        record.module = said(&["Reason_s", "Reason", "properties.Reason"]).or_else(|| record.module.take());
    }
    let failed = said(&["status.value", "status", "resultType", "properties.status"])
        .is_some_and(|status| matches!(&*status.to_ascii_lowercase(), "failed" | "failure" | "error"));
    imply(record, failed.then_some(Severity::Error), "status of the operation");
    // A table's own severity, in numbers that only Azure gives this meaning.
    let own = value.some("SeverityLevel").or_else(|| value.some("severityLevel")).and_then(level);
    if let Some(level) = own.filter(|_| record.severity == Severity::Default) {
        record.severity = level;
        record.severity_unknown = false;
    }
    if let Some(item) = item {
        insights::map(item, value, record);
    }
}

/// A request as App Service, Front Door and gateways log it, in a table of its own or in the columns of `AzureDiagnostics`.
fn request(value: Value<'_>) -> Option<Http<'_>> {
    let said = |keys: &[&str]| first_text(value, keys);
    let status = first(
        value,
        &[
            "ScStatus",
            "properties.ScStatus",
            "properties.httpStatusCode",
            "httpStatus_d",
            "httpStatusCode_s",
            "httpStatusCode_d",
            "HttpStatus",
            "HttpStatusCode",
        ],
    );
    let status =
        status.and_then(Value::scalar)?.parse::<f64>().ok().filter(|status| (100.0..600.0).contains(status))?;
    let method =
        said(&["CsMethod", "properties.CsMethod", "properties.httpMethod", "httpMethod_s", "HttpMethod"]).map(upper);
    let url = said(&["CsUriStem", "properties.CsUriStem", "properties.requestUri", "requestUri_s", "RequestUri"]);
    let (host, path) = url.map_or((None, None), host_and_path);
    let named = ["CsHost", "properties.CsHost", "properties.hostName", "hostName_s", "host_s", "HostName", "Host"];
    // The web server counts milliseconds, what stands before it seconds.
    let ms = first(value, &["TimeTaken", "properties.TimeTaken"]).filter(|_| said(&named[..2]).is_some());
    let seconds = || first(value, &["properties.timeTaken", "timeTaken_d", "timeTaken_s", "TimeTaken"]);
    let latency_ns = match ms {
        Some(ms) => ms.scalar().and_then(|ms| duration::read(&ms, 1_000_000)),
        None => seconds().and_then(latency_ns),
    };
    (method.is_some() && path.is_some()).then(|| Http {
        method,
        host: host.or_else(|| said(&named)),
        path,
        status: Some(status as i32),
        latency_ns,
    })
}

/// Application Insights counts from 0 to 4, or writes the word.
fn level(value: Value<'_>) -> Option<Severity> {
    match value.as_i64() {
        Some(0) => Some(Severity::Debug),
        Some(1) => Some(Severity::Info),
        Some(2) => Some(Severity::Warning),
        Some(3) => Some(Severity::Error),
        Some(4) => Some(Severity::Critical),
        Some(_) => None,
        None => text(value).and_then(|word| Severity::from_word(&word)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn activity_in_both_spellings_is_audit() {
        for text in [
            r#"{"event_timestamp":"2024-01-01T00:00:00Z","level":"Informational","operation_name":{"value":"Write site"},"resource_id":"/subscriptions/s/sites/till","correlation_id":"c","caller":"ann","subscription_id":"s"}"#,
            r#"{"eventTimestamp":"2024-01-01T00:00:00Z","level":"Informational","operationName":{"value":"Write site"},"resourceId":"/subscriptions/s/sites/till","correlationId":"c","caller":"ann","subscriptionId":"s"}"#,
        ] {
            let row = map(text);
            assert_eq!((row.kind, row.severity, row.message.as_ref()), (Kind::Audit, Severity::Info, "Write site"));
            assert_eq!(
                (row.service.as_deref(), row.trace.as_deref(), row.user.as_deref()),
                (Some("till"), Some("c"), Some("ann"))
            );
        }
    }

    #[test]
    fn traces_of_application_insights_have_their_role_and_level() {
        let row = map(
            r#"{"timestamp":"2024-01-01T00:00:00.123Z","message":"no stock","severityLevel":3,"itemType":"trace","cloud_RoleName":"till","cloud_RoleInstance":"i-1","operation_Id":"o"}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock"));
        assert_eq!(
            (row.service.as_deref(), row.instance.as_deref(), row.trace.as_deref()),
            (Some("till"), Some("i-1"), Some("o"))
        );
    }

    #[test]
    fn what_an_app_wrote_to_its_console_is_the_message() {
        for text in [
            r#"{"time":"2024-01-02T03:04:05Z","level":"Error","operationName":"Microsoft.Web/sites/log","category":"AppServiceConsoleLogs","resultDescription":"no stock\n","resourceId":"/a/till"}"#,
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","Level":"Error","ResultDescription":"no stock","_ResourceId":"/a/till"}"#,
            r#"{"timestamp":"2024-01-02T03:04:05Z","itemType":"exception","severityLevel":3,"outerMessage":"no stock","cloud_RoleName":"till"}"#,
        ] {
            let row = map(text);
            assert_eq!((row.message.as_ref(), row.service.as_deref()), ("no stock", Some("till")));
            assert_eq!(row.effective_severity, Severity::Error);
        }
    }

    #[test]
    fn console_rows_of_container_apps_are_what_the_app_wrote() {
        for text in [
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","ContainerAppName":"till","RevisionName":"till--1","ContainerGroupName":"till--1-a","Log":"no stock","Type":"ContainerAppConsoleLogs"}"#,
            r#"{"time":"2024-01-02T03:04:05Z","resourceId":"/a/ENV","category":"ContainerAppConsoleLogs","properties":{"ContainerAppName":"till","RevisionName":"till--1","ContainerGroupName":"till--1-a","Log":"no stock"}}"#,
            r#"{"time":"2024-01-02T03:04:05Z","resourceId":"/a/ENV","category":"ContainerAppConsoleLogs","properties":"{\"ContainerAppName\":\"till\",\"RevisionName\":\"till--1\",\"ContainerGroupName\":\"till--1-a\",\"Log\":\"no stock\"}"}"#,
        ] {
            let row = map(text);
            assert_eq!((row.kind, row.message.as_ref(), row.service.as_deref()), (Kind::App, "no stock", Some("till")));
            assert_eq!((row.revision.as_deref(), row.instance.as_deref()), (Some("till--1"), Some("till--1-a")));
        }
        let row = map(
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","ContainerAppName_s":"till","Log_s":"stopped","Reason_s":"ContainerTerminated","Type":"ContainerAppSystemLogs_CL"}"#,
        );
        assert_eq!((row.kind, row.module.as_deref()), (Kind::System, Some("ContainerTerminated")));
    }

    #[test]
    fn tables_of_clusters_machines_and_functions_hold_messages() {
        for (members, message) in [
            (r#""PodName":"p","ContainerName":"till","LogMessage":{"level":"error","msg":"no stock"}"#, "no stock"),
            (r#""PodName":"p","ContainerName":"till","LogMessage":"no stock","LogLevel":"error""#, "no stock"),
            (r#""Computer":"p","ProcessName":"till","SeverityLevel":"err","SyslogMessage":"no stock""#, "no stock"),
            (
                r#""Computer":"p","ContainerName":"till","EventLevelName":"Error","RenderedDescription":"no stock""#,
                "no stock",
            ),
            (
                r#""AppRoleInstance":"p","AppRoleName":"till","Level":"Error","Message":"no stock","ExceptionDetails":"A.E : x\n   at A.B()""#,
                "no stock\nA.E : x\n   at A.B()",
            ),
        ] {
            let row = map(&format!(r#"{{"TimeGenerated":"2024-01-02T03:04:05Z",{members}}}"#));
            assert_eq!((row.message.as_ref(), row.effective_severity), (message, Severity::Error), "{members}");
            assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till"), Some("p")), "{members}");
        }
        let row = map(
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","Category":"kube-audit","log_s":"{\"auditID\":\"a\",\"verb\":\"get\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/a\"}"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::Audit, "get /a"));
        let row = map(
            r#"{"TimeStamp":"2024-01-02T03:04:05Z","Type":"Warning","ContainerAppName":"till","Msg":"Back-off","Reason":"BackOff"}"#,
        );
        assert_eq!(
            (row.kind, row.message.as_ref(), row.effective_severity),
            (Kind::System, "Back-off", Severity::Warning)
        );
    }

    #[test]
    fn web_servers_and_front_doors_write_requests() {
        for text in [
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","CsHost":"h","CsMethod":"get","CsUriStem":"/a","ScStatus":502,"TimeTaken":140,"Type":"AppServiceHTTPLogs"}"#,
            r#"{"time":"2024-01-02T03:04:05Z","resourceId":"/a/till","category":"AppServiceHTTPLogs","properties":{"CsHost":"h","CsMethod":"GET","CsUriStem":"/a","ScStatus":"502","TimeTaken":140}}"#,
            r#"{"time":"2024-01-02T03:04:05Z","resourceId":"/a/till","category":"FrontDoorAccessLog","operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{"httpMethod":"GET","requestUri":"https://h/a?b","timeTaken":"0.140","httpStatusCode":"502"}}"#,
            r#"{"TimeGenerated":"2024-01-02T03:04:05Z","Category":"ApplicationGatewayAccessLog","httpMethod_s":"GET","requestUri_s":"/a","host_s":"h","httpStatus_d":502.0,"timeTaken_d":0.14,"Type":"AzureDiagnostics"}"#,
        ] {
            let row = map(text);
            let http = row.http.as_ref().expect(text);
            assert_eq!(
                (http.method.as_deref(), http.host.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
                (Some("GET"), Some("h"), Some("/a"), Some(502), Some(140_000_000))
            );
            assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::Request, "", Severity::Error));
        }
    }

    #[test]
    fn gateway_rows_are_requests_and_tables_hold_messages() {
        let row = map(
            r#"{"timeStamp":"2024-01-01T00:00:00Z","resourceId":"/a/gw","operationName":"ApplicationGatewayAccess","category":"x","properties":{"httpMethod":"GET","requestUri":"/a","httpStatus":502,"timeTaken":0.5,"host":"h","instanceId":"i"}}"#,
        );
        let http = row.http.as_ref().expect("http");
        assert_eq!(
            (http.host.as_deref(), http.latency_ns, row.instance.as_deref()),
            (Some("h"), Some(500_000_000), Some("i"))
        );
        assert_eq!(
            (row.kind, row.effective_severity, row.service.as_deref()),
            (Kind::Request, Severity::Error, Some("gw"))
        );
        let row = map(
            r#"{"TimeGenerated":"2024-01-01T00:00:00Z","SeverityLevel":3,"Message":"no","AppRoleName":"till","OperationId":"o"}"#,
        );
        assert_eq!(
            (row.severity, row.effective_severity, row.message.as_ref()),
            (Severity::Error, Severity::Error, "no")
        );
        let row = map(
            r#"{"TimeGenerated":"2024-01-01T00:00:00Z","ContainerAppName_s":"till","Log_s":"up\n","RevisionName_s":"till--1"}"#,
        );
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.revision.as_deref()),
            ("up", Some("till"), Some("till--1"))
        );
    }
}
