//! `gardener explain`: everything known of one cluster.

use std::fmt::Write as _;
use std::io::Write;

use super::args::{ExplainArgs, ReportArgs};
use super::context::{BOLD, Context};
use super::{Stop, pages, report};
use crate::report::v1::{Cluster, Report};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &ExplainArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let made = report::make(
        context,
        &path,
        &args.window,
        &ReportArgs { issues: args.issues.clone(), ..ReportArgs::default() },
        None,
    )?;
    let cluster = find(&made.report, &args.id)?;
    if context.common.json {
        return Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(cluster)?)?);
    }
    Ok(write!(anstream::stdout(), "{}", text(&made.report, cluster))?)
}

/// The cluster of an id, of a family's root, or of a unique beginning of either.
fn find<'a>(report: &'a Report, id: &str) -> anyhow::Result<&'a Cluster> {
    let root =
        report.families.iter().filter(|family| family.id.starts_with(id)).map(|family| family.root.as_str()).next();
    let wanted = root.unwrap_or(id);
    let hits: Vec<&Cluster> = report
        .clusters
        .iter()
        .filter(|cluster| cluster.id.starts_with(wanted) || cluster.fingerprint.starts_with(wanted))
        .collect();
    match hits.as_slice() {
        [one] => Ok(one),
        [] => Err(Stop::Usage(format!("no cluster {id} in this window: `gardener templates` lists what there is, --since and --until choose another window")).into()),
        many => {
            let names = many.iter().take(5).map(|cluster| cluster.id.as_str()).collect::<Vec<_>>().join(", ");
            Err(Stop::Usage(format!("{id} begins {} ids: {names}", many.len())).into())
        }
    }
}

fn text(report: &Report, cluster: &Cluster) -> String {
    let mut out = String::new();
    let counts = |map: &std::collections::BTreeMap<String, u64>| {
        map.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "{BOLD}{name:<12}{BOLD:#} {}", pages::shown(&value));
        }
    };
    line("cluster", format!("{}  {}  {}", cluster.id, cluster.priority, cluster.fingerprint));
    line("template", cluster.template.clone());
    line("service", format!("{} ({}, {})", cluster.service, cluster.kind, cluster.project));
    line("severity", format!("{} in effect; envelope: {}", cluster.effective_severity, counts(&cluster.severities)));
    line("raised", cluster.effective_reason.clone().unwrap_or_default());
    line(
        "counts",
        format!(
            "{} entries, {} attached, {} events, {} episodes",
            cluster.entries, cluster.attached, cluster.events, cluster.episodes
        ),
    );
    line("seen", format!("{} to {}", cluster.first, cluster.last));
    line("cadence", cluster.cadence.words.clone());
    line("status", format!("{}: {}", cluster.status, cluster.status_why.join("; ")));
    line(
        "where",
        [cluster.module.as_deref(), cluster.function.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" / "),
    );
    line("revisions", counts(&cluster.revisions));
    line(
        "reach",
        format!(
            "{} instances, {} traces, {}",
            cluster.instances,
            cluster.traces,
            cluster.users.map_or_else(|| "users unknown".into(), |n| format!("{n} users"))
        ),
    );
    line("family", cluster.family.as_ref().map_or_else(String::new, |id| format!("{id} ({})", cluster.role)));
    for family in report.families.iter().filter(|family| Some(&family.id) == cluster.family.as_ref()) {
        line("", family.sentence.clone());
    }
    for term in &cluster.priority_terms {
        line("points", format!("{:+4} {}: {}", term.points, term.term, term.why));
    }
    for parameter in &cluster.parameters {
        let top =
            parameter.top.iter().map(|value| format!("{} ({})", value.value, value.n)).collect::<Vec<_>>().join(", ");
        let range = parameter.min.zip(parameter.max).map_or_else(String::new, |(min, max)| {
            format!("; {min} to {max}{}", parameter.unit.as_deref().unwrap_or(""))
        });
        let name = parameter.name.as_deref().unwrap_or("-");
        line(
            "variable",
            format!(
                "{} {name} <{}>: {} values, {} distinct{range}; top: {top}",
                parameter.slot, parameter.kind, parameter.n, parameter.distinct
            ),
        );
        line("drift", parameter.drift.clone().unwrap_or_default());
    }
    for day in cluster.trend.per_day.iter().filter(|day| day.entries > 0 || !day.covered) {
        line(
            "day",
            if day.covered { format!("{} {}", day.day, day.entries) } else { format!("{} not covered", day.day) },
        );
    }
    line("filter", format!("gcloud logging read '{}'", cluster.filter.replace('\'', "")));
    if let Some(example) = &cluster.example {
        line(
            "entry",
            format!(
                "{} {} at byte {}",
                example.insert_id.as_deref().unwrap_or("(no insertId)"),
                example.file,
                example.offset
            ),
        );
        for row in example.message.lines().take(30) {
            line("", row.to_owned());
        }
    }
    out
}
