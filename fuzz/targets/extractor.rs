#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fetch::plugins::extractor::fuzz(data));
