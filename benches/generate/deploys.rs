//! Rollouts as the audit logs show them: four rows each, half of them without a revision name.
//!
//! The row of the command itself carries the service *as it was*, so the revision named in its
//! request is the one being replaced. Only the rows of the system's answer name the new one.

use serde_json::{Value, json};

use crate::clock::{SECOND, START, zulu};
use crate::entry::{Log, PROJECT, REGION, Severity};
use crate::fleet::{Instance, READY_AFTER, Rollout, instance_id, rollouts, start_rows};
use crate::rng::Rng;
use crate::world::{Cluster, Draft, World};

/// Who deploys.
pub(crate) const DEPLOYER: &str = "deployer@acme-shop-prod.iam.gserviceaccount.com";
const TYPE: &str = "type.googleapis.com/google.cloud.audit.AuditLog";

fn audit_cluster(world: &mut World, service: &str, name: &str, contains: &str) -> usize {
    world.cluster(Cluster {
        name: format!("{service}: {name}"),
        service: service.to_owned(),
        kind: "audit",
        contains: contains.to_owned(),
        status: None,
        exception: None,
        finding: false,
    })
}

/// The command as it was given; `n` tells its two rows apart.
fn command(rollout: &Rollout, before: &str, ts: i64, number: i64) -> Value {
    let service = rollout.service;
    let (method, name) = if rollout.v2 {
        (
            "google.cloud.run.v2.Services.UpdateService",
            format!("projects/{PROJECT}/locations/{REGION}/services/{service}"),
        )
    } else {
        ("google.cloud.run.v1.Services.ReplaceService", format!("namespaces/{PROJECT}/services/{service}"))
    };
    let image = format!("{REGION}-docker.pkg.dev/{PROJECT}/shop/{service}:build-{number}");
    let request = if rollout.v2 {
        json!({"@type": "type.googleapis.com/google.cloud.run.v2.UpdateServiceRequest", "service": {
            "name": name, "template": {"containers": [{"image": image}]},
            "latestCreatedRevision": format!("{name}/revisions/{before}"),
        }})
    } else {
        json!({"@type": "type.googleapis.com/google.cloud.run.v1.ReplaceServiceRequest", "name": name, "service": {
            "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": service, "generation": number},
            "spec": {"template": {"spec": {"containerConcurrency": 40, "containers": [{"image": image}], "timeoutSeconds": 120}}},
            "status": {"latestCreatedRevisionName": before, "latestReadyRevisionName": before, "observedGeneration": number},
        }})
    };
    json!({
        "@type": TYPE,
        "authenticationInfo": {"principalEmail": DEPLOYER, "principalSubject": format!("serviceAccount:{DEPLOYER}")},
        "authorizationInfo": [{"granted": true, "permission": "run.services.update", "permissionType": "ADMIN_WRITE", "resource": name}],
        "methodName": method,
        "request": request,
        "requestMetadata": {"callerIp": "192.0.2.17", "callerSuppliedUserAgent": "acme-deploy/3.2", "requestAttributes": {"time": zulu(ts + 3_000_000)}},
        "resourceLocation": {"currentLocations": [REGION]},
        "resourceName": name,
        "serviceName": "run.googleapis.com",
    })
}

/// The system's answer for the revision (`of_revision`) or for the whole service.
fn answer(rollout: &Rollout, before: &str, of_revision: bool, number: i64, ts: i64) -> (Value, String) {
    let (service, revision) = (rollout.service, rollout.revision);
    let subject = if of_revision { format!("Revision {revision}") } else { format!("Service {service}") };
    let (status, message) = if rollout.ok {
        let text = if of_revision {
            format!("{subject} is ready, rolled out in {}.{:02} s.", 11 + number % 5, number * 37 % 100)
        } else {
            format!("{subject} is ready.")
        };
        (json!({"message": text}), text)
    } else {
        let text = format!("{subject} is not ready: the container did not answer on port 8080 within 240 s.");
        (json!({"code": 9, "message": text}), text)
    };
    let word = if rollout.ok { "True" } else { "False" };
    let ready = if rollout.ok { revision } else { before };
    let condition = json!([{"type": "Ready", "status": word, "lastTransitionTime": zulu(ts - 12_000_000)}]);
    let response = if of_revision {
        json!({"@type": "type.googleapis.com/google.cloud.run.v1.Revision", "kind": "Revision",
            "metadata": {"name": revision, "labels": {"serving.knative.dev/service": service}},
            "status": {"conditions": condition, "observedGeneration": 1}})
    } else {
        json!({"@type": "type.googleapis.com/google.cloud.run.v1.Service", "kind": "Service",
            "metadata": {"name": service, "generation": number},
            "status": {"conditions": condition, "latestCreatedRevisionName": revision, "latestReadyRevisionName": ready,
                "observedGeneration": number, "traffic": [{"percent": 100, "latestRevision": true, "revisionName": ready}]}})
    };
    let name = if of_revision {
        format!("namespaces/{PROJECT}/revisions/{revision}")
    } else {
        format!("namespaces/{PROJECT}/services/{service}")
    };
    let value = json!({
        "@type": TYPE, "methodName": "/Services.ReplaceService", "resourceName": name, "response": response,
        "serviceName": "run.googleapis.com", "status": status,
    });
    (value, message)
}

