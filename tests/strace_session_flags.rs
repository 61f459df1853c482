//! Flags of strace that lead a session or choose among its calls: injections, paths and descriptors, classes, how a
//! tracer steps aside and what interrupts it. Each is held against the strace that is installed here.

mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use programs::{build, can_trace, chic_trace, output, room, text};

/// Both tools, strace first; nothing when one of them can't work here.
fn tools() -> Option<[Command; 2]> {
    match Command::new("strace").args(["-o", "/dev/null", "true"]).output() {
        Ok(run) if run.status.success() => {}
        _ => {
            println!("skipped: there is no strace here that can trace");
            return None;
        }
    }
    let mut strace = Command::new("strace");
    // Cargo's own; chic_trace() is without it, too.
    strace.env_remove("LD_LIBRARY_PATH");
    can_trace().then(|| [strace, chic_trace()])
}

/// What both tools write with `-o` of the same run, and what is seen outside.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    lines: Vec<String>,
    status: Option<i32>,
    signal: Option<i32>,
    stdout: String,
}

/// One tool with these flags on a script, in a room that both find alike.
fn seen(tool: &mut Command, room: &Path, flags: &[&str], script: &str) -> (Seen, Output) {
    let out = tempfile::tempdir().expect("a directory for the output");
    let file = out.path().join("out");
    tool.env_clear().env("PATH", "/usr/bin:/bin").current_dir(room).stdin(Stdio::null());
    tool.arg("-o").arg(&file).args(flags).args(["--", "sh", "-c", script]);
    let run = output(tool);
    let mut files: Vec<_> = fs::read_dir(out.path()).expect("listed").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let whole: String = files.iter().map(|file| text(&fs::read(file).expect("an output"))).collect();
    // strace shows numbers without a name whatever was asked for.
    let lines = whole.lines().map(plain).filter(|line| !line.starts_with("syscall_0x")).collect();
    let seen = Seen { lines, status: run.status.code(), signal: run.status.signal(), stdout: text(&run.stdout) };
    (seen, run)
}

