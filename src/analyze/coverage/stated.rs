//! What the filter of an export lets through, as far as coverage goes.
//!
//! Conditions on time, place and service take nothing away from a service that is there. A severity is a floor. Anything else
//! (a status, a text, a label) lets through some rows of a level and keeps others, so the export says nothing of the levels that
//! it holds no row of, and an empty one says nothing at all.

use std::sync::LazyLock;

use regex::Regex;

use crate::record::Severity;

/// `key op value`, with a minus before it where it is turned round.
static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(-?[a-z_@][\w@."\[\]/-]*?)\s*(>=|<=|!=|=~|!~|=|>|<|:)\s*("[^"]*"|[^\s()"]+)"#)
        .expect("a valid expression")
});

/// What a filter lets through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// Least severity.
    pub(super) floor: Option<Severity>,
    /// Rows of one level are told apart by something else.
    pub(super) narrow: bool,
    /// The services that it names, where it names some.
    pub(super) services: Vec<String>,
}

impl Stated {
    pub(super) fn of(filter: Option<&str>) -> Self {
        let Some(filter) = filter else { return Self::default() };
        let mut stated = Self::default();
        for found in CONDITION.captures_iter(filter) {
            let (key, value) = (found[1].to_ascii_lowercase(), found[3].trim_matches('"'));
            stated.condition(&key, &found[2], value);
        }
        let rest = CONDITION.replace_all(filter, " ");
        let joins = |word: &str| ["and", "or"].iter().any(|join| word.eq_ignore_ascii_case(join));
        stated.narrow |=
            rest.split(|c: char| c.is_whitespace() || "()".contains(c)).any(|w| !w.is_empty() && !joins(w));
        stated
    }

    fn condition(&mut self, key: &str, op: &str, value: &str) {
        let named = Severity::from_word(value);
        match (key, op, named) {
            ("severity", ">=" | "=" | ":", Some(level)) => self.lower(level),
            ("severity", ">", Some(level)) => match Severity::ALL.into_iter().find(|own| *own > level) {
                Some(next) => self.lower(next),
                None => self.narrow = true,
            },
            ("resource.labels.service_name" | "resource.labels.\"service_name\"", "=" | ":", _) => {
                self.services.push(value.to_owned());
            }
            _ => {
                let is_place = ["timestamp", "receivetimestamp", "resource.", "logname"];
                self.narrow |= !is_place.iter().any(|start| key.starts_with(start)) || op.starts_with('!');
            }
        }
    }

    /// Of several levels, any may come through.
    fn lower(&mut self, level: Severity) {
        self.floor = Some(self.floor.map_or(level, |floor| floor.min(level)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(filter: &str) -> (Option<Severity>, bool) {
        let stated = Stated::of(Some(filter));
        (stated.floor, stated.narrow)
    }

    #[test]
    fn severities_are_floors_and_times_and_places_take_nothing_away() {
        assert_eq!(Stated::of(None), Stated::default());
        assert_eq!(of(""), (None, false));
        assert_eq!(of("severity>=ERROR"), (Some(Severity::Error), false));
        assert_eq!(of("severity > \"WARNING\""), (Some(Severity::Error), false));
        assert_eq!(of("severity=WARNING OR severity=CRITICAL"), (Some(Severity::Warning), false));
        let usual = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"till\"\n\
            AND severity>=DEFAULT AND timestamp>=\"2025-09-01T00:00:00Z\" AND (logName=\"projects/p/logs/a\")";
        assert_eq!(of(usual), (Some(Severity::Default), false));
        assert_eq!(Stated::of(Some(usual)).services, ["till"]);
    }

    #[test]
    fn what_tells_rows_of_one_level_apart_is_narrow() {
        let narrow = [
            "httpRequest.status>=500",
            "severity>=ERROR AND textPayload:\"boom\"",
            "jsonPayload.message=~\"^lost .*\"",
            "\"connection refused\"",
            "severity>=INFO timeout",
            "NOT severity>=WARNING",
            "-httpRequest.requestUrl:\"/healthz\"",
            "labels.tenant=\"a\"",
            "severity<ERROR",
            "severity!=INFO",
            "search(\"x\")",
            "resource.labels.service_name!=\"till\"",
            "severity>EMERGENCY",
        ];
        for filter in narrow {
            assert!(of(filter).1, "{filter}");
        }
    }
}
