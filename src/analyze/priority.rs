//! How urgent a cluster is: points added up, each printed with the fact behind it.
//!
//! The same message got four priorities from four people; here the same facts give the same number, and a reader who
//! disagrees sees which term to argue with. The points are `[actions.priority]` of the configuration.

use super::{Cluster, Family, FamilyKind, Role, Status};
use crate::config::{Config, IssuePolicy, RuleSubject};
use crate::record::Severity;
use crate::time::rfc3339_seconds;

/// Words by which a text calls itself harmless.
const OPTIONAL: [&str; 6] = ["optional", "non-blocking", "nonblocking", "non-critical", "sanitized", "fallback"];
/// Days on which a cluster must be seen to count as lasting.
const LASTING_DAYS: usize = 3;

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Signed points.
    pub points: i32,
    /// Name of the term.
    pub term: String,
    /// The fact behind it.
    pub why: String,
}

/// A priority with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priority {
    /// 0 for P0 … 10 for P10.
    pub level: u8,
    /// Sum of the points.
    pub points: i32,
    /// The terms, in the order of the table.
    pub terms: Vec<Term>,
    /// A rule says that nothing is ever filed.
    pub never: Option<String>,
    /// A mute in force.
    pub muted: Option<String>,
    /// What it means, as configured: sentence, capability, owner.
    pub impact: Option<(String, Option<String>, Option<String>)>,
}

impl Priority {
    /// `P0` … `P10`
    pub fn word(&self) -> String {
        format!("P{}", self.level)
    }

    /// Positive terms beside severity.
    pub fn terms_beside_severity(&self) -> usize {
        self.terms.iter().filter(|term| term.points > 0 && term.term != "severity").count()
    }
}

/// What a priority is made of.
pub(crate) struct Facts<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) family: Option<&'a Family>,
    pub(crate) role: Role,
    pub(crate) failed_start: bool,
    pub(crate) status: Status,
    pub(crate) share: f64,
    pub(crate) rate_per_h: f64,
    pub(crate) share_5xx: Option<f64>,
    /// The same of the hours from its first entry to its last.
    pub(crate) share_5xx_while: Option<f64>,
}

/// Adds up the terms of one cluster.
pub(crate) fn priority(facts: &Facts<'_>, config: &Config) -> Priority {
    let points = &config.actions.priority;
    let cluster = facts.cluster;
    let mut terms = Vec::new();
    let mut add = |points: i32, term: &str, why: String| {
        if points != 0 {
            terms.push(Term { points, term: term.to_owned(), why });
        }
    };
    let level = cluster.effective_severity();
    let at = match level {
        Severity::Default | Severity::Debug | Severity::Info => 0,
        Severity::Notice => 1,
        Severity::Warning => 2,
        Severity::Error => 3,
        _ => 4,
    };
    add(points.severity[at], "severity", level.to_string());
    match facts.family {
        Some(family) if family.kind == FamilyKind::CrashLoop => {
            add(points.crash_loop, "crash loop", format!("{} starts ended in an exit", family.times_ns.len()));
        }
        _ if facts.failed_start => {
            add(points.failed_starts, "failed starts", "stands in starts that ended in an exit".into());
        }
        _ => {}
    }
    if cluster.http.as_ref().and_then(|http| http.status).is_some_and(|status| status >= 500) {
        let most = |share: &f64| *share >= 0.5;
        let whole = facts.share_5xx.filter(most).map(|share| (share, ""));
        let part = facts.share_5xx_while.filter(most).map(|share| (share, " from its first entry to its last"));
        if let Some((share, when)) = whole.or(part) {
            let share = share * 100.0;
            add(
                points.server_errors,
                "server errors",
                format!("{share:.0} % of the route's requests{when} answer 5xx"),
            );
        }
    }
    if level >= Severity::Warning
        && cluster.entries >= points.volume_min_entries
        && facts.share >= points.volume_min_share
        && facts.rate_per_h >= points.volume_min_rate_per_h
    {
        let why = format!(
            "{} entries, {:.0} per covered hour, {:.0} % of its service's {level} and worse",
            cluster.entries,
            facts.rate_per_h,
            facts.share * 100.0
        );
        add(points.volume, "volume", why);
    }
    if level >= Severity::Warning && cluster.days.len() >= LASTING_DAYS {
        add(points.days, "lasting", format!("seen on {} days", cluster.days.len()));
    }
    let (n, what) =
        [(cluster.users.unwrap_or(0), "users"), (cluster.traces, "traces"), (cluster.instances, "instances")]
            .into_iter()
            .max_by_key(|(n, _)| *n)
            .unwrap_or((0, ""));
    if level >= Severity::Warning && n > 1 {
        let radius = ((5.0 * (n as f64).log10()).round() as i32).min(points.blast_radius_max);
        let users = if cluster.users.is_none() { "; users unknown" } else { "" };
        add(radius, "blast radius", format!("{n} distinct {what}{users}"));
    }
    match facts.status {
        Status::Regressed => add(points.status[0], "status", "regressed".into()),
        Status::Escalating if level >= Severity::Warning => add(points.status[1], "status", "escalating".into()),
        Status::New if level >= Severity::Warning => add(points.status[2], "status", "new".into()),
        _ => {}
    }
    if let Some(silent) = &cluster.silent {
        let [service, message] = points.silent;
        let what = if silent.whole_service { "the service" } else { "a message that came in every hour" };
        let at = rfc3339_seconds(silent.last_ns);
        add(if silent.whole_service { service } else { message }, "went silent", format!("{what}, last seen at {at}"));
    }
    match facts.role {
        // A line and the exception below it are one failure, not one that led to others.
        Role::Root if facts.family.is_some_and(|family| family.kind == FamilyKind::SameEvent) => {}
        Role::Root => add(points.root, "family", "root of its family".into()),
        Role::Symptom => add(points.symptom, "family", "follows its family's root".into()),
        Role::Independent => {}
    }
    rules(facts, config, terms)
}

