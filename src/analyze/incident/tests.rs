//! Incidents over invented clusters.

use super::story::{extent, recovery, signals, triggers};
use super::*;
use crate::analyze::ServiceCoverage;

const MINUTE: i64 = 60 * SECOND_NS;

fn key(template: &str) -> ClusterKey {
    ClusterKey { template_id: template.into(), service: "desk".into(), ..ClusterKey::default() }
}

fn cluster(template: &str, severity: Severity, events: u64) -> Cluster {
    Cluster {
        key: key(template),
        template: template.into(),
        entries: events,
        events,
        severities: BTreeMap::from([(severity, events)]),
        effective: BTreeMap::from([(severity, events)]),
        ..Cluster::default()
    }
}

fn seen(windows: &[(i64, i64)]) -> Coverage {
    let mut seen = Coverage::default();
    let intervals: Vec<_> = windows.iter().map(|(from, to)| (from * MINUTE, to * MINUTE)).collect();
    seen.services.insert("desk".into(), ServiceCoverage { intervals, ..ServiceCoverage::default() });
    seen
}

fn side(sizes: &[(&str, Severity, u64)], windows: &[(i64, i64)]) -> Side {
    Side {
        clusters: sizes.iter().map(|(template, severity, events)| cluster(template, *severity, *events)).collect(),
        coverage: seen(windows),
        ..Side::default()
    }
}

fn whats(found: &Compared) -> Vec<(&str, What)> {
    found.changes.iter().map(|change| (change.cluster.template.as_str(), change.what)).collect()
}

use Severity::{Error, Info};

#[test]
fn a_fallen_info_line_is_a_disappearance_and_all_that_is_new_is_listed() {
    let then = side(&[("sold", Info, 3_000), ("slow", Error, 30), ("beat", Info, 600)], &[(0, 600)]);
    let now = side(&[("slow", Error, 60), ("oops", Error, 1), ("beat", Info, 60), ("old", Info, 1)], &[(600, 660)]);
    let found = compared(&now, &then, &BTreeMap::from([(key("old"), 5)]));
    let told = whats(&found);
    assert!(told.contains(&("sold", What::Vanished)), "{told:?}");
    assert!(told.contains(&("oops", What::FirstSeen)) && told.contains(&("old", What::Returned)), "{told:?}");
    assert!(told.contains(&("slow", What::Risen)), "{told:?}");
    assert_eq!((told.len(), found.same), (4, 1));
    assert!(found.changes[0].is_loud(), "what fails stands first");
}

#[test]
fn nothing_one_event_and_equal_sides_tell_nothing_but_what_is_new() {
    assert!(compared(&Side::default(), &Side::default(), &BTreeMap::new()).changes.is_empty());
    let one = side(&[("x", Error, 1)], &[(0, 60)]);
    let found = compared(&one, &Side::default(), &BTreeMap::new());
    assert_eq!(whats(&found), [("x", What::FirstSeen)]);
    assert!(!found.changes[0].sure && found.changes[0].q.is_none());
    let found = compared(&Side { coverage: seen(&[(0, 60)]), ..Side::default() }, &one, &BTreeMap::new());
    assert!(found.changes.is_empty(), "one event is no rate: {found:?}");
    let huge = side(&[("x", Info, u64::MAX / 64)], &[(0, 600)]);
    assert!(compared(&huge, &huge, &BTreeMap::new()).changes.is_empty());
}

#[test]
fn what_was_not_exported_has_not_vanished() {
    let then = side(&[("sold", Info, 3_000)], &[(0, 600)]);
    let found = compared(&Side::default(), &then, &BTreeMap::new());
    assert!(found.changes.is_empty());
    assert_eq!(found.blind, BTreeMap::from([("desk".to_owned(), 1)]));
    // Half an hour of the window is covered: the silence is as long as that.
    let half = Side { coverage: seen(&[(600, 630)]), ..Side::default() };
    let found = compared(&half, &then, &BTreeMap::new());
    assert_eq!(whats(&found), [("sold", What::Vanished)]);
    assert!((found.changes[0].covered_s - 1_800.0).abs() < 1e-9);
}

