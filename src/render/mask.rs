//! Personal data (mail addresses, IP addresses) in documents, replaced by numbered names.
//!
//! Numbers follow the order of the sorted values inside one document, so the same report gives the same names whatever the
//! order of its parts, and no name says anything about its value. What a person wrote into the configuration (owners) is not
//! the log's data and stays. Counts of distinct users are taken before this step.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::report::v1::Report;

/// What kind of personal value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Email,
    Ip,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ip => "ip",
        }
    }
}

/// Names for the personal values of one document.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    names: BTreeMap<(Kind, String), String>,
}

impl Masker {
    /// Collects the values of all texts of a document; equal values differ in case at most.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::keyed(texts, &|_, _| None)
    }

    /// As [`Masker::new`], with another name for a value: `name(kind, value)` may return a keyed hash, equal across documents.
    pub fn keyed<'a>(texts: impl IntoIterator<Item = &'a str>, name: &dyn Fn(&str, &str) -> Option<String>) -> Self {
        Self::named(&collect(texts), name)
    }

    fn named(found: &BTreeSet<(Kind, String)>, name: &dyn Fn(&str, &str) -> Option<String>) -> Self {
        let mut numbers: BTreeMap<Kind, u64> = BTreeMap::new();
        let names = found.iter().map(|(kind, value)| {
            let number = numbers.entry(*kind).or_default();
            *number += 1;
            let label = name(kind.name(), value).unwrap_or_else(|| number.to_string());
            ((*kind, value.clone()), format!("<{}-{label}>", kind.name()))
        });
        Self { names: names.collect() }
    }

    /// The text with every collected value replaced by its name.
    pub fn apply(&self, text: &str) -> String {
        self.applied(text).unwrap_or_else(|| text.to_owned())
    }

    /// The same, and nothing where the text holds no such value.
    fn applied(&self, text: &str) -> Option<String> {
        let found = find(text);
        if found.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (range, kind, value) in found {
            if let Some(name) = self.names.get(&(kind, value)) {
                out.push_str(&text[done..range.start]);
                out.push_str(name);
                done = range.end;
            }
        }
        out.push_str(&text[done..]);
        Some(out)
    }

    /// Distinct values per kind: `email`, `ip`; kinds without any are left out.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (kind, _) in self.names.keys() {
            *counts.entry(kind.name().to_owned()).or_default() += 1;
        }
        counts
    }
}

/// A copy of the report without personal values, `masked` filled; done before rendering and before `report.json` is written.
///
/// # Panics
///
/// When a number beside a personal value is not finite, which no stage may let happen.
pub fn mask_report(report: Report) -> Report {
    mask_report_keyed(report, &|_, _| None)
}

/// As [`mask_report`], with the names of [`Masker::keyed`].
///
/// # Panics
///
/// When a number beside a personal value is not finite, which no stage may let happen.
pub fn mask_report_keyed(mut report: Report, name: &dyn Fn(&str, &str) -> Option<String>) -> Report {
    let configured = collect(configured(&report));
    // Most of a report is its clusters: each goes its own way to a tree and back, and few trees are there at once.
    let clusters = std::mem::take(&mut report.clusters);
    let (rest, each) = rayon::join(
        || values_of(&report),
        || clusters.par_iter().map(values_of).collect::<Vec<BTreeSet<(Kind, String)>>>(),
    );
    let is_hit: Vec<bool> = each.iter().map(|found| !found.is_empty()).collect();
    let mut found: BTreeSet<(Kind, String)> = each.into_iter().flatten().chain(rest).collect();
    for kept in configured {
        found.remove(&kept);
    }
    let masker = Masker::named(&found, name);
    if masker.names.is_empty() {
        report.clusters = clusters;
        return report;
    }
    let mut report = masked(report, &masker);
    let one = |(own, hit)| if hit { masked(own, &masker) } else { own };
    report.clusters = clusters.into_par_iter().zip(is_hit).map(one).collect();
    report.masked = masker.counts();
    report
}

/// The personal values in all texts of a part of a report.
fn values_of<T: Serialize>(part: &T) -> BTreeSet<(Kind, String)> {
    let tree = tree_of(part);
    let mut texts = Vec::new();
    strings(&tree, &mut texts);
    collect(texts)
}

fn tree_of<T: Serialize>(part: &T) -> Value {
    serde_json::to_value(part).expect("a report is plain data")
}

/// A part of a report without such values; the part itself where no text of it holds such a value.
fn masked<T: Serialize + DeserializeOwned>(part: T, masker: &Masker) -> T {
    let mut tree = tree_of(&part);
    if replace(&mut tree, masker) == 0 {
        return part;
    }
    serde_json::from_value(tree).expect("a report reads back from its own value: its numbers are finite")
}