fn rules(facts: &Facts<'_>, config: &Config, mut terms: Vec<Term>) -> Priority {
    let (cluster, points) = (facts.cluster, &config.actions.priority);
    let (module, _) = cluster.place();
    let http = cluster.http.as_ref();
    let subject = RuleSubject {
        service: &cluster.key.service,
        module: module.unwrap_or(""),
        route: http.map_or("", |http| http.route.as_str()),
        status: http.and_then(|http| http.status),
        exception: cluster.exception.as_deref().unwrap_or(""),
        template: &cluster.template,
    };
    let mut add = |points: i32, term: &str, why: String| terms.push(Term { points, term: term.to_owned(), why });
    let impact = config.impact.iter().find(|rule| rule.matches(&subject));
    if let Some(rule) = impact.filter(|rule| rule.points != 0) {
        add(rule.points, "impact", format!("as configured: {}", rule.capability.as_deref().unwrap_or(&rule.sentence)));
    }
    let lower = cluster.template.to_lowercase();
    if let Some(word) = OPTIONAL.iter().find(|word| lower.contains(*word)) {
        add(points.optional, "wording", format!("the text says {word:?}"));
    }
    if let Some(status) = subject.status.filter(|status| (400..500).contains(status)) {
        add(points.client_error, "client error", format!("status {status}"));
    }
    let matching: Vec<_> = config.rule.iter().filter(|rule| rule.matches(&subject)).collect();
    if let Some(rule) = matching.iter().find(|rule| rule.noise) {
        add(points.noise, "noise", format!("rule {:?}", rule.name));
    }
    let sum: i32 = terms.iter().map(|term| term.points).sum();
    let mut level = points.thresholds.iter().position(|least| sum >= *least).map_or(4, |at| at as u8);
    let beside = terms.iter().filter(|term| term.points > 0 && term.term != "severity").count();
    if level == 0 && beside < 2 {
        level = 1;
        terms.push(Term { points: 0, term: "held at P1".into(), why: "P0 needs two terms beside severity".into() });
    }
    if let Some(rule) = matching.iter().find(|rule| rule.priority.is_some()) {
        let word = rule.priority.as_deref().unwrap_or("P4");
        level = word[1..].parse().unwrap_or(level);
        terms.push(Term { points: 0, term: "rule".into(), why: format!("rule {:?} fixes {word}", rule.name) });
    }
    let never = matching.iter().find(|rule| rule.issue == Some(IssuePolicy::Never)).map(|rule| rule.name.clone());
    let muted = config.mute.iter().find(|mute| mute.matches(&subject) && mute.holds_at(cluster.last_ns)).map(|mute| {
        format!(
            "{} ({}, until {})",
            mute.reason,
            mute.owner,
            mute.until.as_ref().map_or_else(|| "never".to_owned(), crate::config::Until::text)
        )
    });
    let impact = impact.map(|rule| (rule.sentence.clone(), rule.capability.clone(), rule.owner.clone()));
    Priority { level, points: sum, terms, never, muted, impact }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(severity: Severity, n: u64, template: &str) -> Cluster {
        let mut cluster = Cluster { entries: n, template: template.into(), ..Cluster::default() };
        cluster.effective.insert(severity, n);
        cluster.severities.insert(severity, n);
        cluster
    }

    fn rated<'a>(cluster: &'a Cluster, config: &Config, change: impl FnOnce(&mut Facts<'a>)) -> Priority {
        let mut facts = Facts {
            cluster,
            family: None,
            role: Role::Independent,
            failed_start: false,
            status: Status::Ongoing,
            share: 0.0,
            rate_per_h: 0.0,
            share_5xx: None,
            share_5xx_while: None,
        };
        change(&mut facts);
        priority(&facts, config)
    }

    #[test]
    fn points_are_the_sum_of_the_printed_terms() {
        let mut one = cluster(Severity::Error, 100, "boom");
        one.traces = 100;
        one.days = (1..5).map(|day| (format!("2025-01-0{day}"), 25)).collect();
        let found = rated(&one, &Config::default(), |facts| {
            facts.status = Status::Regressed;
            (facts.share, facts.rate_per_h) = (0.5, 61.0);
        });
        assert_eq!(found.points, 30 + 10 + 10 + 10 + 20);
        assert_eq!(found.points, found.terms.iter().map(|term| term.points).sum::<i32>());
        assert_eq!((found.word().as_str(), found.terms_beside_severity()), ("P0", 4));
    }

    #[test]
    fn p0_needs_two_terms_beside_severity() {
        let family = Family {
            kind: FamilyKind::CrashLoop,
            root: 0,
            members: vec![0],
            times_ns: vec![1, 2, 3],
            failed: 3,
            ran: false,
            rooted: 3,
            service: String::new(),
            lags_ns: std::collections::BTreeMap::new(),
            shared: std::collections::BTreeMap::new(),
        };
        let mut config = Config::default();
        config.actions.priority.severity[3] = 60;
        let one = cluster(Severity::Error, 3, "boom");
        let found = rated(&one, &config, |facts| facts.family = Some(&family));
        assert_eq!((found.points, found.word().as_str()), (100, "P1"));
        assert!(found.terms.iter().any(|term| term.term == "held at P1"));
        // A line and the exception below it are no more than one of them.
        let (alone, two) = (rated(&one, &config, |_| {}), Family { kind: FamilyKind::SameEvent, ..family });
        let root = rated(&one, &config, |facts| (facts.family, facts.role) = (Some(&two), Role::Root));
        assert_eq!(root.points, alone.points);
    }

    #[test]
    fn rules_fix_priorities_forbid_issues_and_are_printed() {
        let config: Config =
            toml::from_str("[[rule]]\nname=\"client-404\"\nstatus=404\npriority=\"P9\"\nissue=\"never\"")
                .expect("valid");
        let mut request = cluster(Severity::Warning, 50, "GET /x -> 404");
        request.http = Some(super::super::HttpStats {
            method: "GET".into(),
            route: "/x".into(),
            status: Some(404),
            ..Default::default()
        });
        let found = rated(&request, &config, |_| {});
        assert_eq!((found.word().as_str(), found.never.as_deref()), ("P9", Some("client-404")));
        assert!(
            found.terms.iter().any(|term| term.points == -20)
                && found.terms.iter().any(|term| term.why.contains("fixes P9"))
        );
    }

    #[test]
    fn harmless_words_and_unknown_users_are_said() {
        let mut one = cluster(Severity::Warning, 5, "Optional cache is off");
        one.instances = 10;
        let found = rated(&one, &Config::default(), |_| {});
        assert_eq!(found.points, 15 + 5 - 15);
        assert!(found.terms.iter().any(|term| term.why == "10 distinct instances; users unknown"));
        assert_eq!(found.word(), "P4");
    }
}
