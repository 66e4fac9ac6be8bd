//! Documents over the sample report: what a reader finds first, that no log text acts, that bytes repeat.

use std::fs;
use std::path::PathBuf;

use super::fixture::{HOSTILE, report};
use super::*;
use crate::report::v1::SharedMember;

pub(super) fn renderer() -> Renderer {
    Renderer::new(None).expect("embedded templates")
}

fn masked() -> Report {
    mask_report(report())
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("log-gardener-render-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("folder");
    folder
}

pub(super) fn facts() -> ActionFacts {
    ActionFacts {
        id: "act_00f3a1b2c3d4e5f6".into(),
        kind: "comment".into(),
        markers: vec![
            "<!-- log-gardener:fp=lgfp1:0b1ff12e00000000 sig=5c01d3a9e77b2f40 -->".into(),
            "<!-- log-gardener:act=act_00f3a1b2c3d4e5f6 -->".into(),
            "<!-- log-gardener:at=2025-10-12T23:59:41Z -->".into(),
        ],
        title: "GCP-new | P0 | Order store times out".into(),
        change: vec!["timeout 8 s, then 20 s, then 25 s".into()],
        related: vec![("#371".into(), "same_family".into())],
        repo: "acme/shop".into(),
        ..ActionFacts::default()
    }
}

pub(super) fn input<'a>(report: &'a Report, cluster: &str, action: &'a ActionFacts) -> BodyInput<'a> {
    let cluster = report.clusters.iter().find(|c| c.id == cluster).expect("cluster");
    let members = report.clusters.iter().filter(|c| c.family.is_some() && c.family == cluster.family).collect();
    BodyInput { report, cluster, members, action }
}

/// The Markdown without what stands in code blocks, inline code, and the addresses of our own links.
pub(super) fn live(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.trim() == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                let mut rest = line;
                while let Some(at) = rest.find('`') {
                    out.push_str(&rest[..at]);
                    let open: String = rest[at..].chars().take_while(|c| *c == '`').collect();
                    let after = &rest[at + open.len()..];
                    let mut from = 0;
                    rest = loop {
                        let Some(close) = after[from..].find('`').map(|i| i + from) else { break "" };
                        let run = after[close..].chars().take_while(|c| *c == '`').count();
                        if run == open.len() {
                            break &after[close + run..];
                        }
                        from = close + run;
                    };
                }
                out.push_str(rest);
                out.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a fence stays open");
    out
}

#[test]
fn the_markdown_worklog_of_the_sample_stands() {
    insta::assert_snapshot!(
        "worklog_md",
        renderer().worklog_markdown(&masked(), &RenderOptions::default()).expect("markdown")
    );
}

#[test]
fn the_html_worklog_of_the_sample_stands() {
    insta::assert_snapshot!(
        "worklog_html",
        renderer().worklog_html(&masked(), &RenderOptions::default()).expect("html")
    );
}

#[test]
fn bodies_and_review_of_the_sample_stand() {
    let (report, facts, renderer) = (masked(), facts(), renderer());
    let issue = renderer.issue_body(&input(&report, "C0b1ff12e", &facts)).expect("issue");
    insta::assert_snapshot!("issue_md", issue);
    let comment = renderer.comment_body(&input(&report, "C0b1ff12e", &facts)).expect("comment");
    insta::assert_snapshot!("comment_md", comment);
    let item = ReviewItem {
        id: facts.id.clone(),
        kind: "comment".into(),
        status: "needs_review".into(),
        priority: "P0".into(),
        cluster: "C0b1ff12e".into(),
        cluster_title: "OrderStoreTimeout".into(),
        repo: "acme/shop".into(),
        number: Some(372),
        title: "Order store times out".into(),
        reason: "same template; two candidates are close".into(),
        tier: "lexical".into(),
        score: Some(0.52),
        candidates: vec![CandidateLine {
            number: 372,
            score: 0.52,
            state: "open".into(),
            title: "Order store @ann #4".into(),
        }],
        last_comment: Some(comment.replace("28 (", "20 (")),
        body: comment,
        ..ReviewItem::default()
    };
    insta::assert_snapshot!("review_md", renderer.review(&[item], None).expect("review"));
}

#[test]
fn the_terminal_summary_of_the_sample_stands() {
    let text = terminal_summary_with(&masked(), &["gardener explain C0b1ff12e --store garden".into()]);
    assert!(text.lines().count() <= 24);
    insta::assert_snapshot!("terminal", text);
}

#[test]
fn the_first_sixty_lines_answer_without_folding() {
    let mut long = masked();
    let many = |text: &str| (0..30).map(|i| format!("{text} {i}")).collect::<Vec<_>>();
    long.summary.new = many("new thing");
    long.summary.unseen = many("unseen thing");
    long.summary.next = many("step");
    let row = long.summary.findings[0].clone();
    long.summary.findings.extend(std::iter::repeat_n(row, 40));
    let text = renderer().worklog_markdown(&long, &RenderOptions::default()).expect("markdown");
    let first: Vec<&str> = text.lines().take(60).collect();
    for wanted in [
        "**Coverage:**",
        "**Services:**",
        "**Window:**",
        "1. **P0**",
        "**New:**",
        "**Got worse:**",
        "**Went away:**",
        "**What follows from what:**",
        "**To do now:**",
        "**Could not be seen:**",
    ] {
        assert!(first.iter().any(|line| line.contains(wanted)), "{wanted}");
    }
    assert!(!first.iter().any(|line| line.contains("<details")));
    assert!(
        first.iter().position(|line| line.contains("**Coverage:**"))
            < first.iter().position(|line| line.contains("**Window:**"))
    );
}

#[test]
fn no_text_of_a_log_acts_in_markdown() {
    let (report, facts, renderer) = (masked(), facts(), renderer());
    let documents = [
        renderer.worklog_markdown(&report, &RenderOptions::default()).expect("worklog"),
        renderer.issue_body(&input(&report, "C44444444", &facts)).expect("issue"),
        renderer.comment_body(&input(&report, "C44444444", &facts)).expect("comment"),
    ];
    for text in documents {
        let text = text.replace("Related: same family #371", "");
        for hidden in ['\u{1b}', '\u{202e}', '\u{200b}'] {
            assert!(!text.contains(hidden), "{hidden:?}");
        }
        assert!(!text.contains("<!-- log-gardener:fp=lgfp1:0000000000000000"));
        let live = live(&text)
            .replace("](https://github.com/acme/shop/issues/", "](")
            .replace("[#372]", "")
            .replace("[#88]", "");
        for acting in
            ["<script", "@team", "@ann", "#1 ", "#12", "#371", "#9", "GH-7", "![", "http://e", "kim@shop.example"]
        {
            assert!(!live.contains(acting), "{acting} in {live}");
        }
    }
}

#[test]
fn no_text_of_a_log_acts_in_html() {
    let text = renderer().worklog_html(&masked(), &RenderOptions::default()).expect("html");
    assert!(text.contains("&lt;script&gt;alert(1)"));
    assert!(
        !text.contains("<script>alert")
            && !text.contains("<b>ann")
            && !text.contains("src=\"http")
            && !text.contains("<img")
    );
    for hidden in ['\u{1b}', '\u{202e}', '\u{200b}'] {
        assert!(!text.contains(hidden), "{hidden:?}");
    }
    assert_eq!(text.matches("<script").count(), 1, "only the page's own script");
    assert!(text.contains("default-src 'none'"));
}

#[test]
fn no_text_of_a_log_acts_in_a_terminal() {
    let text = terminal_summary(&masked());
    assert!(
        text.contains("<script>alert(1)")
            && !text.contains(|c: char| c.is_control() && c != '\n')
            && !text.contains('\u{202e}')
    );
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = masked();
    let render = || {
        let renderer = renderer();
        (
            renderer.worklog_markdown(&report, &RenderOptions::default()).expect("markdown"),
            renderer.worklog_html(&report, &RenderOptions::default()).expect("html"),
        )
    };
    assert_eq!(render(), render());
}

#[test]
fn an_empty_report_renders() {
    let (report, options) = (Report::default(), RenderOptions::default());
    assert!(renderer().worklog_markdown(&report, &options).expect("markdown").contains("Nothing to report"));
    assert!(renderer().worklog_html(&report, &options).is_ok());
    assert!(terminal_summary(&report).lines().count() <= 24);
}

#[test]
fn a_short_window_shows_moments_instead_of_days() {
    let mut report = masked();
    report.window.since = "2025-10-11T21:30:00Z".into();
    report.window.until = "2025-10-11T21:40:00Z".into();
    report.clusters.iter_mut().for_each(|c| c.trend.per_day.truncate(1));
    let html = renderer().worklog_html(&report, &RenderOptions::default()).expect("html");
    assert!(html.contains("In the window") && html.contains("chart moments") && !html.contains("chart heat"));
    assert!(html.contains("28 in the window: 2025-10-11 21:33:01Z to 21:37:17Z"));
    let markdown = renderer().worklog_markdown(&report, &RenderOptions::default()).expect("markdown");
    assert!(!markdown.contains("Per day") && !markdown.contains("Per UTC day"));
}

#[test]
fn documents_are_cut_and_say_how_much_is_left_out() {
    let options = RenderOptions { clusters: 2, timeline: 1, times: 3, examples: false, ..RenderOptions::default() };
    let text = renderer().worklog_markdown(&masked(), &options).expect("markdown");
    for wanted in [
        "clusters of WARNING or above are left out here",
        "4 of 5 rows are left out",
        "(12 more)",
        "Entries are not quoted",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(!text.contains("68eacd0d00031d44a1b2c3d4"));
}

#[test]
fn a_body_fits_the_tracker_and_keeps_its_markers_and_last_line() {
    let (mut report, facts) = (masked(), facts());
    let c = &mut report.clusters[0];
    c.template = "x ".repeat(80_000);
    c.example.as_mut().expect("example").json = Some("y".repeat(200_000));
    for text in [
        renderer().issue_body(&input(&report, "C0b1ff12e", &facts)).expect("issue"),
        renderer().comment_body(&input(&report, "C0b1ff12e", &facts)).expect("comment"),
    ] {
        assert!(text.chars().count() <= BODY_LIMIT);
        assert!(text.starts_with(
            "<!-- log-gardener:fp=lgfp1:0b1ff12e00000000 sig=5c01d3a9e77b2f40 -->\n<!-- log-gardener:act=act_00f3a1b2c3d4e5f6 -->\n"
        ));
        assert!(text.lines().last().is_some_and(|line| line.contains("Next action:")));
    }
}

#[test]
fn a_body_for_a_tracker_of_smaller_texts_is_cut_at_the_quoted_entry_first() {
    let (mut report, mut facts) = (masked(), facts());
    facts.limit = 9_000;
    report.clusters[0].example.as_mut().expect("example").json = Some("y".repeat(20_000));
    let text = renderer().issue_body(&input(&report, "C0b1ff12e", &facts)).expect("issue");
    assert!(text.chars().count() <= 9_000, "{}", text.chars().count());
    assert!(text.contains("yyy") && text.contains("| Seen with it |"), "the entry shrinks, the rest stays");
}

#[test]
fn a_comment_that_reopens_says_what_came_since_the_closing() {
    let report = fixture::report();
    let since_closing = Some((60, "2025-10-10T00:00:00Z".to_owned()));
    let facts = ActionFacts { kind: "reopen".into(), since_closing, ..facts() };
    let text = renderer().comment_body(&input(&report, "C0b1ff12e", &facts)).expect("comment");
    let said = "back after closing: 60 events since, the first at 2025-10-10T00:00:00Z; in the whole window: ";
    assert!(text.contains(said), "{text}");
}

#[test]
fn a_member_that_another_loop_has_too_is_told_with_what_is_of_this_one() {
    let (mut report, facts) = (masked(), facts());
    report.families[0].shared_members = vec![SharedMember {
        cluster: "C22222222".into(),
        entries: 6,
        events: 5,
        first: "2025-10-11T21:33:11.204100000Z".into(),
    }];
    let issue = renderer().issue_body(&input(&report, "C0b1ff12e", &facts)).expect("issue");
    let row = issue.lines().find(|line| line.contains("(C22222222)")).expect("a row");
    assert_eq!(row, "| `Container called exit(1).` (C22222222) | WARNING 6 | 6 | 5 | first seen 10.0 s after |");
    let comment = renderer().comment_body(&input(&report, "C0b1ff12e", &facts)).expect("comment");
    assert!(comment.contains("(C22222222, 6 entries, first seen 10.0 s after)"), "{comment}");
}

#[test]
fn a_comment_sets_both_moments_side_by_side_and_keeps_what_it_said() {
    let (report, mut facts) = (masked(), facts());
    facts.deltas = vec![DeltaLine { what: "timeout".into(), before: "2.1 s".into(), now: "2.8 s".into() }];
    facts.since = Some("2025-10-11T00:00:00Z".into());
    facts.over_s = Some(86_400.0);
    facts.earlier = vec!["- timeout 1.5 s -> 2.1 s".into(), "- timeout 8 s, then 20 s, then 25 s".into()];
    facts.raised = Some("from P2 to P1".into());
    facts.owner = Some("team-checkout".into());
    let text = renderer().comment_body(&input(&report, "C0b1ff12e", &facts)).expect("comment");
    for wanted in [
        "**Status:** priority raised from P2 to P1: ",
        "| | Before (data up to 2025-10-11T00:00:00Z) | Now |",
        "| timeout | 2.1 s | 2.8 s |",
        "Both columns look back 24.0 h.",
        "This comment said before:\n\n```\n- timeout 1.5 s -> 2.1 s\n```",
        "**Next action:** team-checkout: check ",
    ] {
        assert!(text.contains(wanted), "{wanted:?} in\n{text}");
    }
}

#[test]
fn a_template_of_the_user_replaces_one_file_and_errors_name_it() {
    let folder = scratch("overrides");
    fs::write(folder.join("worklog.md.j2"), "mine: {{ report.run.run_id }} {{ report.clusters[6].title }}\n")
        .expect("write");
    let text = Renderer::new(Some(&folder))
        .expect("templates")
        .worklog_markdown(&report(), &RenderOptions::default())
        .expect("markdown");
    assert!(text.starts_with("mine: run\\_5f1c") || text.starts_with("mine: run_5f1c"), "{text}");
    assert!(
        text.contains("&lt;script&gt;") && !text.contains("@team") && HOSTILE.contains("@team"),
        "values are inert in a user's template too"
    );

    fs::write(folder.join("worklog.md.j2"), "a\n{% if %}\n").expect("write");
    let error = Renderer::new(Some(&folder)).expect_err("syntax").to_string();
    assert!(error.contains("worklog.md.j2, line 2"), "{error}");

    fs::write(folder.join("worklog.md.j2"), "a\nb\n{{ report.nothing }}\n").expect("write");
    let error = Renderer::new(Some(&folder))
        .expect("templates")
        .worklog_markdown(&report(), &RenderOptions::default())
        .expect_err("unknown")
        .to_string();
    assert!(error.contains(&*folder.to_string_lossy()) && error.contains("line 3"), "{error}");

    fs::remove_file(folder.join("worklog.md.j2")).expect("remove");
    fs::write(folder.join("worklogs.md.j2"), "").expect("write");
    assert!(matches!(Renderer::new(Some(&folder)), Err(RenderError::Unknown { .. })));
    assert!(matches!(Renderer::new(Some(&folder.join("none"))), Err(RenderError::Read { .. })));
    fs::remove_dir_all(&folder).expect("clean");
}

/// Every variable of a template stands in its description, and so do the filters.
#[test]
fn what_templates_see_is_documented() {
    let described = include_str!("../../docs/templates.md");
    let (report, week, notes) = (masked(), mask_report(super::fixture_weekly::weekly()), Notes::read(None));
    let options = RenderOptions::default();
    let view = View::new(&report, &options, &notes, true);
    let weekly = WeeklyView::new(&week, week.weekly.as_ref().expect("a week"), &options, &notes, true);
    let incident = Report { postmortem: Some(crate::report::v1_postmortem::Postmortem::default()), ..masked() };
    let incident = PostmortemView::new(&incident, &options, &notes, true);
    let facts = facts();
    let body = bodies::seen(&input(&report, "C0b1ff12e", &facts));
    let mut missing = Vec::new();
    let values = [serde_json::to_value(&view), serde_json::to_value(&weekly), serde_json::to_value(&incident)];
    for value in values.into_iter().map(|value| value.expect("a map")).chain([body]) {
        let keys = value.as_object().expect("a map").keys();
        missing.extend(keys.filter(|key| !described.contains(&format!("`{key}`"))).cloned());
    }
    let cluster = serde_json::to_value(&view).expect("a map")["clusters"]["rows"][0].clone();
    let keys = cluster.as_object().expect("a cluster").keys();
    missing.extend(keys.filter(|key| !described.contains(&format!("`{key}`"))).cloned());
    let names = include_str!("filters.rs").split("add_filter(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let known = |name: &&str| described.contains(&format!("`{name}`")) || described.contains(&format!("`{name}("));
    missing.extend(names.filter(|name| !known(name)).map(str::to_owned));
    assert!(missing.is_empty(), "docs/templates.md does not tell of {missing:?}");
}

#[test]
fn remarks_are_merged_and_never_lost() {
    let notes =
        "## Summary\nSeen by Ann, see the *wiki*.\n\n## C0b1ff12e\nThe store was being moved.\n\n## Lunch\nno\n";
    let options = RenderOptions { notes: Some(notes), ..RenderOptions::default() };
    for text in [
        renderer().worklog_markdown(&masked(), &options).expect("markdown"),
        renderer().worklog_html(&masked(), &options).expect("html"),
    ] {
        for wanted in ["see the *wiki*.", "The store was being moved.", "Lunch"] {
            assert!(text.contains(wanted), "{wanted}");
        }
    }
}

#[test]
fn results_replace_planned_rows() {
    let filed = [Filed {
        action_id: "act_00f3a1b2c3d4e5f6".into(),
        status: "applied".into(),
        number: Some(372),
        url: Some("https://github.com/acme/shop/issues/372".into()),
        comment_url: Some("https://github.com/acme/shop/issues/372#issuecomment-9".into()),
        at: Some("2025-10-13T07:01:00Z".into()),
        error: None,
    }];
    let options = RenderOptions { filed: &filed, ..RenderOptions::default() };
    let text = renderer().worklog_markdown(&masked(), &options).expect("markdown");
    assert!(text.contains("| [C0b1ff12e](#C0b1ff12e) | comment | [#372](https://github.com/acme/shop/issues/372) | P0 (label P1) | applied 2025-10-13 07:01:00Z, [comment]"));
    assert!(text.contains("comment applied 1") && !text.contains("Planned, not yet filed"));
}

/// Runs the filing step over a list, without `APPLY`: exit code, what it printed, its results.
fn dry_run(name: &str, list: &str) -> (Option<i32>, String, String) {
    let folder = scratch(name);
    fs::create_dir(folder.join("bodies")).expect("folder");
    for file in ["apply.sh", "bodies/act_00f3a1b2c3d4e5f6.md", "bodies/act_00f3a1b2c3d4e5f6.title"] {
        fs::write(folder.join(file), APPLY_SH).expect("write");
    }
    fs::write(folder.join("apply.list"), list).expect("write");
    let done = std::process::Command::new("bash")
        .arg(folder.join("apply.sh"))
        .env_remove("APPLY")
        .env("GARDENER_NOW", "2025-10-13T07:00:00Z")
        .output()
        .expect("bash");
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    let rows = fs::read_to_string(folder.join("results.jsonl")).unwrap_or_default();
    fs::remove_dir_all(&folder).expect("clean");
    (done.status.code(), text, rows)
}

#[test]
fn the_filing_step_shows_its_calls_and_records_a_dry_run() {
    let call = "-X POST repos/acme/shop/issues -F title=@bodies/act_00f3a1b2c3d4e5f6.title -F body=@bodies/act_00f3a1b2c3d4e5f6.md -f labels[]=P1";
    let list = format!(
        "#run=run_5f1c0a7e9b2d4c11\n#valid_until=2025-10-14T06:00:00Z\nact_00f3a1b2c3d4e5f6 create acme/shop - - lgfp1:aa create {call}\n"
    );
    let (code, text, rows) = dry_run("dry", &list);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("gh api {call}")) && text.contains("dry run"), "{text}");
    let row: serde_json::Value = serde_json::from_str(&rows).expect("one row");
    assert_eq!(
        (row["status"].as_str(), row["run_id"].as_str(), row["at"].as_str()),
        (Some("dry_run"), Some("run_5f1c0a7e9b2d4c11"), Some("2025-10-13T07:00:00Z"))
    );
}

#[test]
fn the_filing_step_refuses_a_list_that_it_cannot_trust() {
    let head = "act_00f3a1b2c3d4e5f6 create acme/shop - - lgfp1:aa create -X POST";
    for list in [
        "x; rm -rf y\n".to_owned(),
        format!("{head} repos/acme/shop/issues -F title=@/etc/hostname -F body=@bodies/act_00f3a1b2c3d4e5f6.md\n"),
        format!("{head} repos/other/shop/issues -F title=@bodies/act_00f3a1b2c3d4e5f6.title\n"),
        format!("{head} repos/acme/shop/issues --input x\n"),
        format!("{head} repos/acme/shop/issues -F title=@bodies/act_11f3a1b2c3d4e5f6.title\n"),
        format!(
            "#sha256 00 bodies/act_00f3a1b2c3d4e5f6.md\n{head} repos/acme/shop/issues -F title=@bodies/act_00f3a1b2c3d4e5f6.title\n"
        ),
    ] {
        let (code, text, rows) = dry_run("refused", &list);
        assert_eq!((code, rows.as_str()), (Some(2), ""), "{list}{text}");
    }
}
