//! `renacer.toml` by the front door: what is read, what is refused and how, what is judged.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use assertions::{
    Bench, CallCounts, Configuration, Gap, Measured, Peak, Report, Seen, Summary, Untraced, Verdict, Watch, judge,
};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(text: &str) -> Configuration {
    Configuration::read("renacer.toml", text).unwrap_or_else(|bad| panic!("{bad}"))
}

fn refusal(name: &str) -> String {
    match Configuration::read(name, &file(name)) {
        Ok(configuration) => panic!("{name} was read: {configuration:?}"),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn both_dialects_stand_in_one_file() {
    let configuration = read(&file("both_dialects.toml"));
    assert_eq!(configuration.rules.len(), 8);
    assert_eq!(configuration.rules.iter().filter(|rule| !rule.enabled).count(), 1);
    let names: Vec<&str> = configuration.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"only_writes"), "in the order of the file");
    assert_eq!(names.last(), Some(&"few_mmaps"));
}

#[test]
fn every_defect_is_named_where_it_is() {
    for (name, place, says) in [
        ("bad_regex.toml", ":5:21", "^wri(te$ is no regular expression: unclosed group"),
        ("budget_without_limit.toml", ":2:1:", "unknown key max_time_msec"),
        ("custom_rust.toml", ":4:15", "trace is no value; Rust code is not run"),
        ("custom_unknown_metric.toml", ":4:15", "the nearest is wall_ms"),
        ("duplicate_name.toml", ":7:8", "the name x is in lines 2 and 7"),
        ("key_of_other_type.toml", ":5:1", "max_spans belongs to span_count, not to critical_path"),
        ("missing_required.toml", ":1:", "span_count needs max_spans"),
        ("near_type.toml", ":3:8", "the nearest is span_count"),
        ("unknown_type.toml", ":3:8", "types are critical_path, span_count"),
        ("negative_budget.toml", ":4:19", "max_duration_ms is -1: negative"),
        ("otlp_enabled.toml", ":7:11", "[otlp] is not taken over"),
        ("pattern_matches_no_name.toml", ":5:21", "^wriet$ matches no known call"),
        ("string_budget.toml", ":4:13", "write 10485760"),
        ("syntax_error.toml", ":1:12", "]]"),
        ("threshold_out_of_range.toml", ":5:13", "threshold is 1.5; it must be above 0 and at most 1"),
        ("unknown_key.toml", ":5:1", "the nearest is span_name_pattern"),
        ("unknown_pattern.toml", ":4:11", "the nearest is GodProcess"),
        ("unknown_section.toml", ":6:2", "the nearest is semantic_equivalence"),
        ("unknown_section_key.toml", ":7:1", "the nearest is fail_fast"),
        ("wrong_plural.toml", ":3:8", "write [[assertion]]"),
        ("wrong_singular.toml", ":3:9", "write [[assertions]]"),
    ] {
        let text = refusal(name);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with(&format!("cannot use {name}{place}")), "{text}");
        assert!(text.contains(says), "{says}:\n{text}");
        assert!(text.lines().nth(2).is_some_and(|line| line.contains('^')), "{text}");
    }
    let both = refusal("budget_without_limit.toml");
    assert!(both.contains("no limit for hello") && both.contains("the nearest is max_time_ms"), "{both}");
    assert_eq!(refusal("wrong_plural.toml").matches("cannot use").count(), 1, "one mistake is one complaint");
}

#[test]
fn files_without_a_rule_are_read_and_judge_nothing() {
    assert!(read(&file("nothing_to_check.toml")).rules.is_empty());
    let report = verdicts(&file("all_disabled.toml"), Fake::calls(&[3]));
    assert_eq!(report.summary(), Summary::Nothing);
}

#[test]
fn settings_keep_their_line_and_unknown_values_their_nearest() {
    let configuration = read("[goldens]\nruns = 4\nlevel = \"calls\"\n[goldens.severity]\n\"io.shape\" = \"error\"\n");
    assert_eq!(configuration.get("goldens.runs"), Some("4"));
    assert_eq!(configuration.settings["goldens.level"].line, 3);
    let bad = Configuration::read("x", "[goldens]\nlevel = \"cals\"\n").expect_err("a typo").to_string();
    assert!(bad.contains("level is \"cals\"") && bad.contains("the nearest is calls"), "{bad}");
}

#[test]
fn values_without_effect_are_warnings() {
    let configuration = read("[semantic_equivalence]\nmin_confidence = 0.9\n");
    assert_eq!(configuration.warnings, ["renacer.toml:2: min_confidence has no effect: behaviour has no score"]);
}

