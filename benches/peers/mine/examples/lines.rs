//! The unique messages of the bench, a line each.

#[path = "../../../mine/common.rs"]
#[allow(dead_code, reason = "only the messages")]
mod common;

fn main() {
    println!("{}", common::unique().join("\n"));
}
