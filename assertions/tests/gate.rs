//! The gate as other crates use it: readers on samples of the tools, rules and documents on their vectors.

use std::path::{Path, PathBuf};

use assertions::gate::notes::{Circumstances, Note, Status, apply};
use assertions::gate::read::{CriterionFiles, Kind, criterion, detect, read};
use assertions::gate::{
    Bench, Budgets, Design, Judged, Metric, Parameters, Row, Rule, Run, Side, Values, Verdict, ci_upper, judge, verify,
};
use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gate")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(samples().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The benchmark of a folder of the sample tree.
fn bench(folder: &str, baseline: &str) -> Bench {
    let file = |name: &str| bytes(&format!("results/target_criterion/{folder}/{baseline}/{name}"));
    let (benchmark, sample, estimates) = (file("benchmark.json"), file("sample.json"), file("estimates.json"));
    criterion(CriterionFiles { benchmark: &benchmark, sample: Some(&sample), estimates: Some(&estimates) })
        .expect("results of criterion")
}

fn side(name: &str, benches: Vec<Bench>) -> Side {
    Side { name: name.into(), runs: vec![Run { benches, ..Run::default() }], ..Side::default() }
}

/// Folder, id, medians, upper ends, their change, p95 of samples, and of a single comparison: d, bounds.
type Vector = (&'static str, &'static str, [f64; 2], [f64; 2], f64, [f64; 2], [f64; 3]);

const VECTORS: [Vector; 6] = [
    (
        "plain_top",
        "plain_top",
        [68.99947098411475, 68.93371732874168],
        [69.11206114573216, 69.09377551931064],
        -0.0265,
        [69.346157, 69.396859],
        [-0.000953413, -0.033882, 0.031975],
    ),
    (
        "top_slash",
        "top/slash",
        [69.00315713788785, 68.9099016919443],
        [69.13193742303815, 69.07402652962232],
        -0.0838,
        [69.386608, 69.218798],
        [-0.001352380, -0.034285, 0.031581],
    ),
    (
        "dispatch_latency/flat",
        "dispatch/latency/flat",
        [69.0288222507944, 68.99217292585423],
        [72.98462392128496, 69.18190637311999],
        -5.2103,
        [78.728107, 69.359343],
        [-0.000531069, -0.033474, 0.032412],
    ),
    (
        "dispatch_latency/jit_scalar add",
        "dispatch/latency/jit/scalar add",
        [69.06424380195391, 68.94634231093207],
        [70.9215605589792, 70.10300221531179],
        -1.1542,
        [71.422224, 69.530839],
        [-0.001708587, -0.034687, 0.031270],
    ),
    (
        "dispatch_latency/p_1",
        "dispatch/latency/p?1",
        [3.622892877343645, 3.6224082906797963],
        [3.8150054040140455, 3.7776153666564887],
        -0.9801,
        [3.992850, 3.877063],
        [-0.000133766, -0.033100, 0.032832],
    ),
    (
        "dispatch_latency/param_fn/10",
        "dispatch/latency/param:fn/10",
        [3.6182175142239994, 3.6182729059246808],
        [3.7105866726712144, 3.6746027209364445],
        -0.9698,
        [3.656876, 3.653941],
        [0.000015309, -0.032912, 0.032942],
    ),
];

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn numbers_of_criterion_are_those_of_the_table() {
    for (folder, id, medians, uppers, delta, p95, _) in VECTORS {
        let both = [bench(folder, "main"), bench(folder, "new")];
        for ((bench, median), (upper, p95)) in both.iter().zip(medians).zip(uppers.into_iter().zip(p95)) {
            assert_eq!(bench.id, id);
            near(bench.run_values(Metric::Median)[0], median, 1e-12);
            near(bench.upper.expect("an upper end"), upper, 1e-12);
            near(bench.run_values(Metric::P95Sample)[0], p95, 5e-7);
        }
        assert_eq!(ci_upper::delta_percent(uppers[0], uppers[1]), delta, "{id}");
    }
}

