//! The project's own queries, by the name of their file in `queries/`.

/// Name and text of each query, in order of names.
pub const NAMED: &[(&str, &str)] = &[
    ("clusters", include_str!("../../queries/clusters.sql")),
    ("coverage", include_str!("../../queries/coverage.sql")),
    ("days", include_str!("../../queries/days.sql")),
    ("deploys", include_str!("../../queries/deploys.sql")),
    ("events", include_str!("../../queries/events.sql")),
    ("exceptions", include_str!("../../queries/exceptions.sql")),
    ("exits", include_str!("../../queries/exits.sql")),
    ("hours", include_str!("../../queries/hours.sql")),
    ("instances", include_str!("../../queries/instances.sql")),
    ("requests", include_str!("../../queries/requests.sql")),
    ("revisions", include_str!("../../queries/revisions.sql")),
    ("severities", include_str!("../../queries/severities.sql")),
    ("top_templates", include_str!("../../queries/top_templates.sql")),
    ("traces", include_str!("../../queries/traces.sql")),
];

/// The text of a query by its name, with or without `.sql`.
pub fn named(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".sql").unwrap_or(name);
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
