//! Identities: fingerprints of clusters, cluster ids, issue signatures, action ids.
//!
//! A fingerprint says what a problem is, never how bad or where: no severity, module, host, line, revision or number
//! goes in, because each of them changes while the problem stays. Every hash is blake3 over a JSON array of texts, so
//! that no two different inputs can be written the same way.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;

/// Name of the scheme, and the word in front of every fingerprint.
pub const SCHEME: &str = "lgfp1";
/// Most issue signatures that a cluster carries.
pub const MAX_SIGNATURES: usize = 8;

/// What a cluster says: its template, or its request when it has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintText<'a> {
    /// Canonical template, every placeholder written the same way.
    Template(&'a str),
    /// A request without text.
    Request {
        /// `GET`.
        method: &'a str,
        /// Route with ids masked.
        route: &'a str,
        /// `503`.
        status: &'a str,
    },
}

/// All that a fingerprint depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerprintParts<'a> {
    /// Project.
    pub project: &'a str,
    /// Service; case does not matter.
    pub service: &'a str,
    /// `app`, `request`, `system`, `audit`, `build`.
    pub kind: &'a str,
    /// Exception type.
    pub exception: Option<&'a str>,
    /// Template or request.
    pub text: FingerprintText<'a>,
}

/// `lgfp1:` and 16 hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a cluster.
    pub fn of(parts: &FingerprintParts<'_>) -> Self {
        let mut list = head(parts.project, parts.service, parts.kind, parts.exception);
        match parts.text {
            FingerprintText::Template(template) => list.push(template.into()),
            FingerprintText::Request { method, route, status } => {
                list.extend([method.into(), route.into(), status.into()]);
            }
        }
        Self(format!("{SCHEME}:{}", hash16(&Value::Array(list))))
    }

    /// Reads `lgfp1:` and 16 lower-case hex; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(SCHEME)?.strip_prefix(':')?;
        is_hex(hex, 16).then(|| Self(text.to_owned()))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 16 hex alone.
    pub fn hex(&self) -> &str {
        &self.0[SCHEME.len() + 1..]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Cluster ids in the order of the fingerprints: `C` and 8 hex, and for those that collide as many more as it takes to
/// tell them apart. Depends on the set of fingerprints only.
pub fn cluster_ids(fingerprints: &[Fingerprint]) -> Vec<String> {
    let distinct: BTreeSet<&str> = fingerprints.iter().map(Fingerprint::hex).collect();
    let sorted: Vec<&str> = distinct.into_iter().collect();
    let shared = |hex: &str, other: &str| hex.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    // No other shares more with it than one of the two that stand beside it.
    let length = |hex: &str| {
        let at = sorted.partition_point(|other| *other < hex);
        let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| sorted.get(at));
        beside.map(|other| shared(hex, other) + 1).max().unwrap_or(0).clamp(8, 16)
    };
    fingerprints.iter().map(|print| format!("C{}", &print.hex()[..length(print.hex())])).collect()
}

/// The id under which a message shape is found again after its template has generalised: 16 hex.
pub fn issue_signature(project: &str, service: &str, kind: &str, exception: Option<&str>, signature: &str) -> String {
    let mut list = head(project, service, kind, exception);
    list.push(signature.into());
    hash16(&Value::Array(list))
}

/// The signatures that a cluster is filed under, with their entries: the 8 with most entries, ties by id. An id that
/// comes twice is added up.
pub fn top_signatures(signatures: &[(String, u64)]) -> Vec<(String, u64)> {
    let mut sums: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (id, entries) in signatures {
        *sums.entry(id).or_default() += entries;
    }
    let mut sorted: Vec<(String, u64)> = sums.into_iter().map(|(id, entries)| (id.to_owned(), entries)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sorted.truncate(MAX_SIGNATURES);
    sorted
}

/// `act_` and 16 hex: the same write of the same problem has the same id in every run.
///
/// `change_key` is empty for kinds that happen once an active period (create, reopen).
pub fn action_id(
    repo: &str,
    fingerprint: &str,
    kind: &str,
    target: Option<u64>,
    active_period_start_ns: i64,
    change_key: &[String],
) -> String {
    let change = if change_key.is_empty() { Value::from("") } else { json!(change_key) };
    let start = super::format_ns(active_period_start_ns);
    format!("act_{}", hash16(&json!([repo, fingerprint, kind, target, start, change])))
}

fn head(project: &str, service: &str, kind: &str, exception: Option<&str>) -> Vec<Value> {
    let exception = exception.filter(|name| !name.is_empty()).unwrap_or("-");
    vec![project.into(), service.to_lowercase().into(), kind.into(), exception.into()]
}

fn hash16(value: &Value) -> String {
    let hash = blake3::hash(value.to_string().as_bytes()).to_hex();
    hash.as_str()[..16].to_owned()
}

/// Whether a text is exactly so many lower-case hex digits.
pub(crate) fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
