//! Audit entries: who changed what, and which revision a deploy made.
//!
//! A deploy writes several rows: the request (accepted, outcome unknown) and the platform's own about the revision, which
//! says whether it became ready. Only the latter, told by a resource name that ends in a revision, settles the outcome. Only
//! the former says who asked, often without the name of the revision that comes of it: the ledger joins them.

use super::super::json::{Tape, Value};
use super::{first, first_text, last_segment, wire};
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

/// The audit entry that a payload is, or that Log Analytics put one level deeper; some exports rename `@type`.
pub(super) fn entry(payload: Value<'_>) -> Option<Value<'_>> {
    let mut inner = None;
    let mut named = false;
    for (key, value) in payload.fields() {
        match key {
            b"@type" | b"at_sign_type" | b"type" | b"type_url" | b"typeUrl" => named |= is_audit_type(value),
            b"audit_log" | b"auditLog" => inner = Some(value).filter(|value| value.is_object()),
            _ => {}
        }
    }
    inner.or_else(|| named.then_some(payload))
}

/// Whether the value of such a key names an audit entry.
pub(super) fn is_audit_type(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| text.ends_with("audit.AuditLog"))
}

/// Fills message, actor and deploy from an audit payload, also from one that was exported as bytes.
pub(super) fn map<'a>(payload: Value<'a>, record: &mut LogRecord<'a>) {
    if let Some(text) = wire::audit(payload) {
        let mut tape = Tape::default();
        let mut inner = LogRecord { revision: record.revision.clone(), ..LogRecord::default() };
        if let Ok(entry) = tape.parse(&text) {
            map(entry, &mut inner);
            let inner = inner.into_owned();
            record.function = record.function.take().or(inner.function);
            (record.user, record.message, record.deploy) = (inner.user, inner.message, inner.deploy);
            return;
        }
    }
    let method = first_text(payload, &["methodName", "method_name"]).unwrap_or_default();
    let said = first_text(payload, &["status.message"]);
    let code = first(payload, &["status.code"]).and_then(Value::as_i64).unwrap_or(0);
    let by = first_text(payload, &["authenticationInfo.principalEmail", "authentication_info.principal_email"]);
    let resource = first_text(payload, &["resourceName", "resource_name"]).unwrap_or_default();
    if !method.is_empty() {
        record.function.get_or_insert_with(|| method.clone());
    }
    if DEPLOYS.iter().any(|name| method.ends_with(name)) {
        let named = resource
            .split_once("/revisions/")
            .map(|(_, revision)| revision.split('/').next().unwrap_or(revision).to_owned());
        let created = || created(payload).or_else(|| text_of(payload, "response", created_inside));
        let is_named = named.is_some();
        let refused = || said.as_deref().filter(|_| code != 0).and_then(named_in).map(str::to_owned);
        let revision = named
            .or_else(created)
            .or_else(refused)
            .or_else(|| record.revision.as_deref().map(str::to_owned))
            .filter(|revision| !revision.is_empty());
        let settled = is_named || revision.as_deref().is_some_and(|revision| is_ready(payload, revision));
        let outcome = match (code, settled) {
            (0, true) => "ok",
            (0, false) => "unknown",
            _ => "failed",
        };
        let by = by.as_deref().map(str::to_owned);
        // A row that names neither a revision nor a person says nothing about a deploy.
        record.deploy = (revision.is_some() || by.is_some())
            .then(|| Box::new(DeployMark { revision, outcome, by, message: said.as_deref().map(str::to_owned) }));
    }
    record.user = by;
    record.message = match said.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if method.is_empty() => payload.raw().into(),
        None => method,
    };
}

/// Where a deploy's request or answer names the revision that it made. An answer may be older than what was asked for.
const CREATED: [&str; 5] = [
    "request.service.spec.template.metadata.name",
    "request.service.template.revision",
    "response.status.latestCreatedRevisionName",
    "response.status.latestCreatedRevision",
    "response.latestCreatedRevision",
];

/// Whether the answer that ends an operation of version 2 of Cloud Run's API says that a revision serves. The row that began it
/// has the request beside an answer, which tells of the time before. Source:
/// <https://cloud.google.com/run/docs/reference/rest/v2/Condition>.
fn is_ready(payload: Value<'_>, revision: &str) -> bool {
    let said = |path: &str| first_text(payload, &[path]);
    let is_revision = |path: &str| said(path).is_some_and(|name| last_segment(name) == revision);
    payload.some("request").is_none()
        && said("response.terminalCondition.state").as_deref() == Some("CONDITION_SUCCEEDED")
        && is_revision("response.latestCreatedRevision")
        && is_revision("response.latestReadyRevision")
}

