//! Forms of one run: CSV, the page, counts with their spread and in clusters, the clock that orders all tasks.

mod harness;
mod programs;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use harness::terminal::Terminal;
use programs::{can_trace, chic_trace, output, room, text};
use serde_json::Value;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/report/tests/samples/full.json");

fn at(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(words))
}

#[track_caller]
fn stdout(words: &[&str]) -> String {
    let run = at(Path::new("/"), words);
    assert_eq!(run.status.code(), Some(0), "{words:?}: {}", text(&run.stderr));
    text(&run.stdout)
}

/// A run of several tasks with an error, a signal and output.
const SHELL: &str = "ls / | cat > /dev/null; trap : USR1; kill -USR1 $$; ls /no/such; echo hi";

/// Is this program here?
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: no {program} here");
    }
    found
}

#[test]
fn tables_of_the_sample_are_reproduced() {
    let csv = stdout(&["report", "-T", "--source", "--format", "csv", SAMPLE]);
    assert_eq!(csv, include_str!("../report/tests/samples/full.csv"));
    let counts = stdout(&["report", "-c", "-T", "--format", "csv", SAMPLE]);
    assert_eq!(counts, include_str!("../report/tests/samples/full.stats.csv"));
    let table = stdout(&["report", "-c", "-o", "-", SAMPLE]);
    assert_eq!(table, include_str!("../report/tests/samples/full.summary.txt"));
}

#[test]
fn live_and_stored_output_are_equal_in_every_form() {
    if !can_trace() {
        return;
    }
    let room = room();
    let clusters = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/clusters.toml");
    for flags in [
        &["--format", "json"][..],
        &["--format", "json", "--compact", "-T"],
        &["--format", "json", "-T", "-c", "--stats-extended", "--lamport"],
        &["--format", "jsonl", "--lamport"],
        &["--format", "json", "-e", "raw=%file"],
        &["--format", "csv"],
        &["--format", "csv", "-T", "--source", "-y"],
        &["--format", "csv", "-c", "-T", "--stats-extended"],
        &["--format", "html", "-T"],
        &["--format", "html", "-c", "--stats-extended"],
        &["-c", "--stats-extended", "--clusters", clusters],
        &["--summary", "-T"],
    ] {
        let live = [&["-f", "-o", "live", "--keep", "run.ctrace"], flags, &["--", "sh", "-c", SHELL]].concat();
        let run = at(room.path(), &live);
        assert_eq!(run.status.code(), Some(0), "{flags:?}: {}", text(&run.stderr));
        let run = at(room.path(), &[&["report", "run.ctrace", "-o", "later"], flags].concat());
        assert_eq!(run.status.code(), Some(0), "{flags:?}: {}", text(&run.stderr));
        let read = |name: &str| fs::read_to_string(room.path().join(name)).expect("an output");
        let (live, later) = (read("live"), read("later"));
        assert!(live.contains("execve"), "{flags:?} shows no execve: {live}");
        assert!(live == later, "{flags:?}: live\n{live}\nlater\n{later}");
    }
}

#[test]
fn words_of_calls_stand_in_a_document_when_they_are_asked_for() {
    if !can_trace() {
        return;
    }
    for format in ["json", "jsonl"] {
        let calls = "trace=openat,close,exit_group";
        let run =
            at(Path::new("/"), &["--format", format, "-e", calls, "-e", "raw=openat,exit_group", "cat", "/no/such"]);
        let document = text(&run.stdout);
        let lines: Vec<&str> = document.lines().filter(|line| line.contains("\"name\": ")).collect();
        let failed = lines.iter().find(|line| line.contains("ENOENT")).expect("an openat that fails");
        let call: Value = serde_json::from_str(failed.trim().trim_end_matches(',')).expect("JSON");
        let words: Vec<&str> = call["args"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
        assert!(words[0] == "0xffffff9c" || words[0] == "0xffffffffffffff9c", "{failed}");
        let is_word = |word: &&str| *word == "0" || word.starts_with("0x");
        assert!(words.len() == 4 && words.iter().all(is_word) && words[3] == "0", "{failed}");
        assert!(lines.iter().any(|line| line.contains("\"exit_group\", \"args\": [\"0x1\"]")), "{document}");
        assert!(lines.iter().any(|line| line.contains("\"close\", \"args\": [\"3\"]")), "{document}");
    }
}

#[test]
fn a_document_on_standard_output_is_alone_there() {
    if !can_trace() {
        return;
    }
    for (format, first, last) in
        [("csv", "syscall,arguments,result\n", "exit_group,0,\n"), ("html", "<!DOCTYPE html>\n", "</html>\n")]
    {
        let run = at(Path::new("/"), &["--format", format, "sh", "-c", "echo said"]);
        let (said, document) = (text(&run.stderr), text(&run.stdout));
        assert!(said.contains("said"), "{format}: {said}");
        assert!(document.starts_with(first) && document.ends_with(last), "{format}: {document}");
    }
}

/// Splits CSV by RFC 4180.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (vec![], vec![], String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty(), "the last line has no end");
    rows
}

