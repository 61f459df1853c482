//! renacer.toml and golden files: any text is a document or a complaint that can be printed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match assertions::Configuration::read("renacer.toml", text) {
        Ok(configuration) => {
            let _ = configuration.get("goldens.runs");
        }
        Err(bad) => assert!(!bad.to_string().is_empty()),
    }
    if let Ok(golden) = goldens::Golden::parse(text) {
        let printed = golden.to_string();
        let again = goldens::Golden::parse(&printed).unwrap_or_else(|bad| panic!("{bad}:\n{printed}"));
        assert_eq!(again.to_string(), printed, "what was printed reads differently");
    }
});
