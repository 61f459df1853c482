//! Programs that run by themselves: what is counted, and which files are left.

mod harness;

use harness::{calls, command, example, expected, guest, metric, read, run};
use serde_json::Value;
use std::fs;

#[test]
fn eight_threads_are_counted_exactly() {
    let perf = guest(&["threads", "100000"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 800_000), ("pair", 800_000)]));
    assert_eq!(metric(&perf, "guest::leaf")["threads"], 8);
    assert_eq!(perf["summary"]["threads"], 8);
    assert_eq!(perf["summary"]["tracepoints"]["unmatched_exits"], 0);
}

#[test]
fn a_recursion_is_counted_by_call_and_timed_once() {
    let ran = guest(&["recursion"], &[]).succeeded();
    let perf = ran.perf();
    let down = metric(&perf, "guest::down");
    assert_eq!((&down["calls"], &down["max_depth"]), (&Value::from(4), &Value::from(4)));
    assert_eq!(down["wall"]["total_us"], down["wall"]["max_us"]);
}

#[test]
fn spans_beyond_the_deepest_are_dropped_and_the_rest_stays_right() {
    let perf = guest(&["deep"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("down", 4_096)]));
    let counts = &perf["summary"]["tracepoints"];
    assert_eq!((&counts["dropped"], &counts["unmatched_exits"]), (&Value::from(904), &Value::from(0)));
    assert_eq!(counts["unclosed"], 0);
}

#[test]
fn every_way_out_of_a_function_closes_its_span() {
    let perf = guest(&["unwinding"], &[]).succeeded().perf();
    let wanted = [("early", 2), ("in a loop", 2), ("inside", 3), ("leaf", 1), ("panics", 3), ("question", 2)];
    assert_eq!(calls(&perf), expected(&wanted));
    let counts = &perf["summary"]["tracepoints"];
    assert_eq!((&counts["abandoned"], &counts["unclosed"]), (&Value::from(0), &Value::from(0)));
}

#[test]
fn attributes_work_on_functions_of_all_shapes() {
    let perf = guest(&["shapes"], &[]).succeeded().perf();
    let wanted = [("Parser::next::hot path", 2), ("all::backwards", 1), ("foreign", 1)];
    assert_eq!(calls(&perf), expected(&wanted));
    let next = metric(&perf, "guest::Parser::next::hot path");
    assert_eq!(next["budget_cpu_us"], 42);
    assert_eq!(next["budget_gpu_us"], 7);
    assert_eq!(next["budget_mem_bytes"], 1_048_576);
    assert_eq!(next["budget_io_bytes"], 65_536);
    assert_eq!(next["mir_id"], next["label"]);
    assert_eq!(perf["summary"]["not_measured"]["gpu"], "no measure of GPU time");
}

#[test]
fn a_future_has_a_span_for_every_poll() {
    let perf = guest(&["polls"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("twice", 3)]));
}

#[test]
fn a_forked_child_has_files_of_its_own() {
    let ran = guest(&["fork"], &[]).succeeded();
    let child = ran.stdout().trim().to_owned();
    let perf = ran.perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 2), ("outer", 1)]));
    assert!(perf["runs"][0]["meta"].get("pid").is_none());
    let perf = ran.family(&format!("perf.{child}"));
    assert_eq!(calls(&perf), expected(&[("leaf", 2)]));
    assert_eq!(perf["summary"]["tracepoints"]["inherited_exits"], 1);
    assert_eq!(perf["summary"]["tracepoints"]["unmatched_exits"], 0);
    assert_eq!(perf["runs"][0]["meta"]["pid"].to_string(), child);
    assert_eq!(ran.files().len(), 6, "{:?}", ran.files());
}

#[test]
fn a_child_of_vfork_counts_for_its_parent() {
    let ran = guest(&["vfork"], &[]).succeeded();
    assert_eq!(calls(&ran.perf()), expected(&[("leaf", 2)]));
    assert_eq!(ran.files().len(), 3);
}

#[test]
fn an_exit_without_handlers_loses_what_was_not_flushed() {
    let ran = guest(&["quick-exit"], &[]);
    assert_eq!((ran.output.status.code(), ran.files().len()), (Some(7), 0));
    let ran = guest(&["quick-exit", "flush"], &[]);
    assert_eq!(ran.output.status.code(), Some(7));
    let perf = ran.perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 1)]));
    assert_eq!(perf["runs"][0]["meta"]["exit"]["running"], true);
}