/// A line without ids of tasks and addresses.
fn plain(line: &str) -> String {
    let line = line.split_once(' ').filter(|(id, _)| id.parse::<u32>().is_ok()).map_or(line, |(_, rest)| rest);
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let hex = rest
            .strip_prefix("0x")
            .map_or(0, |digits| digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len());
        if hex > 5 {
            out.push_str("0xADDRESS");
            rest = &rest[2 + hex..];
        } else if let Some(number) = rest.strip_prefix("si_pid=") {
            out.push_str("si_pid=ID");
            rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    // What a child used differs from run to run.
    out.split(", si_utime=").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Both tools show the same; gives what they show. `None` where one is missing.
#[track_caller]
fn same(room: &Path, flags: &[&str], script: &str) -> Option<Seen> {
    let [mut strace, mut ours] = tools()?;
    let (theirs, _) = seen(&mut strace, room, flags, script);
    let (own, run) = seen(&mut ours, room, flags, script);
    assert_eq!(own, theirs, "{flags:?} of {script}: {}", text(&run.stderr));
    Some(own)
}

fn has(seen: &Seen, what: &str) -> usize {
    seen.lines.iter().filter(|line| line.contains(what)).count()
}

const MOVES: &str = "cd /; cd /tmp; cd /; cd /tmp; cd /; cd /tmp";

#[test]
fn calls_are_tampered_with_as_strace_does() {
    let room = room();
    for (how, injected) in [
        ("inject=chdir:error=ENOENT", 6),
        ("inject=chdir:error=4095", 6),
        ("fault=chdir", 6),
        ("fault=chdir:error=EIO:when=2", 1),
        ("fault=chdir:when=2..3", 2),
        ("fault=chdir:when=2..4+", 3),
        ("fault=chdir:when=2+", 5),
        ("fault=chdir:when=2+3", 2),
        ("fault=chdir:when=2..5+2", 2),
        ("inject=chdir:retval=5:when=3", 1),
        ("inject=chdir:retval=0x10:when=3+", 4),
        ("inject=chdir:error=EIO:syscall=getpid", 6),
        ("fault=chdir:syscall=getppid:when=6", 1),
        ("inject=chdir:error=EIO:signal=USR1:when=2", 1),
        ("inject=chdir:error=EIO:delay_exit=2ms:when=2", 1),
        ("inject=chdir,getpid:error=38", 6),
        ("inject=!all:error=EIO", 0),
    ] {
        let script = format!("trap 'echo got' USR1; {MOVES}; echo end");
        let Some(seen) = same(room.path(), &["-e", "trace=chdir", "-e", how], &script) else { return };
        assert_eq!(has(&seen, "(INJECTED)"), injected, "{how}: {seen:#?}");
    }
    for (how, delayed) in [("inject=chdir:delay_enter=1500", 6), ("inject=chdir:delay_exit=300us:when=2+2", 3)] {
        let Some(seen) = same(room.path(), &["-e", "trace=chdir", "-e", how], MOVES) else { return };
        assert_eq!(has(&seen, "(DELAYED)"), delayed, "{how}: {seen:#?}");
    }
    // A signal alone shows in what it does.
    let Some(seen) =
        same(room.path(), &["-e", "trace=chdir", "-e", "inject=chdir:signal=USR1"], "trap 'echo got' USR1; cd /")
    else {
        return;
    };
    assert_eq!((seen.stdout.as_str(), has(&seen, "INJECTED")), ("got\n", 0));
    let Some(seen) = same(room.path(), &["-e", "trace=chdir", "-e", "inject=chdir:signal=KILL:when=2"], MOVES) else {
        return;
    };
    assert_eq!((seen.signal, has(&seen, "+++ killed by SIGKILL +++")), (Some(9), 1));
}

#[test]
fn memory_of_a_call_is_written_before_it_and_behind_it() {
    let room = room();
    fs::write(room.path().join("a"), "hello\n").expect("written");
    for (how, calls, script, stdout, note) in [
        ("poke_enter=@arg1=2f00:when=2", "chdir", "cd /tmp; cd /usr; /bin/pwd", "/\n", "(INJECTED: args)"),
        ("poke_exit=@arg1=2f787800", "getcwd", "pwd", "/xx\n", "(INJECTED: args)"),
        ("poke_exit=@arg1=2f787800,@arg2=00", "getcwd", "pwd", "/xx\n", "(INJECTED: args)"),
        ("error=EIO:poke_enter=@arg1=2f00", "chdir", "cd /tmp; :", "", "(INJECTED: args, retval)"),
        ("poke_enter=@arg1=2f00:delay_exit=1ms", "chdir", "cd /tmp; /bin/pwd", "/\n", "(INJECTED: args) (DELAYED)"),
        ("poke_enter=@arg2=00", "chdir", "cd /tmp; /bin/pwd", "/tmp\n", ""),
    ] {
        let inject = format!("inject={calls}:{how}");
        let trace = format!("trace={calls}");
        let Some(seen) = same(room.path(), &["-e", &trace, "-e", &inject], script) else { return };
        assert_eq!(seen.stdout, stdout, "{how}: {seen:#?}");
        assert_eq!(has(&seen, "INJECTED"), usize::from(!note.is_empty()), "{how}: {seen:#?}");
        assert!(has(&seen, note) > 0, "{how}: {seen:#?}");
    }
    // What the program got is what is recorded, and nothing is judged by it.
    let Some([_, mut ours]) = tools() else { return };
    let poked =
        ["record", "-o", "p.ctrace", "-e", "inject=chdir:poke_enter=@arg1=2f00", "--", "sh", "-c", "cd /tmp; :"];
    let run = output(ours.current_dir(room.path()).args(poked));
    assert!(run.status.success(), "{}", text(&run.stderr));
    let shown = output(chic_trace().current_dir(room.path()).args(["report", "p.ctrace", "--format", "json"]));
    let document = text(&shown.stdout);
    for part in ["\"POKED\": 1", "{\"name\": \"chdir\", \"args\": [\"/\"], \"result\": 0", "\"injected\": true"] {
        assert!(document.contains(part), "{part}: {document}");
    }
    let refused = output(chic_trace().current_dir(room.path()).args(["compare", "p.ctrace", "p.ctrace"]));
    assert_eq!(refused.status.code(), Some(4), "{}", text(&refused.stderr));
}

#[test]
fn only_what_is_traced_is_tampered_with_and_the_last_rule_holds() {
    let room = room();
    fs::write(room.path().join("a"), "hello\n").expect("written");
    let flags = |more: &[&'static str]| [&["-e", "quiet=path-resolution"][..], more].concat();
    for (flags, injected) in [
        (flags(&["-e", "trace=umask", "-e", "fault=chdir"]), 0),
        (flags(&["-e", "trace=chdir", "-e", "fault=chdir:error=EIO", "-e", "fault=chdir:when=2"]), 1),
        (flags(&["-e", "trace=openat", "-P", "a", "-e", "fault=openat:error=EACCES"]), 1),
    ] {
        let Some(seen) = same(room.path(), &flags, "cd /; cd -; cat </etc/hostname >/dev/null; cat <a") else { return };
        assert_eq!(has(&seen, "(INJECTED)"), injected, "{flags:?}: {seen:#?}");
    }
    // Nothing is done to what the tracer itself does before the program begins.
    let Some(seen) = same(room.path(), &["-e", "trace=execve", "-e", "fault=execve"], "echo end") else { return };
    assert_eq!((has(&seen, "(INJECTED)"), seen.stdout.as_str()), (0, "end\n"));
}

#[test]
fn each_task_is_counted_for_itself() {
    let room = room();
    let script = "(cd /; cd /tmp; cd /; :); (cd /; cd /tmp; :); cd /tmp";
    for flags in [
        ["-f", "-e", "trace=chdir", "-e", "fault=chdir:error=EIO:when=2"],
        ["-f", "-e", "trace=chdir,exit_group", "-e", "fault=chdir:error=EIO:when=1"],
    ] {
        let Some(seen) = same(room.path(), &flags, script) else { return };
        let expected = if flags[4].ends_with('1') { 3 } else { 2 };
        assert_eq!(has(&seen, "(INJECTED)"), expected, "{flags:?}: {seen:#?}");
    }
}

#[test]
fn a_task_that_is_delayed_holds_up_nobody_else() {
    let room = room();
    let Some([_, mut ours]) = tools() else { return };
    // The child would wait for a day; its parent does not wait for it.
    let script = "(cd /tmp) & child=$!; cat /dev/null; echo alive; kill -KILL $child; wait $child; echo $?";
    let flags = ["-f", "-e", "trace=chdir", "-e", "inject=chdir:delay_enter=86400s"];
    let (seen, run) = seen(&mut ours, room.path(), &flags, script);
    assert_eq!(seen.stdout, "alive\n137\n", "{}", text(&run.stderr));
    assert!(has(&seen, "+++ killed by SIGKILL +++") == 1, "{seen:#?}");
}

#[test]
fn calls_by_the_other_convention_are_tampered_with_too() {
    let room = room();
    let program = build("every_number", None, room.path());
    match Command::new(&program).arg("32").status() {
        Ok(status) if status.success() => {}
        status => return println!("skipped: no 32-bit calls here: {status:?}"),
    }
    let script = format!("exec {} 32", program.display());
    for how in ["inject=getpid@32:retval=77", "inject=getppid@32:error=ENOENT"] {
        let Some(seen) = same(room.path(), &["-q", "-e", "trace=getpid@32,getppid@32", "-e", how], &script) else {
            return;
        };
        assert_eq!(has(&seen, "(INJECTED)"), 1, "{seen:#?}");
    }
}

#[test]
fn what_was_tampered_with_is_recorded_as_such_and_never_judged() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = |words: &[&str]| output(chic_trace().current_dir(room.path()).args(words));
    let script = ["sh", "-c", MOVES];
    let made = run(&[
        &[
            "record",
            "-o",
            "r.ctrace",
            "-e",
            "fault=chdir:error=EIO:when=2",
            "-e",
            "inject=chdir:delay_exit=1:when=4",
            "--",
        ],
        &script[..],
    ]
    .concat());
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let shown = text(&run(&["report", "r.ctrace", "-e", "trace=chdir", "-qq"]).stderr);
    assert_eq!(shown.matches("(DELAYED)").count(), 1, "the last rule holds: {shown}");
    let made = run(&[&["record", "-o", "r.ctrace", "-e", "fault=chdir:error=EIO:when=2", "--"], &script[..]].concat());
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let shown = text(&run(&["report", "r.ctrace", "-e", "trace=chdir", "-qq"]).stderr);
    assert!(shown.contains("= -1 EIO (Input/output error) (INJECTED)"), "{shown}");
    let document = text(&run(&["report", "r.ctrace", "--format", "json"]).stdout);
    for part in ["\"injected\": true", "\"TAMPERED\": 1", "\"INJECTED\": 1"] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
    // So does a document: it is shown, and not judged.
    fs::write(room.path().join("r.json"), &document).expect("written");
    let refused = run(&["golden", "import", "r.json", "--name", "y"]);
    assert_eq!(refused.status.code(), Some(4), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("1 call tampered with"), "{}", text(&refused.stderr));
    fs::write(
        room.path().join("renacer.toml"),
        "[[assertion]]\nname = \"few\"\ntype = \"span_count\"\nmax_spans = 1000\n",
    )
    .expect("written");
    let clean = run(&[&["record", "--golden", "-o", "g.ctrace", "--"], &script[..]].concat());
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stderr));
    let learned = run(&["golden", "import", "g.ctrace", "--single", "--accept-loose", "--name", "x"]);
    assert_eq!(learned.status.code(), Some(0), "{}", text(&learned.stderr));
    for words in [
        &["golden", "import", "r.ctrace", "--single", "--name", "y"][..],
        &["golden", "check", "x", "--recording", "r.ctrace"],
        &["golden", "diff", "r.ctrace", "r.ctrace"],
        &["compare", "r.ctrace", "r.ctrace"],
        &["assert", "--recording", "r.ctrace"],
    ] {
        let refused = run(words);
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(4), "{words:?}: {said}{}", text(&refused.stdout));
        assert!(said.contains("it was made with `-e fault=chdir:error=EIO:when=2`"), "{words:?}: {said}");
    }
    let refused = run(&[&["record", "--golden", "-e", "fault=chdir", "--"], &script[..]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("together with --golden"), "{}", text(&refused.stderr));
}

