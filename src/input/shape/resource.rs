//! The resource of a Cloud Logging entry: which service, revision, place and project it comes from.
//!
//! The API has an object. Google's client library for Python holds a named tuple, which becomes a list in JSON, or is printed.

use std::borrow::Cow;

use super::super::json::{Tape, Value};
use super::gcp::is_folded;
use super::payload::Best;
use super::{last_segment, text};
use crate::record::LogRecord;

/// Fills in what the resource of an entry says.
pub(super) fn read<'a>(resource: Value<'a>, record: &mut LogRecord<'a>) {
    let mut labels = None;
    // The tuple that Google's client library for Python has for it, as JSON or as Python prints it.
    let mut items = resource.items();
    if let (Some(kind), Some(labels)) = (items.next(), items.next()) {
        record.resource_type = text(kind);
        return take_labels(labels, record);
    }
    if let Some(printed) = resource.as_str().filter(|text| text.starts_with("Resource(")) {
        let pairs = pairs_of(&printed);
        let kind = printed.split_once("type='").and_then(|(_, rest)| rest.split_once('\'')).map(|(kind, _)| kind);
        record.resource_type = kind.filter(|kind| !kind.is_empty()).map(|kind| kind.to_owned().into());
        return made_labels(&serde_json::Value::Object(pairs).to_string(), record);
    }
    for (key, value) in resource.fields() {
        match key {
            b"type" => record.resource_type = text(value),
            b"labels" => labels = Some(value),
            _ => {}
        }
    }
    let Some(labels) = labels else { return };
    if let Some(text) = labels.as_str().filter(|_| is_folded(labels)) {
        return made_labels(&text, record);
    }
    take_labels(labels, record);
}

/// Fills in what labels say that stand in a text.
fn made_labels(text: &str, record: &mut LogRecord<'_>) {
    let (mut tape, mut inner) = (Tape::default(), LogRecord::default());
    inner.resource_type = record.resource_type.as_deref().map(|kind| Cow::Owned(kind.to_owned()));
    if let Ok(labels) = tape.parse(text) {
        take_labels(labels, &mut inner);
    }
    let LogRecord { service, revision, location, instance, project, .. } = inner.into_owned();
    (record.service, record.revision, record.location) = (service, revision, location);
    (record.instance, record.project) = (instance, project);
}

/// Whether the platform writes a row of its own about each request to what wrote a record: what the program says of the
/// request then stands beside that row, and is not to be counted once more.
pub(super) fn writes_requests(record: &LogRecord<'_>) -> bool {
    matches!(record.resource_type.as_deref(), Some("cloud_run_revision" | "cloud_function" | "gae_app"))
}

/// Keys and values of a dictionary of texts as Python prints it: `{'a': 'b', …}`.
fn pairs_of(printed: &str) -> serde_json::Map<String, serde_json::Value> {
    let texts: Vec<&str> = printed.split_once('{').map_or("", |(_, rest)| rest).split('\'').collect();
    // Between the quotes: a key, `: `, a value, `, `.
    let pairs = texts.chunks(4).filter(|pair| pair.len() == 4 && pair[2].trim() == ":");
    pairs.map(|pair| (pair[1].to_owned(), pair[3].into())).collect()
}

