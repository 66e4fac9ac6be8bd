//! Pass 1 of the miner beside `drain-rs`; see `benches/mine.rs`.