#[test]
fn hostile_text_is_no_panic() {
    for text in
        ["\u{0}", "[[assertion]]\nname = 1", "assertion = 3", "[assertion]", "a = [[[[[[", "\u{feff}", "x.y.z = 1"]
    {
        let _ = Configuration::read("x", text);
    }
    let deep = format!("a = {}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(Configuration::read("x", &deep).is_err());
    let text = file("both_dialects.toml");
    for cut in 0..text.len() {
        let _ = Configuration::read("x", &text[..cut]);
    }
}

/// A bench with prepared measurements.
struct Fake {
    counts: Vec<CallCounts>,
    untraced: Measured<Vec<Untraced>>,
    peaks: Measured<Vec<Peak>>,
    repeats: bool,
    made: usize,
}

impl Fake {
    /// Runs with so many writes each, and one `execve`.
    fn calls(writes: &[u64]) -> Fake {
        let run = |writes: &u64| CallCounts {
            by_name: [("write".to_owned(), *writes), ("execve".to_owned(), 1)].into(),
            ..CallCounts::default()
        };
        let counts = writes.iter().map(run).collect();
        Fake { counts, untraced: Ok(vec![]), peaks: Ok(vec![]), repeats: true, made: 0 }
    }

    fn times(millis: &[u64]) -> Fake {
        let run = |ms: &u64| Untraced { wall: Duration::from_millis(*ms), ..Untraced::default() };
        Fake { untraced: Ok(millis.iter().map(run).collect()), ..Fake::calls(&[1]) }
    }

    fn peaks(bytes: &[u64]) -> Fake {
        let peak = |bytes: &u64| Peak { program: "ls".into(), bytes: *bytes, at_most: None };
        Fake { peaks: Ok(bytes.iter().map(peak).collect()), ..Fake::calls(&[1]) }
    }

    fn gap(mut self, gap: Gap) -> Fake {
        self.counts.iter_mut().for_each(|counts| counts.gap = Some(gap.clone()));
        self
    }
}

impl Bench for Fake {
    type Error = Infallible;

    fn traced(&mut self, _watch: &Watch) -> Result<Measured<Seen>, Infallible> {
        self.made += 1;
        let counts = self.counts.get(self.made - 1).cloned().ok_or_else(|| "no more runs".into());
        Ok(counts.map(|counts| {
            let mut seen = Seen::default();
            seen.counts = counts;
            seen
        }))
    }

    fn can_repeat(&self) -> bool {
        self.repeats
    }

    fn untraced(&mut self, _labels: bool) -> Result<Measured<Vec<Untraced>>, Infallible> {
        Ok(self.untraced.clone())
    }

    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Infallible> {
        Ok(self.peaks.clone())
    }

    fn source(&self) -> &'static str {
        "traced run"
    }
}

fn verdicts(text: &str, mut bench: Fake) -> Report {
    judge(&read(text), "ls", &mut bench).unwrap_or_else(|never| match never {})
}

fn spans(max: u64) -> String {
    format!("[[assertion]]\nname = \"w\"\ntype = \"span_count\"\nmax_spans = {max}\nspan_name_pattern = \"^write$\"\n")
}

fn only(report: &Report) -> (Verdict, String) {
    assert_eq!(report.results.len(), 1);
    (report.results[0].verdict.clone(), report.results[0].message.clone())
}

#[test]
fn a_count_above_the_budget_is_measured_three_times() {
    assert_eq!(only(&verdicts(&spans(5), Fake::calls(&[5]))), (Verdict::Within, "Span count 5 <= 5".into()));
    let over = verdicts(&spans(5), Fake::calls(&[143, 143, 143]));
    assert_eq!(only(&over), (Verdict::Over, "Span count 143 exceeds maximum 5".into()));
    let rows: Vec<(&str, u64)> = over.results[0].found.rows.iter().map(|row| (row.call.as_str(), row.count)).collect();
    assert_eq!(rows, [("write", 143)]);
    assert_eq!(over.results[0].source, "3 traced runs");
    assert_eq!(only(&verdicts(&spans(5), Fake::calls(&[6, 5, 6]))).0, Verdict::Inconclusive);
}

#[test]
fn the_pattern_is_not_ignored_and_a_near_miss_is_explained() {
    let all = "[[assertion]]\nname = \"all\"\ntype = \"span_count\"\nmax_spans = 4\n";
    let (verdict, message) = only(&verdicts(all, Fake::calls(&[5, 5, 5])));
    assert_eq!(verdict, Verdict::Over);
    assert_eq!(message, "Span count 6 exceeds maximum 4; execve is counted too");
    assert_eq!(only(&verdicts(&spans(4), Fake::calls(&[4]))).0, Verdict::Within);
}

#[test]
fn what_is_missing_can_only_speak_against_the_program() {
    let missing = || Gap::Missing("events were lost".into());
    assert_eq!(
        only(&verdicts(&spans(5), Fake::calls(&[5]).gap(missing()))).0,
        Verdict::NotMeasured("events were lost".into())
    );
    assert_eq!(only(&verdicts(&spans(5), Fake::calls(&[6, 6, 6]).gap(missing()))).0, Verdict::Over);
}