#[test]
fn calls_that_touch_a_file_or_a_descriptor() {
    let room = room();
    let dir = room.path();
    fs::write(dir.join("a"), "hello\n").expect("written");
    std::os::unix::fs::symlink("a", dir.join("link")).expect("a link");
    let real = dir.canonicalize().expect("a room").join("a");
    let real = real.to_str().expect("text");
    let script = "cat a; exec 5<a; cat <&5; exec 6<&5; read x <&6; exec 5<&-; ls -d . nothere; mv a b; mv b a; cat link; ln -s a new; rm new";
    for flags in [
        &["-P", "a"][..],
        &["-P", real],
        &["-P", "./a"],
        &["-P", "link"],
        &["-P", "nothere"],
        &["-P", "a", "-P", "."],
        &["-f", "-P", real],
        &["-f", "-P", real, "-e", "trace=%desc"],
        &["-P", "a", "-e", "trace=dup2,close"],
        &["-P", "a", "-z"],
        &["-f", "-P", "/dev/null"],
    ] {
        let Some(seen) = same(dir, flags, script) else { return };
        assert!(seen.lines.len() < 60, "{flags:?} shows everything: {seen:#?}");
    }
    // Newer than the strace at hand: by its manual.
    let Some([_, mut ours]) = tools() else { return };
    let (three, run) = seen(&mut ours, dir, &["-e", "fd=3", "-e", "trace=!%memory"], "exec 3<a; read x <&3; echo $x");
    assert_eq!(three.stdout, "hello\n", "{}", text(&run.stderr));
    assert!(has(&three, "dup2(3, 0)") == 1 && has(&three, "write(1") == 0, "{three:#?}");
    let [_, mut ours] = tools().expect("there a moment ago");
    let (but, _) = seen(&mut ours, dir, &["--trace-fds=!3", "-e", "trace=write,dup2"], "exec 3<a; read x <&3; echo $x");
    assert!(has(&but, "write(1, \"hello\\n\", 6) = 6") == 1, "{but:#?}");
    let [_, mut ours] = tools().expect("there a moment ago");
    let (either, _) = seen(&mut ours, dir, &["-P", "a", "-e", "fd=1", "-e", "trace=openat,write"], "exec 3<a; echo x");
    assert!(has(&either, "openat(AT_FDCWD, \"a\"") == 1 && has(&either, "write(1, \"x\\n\", 2)") == 1, "{either:#?}");
}

