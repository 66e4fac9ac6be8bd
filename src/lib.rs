//! log-gardener: an offline batch analyzer over exported logs.
//!
//! The pipeline: `input` reads dumps into `record`s, `store` keeps them deduplicated as Parquet with the signatures that
//! `mine` computes, `query` runs SQL over them, `analyze` answers one question a file, `issue` decides what to file,
//! `report` freezes what `render` turns into documents, `compare` sets two inputs against each other, and `cli` joins them.
//! Modules use only those named before them; `render` comes last but for `cli`.

pub mod time;

pub mod record;

pub mod config;

pub mod input;
pub mod mine;

pub mod store;

pub mod query;

pub mod analyze;

pub mod issue;

pub mod report;

pub mod compare;

pub mod render;

pub mod cli;
