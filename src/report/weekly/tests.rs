//! Verdicts on fixes, medians, gaps and renamed templates, on weeks made by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::analyze::ServiceCoverage;
use crate::issue::{Issue, IssueState, StateReason};
use crate::time::DAY_NS;
use crate::time::week::Weeks;

const CLOSED: i64 = 10;

/// A world whose third week is looked at; days count from its first Monday.
struct World {
    analysis: Analysis,
    report: v1::Report,
    config: Config,
    weeks: Vec<WeekData>,
    runs: BTreeMap<ClusterKey, Vec<(i64, i64)>>,
    revisions: BTreeMap<(String, String), i64>,
    coverage: Coverage,
    origin_ns: i64,
}

impl World {
    fn new(covered_days: (i64, i64)) -> Self {
        let weeks = Weeks::new(None, jiff::tz::TimeZone::UTC).expect("weekday");
        let data: Vec<WeekData> = ["2025-W36", "2025-W37", "2025-W38"]
            .iter()
            .map(|name| weeks.named(name).expect("week"))
            .map(|week| WeekData { days: weeks.days(&week), week, services: BTreeMap::new() })
            .collect();
        let origin_ns = data[0].week.window.since_ns;
        let mut world = Self {
            analysis: Analysis::default(),
            report: v1::Report::default(),
            config: Config::default(),
            weeks: data,
            runs: BTreeMap::new(),
            revisions: BTreeMap::new(),
            coverage: Coverage::default(),
            origin_ns,
        };
        let intervals = vec![(world.day(covered_days.0), world.day(covered_days.1))];
        world.coverage.services.insert("api".into(), ServiceCoverage { intervals, ..ServiceCoverage::default() });
        world
    }

    fn day(&self, day: i64) -> i64 {
        self.origin_ns + day * DAY_NS
    }

    fn key() -> ClusterKey {
        ClusterKey { service: "api".into(), ..ClusterKey::default() }
    }

    fn issue(&self) -> Issue {
        Issue {
            number: 7,
            title: "broken".into(),
            body: None,
            body_absent: false,
            state: IssueState::Closed,
            state_reason: Some(StateReason::Completed),
            labels: Vec::new(),
            created_ns: Some(self.day(0)),
            closed_ns: Some(self.day(CLOSED)),
            updated_ns: None,
            url: None,
            author: None,
            author_association: None,
            comments: Vec::new(),
        }
    }

    fn weekly(&self, issue: &Issue, events: Vec<Event>) -> Weekly {
        let covered = self.coverage.services["api"].intervals.clone();
        let clusters = vec![TiedCluster { key: Self::key(), covered }];
        let closed = issue.closed_ns.filter(|_| !issue.closed_unwanted());
        let closed = closed.map(|closed_ns| Closing { closed_ns, reopened_ns: None });
        let tied = [Tied { repo: None, issue, clusters, closed, events }];
        self.section(&tied, &[(None, issue)])
    }

