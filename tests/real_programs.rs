//! Thirty programs that people run: what they show is what they show alone, and the calls we recorded
//! are those that strace sees, by name and result.
//!
//! A program of one task must make the same calls in the same order, and be told in the same lines: what two runs under
//! strace have alike, ours has, too, but for addresses and ids. Where several tasks share the
//! work, each name must occur as often as under strace, within what strace itself sees in two runs; where they work one after
//! the other, the lines of each task must be the same, too.
//! A run may be disturbed by its time (a buffer that fills, a task that is early): then it gets two
//! more chances, and what strace saw in the runs before counts too. A program that this machine does
//! not have is skipped by name.

mod harness;

use harness::strace::{self, Seen};
use harness::{Failure, Room, Tracer, Verdict, ensure, pass, skip};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// How many tasks share the work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tasks {
    One,
    /// Each waits for the next.
    InTurn,
    /// At the same time.
    Several,
}
use Tasks::{InTurn, One, Several};

macro_rules! programs {
    ($($name:ident: $tasks:ident $argv:expr;)+) => {
        const PROGRAMS: &[(&str, Tasks, &[&str])] = &[$((stringify!($name), $tasks, &$argv)),+];
        $(#[test] fn $name() { pass(|tracer| check(tracer, $tasks, &$argv)); })+
    };
}

programs! {
    awk: One ["awk", "{ words += NF } END { print words }", "tree/words"];
    bash_job_control: Several ["bash", "-c", "set -m; (exit 3) & wait $!; echo $?; sleep 0.05 & fg > /dev/null; jobs; echo done"];
    cargo_version: One [env!("CARGO"), "--version"];
    cat: One ["cat", "tree/words", "tree/a.txt"];
    cp: One ["cp", "-r", "tree", "copy"];
    date: One ["date", "-u", "-d", "@0"];
    dd: One ["dd", "if=tree/words", "of=copy", "bs=64", "status=none"];
    env: One ["env"];
    find: One ["find", "tree", "-name", "*.txt"];
    gcc: InTurn ["gcc", "hello.c", "-o", "hello"];
    git: InTurn ["sh", "-c", GIT];
    grep: One ["grep", "-r", "line 7", "tree"];
    gzip: One ["gzip", "-nk", "tree/words"];
    ls: One ["ls", "-lR", "tree"];
    make: Several ["make", "-j2"];
    openssl: One ["openssl", "dgst", "-sha256", "tree/words"];
    perl: One ["perl", "-e", "my %n; while (<>) { $n{length $_}++ } print join(',', map { \"$_=$n{$_}\" } sort keys %n), \"\\n\"", "tree/words"];
    ps: InTurn ["unshare", "--pid", "--fork", "--mount-proc", "ps", "-e", "-o", "pid=,comm="];
    python: One [PYTHON, "-c", "import json; print(json.dumps({'sum': sum(range(100))}))"];
    python_threads: Several [PYTHON, "-c", THREADS];
    sed: One ["sed", "s/line/LINE/", "tree/words"];
    sh_pipes: Several ["sh", "-c", "cat tree/words | sort -r | uniq -c | head -3; echo $?"];
    sha256sum: One ["sha256sum", "tree/words", "tree/a.txt"];
    sort: One ["sort", "-r", "tree/words"];
    sqlite: One ["sqlite3", "new.db", "create table t(n int); insert into t values (1), (2), (3); select sum(n) from t;"];
    ssh_version: One ["ssh", "-V"];
    tar: One ["tar", "--sort=name", "-cf", "tree.tar", "tree"];
    timeout: InTurn ["timeout", "0.2", "sleep", "5"];
    true_: One ["true"];
    xargs: Several ["sh", "-c", "seq 6 > list; xargs -a list -P2 -n1 sh -c 'echo $0 > made.$0'"];
}

/// Not the one of a version manager, which is a script that searches.
const PYTHON: &str = "/usr/bin/python3";

const GIT: &str = "git init -q repo && cd repo && cp ../tree/words . && git add words && git commit -q -m first \
    && git log --format='%an %s' && rm .git/index";

const THREADS: &str = "
import subprocess, threading
def work(n): results[n] = subprocess.run(['echo', str(n)], capture_output=True).stdout.decode().strip()
results = {}
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(results.items()))
";

