//! The ten questions of somebody on call: the first 60 lines of the worklog and of the retrospective of `data/` answer each,
//! with the figures that the generator of the sample wrote down, not only with a heading.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use crate::harness::{folder, gardener, json, repository, sample};

static TRUTH: LazyLock<Value> = LazyLock::new(|| json(&repository("data/truth.json")));

/// Lines that a reader sees without scrolling or unfolding.
const LINES: usize = 60;

/// A page's first lines with the report that it was rendered from.
struct Page {
    head: String,
    report: Value,
}

impl Page {
    fn read(out: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(out.join(name)).unwrap();
        Self { head: text.lines().take(LINES).collect::<Vec<_>>().join("\n"), report: json(&out.join("report.json")) }
    }

    /// The cluster that the truth names so.
    #[track_caller]
    fn cluster(&self, name: &str) -> &Value {
        let truth = truth(name);
        let contains = text(truth, "contains");
        let hit = |row: &&Value| {
            row["service"] == truth["service"]
                && (truth["status"].is_null() || row["http"]["status"] == truth["status"])
                && (text(row, "template").contains(contains)
                    || row["example"]["message"].as_str().is_some_and(|message| message.contains(contains)))
        };
        self.report["clusters"].as_array().unwrap().iter().find(hit).unwrap_or_else(|| panic!("no cluster for {name}"))
    }

    fn id(&self, name: &str) -> &str {
        text(self.cluster(name), "id")
    }

    /// The line that begins so, with what is indented below it.
    #[track_caller]
    fn under(&self, heading: &str) -> String {
        let begins = format!("- **{heading}:**");
        let mut lines = self.head.lines().skip_while(|line| !line.starts_with(&begins));
        let first = lines.next().unwrap_or_else(|| panic!("{begins} stands on the first screen:\n{}", self.head));
        let below = lines.take_while(|line| line.starts_with("  "));
        std::iter::once(first).chain(below).collect::<Vec<_>>().join("\n")
    }

    /// The line of the ranked list that links to a cluster.
    #[track_caller]
    fn finding(&self, name: &str) -> &str {
        let id = self.id(name);
        let ranked = |line: &&str| line.contains(". **P") && line.contains(id);
        self.head.lines().find(ranked).unwrap_or_else(|| panic!("{name} {id} is ranked:\n{}", self.head))
    }

    /// Every word stands in a text.
    #[track_caller]
    fn says(question: &str, text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{question}: {word:?} in\n{text}");
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text: {}", value[key]))
}

fn truth(name: &str) -> &'static Value {
    let all = TRUTH["clusters"].as_array().unwrap();
    all.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} is in the truth"))
}

/// A moment as documents write it, to the second.
fn second(moment: &str) -> String {
    format!("{}Z", moment[..19].replace('T', " "))
}

fn ns(moment: &str) -> i64 {
    log_gardener::time::parse(moment).unwrap().ns
}

fn services() -> std::collections::BTreeSet<&'static str> {
    TRUTH["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| text(row, "service"))
        .filter(|name| !name.is_empty())
        .collect()
}

/// Who owns a service, as the sample's configuration says.
fn owner(service: &str) -> String {
    let file = std::fs::read_to_string(repository("data/gardener.toml")).unwrap();
    let table: toml::Table = file.parse().unwrap();
    let rules = table["service"].as_array().unwrap();
    let hit = |rule: &&toml::Value| service.starts_with(rule["match"].as_str().unwrap().trim_end_matches('*'));
    rules.iter().find(hit).and_then(|rule| rule["owner"].as_str()).unwrap().to_owned()
}

