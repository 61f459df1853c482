//! perf.json and run logs: any bytes are a document or a complaint that can be printed.

use report::perf;

/// Reads it, and what is written of it once more.
pub fn check(bytes: &[u8]) {
    match perf::read(bytes) {
        Ok(read) => {
            let text = perf::json(&read.document);
            let again =
                perf::read(text.as_bytes()).unwrap_or_else(|bad| panic!("what we wrote is refused: {bad}\n{text}"));
            assert_eq!(perf::json(&again.document), text, "it is written in another way");
            assert!(!perf::compat(&read.document).is_empty());
            let twice = vec![read.document.clone(), read.document];
            let _ = perf::merge::one_run(twice).map(|whole| perf::json(&whole));
        }
        Err(bad) => assert!(!bad.to_string().is_empty()),
    }
    if let Err(bad) = perf::read_run_log(bytes) {
        assert!(!bad.to_string().is_empty());
    }
}