/// A program that passes under a tracer that sees nothing would prove nothing.
#[test]
fn nothing_passes_for_a_tracer_that_does_nothing() {
    for (fake, tracer) in Tracer::fakes() {
        for (name, tasks, argv) in PROGRAMS.iter().filter(|(name, ..)| ["true_", "sh_pipes"].contains(name)) {
            assert!(check(&tracer, *tasks, argv).is_err(), "{name} passes under {fake:?}");
        }
    }
}

fn check(tracer: &Tracer, tasks: Tasks, argv: &[&str]) -> Verdict {
    let room = Room::new();
    strace::must_be_here(&room)?;
    if !is_here(argv[0]) {
        skip!("there is no {} here", argv[0]);
    }
    // ps looks at every process there is: alone in a namespace it always finds the same.
    if argv[0] == "unshare" && !harness::is_root() {
        skip!("a namespace of its own needs root");
    }
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let mut theirs = Vec::new();
    let mut verdict = compare(&room, tracer, tasks, &argv, &mut theirs);
    for _ in 0..2 {
        if let Err(Failure::Wrong(what)) = &verdict {
            println!("once more: {what}");
            verdict = compare(&room, tracer, tasks, &argv, &mut theirs);
        }
    }
    verdict
}

/// One run alone, one under us and, of those under strace, one (two where tasks share the work) more
/// than there are.
fn compare(room: &Room, tracer: &Tracer, tasks: Tasks, argv: &[OsString], theirs: &mut Vec<Vec<Seen>>) -> Verdict {
    prepare(room)?;
    let mut native = room.command(&argv[0]);
    native.args(&argv[1..]);
    let native = room.finish(native)?;

    prepare(room)?;
    let file = room.beside("trace.jsonl");
    let _ = std::fs::remove_file(&file);
    let options = ["-f", "--format", "jsonl", "-o"].map(std::ffi::OsStr::new).into_iter().chain([file.as_os_str()]);
    let outcome = room.finish(room.traced_command(tracer, &options.collect::<Vec<_>>(), argv))?;
    let trace = harness::Trace::read(&file)?;
    outcome.same_as(&native)?;
    trace.is_complete()?;
    let ours = strace::from_ours(&trace.calls);

    let witness = || {
        prepare(room)?;
        strace::run(room, argv).map(|(_, seen)| seen)
    };
    match tasks {
        One => {
            same_sequence(&witness()?, &ours)?;
            let strace = || lines(room, room.command("strace"), argv);
            same_lines([&strace()?, &strace()?], &lines(room, room.command(tracer.program()), argv)?)
        }
        InTurn | Several => {
            theirs.extend([witness()?, witness()?]);
            same_counts(theirs, &ours)?;
            if tasks == Several {
                return Ok(());
            }
            let strace = || tasks_of(room, room.command("strace"), argv);
            same_tasks([&strace()?, &strace()?], &tasks_of(room, room.command(tracer.program()), argv)?)
        }
    }
}

fn same_sequence(theirs: &[Seen], ours: &[Seen]) -> Verdict {
    let first = theirs.iter().zip(ours).position(|(one, other)| one != other);
    let at = first.unwrap_or_else(|| theirs.len().min(ours.len()));
    let show = |seen: &[Seen]| {
        let part = &seen[at.saturating_sub(3).min(seen.len())..(at + 4).min(seen.len())];
        part.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
    };
    ensure!(
        theirs == ours,
        "strace saw {} calls, we {}; they differ at call {at}\n strace:\n  {}\n ours:\n  {}",
        theirs.len(),
        ours.len(),
        show(theirs),
        show(ours)
    );
    Ok(())
}

/// What `-f -o` writes of a program of one task.
fn lines(room: &Room, tracer: Command, argv: &[OsString]) -> Result<Vec<String>, Failure> {
    Ok(shown(room, tracer, argv)?.lines().map(plain).collect())
}

fn shown(room: &Room, mut tracer: Command, argv: &[OsString]) -> Result<String, Failure> {
    prepare(room)?;
    let file = room.beside("lines");
    let _ = std::fs::remove_file(&file);
    tracer.args(["-f", "-o"]).arg(&file).arg("--").args(argv);
    room.finish(tracer)?;
    Ok(String::from_utf8_lossy(&std::fs::read(&file)?).into_owned())
}