/// What holds of a crash loop in any document: how many starts, how often, since when, and that it is over.
#[track_caller]
fn tells_the_crash_loop(page: &Page, end: &str) {
    let truth = &TRUTH["crash_loop"];
    let line = page.finding(text(truth, "root_cluster"));
    let days = (ns(end) - ns(text(truth, "last_exit"))) as f64 / 86_400e9;
    let length = if days >= 2.0 { format!("{days:.1} days") } else { format!("{:.1} h", days * 24.0) };
    let stopped = format!("stopped, {length} covered since");
    Page::says(
        "what is worst, how often, over how many starts",
        line,
        &[
            "**P0**",
            text(truth, "root"),
            text(truth, "service"),
            &format!("{} starts ended in an exit", truth["exits"]),
            &format!("every {:.1} s", truth["median_gap_s"].as_f64().unwrap()),
            &format!("last {}", second(text(truth, "last_exit"))),
            &stopped,
        ],
    );
    let since = line.split("since ").nth(1).unwrap().split(',').next().unwrap();
    let first = [text(truth, "first"), text(truth, "first_exit")].map(second);
    assert!(first[0].as_str() <= since && since <= first[1].as_str(), "since when: {since}, not in {first:?}");
    Page::says(
        "what is to be done now, by whom",
        &page.under("To do now"),
        &[
            &format!("P0: {}", page.id(text(truth, "root_cluster"))),
            &owner(text(truth, "service")),
            &format!("gardener explain {}", page.id(text(truth, "root_cluster"))),
            text(truth, "revision"),
        ],
    );
}

#[track_caller]
fn tells_the_cascade(page: &Page, pairs: u64, lag_ms: Option<f64>) {
    let truth = &TRUTH["cascade"];
    let line = page.under("What follows from what");
    let symptom = &self::truth(text(truth, "symptom"))["contains"];
    Page::says(
        "what follows from what",
        &line,
        &[
            &page.id(text(truth, "root")).replacen('C', "F", 1),
            &format!("same request in {pairs} traces"),
            symptom.as_str().unwrap().split_whitespace().next().unwrap(),
        ],
    );
    if let Some(lag_ms) = lag_ms {
        Page::says("after how long", &line, &[&format!("{lag_ms:.0} ms after it (median)")]);
    }
}

#[test]
fn the_worklog_answers_the_ten_questions_with_the_figures_of_the_truth() {
    let page = Page::read(&sample().out, "worklog.md");
    let head = page.head.as_str();
    for service in services() {
        Page::says("which services", head.lines().next().unwrap(), &[service]);
    }
    let (first, last) = (text(&TRUTH["window"], "first"), text(&TRUTH["window"], "last"));
    Page::says("what window", &page.under("Window"), &[&second(first), &second(last)]);
    let days = format!("{:.1} days", TRUTH["generator"]["days"].as_f64().unwrap());
    let coverage = head.lines().find(|line| line.starts_with("**Coverage:**")).unwrap();
    Page::says(
        "how much of it is covered",
        coverage,
        &[&format!("cover {days}"), &format!("of {days} asked for"), "row cap"],
    );

    tells_the_crash_loop(&page, text(&TRUTH["window"], "last"));
    for name in ["refund signature", "coupon evaluation", "start-up race", "stock sync"] {
        let n = truth(name)["entries"].as_u64().unwrap();
        Page::says("how often", page.finding(name), &[&format!("{n} entries")]);
    }
    for line in head.lines().filter(|line| line.contains("-> 503`")) {
        Page::says("of how many requests", line, &[" requests of its route answered 5xx ("]);
    }

    let new = &TRUTH["new"][0];
    Page::says(
        "what is new",
        &page.under("New"),
        &[page.id(text(new, "cluster")), &text(new, "since")[..19], text(new, "revision")],
    );
    let (back, drift) = (&TRUTH["regressed"][0], TRUTH["drift"]["per_day"].as_array().unwrap());
    let value = |row: Option<&Value>| format!("{} s", row.unwrap()["value"].as_f64().unwrap());
    Page::says(
        "what got worse, by how much, since when",
        &page.under("Got worse"),
        &[
            page.id(text(back, "cluster")),
            &format!("{} was closed", back["issue"]),
            text(back, "revision"),
            &text(back, "since")[..19],
            page.id(text(&TRUTH["drift"], "cluster")),
            &value(drift.first()),
            &value(drift.last()),
        ],
    );
    let solved = &TRUTH["solved"][0];
    Page::says(
        "what was fixed or went away",
        &page.under("Went away"),
        &[page.id(text(solved, "cluster")), &text(solved, "last_seen")[..19], text(solved, "revision")],
    );
    let cascade = &TRUTH["cascade"];
    tells_the_cascade(&page, cascade["pairs"].as_u64().unwrap(), cascade["median_lag_ms"].as_f64());
    let cap = &TRUTH["row_caps"][0];
    Page::says(
        "what could not be seen",
        &page.under("Could not be seen"),
        &[text(cap, "file"), "exactly 1,000 rows", &format!("{:.1} s", cap["covered_s"].as_f64().unwrap())],
    );
    assert!(!head.contains("<details"), "nothing of it is folded");
}

