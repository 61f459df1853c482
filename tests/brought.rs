//! What people bring in place of a recording, at the front door: exit codes, messages, what is shown.

mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use programs::{build, can_trace, chic_trace, output, room, text};

/// A sample: ours from this repository, a published one from beside it. Packed ones are unpacked.
fn sample(room: &Path, name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("recording/tests/documents").join(Path::new(name).file_name()?);
    let published = here.join("../shared/data/renacer").join(name);
    let Some(path) = [own, published].into_iter().find(|path| path.exists()) else {
        println!("skipped: samples not here: {name}");
        return None;
    };
    if !name.ends_with(".gz") {
        return Some(path);
    }
    let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().ok().filter(|run| run.status.success());
    let Some(unpacked) = unpacked else {
        println!("skipped: no gzip to unpack {name}");
        return None;
    };
    let path = room.join(name.trim_end_matches(".gz").replace('/', "_"));
    fs::write(&path, unpacked.stdout).expect("written");
    Some(path)
}

fn run(words: &[&str], path: &Path) -> Output {
    output(chic_trace().current_dir("/").args(words).arg(path))
}

#[test]
fn every_variant_is_shown() {
    // File, words of what is said.
    let variants: [(&str, &[&str]); 20] = [
        (
            "variants/v01_decoded.json",
            &["1 call written by renacer 0.6.2", "`documented`", "no summary", "never judged"],
        ),
        ("variants/v03_hex_with_strings.json", &["3 calls", "no summary"]),
        ("variants/v04_strace_style.json", &["6 calls written by renacer 0.4.1"]),
        ("variants/v05_pairs.json", &["no summary"]),
        ("variants/v05_pairs_wrong_count.json", &["a text of 14 bytes, the call moved 15 bytes"]),
        ("variants/v06_named_args.json", &["no exit code"]),
        ("variants/v07_return_value.json", &["no exit code"]),
        ("variants/v08_return_int.json", &["no summary"]),
        ("variants/v09_process_block.json", &["its summary counts 71 calls, 3 are listed"]),
        ("variants/v10_lamport.json", &["arguments of 2 calls are not known"]),
        ("variants/v11_events.ndjson", &["no end line"]),
        ("variants/v12_single_event.json", &["no end"]),
        ("variants/v13_processes.json", &["no summary"]),
        ("variants/v14_output_after.json", &["1 line, 5 bytes behind the document"]),
        ("variants/v15_successor.json", &["written by renacer 0.72.3", "`registers`"]),
        ("variants/v16_bom_crlf.json", &["byte-order mark", "CR LF"]),
        ("variants/v17_quotes_in_content.json", &["2 calls"]),
        ("variants/v18_shifted_names.json", &["7 names translated"]),
        ("broken/count_mismatch.json", &["its summary counts 65 calls, 1 is listed", "never judged"]),
        ("broken/cut_line.jsonl", &["line 4 is cut at column 41", "no end line, 2 whole records"]),
    ];
    let room = room();
    for (name, words) in variants {
        let Some(path) = sample(room.path(), name) else { continue };
        let shown = run(&["report", "-o", "-"], &path);
        let said = text(&shown.stderr);
        assert_eq!(shown.status.code(), Some(0), "{name}: {said}");
        assert!(!shown.stdout.is_empty(), "{name} shows nothing");
        for word in words {
            assert!(said.contains(word), "{name}: {word:?} is not in: {said}");
        }
    }
}

