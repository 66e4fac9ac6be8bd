//! The sentences of a postmortem: exact numbers with their units, candidates and never causes.

use super::{IncidentMaterial, Names, in_words, named};
use crate::analyze::incident::baseline::WANTED;
use crate::analyze::incident::{self, Change, Recovered, Rollout, SAME_MOMENT_NS, Trigger, TriggerKind, What};
use crate::record::Severity;
use crate::report::sentences::{count, of};
use crate::report::v1::Report;
use crate::report::v1_postmortem::{Baseline, Figure, Point, Postmortem};
use crate::time::{rfc3339_seconds, rfc3339_short, words};

/// Length of a text quoted inside a sentence.
const QUOTED: usize = 120;

pub(super) fn quote(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED).collect();
    if cut.len() < text.len() { format!("\"{cut} …\"") } else { format!("\"{cut}\"") }
}

fn number(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// What a window is compared with.
pub(super) fn baseline(material: &IncidentMaterial<'_>, row: &Baseline) -> String {
    let what = match material.kind {
        "given" => "the baseline given".to_owned(),
        "revision" => format!("revision {} at other times", material.revision.unwrap_or_default()),
        "none" => {
            return "Nothing is stored of the time before the window, so nothing can be compared: what rose, fell or vanished is not known. Everything in the window is listed as first seen.".into();
        }
        _ => "the same hours of the days before and the hours before".to_owned(),
    };
    if row.entries == 0 || row.covered_s <= 0.0 {
        return format!(
            "Compared with {what}, which holds no entry: nothing can be compared, and everything in the window is listed as first seen."
        );
    }
    let times = if row.window_covered_s > 0.0 { row.covered_s / row.window_covered_s } else { 0.0 };
    let thin = if material.kind == "default" && times < WANTED {
        format!(", less than the {WANTED:.0} times that are wanted: small changes cannot be told")
    } else {
        String::new()
    };
    format!(
        "Compared with {what}: {} covered in {}, {} times the covered time of the window{thin}; {}.",
        in_words(row.covered_s),
        of(row.windows.len() as u64, "stretch", "stretches"),
        number(times),
        of(row.entries, "entry", "entries"),
    )
}

/// What the numbers of a cluster say.
pub(super) fn change(change: &Change) -> String {
    let counts = &change.counts;
    let events = of(counts.e1, "event", "events");
    let expected = change.expected.map(|(low, high)| format!("expected {}-{}", count(low), count(high)));
    let unit = change.unit.strip_suffix('s').unwrap_or(change.unit);
    let ratio = counts.ratio().map(|ratio| format!("x{} per {unit}", number(ratio)));
    match change.what {
        What::FirstSeen => {
            let quiet = if change.baseline_s > 0.0 {
                format!(", also not in {} covered of the baseline", in_words(change.baseline_s))
            } else {
                "; the baseline does not cover it".to_owned()
            };
            format!("{events}; nothing of it is stored before the window{quiet}")
        }
        What::Returned => format!(
            "{events}; not in the baseline, last stored {}",
            change.before_ns.map_or_else(|| "before".to_owned(), rfc3339_seconds)
        ),
        What::Vanished => {
            format!("none{}", expected.map_or_else(String::new, |expected| format!(", {expected} events")))
        }
        What::Risen | What::Fallen => {
            let mut text = events;
            for part in expected.into_iter().chain(ratio) {
                text.push_str(", ");
                text.push_str(&part);
            }
            text
        }
    }
}

/// Time between something and the first signal.
fn lag(lag_ns: i64) -> String {
    if lag_ns.abs() <= SAME_MOMENT_NS {
        "within a second of the first signal, order unknown".into()
    } else if lag_ns > 0 {
        format!("{} before the first signal", words(lag_ns))
    } else {
        format!("{} after the first signal", words(-lag_ns))
    }
}

/// What came before, in words.
pub(super) fn trigger(material: &IncidentMaterial<'_>, names: &Names, own: &Trigger) -> String {
    let title = || own.key.as_ref().map_or_else(String::new, |key| quote(&names.title(key)));
    let service = || own.key.as_ref().map_or_else(String::new, |key| named(&key.service));
    match own.kind {
        TriggerKind::Rollout => {
            let rollout = own.rollout.map(|at| &material.incident.rollouts[at]);
            format!("{}, {}", rollout.map_or_else(String::new, rolled), lag(own.lag_ns))
        }
        TriggerKind::Change => {
            let text = own.audit.as_ref().map_or_else(String::new, audited);
            format!("{text}, {}", lag(own.lag_ns))
        }
        TriggerKind::FirstLine => {
            let order = if own.lag_ns == 0 { "is the first signal itself".to_owned() } else { lag(own.lag_ns) };
            format!("first line of its kind in {}: {}, {order}", service(), title())
        }
        TriggerKind::Revision => {
            let (service, revision) = own.revision.clone().unwrap_or_default();
            format!(
                "{} of {} events that rose or are new, and name a revision, name {revision} ({}), which wrote first {}",
                count(own.events.0),
                count(own.events.1),
                named(&service),
                lag(own.lag_ns),
            )
        }
    }
}

/// `audit entry of shop-api: "Services.ReplaceService" by ann`
pub(super) fn audited(own: &incident::AuditEntry) -> String {
    let by = own.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    format!("audit entry of {}: {}{by}", named(&own.key.service), quote(&one_line(&own.message)))
}

/// A text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `shop-api: revision r2 wrote its first entry; deploy reported ok 17:38:34Z by ann`
pub(super) fn rolled(own: &Rollout) -> String {
    let by = own.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    match own.reported_ns {
        None => format!(
            "{}: revision {} wrote its first entry; no entry reports its deploy",
            named(&own.service),
            own.revision
        ),
        Some(at) if at > own.began_ns => format!(
            "{}: revision {} wrote its first entry; deploy reported {} at {}{by}",
            named(&own.service),
            own.revision,
            own.outcome,
            rfc3339_seconds(at)
        ),
        Some(_) => format!("{}: deploy of {} reported {}{by}", named(&own.service), own.revision, own.outcome),
    }
}

/// A rollout as a recovery.
pub(super) fn recovery_rollout(material: &IncidentMaterial<'_>, own: &Rollout, lag_ns: i64) -> String {
    let order = if lag_ns.abs() <= SAME_MOMENT_NS {
        "within a second of the last event, order unknown".to_owned()
    } else if lag_ns > 0 {
        format!("{} after the last event", words(lag_ns))
    } else {
        format!("{} before the last event", words(-lag_ns))
    };
    let key = (own.service.clone(), own.revision.clone());
    let events = material.incident.named.get(&key).copied().unwrap_or(0);
    format!(
        "{}, {order}; {} of what rose name it up to {}",
        rolled(own),
        of(events, "event", "events"),
        rfc3339_seconds(material.around.until_ns)
    )
}

/// How it ended.
pub(super) fn recovery(material: &IncidentMaterial<'_>) -> String {
    let own = &material.incident.recovery;
    let Some(at) = own.at_ns else {
        return "Nothing rose and nothing vanished beyond chance, so there is no end to tell.".into();
    };
    let after = in_words(own.after_s);
    if material.incident.silent {
        return match own.recovered {
            Recovered::Yes => format!("What had fallen was there again at {}.", rfc3339_seconds(at)),
            _ => format!(
                "What had fallen had not come back by {}, where the time that is looked at ends.",
                rfc3339_seconds(data_end(material))
            ),
        };
    }
    let usual = own.expected.map_or_else(
        || "no baseline says how many are usual".to_owned(),
        |(_, high)| format!("by the baseline up to {} in such a time are no more than chance", count(high)),
    );
    match own.recovered {
        Recovered::Yes => format!(
            "Last event {}; in the {after} covered after it, {} of what rose came ({usual}).",
            rfc3339_short(at),
            of(own.events, "event", "events"),
        ),
        Recovered::No => format!(
            "Not over: the densest stretch ends {}, and in the {after} covered after it {} more came ({usual}).",
            rfc3339_short(at),
            of(own.events, "event", "events"),
        ),
        Recovered::Unknown => format!(
            "The end cannot be seen: {after} are covered after the last event at {}. Export the hour after the window as well.",
            rfc3339_short(at),
        ),
    }
}

/// Where the exports end, of the time that is looked at: a window may be asked for that reaches beyond them.
fn data_end(material: &IncidentMaterial<'_>) -> i64 {
    let covered = material.coverage.any().last().map(|(_, to)| *to);
    covered.map_or(material.around.until_ns, |to| to.min(material.around.until_ns))
}

/// What could not be seen, first what matters most.
pub(super) fn unseen(report: &Report, material: &IncidentMaterial<'_>, section: &Postmortem) -> Vec<String> {
    let mut out = Vec::new();
    if section.baseline.entries == 0 || section.baseline.covered_s <= 0.0 {
        out.push("there is no baseline: what rose, fell or vanished cannot be told".to_owned());
    }
    let info = report.totals.severity.get("INFO").copied().unwrap_or(0);
    if report.totals.unique > 0 && info == 0 {
        out.push("no INFO entry is in the window: disappearances cannot be seen".into());
    }
    for (service, n) in &material.incident.compared.blind {
        out.push(format!(
            "{}: {} of the baseline {} of a severity that was not exported in the window; whether they vanished cannot be seen",
            named(service),
            of(*n, "cluster", "clusters"),
            if *n == 1 { "is" } else { "are" },
        ));
    }
    for gap in section.gaps.iter().filter(|gap| gap.inside) {
        out.push(format!(
            "{}: {} not exported from {} to {} ({})",
            gap.service,
            gap.what,
            gap.since.get(..19).unwrap_or(&gap.since).to_owned() + "Z",
            gap.until.get(..19).unwrap_or(&gap.until).to_owned() + "Z",
            in_words(gap.seconds)
        ));
    }
    out.extend(report.coverage.reasons.iter().cloned());
    let (since, until) =
        (material.window.since_ns - incident::BEFORE_NS, material.window.until_ns + incident::AFTER_NS);
    if material.around.since_ns > since {
        out.push(format!("nothing is stored before {}", rfc3339_seconds(material.around.since_ns)));
    }
    let end = data_end(material);
    if end < until {
        let left = end - material.window.until_ns;
        out.push(format!(
            "the data ends {}: of the hour after the window {} can be looked at",
            rfc3339_seconds(end),
            if left > 0 { words(left) } else { "nothing".into() }
        ));
    }
    let late = section.receive_lags.first().filter(|lag| lag.greatest_s >= 60.0);
    if let Some(lag) = late {
        out.push(format!(
            "{}: entries were received up to {} after they were written; an export of the last minutes may lack some",
            lag.service,
            in_words(lag.greatest_s)
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|text| seen.insert(text.clone()));
    out
}

fn share(n: u64, all: u64) -> String {
    if all == 0 { "none".to_owned() } else { format!("{:.1} %", 100.0 * n as f64 / all as f64) }
}

/// The impact in numbers.
pub(super) fn impact(report: &Report, material: &IncidentMaterial<'_>, section: &Postmortem) -> Vec<Figure> {
    let row = |name: &str, value: String, note: String| Figure { name: name.to_owned(), value, note };
    let mut rows = Vec::new();
    if let Some(extent) = &section.extent {
        let what = if extent.kind == "silence" { "Silence in the data" } else { "Duration in the data" };
        let (first, last) = material.incident.extent.unwrap_or_default();
        rows.push(row(what, extent.words.clone(), format!("{} to {}", rfc3339_seconds(first), rfc3339_seconds(last))));
    }
    for family in report.families.iter().filter(|family| family.kind == "crash_loop") {
        let failed = of(family.events, "start ended in an exit", "starts ended in an exit");
        let name = if family.ran { "Instances that ended" } else { "Failed starts" };
        rows.push(row(&format!("{name} of {}", named(&family.service)), failed, family.cadence.words.clone()));
    }
    let affected = affected(material);
    for own in section.services.iter().filter(|own| own.requests > 0 && affected.contains(&own.service.as_str())) {
        let usual = if own.baseline_requests > 0 {
            format!(
                "baseline: {} of {} ({})",
                count(own.baseline_requests_5xx),
                count(own.baseline_requests),
                share(own.baseline_requests_5xx, own.baseline_requests)
            )
        } else {
            "no request in the baseline".to_owned()
        };
        rows.push(row(
            &format!("Requests of {} answered 5xx", own.service),
            format!(
                "{} of {} ({})",
                count(own.requests_5xx),
                count(own.requests),
                share(own.requests_5xx, own.requests)
            ),
            usual,
        ));
    }
    for own in section.services.iter().filter(|own| own.baseline_requests > 0 && own.baseline_covered_s > 0.0) {
        let usual = own.baseline_requests as f64 * own.covered_s / own.baseline_covered_s;
        if (own.requests as f64) < usual / 2.0 && usual >= 3.0 {
            rows.push(row(
                &format!("Requests seen of {}", own.service),
                count(own.requests),
                format!("at the baseline's rate {} in the time covered", number(usual)),
            ));
        }
    }
    for (cluster, own) in silences(report) {
        let missed = own.expected.map_or_else(String::new, |rows| {
            format!("about {} were to be expected", of(rows.round() as u64, "entry", "entries"))
        });
        rows.push(row(&format!("Silence of {}", named(&cluster.service)), in_words(own.covered_h * 3_600.0), missed));
    }
    for (name, worse) in worse(report) {
        rows.push(row(
            &name,
            "got worse".to_owned(),
            format!("against all time before the window: {}", worse.join("; ")),
        ));
    }
    if let Some(all) = section.reach.first().filter(|all| all.events > 0) {
        let loud = incident::rising(&material.incident.compared.changes).len() as u64;
        let quiet = (section.rose.len() as u64).saturating_sub(loud);
        let beside = if quiet == 0 { String::new() } else { format!("; {quiet} more are below WARNING") };
        let in_clusters = format!("in {}{beside}", of(loud, "cluster", "clusters"));
        rows.push(row("Events that rose or are new", count(all.events), in_clusters));
        rows.push(row("Instances they name", count(all.instances), of(all.revisions, "revision", "revisions")));
        rows.push(row("Requests or jobs they name (traces)", count(all.traces), String::new()));
        let users = all.users.map_or_else(|| "unknown".to_owned(), count);
        let beside = if all.users.is_none() { "no entry of them names a user" } else { "" };
        rows.push(row("Users they name", users, beside.into()));
    }
    let mut said = std::collections::BTreeSet::new();
    let rose: std::collections::BTreeSet<&str> = section.rose.iter().map(|own| own.cluster.as_str()).collect();
    for cluster in report.clusters.iter().filter(|cluster| rose.contains(cluster.id.as_str())) {
        if let Some(impact) = cluster.impact.as_ref().filter(|impact| said.insert(impact.sentence.clone())) {
            rows.push(row(
                "Impact, as configured",
                impact.sentence.clone(),
                impact.capability.as_ref().map_or_else(String::new, |name| format!("capability: {name}")),
            ));
        }
    }
    rows
}

fn affected<'a>(material: &'a IncidentMaterial<'_>) -> Vec<&'a str> {
    let rising = incident::rising(&material.incident.compared.changes);
    let mut names: Vec<&str> = rising.iter().map(|change| change.cluster.key.service.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The first lines.
pub(super) fn summary(report: &Report, material: &IncidentMaterial<'_>, section: &Postmortem) -> Vec<Point> {
    let point = |name: &str, text: String| Point { name: name.to_owned(), text };
    if report.totals.unique == 0 {
        let text = "No entry is stored of this window: no data is neither \"no errors\" nor an outage. Nothing can be said of it but what is said of the exports.";
        return vec![point("What happened", text.into())];
    }
    let mut out = vec![point("What happened", happened(report, material, section))];
    let loops = report.families.iter().filter(|family| family.kind == "crash_loop");
    out.extend(loops.map(|family| point("Crash loop", format!("{}: {}", family.service, family.sentence))));
    if let Some(extent) = &section.extent {
        out.push(point("When", format!("{}.", extent.sentence)));
    }
    let requests = section
        .impact
        .iter()
        .filter(|row| {
            let starts = ["Requests seen", "Silence of"].iter().any(|start| row.name.starts_with(start));
            starts || row.name.ends_with("answered 5xx")
        })
        .map(|row| format!("{}: {} ({})", row.name, row.value, row.note));
    let reach = section.reach.first().filter(|all| all.events > 0).map(|all| {
        let users = all.users.map_or_else(|| "users unknown".to_owned(), |n| of(n, "user", "users"));
        format!(
            "{} in {}, {}, {users}",
            of(all.events, "event", "events"),
            of(all.instances, "instance", "instances"),
            of(all.traces, "trace", "traces")
        )
    });
    let impact: Vec<String> = requests.chain(reach).collect();
    if !impact.is_empty() {
        out.push(point("Impact", format!("{}.", impact.join("; "))));
    }
    if let (Some(first), Some(own)) = (section.signals.first(), material.incident.signals.first()) {
        let text =
            format!("{} {} in {} ({}).", rfc3339_short(own.at_ns), quote(&first.title), first.service, first.cluster);
        out.push(point("First signal in the logs", text));
    }
    let candidates: Vec<&str> = section
        .triggers
        .iter()
        .filter(|own| own.kind != "first_line" || own.lag_s > 0.0)
        .map(|own| own.text.as_str())
        .take(3)
        .collect();
    out.push(point(
        "Trigger candidates",
        if candidates.is_empty() {
            "no rollout, audit entry, new line or new revision is stored in the half hour before.".into()
        } else {
            format!("{} (what came shortly before; not a cause).", candidates.join("; "))
        },
    ));
    out.push(point("Recovery", section.recovery.sentence.clone()));
    if let Some(rollout) = section.recovery.rollouts.first() {
        out.push(point("Rollout near the end", format!("{}.", rollout.text)));
    }
    out
}

fn happened(report: &Report, material: &IncidentMaterial<'_>, section: &Postmortem) -> String {
    let loud = |own: &&crate::report::v1_postmortem::Change| {
        Severity::from_word(&own.severity).is_some_and(|severity| severity >= Severity::Warning)
    };
    let (rose, gone) =
        (section.rose.len() as u64, section.fell.iter().filter(|own| own.what == "vanished").count() as u64);
    let fell = section.fell.len() as u64 - gone;
    let new = section.rose.iter().filter(|own| own.what == "first_seen").count();
    let names = affected(material);
    let who = if names.is_empty() { "All services".to_owned() } else { names.join(", ") };
    if section.baseline.entries == 0 || section.baseline.covered_s <= 0.0 {
        return format!(
            "{who}: {} in {}, {} of WARNING and above. There is nothing to compare them with, so what rose, fell or vanished is not known.",
            of(rose, "cluster", "clusters"),
            report.window.words,
            section.rose.iter().filter(loud).count(),
        );
    }
    let beside = beside(report, section);
    if rose + gone + fell == 0 {
        return if beside.is_empty() {
            format!("Nothing in the {} of the window differs from the baseline beyond chance.", report.window.words)
        } else {
            format!("No cluster rose, vanished or fell beyond chance in {}, but {beside}.", report.window.words)
        };
    }
    let beside = if beside.is_empty() { String::new() } else { format!(" Also: {beside}.") };
    format!(
        "{who}: {} rose or {} new ({new} never stored before, {} of WARNING and above), {gone} vanished, {fell} fell; {} cannot be told from the baseline.{beside}",
        of(rose, "cluster", "clusters"),
        if rose == 1 { "is" } else { "are" },
        section.rose.iter().filter(loud).count(),
        count(section.unchanged),
    )
}

/// Routes told in the first line.
const ROUTES: usize = 3;

/// What differs and is no count of a cluster: services that fell silent, requests that take longer or fail, values that moved.
fn beside(report: &Report, section: &Postmortem) -> String {
    let mut parts: Vec<String> =
        silences(report).map(|(cluster, own)| format!("{} {}", named(&cluster.service), own.sentence)).collect();
    let routes: Vec<String> = worse(report).map(|(name, worse)| format!("{name} {}", worse.join(", and "))).collect();
    let more = routes.len().saturating_sub(ROUTES);
    if !routes.is_empty() {
        parts.push(format!("against all time before the window, {}", routes[..routes.len() - more].join("; ")));
    }
    if more > 0 {
        parts.push(format!("{} more in the table of requests", of(more as u64, "route", "routes")));
    }
    if !section.values.is_empty() {
        parts.push(format!("{} in messages moved", of(section.values.len() as u64, "value", "values")));
    }
    parts.join("; ")
}

/// Whole services that fell silent.
fn silences(report: &Report) -> impl Iterator<Item = (&crate::report::v1::Cluster, &crate::report::v1::Silence)> {
    let all = report.clusters.iter().filter_map(|cluster| Some((cluster, cluster.silent.as_ref()?)));
    all.filter(|(_, own)| own.whole_service)
}

/// Routes of which something got worse, with what.
fn worse(report: &Report) -> impl Iterator<Item = (String, &[String])> {
    let routes = report.routes.iter().filter(|route| !route.worse.is_empty());
    routes
        .map(|route| (format!("{} {} of {}", route.method, route.route, named(&route.service)), route.worse.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_within_a_second_has_no_order() {
        assert!(lag(400_000_000).contains("order unknown") && lag(-1_000_000_000).contains("order unknown"));
        assert_eq!(lag(47_000_000_000), "47.0 s before the first signal");
        assert_eq!(lag(-5_000_000_000), "5.0 s after the first signal");
    }

    #[test]
    fn long_texts_are_cut_and_shares_of_nothing_are_none() {
        assert!(quote(&"x".repeat(500)).ends_with(" …\""));
        assert_eq!((share(1, 0), share(15, 15)), ("none".to_owned(), "100.0 %".to_owned()));
    }
}
