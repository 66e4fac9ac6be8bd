//! The retrospective over the sample week: first lines first, nothing of a log acts, bytes repeat.

use super::fixture_weekly::weekly;
use super::tests::{live, renderer};
use super::*;

fn masked() -> Report {
    mask_report(weekly())
}

fn documents(report: &Report, options: &RenderOptions<'_>) -> (String, String) {
    let [markdown, html] = renderer().documents(report, options).expect("documents");
    assert_eq!((markdown.0.as_str(), html.0.as_str()), ("weekly.md", "weekly.html"));
    (markdown.1, html.1)
}

#[test]
fn the_markdown_retrospective_of_the_sample_stands() {
    insta::assert_snapshot!("weekly_md", documents(&masked(), &RenderOptions::default()).0);
}

#[test]
fn the_html_retrospective_of_the_sample_stands() {
    insta::assert_snapshot!("weekly_html", documents(&masked(), &RenderOptions::default()).1);
}

#[test]
fn the_json_of_the_sample_week_stands() {
    insta::assert_snapshot!("weekly_json", serde_json::to_string_pretty(&masked().weekly).expect("json"));
}

#[test]
fn the_first_sixty_lines_answer_the_ten_questions() {
    let (text, _) = documents(&masked(), &RenderOptions::default());
    let first: Vec<&str> = text.lines().take(60).collect();
    for wanted in [
        "# Weekly retrospective 2025-W41",
        "**Coverage:**",
        "**Week:**",
        "| shop-api (team-checkout) | P0 | 4.7 (last 1.4",
        "**Did the fixes hold?**",
        "| **came back** | 15 |",
        "1. **P0**",
        "**New:**",
        "**Got worse:**",
        "**Went away:**",
        "**What follows from what:**",
        "**To do now:**",
        "**Could not be seen:**",
    ] {
        assert!(first.iter().any(|line| line.contains(wanted)), "{wanted} in\n{}", first.join("\n"));
    }
    let list = text.lines().position(|line| line.starts_with("Sections:")).expect("the list of sections");
    assert!(list < 60 && !first[..list].iter().any(|line| line.contains("<details")));
}

#[test]
fn no_text_of_a_log_or_an_issue_acts() {
    let (markdown, html) = documents(&masked(), &RenderOptions::default());
    for hidden in ['\u{1b}', '\u{202e}', '\u{200b}'] {
        assert!(!markdown.contains(hidden) && !html.contains(hidden), "{hidden:?}");
    }
    let mut live = live(&markdown);
    for number in [372, 88, 91] {
        live = live.replace(&format!("[#{number}](https://github.com/acme/shop/issues/{number})"), "");
    }
    for acting in ["<script", "@team", "#1 ", "#90", "GH-7", "![", "http://e", "kim@shop.example"] {
        assert!(!live.contains(acting), "{acting} in {live}");
    }
    assert!(!html.contains("<script>alert") && !html.contains("<img") && html.matches("<script").count() == 1);
    assert!(!markdown.contains("lgfp1:0000000000000000 -->"));
}

#[test]
fn every_link_inside_the_document_has_its_place() {
    let (markdown, html) = documents(&masked(), &RenderOptions { clusters: 1, ..RenderOptions::default() });
    for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(html.contains(&format!("id=\"{target}\"")), "a link to #{target}, which is nowhere");
    }
    for target in markdown.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(markdown.contains(&format!("<a id=\"{target}\"></a>")), "a link to #{target}, which is nowhere");
    }
}

#[test]
fn a_first_week_and_an_empty_one_render() {
    let mut report = masked();
    let week = report.weekly.as_mut().expect("week");
    week.compared = false;
    week.weeks.remove(0);
    week.strips.iter_mut().for_each(|strip| {
        strip.days.drain(..7);
        strip.per_week.remove(0);
    });
    let (text, _) = documents(&report, &RenderOptions::default());
    assert!(text.contains("1 week, 2025-W41 to 2025-W41") && !text.contains('│'.to_string().repeat(2).as_str()));
    let empty = Report { weekly: Some(crate::report::v1_weekly::Weekly::default()), ..Report::default() };
    let (text, html) = documents(&empty, &RenderOptions::default());
    assert!(text.contains("No issue export was given") && html.contains("No cluster of WARNING or above"));
}

#[test]
fn remarks_stand_in_their_sections() {
    let notes = "## Did the fixes hold?\nAnn looks at it.\n\n## C0b1ff12e\nMoved.\n\n## Not seen\nThe sink was down.\n\n## Lunch\nno\n";
    let options = RenderOptions { notes: Some(notes), ..RenderOptions::default() };
    let (markdown, html) = documents(&masked(), &options);
    for text in [markdown, html] {
        for wanted in ["Ann looks at it.", "Moved.", "The sink was down.", "Lunch"] {
            assert_eq!(text.matches(wanted).count(), 1, "{wanted}");
        }
    }
    let skeleton = notes_skeleton(&masked());
    assert!(skeleton.contains("## Did the fixes hold?") && skeleton.contains("weekly retrospective"));
}

#[test]
fn without_examples_nothing_is_quoted_and_the_bytes_repeat() {
    let options = RenderOptions { examples: false, ..RenderOptions::default() };
    let (markdown, html) = documents(&masked(), &options);
    assert!(!markdown.contains("One entry as stored") && !html.contains("One entry as stored"));
    assert_eq!(documents(&masked(), &options), (markdown, html));
    assert!(documents(&masked(), &RenderOptions::default()).0.contains("One entry as stored"));
}