#[test]
fn requests_stand_for_exposure_only_where_the_severity_is_covered_like_the_service() {
    let busy = |requests| BTreeMap::from([("desk".to_owned(), Activity { requests, ..Activity::default() })]);
    let mut then = side(&[("slow", Error, 100)], &[(0, 600)]);
    let mut now = side(&[("slow", Error, 100)], &[(600, 660)]);
    then.activity = busy(1_000);
    now.activity = busy(1_000);
    assert!(compared(&now, &then, &BTreeMap::new()).changes.is_empty(), "as many a request as before");
    now.coverage.services.get_mut("desk").unwrap().severities.insert(Error, vec![(600 * MINUTE, 610 * MINUTE)]);
    let found = compared(&now, &then, &BTreeMap::new());
    assert_eq!((whats(&found).len(), found.changes[0].unit), (1, "hours"));
}

#[test]
fn requests_do_not_measure_their_own_absence() {
    let busy = |requests| BTreeMap::from([("desk".to_owned(), Activity { requests, ..Activity::default() })]);
    let mut then = side(&[("sold", Info, 1_000), ("slow", Error, 10)], &[(0, 600)]);
    // Two requests a minute but for fifty of sixty minutes.
    let mut now = side(&[("sold", Info, 20), ("slow", Error, 10)], &[(600, 660)]);
    (then.activity, now.activity) = (busy(1_000), busy(20));
    let found = compared(&now, &then, &BTreeMap::new());
    assert_eq!(whats(&found), [("slow", What::Risen), ("sold", What::Fallen)]);
    let units: Vec<&str> = found.changes.iter().map(|change| change.unit).collect();
    assert_eq!(units, ["requests", "hours"], "failures are told by what was asked, the fall by time");
}

#[test]
fn a_silence_is_the_incident_where_nothing_fell_by_half() {
    let around = minutes(0, 600);
    let silences = [(100 * MINUTE, Some(160 * MINUTE)), (101 * MINUTE, Some(161 * MINUTE))];
    assert_eq!(story::outage(&silences, around), Some((100 * MINUTE, 161 * MINUTE, true)));
    assert_eq!(story::outage(&[(500 * MINUTE, None)], around), Some((500 * MINUTE, 600 * MINUTE, false)));
    assert_eq!(story::outage(&[], around), None);
}

fn changed(template: &str, what: What, severity: Severity, counts: (u64, u64), minutes: &[i64]) -> Change {
    let own = cluster(template, severity, counts.1.max(1));
    Change {
        cluster: own,
        what,
        counts: Counts { e0: counts.0, e1: counts.1, t0: 10.0, t1: 1.0, d: DISPERSION },
        unit: "hours",
        expected: None,
        p: 0.001,
        q: Some(0.001),
        sure: true,
        covered_s: 3_600.0,
        baseline_s: 36_000.0,
        before_ns: None,
        times_ns: minutes.iter().map(|at| at * MINUTE).collect(),
    }
}

fn minutes(since: i64, until: i64) -> Window {
    Window { since_ns: since * MINUTE, until_ns: until * MINUTE }
}

fn rollout(revision: &str, at: i64) -> Rollout {
    Rollout {
        service: "desk".into(),
        revision: revision.into(),
        began_ns: at * MINUTE,
        is_new: true,
        ..Rollout::default()
    }
}

const ALL: &[(i64, i64)] = &[(0, 1_000 * MINUTE)];