#[test]
fn where_a_path_leads_is_said_once() {
    let room = room();
    fs::write(room.path().join("a"), "hello\n").expect("written");
    let run = |tool: &mut Command, flags: &[&str]| {
        text(&output(tool.current_dir(room.path()).args(flags).args(["-P", "a", "-o", "out", "cat", "a"])).stderr)
    };
    for (flags, said) in [
        (&[][..], 1),
        (&["-qq"], 1),
        (&["-e", "quiet=path-resolution"], 0),
        (&["-e", "quiet=!exit"], 0),
        (&["--quiet=exit"], 1),
    ] {
        let Some([mut strace, mut ours]) = tools() else { return };
        let theirs = run(&mut strace, flags);
        let own = run(&mut ours, flags).replace("chic-trace: ", "strace: ");
        assert_eq!(own, theirs, "{flags:?}");
        assert_eq!(own.matches("Requested path \"a\" resolved into").count(), said, "{flags:?}");
    }
}

#[test]
fn a_report_shows_what_the_live_run_showed() {
    if !can_trace() {
        return;
    }
    let room = room();
    fs::write(room.path().join("a"), "hello\n").expect("written");
    for flags in [
        &["-f", "-P", "a"][..],
        &["-f", "-e", "fd=3,5"],
        &["-f", "-P", "a", "-c", "-U", "calls,bytes,errors", "-S", "calls"],
        &["-f", "-e", "decode-fds=dev"],
        &["-f", "-P", "a", "--format", "jsonl"],
    ] {
        let keep = ["--keep", "kept.ctrace", "-o", "live"];
        let live = output(chic_trace().current_dir(room.path()).args(flags).args(keep).args([
            "sh",
            "-c",
            "cat a; exec 5<a; cat /dev/null <&5",
        ]));
        assert!(live.status.success(), "{}", text(&live.stderr));
        let later = output(chic_trace().current_dir(room.path()).arg("report").args(flags).args([
            "-o",
            "later",
            "kept.ctrace",
        ]));
        assert!(later.status.success(), "{}", text(&later.stderr));
        let [live, later] = ["live", "later"].map(|file| text(&fs::read(room.path().join(file)).expect("an output")));
        assert_eq!(later, live, "{flags:?}");
        assert!(live.lines().count() > 3, "{flags:?}: {live}");
        fs::remove_file(room.path().join("kept.ctrace")).expect("removed");
    }
    // A recording without notes of descriptors: what its own calls opened is known.
    let made = output(chic_trace().current_dir(room.path()).args(["record", "-o", "bare.ctrace", "cat", "a"]));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let shown = output(chic_trace().current_dir(room.path()).args(["report", "-P", "a", "bare.ctrace"]));
    let shown = text(&shown.stderr);
    for call in ["openat(AT_FDCWD, \"a\"", "close(3)"] {
        assert!(shown.contains(call), "{call}: {shown}");
    }
    assert!(!shown.contains("execve("), "{shown}");
}

