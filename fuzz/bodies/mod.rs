//! The bodies of the fuzz targets: each takes any bytes, and fails by a panic. cargo-fuzz drives them through
//! `fuzz_targets`, and `tests/fuzz` of the workspace without it.
#![allow(dead_code)] // Each target uses its own.

pub mod baseline;
pub mod clusters;
pub mod decoder;
pub mod documents;
pub mod filter_expressions;
pub mod golden_file;
pub mod perf_folded;
pub mod perf_json;
mod printers;
pub mod recording_reader;
pub mod renacer_toml;
mod rules;
pub mod transpiler_map;
