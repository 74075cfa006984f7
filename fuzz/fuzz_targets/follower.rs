#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::follower::run(data));
