#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fetch::script::fuzz_store(data));
