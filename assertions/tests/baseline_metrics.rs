//! Metrics documents: read, written, added up.

use assertions::baseline::{BadMetrics, Metrics, Times, folded, show, top, totals};
use serde_json::{Value, json};

/// The published document, which is read in place.
fn full() -> Option<Vec<u8>> {
    let name = "aead.metrics.full.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/wasmoon").join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: samples not here: {name}");
    }
    bytes
}

fn pass(name: &str, us: u64, egraph: bool) -> Value {
    let mut pass =
        json!({"name": name, "duration_us": us.to_string(), "before_insts": 10, "after_insts": 8, "changed": true});
    if egraph {
        let more = json!({"egraph_classes": 4, "egraph_nodes": 5, "egraph_rule_apps": 6});
        pass.as_object_mut().expect("a pass").extend(more.as_object().expect("keys").clone());
    }
    pass
}

fn own() -> Value {
    let function = |idx: u64, name: &str| {
        json!({"func_idx": idx, "func_name": name, "opt_level": 1, "ir_insts_before": 10, "ir_insts_after": 6,
            "optimize_us": "50", "lower_us": 20, "regalloc_us": "70", "emit_us": "1", "code_size": 100 * idx,
            "spill_slots": 1, "spills": 2, "reloads": 3, "reg_moves": 4, "spill_to_spill": 0,
            "ir_passes": [pass("egraph", 30, true), pass("dce", 5, false), pass("dce", 6, false)], "colour": "red"})
    };
    json!({"schema_version": 1, "expected_functions": 2, "module_compile_us": "1000",
        "functions": [function(3, "a;b c"), function(4, "main")], "producer": {"name": "x"}})
}

fn read(document: &Value) -> Result<Metrics, BadMetrics> {
    Metrics::read(document.to_string().as_bytes())
}

#[test]
fn what_is_read_can_be_written_with_times_of_both_forms() {
    let metrics = read(&own()).expect("metrics");
    for times in [Times::Numbers, Times::Strings] {
        let text = metrics.write(times);
        assert_eq!(Metrics::read(text.as_bytes()).as_ref(), Ok(&metrics));
        let again: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(again["functions"][0]["emit_us"].is_string(), times == Times::Strings);
        assert_eq!((&again["functions"][1]["colour"], &again["producer"]["name"]), (&json!("red"), &json!("x")));
        assert!(
            text.starts_with("{\n  \"schema_version\": 1,\n  \"expected_functions\": 2,") && text.ends_with("\n}\n")
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases: [(&str, Value, &str); 7] = [
        ("/schema_version", json!(2), "/schema_version: only version 1 is known"),
        ("/module_compile_us", json!("-1"), "/module_compile_us: microseconds are needed"),
        ("/module_compile_us", json!("18446744073709551616"), "/module_compile_us: microseconds are needed"),
        ("/functions/1/emit_us", json!(1.5), "/functions/1/emit_us: microseconds are needed"),
        ("/functions/0/spills", json!("2"), "/functions/0/spills: a whole number from 0 on is needed"),
        ("/functions/0/ir_passes/2/changed", Value::Null, "/functions/0/ir_passes/2/changed: true or false is needed"),
        ("/functions/0/ir_passes/0/egraph_nodes", Value::Null, "/functions/0/ir_passes/0/egraph_nodes: a whole number"),
    ];
    for (pointer, value, expected) in cases {
        let mut document = own();
        *document.pointer_mut(pointer).expect("a place") = value;
        let error = read(&document).expect_err(pointer).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let mut document = own();
    document["functions"][1].as_object_mut().expect("a function").remove("reloads");
    assert_eq!(read(&document).expect_err("missing").to_string(), "/functions/1/reloads: it is missing");
    assert!(Metrics::read(b"[").is_err_and(|bad| bad.what.starts_with("no JSON")));
    let mut document = own();
    document["functions"][1]["func_idx"] = json!(3);
    document["expected_functions"] = json!(5);
    let found = read(&document).expect("readable").incomplete();
    assert_eq!(found, ["incomplete-metrics: 2 functions of 5", "incomplete-metrics: function 3 is there twice"]);
}

#[test]
fn times_are_added_up_and_drawn() {
    let metrics = read(&own()).expect("metrics");
    let all = totals(&metrics);
    assert_eq!((all.stages_us, all.value("code_size"), all.egraph), (282, 700, [8, 10, 12]));
    let dce = all.passes.iter().find(|pass| pass.name == "dce").expect("a pass");
    assert_eq!((dce.times, dce.duration_us, dce.removed, dce.changed), (4, 22, 8, 4));
    let first = top(&metrics, "code_size", 1).expect("a column");
    assert_eq!((first[0].0.func_name.as_str(), first[0].1), ("main", 400));
    assert_eq!(top(&metrics, "colour", 1), None);
    let stacks = folded(&metrics, "m");
    for line in ["m;a_b_c;optimize;dce 11", "m;main;optimize;[rest] 9", "m;[translation and bookkeeping] 718"] {
        assert!(stacks.lines().any(|found| found == line), "{line} is not in\n{stacks}");
    }
    let sum: u64 = stacks.lines().filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum();
    assert_eq!(sum, 1000);
    assert!(
        show(&metrics, "stages_us", 5).expect("a column").contains("dce                             4           22")
    );
}

#[test]
fn the_published_document_is_written_as_it_was_and_adds_up() {
    let Some(bytes) = full() else { return };
    let metrics = Metrics::read(&bytes).expect("metrics");
    assert!(metrics.write(Times::Strings).as_bytes() == bytes, "not the same bytes");
    assert_eq!(metrics.incomplete(), Vec::<String>::new());
    let all = totals(&metrics);
    let expected = [22400, 11757, 178_237, 303_172, 1_456_129, 22_767, 66_444, 335, 696, 1729, 954, 0];
    assert_eq!((all.module_compile_us, all.stages_us, all.values), (1_963_526, 1_960_305, expected));
    assert_eq!(all.egraph, [17_625, 18_001, 10_776]);
    let passes: Vec<_> =
        all.passes.iter().map(|pass| (pass.name.as_str(), pass.times, pass.duration_us, pass.changed)).collect();
    let expected = [
        ("egraph", 63, 66541, 58),
        ("const_fold", 221, 2727, 0),
        ("alias_canon", 221, 12864, 100),
        ("mem_base_cse", 221, 609, 43),
        ("cse_gvn_global", 221, 20302, 128),
        ("dce", 221, 13597, 158),
        ("const_block_param_elim", 221, 21168, 48),
        ("dead_block_param_elim", 221, 37479, 35),
        ("thread_jumps", 63, 541, 46),
    ];
    assert_eq!(passes, expected);
    let (times, us) = passes.iter().fold((0, 0), |(times, us), pass| (times + pass.1, us + pass.2));
    assert_eq!((times, us), (1673, 175_828));
    let dearest = top(&metrics, "stages_us", 5).expect("a column");
    let dearest: Vec<_> =
        dearest.iter().map(|(f, us)| (f.func_name.as_str(), *us, f.value("code_size").unwrap_or(0))).collect();
    let expected = [
        ("func_56", 1_626_670, 18684),
        ("_start", 178_169, 11348),
        ("func_23", 13935, 3000),
        ("func_35", 10601, 1884),
        ("func_34", 10091, 1964),
    ];
    assert_eq!(dearest, expected);
}
