//! Azure: the activity log (as the SDK and as the REST API spell it), resource logs such as Application Gateway's, and rows of
//! Azure Monitor's tables.
//!
//! Source: <https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema>.

use super::super::json::Value;
use super::generic::{fill, without_line_end};
use super::{Row, Shape, first_text, imply, last_segment, latency_ns, text};
use crate::record::{Kind, LogRecord, Severity};

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
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let said = |keys: &[&str]| first_text(value, keys);
        let activity = value.some("event_timestamp").or_else(|| value.some("eventTimestamp")).is_some();
        let resource = || said(&["resource_id", "resourceId", "_ResourceId", "ResourceId"]).map(last_segment);
        record.service =
            said(&["cloud_RoleName", "AppRoleName", "ContainerAppName_s", "ContainerName", "ContainerAppName"])
                .or_else(resource)
                .or_else(|| record.service.take());
        record.project = said(&["subscription_id", "subscriptionId", "SubscriptionId"]);
        record.location = said(&["location", "resourceLocation"]);
        record.revision = said(&["RevisionName_s", "RevisionName"]).or_else(|| record.revision.take());
        record.instance =
            said(&["cloud_RoleInstance", "AppRoleInstance", "PodName", "Computer"]).or_else(|| record.instance.take());
        record.user = said(&["caller", "identity.claims.name", "UserId"]);
        record.trace = said(&["correlation_id", "correlationId", "OperationId", "operation_Id", "CorrelationId"]);
        let operation = said(&["operation_name.value", "operation_name", "operationName.value", "operationName"]);
        let written = said(&[
            "message",
            "Message",
            "Log_s",
            "LogMessage",
            "LogEntry",
            "OuterMessage",
            "properties.message",
            "properties.log",
            "outerMessage",
            "innermostMessage",
            "resultDescription",
            "ResultDescription",
            "Msg",
        ]);
        record.function.clone_from(&operation);
        record.insert_id = said(&["event_data_id", "eventDataId"]).or_else(|| record.insert_id.take());
        if let Some(http) = &mut record.http {
            http.host = http.host.take().or_else(|| said(&["properties.host"]));
            // Seconds, as a gateway writes them.
            let taken = || value.path("properties.timeTaken").and_then(latency_ns);
            http.latency_ns = http.latency_ns.or_else(taken);
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
        let failed = said(&["status.value", "status", "resultType", "properties.status"])
            .is_some_and(|status| matches!(&*status.to_ascii_lowercase(), "failed" | "failure" | "error"));
        imply(record, failed.then_some(Severity::Error), "status of the operation");
        // A table's own severity, in numbers that only Azure gives this meaning.
        let own = value.some("SeverityLevel").or_else(|| value.some("severityLevel")).and_then(level);
        if let Some(level) = own.filter(|_| record.severity == Severity::Default) {
            record.severity = level;
            record.severity_unknown = false;
        }
    }
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