#[test]
fn the_retrospective_answers_the_ten_questions_with_the_figures_of_the_truth() {
    const WEEK: [&str; 2] = ["2025-09-15T00:00:00Z", "2025-09-22T00:00:00Z"];
    let scratch = folder();
    let out = scratch.path().join("weekly");
    let mut command = gardener();
    command.arg("weekly").arg("--store").arg(&sample().store).arg("--out").arg(&out).args(["--week", "2025-W38"]);
    command.arg("--config").arg(repository("data/gardener.toml")).arg("--issues").arg(repository("data/issues.json"));
    crate::harness::Said::from(command.output().unwrap()).exits(0);
    let page = Page::read(&out, "weekly.md");
    let head = page.head.as_str();
    let inside = |moment: &str| moment >= WEEK[0] && moment < WEEK[1];
    for service in services() {
        Page::says("which services", head, &[&format!("| {service} ({})", owner(service))]);
    }
    Page::says("what window", &page.under("Week"), &WEEK.map(second).each_ref().map(String::as_str));
    let coverage = head.lines().find(|line| line.starts_with("**Coverage:**")).unwrap();
    Page::says("how much of it is covered", coverage, &["cover 7.0 days", "of 7.0 days asked for"]);
    for row in page.report["weekly"]["services"].as_array().unwrap() {
        let deploys = TRUTH["deploys"].as_array().unwrap().iter();
        let mine = deploys.filter(|deploy| deploy["service"] == row["service"] && inside(text(deploy, "at"))).count();
        let line = head.lines().find(|line| line.starts_with(&format!("| {} (", text(row, "service")))).unwrap();
        Page::says("how many deploys", line, &[&format!("| {mine} |")]);
    }

    tells_the_crash_loop(&page, WEEK[1]);
    let new = &TRUTH["new"][0];
    let (id, line) = (page.id(text(new, "cluster")), page.under("New"));
    Page::says("what is new", &line, &[id, &second(text(new, "since")), text(new, "revision")]);
    assert!(!line.contains("first seen here"), "two weeks before cover enough to call it new: {line}");

    let back = &TRUTH["regressed"][0];
    Page::says(
        "did the fixes hold",
        head,
        &[&format!("[#{}]", back["issue"]), "**came back**", &text(back, "since")[..19], text(back, "revision")],
    );
    let worse = page.under("Got worse");
    let mut per_day = TRUTH["drift"]["per_day"].as_array().unwrap().iter();
    let last = per_day.rfind(|row| text(row, "day") < &WEEK[1][..10]).unwrap();
    Page::says(
        "what got worse, by how much",
        &worse,
        &[
            page.id(text(back, "cluster")),
            page.id(text(&TRUTH["drift"], "cluster")),
            &format!("{} s", last["value"].as_f64().unwrap()),
        ],
    );
    // Its issue was closed in spring, and it has been back since before this week: told then, and not as news again.
    assert!(!worse.contains(page.id("auth failure")), "{worse}");
    let solved = &TRUTH["solved"][0];
    Page::says(
        "what was fixed or went away",
        &page.under("Went away"),
        &[page.id(text(solved, "cluster")), &text(solved, "last_seen")[..19], text(solved, "revision")],
    );
    let family = page.report["families"].as_array().unwrap().iter().find(|row| row["kind"] == "same_trace").unwrap();
    tells_the_cascade(&page, family["events"].as_u64().unwrap(), None);
    assert!(page.under("Could not be seen").len() > "- **Could not be seen:**".len());
    assert!(!head.contains("<details"), "nothing of it is folded");
}
