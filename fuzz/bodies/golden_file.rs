//! Golden files: any bytes are a golden that is printed as the same bytes, or a complaint about a line.

use goldens::{Golden, Level, Limits};

/// Reads them, and all that can be made of them.
pub fn check(bytes: &[u8]) {
    match Golden::read(bytes, &Limits::default()) {
        Ok(golden) => {
            assert_eq!(golden.to_string().as_bytes(), bytes);
            let _ = golden.json();
            let _ = golden.content_files();
            for level in [Level::Outcome, Level::Hermetic, Level::Protocol, Level::Calls] {
                if let Some(part) = golden.project(level) {
                    let _ = part.to_string();
                }
            }
        }
        Err(bad) => assert!(bad.line > 0 && !bad.why.is_empty()),
    }
}
