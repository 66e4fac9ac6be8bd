//! Writes the bench's messages, for parsers in other languages.
#![allow(clippy::print_stdout, missing_docs, reason = "prints the messages")]

#[path = "../src/mine/tests/corpus.rs"]
mod corpus;

fn main() {
    for line in corpus::unique(100_000) {
        println!("{line}");
    }
}
