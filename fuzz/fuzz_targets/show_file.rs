#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| cuelight_fuzz::show_file::run(data));
