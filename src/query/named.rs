//! The project's own queries, by the name of their file in `queries/`.

/// Name and text of each query, in order of names.
pub const NAMED: &[(&str, &str)] = &[
    ("activity", include_str!("../../queries/activity.sql")),
    ("attached", include_str!("../../queries/attached.sql")),
    ("audit_entries", include_str!("../../queries/audit_entries.sql")),
    ("cluster_days", include_str!("../../queries/cluster_days.sql")),
    ("cluster_events", include_str!("../../queries/cluster_events.sql")),
    ("cluster_hosts", include_str!("../../queries/cluster_hosts.sql")),
    ("cluster_places", include_str!("../../queries/cluster_places.sql")),
    ("cluster_revisions", include_str!("../../queries/cluster_revisions.sql")),
    ("cluster_severities", include_str!("../../queries/cluster_severities.sql")),
    ("cluster_sizes", include_str!("../../queries/cluster_sizes.sql")),
    ("cluster_stacks", include_str!("../../queries/cluster_stacks.sql")),
    ("cluster_traces", include_str!("../../queries/cluster_traces.sql")),
    ("clusters", include_str!("../../queries/clusters.sql")),
    ("coverage", include_str!("../../queries/coverage.sql")),
    ("days", include_str!("../../queries/days.sql")),
    ("deploys", include_str!("../../queries/deploys.sql")),
    ("event_revisions", include_str!("../../queries/event_revisions.sql")),
    ("events", include_str!("../../queries/events.sql")),
    ("examples", include_str!("../../queries/examples.sql")),
    ("exceptions", include_str!("../../queries/exceptions.sql")),
    ("exits", include_str!("../../queries/exits.sql")),
    ("field_values", include_str!("../../queries/field_values.sql")),
    ("hours", include_str!("../../queries/hours.sql")),
    ("insert_ids", include_str!("../../queries/insert_ids.sql")),
    ("instances", include_str!("../../queries/instances.sql")),
    ("messages", include_str!("../../queries/messages.sql")),
    ("minutes", include_str!("../../queries/minutes.sql")),
    ("receive_lags", include_str!("../../queries/receive_lags.sql")),
    ("request_latencies", include_str!("../../queries/request_latencies.sql")),
    ("requests", include_str!("../../queries/requests.sql")),
    ("revisions", include_str!("../../queries/revisions.sql")),
    ("severities", include_str!("../../queries/severities.sql")),
    ("shared_events", include_str!("../../queries/shared_events.sql")),
    ("signatures", include_str!("../../queries/signatures.sql")),
    ("starts", include_str!("../../queries/starts.sql")),
    ("template_counts", include_str!("../../queries/template_counts.sql")),
    ("top_templates", include_str!("../../queries/top_templates.sql")),
    ("totals", include_str!("../../queries/totals.sql")),
    ("traces", include_str!("../../queries/traces.sql")),
];

/// The text of a query by its name, with or without `.sql`.
pub fn named(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".sql").unwrap_or(name);
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_here_in_order_opens_with_its_question_and_is_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/queries");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder ships with the source")
            .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
            .collect();
        files.sort();
        assert_eq!(files, NAMED.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
        let document = include_str!("../../docs/queries.md");
        for (name, text) in NAMED {
            let first = text.lines().next().unwrap_or("");
            assert!(first.starts_with("-- ") && first.contains('?'), "{name} opens with {first:?}");
            let row = format!("| [`{name}`](../queries/{name}.sql) | {} |", &first[3..]);
            assert!(document.contains(&row), "docs/queries.md has no row {row}");
        }
    }
}
