//! What templates render from, frozen apart from the analysis.
//!
//! The analysis may change its types freely; the report may not, because documents, checks and other programs read it. Its
//! structs stand in [`v1`] and the files beside it, and nothing else is handed to a template.

mod facts;
mod postmortem;
mod quality;
mod sentences;
mod ties;
pub mod v1;
mod v1_cluster;
mod v1_data;
mod v1_findings;
pub mod v1_postmortem;
mod v1_rest;
mod v1_trend;
pub mod v1_weekly;
pub mod weekly;
mod worklog;

pub use postmortem::{IncidentMaterial, postmortem};
pub use worklog::{
    Material, PAYLOAD_LESS, TotalRow, build, fingerprints, identities, ids, is_loud, level, title, told,
};
