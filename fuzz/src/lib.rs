//! The input stage alone, for fuzzing: the project's own source files without those that need Polars.
//!
//! What a target checks stands in `src/input/corpus_tests.rs` of the project, where the seeds run through it as tests.

#![allow(dead_code, unused_imports, reason = "the stages that use the rest are not compiled here")]

#[path = "../../src"]
mod project {
    pub mod config;
    #[path = "input/corpus_tests.rs"]
    pub mod corpus_tests;
    pub mod input;
    pub mod record;
    pub mod time;
}

use project::{config, corpus_tests, input, record, time};

pub use checks::*;

mod checks {
    use super::corpus_tests;

    macro_rules! targets {
        ($($name:ident)*) => {
            $(
                /// The check of this name.
                pub fn $name(data: &[u8]) {
                    corpus_tests::$name(data);
                }
            )*
        };
    }

    targets!(
        framing repair timestamps redaction gcp audit_build aws otlp containers app_loggers platform text_csv mapped
    );
}
