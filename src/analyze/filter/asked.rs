//! What a filter asks of the entries of a cluster, found out from entries as they were stored.
//!
//! The service, the request and the text are looked for in the fields of some of its entries that differ; what holds for all of
//! them is asked for. Entries that were not kept whole (below WARNING, by default) stand where others of their service do.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::words::{self, Texts, longest, quoted};
use crate::analyze::{Cluster, HttpStats};
use crate::input::{EntryField, EntryFields, EntryOrigin, entry_origin};

/// Labels that name a service, before others that have its name too.
const LABELS: [&str; 5] = ["service_name", "container_name", "function_name", "module_id", "job_name"];
/// Keys of a payload that are asked for at most.
const KEYS: usize = 6;

/// What a filter asks for beside window and severities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The entries came from another system: no filter of Cloud Logging finds them.
    pub foreign: bool,
    /// What names the service.
    pub service: Option<String>,
    /// What names the request or the text; all of it holds.
    pub said: Vec<String>,
}

/// What the entries of a cluster say.
#[derive(Default)]
struct Read {
    /// Those with fields.
    entries: Vec<EntryFields>,
    /// Some came from Cloud Logging, some from elsewhere.
    google: bool,
    foreign: bool,
}

/// What is known of a service from entries of its other clusters.
#[derive(Default)]
struct Known {
    /// Fields that name it; none where some entry has none.
    named_by: BTreeSet<String>,
    unnamed: bool,
    google: bool,
    foreign: bool,
}

/// Fills in what filters ask for; `raws` are entries of the clusters, in their order.
pub(in crate::analyze) fn ask(clusters: &mut [&mut Cluster], raws: &[Vec<String>]) {
    let read: Vec<Read> = raws.par_iter().map(|raws| read(raws)).collect();
    let mut services: BTreeMap<(String, String), Known> = BTreeMap::new();
    let mut all = Known::default();
    for (cluster, read) in clusters.iter().zip(&read) {
        let known = services.entry((cluster.key.project.clone(), cluster.key.service.clone())).or_default();
        for known in [&mut *known, &mut all] {
            known.google |= read.google;
            known.foreign |= read.foreign;
        }
        if !read.entries.is_empty() && !cluster.key.service.is_empty() {
            match named_by(&cluster.key.service, &read.entries) {
                Some(paths) => known.named_by.extend(paths.into_iter().map(str::to_owned)),
                None => known.unnamed = true,
            }
        }
    }
    let has_ids = clusters.iter().any(|cluster| !cluster.insert_ids.is_empty());
    clusters.par_iter_mut().zip(&read).for_each(|(cluster, read)| {
        let known = &services[&(cluster.key.project.clone(), cluster.key.service.clone())];
        let [own, near] = [(read.google, read.foreign), (known.google, known.foreign)];
        let told = [own, near, (all.google, all.foreign)].into_iter().find(|(google, foreign)| *google || *foreign);
        // Where none was kept whole: Cloud Logging gives each entry an id, and few others do.
        let (google, foreign) = told.unwrap_or((has_ids, !has_ids));
        cluster.asked = Some(if foreign && !google {
            Asked { foreign, ..Asked::default() }
        } else {
            asked(cluster, &read.entries, known)
        });
    });
}

fn read(raws: &[String]) -> Read {
    let mut out = Read::default();
    for raw in raws {
        match entry_origin(raw) {
            EntryOrigin::Fields(fields) => {
                out.google = true;
                out.entries.push(fields);
            }
            EntryOrigin::Google => out.google = true,
            EntryOrigin::Foreign => out.foreign = true,
        }
    }
    out
}

/// What is asked for without having seen an entry.
pub(super) fn unseen(cluster: &Cluster) -> Asked {
    asked(cluster, &[], &Known::default())
}

fn asked(cluster: &Cluster, entries: &[EntryFields], known: &Known) -> Asked {
    let says_nothing = cluster.data_quality || cluster.silent.as_ref().is_some_and(|found| found.whole_service);
    let said = match &cluster.http {
        Some(http) => request(http, entries),
        None if says_nothing => Vec::new(),
        None => text(cluster, entries),
    };
    Asked { foreign: false, service: service(cluster, entries, known), said }
}

/// The field of each entry that names the service: a label of its resource, of its own, or a part of its payload.
fn named_by<'a>(service: &str, entries: &'a [EntryFields]) -> Option<BTreeSet<&'a str>> {
    // Texts are compared without regard to case there, as services are here.
    let is = |field: &&EntryField| field.text.eq_ignore_ascii_case(service);
    let rank = |path: &str| {
        let label = path.rsplit('.').next().unwrap_or_default();
        LABELS.iter().position(|known| *known == label).unwrap_or(LABELS.len())
    };
    let of = |entry: &'a EntryFields| {
        let label = entry.resource.iter().filter(is).min_by_key(|field| rank(&field.path));
        let other = || entry.labels.iter().chain(&entry.payload).find(is);
        label.or_else(other).map(|field| field.path.as_str())
    };
    entries.iter().map(of).collect()
}