fn take_labels<'a>(labels: Value<'a>, record: &mut LogRecord<'a>) {
    let (mut service, mut revision, mut location) = (Best::default(), Best::default(), Best::default());
    let (mut instance, mut project, mut cluster) = (Best::default(), Best::default(), Best::default());
    for (key, value) in labels.fields() {
        match key {
            b"service_name" | b"worker_pool_name" => service.offer(0, value),
            b"revision_name" => revision.offer(0, value),
            b"location" => location.offer(0, value),
            b"project_id" => project.offer(0, value),
            b"container_name" => service.offer(1, value),
            b"function_name" => service.offer(2, value),
            b"module_id" => service.offer(3, value),
            b"job_name" => service.offer(4, value),
            b"service" => service.offer(5, value),
            b"job" => service.offer(6, value),
            b"database_id"
            | b"queue_id"
            | b"job_id"
            | b"environment_name"
            | b"workflow_id"
            | b"endpoint_id"
            | b"reasoning_engine_id"
            | b"pipeline_job_id"
            | b"batch_id"
            | b"gateway_id"
            | b"gateway_name"
            | b"proxy_name"
            | b"site_name"
            | b"stream_id"
            | b"pipeline_id"
            | b"trigger_id"
            | b"service_id"
            | b"component_name"
            | b"connector_name"
            | b"subscription_id" => service.offer(7, value),
            b"backend_service_name" | b"cluster_id" | b"topic_id" => service.offer(8, value),
            b"url_map_name" => service.offer(9, value),
            b"target_proxy_name" => service.offer(10, value),
            b"forwarding_rule_name" => service.offer(11, value),
            b"cluster_name" => cluster.offer(0, value),
            b"version_id" => revision.offer(1, value),
            b"region" => location.offer(1, value),
            b"zone" => location.offer(2, value),
            b"pod_name" | b"pod_id" => instance.offer(0, value),
            b"node_name" | b"node_id" => instance.offer(3, value),
            b"instance_id" => instance.offer(1, value),
            b"task_id" => instance.offer(2, value),
            _ => {}
        }
    }
    record.service = service.text(labels);
    record.revision = revision.text(labels);
    record.location = location.text(labels);
    record.instance = instance.text(labels);
    record.project = project.text(labels);
    if record.service.is_some() {
        return;
    }
    record.service = match record.resource_type.as_deref() {
        // A pod belongs to some workload that it does not name.
        Some("k8s_cluster" | "k8s_node" | "gke_cluster" | "gke_nodepool" | "cloud_dataproc_cluster") => {
            cluster.text(labels)
        }
        Some("spanner_instance" | "redis_instance" | "memcache.googleapis.com/MemcacheNode") => {
            record.instance.clone().map(last_segment)
        }
        _ => None,
    };
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;

    #[test]
    fn a_database_a_queue_and_a_job_name_their_service() {
        for (kind, label) in [
            ("cloudsql_database", "database_id"),
            ("cloud_tasks_queue", "queue_id"),
            ("cloud_scheduler_job", "job_id"),
            ("cloud_composer_environment", "environment_name"),
            ("workflows.googleapis.com/Workflow", "workflow_id"),
            ("aiplatform.googleapis.com/Endpoint", "endpoint_id"),
            ("apigateway.googleapis.com/Gateway", "gateway_id"),
            ("firebase_domain", "site_name"),
            ("http_load_balancer", "url_map_name"),
            ("internal_http_lb_rule", "backend_service_name"),
            ("l4_proxy_rule", "forwarding_rule_name"),
            ("cloud_run_worker_pool", "worker_pool_name"),
            ("k8s_control_plane_component", "component_name"),
            ("alloydb.googleapis.com/Instance", "cluster_id"),
            ("generic_task", "job"),
            ("k8s_cluster", "cluster_name"),
            ("spanner_instance", "instance_id"),
        ] {
            let row = map(&format!(
                r#"{{"insertId":"a","textPayload":"no","resource":{{"type":"{kind}","labels":{{"{label}":"till","region":"eu"}}}}}}"#
            ));
            assert_eq!(row.service.as_deref(), Some("till"), "{label}");
        }
    }

    #[test]
    fn labels_that_name_a_part_give_way_to_those_that_name_the_whole() {
        let row = |kind: &str, labels: &str| {
            map(&format!(
                r#"{{"insertId":"a","textPayload":"no","resource":{{"type":"{kind}","labels":{{{labels}}}}}}}"#
            ))
        };
        let lb = r#""forwarding_rule_name":"fr","target_proxy_name":"tp","url_map_name":"um","backend_service_name":"#;
        assert_eq!(row("http_load_balancer", &format!(r#"{lb}"till""#)).service.as_deref(), Some("till"));
        assert_eq!(row("http_load_balancer", &format!(r#"{lb}"""#)).service.as_deref(), Some("um"));
        let node = row("k8s_node", r#""cluster_name":"main","node_name":"n1""#);
        assert_eq!((node.service.as_deref(), node.instance.as_deref()), (Some("main"), Some("n1")));
        let pod = row("k8s_pod", r#""cluster_name":"main","namespace_name":"shop","pod_name":"till-1""#);
        assert_eq!((pod.service, pod.instance.as_deref()), (None, Some("till-1")));
        let machine = row("gce_instance", r#""instance_id":"7","zone":"eu-a""#);
        assert_eq!((machine.service, machine.instance.as_deref()), (None, Some("7")));
        let cache = row("redis_instance", r#""instance_id":"projects/p/locations/eu/instances/carts""#);
        assert_eq!(cache.service.as_deref(), Some("carts"));
    }

    #[test]
    fn a_resource_is_read_as_the_python_library_holds_it() {
        let row = |resource: &str| {
            map(&format!(
                r#"{{"insert_id":"a","log_name":"projects/p/logs/x","timestamp":"2025-01-01 00:00:00+00:00","resource":{resource},
                "logger":"<google.cloud.logging_v2.logger.Logger object at 0x7f>","payload":"no"}}"#
            ))
        };
        let tuple = r#"["cloud_run_revision",{"service_name":"shop","project_id":"q"}]"#;
        let printed =
            r#""Resource(type='cloud_run_revision', labels={'service_name': 'shop', 'project_id': 'q', 'zone': ''})""#;
        for resource in [tuple, printed] {
            let row = row(resource);
            assert_eq!((row.service.as_deref(), row.project.as_deref()), (Some("shop"), Some("q")), "{resource}");
            assert_eq!(row.resource_type.as_deref(), Some("cloud_run_revision"), "{resource}");
            assert_eq!((row.message.as_ref(), row.module.as_deref()), ("no", None), "{resource}");
        }
        for resource in [r#""Resource(""#, r#""Resource(type='', labels={'a': '""#, "[]", r#"["x"]"#, r#"["",7]"#] {
            let row = row(resource);
            assert_eq!((row.service, row.message.as_ref()), (None, "no"), "{resource}");
        }
    }
}
