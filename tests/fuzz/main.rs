//! The bodies of the fuzz targets on inputs that are the same every time: seeds of each format, changed by a
//! generator: a few thousand for each, and more until `CHIC_FUZZ_SECONDS` are over.
//!
//! It finds what is near to real inputs; cargo-fuzz, which follows the code, finds the rest (`fuzz/`).

#[path = "../../fuzz/bodies/mod.rs"]
mod bodies;
mod inputs;

use inputs::Dice;
use std::time::{Duration, Instant};

/// Inputs of each target: some seconds.
const INPUTS: u64 = 4000;

/// How long each target goes on at least.
fn time() -> Duration {
    let seconds = std::env::var("CHIC_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// Shows its input when a check panics.
struct Shown<'a>(u64, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("input {} is b\"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn drive(check: fn(&[u8]), make: impl Fn(&mut Dice) -> Vec<u8>) {
    let (begun, time) = (Instant::now(), time());
    for number in (0..).take_while(|number| *number < INPUTS || begun.elapsed() < time) {
        let input = make(&mut Dice::new(number));
        let _shown = Shown(number, &input);
        check(&input);
    }
}

#[test]
fn clusters() {
    let seeds: [&str; 2] = [
        include_str!("../programs/clusters.toml"),
        "[[cluster]]\nname = \"a\"\nsyscalls = [\"read\"]\n[cluster.args_filter]\nfd_path_pattern = \"/dev/[a-c]*/**\"\n",
    ];
    for seed in seeds {
        assert!(assertions::Clusters::read("x", seed).is_ok(), "a seed is no file of clusters");
    }
    drive(bodies::clusters::check, |dice| {
        let seed = dice.one_of(&seeds);
        let changed = dice.changed(seed.as_bytes());
        String::from_utf8_lossy(&changed).into_owned().into_bytes()
    });
}

#[test]
fn transpiler_map() {
    let seed = br#"{"version": 1, "source_language": "lisp", "source_file": "a.lisp", "generated_file": "gen/a.rs",
        "mappings": [{"rust_line": 192, "rust_function": "f", "python_line": 3, "python_function": "g",
        "python_context": "(f)"}], "function_map": {"helper": "the helper"}}"#;
    assert!(report::transpiler_map::TranspilerMap::parse(seed).is_ok(), "the seed is no map");
    drive(bodies::transpiler_map::check, |dice| dice.changed(seed));
}

#[test]
fn decoder() {
    drive(bodies::decoder::check, |dice| {
        let length = dice.below(600);
        dice.bytes(length)
    });
}

#[test]
fn documents() {
    let seeds: [&[u8]; 4] = [
        include_bytes!("../../recording/tests/documents/full.json"),
        include_bytes!("../../recording/tests/documents/full.jsonl"),
        include_bytes!("../../recording/tests/documents/v17_quotes_in_content.json"),
        include_bytes!("../../recording/tests/documents/full.summary.txt"),
    ];
    drive(bodies::documents::check, |dice| {
        let seed = dice.one_of(&seeds);
        dice.changed(seed)
    });
}

#[test]
fn filter_expressions() {
    drive(bodies::filter_expressions::check, inputs::filter);
}

#[test]
fn golden_file() {
    let seeds = inputs::goldens();
    for seed in &seeds {
        let read = goldens::Golden::read(seed, &goldens::Limits::default());
        assert!(read.is_ok(), "a seed is no golden");
    }
    drive(bodies::golden_file::check, |dice| {
        let seed = dice.one_of(&seeds).clone();
        dice.changed(&seed)
    });
}

#[test]
fn perf_json() {
    let seeds: [&[u8]; 5] = [
        include_bytes!("../../report/tests/perf-json/full/perf.json"),
        include_bytes!("../../report/tests/perf-json/full/perf.compat.json"),
        include_bytes!("../../report/tests/perf-json/accepted/rounded-id.json"),
        include_bytes!("../../report/tests/perf-json/chic/raw.repeated-ids.json"),
        include_bytes!("../../report/tests/perf-json/run_log/both.json"),
    ];
    drive(bodies::perf_json::check, |dice| {
        let seed = dice.one_of(&seeds);
        dice.changed(seed)
    });
}

#[test]
fn baseline() {
    let metrics = r#"{"schema_version": 1, "expected_functions": 1, "module_compile_us": "90", "functions": [{"func_idx": 1,
        "func_name": "f", "opt_level": 1, "ir_insts_before": 10, "ir_insts_after": 6, "optimize_us": "50", "lower_us": 20,
        "regalloc_us": "7", "emit_us": "1", "code_size": 100, "spill_slots": 1, "spills": 2, "reloads": 3,
        "reg_moves": 4, "spill_to_spill": 0, "ir_passes": [{"name": "egraph", "duration_us": "30", "before_insts": 9,
        "after_insts": 8, "changed": true, "egraph_classes": 4, "egraph_nodes": 5, "egraph_rule_apps": 6}]}]}"#;
    assert!(assertions::baseline::Metrics::read(metrics.as_bytes()).is_ok(), "a seed is no document");
    let series = r#"{"x": {"runs": [{"exit_code": 0, "wall_sec": 1.5}, {"exit_code": 0, "wall_sec": 2}]}}"#;
    let seeds: [&[u8]; 4] = [
        metrics.as_bytes(),
        series.as_bytes(),
        include_bytes!("../../assertions/tests/baseline/collect.summary.json"),
        include_bytes!("../../assertions/tests/baseline/bench.summary.with_comparison.json"),
    ];
    drive(bodies::baseline::check, |dice| {
        let seed = dice.one_of(&seeds);
        dice.changed(seed)
    });
}

#[test]
fn perf_folded() {
    let seeds: [&[u8]; 2] = [
        include_bytes!("../../report/tests/perf-json/full/perf.folded"),
        include_bytes!("../../report/tests/perf-json/folded/hostile.folded"),
    ];
    drive(bodies::perf_folded::check, |dice| {
        let seed = dice.one_of(&seeds);
        dice.changed(seed)
    });
}

#[test]
fn recording_reader() {
    let recording = inputs::recording();
    // Whole, it is read without a loss: what is changed below is the real thing.
    bodies::recording_reader::check(&recording);
    drive(bodies::recording_reader::check, |dice| dice.changed(&recording));
}

#[test]
fn renacer_toml() {
    let seeds = inputs::documents();
    assert!(
        seeds.iter().any(|seed| assertions::Configuration::read("x", seed).is_ok()),
        "no configuration among the seeds"
    );
    drive(bodies::renacer_toml::check, |dice| {
        let seed = dice.one_of(&seeds).clone();
        let changed = dice.changed(seed.as_bytes());
        String::from_utf8_lossy(&changed).into_owned().into_bytes()
    });
}

/// The driver can fail: a check that does not stand one input is found out.
#[test]
#[should_panic(expected = "found")]
fn a_bad_check_is_found() {
    drive(|bytes| assert!(!bytes.contains(&b'%'), "found"), inputs::filter);
}
