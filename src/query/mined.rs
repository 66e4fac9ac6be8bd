//! `template_counts` without SQL: every row of a window by its template, with the least of its messages.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::QueryError;
use super::rows::RowSource;
use super::table::{Data, Table};
use crate::store::{NO_INT, NO_WORD, RowGroup, StoreError, row_groups};

const COLUMNS: [&str; 6] = ["ts_ns", "service", "revision", "effective_severity", "sig_id", "message"];

/// Rows of one template.
#[derive(Debug, Clone, Default)]
struct Counted {
    rows: i64,
    services: BTreeSet<String>,
    severity: Option<i64>,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    example: Option<String>,
}

impl Counted {
    fn join(&mut self, other: Self) {
        self.rows += other.rows;
        self.services.extend(other.services);
        self.severity = self.severity.max(other.severity);
        self.first_ns = self.first_ns.into_iter().chain(other.first_ns).min();
        self.last_ns = self.last_ns.max(other.last_ns);
        self.example = std::mem::take(&mut self.example).into_iter().chain(other.example).min();
    }
}

fn of_group(source: &RowSource, group: &RowGroup) -> Result<BTreeMap<u32, Counted>, StoreError> {
    let cut = group.read(&COLUMNS, None)?;
    let (ts, severity) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
    let (service, sig, message) = (cut.words("service")?, cut.words("sig_id")?, cut.texts("message")?);
    let kept = source.kept(&ts, &service, &cut.words("revision")?);
    let template: Vec<Option<u32>> =
        sig.words.iter().map(|hex| hex.parse().ok().and_then(|sig| source.templates.of(sig))).collect();
    let mut found: BTreeMap<u32, (Counted, BTreeSet<u32>, Option<&str>)> = BTreeMap::new();
    for row in (0..ts.len()).filter(|row| kept[*row] && sig.codes[*row] != NO_WORD) {
        let Some(template) = template[sig.codes[row] as usize] else { continue };
        let (counted, services, example) = found.entry(template).or_default();
        counted.rows += 1;
        counted.severity = counted.severity.max(Some(severity[row]).filter(|n| *n != NO_INT));
        counted.first_ns = counted.first_ns.into_iter().chain([ts[row]]).min();
        counted.last_ns = counted.last_ns.max(Some(ts[row]));
        services.insert(service.codes[row]);
        *example = example.take().into_iter().chain(message.get(row)).min();
    }
    let own = |(template, (counted, services, example)): (u32, (Counted, BTreeSet<u32>, Option<&str>))| {
        let services = services.into_iter().filter(|code| *code != NO_WORD);
        let services = services.map(|code| service.words[code as usize].clone()).collect();
        (template, Counted { services, example: example.map(str::to_owned), ..counted })
    };
    Ok(found.into_iter().map(own).collect())
}

/// `template_counts`.
pub(super) fn template_counts(source: &RowSource) -> Result<Table, QueryError> {
    let groups = row_groups(&source.files, source.window)?;
    let mut all: BTreeMap<u32, Counted> = BTreeMap::new();
    for some in groups.chunks(2 * rayon::current_num_threads()) {
        let parts: Vec<BTreeMap<u32, Counted>> =
            some.par_iter().map(|group| of_group(source, group)).collect::<Result<_, StoreError>>()?;
        for (template, counted) in parts.into_iter().flatten() {
            all.entry(template).or_default().join(counted);
        }
    }
    let index = &source.templates;
    let mut rows: Vec<(u32, Counted)> = all.into_iter().collect();
    rows.sort_by(|a, b| b.1.rows.cmp(&a.1.rows).then_with(|| index.ids[a.0 as usize].cmp(&index.ids[b.0 as usize])));
    let of_template =
        |of: &dyn Fn(usize) -> String| Data::Str(rows.iter().map(|row| Some(of(row.0 as usize))).collect());
    let int = |of: &dyn Fn(&Counted) -> Option<i64>| Data::I64(rows.iter().map(|row| of(&row.1)).collect());
    Ok(Table::new(vec![
        ("template_id", of_template(&|at| index.ids[at].clone())),
        ("entries", int(&|row| Some(row.rows))),
        ("services", int(&|row| i64::try_from(row.services.len()).ok())),
        ("severity", int(&|row| row.severity)),
        ("first_ns", int(&|row| row.first_ns)),
        ("last_ns", int(&|row| row.last_ns)),
        ("form", of_template(&|at| index.forms[at].to_owned())),
        ("template", of_template(&|at| index.texts[at].clone())),
        ("example", Data::Str(rows.iter().map(|row| row.1.example.clone()).collect())),
    ]))
}