#[test]
fn what_is_no_trace_is_named() {
    // File, exit code, words of the message.
    let broken: [(&str, i32, &[&str]); 23] = [
        ("broken/empty_fallback.json", 4, &["no calls", "capture script"]),
        ("broken/empty_file.json", 2, &["0 bytes"]),
        ("broken/first_line_only.json", 2, &["only `{`", "head -1", "-o"]),
        ("broken/not_a_trace.json", 2, &["perf.json", "chic-trace perf report"]),
        ("broken/other_format.json", 2, &["renacer-json-v2", "renacer-json-v1 is read"]),
        ("broken/split_by_output.json", 2, &["line 6", "Hello, GoldenTest!", "can't be repaired", "-o"]),
        ("broken/truncated.json", 2, &["line 306", "byte 5000", "/syscalls/33/args/1", "33 whole calls", "--partial"]),
        ("broken/two_documents.json", 2, &["second document", "line 2", "--document N"]),
        ("broken/wrong_types.json", 2, &["/syscalls/0/result", "string, integer needed"]),
        ("broken/conflicting_result.json", 2, &["/syscalls/0", "`result` 3", "`return_value` -2"]),
        ("broken/duplicate_key.json", 2, &["/syscalls/0", "result stands twice"]),
        ("broken/not_utf8.json", 2, &["byte 77"]),
        ("broken/result_out_of_range.json", 2, &["/syscalls/0/result"]),
        ("broken/table_wrong_total.txt", 2, &["rows add up to 4 calls, total says 5"]),
        ("broken/transpiler_map.v2.json", 2, &["version is 2, 1 is read"]),
        ("broken/transpiler_map.missing_field.json", 2, &["/mappings/0", "`python_line` is missing"]),
        ("wild/decy.transpile_simple.json", 2, &["one line of program output", "-o"]),
        ("wild/trueno.backend_detection_source.json", 2, &["only the banner of renacer"]),
        (
            "baseline-0.10.2",
            4,
            &["holds 0 calls", "validate", "chic-trace golden record NAME -- ./.renacer-bin --help"],
        ),
        ("baseline-broken/manifest_only", 4, &["holds 0 calls", "syscalls.trace is missing"]),
        ("baseline-broken/claims_three", 2, &["says 3 records, 0 bytes follow", "no renacer writes records"]),
        ("baseline-broken/bad_magic", 2, &["RNTX instead of RNTR"]),
        ("baseline-broken/bad_checksum", 2, &["checksum"]),
    ];
    let room = room();
    for (name, code, words) in broken {
        let Some(path) = sample(room.path(), name) else { continue };
        let shown = run(&["report"], &path);
        let said = text(&shown.stderr);
        assert_eq!(shown.status.code(), Some(code), "{name}: {said}");
        for word in words {
            assert!(said.contains(word), "{name}: {word:?} is not in: {said}");
        }
    }
}

#[test]
fn documents_take_the_flags_of_a_recording() {
    let room = room();
    let Some(path) = sample(room.path(), "sample/full.json") else { return };
    let shown = |words: &[&str]| text(&run(&[&["report", "-o", "-"], words].concat(), &path).stdout);
    assert_eq!(
        shown(&["-e", "write", "-T"]),
        "write(1, \"Hello, GoldenTest!\\n\", 19)    = 19 <0.000009>\n+++ exited with 3 +++\n"
            .replace("+++ exited", "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, ...} ---\n+++ exited")
    );
    assert!(shown(&["-Z", "-qq"]).contains("openat(AT_FDCWD, \"/tmp/a\\\"b\\n\\\\c\", O_RDONLY) = -1 ENOENT"));
    let table = fs::read_to_string(sample(room.path(), "sample/full.summary.txt").expect("ours")).expect("readable");
    assert_eq!(shown(&["-c"]), table);
    let compact = shown(&["--format", "json", "--compact", "-e", "execve,write,openat"]);
    let minimal = fs::read_to_string(sample(room.path(), "sample/minimal.json").expect("ours")).expect("readable");
    let source = ", \"source\": {\"file\": \"src/main.rs\", \"line\": 42, \"function\": \"main\"}";
    assert_eq!(compact.replace(source, "").replace("\"exit_code\": 3", "\"exit_code\": 0"), minimal);
}

#[test]
fn tables_are_shown_as_they_are() {
    let room = room();
    let Some(path) = sample(room.path(), "sample/full.summary.txt") else { return };
    let shown = run(&["report", "-o", "-"], &path);
    assert_eq!(text(&shown.stdout), fs::read_to_string(&path).expect("readable"));
    assert!(text(&shown.stderr).contains("a table of counts: 7 names, 7 calls, 1 errors"), "{}", text(&shown.stderr));
}

#[test]
fn part_of_a_document_and_one_of_several_can_be_asked_for() {
    let room = room();
    if let Some(path) = sample(room.path(), "broken/truncated.json") {
        let shown = run(&["report", "--partial", "-o", "-"], &path);
        assert_eq!(
            (shown.status.code(), text(&shown.stdout).lines().count()),
            (Some(0), 33),
            "{}",
            text(&shown.stderr)
        );
    }
    let Some(path) = sample(room.path(), "broken/two_documents.json") else { return };
    let shown = run(&["report", "--document", "2", "-o", "-"], &path);
    assert_eq!(text(&shown.stdout), "getpid()                                = 8\n");
    let small = run(&["report", "--input-max", "100"], &path);
    assert_eq!(small.status.code(), Some(2));
    assert!(text(&small.stderr).contains("318 bytes, at most 100 are read"), "{}", text(&small.stderr));
}

