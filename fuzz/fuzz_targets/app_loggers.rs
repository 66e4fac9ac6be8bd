//! See `log_gardener_fuzz::app_loggers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| log_gardener_fuzz::app_loggers(data));
