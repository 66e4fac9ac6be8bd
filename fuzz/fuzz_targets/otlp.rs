//! See `log_gardener_fuzz::otlp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| log_gardener_fuzz::otlp(data));
