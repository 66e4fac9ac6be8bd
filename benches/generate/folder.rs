//! The folder as it grew: which entries stand in which file, under which name.
//!
//! First somebody fetches each day with gcloud, then a sink is set up, then an export script writes
//! hour files. In between: an incident export, scripts over the client library of which one loses
//! payloads, a download under a second name, and a "last hour" that a limit cut to minutes.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Value, json};

use crate::clock::{HOUR, MINUTE, at, civil, date, python, zulu};
use crate::codec::{Codec, save};
use crate::dumps::{CAP, CAPPED_HOUR, Exports, Shape, Written};
use crate::entry::{Entry, Log, PROJECT, Payload, Severity};
use crate::fleet::DAYS;

impl Exports<'_> {
    /// A whole day in the folders of a Cloud Storage sink, one file a log and part of the day.
    fn sink_day(&mut self, day: i64, codec: Codec, parts: &[(i64, i64)]) -> io::Result<()> {
        for log in Log::ALL {
            for &(from, to) in parts {
                let start = at(day, from, 0, 0);
                let mut rows = self.select(start, at(day, to, 0, 0), |e| e.log == log);
                if rows.is_empty() {
                    continue;
                }
                self.unround(&mut rows);
                // A sink writes as entries arrive, which is not the order of their times.
                rows.sort_by_key(|&i| (self.world.entries[i].received, i));
                let (y, m, d) = civil(start);
                let folder = format!("sink/{}/{y:04}/{m:02}/{d:02}", log.id());
                // A part that is one hour is left as it came, so that a person can look into it.
                let codec = if to - from == 1 { Codec::None } else { codec };
                let name = |shard: &str| {
                    format!("{folder}/{from:02}-00-00_{:02}-59-59_{shard}.json{}", to - 1, codec.suffix())
                };
                if day == 16 && log == Log::Stdout {
                    // Entries that came late are written to an addenda file of the same hours.
                    let mut late: Vec<_> = rows.iter().copied().filter(|&i| i % 41 == 0).collect();
                    rows.retain(|i| i % 41 != 0);
                    self.unround(&mut late);
                    self.unround(&mut rows);
                    self.api_rows(name("A0"), &Shape::Lines, codec, late, "late entries of the same hours")?;
                }
                self.api_rows(name("S0"), &Shape::Lines, codec, rows, "")?;
            }
        }
        Ok(())
    }

    /// Writes the whole folder.
    pub(crate) fn write_all(&mut self) -> io::Result<()> {
        let run = |e: &Entry| e.log <= Log::System;
        // First week: one gcloud call a day, some with a note of what was asked for.
        for day in 1..=7 {
            let (from, to) = (at(day, 0, 0, 0), at(day + 1, 0, 0, 0));
            let mut rows = self.select(from, to, |_| true);
            self.unround(&mut rows);
            let path = format!("gcloud/shop_logs_{}.json.gz", date(from));
            self.gcloud(path.clone(), Codec::Gzip, rows, "")?;
            if day <= 3 {
                self.sidecar(&path, from, to, &format!("resource.labels.project_id=\"{PROJECT}\""))?;
            }
        }
        // Second and third week: a sink. The incident's hour stands by itself.
        for day in 8..=21 {
            let codec = if day <= 14 { Codec::Gzip } else { Codec::Zstd };
            let parts: &[(i64, i64)] = if day == 21 { &[(0, 17), (17, 18), (18, 24)] } else { &[(0, 24)] };
            self.sink_day(day, codec, parts)?;
        }
        // Monday and Tuesday by hand again, with an hour of Tuesday missing.
        let (capped_day, hour) = CAPPED_HOUR;
        for (from, to, part) in [
            (at(22, 0, 0, 0), at(23, 0, 0, 0), ""),
            (at(capped_day, 0, 0, 0), at(capped_day, hour, 0, 0), "_morning"),
            (at(capped_day, hour + 1, 0, 0), at(capped_day + 1, 0, 0, 0), "_afternoon"),
        ] {
            let mut rows = self.select(from, to, |_| true);
            self.unround(&mut rows);
            self.gcloud(format!("gcloud/shop_logs_{}{part}.json.gz", date(from)), Codec::Gzip, rows, "")?;
        }
        let (from, to) = (at(capped_day, hour, 0, 0), at(capped_day, hour + 1, 0, 0));
        let all = self.select(from, to, |_| true);
        let newest = all[all.len().saturating_sub(CAP)..].to_vec();
        assert_eq!(newest.len(), CAP, "the flash sale must fill the limit");
        self.gcloud(
            "gcloud/shop_logs_last_hour_20250923_150000.json.gz".to_owned(),
            Codec::Gzip,
            newest,
            "cut at 1000 rows: holds minutes, not the hour of its name; nothing else holds that hour",
        )?;
        // Wednesday: the hour files of an export script, oldest first, each with its note.
        for hour in 0..24 {
            let (from, to) = (at(DAYS, hour, 0, 0), at(DAYS, hour, 0, 0) + HOUR);
            let mut rows = self.select(from, to, |_| true);
            self.unround(&mut rows);
            let path = format!("hours/{}T{hour:02}Z.json.gz", date(from));
            self.api_rows(path.clone(), &Shape::Array, Codec::Gzip, rows, "")?;
            self.sidecar(&path, from, to, &format!("timestamp>=\"{}\" AND timestamp<\"{}\"", zulu(from), zulu(to)))?;
        }
        self.copies(run)
    }

    /// Everything that holds what other files hold too, and the files that hold nothing.
    fn copies(&mut self, run: impl Fn(&Entry) -> bool) -> io::Result<()> {
        // The same bytes under a second name.
        let first = self.root.join("gcloud/shop_logs_2025-09-03.json.gz");
        let twin = "gcloud/shop_logs_2025-09-03_download.json.gz".to_owned();
        save(&self.root.join(&twin), &std::fs::read(&first)?)?;
        if let Some(index) = self.files.iter().position(|f| f.path.ends_with("2025-09-03.json.gz")) {
            let original = &self.files[index];
            let copy = Written {
                path: twin,
                rows: original.rows.clone(),
                note: "byte for byte shop_logs_2025-09-03.json.gz",
                ..*original
            };
            self.files.push(copy);
        }
        // The incident, fetched at once: warnings and worse of twenty minutes.
        let mut rows = self.select(at(21, 17, 30, 0), at(21, 17, 50, 0), |e| e.severity >= Severity::Warning && run(e));
        self.unround(&mut rows);
        self.gcloud("incident/crash_2025-09-21.json".to_owned(), Codec::None, rows, "severity>=WARNING")?;
        let path = "incident/crash_2025-09-21.json";
        self.sidecar(
            path,
            at(21, 17, 30, 0),
            at(21, 17, 50, 0),
            "severity>=WARNING AND resource.type=\"cloud_run_revision\"",
        )?;
        // One page of the REST API: there is more, as the token says.
        let mut rows = self.select(at(22, 0, 0, 0), at(DAYS + 1, 0, 0, 0), |e| e.severity == Severity::Error && run(e));
        rows.truncate(87);
        self.unround(&mut rows);
        let entries: Vec<Value> = rows.iter().map(|&i| self.world.entries[i].camel(false)).collect();
        let text = serde_json::to_vec_pretty(&json!({"entries": entries, "nextPageToken": "EAA4suKu3shopPage2"}))?;
        self.keep(
            "rest/entries_list_errors.json".to_owned(),
            "wrapper",
            Codec::None,
            text,
            rows,
            0,
            false,
            "first page only",
        )?;
        // A Node service whose stack came row by row, as its developer fetched it.
        let mut rows = self
            .select(at(10, 9, 15, 0), at(10, 9, 55, 0), |e| e.service == crate::fleet::GATEWAY && e.log == Log::Stderr);
        self.unround(&mut rows);
        self.gcloud(
            "incident/gateway_stderr_2025-09-10.json".to_owned(),
            Codec::None,
            rows,
            "a stack, one row a line",
        )?;
        // Scripts over the client library; they read no platform logs.
        let app =
            |e: &Entry| matches!(e.log, Log::Stdout | Log::Stderr | Log::Requests) && e.severity != Severity::Default;
        let audit = |e: &Entry| matches!(e.payload, Payload::Audit(_));
        let asked = (at(11, 13, 0, 0), at(11, 14, 0, 0));
        let mut rows = self.select(asked.0, asked.1, |e| app(e) || audit(e));
        self.unround(&mut rows);
        let (values, lost) = self.client_rows(&rows, |_| false);
        let text = serde_json::to_vec_pretty(&json!({
            "fetch_time": python(asked.1 + MINUTE), "total_logs": values.len(),
            "time_range": {"start": python(asked.0), "end": python(asked.1)}, "raw_logs": values,
        }))?;
        self.keep(
            "client/raw_logs_20250911_1300.json".to_owned(),
            "wrapper",
            Codec::None,
            text,
            rows,
            lost,
            true,
            "holds a deploy as json_payload",
        )?;
        let asked = (at(19, 10, 0, 0), at(19, 12, 0, 0));
        let mut rows = self.select(asked.0, asked.1, app);
        self.unround(&mut rows);
        // The script was mended between two runs: the first lost the payloads of most structured rows.
        let structured: BTreeSet<usize> = rows
            .iter()
            .copied()
            .filter(|&i| matches!(self.world.entries[i].payload, Payload::Json(_)) && i % 5 != 0)
            .collect();
        self.by_severity(
            "client/backend_logs_20250919_120004.json",
            &rows,
            asked,
            |i| structured.contains(&i),
            "most payloads are lost; the other export has them",
        )?;
        let asked = (asked.0 + 4 * MINUTE, asked.1 + 4 * MINUTE);
        let mut rows = self.select(asked.0, asked.1, app);
        self.unround(&mut rows);
        self.by_severity(
            "client/backend_logs_20250919_120411.json",
            &rows,
            asked,
            |_| false,
            "the same hours with payloads",
        )?;
        // Nothing happened, and it was asked; nothing came, and nobody knows why.
        let path = "gcloud/shop_critical_2025-09-14.json";
        self.keep(
            path.to_owned(),
            "array",
            Codec::None,
            b"[]\n".to_vec(),
            Vec::new(),
            0,
            false,
            "asked, and nothing there",
        )?;
        self.sidecar(path, at(14, 0, 0, 0), at(15, 0, 0, 0), "severity>=CRITICAL")?;
        self.keep(
            "gcloud/shop_logs_2025-09-20_retry.json".to_owned(),
            "empty",
            Codec::None,
            Vec::new(),
            Vec::new(),
            0,
            false,
            "0 bytes: the export failed",
        )?;
        Ok(())
    }
}