#[test]
fn a_task_is_let_go_when_it_becomes_another_program() {
    let room = room();
    fs::write(room.path().join("a"), "hello\n").expect("written");
    for (flags, script, detached) in [
        (&["-b", "execve", "-e", "trace=execve"][..], "exec cat a", 1),
        (&["-ff", "-b", "execve", "-e", "trace=execve", "-e", "signal=none"], "cat a; exit 3", 1),
        (&["--detach-on=execve", "-e", "status=detached"], "exec cat a", 1),
        (&["-b", "execve", "-e", "status=successful", "-e", "trace=execve"], "exec cat a", 0),
        (&["-b", "execve", "-e", "status=unfinished"], "exec cat a", 0),
        (&["-e", "status=unfinished"], "exec cat a", 0),
        (&["-e", "status=unavailable"], "exec cat a", 0),
        (&["-e", "status=none"], "exec cat a", 0),
    ] {
        let Some(seen) = same(room.path(), flags, script) else { return };
        assert_eq!((has(&seen, "<detached ...>"), seen.stdout.as_str()), (detached, "hello\n"), "{flags:?}: {seen:#?}");
    }
    // strace forgets the status of a program that it let go; for us it is the program's all the same.
    let Some([_, mut ours]) = tools() else { return };
    let (seen, _) = seen(&mut ours, room.path(), &["-b", "execve", "-e", "trace=none"], "exec sh -c 'exit 7'");
    assert_eq!(seen.status, Some(7));
}

#[test]
fn lines_go_behind_what_the_file_holds() {
    let room = room();
    let Some(tools) = tools() else { return };
    for (name, mut tool) in ["theirs", "ours"].into_iter().zip(tools) {
        let mut again = Command::new(tool.get_program());
        for tool in [&mut tool, &mut again] {
            let run = output(tool.current_dir(room.path()).args([
                "-A",
                "-o",
                name,
                "-e",
                "trace=none",
                "sh",
                "-c",
                "exit 4",
            ]));
            assert_eq!(run.status.code(), Some(4), "{}", text(&run.stderr));
        }
    }
    let [theirs, ours] = ["theirs", "ours"].map(|name| text(&fs::read(room.path().join(name)).expect("written")));
    assert_eq!((ours.as_str(), ours.lines().count()), (theirs.as_str(), 2));
    // One file a task: that of this number is still there from before.
    let run =
        output(chic_trace().current_dir(room.path()).args(["-A", "-ff", "-o", "each", "-e", "trace=none", "true"]));
    assert!(run.status.success(), "{}", text(&run.stderr));
    let each = fs::read_dir(room.path())
        .expect("listed")
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with("each."))
        .count();
    assert_eq!(each, 1);
}

#[test]
fn columns_of_the_table() {
    let room = room();
    let table = |tool: &mut Command, flags: &[&str]| {
        let run = output(tool.current_dir(room.path()).args(flags).args(["-o", "table", "cat", "/dev/null"]));
        assert!(run.status.success(), "{flags:?}: {}", text(&run.stderr));
        text(&fs::read(room.path().join("table")).expect("a table"))
    };
    for columns in [
        "calls,name",
        "name,calls",
        "calls",
        "errors",
        "time,time-total,min-time,longest,avg-time,count,error,syscall",
        "shortest,max-time",
    ] {
        let Some([mut strace, mut ours]) = tools() else { return };
        // A call that never returned counts for us.
        let flags = ["-c", "-w", "-S", "name", "-U", columns, "-e", "trace=!exit_group"];
        let (theirs, own) = (table(&mut strace, &flags), table(&mut ours, &flags));
        assert_eq!(own.lines().take(2).collect::<Vec<_>>(), theirs.lines().take(2).collect::<Vec<_>>(), "{columns}");
        if !columns.contains("time") && !columns.contains("est") {
            assert_eq!(own, theirs, "{columns}");
        }
        let names = |table: &str| {
            table.lines().filter_map(|line| line.split_whitespace().last()).map(String::from).collect::<Vec<_>>()
        };
        if !columns.starts_with("name") {
            assert_eq!(names(&own), names(&theirs), "{columns}");
        }
    }
    let Some([_, mut ours]) = tools() else { return };
    let own = table(&mut ours, &["-c", "-U", "p50,p95,p99,max,bytes,name", "-S", "bytes", "-e", "trace=read,close"]);
    let lines: Vec<&str> = own.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["p50", "p95", "p99", "longest", "bytes", "syscall"]);
    let cells: Vec<f64> = lines[2].split_whitespace().filter_map(|cell| cell.parse().ok()).collect();
    assert!(lines[2].ends_with("read") && cells.is_sorted_by(|a, b| a <= b) && cells[4] >= 832.0, "{own}");
    let [_, mut ours] = tools().expect("there a moment ago");
    let own = table(&mut ours, &["-c", "-O", "3600s", "-U", "total-time,max-time,calls"]);
    assert!(
        own.lines().skip(2).filter(|line| !line.starts_with('-')).all(|line| line.starts_with("   0.000000 0.000000")),
        "{own}"
    );
}