/// Replaces the personal values in every text of a JSON value, keys too; answers how many of each kind there were.
pub fn mask_value(value: &mut Value) -> BTreeMap<String, u64> {
    let mut texts = Vec::new();
    strings(value, &mut texts);
    let masker = Masker::new(texts);
    replace(value, &masker);
    masker.counts()
}

/// What people wrote into the configuration.
fn configured(report: &Report) -> impl Iterator<Item = &str> {
    let owners = report.services.iter().flat_map(|row| [&row.owner, &row.repo]);
    let impacts = report.clusters.iter().filter_map(|c| c.impact.as_ref());
    let findings = report.summary.findings.iter().map(|row| &row.owner);
    let mutes = report.weekly.iter().flat_map(|weekly| &weekly.mutes);
    let mutes = mutes.flat_map(|row| [row.matches.as_str(), row.reason.as_str(), row.owner.as_str()]);
    owners
        .chain(findings)
        .filter_map(Option::as_deref)
        .chain(mutes)
        .chain(report.clusters.iter().filter_map(|c| c.muted.as_deref()))
        .chain(impacts.flat_map(|i| [Some(i.sentence.as_str()), i.capability.as_deref(), i.owner.as_deref()]).flatten())
}

fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            into.push(key);
            strings(item, into);
        }),
        _ => {}
    }
}

/// Replaces the personal values of all texts; in how many there were some.
fn replace(value: &mut Value, masker: &Masker) -> usize {
    match value {
        Value::String(text) => masker.applied(text).map_or(0, |masked| {
            *text = masked;
            1
        }),
        Value::Array(items) => items.iter_mut().map(|item| replace(item, masker)).sum(),
        Value::Object(map) => {
            let inside: usize = map.values_mut().map(|item| replace(item, masker)).sum();
            let keys = map.keys().filter(|key| masker.applied(key).is_some()).count();
            // Hardly any key holds such a value, and another key is another table.
            if keys > 0 {
                let old = std::mem::take(map);
                map.extend(old.into_iter().map(|(key, item)| (masker.apply(&key), item)));
            }
            inside + keys
        }
        _ => 0,
    }
}

fn collect<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<(Kind, String)> {
    texts.into_iter().flat_map(find).map(|(_, kind, value)| (kind, value)).collect()
}

/// Every personal value of a text, left to right, without overlaps.
fn find(text: &str) -> Vec<(Range<usize>, Kind, String)> {
    let mut found = emails(text);
    for (range, address) in addresses(text) {
        if found.iter().all(|(taken, ..)| range.end <= taken.start || taken.end <= range.start) {
            found.push((range, Kind::Ip, address));
        }
    }
    found.sort_by_key(|(range, ..)| range.start);
    found
}

fn emails(text: &str) -> Vec<(Range<usize>, Kind, String)> {
    let bytes = text.as_bytes();
    let mut found: Vec<(Range<usize>, Kind, String)> = Vec::new();
    let mut at = 0;
    while let Some(ahead) = memchr::memchr2(b'@', b'%', &bytes[at..]) {
        at += ahead;
        // A query string carries the sign as %40.
        let sign = match bytes[at] {
            b'@' => 1,
            b'%' if bytes[at..].starts_with(b"%40") => 3,
            _ => {
                at += 1;
                continue;
            }
        };
        let floor = found.last().map_or(0, |(range, ..)| range.end);
        let start = local_start(text, floor, at);
        let end = domain_end(bytes, at + sign);
        if start < at && end > at + sign {
            let value = format!("{}@{}", &text[start..at], &text[at + sign..end]).to_lowercase();
            found.push((start..end, Kind::Email, value));
        }
        at = end.max(at + sign);
    }
    found
}

/// Where the part before the sign begins.
fn local_start(text: &str, floor: usize, at: usize) -> usize {
    let mut start = at;
    for (i, c) in text[floor..at].char_indices().rev() {
        if !(c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')) {
            break;
        }
        start = floor + i;
    }
    text[start..at].find(|c: char| !matches!(c, '.' | '-' | '%')).map_or(at, |skip| start + skip)
}

/// Where the domain ends: labels with dots, the last of at least two letters; `start` when there is none.
fn domain_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && (bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'.' | b'-')) {
        end += 1;
    }
    while end > start && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = &bytes[start..end];
    match domain.iter().rposition(|b| *b == b'.') {
        Some(dot) if dot > 0 && domain.len() - dot > 2 && domain[dot + 1..].iter().all(u8::is_ascii_alphabetic) => end,
        _ => start,
    }
}