#[test]
fn a_signal_handlers_spans_nest_and_none_is_lost() {
    let ran = guest(&["handler"], &[]).succeeded();
    let counts: Vec<u64> = ran.stdout().split_whitespace().map(|word| word.parse().expect("a number")).collect();
    let perf = ran.perf();
    let wanted = [("handler", counts[0]), ("leaf", counts[0] + counts[1]), ("outer", 1)];
    assert_eq!(calls(&perf), expected(&wanted));
    let tracepoints = &perf["summary"]["tracepoints"];
    for key in ["dropped", "unmatched_exits", "abandoned", "unclosed"] {
        assert_eq!(tracepoints[key], 0, "{key}");
    }
}

#[test]
fn a_single_thread_sums_up_to_the_wall_time() {
    let ran = guest(&["handler"], &[]).succeeded();
    let perf = ran.perf();
    let wall = perf["summary"]["wall_time_ns"].as_u64().expect("ns");
    let sum: u64 =
        ran.folded().lines().map(|line| line.rsplit(' ').next().expect("a weight").parse::<u64>().expect("µs")).sum();
    assert_eq!(sum, (wall + 500) / 1000, "{}", ran.folded());
}

#[test]
fn memory_of_spans_is_measured_with_the_allocator() {
    let perf = guest(&["allocations"], &[]).succeeded().perf();
    let allocates = metric(&perf, "guest::allocates");
    assert_eq!(allocates["mem_bytes"], 51_000);
    assert_eq!(allocates["alloc"], serde_json::json!({"calls": 6, "bytes": 153_000, "freed_bytes": 150_000}));
    let total = &perf["summary"]["alloc"];
    assert!(total["alloc_bytes"].as_u64() >= Some(153_000) && total["free_calls"].as_u64() >= Some(6), "{total}");
}

#[test]
fn more_tracepoints_than_there_is_room_for_are_dropped() {
    let perf = guest(&["dropped"], &[]).succeeded().perf();
    assert_eq!(perf["runs"][0]["metrics"].as_array().map(Vec::len), Some(65_536));
    assert_eq!(perf["summary"]["tracepoints"]["dropped"], 150_000 - 65_536);
    assert_eq!(perf["summary"]["tracepoints"]["unmatched_exits"], 0);
    assert_eq!(perf["runs"][0]["metrics"][0]["label"], "trace:0000000000000001");
}

#[test]
fn a_program_goes_on_without_memory() {
    let perf = guest(&["no-memory"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 1)]));
    assert_eq!(perf["summary"]["tracepoints"]["dropped"], 3);
}

#[test]
fn random_streams_are_kept_when_asked_for() {
    let quiet = guest(&["random"], &[]).succeeded();
    assert_eq!(quiet.perf()["runs"][0]["run_log"]["rng_streams"], serde_json::json!([]));
    assert_eq!(quiet.files().len(), 3);
    let ran = guest(&["random"], &[("CHIC_RUN_LOG", "log.json")]).succeeded();
    let wanted = fs::read_to_string(harness::data().join("run_log/both.json")).expect("a vector");
    assert_eq!(fs::read_to_string(ran.path("log.json")).expect("a log"), wanted);
    harness::check("run-log.schema.json", &read(&ran.path("log.json")));
    assert_eq!(ran.perf()["runs"][0]["run_log"], read(&ran.path("log.json")));
    let same = guest(&["random"], &[("CHIC_RUN_LOG", "./perf.json")]).succeeded();
    assert_eq!(same.perf()["runs"][0]["run_log"]["rng_streams"][0]["events"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_forked_child_has_a_run_log_of_its_own() {
    let ran = guest(&["random-in-child"], &[("CHIC_RUN_LOG", "log.json")]).succeeded();
    let child = ran.stdout().trim().to_owned();
    let log = read(&ran.path(&format!("log.json.{child}")));
    assert_eq!(log["rng_streams"][0]["events"].as_array().map(Vec::len), Some(3));
    assert_eq!(ran.family(&format!("perf.{child}"))["runs"][0]["run_log"], log);
    assert_eq!(read(&ran.path("log.json"))["rng_streams"], serde_json::json!([]));
}

#[test]
fn open_spans_are_closed_in_what_is_written_only() {
    let perf = guest(&["left-open"], &[]).succeeded().perf();
    let wanted = [("trace:0000000000000005", 1), ("trace:0000000000000006", 1), ("trace:0000000000000008", 1)];
    assert_eq!(calls(&perf), expected(&wanted));
    assert_eq!(perf["summary"]["tracepoints"]["unclosed"], 3);
}

#[test]
fn snapshots_of_busy_threads_are_sound_and_cumulative() {
    let perf = guest(&["snapshots"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 900_000), ("pair", 900_000)]));
}

#[test]
fn threads_that_come_and_go_are_all_counted() {
    let perf = guest(&["churn"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("leaf", 500), ("pair", 500)]));
    assert_eq!(perf["summary"]["threads"], 500);
}