/// The revision that a refusal is about: `Revision 'till-00002-abc' is not ready and cannot serve traffic.`
fn named_in(said: &str) -> Option<&str> {
    let (name, _) = said.split_once("Revision '")?.1.split_once('\'')?;
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

fn created(payload: Value<'_>) -> Option<String> {
    first_text(payload, &CREATED).map(|name| last_segment(name).into_owned())
}

fn created_inside(response: Value<'_>) -> Option<String> {
    let paths = CREATED.map(|path| path.trim_start_matches("response."));
    first_text(response, &paths).map(|name| last_segment(name).into_owned())
}

/// What a function finds in an object that BigQuery holds as text, `responseJson` and the like.
fn text_of(payload: Value<'_>, name: &str, find: impl Fn(Value<'_>) -> Option<String>) -> Option<String> {
    let key = [format!("{name}Json"), format!("{name}_json"), format!("{name}json")];
    let text = key.iter().find_map(|key| payload.some(key)?.as_str())?;
    let mut tape = Tape::default();
    find(tape.parse(&text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy(text: &str) -> Option<Box<DeployMark>> {
        let mut tape = Tape::default();
        let mut record = LogRecord::default();
        let value = tape.parse(text).expect("valid");
        map(entry(value).expect("audit"), &mut record);
        record.deploy
    }

    #[test]
    fn only_the_row_about_the_revision_settles_the_outcome() {
        let accepted = deploy(
            r#"{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"google.cloud.run.v1.Services.ReplaceService","resourceName":"namespaces/p/services/s","response":{"status":{"latestCreatedRevisionName":"s-2"}}}"#,
        );
        assert_eq!(accepted.map(|mark| (mark.revision, mark.outcome)), Some((Some("s-2".into()), "unknown")));
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

    #[test]
    fn the_second_version_of_the_api_says_what_came_of_an_operation_in_its_last_row() {
        let of = |rest: &str| {
            let mark = deploy(&format!(
                r#"{{"@type":"x.audit.AuditLog","methodName":"google.cloud.run.v2.Services.UpdateService","resourceName":"projects/p/locations/l/services/s","authenticationInfo":{{"principalEmail":"ann@shop.example"}},{rest}}}"#
            ));
            mark.map(|mark| (mark.revision, mark.outcome)).expect("a deploy")
        };
        let named = |name: &str| Some(name.to_owned());
        let asked =
            of(r#""request":{"service":{"template":{"revision":"s-3"}}},"response":{"latestCreatedRevision":"s-2"}"#);
        assert_eq!(asked, (named("s-3"), "unknown"));
        let answer = |state: &str, ready: &str| {
            of(&format!(
                r#""response":{{"latestCreatedRevision":"projects/p/locations/l/services/s/revisions/s-3","latestReadyRevision":"projects/p/locations/l/services/s/revisions/{ready}","terminalCondition":{{"type":"Ready","state":"{state}"}}}}"#
            ))
        };
        assert_eq!(answer("CONDITION_SUCCEEDED", "s-3"), (named("s-3"), "ok"));
        assert_eq!(answer("CONDITION_RECONCILING", "s-2"), (named("s-3"), "unknown"));
        assert_eq!(answer("CONDITION_SUCCEEDED", "s-2"), (named("s-3"), "unknown"));
        let old = r#""response":{"latestCreatedRevision":"s-2","latestReadyRevision":"s-2","terminalCondition":{"state":"CONDITION_SUCCEEDED"}}"#;
        for (request, revision) in
            [(r#"{"service":{"template":{"revision":"s-3"}}}"#, "s-3"), (r#"{"service":{}}"#, "s-2")]
        {
            assert_eq!(of(&format!(r#""request":{request},{old}"#)), (named(revision), "unknown"), "{request}");
        }
        let refused = of(r#""status":{"code":9,"message":"Revision 's-4' is not ready and cannot serve traffic."}"#);
        assert_eq!(refused, (named("s-4"), "failed"));
        assert_eq!(of(r#""status":{"code":7,"message":"Revision 'A b' is odd"}"#), (None, "failed"));
    }

    #[test]
    fn a_command_that_names_no_new_revision_still_says_who_gave_it() {
        let command = deploy(
            r#"{"@type":"x.audit.AuditLog","methodName":"google.cloud.run.v1.Services.ReplaceService","resourceName":"namespaces/p/services/s","authenticationInfo":{"principalEmail":"ann@shop.example"},"request":{"service":{"status":{"latestCreatedRevisionName":"s-1"}}}}"#,
        );
        let command = command.expect("a command");
        assert_eq!((command.revision, command.by.as_deref()), (None, Some("ann@shop.example")));
    }
}
