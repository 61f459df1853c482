//! renacer.toml: any text is a document or a complaint that can be printed.

/// Reads it.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match assertions::Configuration::read("renacer.toml", text) {
        Ok(configuration) => {
            let _ = configuration.get("goldens.runs");
        }
        Err(bad) => assert!(!bad.to_string().is_empty()),
    }
}
