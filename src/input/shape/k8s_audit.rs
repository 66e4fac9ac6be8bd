//! Kubernetes' audit log: who asked the API server for what, and what it answered.
//!
//! A request may write an event at each stage; the verb and the object are the message. Source:
//! <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/>.

use super::super::json::Value;
use super::{Row, Shape, first_text, imply, take_first_time};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct KubernetesAudit;

impl Shape for KubernetesAudit {
    fn keys(&self) -> &'static [&'static str] {
        &["auditID"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().some(key).is_some();
        let stage = row.value().some("stage").and_then(Value::as_str);
        let is_stage =
            |stage: &str| matches!(stage, "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic");
        has("verb") && has("requestURI") && stage.is_some_and(|stage| is_stage(&stage))
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        take_first_time(record, value, &["stageTimestamp", "requestReceivedTimestamp"]);
        let said = |key: &str| first_text(value, &[key]);
        record.kind = Kind::Audit;
        record.service = said("objectRef.resource").or_else(|| Some("apiserver".into()));
        record.project = said("objectRef.namespace");
        record.resource_type = said("objectRef.resource");
        record.function = said("verb");
        // A user's request may have been made by another in its name.
        record.user = said("impersonatedUser.username").or_else(|| said("user.username"));
        record.trace = said("auditID");
        record.module = said("stage");
        let path = said("requestURI").unwrap_or_default();
        let object = ["objectRef.resource", "objectRef.subresource", "objectRef.namespace", "objectRef.name"];
        let object = object.into_iter().filter_map(said).collect::<Vec<_>>().join("/");
        let object = if object.is_empty() { path.split('?').next().unwrap_or_default() } else { &object };
        let status = value.path("responseStatus.code").and_then(Value::as_i64).unwrap_or_default();
        let mut message = format!("{} {object}", said("verb").unwrap_or_default());
        if status >= 400 {
            message = format!("{message} {status}");
            if let Some(why) = said("responseStatus.message").or_else(|| said("responseStatus.reason")) {
                message = format!("{message}: {why}");
            }
        }
        record.message = message.into();
        // Controllers ask for what is not there, and write what another has written: only refusals and failures count.
        let implied = match status {
            500.. => Some(Severity::Error),
            401 | 403 => Some(Severity::Warning),
            _ => None,
        };
        imply(record, implied, "response status");
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn an_audit_event_says_who_did_what() {
        let row = map(
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments/till?x=1","verb":"patch","user":{"username":"ann"},"objectRef":{"resource":"deployments","namespace":"shop","name":"till"},"responseStatus":{"code":403,"message":"ann may not"},"requestReceivedTimestamp":"2024-01-02T03:04:05.678000Z","stageTimestamp":"2024-01-02T03:04:05.679000Z"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::Audit, "patch deployments/shop/till 403: ann may not"));
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
        assert_eq!(
            (row.user.as_deref(), row.project.as_deref(), row.service.as_deref()),
            (Some("ann"), Some("shop"), Some("deployments"))
        );
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.679Z"));
        let row = map(
            r#"{"auditID":"a","stage":"ResponseComplete","requestURI":"/healthz?verbose","verb":"get","responseStatus":{"code":200},"stageTimestamp":"2024-01-02T03:04:05Z"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("get /healthz", Severity::Default));
        assert!(map(r#"{"auditID":"a","verb":"get"}"#).message.starts_with('{'));
    }
}
