//! Audit entries: who changed what, and which revision a deploy made.
//!
//! A deploy writes several rows: the request (accepted, outcome unknown) and the platform's own about the revision, which
//! says whether it became ready. Only the latter, told by a resource name that ends in a revision, settles the outcome.

use super::super::json::Value;
use super::{first, first_text};
use crate::record::{DeployMark, LogRecord};

/// Methods that roll something out, by the end of their name.
const DEPLOYS: [&str; 10] = [
    "Services.ReplaceService",
    "Services.CreateService",
    "Services.UpdateService",
    "Jobs.ReplaceJob",
    "Jobs.CreateJob",
    "Jobs.UpdateJob",
    "CloudFunctionsService.CreateFunction",
    "CloudFunctionsService.UpdateFunction",
    "FunctionService.CreateFunction",
    "FunctionService.UpdateFunction",
];

/// Whether a payload is an audit entry; some exports put it under the JSON payload, some rename `@type`.
pub(super) fn is_audit(payload: Value<'_>) -> bool {
    ["@type", "at_sign_type", "type"]
        .iter()
        .any(|key| payload.some(key).and_then(Value::as_str).is_some_and(|text| text.ends_with("audit.AuditLog")))
}

/// Fills message, actor and deploy from an audit payload.
pub(super) fn map(payload: Value<'_>, record: &mut LogRecord) {
    let method = first_text(payload, &["methodName", "method_name"]).unwrap_or_default();
    let said = first_text(payload, &["status.message"]);
    let code = first(payload, &["status.code"]).and_then(Value::as_i64).unwrap_or(0);
    let by = first_text(payload, &["authenticationInfo.principalEmail", "authentication_info.principal_email"]);
    let resource = first_text(payload, &["resourceName", "resource_name"]).unwrap_or_default();
    record.function.get_or_insert_with(|| method.clone());
    if DEPLOYS.iter().any(|name| method.ends_with(name)) {
        let named = resource
            .split_once("/revisions/")
            .map(|(_, revision)| revision.split('/').next().unwrap_or(revision).to_owned());
        let created = || {
            first_text(
                payload,
                &[
                    "response.status.latestCreatedRevisionName",
                    "response.status.latestCreatedRevision",
                    "response.latestCreatedRevision",
                    "request.service.spec.template.metadata.name",
                ],
            )
            .map(|name| name.rsplit('/').next().unwrap_or(&name).to_owned())
        };
        let settled = named.is_some();
        let revision =
            named.or_else(created).or_else(|| record.revision.clone()).filter(|revision| !revision.is_empty());
        record.deploy = revision.map(|revision| DeployMark {
            revision,
            outcome: if code != 0 {
                "failed"
            } else if settled {
                "ok"
            } else {
                "unknown"
            },
            by: by.clone(),
            message: said.clone(),
        });
    }
    record.user = by;
    record.message = match said.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if method.is_empty() => payload.raw().to_owned(),
        None => method,
    };
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    fn deploy(text: &str) -> Option<DeployMark> {
        let mut tape = Tape::default();
        let mut record = LogRecord::default();
        let value = tape.parse(text).expect("valid");
        assert!(is_audit(value));
        map(value, &mut record);
        record.deploy
    }

    #[test]
    fn only_the_row_about_the_revision_settles_the_outcome() {
        let accepted = deploy(
            r#"{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"google.cloud.run.v1.Services.ReplaceService","resourceName":"namespaces/p/services/s","response":{"status":{"latestCreatedRevisionName":"s-2"}}}"#,
        );
        assert_eq!(accepted.map(|mark| (mark.revision, mark.outcome)), Some(("s-2".into(), "unknown")));
        let ready = deploy(
            r#"{"@type":"x.audit.AuditLog","methodName":"/Services.ReplaceService","resourceName":"namespaces/p/revisions/s-2"}"#,
        );
        assert_eq!(ready.map(|mark| mark.outcome), Some("ok"));
        let failed = deploy(
            r#"{"@type":"x.audit.AuditLog","methodName":"/Services.ReplaceService","resourceName":"namespaces/p/revisions/s-3","status":{"code":9,"message":"not ready"}}"#,
        );
        assert_eq!(failed.and_then(|mark| mark.message), Some("not ready".into()));
        assert_eq!(deploy(r#"{"@type":"x.audit.AuditLog","methodName":"storage.buckets.list"}"#), None);
    }
}