#[test]
fn two_places_with_one_id_are_told() {
    let perf = guest(&["collide"], &[]).succeeded().perf();
    assert_eq!(calls(&perf), expected(&[("one::make", 3)]));
    assert_eq!(perf["summary"]["tracepoints"]["id_collisions"], 1);
    let reason = perf["summary"]["not_measured"]["id_collisions"].as_str().expect("a reason");
    assert_eq!(reason.matches("guest.rs:").count(), 2, "{reason}");
}

#[test]
fn nothing_is_written_without_a_span_or_when_switched_off() {
    let ran = guest(&["nothing"], &[]);
    assert_eq!((ran.output.status.code(), ran.files().len()), (Some(3), 0));
    for value in ["off", "0"] {
        let ran = guest(&["leaf-and-fail"], &[("CHIC_TRACE", value)]);
        assert_eq!((ran.output.status.code(), ran.files().len()), (Some(3), 0));
    }
}

#[test]
fn a_path_that_cannot_be_written_is_one_line_and_the_status_stays() {
    for path in ["/nonexistent/perf.json", "perf.folded", "/dev/null/x.json"] {
        let output = example("guest").arg("leaf-and-fail").env("CHIC_TRACE_OUTPUT", path).output().expect("it runs");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(
            message.starts_with("chic-trace: cannot ") && message.contains(path.trim_end_matches(".json")),
            "{message}"
        );
    }
}

#[test]
fn a_cadence_that_is_none_is_told_once() {
    let ran = guest(&["leaf"], &[("CHIC_TRACE_SAMPLE_HZ", "often")]);
    let message = "chic-trace: CHIC_TRACE_SAMPLE_HZ is `often`, expected a whole number: ignored\n";
    assert_eq!(String::from_utf8_lossy(&ran.output.stderr), message);
    assert_eq!(ran.perf()["summary"]["sampling_interval_ns"], Value::Null);
}

#[test]
fn the_default_is_perf_json_where_the_program_started_and_names_follow_the_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut default = example("guest");
    assert!(default.arg("leaf").current_dir(folder.path()).status().expect("it runs").success());
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(folder.path()), ["perf.folded", "perf.json", "perf.summary.json"]);
    for (given, wanted) in [
        ("my.run", ["my.run", "my.run.folded", "my.run.summary.json"]),
        ("run.json", ["run.folded", "run.json", "run.summary.json"]),
        ("./", ["perf.folded", "perf.json", "perf.summary.json"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = example("guest");
        command.arg("leaf").current_dir(folder.path()).env("CHIC_TRACE_OUTPUT", given);
        assert!(command.status().expect("it runs").success());
        assert_eq!(names(folder.path()), wanted, "{given}");
    }
}

#[test]
fn the_environment_names_profile_target_and_time() {
    let env = [("CHIC_TRACE_PROFILE", " release "), ("CHIC_TRACE_TARGET", "mine"), ("SOURCE_DATE_EPOCH", "951782400")];
    let perf = guest(&["leaf"], &env).succeeded().perf();
    assert_eq!((&perf["target"], &perf["runs"][0]["profile"]), (&"mine".into(), &"release".into()));
    assert_eq!(perf["runs"][0]["meta"]["started_at"], "2000-02-29T00:00:00.000Z");
}

#[test]
fn alone_it_asks_the_kernel_once_whether_anybody_records() {
    let strace = command("strace").arg("-V").output();
    if strace.is_err() {
        println!("skipped: no strace");
        return;
    }
    let guest = example("guest").get_program().to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let ran = run(command("strace").args(["-f", "-o"]).arg(&log).arg(&guest).args(["threads", "1000"]));
    assert!(ran.output.status.success(), "{:?}", ran.output);
    let log = fs::read_to_string(log).expect("a log");
    assert_eq!(log.matches("prctl(0x43484943").count(), 1, "{log}");
    assert!(!log.contains("clock_gettime") && !log.contains("getrusage"), "{log}");
}