/// Requests of `ioctl` that a namespace answers, told as strace tells them.
#[test]
fn requests_to_namespaces() {
    let room = room();
    if !Path::new("/usr/bin/python3").exists() {
        return println!("skipped: there is no /usr/bin/python3 here");
    }
    let ask = "import fcntl, os\n\
        for name in 'net', 'user':\n \
        file = os.open('/proc/self/ns/' + name, os.O_RDONLY)\n \
        for request in 0xb701, 0xb703, 0xb704:\n  \
        try: fcntl.ioctl(file, request, bytearray(8))\n  \
        except OSError: pass\n";
    fs::write(room.path().join("ask.py"), ask).expect("written");
    let flags = ["-y", "-e", "trace=ioctl"];
    let Some(seen) = same(room.path(), &flags, "exec /usr/bin/python3 ask.py >/dev/null 2>&1") else { return };
    assert_eq!(has(&seen, "NS_GET_NSTYPE) ="), 2, "{seen:#?}");
    assert_eq!((has(&seen, "(CLONE_NEWNET)"), has(&seen, "(CLONE_NEWUSER)")), (1, 1), "{seen:#?}");
}

/// Time on a CPU is not time that passes: who sleeps has none, who clears memory has. Where it was not measured, that
/// stands there by name.
#[test]
fn cpu_time_inside_calls() {
    if !can_trace() {
        return;
    }
    if !Path::new("/proc/self/schedstat").exists() {
        return println!("skipped: the kernel here keeps no account of the time that a task ran");
    }
    let room = room();
    let run = |words: &[&str]| {
        let run = output(chic_trace().current_dir(room.path()).args(words));
        assert!(run.status.success(), "{words:?}: {}", text(&run.stderr));
    };
    let table = |file: &str| fs::read_to_string(room.path().join(file)).expect("a table");
    let script = "sleep 0.3; dd if=/dev/zero of=/dev/null bs=16M count=20 status=none";
    let columns = ["-c", "-U", "cpu-time,total-time,calls,name", "-S", "cpu-time", "-o"];
    run(&[&["-f", "--keep", "run.ctrace"], &columns[..], &["live", "sh", "-c", script]].concat());
    let live = table("live");
    let lines: Vec<Vec<&str>> = live.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["cpu", "seconds", "seconds", "calls", "syscall"], "{live}");
    let rows: Vec<&[&str]> = lines[2..].iter().map(|line| &line[..]).collect();
    let of =
        |name: &str| *rows.iter().find(|row| row.last() == Some(&name)).unwrap_or_else(|| panic!("{name}: {live}"));
    let seconds = |row: &[&str], at: usize| row[at].parse::<f64>().unwrap_or_else(|_| panic!("{row:?}: {live}"));
    let (read, sleep) = (of("read"), of("clock_nanosleep"));
    assert!(seconds(sleep, 1) >= 0.3 && seconds(sleep, 0) < 0.1, "{live}");
    assert!(seconds(read, 0) > 0.005, "{live}");
    // Three programs end, and no call that ends one returns.
    let ends = rows.iter().position(|row| row.last() == Some(&"exit_group")).expect("an end");
    assert_eq!(rows[ends][..3], ["not", "measured", "0.000000"], "{live}");
    assert!(
        rows[ends + 1..].iter().all(|row| row[0] == "not" || row[0].starts_with('-') || row.last() == Some(&"total")),
        "{live}"
    );
    let times: Vec<f64> = rows[..ends].iter().map(|row| seconds(row, 0)).collect();
    assert!(times.is_sorted_by(|a, b| a >= b) && times[0] > 0.0, "{live}");
    let total = seconds(of("total"), 0);
    assert!((times.iter().sum::<f64>() - total).abs() < 0.000_1, "{live}");
    // The recording has it, too.
    run(&[&["report", "run.ctrace", "-f"], &columns[..], &["later"]].concat());
    assert_eq!(table("later"), live);
    run(&["record", "--cpu-time", "-o", "kept.ctrace", "true"]);
    run(&[&["report", "kept.ctrace"], &columns[..], &["later"]].concat());
    let later = table("later");
    assert!(
        later.contains("not measured") && later.lines().last().is_some_and(|line| line.ends_with("total")),
        "{later}"
    );
    // One that was made without says so, and no 0.
    run(&["record", "-o", "bare.ctrace", "true"]);
    run(&[&["report", "bare.ctrace"], &columns[..], &["later"]].concat());
    let bare = table("later");
    let mut rows: Vec<&str> = bare.lines().skip(2).filter(|line| !line.starts_with("---")).collect();
    assert_eq!(
        rows.pop(),
        Some("cpu-time was not measured: the recording was made without (-U cpu-time with --keep, record --cpu-time)")
    );
    assert!(rows.len() > 3 && rows.iter().all(|line| line.starts_with("not measured ")), "{bare}");
    // Nothing else shows of it: the calls are those of a run without.
    run(&["-U", "cpu-time", "-C", "-o", "with", "cat", "/dev/null"]);
    run(&["-C", "-o", "without", "cat", "/dev/null"]);
    let [with, without] = ["with", "without"].map(|file| {
        let told = table(file);
        let names = told.lines().take_while(|line| !line.starts_with('+')).map(|line| line.split('(').next());
        names.map(|name| name.map(str::to_owned)).collect::<Vec<_>>()
    });
    assert!(with.len() > 20);
    assert_eq!(with, without);
}

