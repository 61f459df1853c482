//! Documents that people bring: any bytes are calls, counts, or a complaint that can be printed.

use recording::document::{Brought, Options, read};

/// Takes them whole and in part.
pub fn check(bytes: &[u8]) {
    for partial in [false, true] {
        match read(bytes, &Options { partial, ..Options::default() }) {
            Ok(Brought::Document(document)) => {
                assert!(document.calls.len() <= bytes.len(), "more calls than bytes");
                let _ = goldens::document::told(&document, &goldens::Options::at(goldens::Level::Outcome));
            }
            Ok(Brought::Table(table)) => assert!(table.rows.len() <= bytes.len(), "more rows than bytes"),
            Err(bad) => assert!(!bad.to_string().is_empty()),
        }
    }
}