/// `compare` of two files with the options of two different programs.
fn compared(a: &Path, b: &Path, more: &[&str]) -> (Option<i32>, String) {
    let words = ["compare", "--level", "outcome", "--root", "any", "--processes", "commands"];
    let run = output(chic_trace().current_dir("/").args(words).args(more).args([a, b]));
    (run.status.code(), text(&run.stdout) + &text(&run.stderr))
}

#[test]
fn the_six_published_pairs_are_told_apart() {
    // Name, exit code without and with --as-recorded, words of the first finding.
    let pairs: [(&str, i32, i32, &[&str]); 6] = [
        ("trivial_cli", 4, 0, &[]),
        ("git_clone", 4, 0, &[]),
        ("flag_parser", 1, 1, &["out.bytes: stdout: line 1: ", "Verbose: True", "Verbose: true"]),
        ("positional_args", 1, 1, &["out.bytes: stdout: line 2", "'", "\""]),
        ("complex_cli", 1, 1, &["out.bytes: stdout: line 1: ", "Input"]),
        ("config_manager", 1, 1, &["file.bytes: config.json: 58 bytes shorter (132, was 190)"]),
    ];
    let room = room();
    for (name, bare, recorded, words) in pairs {
        let Some(python) = sample(room.path(), &format!("golden/python/{name}_golden.json.gz")) else { return };
        let Some(rust) = sample(room.path(), &format!("golden/rust/{name}_golden.json")) else { return };
        for (more, code) in [(&[][..], bare), (&["--as-recorded"], recorded)] {
            let (status, said) = compared(&python, &rust, more);
            assert_eq!(status, Some(code), "{name} {more:?}: {said}");
            assert!(said.contains("not compared:"), "{name}: {said}");
            let first = said.lines().nth(1).unwrap_or_default();
            for word in words {
                assert!(first.contains(word), "{name}: {word:?} is not in the first finding: {said}");
            }
        }
    }
}

#[test]
fn a_document_and_itself_show_no_difference() {
    let room = room();
    for name in ["golden/rust/trivial_cli_golden.json", "sample/full.json", "variants/v17_quotes_in_content.json"] {
        let Some(path) = sample(room.path(), name) else { continue };
        let (code, said) = compared(&path, &path, &["--as-recorded"]);
        assert_eq!((code, said.lines().next()), (Some(0), Some("same as recorded")), "{name}: {said}");
        let run = output(chic_trace().arg("compare").args([&path, &path]));
        assert_eq!(run.status.code(), Some(4), "{name}: {}", text(&run.stdout));
    }
}

#[test]
fn other_output_is_found() {
    let room = room();
    let Some(one) = sample(room.path(), "golden/rust/git_clone_golden.json") else { return };
    let Some(other) = sample(room.path(), "golden/rust/trivial_cli_golden.json") else { return };
    for more in [&[][..], &["--as-recorded"]] {
        let (code, said) = compared(&one, &other, more);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.lines().nth(1).unwrap_or_default().starts_with("out.bytes: "), "{said}");
    }
}