/// Prints where it stands: its parent, and the group and session of its tracer.
const WHERE: &str = r#"
[ "$PPID" = "$CALLER" ] && echo child || echo grandchild
tracer=$(awk '/TracerPid/ {print $2}' /proc/$$/status)
awk '{sub(/.*\) /, ""); print $3, $4}' /proc/$$/stat >own
awk '{sub(/.*\) /, ""); print $3, $4}' /proc/$tracer/stat >tracers
read group session <own
read tgroup tsession <tracers
[ "$group" = "$tgroup" ] && echo same group || echo another group
[ "$session" = "$tsession" ] && echo same session || echo another session
[ "$tgroup" = "$tracer" ] && echo leads a group
[ "$tsession" = "$tracer" ] && echo leads a session
:
"#;

#[test]
fn the_tracer_steps_aside() {
    let room = room();
    for (flags, expected) in [
        (&[][..], &["grandchild", "same group", "same session"][..]),
        (&["-D"], &["child", "same group", "same session"]),
        (&["-DD"], &["child", "another group", "same session", "leads a group"]),
        (&["--daemonize=pgroup"], &["child", "another group", "same session", "leads a group"]),
        (&["-DDD"], &["child", "another group", "another session", "leads a group", "leads a session"]),
        (
            &["-f", "-e", "trace=chdir", "-DDD"],
            &["child", "another group", "another session", "leads a group", "leads a session"],
        ),
    ] {
        let Some(tools) = tools() else { return };
        for mut tool in tools {
            let name = tool.get_program().to_string_lossy().into_owned();
            tool.current_dir(room.path()).env("CALLER", std::process::id().to_string());
            let run = output(tool.args(flags).args(["-o", "/dev/null", "sh", "-c", WHERE]));
            assert_eq!(
                text(&run.stdout).lines().collect::<Vec<_>>(),
                expected,
                "{name} {flags:?}: {}",
                text(&run.stderr)
            );
        }
    }
}