#[test]
fn single_runs_are_judged_as_the_vectors_say() {
    let sides = ["main", "new"].map(|name| side(name, VECTORS.map(|vector| bench(vector.0, name)).to_vec()));
    let Judged { rows, family_size, failures } = judge(&sides[0], &sides[1], &Parameters::default());
    assert_eq!((family_size, failures), (6, Vec::new()));
    for (_, id, .., [d, lower, upper]) in VECTORS {
        let row = rows.iter().find(|row| row.bench_id == id).expect("a row");
        let log = |percent: Option<f64>| (percent.expect("a bound") / 100.0).ln_1p();
        assert_eq!((row.design, row.verdict, row.confounded), (Design::Single, Verdict::Pass, true), "{id}");
        near(log(row.delta_percent), d, 1e-9);
        near(log(row.lower_percent), lower, 1e-6);
        near(log(row.upper_percent), upper, 1e-6);
    }
    // The lesson of `flat`: upper ends call an outlier of the baseline an improvement.
    let parameters = Parameters { rule: Rule::CiUpper, ..Parameters::default() };
    let rows = judge(&sides[0], &sides[1], &parameters).rows;
    let improved: Vec<&str> =
        rows.iter().filter(|row| row.verdict == Verdict::Improved).map(|row| row.bench_id.as_str()).collect();
    assert_eq!(improved, ["dispatch/latency/flat"]);
}

