#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| daplet_fuzz_targets::resources(input));