/// What the truth says of one rollout.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) rollout: Rollout,
    /// When the system answered for the revision.
    pub(crate) answered: i64,
    pub(crate) message: String,
}

/// Writes the audit rows of every rollout inside the sample.
pub(crate) fn write(world: &mut World) -> Vec<Seen> {
    let mut rng = Rng::new(world.seed, "deploys");
    let mut seen = Vec::new();
    let all = rollouts();
    for (index, rollout) in all.iter().enumerate().filter(|(_, r)| r.at >= START) {
        let service = rollout.service;
        let before = all[..index].iter().rev().find(|r| r.service == service && r.ok).map_or("", |r| r.revision);
        let number = 700 + i64::try_from(index).unwrap_or(0);
        let jitter = |rng: &mut Rng| rng.range(1_000, 900_000) * 1_000;
        let commanded = audit_cluster(world, service, "deploy command", "Service");
        for offset in [0, 1] {
            let ts = rollout.at + offset * SECOND + jitter(&mut rng);
            world.push(
                Draft::new(ts, service, "", commanded)
                    .severity(Severity::Notice)
                    .log(Log::Activity)
                    .audit(command(rollout, before, ts, number)),
            );
        }
        let wait = if rollout.ok { READY_AFTER } else { 243 * SECOND };
        let severity = if rollout.ok { Severity::Info } else { Severity::Error };
        let mut answered = 0;
        let mut said = String::new();
        for of_revision in [true, false] {
            let ts = rollout.at + wait + if of_revision { 0 } else { SECOND } - SECOND + jitter(&mut rng);
            let (value, message) = answer(rollout, before, of_revision, number, ts);
            let name = match (rollout.ok, of_revision) {
                (true, true) => "revision ready",
                (true, false) => "service ready",
                (false, true) => "revision failed",
                (false, false) => "service failed",
            };
            let contains = if of_revision { "Revision shop-" } else { "Service shop-" };
            let cluster = audit_cluster(world, service, name, contains);
            world.push(
                Draft::new(ts, service, if of_revision { rollout.revision } else { "" }, cluster)
                    .severity(severity)
                    .log(Log::SystemEvent)
                    .audit(value),
            );
            if of_revision {
                (answered, said) = (ts, message);
            }
        }
        if !rollout.ok {
            failed_start(world, &mut rng, rollout);
        }
        seen.push(Seen { rollout: *rollout, answered, message: said });
    }
    seen
}

/// A revision that never answers: one start, one row of the platform, no exit.
fn failed_start(world: &mut World, rng: &mut Rng, rollout: &Rollout) {
    let i = Instance {
        service: rollout.service,
        revision: rollout.revision,
        id: instance_id(rng),
        from: rollout.at + 4 * SECOND,
        to: rollout.at + 244 * SECOND,
    };
    start_rows(world, rng, &i, "DEPLOYMENT");
    let cluster = world.cluster(Cluster {
        name: "startup check failed".to_owned(),
        service: i.service.to_owned(),
        kind: "system",
        contains: "Startup check failed".to_owned(),
        status: None,
        exception: None,
        finding: true,
    });
    world.push(
        Draft::new(rollout.at + 241 * SECOND + 77_000, i.service, i.revision, cluster)
            .instance(&i.id)
            .severity(Severity::Error)
            .log(Log::System)
            .text(format!("Startup check failed for container {}-1 on port 8080, the instance is stopped.", i.service)),
    );
}