/// A traced `cat` that answers, so it is known to run.
struct Cat {
    tool: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Cat {
    fn under(mut tool: Command, flags: &[&str]) -> Cat {
        tool.args(flags)
            .args(["-o", "/dev/null", "-e", "trace=none", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut tool = tool.stderr(Stdio::null()).spawn().expect("it starts");
        let (input, answers) = (tool.stdin.take().expect("piped"), BufReader::new(tool.stdout.take().expect("piped")));
        let mut cat = Cat { tool, input, answers };
        assert!(cat.answers(), "{flags:?}: cat does not run");
        cat
    }

    /// Says something, and hears whether it comes back.
    fn answers(&mut self) -> bool {
        let mut line = String::new();
        let asked = self.input.write_all(b"there?\n").and_then(|()| self.input.flush());
        asked.is_ok() && self.answers.read_line(&mut line).is_ok() && line == "there?\n"
    }

    fn signal(&self, signal: i32) {
        // SAFETY: takes numbers, of a child that has not been waited for.
        unsafe { libc::kill(self.tool.id() as i32, signal) };
    }
}

#[test]
fn what_interrupts_the_tracer() {
    // Without -I we pass it on, as documented; strace's own default is 3 with -o.
    for (how, lives, cat_lives) in [
        ("1", false, true),
        ("anywhere", false, true),
        ("2", false, false),
        ("3", true, true),
        ("never_tstp", true, true),
    ] {
        let Some(tools) = tools() else { return };
        for tool in tools {
            let name = tool.get_program().to_string_lossy().into_owned();
            let mut cat = Cat::under(tool, &["-f", &format!("--interruptible={how}")]);
            cat.signal(libc::SIGTERM);
            if lives {
                assert!(cat.answers(), "{name} -I {how}: the program ended");
                drop(cat.input);
                assert_eq!(cat.tool.wait().expect("it ends").code(), Some(0), "{name} -I {how}");
                continue;
            }
            assert_eq!(cat.tool.wait().expect("it ends").signal(), Some(libc::SIGTERM), "{name} -I {how}");
            assert_eq!(cat.answers(), cat_lives, "{name} -I {how}: does the program go on?");
        }
    }
}

#[test]
fn small_flags() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = |words: &[&str]| output(chic_trace().current_dir(room.path()).args(words));
    let named = run(&["--argv0=other", "-o", "out", "-e", "trace=execve", "sh", "-c", "echo $0"]);
    assert_eq!(text(&named.stdout), "other\n");
    assert!(text(&fs::read(room.path().join("out")).expect("written")).contains("[\"other\", \"-c\""));
    for (flag, told) in [("--tips=id:3,full", 3), ("--tips=4", 1), ("--tips=none", 0)] {
        let told_here = text(&run(&[flag, "-o", "out", "true"]).stderr);
        assert!(
            if told == 3 { told_here.starts_with("+-") } else { told_here.lines().count() == told },
            "{flag}: {told_here}"
        );
        assert_eq!(told_here, text(&run(&[flag, "-o", "out", "true"]).stderr), "a tip has a number");
    }
    // Without anything to trace a tip is all that was asked for.
    let alone = run(&["--tips=id:4"]);
    assert_eq!((alone.status.code(), text(&alone.stdout)), (Some(0), String::new()));
    assert_eq!(text(&alone.stderr), text(&run(&["--tips=4", "-o", "out", "true"]).stderr));
    assert!(text(&run(&["--tips"]).stderr).starts_with("chic-trace: tip: "));
    let filtered = text(
        &run(&["-d", "-f", "--seccomp-bpf", "-e", "trace=chdir", "-o", "out", "sh", "-c", "cd /; true & wait"]).stderr,
    );
    for part in
        ["debug: Linux ", "calls are picked by a seccomp filter", "is the program to be", "runs /", "1 call and "]
    {
        assert!(filtered.contains(part), "{part}: {filtered}");
    }
    // Where somebody may be let go, no filter is put on.
    for flags in [["-b", "execve"], ["-I", "2"], ["-e", "inject=chdir:signal=CONT"]] {
        let said =
            text(&run(&[&["-d", "-f", "-e", "trace=chdir", "-o", "out"], &flags[..], &["true"]].concat()).stderr);
        assert!(said.contains("calls stop at their entry and their exit"), "{flags:?}: {said}");
    }
    let limited = run(&[
        "--syscall-limit=3",
        "-e",
        "trace=chdir",
        "-o",
        "out",
        "sh",
        "-c",
        &format!("{MOVES}; echo end; exit 3"),
    ]);
    assert_eq!((limited.status.code(), text(&limited.stdout)), (Some(3), "end\n".to_owned()));
    let lines = text(&fs::read(room.path().join("out")).expect("written"));
    assert_eq!(lines.matches("chdir(").count(), 3, "{lines}");
    let version = text(&run(&["-V"]).stdout);
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}

/// The calls that a tool shows of a program that makes every one.
fn shown(tool: &mut Command, program: &Path, convention: &str, set: &str) -> BTreeSet<String> {
    let out = program.with_extension(format!("{convention}.out"));
    let run = output(tool.args(["-q", "-e", &format!("trace={set}"), "-o"]).arg(&out).arg(program).arg(convention));
    let said = text(&run.stderr);
    assert!(run.status.success(), "{set}: {said}");
    let whole = text(&fs::read(&out).expect("an output"));
    let names = whole.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name.to_owned());
    let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    names.filter(|name| is_name(name) && !name.starts_with("syscall_0x")).collect()
}

#[test]
fn classes_and_sets_hold_the_calls_that_they_hold_in_strace() {
    let room = room();
    let program = build("every_number", None, room.path());
    if tools().is_none() {
        return;
    }
    for convention in ["64", "32"] {
        match Command::new(&program).arg(convention).status() {
            Ok(status) if status.success() => {}
            status => {
                println!("skipped: no calls by the convention of {convention} bits: {status:?}");
                continue;
            }
        }
        let [mut strace, _] = tools().expect("there a moment ago");
        let known = shown(&mut strace, &program, convention, "all");
        for set in [
            "%file",
            "file",
            "%process",
            "process",
            "%net",
            "%network",
            "network",
            "%signal",
            "%ipc",
            "ipc",
            "%desc",
            "desc",
            "%memory",
            "memory",
            "%creds",
            "%stat",
            "%lstat",
            "%fstat",
            "%%stat",
            "%statfs",
            "%fstatfs",
            "%%statfs",
            "%clock",
            "%pure",
            "all",
            "none",
            "!%file",
            "!%desc,%file",
            "!all",
            "/^sched",
            "/(set|get)uid",
            "/chown$",
            "?nosuch",
            "?nosuch,read",
            "stat",
            "fstat,statfs",
            "read@64,write@32",
            "/^get@32",
            "%file@64",
            "?%nosuch",
            "open,read@64",
            "%desc,%network",
            "/stat(v?fs)?$,fcntl",
        ] {
            let [mut strace, mut ours] = tools().expect("there a moment ago");
            let theirs = shown(&mut strace, &program, convention, set);
            let own = shown(&mut ours, &program, convention, set);
            // Newer calls have names in our tables only.
            // Of socketcall strace looks at which call it is.
            let is_known = |name: &String| known.contains(name) && name != "socketcall";
            let own: BTreeSet<String> = own.into_iter().filter(is_known).collect();
            assert_eq!(own, theirs.into_iter().filter(is_known).collect(), "{set}, {convention} bits");
        }
    }
}
