//! Metrics of compilers and summaries of their runs: any bytes are one or a complaint; what is read is written back as it
//! was, added up, and compared with itself.

use assertions::baseline::{
    CompareOptions, Metrics, MetricsOf, Shown, Summary, Times, compare, folded, json, markdown, show, text, totals,
};

/// Reads them as both.
pub fn check(bytes: &[u8]) {
    let mut all = MetricsOf::new();
    match Metrics::read(bytes) {
        Ok(metrics) => {
            for times in [Times::Numbers, Times::Strings] {
                let again = Metrics::read(metrics.write(times).as_bytes());
                assert_eq!(again.as_ref(), Ok(&metrics), "what is written is what was read");
            }
            let count = metrics.functions.len();
            assert_eq!(totals(&metrics).functions, count);
            assert!(folded(&metrics, "m").lines().all(|line| line.rsplit_once(' ').is_some()));
            assert!(show(&metrics, "stages_us", 5).is_some());
            let _ = metrics.incomplete();
            all.insert("a.wasm".to_owned(), metrics);
        }
        Err(bad) => assert!(bad.pointer.starts_with('/') && !bad.what.is_empty()),
    }
    let summary = match Summary::read(bytes) {
        Ok(summary) => summary,
        Err(why) => return assert!(!why.is_empty()),
    };
    for workload in summary.workloads.iter().take(1) {
        if let Some(metrics) = all.get("a.wasm").cloned() {
            all.insert(workload.workload.clone(), metrics);
        }
    }
    let options = CompareOptions { exact: Some(true), ..CompareOptions::default() };
    let comparison = compare((&summary, &all), (&summary, &all), &options);
    let shown = Shown {
        baseline: "a",
        candidate: "b",
        generated_at_unix_ms: 0,
        options,
        overall_status: if comparison.failures.is_empty() { "pass" } else { "fail" },
    };
    for written in [json(&comparison, &shown), markdown(&comparison, &shown), text(&comparison, &shown)] {
        assert!(written.ends_with('\n'));
    }
}
