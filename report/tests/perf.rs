//! The perf.json family against its samples: what is read, what is refused and where, what is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use report::perf::{self, Document, Folded, Histogram};
use serde_json::Value;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/perf-json")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(samples().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn values(name: &str) -> Vec<Value> {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn document(name: &str) -> Document {
    perf::read(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}")).document
}

fn word<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("no {key} in {row}"))
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

#[test]
fn ids_are_those_of_the_vectors() {
    let rows = values("trace_id.vectors.json");
    for row in &rows {
        let id = perf::trace_id(word(row, "function").as_bytes(), word(row, "label").as_bytes());
        assert_eq!(format!("{id:016x}"), word(row, "trace_id_hex"), "{row}");
        assert_eq!(Some(id), row["trace_id"].as_u64(), "{row}");
    }
    assert_eq!(rows.len(), 25);
}

#[test]
fn buckets_are_those_of_the_vectors() {
    let rows = values("histogram.vectors.json");
    for row in &rows {
        let nanos = row["ns"].as_u64().expect("a number");
        let bucket = Histogram::bucket(nanos);
        assert_eq!(Some(u64::from(bucket)), row["bucket"].as_u64(), "{row}");
        let (low, high) = Histogram::range(bucket);
        assert_eq!((Some(low), Some(high)), (row["low"].as_u64(), row["high"].as_u64()), "{row}");
        assert!((low..=high).contains(&nanos));
    }
    assert!(rows.len() > 10, "{} rows", rows.len());
}

#[test]
fn every_bucket_follows_the_one_before() {
    for bucket in 1..1920 {
        let (before, this) = (Histogram::range(bucket - 1), Histogram::range(bucket));
        assert_eq!(before.1 + 1, this.0, "{bucket}");
        assert_eq!((Histogram::bucket(this.0), Histogram::bucket(this.1)), (bucket, bucket));
    }
    assert_eq!(Histogram::range(1919).1, u64::MAX);
}

#[test]
fn names_become_the_frames_of_the_vectors() {
    let rows = values("folded/frame.vectors.json");
    for row in &rows {
        assert_eq!(perf::frame(&unhex(word(row, "raw_hex"))), word(row, "frame"), "{}", word(row, "case"));
    }
    assert_eq!(rows.len(), 33);
}

#[test]
fn weights_are_rounded_as_the_vectors_say() {
    for row in values("folded/rounding.vectors.json") {
        let map = |key: &str| row[key].as_object().expect("an object").clone();
        let nanos: BTreeMap<String, u128> =
            map("in").iter().map(|(stack, n)| (stack.clone(), n.as_u64().expect("a number").into())).collect();
        let folded = Folded::of_nanos(&nanos);
        let found: BTreeMap<String, u64> = folded.lines().map(|(stack, n)| (stack.to_owned(), n)).collect();
        let expected: BTreeMap<String, u64> =
            map("out").iter().map(|(stack, n)| (stack.clone(), n.as_u64().expect("a number"))).collect();
        assert_eq!(found, expected, "{row}");
        assert_eq!(Some(folded.total()), row["sum_us"].as_u64().map(u128::from), "{row}");
    }
}

#[test]
fn folded_files_are_read_whatever_their_order_and_refused_by_line() {
    let read = |name: &str| Folded::read(&bytes(name));
    let unsorted = read("folded/accepted.crlf-unsorted.folded").expect("it is accepted");
    assert_eq!(unsorted.to_string(), "a 1\nb;x 11\n");
    assert!(read("folded/empty.folded").expect("it is accepted").is_empty());
    let hostile = read("folded/hostile.folded").expect("it is accepted");
    assert_eq!(hostile.to_string(), text("folded/hostile.folded"));
    for (name, says) in [
        ("empty-frame", "line 1: one of its frames is empty"),
        ("float", "line 1: its count 1.5"),
        ("negative", "line 1: its count -5"),
        ("no-count", "line 1: there is no count"),
        ("not-utf8", "line 1: byte 2 is not UTF-8"),
        ("overflow", "line 1: the counts up to here add up to"),
        ("two-numbers", "line 1: it has two counts"),
    ] {
        let error = read(&format!("folded/refused.{name}.folded")).expect_err(name).to_string();
        assert!(error.starts_with(says), "{name}: {error}");
    }
}

#[test]
fn what_is_broken_is_refused_with_its_place() {
    let rows = values("broken/INDEX.json");
    for row in &rows {
        let name = word(row, "file");
        let error = perf::read(&bytes(&format!("broken/{name}"))).expect_err(name);
        let message = error.to_string();
        for words in row["message_has"].as_array().expect("words") {
            let words = words.as_str().expect("a word");
            assert!(message.contains(words), "{name}: {words} is not in: {message}");
        }
        if let Some(pointer) = row["pointer"].as_str() {
            let spot = error.spot.as_ref().unwrap_or_else(|| panic!("{name}: no place in: {message}"));
            assert_eq!(spot.pointer, pointer, "{name}: {message}");
            assert!(message.contains("line ") && message.contains("column "), "{name}: {message}");
        }
    }
    assert_eq!(rows.len(), 35);
    let cut = perf::read(&bytes("chic/raw.cut-after-comma.json")).expect_err("it is cut").to_string();
    assert!(cut.contains("trailing comma"), "{cut}");
}

