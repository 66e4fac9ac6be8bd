//! What each rule of a configuration says something of, and which say nothing.
//!
//! Rules outlive what they were written for: a service is renamed, a message reworded, a mute forgotten. They are held
//! against plain facts of a store; a count that the store cannot give is absent, never guessed. Unknown keys are found with
//! the schema that `gardener schema config` prints, so that all of them are named and not only the first.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{Config, MuteRule, RuleSubject, Until, glob_matches};
use crate::time::rfc3339_seconds;

/// A key that no part of the configuration has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnknownKey {
    /// Line in the file, from 1.
    pub line: usize,
    /// Dotted key.
    pub key: String,
    /// The key that was meant, as far as spelling tells.
    pub meant: Option<String>,
}

/// A cluster as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct CheckedCluster<'a> {
    /// Its id.
    pub id: &'a str,
    /// What rules look at.
    pub subject: RuleSubject<'a>,
    /// Entries.
    pub entries: u64,
    /// Newest entry, nanoseconds.
    pub last_ns: i64,
}

/// What a store says of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// Rows per service.
    pub services: BTreeMap<String, u64>,
    /// All clusters.
    pub clusters: Vec<CheckedCluster<'a>>,
    /// Rows per field that their time was read from.
    pub time_fields: BTreeMap<String, u64>,
    /// Entries that were set aside by a rule when they were read.
    pub set_aside: u64,
    /// Masked credentials by what they look like.
    pub redacted: BTreeMap<String, u64>,
    /// Messages that can end a start.
    pub endings: Vec<&'a str>,
    /// End of the data, nanoseconds.
    pub as_of_ns: i64,
}

/// What one rule matched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleHits {
    /// `service`, `impact`, `rule`, `mute`, `shape`, `set-aside`, `exit` or `redaction`.
    pub table: String,
    /// Position among its kind, from 1.
    pub number: usize,
    /// What it is told by: its name, or its conditions.
    pub name: String,
    /// Entries (of `exit`: messages; of `redaction`: credentials); absent where the store does not say.
    pub entries: Option<u64>,
    /// Ids of the clusters, or names of the services, that it speaks of, most entries first.
    pub matched: Vec<String>,
    /// What a person should know of it: expired, shadowed, not countable.
    pub notes: Vec<String>,
}

impl RuleHits {
    /// Whether the rule matched nothing at all.
    pub fn is_idle(&self) -> bool {
        self.entries == Some(0)
    }

    fn new(table: &str, at: usize, name: String) -> Self {
        Self { table: table.into(), number: at + 1, name, ..Self::default() }
    }

    fn of_clusters<'a>(mut self, hits: impl Iterator<Item = &'a CheckedCluster<'a>>) -> Self {
        let mut found: Vec<_> = hits.collect();
        found.sort_by(|a, b| b.entries.cmp(&a.entries).then(a.id.cmp(b.id)));
        self.entries = Some(found.iter().map(|cluster| cluster.entries).sum());
        self.matched = found.iter().map(|cluster| cluster.id.to_owned()).collect();
        self
    }
}

/// Every key of a file that the configuration does not know, in order of lines; empty for what is no TOML at all.
pub fn unknown_keys(text: &str) -> Vec<UnknownKey> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let schema = schema_for!(Config).to_value();
    let mut found = Vec::new();
    walk(table.get_ref(), &schema, &schema, "", text, &mut found);
    found.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
    found
}

fn walk(table: &DeTable<'_>, node: &Value, root: &Value, path: &str, text: &str, found: &mut Vec<UnknownKey>) {
    let node = resolved(node, root);
    let (Some(known), true) = (node["properties"].as_object(), node["additionalProperties"] == false) else { return };
    for (key, value) in table {
        let name = key.get_ref();
        let dotted = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        match known.get(name.as_ref()) {
            None => found.push(UnknownKey {
                line: text[..key.span().start.min(text.len())].matches('\n').count() + 1,
                meant: nearest(name, known.keys().map(String::as_str)),
                key: dotted,
            }),
            Some(inside) => match value.get_ref() {
                DeValue::Table(table) => walk(table, inside, root, &dotted, text, found),
                DeValue::Array(items) => {
                    let inside = &resolved(inside, root)["items"];
                    for item in items {
                        if let DeValue::Table(table) = item.get_ref() {
                            walk(table, inside, root, &dotted, text, found);
                        }
                    }
                }
                _ => {}
            },
        }
    }
}

fn resolved<'a>(node: &'a Value, root: &'a Value) -> &'a Value {
    node["$ref"].as_str().and_then(|at| root.pointer(at.trim_start_matches('#'))).unwrap_or(node)
}

/// The known key that differs by the fewest letters, if that is less than half of them.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let (best, distance) = known.map(|known| (known, distance(key, known))).min_by_key(|(name, n)| (*n, *name))?;
    (distance * 2 < key.chars().count().max(3)).then(|| best.to_owned())
}

