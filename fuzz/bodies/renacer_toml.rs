//! renacer.toml and golden files: any text is a document or a complaint that can be printed.

/// Takes it as both.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
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
}
