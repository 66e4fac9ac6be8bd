//! `gardener schema`: the JSON Schemas of what other programs read and write.

use std::io::Write;

use super::answers;
use super::args::SchemaName;
use crate::compare::Comparison;
use crate::config::Config;
use crate::record::ingest::IngestReport;
use crate::record::receipt::Receipt;
use crate::{issue, report};

/// Runs the verb.
pub(crate) fn run(name: SchemaName) -> anyhow::Result<()> {
    let schema = match name {
        SchemaName::Actions => issue::v1::schema(),
        SchemaName::Report => report::v1::schema().to_value(),
        SchemaName::Config => schemars::schema_for!(Config).to_value(),
        SchemaName::Results => issue::results::schema(),
        SchemaName::Receipt => schemars::schema_for!(Receipt).to_value(),
        SchemaName::Compare => schemars::schema_for!(Comparison).to_value(),
        SchemaName::Ingest => schemars::schema_for!(IngestReport).to_value(),
        small => answers::schema(small).expect("every other name is a small answer").to_value(),
    };
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&schema)?)?)
}