/// Letters to insert, remove or replace (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, d) in b.iter().enumerate() {
            let replaced = before + usize::from(c != *d);
            before = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

impl Config {
    /// Holds every rule against a store's facts, in the order of the schema.
    pub fn hits(&self, facts: &Facts<'_>) -> Vec<RuleHits> {
        let mut out = self.service_hits(facts);
        let clusters = &facts.clusters;
        out.extend(self.impact.iter().enumerate().map(|(at, rule)| {
            let conditions = [
                ("module", &rule.module),
                ("route", &rule.route),
                ("service", &rule.service),
                ("exception", &rule.exception),
            ];
            // The first rule that matches is printed; a later one never is.
            let first = |cluster: &&CheckedCluster<'_>| self.impact[..at].iter().all(|o| !o.matches(&cluster.subject));
            let all = clusters.iter().filter(|cluster| rule.matches(&cluster.subject));
            let mut hits = RuleHits::new("impact", at, told(&conditions, None)).of_clusters(all.clone().filter(first));
            let shadowed = all.filter(|cluster| !first(cluster)).count();
            if shadowed > 0 {
                hits.notes.push(format!("{shadowed} more clusters match, but an earlier [[impact]] speaks for them"));
            }
            hits
        }));
        out.extend(self.rule.iter().enumerate().map(|(at, rule)| {
            let conditions = [
                ("service", &rule.service),
                ("module", &rule.module),
                ("route", &rule.route),
                ("exception", &rule.exception),
                ("template", &rule.template),
            ];
            let name = if rule.name.is_empty() { told(&conditions, rule.status) } else { rule.name.clone() };
            let mut hits = RuleHits::new("rule", at, name)
                .of_clusters(clusters.iter().filter(|cluster| rule.matches(&cluster.subject)));
            if rule.priority.is_none() && rule.issue.is_none() && !rule.noise {
                hits.notes.push("says nothing: give it priority, issue or noise".into());
            }
            hits
        }));
        out.extend(self.mute.iter().enumerate().map(|(at, mute)| mute_hits(at, mute, facts)));
        out.extend(self.shape.iter().enumerate().map(|(at, shape)| {
            let mut hits = RuleHits::new("shape", at, shape.name.clone());
            match &shape.timestamp {
                Some(field) => {
                    hits.entries = Some(facts.time_fields.get(field).copied().unwrap_or(0));
                    hits.notes.push(format!("rows whose time was read from {field:?}"));
                }
                None => {
                    hits.notes.push("not countable: the store knows a shape by its timestamp, and it has none".into());
                }
            }
            hits
        }));
        let alone = self.set_aside.len() == 1;
        out.extend(self.set_aside.iter().enumerate().map(|(at, rule)| {
            let mut hits = RuleHits::new("set-aside", at, format!("{} = {:?}", rule.field, rule.value));
            if alone || facts.set_aside == 0 {
                hits.entries = Some(facts.set_aside);
            } else {
                hits.notes.push(format!("{} entries by all [[set-aside]] rules together", facts.set_aside));
            }
            hits
        }));
        out.extend(self.exit.iter().enumerate().map(|(at, rule)| {
            let n = facts.endings.iter().filter(|message| glob_matches(&rule.message, message)).count();
            RuleHits { entries: Some(n as u64), ..RuleHits::new("exit", at, format!("message {:?}", rule.message)) }
        }));
        out.extend(self.redaction.patterns.iter().enumerate().map(|(at, pattern)| RuleHits {
            entries: Some(facts.redacted.get(&pattern.name).copied().unwrap_or(0)),
            ..RuleHits::new("redaction", at, pattern.name.clone())
        }));
        out
    }