#[test]
fn a_recording_is_counted_once() {
    let bench = Fake { repeats: false, ..Fake::calls(&[9]) };
    assert_eq!(only(&verdicts(&spans(5), bench)).0, Verdict::Over);
}

#[test]
fn time_is_decided_by_all_runs() {
    let rule = "[[assertion]]\nname = \"t\"\ntype = \"critical_path\"\nmax_duration_ms = 500\n";
    for (millis, verdict) in [
        (&[10, 500, 20, 30, 40], Verdict::Within),
        (&[1004, 1003, 1005, 1004, 1006], Verdict::Over),
        (&[499, 501, 499, 499, 499], Verdict::Inconclusive),
    ] {
        assert_eq!(only(&verdicts(rule, Fake::times(millis))).0, verdict, "{millis:?}");
    }
    let (_, message) = only(&verdicts(rule, Fake::times(&[1004, 1003, 1005])));
    assert_eq!(message, "Critical path duration 1004ms exceeds maximum 500ms");
    let refused = Fake { untraced: Err("includes the cost of tracing".into()), ..Fake::calls(&[1]) };
    assert_eq!(verdicts(rule, refused).summary(), Summary::Undecided);
}

#[test]
fn a_pattern_selects_runs_by_name() {
    let rule =
        "[[assertion]]\nname = \"t\"\ntype = \"critical_path\"\nmax_duration_ms = 1\ntrace_name_pattern = \"api_.*\"\n";
    let report = verdicts(rule, Fake::times(&[0]));
    assert!(matches!(&report.results[0].verdict, Verdict::NotMeasured(why) if why.contains("api_.*")));
}

#[test]
fn what_nobody_measured_never_passes() {
    let report = verdicts(&file("both_dialects.toml"), Fake { counts: vec![], ..Fake::times(&[1]) });
    let words: Vec<&str> = report.results.iter().map(|judged| judged.verdict.word()).collect();
    let unmeasured = "not-measured";
    assert_eq!(words, [unmeasured, unmeasured, unmeasured, unmeasured, "within", unmeasured, "disabled", unmeasured]);
    assert_eq!(report.summary(), Summary::Undecided);
}

#[test]
fn peaks_are_decided_by_all_runs() {
    let rule = "[[assertion]]\nname = \"m\"\ntype = \"memory_usage\"\nmax_bytes = 100\ntracking_mode = \"rss\"\n";
    for (bytes, verdict) in
        [(&[90, 100], Verdict::Within), (&[101, 102], Verdict::Over), (&[99, 101], Verdict::Inconclusive)]
    {
        assert_eq!(only(&verdicts(rule, Fake::peaks(bytes))).0, verdict, "{bytes:?}");
    }
    let killed = |bytes: u64, most: u64| {
        let peak = Peak { program: "ls".into(), bytes, at_most: Some((most, "it was killed".into())) };
        only(&verdicts(rule, Fake { peaks: Ok(vec![peak]), ..Fake::calls(&[1]) })).0
    };
    assert_eq!(killed(90, 100), Verdict::Within, "at most so much");
    assert_eq!(killed(90, 101), Verdict::NotMeasured("it was killed".into()));
    assert_eq!(killed(101, 200), Verdict::Over, "whatever else there was");
    let (_, message) = only(&verdicts(rule, Fake::peaks(&[101, 102, 103])));
    assert_eq!(message, "Memory usage 102 bytes exceeds maximum 100: the largest process is ls");
}

#[test]
fn rows_of_other_runs_are_not_run() {
    let budgets = "[performance.budgets]\nls = { max_syscalls = 4, max_time_ms = 5.0 }\nps = { max_syscalls = 1 }\n";
    let report = verdicts(budgets, Fake { counts: Fake::calls(&[3]).counts, ..Fake::times(&[2]) });
    let [own, other] = report.results.as_slice() else { panic!("{report:?}") };
    assert_eq!((&own.verdict, other.verdict.word()), (&Verdict::Within, "not-run"));
    assert_eq!(own.message, "Total time 2.000ms <= 5ms; Span count 4 <= 4");
    let slow = verdicts(budgets, Fake { counts: Fake::calls(&[3]).counts, ..Fake::times(&[6, 7, 8]) });
    assert_eq!(slow.results[0].verdict, Verdict::Over);
    assert_eq!((slow.results[0].value, slow.results[0].unit), (Some(7.0), "ms"));
    let applies = "[[assertions]]\nname = \"gpu\"\ncheck = \"min_time\"\nmin_time_ms = 3.0\napplies_to = [\"gpu_*\"]\n";
    assert_eq!(verdicts(applies, Fake::times(&[9])).summary(), Summary::Nothing);
    let all = applies.replace("gpu_*", "l?");
    assert_eq!(only(&verdicts(&all, Fake::times(&[9]))).0, Verdict::Within);
    let (verdict, message) = only(&verdicts(&all, Fake::times(&[2, 2])));
    assert_eq!((verdict, message.as_str()), (Verdict::Over, "Total time 2.000ms is below the minimum 3ms"));
}