#[test]
fn upper_ends_are_compared_as_the_vectors_say() {
    let vectors: Value = serde_json::from_slice(&bytes("frankenjax/ci_upper.vectors.json")).expect("JSON");
    let rows = vectors["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 32);
    for row in rows {
        let of = |key: &str| row[key].as_f64().expect("a number");
        let delta = ci_upper::delta_percent(of("baseline_ns"), of("candidate_ns"));
        assert_eq!(delta, of("delta_percent"), "{row}");
        assert!(delta != 0.0 || delta.is_sign_positive(), "{row}");
        assert_eq!(ci_upper::verdict(delta, 5.0).word(), row["status_at_5"], "{row}");
    }
}

#[test]
fn results_of_other_tools_are_read() {
    let hyperfine = bytes("results/hyperfine-1.15.json");
    assert_eq!(detect(&hyperfine), Some(Kind::Hyperfine));
    let benches = read(&hyperfine, None).expect("hyperfine");
    assert_eq!(benches.len(), 1);
    let Values::Runs(times) = &benches[0].values else { panic!("each time is a process") };
    assert_eq!((benches[0].id.as_str(), times.len()), ("true", 5));
    near(times[0], 1_073_641.0, 1e-6);

    let google = bytes("results/google-benchmark-1.7.1.json");
    assert_eq!(detect(&google), Some(Kind::GoogleBenchmark));
    let benches = read(&google, None).expect("google-benchmark");
    let first = benches.iter().find(|bench| bench.id == "BM_x/8").expect("BM_x/8");
    assert_eq!(first.values, Values::Samples(vec![0.546_648_306_685_554_9, 0.703_983_282_829_579_4]));
    assert!(benches.iter().all(|bench| !bench.id.ends_with("_mean")), "aggregates are no benchmarks");

    let pytest = bytes("results/pytest-benchmark-5.3.1.json");
    assert_eq!(detect(&pytest), Some(Kind::PytestBenchmark));
    let benches = read(&pytest, None).expect("pytest-benchmark");
    let Values::Samples(samples) = &benches[0].values else { panic!("rounds are samples") };
    assert!(benches[0].id.contains("::") && samples.len() == 20, "{}", benches[0].id);
}

#[test]
fn a_run_that_failed_fails_its_benchmark() {
    let export = json!({"results": [{"command": "x", "mean": 1.0, "times": [1.0, 1.0], "exit_codes": [0, 3],
        "parameters": {"size": "2", "mode": "fast"}}]});
    let benches = read(export.to_string().as_bytes(), None).expect("hyperfine");
    assert_eq!(benches[0].id, "x mode=fast size=2");
    assert!(benches[0].failed.as_ref().expect("failed").contains("exit code 3"));
    let google = json!({"context": {}, "benchmarks": [{"name": "BM_y", "run_name": "BM_y", "run_type": "iteration",
        "error_occurred": true, "error_message": "no file"}]});
    let benches = read(google.to_string().as_bytes(), None).expect("google-benchmark");
    assert_eq!(benches[0].failed.as_deref(), Some("no file"));
    let judged = judge(&side("a", benches.clone()), &side("b", benches), &Parameters::default());
    assert_eq!(judged.rows[0].verdict, Verdict::NotMeasured);
    assert_eq!(judged.failures, ["BM_y: run-failed: no file"]);
}

/// A `summary.json` of this version.
fn summary(version: &str) -> Value {
    let ir = json!({"Both": [{"Int": 105}, {"Int": 100}]});
    let change = json!({"diff_pct": "5", "factor": "1.05"});
    let (total, ir) = match version {
        "6" => ("summaries", json!({"diffs": change, "metrics": ir})),
        _ => ("data", json!({"change": change, "values": ir})),
    };
    let left = if version == "6" {
        json!({"diffs": null, "metrics": {"Left": {"Int": 7}}})
    } else {
        json!({"change": null, "values": {"Left": {"Int": 7}}})
    };
    json!({"version": version, "kind": "LibraryBenchmark", "module_path": "bench::group", "function_name": "sum",
        "id": "big", "profiles": [{"tool": "Callgrind", total: {"parts": [],
        "total": {"summary": {"Callgrind": {"Ir": ir, "D1mr": left}}, "regressions": []}}}]})
}

#[test]
fn counts_of_callgrind_are_exact_and_left_is_new() {
    for version in ["6", "7"] {
        let document = summary(version).to_string();
        assert_eq!(detect(document.as_bytes()), Some(Kind::Callgrind));
        let benches = read(document.as_bytes(), None).expect("callgrind");
        let ir = benches.iter().find(|bench| bench.what == "Ir").expect("Ir");
        assert_eq!((ir.id.as_str(), &ir.values, ir.old), ("bench::group::sum big", &Values::Exact(105.0), Some(100.0)));
        let judged = judge(&Side::default(), &side("new", benches), &Parameters::default());
        let of = |what: &str| judged.rows.iter().find(|row| row.metric == what).expect("a row");
        assert_eq!((of("Ir").design, of("Ir").verdict), (Design::CounterExact, Verdict::Regressed));
        assert_eq!(of("Ir").delta_percent, Some(5.0));
        assert_eq!(of("D1mr").verdict, Verdict::New);
    }
    let bad = read(summary("5").to_string().as_bytes(), None).expect_err("not known");
    assert_eq!(bad.to_string(), "/version: version \"5\" is not known");
}

#[test]
fn lines_of_go_and_of_libtest_are_read() {
    let go = "goos: linux\nUnit size assume=exact\nBenchmarkX/k=v-8 100 25.5 ns/op 64 size 3 B/op\n\
              BenchmarkX/k=v-8 100 26.5 ns/op 64 size\nPASS\n";
    assert_eq!(detect(go.as_bytes()), Some(Kind::Go));
    let benches = read(go.as_bytes(), None).expect("go");
    assert_eq!(benches.len(), 2);
    assert_eq!((&benches[0].id[..], &benches[0].values), ("X/k=v-8", &Values::Samples(vec![25.5, 26.5])));
    assert_eq!((&benches[1].what[..], &benches[1].values), ("size", &Values::Exact(64.0)));

    let libtest = "running 1 test\ntest a::b ... bench:       1,234.5 ns/iter (+/- 12)\n";
    assert_eq!(detect(libtest.as_bytes()), Some(Kind::Libtest));
    let benches = read(libtest.as_bytes(), None).expect("libtest");
    assert_eq!((&benches[0].id[..], &benches[0].values), ("a::b", &Values::Summary(1234.5)));
    let judged = judge(&side("a", benches.clone()), &side("b", benches), &Parameters::default());
    assert_eq!(judged.rows[0].verdict, Verdict::Inconclusive, "one value says nothing of its spread");
    assert!(judged.rows[0].reason.as_ref().expect("a reason").starts_with("no-samples"));
}

#[test]
fn what_is_no_result_is_told_with_its_place() {
    let cases: [(&str, Option<Kind>, &str); 5] = [
        ("{}", None, "these are no benchmark results of a tool that is known"),
        ("{\"results\": 1}", None, "line 1, column 13: no results of hyperfine: invalid type"),
        (
            "{\"results\": [{\"command\": \"x\", \"mean\": 1.0, \"times\": [-1.0]}]}",
            None,
            "/results/0/times/0: -1 is no time",
        ),
        ("test x ... bench: many ns/iter", None, "line 1: \"many\" is no number"),
        ("\u{0}", Some(Kind::GoogleBenchmark), "line 1, column 1: no results of google-benchmark"),
    ];
    for (text, kind, expected) in cases {
        let bad = read(text.as_bytes(), kind).expect_err(text);
        assert!(bad.to_string().starts_with(expected), "{bad}");
    }
    let bad = criterion(CriterionFiles {
        benchmark: br#"{"full_id": "x", "group_id": "x"}"#,
        sample: Some(br#"{"iters": [1.0], "times": []}"#),
        estimates: None,
    });
    assert_eq!(bad.expect_err("bad").to_string(), "sample.json, /iters: 1 iterations for 0 times");
}

fn row(id: &str, delta_percent: f64) -> Row {
    let values = |value| vec![Bench { upper: Some(value), ..Bench::time(id, Values::Summary(value)) }];
    let parameters = Parameters { rule: Rule::CiUpper, ..Parameters::default() };
    let judged = judge(&side("a", values(100.0)), &side("b", values(100.0 + delta_percent)), &parameters);
    judged.rows.into_iter().next().expect("a row")
}

#[test]
fn notes_are_good_for_what_they_say() {
    // Before the last day of `valid.v2`, after that of `expired.v2`.
    let now_unix_s = 1_780_000_000;
    let zeros = "0".repeat(64);
    let expected = [
        ("valid.risk_note.json", Status::Used),
        ("valid.v2.risk_note.json", Status::Used),
        ("unapproved.risk_note.json", Status::Unapproved),
        ("empty.risk_note.json", Status::Invalid),
        ("missing_signoff.risk_note.json", Status::Invalid),
        ("no_performance_risk.risk_note.json", Status::Invalid),
        ("dangling_top_risk.risk_note.json", Status::Invalid),
        ("expired.v2.risk_note.json", Status::Expired),
        ("too_small.v2.risk_note.json", Status::Unused),
    ];
    for (name, status) in expected {
        // A note of version 1 is about the benchmark of its name.
        let path = if name.contains(".v2.") { name } else { "emit_json.risk_note.json" };
        let note = Note { path: path.into(), bytes: bytes(&format!("frankenjax/risk_notes/{name}")) };
        let mut rows = [row("emit/json", 12.0)];
        let circumstances = Circumstances { now_unix_s, baseline_blake3: Some(&zeros) };
        let noted = apply(&[note], &mut rows, circumstances);
        assert_eq!(noted[0].status, status, "{name}: {:?}", noted[0].message);
        let verdict = if status == Status::Used { Verdict::RiskNoted } else { Verdict::Regressed };
        assert_eq!(rows[0].verdict, verdict, "{name}");
        assert_eq!(rows[0].risk_note_ref.is_some(), status == Status::Used, "{name}");
    }
}

#[test]
fn a_note_fits_one_benchmark_and_one_baseline() {
    let first = || Note {
        path: "notes/a_b_c.risk_note.json".into(),
        bytes: bytes("frankenjax/risk_notes/valid.risk_note.json"),
    };
    let circumstances = Circumstances { now_unix_s: 1_780_000_000, baseline_blake3: None };
    let mut rows = [row("a/b_c", 12.0), row("a_b/c", 12.0)];
    assert_eq!(apply(&[first()], &mut rows, circumstances)[0].status, Status::Ambiguous);
    assert!(rows.iter().all(|row| row.verdict == Verdict::Regressed));
    let mut rows = [row("a/b_c", 1.0)];
    assert_eq!(apply(&[first()], &mut rows, circumstances)[0].status, Status::Unused, "it is no regression");
    let second = Note { path: "x.json".into(), bytes: bytes("frankenjax/risk_notes/valid.v2.risk_note.json") };
    let mut rows = [row("emit/json", 12.0)];
    let noted = apply(&[second], &mut rows, circumstances);
    assert_eq!(noted[0].status, Status::Unused);
    assert!(noted[0].message.as_ref().expect("why").contains("another baseline"));
}

#[test]
fn reports_of_the_origin_are_read_and_contradictions_seen() {
    for name in ["clean", "regressed", "risk_noted", "new_benchmark", "vanished"] {
        assert_eq!(verify(&bytes(&format!("frankenjax/report.{name}.json"))), Ok(Vec::new()), "{name}");
    }
    for name in ["nested_empty_regressions", "empty_benchmarks"] {
        assert!(verify(&bytes(&format!("frankenjax/invalid.{name}.json"))).is_err(), "{name}");
    }
    let found = verify(&bytes("frankenjax/inconsistent.pass_with_unjustified_regression.json")).expect("valid");
    assert_eq!(found, ["overall_status is pass with 1 unjustified regressions"]);
    let other = json!({"schema_version": "frankenjax.perf-delta.v1", "packet_id": "P", "results": []});
    let why = verify(other.to_string().as_bytes()).expect_err("another shape").to_string();
    assert_eq!(why, "not a perf-delta report: has `packet_id`");
}

#[test]
fn of_budgets_only_one_block_is_read() {
    let budgets = Budgets::read(&bytes("frankenjax/reliability_budgets.v1.sample.json")).expect("budgets");
    assert_eq!(budgets.max_p95_regression_percent, Some(5.0));
    assert_eq!(budgets.baseline_save_name.as_deref(), Some("main"));
    assert!(budgets.fail_on_unjustified_regression);
    let bad = json!({"schema_version": "frankenjax.reliability-budgets.v1", "perf_regression": {"max": 1}});
    let why = Budgets::read(bad.to_string().as_bytes()).expect_err("an unknown key");
    assert!(why.starts_with("/perf_regression: unknown field `max`"), "{why}");
}
