//! The JSON Schemas of every document that this program writes, also of those of other crates, and of the one that
//! people write for it.

/// The JSON Schema of a format by the name that `chic-trace schema` takes.
pub fn schema(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names that [`schema`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

const SCHEMAS: &[(&str, &str)] = &[
    ("renacer-json", include_str!("../../schemas/renacer-json-v1.schema.json")),
    ("golden-check", include_str!("../../schemas/golden-check-v1.schema.json")),
    ("assert", include_str!("../../schemas/assert-v1.schema.json")),
    ("perf", include_str!("../../schemas/perf-v1.schema.json")),
    ("perf-summary", include_str!("../../schemas/perf-summary-v1.schema.json")),
    ("perf-report", include_str!("../../schemas/perf-report-v1.schema.json")),
    ("perf-delta", include_str!("../../schemas/perf-delta-v2.schema.json")),
    ("baseline-compare", include_str!("../../schemas/baseline-compare-v1.schema.json")),
    ("compile-metrics", include_str!("../../schemas/compile-metrics-v1.schema.json")),
    ("counters", include_str!("../../schemas/counters-v1.schema.json")),
    ("history", include_str!("../../schemas/history-v1.schema.json")),
    ("risk-note", include_str!("../../schemas/risk-note-v2.schema.json")),
    ("run-log", include_str!("../../schemas/run-log-v1.schema.json")),
    ("seed", include_str!("../../schemas/seed-v1.schema.json")),
];