#[test]
fn after_a_failure_nothing_more_is_run_where_the_file_says_so() {
    let rules = format!("[ci]\nfail_fast = true\n{}{}", spans(1), spans(9).replace("\"w\"", "\"later\""));
    let report = verdicts(&rules, Fake::calls(&[5, 5, 5]));
    let words: Vec<&str> = report.results.iter().map(|judged| judged.verdict.word()).collect();
    assert_eq!(words, ["over", "not-run"]);
    assert_eq!(report.summary(), Summary::Over);
}

#[test]
fn severities_and_budgets_fail_as_ci_says() {
    let rules = "[[anti_patterns.rules]]\nname = \"a\"\ncheck = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 1\n\
                 severity = \"warning\"\n[performance.budgets]\nls = { max_syscalls = 1 }\n";
    let fails = |text: &str| read(text).rules.iter().map(|rule| rule.fails).collect::<Vec<bool>>();
    assert_eq!(fails(rules), [false, true]);
    let both =
        format!("{rules}[ci]\nfail_on_anti_patterns = [\"warning\", \"error\"]\nfail_on_budget_exceeded = false\n");
    assert_eq!(fails(&both), [true, false]);
}

#[test]
fn rules_about_calls_are_read_with_all_that_is_wrong() {
    let rule = |kind: &str, keys: &str| format!("[[assertion]]\nname = \"x\"\ntype = \"{kind}\"\n{keys}\n");
    for (kind, keys) in [
        ("must_call", "calls = [\"flock\"]\nmin = 2\npath = \"lock\""),
        ("must_not_call", "calls = [\"ptrace\", \"/^process_vm_/\"]"),
        ("no_network", ""),
        ("no_network", "allow = [\"loopback\"]"),
        ("reads_only", "paths = [\"in/**\"]\nruntime = false"),
        ("writes_only", "paths = [\"$TMPDIR/**\", \"out/*.[ch]\"]"),
        ("durable_replace", "path = \"final\"\ndirectory = false"),
        ("count_budget", "calls = [\"%file\", \"!openat\"]\nmax = 3\nerrors_only = true"),
        ("byte_budget", "max_bytes = 100\ndirection = \"written\""),
    ] {
        assert_eq!(read(&rule(kind, keys)).rules.len(), 1, "{kind}");
    }
    for (kind, keys, says) in [
        ("must_call", "calls = []", "calls is empty"),
        ("must_call", "calls = [\"flok\"]", "the nearest is `flock`"),
        ("must_call", "", "must_call needs calls"),
        ("no_network", "allow = [\"looback\"]", "the nearest is loopback"),
        ("reads_only", "paths = []", "paths is empty"),
        ("writes_only", "paths = [\"a[\"]", "is no glob: a `[` is not closed"),
        ("count_budget", "calls = [\"read\"]\nmax = -1", "negative"),
        ("byte_budget", "max_bytes = 1\ndirection = \"writen\"", "the nearest is written"),
        ("byte_budget", "max_bytes = 1\npaths = [\"x\"]", "paths belongs to reads_only"),
    ] {
        let bad = Configuration::read("x", &rule(kind, keys)).expect_err(kind).to_string();
        assert!(bad.contains(says), "{says}: {bad}");
    }
}

#[test]
fn a_warning_changes_no_summary() {
    let rule = spans(1) + "fail_on_violation = false\n";
    let report = verdicts(&rule, Fake::calls(&[9, 9, 9]));
    assert_eq!(report.results[0].verdict, Verdict::Over);
    assert_eq!(report.summary(), Summary::Within);
}

#[test]
fn reports_say_the_same_in_both_forms() {
    let report = verdicts(&spans(5), Fake::calls(&[143, 143, 143]));
    let text = assertions::text(&report);
    assert_eq!(
        text,
        "w  over          Span count 143 exceeds maximum 5 (3 traced runs)\n                 by write 143\nls: over\n"
    );
    let json: serde_json::Value = serde_json::from_str(&assertions::json(&report)).expect("JSON");
    assert_eq!(json["format"], "chic-trace.assert");
    assert_eq!(json["verdict"], "over");
    assert_eq!(json["results"][0]["value"], 143);
    assert_eq!(json["results"][0]["reason"], "Span count 143 exceeds maximum 5");
    assert_eq!(json["results"][0]["calls"][0]["name"], "write");
}