/// The same of several tasks: those of each, in the order in which the tasks turn up, lines that were split joined. Left out is
/// what comes when its time has come: signals, and calls that wait.
fn tasks_of(room: &Room, tracer: Command, argv: &[OsString]) -> Result<Vec<Vec<String>>, Failure> {
    let text = shown(room, tracer, argv)?;
    let mut ids: Vec<&str> = Vec::new();
    let mut tasks: Vec<Vec<String>> = Vec::new();
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    for (id, line) in text.lines().filter_map(|line| line.split_once(' ')) {
        let number = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            tasks.push(Vec::new());
            ids.len() - 1
        });
        let line = line.trim_start();
        if let Some(begin) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(id, begin.to_owned());
            continue;
        }
        let resumed = line.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let whole = match resumed {
            Some((_, end)) => begun.remove(id).unwrap_or_default() + end,
            None => line.to_owned(),
        };
        let name = whole.split('(').next().unwrap_or_default();
        if !whole.starts_with("---") && !whole.contains("ERESTART") && !BY_CHANCE.contains(&name) {
            tasks[number].push(plain(&format!("ID {whole}")));
        }
    }
    for line in tasks.iter_mut().flatten() {
        for (number, id) in ids.iter().enumerate() {
            *line = without_task(line, id, &format!("TASK{number}"));
        }
    }
    Ok(tasks)
}

/// `line` with a word for the number of a task, which is chance. Others may happen to be the same: a linker seeks to every
/// place below 10 000.
fn without_task(line: &str, number: &str, word: &str) -> String {
    let is_of_tasks = OF_TASKS.contains(&line.split('(').next().unwrap_or_default());
    if is_of_tasks { by_word(line, number, word) } else { line.to_owned() }
}

/// Calls that take or return numbers of tasks; where others show them, two runs differ, and are not compared.
const OF_TASKS: [&str; 19] = [
    "clone",
    "clone3",
    "fork",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getsid",
    "gettid",
    "kill",
    "prlimit64",
    "set_tid_address",
    "setpgid",
    "setsid",
    "tgkill",
    "tkill",
    "vfork",
    "waitid",
    "wait4",
];

/// `line` with another word for a number that stands alone.
fn by_word(line: &str, number: &str, word: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(number) {
        let (before, from) = rest.split_at(at);
        let after = from.strip_prefix(number).unwrap_or_default();
        let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || after.starts_with(|c: char| c.is_ascii_alphanumeric());
        out += before;
        out += if is_part { number } else { word };
        rest = after;
    }
    out + rest
}

/// Of each task that did the same under strace twice: where both have the same line, we have it as well.
fn same_tasks([one, other]: [&[Vec<String>]; 2], ours: &[Vec<String>]) -> Verdict {
    ensure!(
        one.len() == other.len() && one.len() == ours.len(),
        "strace saw {} and {} tasks, we {}",
        one.len(),
        other.len(),
        ours.len()
    );
    let (mut all, mut compared) = (0, 0);
    for ((one, other), ours) in one.iter().zip(other).zip(ours) {
        all += one.len();
        let alike = one.iter().zip(other).filter(|(one, other)| one == other).count();
        if one.len() != other.len() || alike * 10 < one.len() * 9 {
            continue;
        }
        compared += alike;
        same_lines([one, other], ours)?;
    }
    ensure!(compared * 2 > all, "only {compared} of {all} lines are the same from run to run");
    Ok(())
}