const HOSTILE: &str = "</td></tr><script>alert(1)</script>&amp;'\",\r\n=cmd|' /C calc'!A0,\u{202e}\u{9b}31m";

#[test]
fn a_hostile_string_changes_no_line_and_no_element() {
    if !can_trace() {
        return;
    }
    let shown = |format: &str, argument: &str| {
        stdout(&["-s", "500", "-e", "trace=execve,openat,exit_group", "--format", format, "--", "true", argument])
    };
    let (plain, hostile) = (csv(&shown("csv", "plain")), csv(&shown("csv", HOSTILE)));
    assert_eq!(plain.len(), hostile.len());
    assert_eq!(shown("csv", HOSTILE).lines().count(), hostile.len(), "a row is not one line");
    assert!(hostile.iter().all(|row| row.len() == 3), "{hostile:?}");
    let arguments = &hostile[1][1];
    assert!(arguments.contains(r#"</td></tr><script>alert(1)</script>&amp;'\",\r\n=cmd|"#), "{arguments}");
    let (plain, hostile) = (shown("html", "plain"), shown("html", HOSTILE));
    let elements = |page: &str| page.matches('<').count();
    assert_eq!(elements(&plain), elements(&hostile), "{hostile}");
    assert!(!hostile.contains("<script") && hostile.contains("&lt;script&gt;"), "{hostile}");
    assert!(!hostile.chars().any(|c| c.is_control() && c != '\n'), "{hostile:?}");
}

#[test]
fn a_page_keeps_to_its_policy() {
    let page = stdout(&["report", "-T", "-c", "--source", "--format", "html", SAMPLE]);
    for part in [
        "<html lang=\"en\">",
        "<title>System calls of ./hello --name GoldenTest</title>",
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"",
        "<th scope=\"col\">Syscall</th><th scope=\"col\">Arguments</th><th scope=\"col\">Result</th>\
         <th scope=\"col\">Duration</th><th scope=\"col\">Source</th>",
        "<td class=\"result-error\">-2 ENOENT (No such file or directory)</td>",
        "<td class=\"source\">src/main.rs:42 in main</td>",
        "<table class=\"stats-table\">",
        "<td class=\"number\">93.02</td>",
    ] {
        assert!(page.contains(part), "{part} is not in: {page}");
    }
    for foreign in ["http:", "https:", "<script", "<link", "src=", "url("] {
        assert!(!page.contains(foreign), "{foreign} is in: {page}");
    }
    // Every element that is opened is closed, in order.
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).map(|part| part.split(['>', ' ']).next().unwrap_or_default()) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if ["!DOCTYPE", "meta"].contains(&tag) => {}
            None => open.push(tag),
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
}

#[test]
fn counts_of_runs_alike_are_lines_alike() {
    if !can_trace() {
        return;
    }
    let counts = || stdout(&["--format", "csv", "-c", "--", "cat", "/dev/null"]);
    let (first, second) = (counts(), counts());
    assert!(first.starts_with("syscall,calls,errors\n") && first.contains("\nexecve,1,0\n"), "{first}");
    assert_eq!(first, second);
}

/// A percentile between the two nearest values, in exact fractions.
fn percentile(sorted: &[u64], p: u64) -> u64 {
    let place = p as u128 * (sorted.len() as u128 - 1);
    let (at, part) = ((place / 100) as usize, place % 100);
    let next = sorted[(at + 1).min(sorted.len() - 1)];
    ((u128::from(sorted[at]) * (100 - part) + u128::from(next) * part + 50) / 100) as u64
}

#[test]
fn the_spread_is_that_of_the_times_told() {
    if !can_trace() {
        return;
    }
    let room = room();
    let keep = ["-f", "-c", "--keep", "run.ctrace", "-o", "/dev/null", "--", "sh", "-c", SHELL];
    assert_eq!(at(room.path(), &keep).status.code(), Some(0));
    let document = at(room.path(), &["report", "run.ctrace", "--format", "json", "-T", "-c", "--stats-extended"]);
    let document: Value = serde_json::from_slice(&document.stdout).expect("JSON");
    let mut times: HashMap<&str, Vec<u64>> = HashMap::new();
    for call in document["syscalls"].as_array().expect("calls") {
        let of_name = times.entry(call["name"].as_str().expect("a name")).or_default();
        of_name.extend(call["duration_ns"].as_u64());
    }
    let by_name = document["summary"]["by_syscall"].as_array().expect("counts");
    assert_eq!(by_name.len(), times.len());
    let table = at(room.path(), &["report", "run.ctrace", "--format", "csv", "-c", "-T", "--stats-extended"]);
    let table = csv(&text(&table.stdout));
    assert_eq!(
        table[0].join(","),
        "syscall,calls,errors,total_time,mean_ns,stddev_ns,min_ns,max_ns,p50_ns,p75_ns,p90_ns,p95_ns,p99_ns"
    );
    for (row, line) in by_name.iter().zip(&table[1..]) {
        let name = row["syscall"].as_str().expect("a name");
        let times = times.get_mut(name).expect("its calls");
        times.sort_unstable();
        if times.is_empty() {
            assert!(row["mean_ns"].is_null() && line[4..].iter().all(String::is_empty), "{row} {line:?}");
            continue;
        }
        let count = times.len() as f64;
        let mean = times.iter().sum::<u64>() as f64 / count;
        let deviation = (times.iter().map(|time| (*time as f64 - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((row["mean_ns"].as_f64().expect("a mean") - mean).abs() <= 0.51, "{row}");
        assert!((row["stddev_ns"].as_f64().expect("a deviation") - deviation).abs() <= 1.0, "{row}: {deviation}");
        for p in [50, 75, 90, 95, 99] {
            assert_eq!(row[format!("p{p}_ns")], percentile(times, p), "{row}");
        }
        assert_eq!((&row["min_ns"], &row["max_ns"]), (&times[0].into(), &times[times.len() - 1].into()));
        for (column, key) in table[0].iter().enumerate().skip(4) {
            assert_eq!(line[column], row[key].to_string(), "{name} {key}");
        }
    }
    let as_text = at(room.path(), &["report", "run.ctrace", "-c", "--stats-extended", "-o", "table.txt"]);
    assert_eq!(as_text.status.code(), Some(0), "{}", text(&as_text.stderr));
    let as_text = fs::read_to_string(room.path().join("table.txt")).expect("a table");
    let execve = as_text.lines().find(|line| line.contains(" execve ")).expect("a row");
    let told: Vec<&str> = execve.split_whitespace().rev().take(9).collect();
    let row = by_name.iter().find(|row| row["syscall"] == "execve").expect("a row");
    assert_eq!(told[0], row["p99_ns"].to_string(), "{execve}");
    assert_eq!(told[8], row["mean_ns"].to_string(), "{execve}");
    // The columns stay with their rows in every order.
    for order in ["name", "calls", "max-time", "time"] {
        let sorted = at(room.path(), &["report", "run.ctrace", "-c", "--stats-extended", "-S", order, "-o", "-"]);
        let sorted = text(&sorted.stdout);
        let line = sorted.lines().find(|line| line.contains(" execve ")).unwrap_or_else(|| panic!("{order}: {sorted}"));
        assert!(line.split_whitespace().rev().take(9).eq(told.iter().copied()), "{order}: {line}");
    }
    let last = as_text.lines().last().expect("a total");
    assert_eq!(
        last.split_whitespace().nth(3),
        Some(document["summary"]["total_syscalls"].to_string().as_str()),
        "{last}"
    );
    // It is still a table that can be read.
    let again = at(room.path(), &["report", "table.txt", "-o", "-"]);
    assert!(text(&again.stderr).contains("a table of counts"), "{}", text(&again.stderr));
}

/// The values behind the names in a table, by name: what stands in front of a name, line by line.
fn told_of(lines: &[&str], columns: &[&str]) -> HashMap<String, Vec<String>> {
    let mut told: HashMap<String, Vec<String>> = HashMap::new();
    let mut heads: Vec<&str> = vec![];
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.split_last() {
            Some((&"syscall", head)) => heads = head.to_vec(),
            Some((name, values)) if values.len() == heads.len() && columns.contains(&heads[0]) => {
                told.entry((*name).to_owned()).or_default().extend(values.iter().map(|value| (*value).to_owned()));
            }
            _ => {}
        }
    }
    told.retain(|name, _| !name.starts_with('-'));
    told
}

/// What a terminal shows is folded to its width; a file, a pipe and a terminal that is wide enough have all in one table.
#[test]
fn a_wide_table_is_folded_on_a_terminal_and_nowhere_else() {
    if !can_trace() {
        return;
    }
    let room = room();
    let keep = ["-f", "-c", "--keep", "run.ctrace", "-o", "/dev/null", "--", "sh", "-c", SHELL];
    assert_eq!(at(room.path(), &keep).status.code(), Some(0));
    let words = ["report", "run.ctrace", "-c", "--stats-extended"];
    let piped = text(&output(chic_trace().current_dir(room.path()).args(words).env("COLUMNS", "80")).stderr);
    let whole: Vec<&str> = piped.lines().collect();
    assert!(whole[0].len() > 150, "{piped}");
    at(room.path(), &[&words[..], &["-o", "table.txt"]].concat());
    assert_eq!(fs::read_to_string(room.path().join("table.txt")).expect("a table"), piped);
    // The terminal has 80 columns unless COLUMNS says otherwise.
    let shown = |words: &[&str], columns: Option<&str>| {
        let mut command = chic_trace();
        command.current_dir(room.path()).args(words).env_remove("COLUMNS");
        command.envs(columns.map(|columns| ("COLUMNS", columns)));
        let (status, shown) = Terminal::start(command).and_then(Terminal::finish).expect("a terminal");
        assert!(status.success(), "{shown}");
        shown.replace("\r\n", "\n")
    };
    assert_eq!(shown(&words, Some("200")), piped);
    let of_names: HashMap<&str, Vec<&str>> = whole[2..]
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 13 && !words[0].starts_with('-'))
        .map(|words| (words[words.len() - 10], words[words.len() - 9..].to_vec()))
        .collect();
    assert!(of_names.len() > 5, "{piped}");
    for (columns, width, tables) in [(None, 80, 3..=3), (Some("50"), 50, 4..=9), (Some("20"), 50, 10..=10)] {
        let told = shown(&words, columns);
        let lines: Vec<&str> = told.lines().collect();
        // The table in the form of strace is what it is: its name stands at the end.
        let first = lines.iter().position(|line| line.is_empty()).expect("a table below");
        assert!(lines[..first].iter().zip(&whole).all(|(line, whole)| whole.starts_with(line)), "{told}");
        assert_eq!(lines[..first].len(), whole.len(), "{told}");
        assert!(lines.iter().skip(first).all(|line| line.len() <= width), "{columns:?}:\n{told}");
        let heads = lines.iter().filter(|line| line.ends_with(" syscall")).count();
        assert!(tables.contains(&heads), "{columns:?}:\n{told}");
        let names = ["mean_ns", "stddev_ns", "min_ns", "max_ns", "p50_ns", "p75_ns", "p90_ns", "p95_ns", "p99_ns"];
        let told = told_of(&lines[first..], &names);
        for (name, values) in &of_names {
            assert_eq!(&told[*name], values, "{columns:?} {name}");
        }
    }
    // So are documents in place of recordings.
    let of_document = shown(&["report", "-c", "--stats-extended", SAMPLE], None);
    assert!(of_document.contains(" total\n\nmean_ns stddev_ns "), "{of_document}");
    // Behind it a sentence says what was read.
    let is_narrow = |line: &str| line.len() <= 80 || line.starts_with("chic-trace: ");
    assert!(of_document.lines().all(is_narrow), "{of_document}");
}

#[test]
fn other_programs_read_what_is_written() {
    if !can_trace() {
        return;
    }
    let room = room();
    let traced = |format: &str, file: &str| {
        let words = ["-f", "-T", "--format", format, "-o", file, "--", "sh", "-c", SHELL];
        assert_eq!(at(room.path(), &words).status.code(), Some(0), "{format}");
    };
    traced("json", "run.json");
    traced("jsonl", "run.jsonl");
    traced("csv", "run.csv");
    if has("jq") {
        for (file, slurp, filter) in [
            ("run.json", "-e", ".summary.total_syscalls == (.syscalls | length) and .summary.exit_code == 0"),
            (
                "run.jsonl",
                "-es",
                "(map(select(.name)) | length) == .[-1].summary.total_syscalls and .[0].stream == \"begin\"",
            ),
        ] {
            let run = output(Command::new("jq").current_dir(room.path()).args([slurp, filter, file]));
            assert!(run.status.success(), "{file}: {}{}", text(&run.stdout), text(&run.stderr));
        }
    }
    if has("sqlite3") {
        let query = "select count(*), sum(cast(result as integer) < 0), sum(syscall = 'execve') from calls where arguments is not null;";
        let run = output(Command::new("sqlite3").current_dir(room.path()).args([
            ":memory:",
            ".mode csv",
            ".import run.csv calls",
            query,
        ]));
        let rows = csv(&fs::read_to_string(room.path().join("run.csv")).expect("CSV"));
        let (calls, names) = (rows.len() - 1, rows.iter().filter(|row| row[0] == "execve").count());
        let failed = rows.iter().filter(|row| row[2].starts_with('-')).count();
        assert_eq!(text(&run.stdout).trim(), format!("{calls},{failed},{names}"), "{}", text(&run.stderr));
    }
}

#[test]
fn the_clock_orders_what_tasks_did_to_each_other() {
    if !can_trace() {
        return;
    }
    let script = "ls / > /dev/null; (trap 'exit 0' USR1; kill -USR1 $$; sh -c 'exit 3'); true; wait";
    let traced = at(
        Path::new("/"),
        &["-f", "--format", "json", "--lamport", "--", "sh", "-c", &format!("trap : USR1; {script}")],
    );
    let document: Value = serde_json::from_slice(&traced.stdout).expect("JSON");
    let all: Vec<&Value> =
        ["syscalls", "events"].iter().flat_map(|key| document[key].as_array().expect("an array")).collect();
    let number = |entry: &Value, key: &str| entry[key].as_u64().unwrap_or_else(|| panic!("no {key}: {entry}"));
    let mut by_task: HashMap<u64, Vec<&Value>> = HashMap::new();
    all.iter().for_each(|entry| by_task.entry(number(entry, "tid")).or_default().push(entry));
    for entries in by_task.values_mut() {
        entries.sort_by_key(|entry| number(entry, "seq"));
        for pair in entries.windows(2) {
            assert!(number(pair[0], "lamport_clock") < number(pair[1], "lamport_clock"), "{} {}", pair[0], pair[1]);
        }
    }
    let clock = |entry: &Value| number(entry, "lamport_clock");
    let (mut born, mut waited) = (0, 0);
    for call in all.iter().filter(|entry| entry["name"].is_string()) {
        let Some(other) = call["result"].as_u64().and_then(|pid| by_task.get(&pid)) else { continue };
        match call["name"].as_str() {
            Some("clone" | "clone3" | "fork" | "vfork") => {
                assert!(clock(call) < clock(other[0]), "{call} {}", other[0]);
                born += 1;
            }
            Some("wait4") => {
                let own = &by_task[&number(call, "tid")];
                let next = own.iter().find(|entry| number(entry, "seq") > number(call, "seq")).expect("it goes on");
                let end = other.last().expect("its end");
                assert!(clock(end) < clock(next), "{end} {next}");
                waited += 1;
            }
            _ => {}
        }
    }
    assert!(born >= 2 && waited >= 2, "{born} births, {waited} waits");
    let kill = all.iter().find(|entry| entry["name"] == "kill").expect("a signal is sent");
    let heard = all.iter().find(|entry| entry["signal"] == "SIGUSR1" && entry["kind"] == "signal").expect("and heard");
    assert!(clock(kill) < clock(heard), "{kill} {heard}");
}

#[test]
fn flags_that_say_nothing_here_are_refused() {
    for (words, says) in [
        (&["--stats-extended", "true"][..], "cannot take --stats-extended without -c"),
        (&["--clusters", "x.toml", "true"], "cannot take --clusters without -c"),
        (&["--lamport", "true"], "cannot take --lamport here"),
        (&["--lamport", "--format", "json", "--compact", "true"], "cannot take --lamport here"),
        (&["-ff", "-o", "x", "--format", "csv", "true"], "-ff"),
        (&["-c", "--clusters", "/no/such.toml", "true"], "cannot read /no/such.toml"),
    ] {
        let run = at(Path::new("/"), words);
        assert_eq!(run.status.code(), Some(2), "{words:?}: {}", text(&run.stderr));
        assert!(text(&run.stderr).contains(says), "{words:?}: {}", text(&run.stderr));
    }
}

#[test]
fn what_tracing_cost_is_told() {
    if !can_trace() {
        return;
    }
    let run = at(Path::new("/"), &["--profile-self", "-o", "/dev/null", "true"]);
    let said = text(&run.stderr);
    let line = said.lines().find(|line| line.starts_with("chic-trace: own cost: ")).expect("a line");
    let words: Vec<&str> = line.split_whitespace().collect();
    let before = |word: &str| -> u64 {
        let at = words.iter().position(|found| found.trim_end_matches(',') == word).unwrap_or_else(|| panic!("{line}"));
        words[at - 1].parse().unwrap_or_else(|_| panic!("{line}"))
    };
    assert!(before("events") > 10 && before("stops") >= before("events"), "{line}");
    for part in ["ns a stop", " user, ", " system, ", " % of ", " wall time"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn variables_of_renacer_are_named() {
    if !can_trace() {
        return;
    }
    let said = |flags: &[&str]| {
        let mut command = chic_trace();
        command.env("RENACER_LOG", "1").args(flags).args(["-o", "/dev/null", "true"]);
        text(&output(&mut command).stderr)
    };
    assert!(said(&["-v"]).contains("RENACER_LOG is set: it is a variable of renacer"), "{}", said(&["-v"]));
    assert_eq!(said(&[]), "");
}

#[test]
fn the_clock_may_be_asked_for_in_the_configuration() {
    if !can_trace() {
        return;
    }
    let room = room();
    fs::write(room.path().join("renacer.toml"), "[lamport_clock]\nenabled = true\n").expect("written");
    let traced = |flags: &[&str]| text(&at(room.path(), &[flags, &["--format", "json", "true"]].concat()).stdout);
    assert!(traced(&[]).contains("\"lamport_clock\": 2"));
    assert!(!traced(&["--no-config"]).contains("lamport_clock"));
    assert!(!traced(&["--compact"]).contains("lamport_clock"));
}

/// The content of an argument, from the document alone.
fn content(call: &Value, at: u64) -> Vec<u8> {
    let payloads = call["payloads"].as_array();
    match payloads.into_iter().flatten().find(|payload| payload["arg"] == at) {
        None => call["args"][at as usize].as_str().expect("a string").as_bytes().to_vec(),
        Some(payload) => {
            let text = payload["base64"].as_str().expect("base64");
            let value = |c: u8| match c {
                b'A'..=b'Z' => u32::from(c - b'A'),
                b'a'..=b'z' => u32::from(c - b'a') + 26,
                b'0'..=b'9' => u32::from(c - b'0') + 52,
                b'+' => 62,
                _ => 63,
            };
            let mut bytes = Vec::new();
            for group in text.trim_end_matches('=').as_bytes().chunks(4) {
                let bits = group.iter().fold(0, |bits, c| bits << 6 | value(*c)) << (6 * (4 - group.len()));
                bytes.extend(&bits.to_be_bytes()[1..group.len()]);
            }
            bytes
        }
    }
}

#[test]
fn content_is_told_whole_around_the_limit() {
    if !can_trace() {
        return;
    }
    let lengths = [0usize, 1, 31, 32, 33, 34];
    let mut script = String::from("printf '\\\\xff'; printf '\\377'; ");
    for length in &lengths[1..] {
        script += &format!("printf '{}\\303\\244'; ", "y".repeat(length - 1));
    }
    let traced =
        at(Path::new("/"), &["--format", "json", "-s", "33", "-e", "trace=write", "--", "bash", "-c", &script]);
    if traced.status.code() == Some(127) {
        println!("skipped: no bash here");
        return;
    }
    let document: Value = serde_json::from_slice(&traced.stdout).expect("JSON");
    let calls = document["syscalls"].as_array().expect("calls");
    assert_eq!((calls[0]["args"][1].as_str(), calls[0].get("payloads")), (Some("\\xff"), None));
    assert_eq!((calls[1]["args"][1].as_str(), content(&calls[1], 1)), (Some("\\xff"), vec![0xff]));
    for (call, length) in calls[2..].iter().zip(&lengths[1..]) {
        let mut written = "y".repeat(length - 1).into_bytes();
        written.extend([0xc3, 0xa4]);
        assert_eq!(call["result"], written.len(), "{call}");
        let whole = written.len() <= 33;
        assert_eq!(content(call, 1), written[..written.len().min(33)], "{call}");
        assert_eq!(call.get("payloads").is_none(), whole, "{call}");
        if !whole {
            let payload = &call["payloads"][0];
            assert_eq!((&payload["len"], &payload["kept"]), (&written.len().into(), &33.into()), "{call}");
        }
    }
}

/// Flags of renacer 0.6.6 and 0.10.2 that are not taken over, each with a word of its reason and of its hint.
const REFUSED: &[(&str, &str, &str)] = &[
    ("--anomaly-threshold 3", "baseline", "--stats-extended"),
    ("--anomaly-realtime", "baseline", "gate check"),
    ("--anomaly-window-size 9", "baseline", "gate check"),
    ("--ml-anomaly", "always reports", "--stats-extended"),
    ("--ml-clusters 3", "always reports", "--stats-extended"),
    ("--ml-compare", "always reports", "gate check"),
    ("--ml-outliers", "always reports", "gate check"),
    ("--ml-outlier-threshold 0.1", "always reports", "gate check"),
    ("--ml-outlier-trees 9", "always reports", "gate check"),
    ("--explain", "always reports", "gate check"),
    ("--dl-anomaly", "always reports", "gate check"),
    ("--dl-threshold 2", "always reports", "gate check"),
    ("--dl-hidden-size 3", "always reports", "gate check"),
    ("--dl-epochs 9", "always reports", "gate check"),
    ("--save-model x", "models are never read", "--stats-extended"),
    ("--load-model x", "models are never read", "--stats-extended"),
    ("--baseline x", "never read", "golden check"),
    ("--hpu-analysis", "clusters", "--clusters FILE"),
    ("--hpu-cpu-only", "clusters", "-c"),
    ("--otlp-endpoint x", "no network", "record"),
    ("--otlp-service-name x", "no network", "record"),
    ("--trace-parent x", "no network", "record"),
    ("--trace-compute", "never read", "profile"),
    ("--trace-compute-all", "never read", "profile"),
    ("--trace-compute-threshold 9", "never read", "profile"),
    ("--rewrite-stacktrace", "the map itself", "-k --transpiler-map FILE"),
    ("--rewrite-errors", "the map itself", "-k --transpiler-map FILE"),
    ("--trace-transpiler-decisions", "what the target prints", "write"),
    ("--chaos gentle", "no effect", "-e inject=SET:error="),
    ("--chaos-memory-limit 1G", "no effect", "prlimit"),
    ("--chaos-cpu-limit 9", "no effect", "prlimit"),
    ("--chaos-timeout 9", "no effect", "timeout"),
    ("--chaos-signals", "no effect", "-e inject=SET:signal="),
];

#[test]
fn flags_of_renacer_are_refused_with_what_to_use_instead() {
    let room = room();
    for (flag, why, instead) in REFUSED {
        let words: Vec<&str> = flag.split(' ').chain(["--", "touch", "ran"]).collect();
        let run = at(room.path(), &words);
        let said = text(&run.stderr);
        let name = words[0];
        assert_eq!(run.status.code(), Some(2), "{flag}: {said}");
        assert!(said.contains(&format!("{name}: it is a flag of renacer that is not taken over")), "{flag}: {said}");
        let hint = said.lines().find_map(|line| line.trim().strip_prefix("hint: ")).unwrap_or_else(|| panic!("{said}"));
        assert!(said.contains(why) && hint.contains(instead), "{flag}: {said}");
        // What a hint names is there.
        for quoted in hint.split('`').skip(1).step_by(2) {
            let first = quoted.split_whitespace().next().expect("a word");
            if first.starts_with('-') || ["prlimit", "timeout"].contains(&first) {
                continue;
            }
            let help = at(room.path(), &[first, "--help"]);
            assert!(help.status.success(), "{flag}: there is no {first}: {hint}");
        }
        assert!(!room.path().join("ran").exists(), "{flag}: the program ran");
    }
    for (words, code, says) in [
        (&["validate", "--generate", "x"][..], 5, "chic-trace golden record"),
        (&["validate", "--baseline", "x", "--", "true"], 5, "chic-trace golden check"),
        (&["visualize", "x"], 2, "chic-trace report"),
    ] {
        let run = at(room.path(), words);
        assert_eq!(run.status.code(), Some(code), "{words:?}: {}", text(&run.stderr));
        assert!(text(&run.stderr).contains(says), "{words:?}: {}", text(&run.stderr));
    }
}

#[test]
fn flags_of_renacer_do_what_they_are_known_for() {
    if !can_trace() {
        return;
    }
    let said = |words: &[&str]| text(&at(Path::new("/"), words).stderr);
    let header = "% time     seconds  usecs/call     calls    errors syscall\n";
    let table = said(&["--summary", "--timing", "--", "true"]);
    assert!(table.starts_with(header), "{table}");
    let both = said(&["--summary", "--", "true"]);
    assert!(both.starts_with("execve(") && both.contains(header), "{both}");
    let timed = said(&["--timing", "--expr", "trace=execve", "--follow-forks", "--", "true"]);
    let first = timed.lines().next().expect("a line");
    assert!(first.starts_with("execve(") && first.ends_with('>') && first.contains(" = 0 <0."), "{timed}");
    let debugged = at(Path::new("/"), &["--debug", "-o", "/dev/null", "true"]);
    assert!(debugged.status.success() && !debugged.stderr.is_empty(), "{}", text(&debugged.stderr));
    // A number behind -s is strace's limit; without one it is --source.
    let limited = said(&["-s", "2", "-e", "execve", "--", "true", "argument"]);
    assert!(limited.contains("[\"tr\"..., \"ar\"...]"), "{limited}");
    let glued = said(&["-s2", "-e", "execve", "--", "true", "argument"]);
    assert!(glued.contains("[\"tr\"..., \"ar\"...]"), "{glued}");
    let source = said(&["-s", "-e", "execve", "--", "true", "argument"]);
    assert!(source.contains("[\"true\", \"argument\"]"), "{source}");
    let neither = at(Path::new("/"), &["-s", "true"]);
    assert_eq!(neither.status.code(), Some(2));
    assert!(text(&neither.stderr).contains("(strace)") && text(&neither.stderr).contains("(renacer)"));
}

#[test]
fn filters_mean_what_they_mean_to_strace_and_renacer() {
    if !can_trace() {
        return;
    }
    let names = |filter: &str| {
        let lines = stdout(&["-e", filter, "--format", "csv", "-c", "--", "cat", "/dev/null"]);
        lines.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let all = names("all");
    let without = |left_out: &[&str]| -> Vec<String> {
        all.iter().filter(|name| !left_out.contains(&name.as_str())).cloned().collect()
    };
    assert!(["execve", "openat", "read", "close"].iter().all(|name| all.iter().any(|found| found == name)), "{all:?}");
    assert_eq!(names("!close,read"), without(&["close", "read"]));
    assert_eq!(names("trace=!close"), without(&["close"]));
    let files = names("file,!openat");
    assert!(files.contains(&"execve".to_owned()) && !files.contains(&"openat".to_owned()), "{files:?}");
    assert_eq!(names("%file,!openat"), files);
    assert_eq!(names(r"/^open(a){1,2}t/"), ["openat"]);
    assert_eq!(names("?nosuch, openat"), ["openat"]);
    assert_eq!(names("trace=none"), Vec::<String>::new());
    for (filter, says) in
        [("nosuch", "nosuch"), ("opneat", "openat"), ("trace=", "none"), ("!", "!"), ("/(/", "/(/"), ("openat,", "")]
    {
        let run = at(Path::new("/"), &["-e", filter, "true"]);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{filter}: {said}");
        assert!(said.contains("cannot take -e trace=") && said.contains(says), "{filter}: {said}");
    }
}

/// Name, calls and mark of each row of the second table.
fn clusters(said: &str) -> Vec<(String, u64, bool)> {
    let mut lines = said.lines().skip_while(|line| !line.ends_with("errors cluster")).skip(2);
    let mut rows = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.starts_with("------")) {
        let unexpected = line.ends_with("  unexpected");
        let words: Vec<&str> = line.trim_end_matches("unexpected").split_whitespace().collect();
        let name = words.last().expect("a name").to_string();
        rows.push((name, words[3].parse().expect("a number of calls"), unexpected));
    }
    rows
}

#[test]
fn calls_are_counted_in_clusters_of_the_users() {
    if !can_trace() {
        return;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/clusters.toml");
    let script = "printf x > /dev/null; [ -e /no/such ]; kill -0 $$";
    let room = room();
    let words = ["-c", "--clusters", file, "--keep", "a.ctrace", "-o", "t", "--", "sh", "-c", script];
    let run = at(room.path(), &words);
    let said = text(&run.stderr);
    assert!(said.contains("1 of 14 names are no system calls of this machine: dlopen"), "{said}");
    let table = fs::read_to_string(room.path().join("t")).expect("a table");
    let rows = clusters(&table);
    let names: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(names, ["Null", "Missing", "Files", "Signals", "Unclassified"], "{table}");
    let calls = |name: &str| rows.iter().find(|row| row.0 == name).map(|row| (row.1, row.2));
    assert_eq!(calls("Null"), Some((1, true)), "{table}");
    assert_eq!(calls("Missing"), Some((1, false)), "{table}");
    assert_eq!(calls("Signals"), Some((1, true)), "{table}");
    assert!(calls("Files").is_some_and(|(calls, unexpected)| calls > 3 && !unexpected), "{table}");
    let total = table.lines().last().and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    assert_eq!(total, Some(rows.iter().map(|row| row.1).sum::<u64>()), "{table}");
    // What is not recorded is not known, and that is said.
    let part = ["-c", "--clusters", file, "-e", "trace=write", "-o", "t", "--", "sh", "-c", script];
    assert_eq!(at(room.path(), &part).status.code(), Some(0));
    let table = fs::read_to_string(room.path().join("t")).expect("a table");
    assert_eq!(clusters(&table)[0], ("Null".into(), 1, true), "{table}");
    let document = ["-f", "--format", "json", "-o", "a.json", "--", "sh", "-c", script];
    assert_eq!(at(room.path(), &document).status.code(), Some(0));
    let run = at(room.path(), &["report", "-c", "--clusters", file, "a.json"]);
    assert!(
        text(&run.stderr).contains("Null: of ") && text(&run.stderr).contains("not known whether"),
        "{}",
        text(&run.stderr)
    );

    let keep = |name: &str, script: &str| {
        let words = ["-c", "--keep", name, "-o", "/dev/null", "--", "sh", "-c", script];
        assert_eq!(at(room.path(), &words).status.code(), Some(0));
    };
    keep("b.ctrace", &format!("{script}; kill -0 $$"));
    let compared = at(room.path(), &["compare", "a.ctrace", "b.ctrace", "--clusters", file]);
    let plain = at(room.path(), &["compare", "a.ctrace", "b.ctrace"]);
    assert_eq!(compared.status.code(), plain.status.code());
    let (compared, plain) = (text(&compared.stdout), text(&plain.stdout));
    let changes = compared.strip_prefix(plain.as_str()).unwrap_or_else(|| panic!("{compared}"));
    let line = |name: &str| {
        let found = changes.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{changes}"));
        found.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("Signals"), "1 2 +100.0 % Signals critical");
    assert_eq!(line("Null"), "1 1 +0.0 % Null");
    let same = at(room.path(), &["compare", "a.ctrace", "a.ctrace", "--clusters", file, "--format", "json"]);
    let plain = at(room.path(), &["compare", "a.ctrace", "a.ctrace", "--format", "json"]);
    assert_eq!((same.status.code(), &same.stdout), (plain.status.code(), &plain.stdout));
    assert!(serde_json::from_slice::<Value>(&same.stdout).is_ok() && text(&same.stderr).contains("clusters:\n"));

    fs::write(room.path().join("bad.toml"), "[[cluster]]\nname = \"a\"\nsyscals = []\n").expect("written");
    let bad = at(room.path(), &["-c", "--clusters", "bad.toml", "true"]);
    assert_eq!(bad.status.code(), Some(2));
    let says = "cannot use bad.toml:3:1: unknown key syscals in cluster\n    syscals = []\n    ^^^^^^^\n  hint: the nearest is syscalls";
    assert!(text(&bad.stderr).contains(says), "{}", text(&bad.stderr));
}

#[test]
fn the_published_file_of_clusters_is_taken() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/renacer/toml/clusters-default.toml");
    if !Path::new(file).exists() {
        println!("skipped: samples not here");
        return;
    }
    let run = at(Path::new("/"), &["report", "-c", "--clusters", file, SAMPLE]);
    let said = text(&run.stderr);
    assert!(said.contains("19 of 61 names are no system calls of this machine: mmap2, mmap3, llseek"), "{said}");
    assert!(said.contains("the cluster DynamicLinking never takes a call"), "{said}");
    let rows = clusters(&said);
    let used: Vec<(&str, u64, bool)> =
        rows.iter().filter(|row| row.1 > 0).map(|row| (row.0.as_str(), row.1, row.2)).collect();
    assert_eq!(used, [("FileIO", 3, false), ("ProcessControl", 1, true), ("Unclassified", 3, false)], "{said}");
}