/// Addresses of version 4 and 6 in their usual spelling; loopback, unspecified and link-local ones name nobody.
fn addresses(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    // The least that an address holds: three dots, or two colons.
    let least = |byte: u8, n: usize| memchr::memchr_iter(byte, bytes).nth(n - 1).is_some();
    if !least(b'.', 3) && !least(b':', 2) {
        return found;
    }
    let part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let mut at = 0;
    while at < bytes.len() {
        if !part(bytes[at]) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|b| part(**b)).count();
        let joined = |i: Option<&u8>| i.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80);
        if !joined(at.checked_sub(1).and_then(|i| bytes.get(i))) && !joined(bytes.get(end)) {
            found.extend(address_in(text, at..end));
        }
        at = end;
    }
    found
}

fn address_in(text: &str, range: Range<usize>) -> Option<(Range<usize>, String)> {
    let token = text[range.clone()].trim_end_matches(['.', ':']);
    let lead = token.len() - token.trim_start_matches('.').len();
    let (start, token) = (range.start + lead, &token[lead..]);
    let dots = token.bytes().filter(|b| *b == b'.').count();
    // `10.1.2.3:8080` is an address with a port.
    let head = if token.matches(':').count() == 1 { token.split(':').next().unwrap_or(token) } else { token };
    if dots == 3
        && let Ok(v4) = head.parse::<Ipv4Addr>()
    {
        let nobody = v4.is_loopback() || v4.is_unspecified() || v4.is_link_local() || v4.is_broadcast();
        return (!nobody).then(|| (start..start + head.len(), v4.to_string()));
    }
    // A path such as `fade::bad` is hexadecimal as well; a real address holds a digit and more than two groups.
    if token.matches(':').count() >= 2
        && token.bytes().any(|b| b.is_ascii_digit())
        && let Ok(v6) = token.parse::<Ipv6Addr>()
    {
        let nobody = v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local();
        return (!nobody).then(|| (start..start + token.len(), v6.to_string()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::v1::{Cluster, Deploy, Impact, ServiceRow};

    #[test]
    fn numbers_follow_the_sorted_values_not_the_order_of_the_texts() {
        let (a, b) = ("zoe@shop.example from 10.9.0.2:443", "Ann@Shop.example, 10.10.0.1; ann@shop.example.");
        let one = Masker::new([a, b]);
        let two = Masker::new([b, a]);
        assert_eq!(one.apply(a), "<email-2> from <ip-2>:443");
        assert_eq!(one.apply(b), "<email-1>, <ip-1>; <email-1>.");
        assert_eq!(one.apply(a), two.apply(a));
        assert_eq!(one.counts(), BTreeMap::from([("email".to_owned(), 2), ("ip".to_owned(), 2)]));
    }

    #[test]
    fn finds_addresses_in_every_usual_spelling_and_nothing_else() {
        let masker = |text: &str| Masker::new([text]).apply(text);
        assert_eq!(masker("user=kim%40shop.example&x"), "user=<email-1>&x");
        assert_eq!(masker("http://u:p@host.example/x"), "http://u:<email-1>/x");
        assert_eq!(masker("from 2001:db8::7, [2001:db8::7]:80"), "from <ip-1>, [<ip-1>]:80");
        for plain in [
            "at 20:37:44Z",
            "v1.2.3.4b",
            "127.0.0.1 0.0.0.0 ::1",
            "fade::bad",
            "a@b",
            "@app.route",
            "1.2.3",
            "2025-09-15T20:37:44.123Z",
            "lgfp1:0b1ff12e7c44d1a9",
            "sha256:ab12",
            "10.1.2.300",
        ] {
            assert_eq!(masker(plain), plain);
        }
    }

    #[test]
    fn the_report_keeps_what_people_configured() {
        let report = Report {
            services: vec![ServiceRow { owner: Some("oncall@shop.example".into()), ..ServiceRow::default() }],
            clusters: vec![Cluster {
                title: "mail to kim@shop.example failed".into(),
                share: 0.1 + 0.2,
                impact: Some(Impact { sentence: "ask oncall@shop.example".into(), ..Impact::default() }),
                ..Cluster::default()
            }],
            deploys: vec![Deploy { by: Some("ci@build.example".into()), ..Deploy::default() }],
            ..Report::default()
        };
        let masked = mask_report(report.clone());
        assert_eq!(masked.services[0].owner.as_deref(), Some("oncall@shop.example"));
        assert_eq!(masked.clusters[0].title, "mail to <email-2> failed");
        assert_eq!(masked.deploys[0].by.as_deref(), Some("<email-1>"));
        assert_eq!(masked.masked, BTreeMap::from([("email".to_owned(), 2)]));
        assert_eq!(masked.clusters[0].share.to_bits(), report.clusters[0].share.to_bits());
        let twice = mask_report(masked.clone());
        assert_eq!(serde_json::to_string(&twice).expect("json"), serde_json::to_string(&masked).expect("json"));
    }
}