#[test]
fn a_crash_has_its_extent_first_signal_candidates_and_end() {
    let bursts: Vec<i64> = (595..640).collect();
    let changes = [changed("crash", What::FirstSeen, Error, (0, 40), &bursts)];
    let (window, around) = (minutes(600, 660), minutes(480, 720));
    let (found, silent) = extent(&changes, window, around, ALL);
    assert_eq!((found, silent), (Some((595 * MINUTE, 639 * MINUTE)), false), "it began before it was asked for");
    let first = signals(&changes, found, silent);
    assert_eq!((first.len(), first[0].at_ns), (1, 595 * MINUTE));
    let rollouts = [rollout("r1", 500), rollout("r2", 594), rollout("r3", 641)];
    let change = |at: i64| AuditEntry { at_ns: at, key: key("replace"), message: "Replace".into(), by: None };
    let audit = [593 * MINUTE, 593 * MINUTE + SECOND_NS, 640 * MINUTE].map(change);
    let named = BTreeMap::from([(("desk".to_owned(), "r2".to_owned()), 39), (("desk".to_owned(), "r1".to_owned()), 1)]);
    let told = triggers(595 * MINUTE, &rollouts, &audit, &changes, silent, &named);
    let kinds: Vec<_> = told.iter().map(|own| (own.kind, own.is_before())).collect();
    assert_eq!(
        kinds,
        [
            (TriggerKind::Rollout, Some(true)),
            (TriggerKind::Change, Some(true)),
            (TriggerKind::FirstLine, None),
            (TriggerKind::Revision, Some(true))
        ]
    );
    assert_eq!((told[0].rollout, told[0].lag_ns), (Some(1), MINUTE));
    let end = recovery(&changes, found, silent, &rollouts, &BTreeMap::new(), around, ALL);
    assert_eq!((end.recovered, end.at_ns, end.events), (Recovered::Yes, Some(639 * MINUTE), 0));
    assert_eq!(end.rollouts, [(2, 2 * MINUTE)]);
}

#[test]
fn an_incident_that_goes_on_or_whose_end_is_not_covered_has_not_ended() {
    let (window, around) = (minutes(600, 660), minutes(480, 720));
    let bursts: Vec<i64> = (600..720).collect();
    let changes = [changed("crash", What::Risen, Error, (0, 60), &bursts)];
    let (found, _) = extent(&changes, window, around, ALL);
    assert_eq!(found, Some((600 * MINUTE, 719 * MINUTE)));
    let of = |covered: &[(i64, i64)], last| {
        recovery(&changes, Some((600 * MINUTE, last * MINUTE)), false, &[], &BTreeMap::new(), around, covered).recovered
    };
    assert_eq!(of(&[(0, 719 * MINUTE)], 719), Recovered::Unknown);
    assert_eq!(of(ALL, 660), Recovered::No, "59 events more");
    assert_eq!(recovery(&[], None, false, &[], &BTreeMap::new(), around, ALL).recovered, Recovered::Unknown);
}

#[test]
fn a_silence_is_an_incident_too() {
    let beats: Vec<i64> = (480..605).chain(650..720).collect();
    let changes = [changed("beat", What::Vanished, Info, (6_000, 5), &beats)];
    let (window, around) = (minutes(600, 660), minutes(480, 720));
    let (found, silent) = extent(&changes, window, around, ALL);
    assert_eq!((found, silent), (Some((604 * MINUTE, 650 * MINUTE)), true));
    assert!(signals(&changes, found, silent).is_empty());
    let end = recovery(&changes, found, silent, &[], &BTreeMap::new(), around, ALL);
    assert_eq!((end.recovered, end.back.len()), (Recovered::Yes, 1));
    let (nothing, _) = extent(&[], window, around, ALL);
    assert_eq!(nothing, None);
}

#[test]
fn gaps_are_told_per_service_and_for_info() {
    let mut coverage = seen(&[(480, 600), (630, 720)]);
    let own = coverage.services.get_mut("desk").unwrap();
    own.severities.insert(Info, vec![(480 * MINUTE, 600 * MINUTE)]);
    let services = BTreeSet::from(["desk".to_owned(), "mail".to_owned()]);
    let told = gaps(&coverage, minutes(480, 720), &services);
    let of: Vec<_> =
        told.iter().map(|gap| (gap.from_ns / MINUTE, gap.to_ns / MINUTE, gap.service.as_str(), gap.below)).collect();
    assert_eq!(of, [(480, 720, "mail", None), (600, 630, "desk", None), (630, 720, "desk", Some(Severity::Notice))]);
    assert!(gaps(&Coverage::default(), minutes(0, 10), &BTreeSet::new()).is_empty());
}