    fn service_hits(&self, facts: &Facts<'_>) -> Vec<RuleHits> {
        let hit = |(at, rule): (usize, &super::ServiceRule)| {
            let mut hits = RuleHits::new("service", at, format!("match {:?}", rule.r#match));
            let mut found: Vec<(&String, u64)> = Vec::new();
            let mut shadowed = 0;
            for (service, rows) in facts.services.iter().filter(|(name, _)| glob_matches(&rule.r#match, name)) {
                if self.service[..at].iter().any(|earlier| glob_matches(&earlier.r#match, service)) {
                    shadowed += 1;
                } else {
                    found.push((service, *rows));
                }
            }
            found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            hits.entries = Some(found.iter().map(|(_, rows)| rows).sum());
            hits.matched = found.into_iter().map(|(name, _)| name.clone()).collect();
            if shadowed > 0 {
                hits.notes.push(format!("{shadowed} more services match, but an earlier [[service]] has them"));
            }
            hits
        };
        self.service.iter().enumerate().map(hit).collect()
    }
}

fn mute_hits(at: usize, mute: &MuteRule, facts: &Facts<'_>) -> RuleHits {
    let conditions = [
        ("template", &mute.template),
        ("service", &mute.service),
        ("module", &mute.module),
        ("exception", &mute.exception),
    ];
    let matching = || facts.clusters.iter().filter(|cluster| mute.matches(&cluster.subject));
    let mut hits = RuleHits::new("mute", at, told(&conditions, None)).of_clusters(matching());
    let until = mute.until.as_ref().map_or_else(|| "never".to_owned(), Until::text);
    if until == "never" {
        hits.notes.push(format!("never ends ({})", mute.owner));
    } else if mute.holds_at(facts.as_of_ns) {
        hits.notes.push(format!("until {until} ({})", mute.owner));
    } else {
        let back = matching().filter(|cluster| !mute.holds_at(cluster.last_ns)).count();
        let seen = if back > 0 { format!("; {back} of its clusters came after that") } else { String::new() };
        hits.notes.push(format!(
            "expired on {until} ({}; the data ends {}){seen}",
            mute.owner,
            rfc3339_seconds(facts.as_of_ns)
        ));
    }
    hits
}

fn told(conditions: &[(&str, &Option<String>)], status: Option<i32>) -> String {
    let mut parts: Vec<String> =
        conditions.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value:?}"))).collect();
    parts.extend(status.map(|status| format!("status {status}")));
    if parts.is_empty() { "(no condition: matches nothing)".into() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster<'a>(id: &'a str, template: &'a str, entries: u64) -> CheckedCluster<'a> {
        let subject =
            RuleSubject { service: "shop-api", module: "shop.refunds.book", template, ..RuleSubject::default() };
        CheckedCluster { id, subject, entries, last_ns: 0 }
    }

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("valid")
    }

    #[test]
    fn every_unknown_key_is_named_with_its_line_and_what_was_meant() {
        let text = "store = \"a\"\ntime-zome = \"UTC\"\n\n[[service]]\nmatch = \"x\"\nowners = \"y\"\n\n[limits]\nrowbytes = 3\nzebra = 1\n";
        let told: Vec<(usize, String, Option<String>)> =
            unknown_keys(text).into_iter().map(|key| (key.line, key.key, key.meant)).collect();
        assert_eq!(
            told,
            [
                (2, "time-zome".into(), Some("time-zone".into())),
                (6, "service.owners".into(), Some("owner".into())),
                (9, "limits.rowbytes".into(), Some("row-bytes".into())),
                (10, "limits.zebra".into(), None),
            ]
        );
        assert_eq!(unknown_keys("= nonsense"), []);
        assert_eq!(unknown_keys("[actions.priority]\nvolume = 3\n"), []);
    }

    #[test]
    fn rules_that_match_nothing_are_idle_and_later_ones_do_not_take_what_is_taken() {
        let config = config(
            "[[service]]\nmatch = \"shop-*\"\n[[service]]\nmatch = \"shop-api\"\n[[impact]]\nmodule = \"shop.*\"\n\
             sentence = \"s\"\n[[rule]]\nname = \"none\"\nstatus = 404\nnoise = true\n",
        );
        let facts = Facts {
            services: BTreeMap::from([("shop-api".to_owned(), 7)]),
            clusters: vec![cluster("C1", "a", 2), cluster("C2", "b", 5)],
            ..Facts::default()
        };
        let hits = config.hits(&facts);
        assert_eq!((hits[0].entries, hits[0].is_idle()), (Some(7), false));
        assert!(hits[1].is_idle() && hits[1].notes[0].contains("earlier [[service]]"));
        assert_eq!((hits[2].entries, hits[2].matched.join(",")), (Some(7), "C2,C1".into()));
        assert!(hits[3].is_idle() && hits[3].name == "none");
        assert!(config.hits(&Facts::default()).iter().all(RuleHits::is_idle), "an empty store matches nothing");
    }

    #[test]
    fn an_expired_mute_is_told_by_the_end_of_the_data() {
        let config = config("[[mute]]\ntemplate = \"a\"\nreason = \"r\"\nowner = \"ann\"\nuntil = 1970-01-02\n");
        let told = |as_of_ns| {
            let facts = Facts { clusters: vec![cluster("C1", "a", 2)], as_of_ns, ..Facts::default() };
            config.hits(&facts)[0].notes.join("; ")
        };
        assert_eq!(told(0), "until 1970-01-02 (ann)");
        assert_eq!(told(2 * crate::time::DAY_NS), "expired on 1970-01-02 (ann; the data ends 1970-01-03T00:00:00Z)");
    }

    #[test]
    fn what_the_store_cannot_tell_apart_is_not_counted() {
        let two = config("[[set-aside]]\nfield = \"a\"\nvalue = \"b\"\n[[set-aside]]\nfield = \"c\"\nvalue = \"d\"\n");
        let facts = Facts { set_aside: 3, ..Facts::default() };
        assert!(two.hits(&facts).iter().all(|hits| hits.entries.is_none() && hits.notes[0].starts_with("3 entries")));
    }
}