#[test]
fn exit_codes_and_files_are_compared() {
    let room = room();
    let file = |name: &str, calls: &str, code: u32| {
        let count = calls.matches("\"name\"").count();
        let text = format!(
            "{{\"format\": \"renacer-json-v1\", \"command\": [\"p\"], \"syscalls\": [{calls}], \"summary\": {{\"total_syscalls\": {count}, \"exit_code\": {code}}}}}"
        );
        let path = room.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let store = |name: &str, bytes: &str| {
        let length = bytes.len();
        format!(
            r#"{{"name": "openat", "args": ["AT_FDCWD", "{name}", "O_WRONLY|O_CREAT|O_TRUNC", "0666"], "result": 3}},
               {{"name": "write", "args": ["3", "{bytes}", "{length}"], "result": {length}}},
               {{"name": "close", "args": ["3"], "result": 0}}"#
        )
    };
    let base = file("base", &store("f1", "secret=alpha"), 0);
    let check = |other: &Path, code: i32, words: &[&str]| {
        let (status, said) = compared(&base, other, &[]);
        assert_eq!(status, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    };
    check(&file("exit", &store("f1", "secret=alpha"), 3), 1, &["exit: "]);
    check(&file("bytes", &store("f1", "secret=gamma"), 0), 1, &["file.bytes: f1", "alpha", "gamma"]);
    check(&file("name", &store("f2", "secret=alpha"), 0), 1, &["f1", "f2"]);
    let removed = format!("{}, {}", store("f1", "secret=alpha"), r#"{"name": "unlink", "args": ["f2"], "result": 0}"#);
    check(&file("gone", &removed, 0), 1, &["file.gone: now removes f2"]);
    check(&file("same", &store("f1", "secret=alpha"), 0), 4, &["not measured", "what files hold at the end"]);
}

/// A document may hold where in the program a call was made; a recording holds no stacks.
#[test]
fn a_finding_tells_the_line_that_a_document_holds() {
    let room = room();
    let file = |name: &str, text: &str, line: u32| {
        let source = format!(r#""source": {{"file": "src/main.rs", "line": {line}, "function": "main"}}"#);
        let text = format!(
            r#"{{"format": "renacer-json-v1", "command": ["p"], "syscalls": [
            {{"name": "getpid", "args": [], "result": 7}},
            {{"name": "write", "args": ["1", "{text}", "3"], "result": 3, {source}}}],
            "summary": {{"total_syscalls": 2, "exit_code": 0}}}}"#
        );
        let path = room.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let (one, two) = (file("one.json", "one", 41), file("two.json", "two", 42));
    let (code, said) = compared(&one, &two, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`one` -> `two` (src/main.rs:42)"), "{said}");
    let (_, said) = compared(&one, &two, &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said).expect("a report");
    assert_eq!(report["results"][0]["findings"][0]["source"], "src/main.rs:42");
}

#[test]
fn what_may_not_be_judged_is_not() {
    let room = room();
    let Some(good) = sample(room.path(), "variants/v17_quotes_in_content.json") else { return };
    for (name, words) in [
        ("broken/count_mismatch.json", "its summary counts 65 calls, 1 is listed"),
        ("broken/empty_fallback.json", "no calls"),
        ("broken/no_end.jsonl", "no end line"),
        ("variants/v01_decoded.json", "no summary"),
    ] {
        let Some(path) = sample(room.path(), name) else { continue };
        let (code, said) = compared(&good, &path, &["--as-recorded"]);
        assert_eq!(code, Some(4), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
    }
}

#[test]
fn tables_are_compared_by_name() {
    let room = room();
    let Some(table) = sample(room.path(), "sample/full.summary.txt") else { return };
    let Some(document) = sample(room.path(), "sample/full.json") else { return };
    let (code, said) = compared(&table, &document, &["--as-recorded"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("everything but the number of calls and errors of each name"), "{said}");
    assert_eq!(compared(&table, &document, &[]).0, Some(4));
    let other = room.path().join("table");
    let text = fs::read_to_string(&table).expect("readable").replacen(
        "         1           write",
        "         2           write",
        1,
    );
    let text = text.replacen("         7         1 total", "         8         1 total", 1);
    fs::write(&other, text).expect("written");
    let (code, said) = compared(&table, &other, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("calls write 2 times, was 1"), "{said}");
}

#[test]
fn published_goldens_are_imported_only_when_that_is_wished() {
    let room = room();
    let dir = room.path().join("goldens");
    fs::create_dir(&dir).expect("made");
    let mut names: Vec<String> =
        ["complex_cli", "config_manager", "flag_parser", "git_clone", "positional_args", "trivial_cli"]
            .iter()
            .flat_map(|name| {
                [format!("golden/rust/{name}_golden.json"), format!("golden/python/{name}_golden.json.gz")]
            })
            .collect();
    names.extend(
        [
            "golden/python/pattern_matcher_golden.json.gz",
            "golden/trivial_cli_rust.json",
            "golden/trivial_cli_rust_source.json",
        ]
        .map(String::from),
    );
    for (at, name) in names.iter().enumerate() {
        let Some(path) = sample(room.path(), name) else { return };
        let import = |more: &[&str]| {
            let name = format!("g{at}");
            output(chic_trace().args(["golden", "import", "--name", &name, "--dir"]).arg(&dir).args(more).arg(&path))
        };
        let strict = import(&[]);
        assert_eq!(strict.status.code(), Some(1), "{name}: {}", text(&strict.stderr));
        assert!(text(&strict.stderr).contains("less than 60 %"), "{name}: {}", text(&strict.stderr));
        let loose = import(&["--accept-loose"]);
        assert_eq!(loose.status.code(), Some(0), "{name}: {}", text(&loose.stderr));
        assert!(text(&loose.stdout).contains("imported from renacer 0.6.2"), "{name}: {}", text(&loose.stdout));
        let golden = fs::read_to_string(dir.join(format!("g{at}.golden"))).expect("a golden");
        let is_known = !name.contains("trivial_cli_rust");
        assert_eq!(
            golden.lines().any(|line| line.starts_with("end std stdout") && !line.ends_with("b3:*")),
            is_known,
            "{name}:\n{golden}"
        );
        assert!(golden.contains("proc P exit=0"), "{name}:\n{golden}");
    }
}

#[test]
fn an_incomplete_document_is_not_imported() {
    let room = room();
    let Some(path) = sample(room.path(), "broken/count_mismatch.json") else { return };
    let run = output(chic_trace().args(["golden", "import", "--accept-loose", "--dir"]).arg(room.path()).arg(&path));
    assert_eq!(run.status.code(), Some(4), "{}", text(&run.stderr));
}

/// What a document tells is held against a program: one byte more of output is a difference.
#[test]
fn a_program_is_checked_against_a_document() {
    let room = room();
    let document = room.path().join("hello.json");
    let text_of = r#"{"version":"0.1.0","format":"renacer-json-v1","syscalls":[
        {"name":"write","args":["1","hello\n","6"],"result":6},{"name":"exit_group","args":["0"],"result":0}],
        "summary":{"total_syscalls":2,"total_time_us":0,"exit_code":0}}"#;
    fs::write(&document, text_of).expect("a document");
    let dir = room.path().join("goldens");
    let import = output(chic_trace().args(["golden", "import", "--name", "hello", "--dir"]).arg(&dir).arg(&document));
    assert_eq!(import.status.code(), Some(0), "{}", text(&import.stderr));
    for (script, code, said) in [("echo hello", 0, "same"), ("echo hello!", 1, "`hello` -> `hello!`")] {
        let mut run = chic_trace();
        run.args(["golden", "check", "hello", "--dir"]).arg(&dir).args(["--", "sh", "-c", script]);
        let checked = output(&mut run);
        let all = format!("{}{}", text(&checked.stdout), text(&checked.stderr));
        assert_eq!(checked.status.code(), Some(code), "{script}: {all}");
        assert!(all.contains(said), "{script}: {all}");
    }
}

/// A program in a directory of its own for each run, so that what it leaves is new.
struct Recorded {
    room: tempfile::TempDir,
}

impl Recorded {
    fn new() -> Recorded {
        let room = room();
        fs::create_dir(room.path().join("bin")).expect("made");
        Recorded { room }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// Records the program as it is or changed; it is always called the same.
    fn record(&self, program: &str, changed: Option<&str>) -> PathBuf {
        let built = build(program, changed, self.room.path());
        fs::rename(built, self.path("bin").join(program)).expect("installed");
        let cwd = room();
        for name in ["cfg", "old", "more"] {
            fs::write(cwd.path().join(name), name).expect("written");
        }
        let stored = self.path(&format!("{program}{}.ctrace", changed.unwrap_or_default()));
        let mut record = chic_trace();
        record.args(["record", "--golden", "-o"]).arg(&stored).arg("--").arg(self.path("bin").join(program));
        let out = fs::File::create(self.path("printed")).expect("a file");
        record.current_dir(cwd.path()).stdin(std::process::Stdio::null()).stdout(out);
        assert!(record.status().is_ok_and(|status| matches!(status.code(), Some(0 | 3))), "{program}");
        stored
    }

    /// The document of a recording.
    fn document(&self, recording: &Path) -> PathBuf {
        let document = recording.with_extension("json");
        let shown = output(chic_trace().args(["report", "--format", "json", "-o"]).arg(&document).arg(recording));
        assert!(shown.status.success(), "{}", text(&shown.stderr));
        document
    }
}

/// `compare`, as JSON: exit code, codes of the findings, and how many follow from none.
fn codes(a: &Path, b: &Path) -> (Option<i32>, Vec<String>, usize) {
    let run = output(chic_trace().current_dir("/").args(["compare", "--format", "json"]).args([a, b]));
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap_or_default();
    let findings = report["results"][0]["findings"].as_array().cloned().unwrap_or_default();
    let code = |finding: &serde_json::Value| finding["code"].as_str().unwrap_or_default().to_owned();
    let leaders = findings.iter().filter(|finding| finding["follows_from"].is_null()).count();
    (run.status.code(), findings.iter().map(code).collect(), leaders)
}

/// Runs that renacer takes for the same, and one that it takes for different because it counts.
#[test]
fn recordings_are_told_apart_by_what_they_did() {
    if !can_trace() {
        return;
    }
    let recorded = Recorded::new();
    let (right, wrong) = (recorded.record("result", None), recorded.record("result", Some("wrong")));
    let (code, found, _) = codes(&right, &wrong);
    assert_eq!(code, Some(1));
    for wanted in ["exit", "out.bytes", "file.gone", "file.new"] {
        assert!(found.iter().any(|code| code == wanted), "{wanted} is not among {found:?}");
    }
    let base = recorded.record("loops", None);
    assert_eq!(codes(&base, &base), (Some(0), vec![], 0));
    for (changed, wanted) in [("changes", &["file.gone", "file.mode", "file.new"][..]), ("removes", &["file.gone"])] {
        let (code, found, _) = codes(&base, &recorded.record("loops", Some(changed)));
        assert_eq!(code, Some(1), "{changed}");
        for wanted in wanted {
            assert!(found.iter().any(|code| code == wanted), "{changed}: {wanted} is not among {found:?}");
        }
    }
    let (code, found, leaders) = codes(&base, &recorded.record("loops", Some("reads")));
    assert_eq!((code, found.first().map(String::as_str), leaders), (Some(1), Some("in.new"), 1), "{found:?}");
}

#[test]
fn a_recording_is_compared_with_a_document_as_the_document_that_it_makes() {
    if !can_trace() {
        return;
    }
    let recorded = Recorded::new();
    let (right, wrong) = (recorded.record("result", None), recorded.record("result", Some("wrong")));
    let (right_told, wrong_told) = (recorded.document(&right), recorded.document(&wrong));
    for (a, b) in [(&right, &right_told), (&right_told, &right)] {
        let (code, said) = compared(a, b, &[]);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains("what files hold at the end: only a recording keeps it"), "{said}");
        let (code, said) = compared(a, b, &["--as-recorded"]);
        assert_eq!((code, said.lines().next()), (Some(0), Some("same as recorded")), "{said}");
    }
    for (a, b) in [(&right, &wrong_told), (&right_told, &wrong)] {
        for more in [&[][..], &["--as-recorded"]] {
            let (code, said) = compared(a, b, more);
            assert_eq!(code, Some(1), "{said}");
            for word in ["exit: exit status 0 -> 3", "file.new: now writes f2", "`result: 42`"] {
                assert!(said.contains(word), "{word:?} is not in: {said}");
            }
        }
    }
    // Above the outcome a document says nothing.
    let run = output(chic_trace().arg("compare").args([&right, &right_told]));
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(4), "{said}");
    assert!(said.contains("what level protocol compares beside the outcome"), "{said}");
}

#[test]
fn a_golden_is_held_against_a_document() {
    if !can_trace() {
        return;
    }
    let recorded = Recorded::new();
    let (right, wrong) = (recorded.record("result", None), recorded.record("result", Some("wrong")));
    let (right_told, wrong_told) = (recorded.document(&right), recorded.document(&wrong));
    let run = |words: &[&str], path: &Path| {
        let run = output(chic_trace().current_dir(recorded.room.path()).args(words).arg(path));
        (run.status.code(), text(&run.stdout) + &text(&run.stderr))
    };
    assert_eq!(run(&["golden", "import", "--single", "--name", "result", "--dir", "goldens"], &right).0, Some(0));
    let outcome = ["--level", "outcome"];
    let check = |path| run(&[&["golden", "check", "result"][..], &outcome, &["--recording"]].concat(), path);
    let (code, said) = check(&right_told);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("not compared: what files hold at the end"), "{said}");
    let (code, said) = check(&wrong_told);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("exit status 0 -> 3") && said.contains("file.new  P  f2"), "{said}");
    let compare = |more: &[&str], path| run(&[&["compare", "result"][..], &outcome, more].concat(), path);
    assert_eq!(compare(&[], &right_told).0, Some(4));
    let (code, said) = compare(&["--as-recorded"], &right_told);
    assert_eq!((code, said.lines().next()), (Some(0), Some("same as recorded")), "{said}");
    assert_eq!(compare(&["--as-recorded"], &wrong_told).0, Some(1));
    let table = recorded.path("table");
    let counted = output(chic_trace().args(["report", "-c", "-o"]).arg(&table).arg(&right));
    assert!(counted.status.success());
    let (code, said) = compare(&[], &table);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("with a golden: it is a table"), "{said}");
}
