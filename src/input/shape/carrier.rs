//! What a wrapper says of the rows it carries: the resource of OTLP records, the id of an Elasticsearch hit, the group of
//! CloudWatch events. The row's own word counts more.

use super::super::json::Value;
use super::{first_text, otlp};
use crate::record::LogRecord;

/// Fills what a row leaves open from the object that carries it.
pub(super) fn apply<'a>(carrier: Value<'a>, record: &mut LogRecord<'a>) {
    let said = |key: &str| otlp::attribute(carrier, key);
    let text = |keys: &[&str]| first_text(carrier, keys);
    let names = ["service.name", "k8s.deployment.name", "k8s.container.name", "faas.name"];
    // A program that has no name of its own is called after its language.
    let named = |key: &str| said(key).filter(|name| !name.starts_with("unknown_service"));
    let name = || names.into_iter().find_map(named).or_else(|| said("service.name"));
    record.service = record.service.take().or_else(name).or_else(|| text(&["logGroup"]));
    record.revision = record.revision.take().or_else(|| said("service.version"));
    record.location = record.location.take().or_else(|| said("cloud.region"));
    record.instance = record
        .instance
        .take()
        .or_else(|| said("service.instance.id"))
        .or_else(|| said("k8s.pod.name"))
        .or_else(|| said("host.name"))
        .or_else(|| text(&["logStream"]));
    record.insert_id = record.insert_id.take().or_else(|| text(&["_id"]));
}