fn service(cluster: &Cluster, entries: &[EntryFields], known: &Known) -> Option<String> {
    let service = &cluster.key.service;
    if service.is_empty() {
        return None;
    }
    let paths: Vec<String> = if !entries.is_empty() {
        named_by(service, entries)?.into_iter().map(str::to_owned).collect()
    } else if known.unnamed {
        return None;
    } else if known.named_by.is_empty() {
        // Each kind of resource has a label of its own for it.
        return Some(quoted(service));
    } else {
        known.named_by.iter().cloned().collect()
    };
    let value = quoted(service);
    let each: Vec<String> = paths.iter().map(|path| format!("{path}={value}")).collect();
    Some(if each.len() == 1 { each.concat() } else { format!("({})", each.join(" OR ")) })
}

/// Verb, status and path of a request, in the fields that hold them.
fn request(http: &HttpStats, entries: &[EntryFields]) -> Vec<String> {
    let status = http.status.map(|status| status.to_string());
    let route = longest(&http.route).unwrap_or("");
    if entries.is_empty() {
        let mut out = vec![format!("httpRequest.requestMethod={}", quoted(&http.method))];
        out.extend(status.map(|status| format!("httpRequest.status={status}")));
        out.extend(
            Some(route)
                .filter(|route| !route.is_empty())
                .map(|route| format!("httpRequest.requestUrl:{}", quoted(route))),
        );
        return out;
    }
    let samples: Vec<Texts<'_>> =
        entries.iter().map(|entry| entry.request.iter().chain(&entry.payload).collect()).collect();
    let is_text = |path: &str| samples[0].iter().any(|field| field.path == path && field.is_text);
    let equal = |value: &str| {
        let path = words::common(&samples, |field| field.text.eq_ignore_ascii_case(value))?;
        let value = if is_text(path) { quoted(value) } else { value.to_owned() };
        Some(format!("{path}={value}"))
    };
    let mut out: Vec<String> = equal(&http.method).into_iter().collect();
    out.extend(status.as_deref().and_then(equal));
    if !route.is_empty() {
        let path = words::common(&samples, |field| field.is_text && field.text.contains(route));
        out.extend(path.map(|path| format!("{path}:{}", quoted(route))));
    }
    out
}

fn text(cluster: &Cluster, entries: &[EntryFields]) -> Vec<String> {
    let exception = cluster.exception.as_deref();
    let (keys, template) = keys_of(&cluster.template);
    if !entries.is_empty() {
        let samples: Vec<Texts<'_>> =
            entries.iter().map(|entry| entry.payload.iter().filter(|field| field.is_text).collect()).collect();
        let mut out = words::restrictions(template, exception, &samples);
        if out.is_empty() {
            out = present(&keys, entries);
        }
        if out.is_empty() {
            // Nothing in it is constant: what is left is where it stands.
            let message = cluster.example.as_ref().map_or("", |example| example.message.trim());
            let samples: Vec<Texts<'_>> = entries.iter().map(|entry| entry.payload.iter().collect()).collect();
            let own = samples.first().and_then(|fields| {
                let is = |field: &&&EntryField| field.text.trim() == message;
                fields.iter().find(is).map(|field| field.path.as_str())
            });
            let path = own.and_then(|own| words::common(&samples, |field| field.path == own));
            out.extend(path.filter(|_| !message.is_empty()).map(|path| format!("{path}:*")));
        }
        return out;
    }
    // Some field holds the text that people read.
    if let Some(example) = &cluster.example {
        let fields = texts_of(&example.message);
        return words::restrictions(template, exception, &[fields.iter().collect()]);
    }
    // Nothing of it is in the window: the longest constants, without what is made of an exception's type.
    let bare = exception.map_or_else(
        || template.to_owned(),
        |name| template.replace(&format!("[{name}]"), "<*>").replace(&format!("{name}: "), "<*>"),
    );
    let parts = bare.lines().next().unwrap_or("").split(": ").filter_map(longest).enumerate();
    let most = parts.max_by_key(|(at, text)| (text.len(), Reverse(*at))).map(|(_, text)| text);
    most.filter(|text| text.len() >= words::TELLING).map(quoted).into_iter().collect()
}