    fn section(&self, tied: &[Tied<'_>], issues: &[(Option<&str>, &Issue)]) -> Weekly {
        weekly(&WeeklyMaterial {
            report: &self.report,
            analysis: &self.analysis,
            told: &[],
            ids: &[],
            config: &self.config,
            weeks: &self.weeks,
            day_zone: "UTC",
            hours: &BTreeMap::new(),
            runs: &self.runs,
            revisions: &self.revisions,
            coverage: &self.coverage,
            parameters: (&[], &[]),
            routes_last: &BTreeMap::new(),
            deploys: &[],
            tied,
            issues,
            renamed: &[],
        })
    }

    fn event(&self, day: i64, revision: Option<&str>) -> Event {
        Event { at_ns: self.day(day), revision: revision.map(str::to_owned) }
    }

    fn verdict(&self, events: Vec<Event>) -> (String, String) {
        let issue = self.issue();
        let fix = self.weekly(&issue, events).fixes.remove(0);
        (fix.verdict, fix.sentence)
    }
}

#[test]
fn a_fix_came_back_only_in_a_revision_that_is_newer_than_the_closing() {
    let mut world = World::new((0, 21));
    let old = ("api".to_owned(), "r1".to_owned());
    world.revisions.insert(old, world.day(1));
    world.revisions.insert(("api".to_owned(), "r2".to_owned()), world.day(15));
    let (verdict, why) = world.verdict(vec![world.event(12, Some("r1"))]);
    assert!(verdict == "too_early" && why.contains("older than the closing"), "{verdict}: {why}");
    let (verdict, why) = world.verdict(vec![world.event(12, Some("r1")), world.event(16, Some("r2"))]);
    assert!(verdict == "came_back" && why.starts_with("1 event in revisions newer"), "{verdict}: {why}");
}

#[test]
fn without_revisions_a_fix_comes_back_after_the_time_of_a_roll_out() {
    let world = World::new((0, 21));
    let soon = Event { at_ns: world.day(CLOSED) + DAY_NS / 2, revision: None };
    assert_eq!(world.verdict(vec![soon]).0, "too_early");
    assert_eq!(world.verdict(vec![world.event(CLOSED + 2, None)]).0, "came_back");
}

#[test]
fn a_fix_holds_only_where_its_return_would_have_been_seen() {
    let mut world = World::new((0, 21));
    assert!(world.verdict(Vec::new()).1.contains("nothing is known of its rate"));
    // Two episodes in ten days before: in eleven days since, about two would have come.
    world.runs.insert(World::key(), vec![(world.day(2), world.day(2)), (world.day(5), world.day(5))]);
    let (verdict, why) = world.verdict(Vec::new());
    assert!(verdict == "too_early" && why.contains("only 2.2 episodes"), "{verdict}: {why}");
    world.runs.insert(World::key(), (0..10).map(|day| (world.day(day), world.day(day))).collect());
    let (verdict, why) = world.verdict(Vec::new());
    assert!(verdict == "holds" && why.contains("11 episodes would have come"), "{verdict}: {why}");
    let mut dark = World::new((0, 10));
    dark.runs = world.runs.clone();
    let (verdict, why) = dark.verdict(Vec::new());
    assert!(verdict == "too_early" && why.contains("are covered"), "{verdict}: {why}");
}

#[test]
fn issues_closed_as_not_planned_long_ago_or_later_are_not_looked_after() {
    let world = World::new((0, 21));
    let mut issue = world.issue();
    issue.state_reason = Some(StateReason::NotPlanned);
    assert!(world.weekly(&issue, Vec::new()).fixes.is_empty());
    for day in [-8, 22] {
        let issue = Issue { closed_ns: Some(world.day(day)), ..world.issue() };
        assert!(world.weekly(&issue, Vec::new()).fixes.is_empty(), "closed on day {day}");
    }
    let issue = world.issue();
    let alone = world.section(&[], &[(Some("acme/shop"), &issue)]);
    assert!(alone.fixes.is_empty() && alone.fixes_elsewhere.len() == 1);
    // Closed after the week: open at its end, with its age.
    let later = Issue { closed_ns: Some(world.day(23)), ..world.issue() };
    let open = world.weekly(&later, Vec::new()).open;
    assert_eq!((open[0].number, open[0].age_days), (7, Some(21)));
}

#[test]
fn what_no_export_covers_is_told_and_a_first_week_compares_with_nothing() {
    let world = World::new((0, 16));
    let found = world.section(&[], &[]);
    assert_eq!(found.gaps.len(), 1);
    assert_eq!(
        (found.gaps[0].since.as_str(), found.gaps[0].words.as_str()),
        ("2025-09-17T00:00:00.000000000Z", "5.0 days")
    );
    assert!(found.compared && found.sentence.contains("2025-W38 against 2025-W37"));
    let mut first = World::new((14, 21));
    first.weeks.drain(..2);
    let found = first.section(&[], &[]);
    assert!(!found.compared && found.gaps.is_empty() && found.sentence.contains("first week"));
}

#[test]
fn rates_and_medians_are_absent_where_nothing_is_known() {
    assert_eq!(per_1000(ServiceCount { errors: 3, requests: 0 }), None);
    assert_eq!(per_1000(ServiceCount { errors: 3, requests: 900 }), Some(3.33));
    assert_eq!([median(vec![]), median(vec![2.0])], [None, Some(2.0)]);
    assert_eq!([median(vec![3.0, 1.0, 2.0]), median(vec![1.0, 2.0])], [Some(2.0), Some(1.5)]);
}

#[test]
fn templates_that_merged_split_or_were_reworded_are_told_apart() {
    let pair = |before: &str, now: &str| (before.to_owned(), now.to_owned());
    let pairs: BTreeSet<(String, String)> =
        [pair("a", "m"), pair("b", "m"), pair("c", "d"), pair("e", "e"), pair("s", "s"), pair("s", "t")].into();
    let text = |id: &str, now: bool| format!("{id}{}", if now { " now" } else { "" });
    let found = template_changes(&pairs, &text);
    let kinds: Vec<(&str, usize, usize)> =
        found.iter().map(|row| (row.kind.as_str(), row.before.len(), row.now.len())).collect();
    assert_eq!(kinds, [("reworded", 1, 1), ("merged", 2, 1), ("split", 1, 2)]);
    assert_eq!(found[1].now, ["m now"]);
}