/// A line without addresses and the id of its task.
fn plain(line: &str) -> String {
    let (id, line) = line.split_once(' ').unwrap_or_default();
    let line = without_task(line.trim_start(), id, "ID");
    let mut parts = line.split("0x");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        plain += "0x";
        plain += if part.len() - rest.len() > 5 { rest } else { part };
    }
    // Memory and blocks that are free depend on how much of a text has been written.
    if ["sysinfo(", "statfs(", "fstatfs("].iter().any(|call| plain.starts_with(call)) {
        plain.truncate(plain.find('{').unwrap_or(plain.len()));
    }
    // So do page faults and times, of which /proc/PID/stat tells behind the name of a program.
    if plain.starts_with("read(")
        && let Some(at) = plain.find("\"1 (")
    {
        plain.truncate(at);
    }
    // strace 6.1 leaves out what a terminal has not set, and a bar stands behind what it has.
    if plain.contains("c_iflag=") {
        plain = plain.replace("=, ", "=0, ").replace("|, ", ", ");
    }
    // The column of the result depends on the addresses before it.
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where two runs under strace have the same line, we have it as well.
fn same_lines([one, other]: [&[String]; 2], ours: &[String]) -> Verdict {
    ensure!(
        one.len() == other.len() && one.len() == ours.len(),
        "strace wrote {} and {} lines, we {}",
        one.len(),
        other.len(),
        ours.len()
    );
    let by_chance = one.iter().zip(other).filter(|(one, other)| one != other).count();
    ensure!(by_chance * 10 <= one.len(), "{by_chance} of {} lines differ from run to run", one.len());
    let told = one.iter().zip(other).zip(ours).filter(|((one, other), _)| one == other);
    for ((theirs, _), ours) in told {
        ensure!(theirs == ours, "strace: {theirs}\nours:   {ours}");
    }
    Ok(())
}

/// Calls that are made more or less often as time and the place of the heap have it.
const BY_CHANCE: [&str; 12] = [
    "brk",
    "clock_nanosleep",
    "epoll_wait",
    "futex",
    "nanosleep",
    "poll",
    "ppoll",
    "pselect6",
    "restart_syscall",
    "rt_sigreturn",
    "sched_yield",
    "wait4",
];

fn same_counts(theirs: &[Vec<Seen>], ours: &[Seen]) -> Verdict {
    let theirs: Vec<_> = theirs.iter().map(|seen| count(seen)).collect();
    let ours = count(ours);
    let names: std::collections::BTreeSet<&String> = theirs.iter().chain([&ours]).flat_map(BTreeMap::keys).collect();
    let mut wrong = Vec::new();
    for name in names.into_iter().filter(|name| !BY_CHANCE.contains(&name.as_str())) {
        let of = |counts: &BTreeMap<String, usize>| counts.get(name).copied().unwrap_or(0);
        let low = theirs.iter().map(of).min().unwrap_or(0);
        let high = theirs.iter().map(of).max().unwrap_or(0);
        if !(low..=high).contains(&of(&ours)) {
            wrong.push(format!("{name}: strace {low} to {high}, ours {}", of(&ours)));
        }
    }
    ensure!(wrong.is_empty(), "the counts differ: {}", wrong.join("; "));
    Ok(())
}

/// How often each name occurs. A call that a signal interrupted and that starts anew is one call: how often a child
/// ends while its parent reads is chance.
fn count(seen: &[Seen]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in seen.iter().filter(|call| !call.result.starts_with("ERESTART")) {
        *counts.entry(call.name.to_string()).or_default() += 1;
    }
    counts
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Path::new(program).is_absolute() && Path::new(program).exists()
        || std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// The same working directory for every run: content, modes and times.
fn prepare(room: &Room) -> Result<(), Failure> {
    room.sweep();
    let work = room.work();
    let words: String = (0..200).map(|line| format!("line {} of {}\n", line % 13, line)).collect();
    for (path, content) in [
        ("tree/words", words.as_str()),
        ("tree/a.txt", "a short line 7\n"),
        ("tree/deep/b.txt", "another line 70\n"),
        ("tree/deep/deeper/c.txt", ""),
        ("tree/deep/d", "d\n"),
        ("hello.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"),
        ("Makefile", "all: w1 w2 w3 w4\nw%: tree/words\n\tcp $< $@\n"),
        (".gitconfig", "[user]\nname = A Tester\nemail = tester@example.org\n[init]\ndefaultBranch = main\n"),
    ] {
        let path = work.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&work))?;
        std::fs::write(&path, content)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
    }
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = std::fs::FileTimes::new().set_accessed(long_ago).set_modified(long_ago);
    for path in ["tree/words", "tree/a.txt", "tree/deep/b.txt", "tree/deep/deeper/c.txt", "tree/deep/d"]
        .into_iter()
        .chain(["tree/deep/deeper", "tree/deep", "tree", "hello.c", "Makefile", ".gitconfig"])
    {
        std::fs::File::open(work.join(path))?.set_times(times)?;
    }
    Ok(())
}