/// What people read, as texts of fields without a name: a payload that stands for itself is its texts. What stands before a
/// colon and what stands behind it may be of two fields ([`crate::input`] puts an error behind its message).
fn texts_of(message: &str) -> Vec<EntryField> {
    fn walk(value: &Value, out: &mut Vec<EntryField>) {
        match value {
            Value::String(text) => {
                out.push(EntryField { text: text.clone(), is_text: true, ..EntryField::default() });
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, out)),
            Value::Object(members) => members.values().for_each(|member| walk(member, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    match serde_json::from_str(message) {
        Ok(object @ Value::Object(_)) => walk(&object, &mut out),
        _ => message.split(": ").for_each(|part| walk(&Value::String(part.to_owned()), &mut out)),
    }
    out
}

/// The keys that a template of a JSON payload names, and what stands before them or behind them.
fn keys_of(template: &str) -> (Vec<&str>, &str) {
    let are_keys = |keys: &str| !keys.contains(['"', '<', ':', '=', '{', '}']);
    let front = template.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let back = template.strip_suffix('}').and_then(|front| front.rsplit_once('{')).map(|(text, keys)| (keys, text));
    match front.into_iter().chain(back).find(|(keys, _)| are_keys(keys)) {
        Some((keys, rest)) => (keys.split(", ").collect(), rest),
        None => (Vec::new(), template),
    }
}

/// Asks for payloads that have the keys of a template.
fn present(keys: &[&str], entries: &[EntryFields]) -> Vec<String> {
    let path =
        |entry: &EntryFields, key: &str| entry.keys.iter().find(|(name, _)| name == key).map(|(_, path)| path.clone());
    let in_all = |key: &&str| {
        let key = key.replace("[]", "");
        let (first, others) = entries.split_first()?;
        path(first, &key).filter(|own| others.iter().all(|entry| path(entry, &key).as_ref() == Some(own)))
    };
    keys.iter().filter_map(in_all).take(KEYS).map(|path| format!("{path}:*")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Example;

    fn cluster(template: &str, message: &str) -> Cluster {
        let example = Example { message: message.into(), ..Example::default() };
        Cluster {
            template: template.into(),
            example: Some(example),
            insert_ids: vec!["a".into()],
            ..Cluster::default()
        }
    }

    fn said(cluster: &mut Cluster, raws: &[&str]) -> Asked {
        ask(&mut [&mut *cluster], &[raws.iter().map(|raw| (*raw).to_owned()).collect()]);
        cluster.asked.clone().expect("asked")
    }

    #[test]
    fn a_text_whose_entries_were_not_kept_is_looked_for_in_parts_that_no_two_fields_share() {
        let mut joined = cluster("failed to process: dial tcp <ip>", "failed to process: dial tcp 10.0.0.1");
        assert_eq!(said(&mut joined, &[]).said, [r#""failed to process""#, r#""dial tcp""#]);
        let mut keys = cluster("no stock left {a, text}", r#"{"a":1,"text":"no stock left"}"#);
        assert_eq!(said(&mut keys, &[]).said, [r#""no stock left""#]);
    }

    #[test]
    fn keys_are_asked_for_where_no_text_is_constant() {
        let raw = r#"{"insertId":"a","jsonPayload":{"code":7,"detail":{"why":"x"}}}"#;
        let mut keys = cluster("{code, detail.why}", r#"{"code":7,"detail":{"why":"x"}}"#);
        assert_eq!(said(&mut keys, &[raw]).said, ["jsonPayload.code:*", "jsonPayload.detail.why:*"]);
        let mut number = cluster("<num>", "7");
        let raw = r#"{"insertId":"a","jsonPayload":{"message":7}}"#;
        assert_eq!(said(&mut number, &[raw]).said, ["jsonPayload.message:*"]);
    }

    #[test]
    fn entries_stand_where_others_of_their_service_do() {
        let (mut loud, mut quiet) = (cluster("it is lost", "it is lost"), cluster("it is found", "it is found"));
        for own in [&mut loud, &mut quiet] {
            own.key.service = "Till".into();
        }
        let raw = r#"{"insertId":"a","textPayload":"it is lost","resource":{"type":"gae_app","labels":{"module_id":"till"}}}"#;
        ask(&mut [&mut loud, &mut quiet], &[vec![raw.to_owned()], Vec::new()]);
        let asked = quiet.asked.expect("asked");
        assert_eq!(asked.service.as_deref(), Some(r#"resource.labels.module_id="Till""#));
        assert_eq!(asked.said, [r#""it is found""#]);
    }

    #[test]
    fn where_nothing_was_kept_entries_without_an_id_are_another_systems() {
        let mut own = Cluster { insert_ids: Vec::new(), ..cluster("it is lost", "it is lost") };
        assert!(said(&mut own, &[]).foreign);
        own.insert_ids = vec!["a".into()];
        assert!(!said(&mut own, &[]).foreign);
    }
}
