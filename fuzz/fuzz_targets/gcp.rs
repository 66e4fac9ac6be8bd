//! See `log_gardener_fuzz::gcp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| log_gardener_fuzz::gcp(data));
