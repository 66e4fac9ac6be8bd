//! Every shape in which trackers hand out their issues.

use super::super::{ExportOverrides, IssueError, IssueState, StateReason, fitness, read_export, valid_until_ns};
use super::{AS_OF, World, ns};

fn read(text: &str) -> super::super::Export {
    read_export("issues.json", text.as_bytes(), &ExportOverrides::default()).unwrap()
}

const REST: &str = r#"{"number":5,"title":"Slow","body":"b","state":"closed","state_reason":"not_planned",
  "labels":[{"name":"P1"}],"created_at":"2030-01-01T00:00:00Z","closed_at":"2030-01-02T00:00:00Z","updated_at":"2030-01-03T00:00:00Z",
  "html_url":"https://github.com/acme/shop/issues/5","url":"https://api.github.com/repos/acme/shop/issues/5",
  "user":{"login":"kim"},"author_association":"member","comments":3,"pull_request":null}"#;

#[test]
fn reads_what_our_script_writes() {
    let export = read(&format!(
        r#"{{"exported_at":"2030-03-20T12:30:00Z","repo":"acme/shop","state":"all","issues":[{REST}],
           "comments":[{{"id":77,"body":"hi","user":{{"login":"kim"}},"issue_url":"https://api.github.com/repos/acme/shop/issues/5","created_at":"2030-01-02T00:00:00Z"}}]}}"#
    ));
    assert_eq!((export.repo.as_deref(), export.exported_at), (Some("acme/shop"), Some(ns("2030-03-20T12:30:00Z"))));
    let issue = &export.issues[0];
    assert_eq!((issue.state, issue.state_reason.clone()), (IssueState::Closed, Some(StateReason::NotPlanned)));
    assert_eq!((issue.author.as_deref(), issue.author_association.as_deref()), (Some("kim"), Some("MEMBER")));
    assert_eq!(issue.comments[0].id.as_deref(), Some("77"));
    assert_eq!(issue.url.as_deref(), Some("https://github.com/acme/shop/issues/5"));
}

#[test]
fn reads_bare_arrays_of_the_command_line_tool() {
    let export = read(
        r#"[{"number":6,"title":"Fast","body":"","state":"OPEN","stateReason":"","labels":[{"id":"x","name":"P2"}],"createdAt":"2030-01-01T00:00:00Z",
           "closedAt":null,"url":"https://github.com/acme/shop/issues/6","author":{"login":"kim"},
           "comments":[{"id":"IC_x","url":"https://github.com/acme/shop/issues/6#issuecomment-88","body":"hi","author":{"login":"kim"},"authorAssociation":"OWNER","createdAt":"2030-01-02T00:00:00Z"}]}]"#,
    );
    let issue = &export.issues[0];
    assert_eq!((issue.body.as_ref(), issue.body_absent, issue.state_reason.as_ref()), (None, false, None));
    assert_eq!(export.repo.as_deref(), Some("acme/shop"), "taken from the addresses");
    assert_eq!(issue.comments[0].id.as_deref(), Some("88"));
    assert_eq!(export.exported_at, None);
}

#[test]
fn reads_pages_that_follow_each_other_and_keeps_each_issue_once() {
    let newer = REST.replace("2030-01-03", "2030-01-09").replace("Slow", "Slower");
    let export = read(&format!("\u{feff}[{REST}]\n[{newer},{{\"number\":8,\"title\":\"x\"}}][[{REST}]]"));
    assert_eq!(export.issues.iter().map(|issue| issue.number).collect::<Vec<_>>(), [5, 8]);
    assert_eq!(export.issues[0].title, "Slower");
    assert!(export.issues[1].body_absent);
}

#[test]
fn leaves_pull_requests_out() {
    let export = read(
        r#"[{"number":1,"title":"a","pull_request":{"url":"u"}},{"number":2,"title":"b","html_url":"https://github.com/acme/shop/pull/2"},{"number":3}]"#,
    );
    assert_eq!((export.issues.len(), export.dropped_pull_requests, export.rows), (1, 2, 3));
}

#[test]
fn damaged_rows_are_counted_and_never_end_the_reading() {
    let export = read(
        r#"[{"number":"x","title":1},null,{"title":"no number"},{"number":"9","labels":"odd","comments":{"nodes":[{"body":"c"}]},"state":7,"body":[]}]"#,
    );
    assert_eq!((export.issues.len(), export.dropped_malformed), (1, 3));
    assert_eq!(export.issues[0].comments.len(), 1);
}

#[test]
fn refuses_what_is_no_list_of_issues() {
    for text in ["", "{}", "7", "{\"message\":\"Bad credentials\"}"] {
        let error = read_export("x.json", text.as_bytes(), &ExportOverrides::default()).unwrap_err();
        assert!(matches!(error, IssueError::NoIssues { .. }), "{text}: {error}");
    }
    let cut = read_export("x.json", br#"[{"number":1},"#, &ExportOverrides::default()).unwrap_err();
    assert!(matches!(cut, IssueError::NotJson { .. }) && cut.to_string().contains("x.json"));
    assert!(read("[]").issues.is_empty());
}

#[test]
fn overrides_win_over_the_file() {
    let overrides = ExportOverrides { repo: Some("acme/other".to_owned()), exported_at_ns: Some(5) };
    let export = read_export("x.json", format!("[{REST}]").as_bytes(), &overrides).unwrap();
    assert_eq!((export.repo.as_deref(), export.exported_at), (Some("acme/other"), Some(5)));
}

#[test]
fn a_fresh_and_whole_export_is_fit_and_valid_for_a_day() {
    let states = World::with(vec![]).states();
    assert!(states[0].fitness.is_fit(), "{:?}", states[0].fitness);
    assert_eq!(valid_until_ns(&states), Some(ns("2030-03-21T12:30:00Z")));
    assert_eq!(valid_until_ns(&[]), None);
    let empty = fitness(&read("[]"), 0, ns(AS_OF));
    assert!(!empty.complete && empty.stale);
}

#[test]
fn an_export_is_stale_before_the_newest_entry_and_a_day_before_the_end() {
    let states = World::with(vec![]).states();
    let export = &states[0].export;
    let at = export.exported_at.unwrap();
    let day = 86_400_000_000_000;
    for (newest, as_of, stale) in [
        (at, at, None),
        (at, at + day, None),
        (at + 1, at + 1, Some("before the newest log entry")),
        (at - 5, at + day + 1, Some("more than 24 h before")),
    ] {
        let found = fitness(export, newest, as_of);
        assert_eq!((found.stale, found.complete), (stale.is_some(), true));
        assert_eq!(found.reasons.len(), usize::from(stale.is_some()));
        for (reason, words) in found.reasons.iter().zip(stale) {
            assert!(reason.contains(words) && reason.contains("scripts/export-issues.sh acme/shop"), "{reason}");
        }
    }
    for rows in [30, 100, 200, 500, 1000] {
        let found = fitness(&super::super::Export { rows, ..export.clone() }, at, at);
        assert!(!found.complete && found.reasons[0].contains(&format!("exactly {rows} rows")), "{:?}", found.reasons);
    }
}