#[test]
fn what_is_accepted_is_read_with_its_notes() {
    for row in values("accepted/INDEX.json") {
        let name = word(&row, "file");
        let read = perf::read(&bytes(&format!("accepted/{name}"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        let metrics: usize = read.document.runs.iter().map(|run| run.metrics.len()).sum();
        assert_eq!(Some(metrics as u64), row["metrics"].as_u64(), "{name}");
        let notes: Vec<&str> = row["notes"].as_array().expect("notes").iter().filter_map(Value::as_str).collect();
        assert_eq!(read.notes, notes, "{name}");
    }
    let repeated = document("accepted/repeated-ids.json");
    let metric = &repeated.runs[0].metrics[0];
    assert_eq!((metric.calls, metric.cpu_us.get()), (Some(3), 30.0));
    assert_eq!(metric.range.map(|(min, max)| (min.get(), max.get())), Some((10.0, 60.0)));
    assert_eq!(document("accepted/whole-float-budget.json").runs[0].metrics[0].budget_cpu_us, Some(10));
    assert_eq!(document("accepted/rounded-id.json").runs[0].metrics[0].trace_id, 14_073_534_039_221_174_248);
    assert!(document("chic/raw.no-events.json").runs[0].metrics.is_empty());
    assert_eq!(document("chic/raw.long-label.json").runs.len(), 1);
}

#[test]
fn a_document_of_ours_comes_back_byte_for_byte() {
    let ours = ["full/perf.json", "merge/perf.json", "merge/perf.4711.json", "merge/expected.two-runs.json"];
    let played = ["nested", "recursion", "threads", "broken-nesting", "labels"];
    let played = played.map(|name| format!("fake-clock/{name}.perf.json"));
    for name in ours.into_iter().chain(played.iter().map(String::as_str)) {
        assert_eq!(perf::json(&document(name)), text(name), "{name}");
    }
    let full = document("full/perf.json");
    let summary = full.summary.as_ref().expect("a summary");
    assert_eq!(perf::summary_json(summary), text("full/perf.summary.json"));
    assert_eq!(perf::compat(&full), text("full/perf.compat.json"));
}

#[test]
fn run_logs_are_read_in_every_form() {
    let read = |name: &str| perf::read_run_log(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}")).document;
    assert_eq!(read("run_log/flat.json"), read("run_log/op.json"));
    assert_eq!(read("run_log/flat.json"), read("run_log/both.json"));
    assert_eq!(perf::run_log_json(&read("run_log/both.json")), text("run_log/both.json"));
    let largest = read("run_log/u128-max.json");
    assert!(largest.rng_streams.iter().any(|stream| stream.id == u64::MAX && stream.seed == u128::MAX));
    assert!(read("run_log/empty.json").rng_streams.is_empty());
}

#[test]
fn tracepoints_of_a_program_of_chic_are_read() {
    let metadata = recording::chic_metadata::read(&bytes("chic/meta.txt"));
    let expected: Value = serde_json::from_str(&text("chic/meta.expected.json")).expect("JSON");
    let found: Vec<Value> = metadata
        .tracepoints
        .iter()
        .map(|tracepoint| {
            serde_json::json!({
                "function": tracepoint.function,
                "trace_id": tracepoint.trace_id,
                "label": tracepoint.label,
                "level": tracepoint.level,
                "cpu_us": tracepoint.budgets.cpu_us,
                "gpu_us": tracepoint.budgets.gpu_us,
                "mem_bytes": tracepoint.budgets.mem_bytes,
            })
        })
        .collect();
    assert_eq!(Value::from(found), expected["tracepoints"]);
    let skipped: Vec<Value> =
        metadata.skipped.iter().map(|skipped| serde_json::json!({"line": skipped.line, "why": skipped.why})).collect();
    assert_eq!(Value::from(skipped), expected["skipped"]);
}

#[test]
fn chics_flat_rule_is_kept() {
    let micros = |n: u128| perf::Micros::of_nanos(n * 1000);
    let calls = [("Exec::Main", micros(41)), ("Exec::Helper", micros(3)), ("Exec::Helper", micros(4))];
    assert_eq!(perf::compat_folded(calls, 48_000).to_string(), text("chic/post.perf.folded"));
    assert_eq!(perf::compat_folded([], 0).to_string(), "[idle] 1\n");
    assert_eq!(perf::compat_folded([("a b", micros(0))], 2_500).to_string(), "[idle] 3\na_b 1\n");
}

#[test]
fn parts_become_one_run_and_runs_stand_beside_each_other() {
    let names = ["merge/perf.json", "merge/perf.4711.json"];
    let parts = names.map(document);
    let one = perf::merge::one_run(parts.to_vec()).expect("they fit");
    assert_eq!(perf::json(&one), text("merge/expected.one-run.json"));
    let texts = names.map(bytes);
    let both: Vec<(&[u8], Document)> = texts.iter().map(Vec::as_slice).zip(parts.clone()).collect();
    assert_eq!(perf::merge::side_by_side(&both).expect("they fit"), text("merge/expected.two-runs.json"));

    let mut folded = Folded::default();
    for name in ["merge/perf.folded", "merge/perf.4711.folded"] {
        folded.add(&Folded::read(&bytes(name)).expect("it is folded"), false);
    }
    assert_eq!(folded.to_string(), text("merge/expected.one-run.folded"));

    let sorted = |document: Document| {
        let mut metrics = document.runs.into_iter().next().expect("a run").metrics;
        metrics.sort_by_key(|metric| metric.trace_id);
        metrics
    };
    let turned = perf::merge::one_run(parts.iter().rev().cloned().collect()).expect("they fit");
    assert_eq!(sorted(turned), sorted(one));
}

#[test]
fn what_does_not_fit_is_not_merged() {
    let part = document("merge/perf.json");
    let other = |change: &dyn Fn(&mut Document)| {
        let mut other = part.clone();
        change(&mut other);
        perf::merge::one_run(vec![part.clone(), other]).map(drop).expect_err("it was merged").to_string()
    };
    let target = other(&|document| document.target = "wasm32".into());
    assert!(target.contains("x86_64-unknown-linux-gnu") && target.contains("wasm32"), "{target}");
    let source = other(&|document| {
        document.runs[0].meta.as_mut().expect("meta").cpu_source = perf::CpuSource::OnCpu;
    });
    assert!(source.contains("wall") && source.contains("on-cpu"), "{source}");
    let full = document("full/perf.json");
    let mut reseeded = full.clone();
    reseeded.runs[0].run_log.as_mut().expect("a log").rng_streams[0].seed = 1;
    let seeds = perf::merge::one_run(vec![full, reseeded]).expect_err("two seeds").to_string();
    assert!(seeds.contains("0000000000000001") && seeds.contains("two seeds"), "{seeds}");
}

#[test]
fn a_stricter_budget_of_a_part_holds_and_the_conflict_is_counted() {
    let part = document("merge/perf.json");
    let mut stricter = part.clone();
    stricter.runs[0].metrics[0].budget_cpu_us = Some(2);
    let one = perf::merge::one_run(vec![part, stricter]).expect("they fit");
    assert_eq!(one.runs[0].metrics[0].budget_cpu_us, Some(2));
    let tracepoints = one.summary.and_then(|summary| summary.tracepoints).expect("tracepoints");
    assert_eq!(tracepoints.budget_conflicts, Some(1));
}

#[test]
fn the_largest_numbers_are_merged_without_an_end() {
    let largest = text("merge/perf.json")
        .replace("\"calls\": 2", "\"calls\": 18446744073709551615")
        .replace("\"cpu_us\": 5.0", "\"cpu_us\": 1e300")
        .replace("\"total_us\": 10.0", "\"total_us\": 1e300")
        .replace("238:1 278:1", "238:18446744073709551614 278:1")
        .replace("\"cpu_user_ns\": null", "\"cpu_user_ns\": 340282366920938463463374607431768211455")
        .replace("\"clock\"", "\"parts\": 18446744073709551615, \"clock\"");
    let part = perf::read(largest.as_bytes()).unwrap_or_else(|error| panic!("{error}")).document;
    let one = perf::merge::one_run(vec![part.clone(), part]).expect("they fit");
    assert_eq!(one.runs[0].metrics[0].calls, Some(u64::MAX));
    assert_eq!(one.summary.as_ref().and_then(|summary| summary.cpu_user_ns), Some(u128::MAX));
    let again = perf::read(perf::json(&one).as_bytes()).map(|read| read.document.runs.len());
    assert!(again.is_ok() || again.is_err_and(|bad| bad.what.contains("hist")));
}

#[test]
fn pictures_are_whole_and_the_same_every_time() {
    let hostile = Folded::read(&bytes("folded/hostile.folded")).expect("it is folded");
    let picture = |folded: &Folded| {
        let svg = perf::svg::render(folded, "demo \u{1b}<&>\" · release").expect("a picture");
        String::from_utf8(svg).expect("it is UTF-8")
    };
    let svg = picture(&hostile);
    assert_eq!(svg, picture(&hostile));
    assert_eq!(svg.matches("<script").count(), 1);
    assert_eq!(svg.matches("<title>").count(), 32 + 1);
    assert!(!svg.contains(|c: char| (c.is_control() && c != '\n' && c != '\t' && c != '\r') || c == '\u{fffe}'));
    assert!(!svg.contains("<script>alert"), "a name became markup");
    let idle = Folded::read(b"[idle] 5\nmain 5\n").expect("it is folded");
    assert!(picture(&idle).contains("rgb(176,176,176)"));
    assert!(matches!(perf::svg::render(&Folded::default(), "x"), Err(perf::svg::NoPicture::Empty)));
}
