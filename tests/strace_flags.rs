//! Each flag that we have from strace, on programs of every system: our text is the text of the strace that
//! is installed here, but for addresses, ids, times and random bytes.

mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use programs::{can_trace, chic_trace, output, room, text};

/// Both tools by the name they give themselves in notes; nothing when one of them can't work here.
fn tools() -> Option<[(&'static str, Command); 2]> {
    let mut strace = Command::new("strace");
    match strace.args(["-o", "/dev/null", "true"]).output() {
        Ok(run) if run.status.success() => {}
        _ => {
            println!("skipped: there is no strace here that can trace");
            return None;
        }
    }
    can_trace().then(|| [("strace", Command::new("strace")), ("chic-trace", chic_trace())])
}

/// A room with what the programs read.
fn furnished() -> tempfile::TempDir {
    let room = room();
    fs::write(room.path().join("digits"), "0123456789".repeat(10)).expect("written");
    room
}

/// A program that fails, gets a signal, becomes another program, reads and writes.
const ALONE: &str = "trap : USR1; kill -USR1 $$; exec cat digits nothere";
/// A program with two children.
const FAMILY: &str = "cat digits; cat nothere; kill -USR1 $$; true";

/// What a tool writes with `-o`, by task in the order of their births, ids and times made alike.
fn written(tool: &mut Command, room: &Path, flags: &[&str], script: &str) -> Vec<String> {
    let out = tempfile::tempdir().expect("a directory for the output");
    tool.env_clear().env("PATH", "/usr/bin:/bin").current_dir(room).stdin(Stdio::null()).stdout(Stdio::null());
    tool.arg("-o").arg(out.path().join("out")).args(flags).args(["--", "sh", "-c", script]);
    let run = output(tool);
    let mut files: Vec<_> = fs::read_dir(out.path()).expect("listed").flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{flags:?}: nothing written: {}", text(&run.stderr));
    let prefixed = flags.contains(&"-f");
    let lines = files.iter().flat_map(|file| {
        let content = fs::read(file).expect("an output");
        text(&content).lines().map(str::to_owned).collect::<Vec<_>>()
    });
    by_task(lines, prefixed, script == FAMILY).iter().map(|line| alike(line, flags)).collect()
}

/// Lines with an id in front, by it; the halves of a call that another task came between are joined.
fn by_task(lines: impl Iterator<Item = String>, prefixed: bool, has_children: bool) -> Vec<String> {
    let mut tasks: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    if !prefixed {
        tasks.insert(0, lines.collect());
        return tasks.into_values().flat_map(|lines| deaths_last(lines, has_children)).collect();
    }
    for line in lines {
        let (id, rest) = line.split_once(' ').expect("an id in front");
        // `-Y` has the name of the task behind it.
        let id = id.split('<').next().unwrap_or_default();
        let task = tasks.entry(id.parse().expect("a number")).or_default();
        let rest = rest.trim_start();
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        match (resumed, task.last_mut().and_then(|last| last.strip_suffix(" <unfinished ...>").map(str::to_owned))) {
            (Some((_, end)), Some(begin)) => {
                task.pop();
                task.push(format!("{begin}{end}"));
            }
            _ => task.push(rest.to_owned()),
        }
    }
    // Columns depend on who came between.
    let words = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    tasks.into_values().flat_map(|lines| deaths_last(lines, has_children)).map(words).collect()
}

/// A child may die before its parent waits for it, or while: the signal is put last, and that its handler
/// is left is not looked at.
fn deaths_last(mut lines: Vec<String>, has_children: bool) -> Vec<String> {
    if !has_children {
        return lines;
    }
    lines.retain(|line| !line.contains("rt_sigreturn("));
    lines.sort_by_key(|line| line.contains("--- SIGCHLD"));
    lines
}

/// One line without what differs from run to run. Where something was taken out, blanks say nothing.
fn alike(line: &str, flags: &[&str]) -> String {
    let mut line = line.to_owned();
    if flags.iter().any(|flag| ["-t", "-tt", "-ttt", "-r"].contains(flag)) {
        let indent = line.len() - line.trim_start().len();
        let end = line[indent..].find(' ').map_or(line.len(), |at| indent + at);
        line = nines(&line[..end]) + &line[end..];
    }
    if flags.contains(&"-T")
        && let Some(at) = line.rfind(" <").filter(|_| line.ends_with('>'))
    {
        line = line[..at].to_owned() + &nines(&line[at..]);
    }
    // What a child used.
    if let Some(at) = line.find(", si_utime=") {
        line.truncate(at);
    }
    // In front of which call a child is told of is chance.
    if let Some(at) = line.find("--- SIGCHLD").filter(|_| line.starts_with('[')) {
        line.drain(..at);
    }
    // Whether the name of a child is still known depends on whether its parent was told before it waited.
    if flags.contains(&"-Y")
        && let Some(at) = line.find(", si_pid=").filter(|_| line.contains("SIGCHLD"))
    {
        line.truncate(at);
    }
    // The parent goes on while its child is becoming another program, and has either name.
    if flags.contains(&"-Y") && line.contains("vfork(") {
        line.truncate(line.rfind('<').unwrap_or(line.len()));
    }
    let plain = without_numbers(&line);
    if plain == line { line } else { plain.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn nines(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
}

/// Addresses, ids of tasks and of sockets, random bytes.
fn without_numbers(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    // `-i`: where a call was made, behind its number (`-n`).
    let is_place = |place: &str| place.len() == 16 && place.bytes().all(|byte| byte.is_ascii_hexdigit());
    let leader = line.match_indices("] ").take(2).find_map(|(end, _)| {
        let begin = line[..end].rfind('[')?;
        is_place(&line[begin + 1..end]).then_some((begin, end))
    });
    if let Some((begin, end)) = leader {
        plain = format!("{}[ADDRESS", &line[..begin]);
        rest = &line[end..];
    }
    let digits = |text: &str, hex: bool| {
        text.find(|c: char| !(if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() })).unwrap_or(text.len())
    };
    while let Some(c) = rest.chars().next() {
        let address = rest.strip_prefix("0x").map(|rest| digits(rest, true)).filter(|digits| *digits > 5);
        let id = ["si_pid=", "kill(", ":["].into_iter().find(|before| rest.starts_with(before));
        if let Some(length) = address {
            plain.push_str("0xADDRESS");
            rest = &rest[2 + length..];
        } else if let Some(before) = id {
            plain.push_str(before);
            let number = &rest[before.len()..];
            plain.push_str(if digits(number, false) > 0 { "ID" } else { "" });
            rest = &number[digits(number, false)..];
        } else {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let name = plain.split('(').next().unwrap_or_default().rsplit(' ').next().unwrap_or_default();
    match name {
        "set_tid_address" | "getpid" | "getppid" | "clone" | "vfork" | "wait4" => {
            let (call, result) = plain.rsplit_once(" = ").unwrap_or((&plain, ""));
            let id = result.len() - result.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if id > 1 { format!("{call} = ID{}", &result[id..]) } else { plain }
        }
        "getrandom" => match plain.match_indices('"').map(|(at, _)| at).collect::<Vec<_>>()[..] {
            [begin, end] => format!("{}RANDOM{}", &plain[..begin], &plain[end + 1..]),
            _ => plain,
        },
        _ => plain,
    }
}

#[track_caller]
fn same_lines(what: &str, [theirs, ours]: [&[String]; 2]) {
    let at = theirs.iter().zip(ours).take_while(|(theirs, ours)| theirs == ours).count();
    let nothing = "(the end)".to_owned();
    assert_eq!(
        ours.get(at).unwrap_or(&nothing),
        theirs.get(at).unwrap_or(&nothing),
        "{what}: line {at} of ours is not that of strace"
    );
}

#[test]
fn every_flag_prints_what_strace_prints() {
    let Some(_) = tools() else { return };
    let room = furnished();
    // What is read for the first time gets another time of access.
    output(Command::new("sh").args(["-c", FAMILY]).current_dir(room.path()));
    let lines = |flags: &[&str], script: &str| {
        let [(_, mut strace), (_, mut ours)] = tools().expect("there a moment ago");
        let theirs = written(&mut strace, room.path(), flags, script);
        let ours = written(&mut ours, room.path(), flags, script);
        same_lines(&format!("{flags:?} of {script}"), [&theirs, &ours]);
        theirs
    };
    for script in [ALONE, FAMILY] {
        let plain = lines(&[], script);
        assert!(plain.len() > 50, "{plain:#?}");
        for flags in [
            &["-f"][..],
            &["-ff"],
            &["-s", "0"],
            &["-s", "5"],
            &["-s", "200"],
            &["-t"],
            &["-tt"],
            &["-ttt"],
            &["-r"],
            &["-T"],
            &["-y"],
            &["-v"],
            &["-ff", "-tt", "-T", "-y", "-v", "-s", "100"],
            &["-f", "-T", "-y", "-v"],
            &["-e", "trace=openat,close"],
            &["-e", "trace=%file"],
            &["-e", "trace=!%memory"],
            &["-e", "trace=/^(open|read)"],
            &["-e", "trace=none"],
            &["-e", "signal=none"],
            &["-e", "signal=!SIGUSR1,CHLD"],
            &["-z"],
            &["-Z"],
            &["-qq"],
            &["-f", "-Z", "-e", "trace=%desc,%process", "-e", "signal=CHLD"],
            &["-X", "raw"],
            &["-X", "verbose"],
            &["--const-print-style=verbose", "-f", "-v"],
            &["-e", "raw=openat,close"],
            &["--raw=!set_tid_address,getpid,getppid,clone,vfork,wait4,kill"],
            &["-e", "verbose=openat"],
            &["--verbose=none"],
            &["-e", "abbrev=execve"],
            &["--abbrev=none"],
            &["-e", "read=3", "-e", "write=1"],
            &["--read=all", "--write=none"],
            &["-e", "read=!4"],
            &["-x"],
            &["-xx"],
            &["--strings-in-hex=non-ascii"],
            &["--strings-in-hex"],
            &["-i"],
            &["--instruction-pointer"],
            &["-n"],
            &["--syscall-number"],
            &["-i", "-n", "-x", "-s", "200"],
            &["-ff", "-n", "-i", "-x", "-yy", "-v"],
            // Standard error is another pipe each time.
            &["-xx", "-yy", "-e", "trace=!write,close,newfstatat"],
            &["-yy"],
            &["-f", "-yy", "-T"],
        ] {
            let with = lines(flags, script);
            // ALONE has no children; the end of FAMILY is a death, which is told in any case.
            let idle = if script == ALONE { &["-f", "-ff"][..] } else { &["-qq"] };
            assert!(idle.contains(&flags.concat().as_str()) || with != plain, "{flags:?} changes nothing of {script}");
        }
    }
}

/// Numbers of tasks with their names, line by line. Of who started the tracer we know no name.
#[test]
fn names_of_tasks_stand_where_strace_has_them() {
    let room = furnished();
    output(Command::new("sh").args(["-c", FAMILY]).current_dir(room.path()));
    for (flags, script, named) in [
        (&["-Y", "-e", "trace=!getppid"][..], ALONE, 3),
        (&["-f", "-Y", "-e", "trace=!getppid"], FAMILY, 3),
        (&["-ff", "-Y", "-e", "trace=!getppid", "-xx"], ALONE, 3),
    ] {
        let Some([(_, mut strace), (_, mut ours)]) = tools() else { return };
        let theirs = written(&mut strace, room.path(), flags, script);
        let ours = written(&mut ours, room.path(), flags, script);
        same_lines(&format!("{flags:?} of {script}"), [&theirs, &ours]);
        assert!(ours.iter().filter(|line| line.contains("ID<")).count() >= named, "{ours:#?}");
    }
}

/// The table behind the lines (`-C`), and alone (`-c`): what is counted is the same, and stands in the same form.
#[test]
fn the_table_is_that_of_strace() {
    let room = furnished();
    for flags in [
        &["-C", "-S", "name", "-U", "calls,errors,name"][..],
        &["-f", "-C", "-S", "name", "-U", "name,errors,calls"],
        &["-c", "-S", "name", "-U", "errors,calls,name"],
        &["-f", "-c", "-w", "-S", "name", "-U", "calls,errors"],
    ] {
        let Some([(_, mut strace), (_, mut ours)]) = tools() else { return };
        // A call that never returned counts for us.
        let flags = [flags, &["-e", "trace=!exit_group", "-e", "signal=none"]].concat();
        let script = "cat digits; cat nothere; true";
        let told = [&mut strace, &mut ours].map(|tool| {
            let out = room.path().join("out");
            tool.env_clear().env("PATH", "/usr/bin:/bin").current_dir(room.path());
            tool.stdin(Stdio::null()).stdout(Stdio::null()).arg("-o").arg(&out).args(&flags);
            output(tool.args(["--", "sh", "-c", script]));
            let told = text(&fs::read(&out).expect("an output"));
            // How often a handler is left is chance.
            let lines = told.lines().filter(|line| !line.contains("rt_sigreturn")).map(str::to_owned);
            lines.collect::<Vec<_>>()
        });
        let table = |told: &[String]| {
            let rule = told.iter().position(|line| line.starts_with("----")).expect("a rule");
            told[rule - 1..].to_vec()
        };
        let [theirs, ours] = &told;
        let (their_table, our_table) = (table(theirs), table(ours));
        assert!(our_table.len() > 15, "{our_table:#?}");
        same_lines(&format!("the table of {flags:?}"), [&their_table, &our_table]);
        let with_lines = flags.contains(&"-C");
        assert_eq!(
            (ours.len() > our_table.len(), theirs.len() > their_table.len()),
            (with_lines, with_lines),
            "{ours:#?}"
        );
        if with_lines && !flags.contains(&"-f") {
            let lines = |told: &[String]| -> Vec<String> {
                told.iter().take_while(|line| !line.contains(" calls")).map(|line| alike(line, &flags)).collect()
            };
            same_lines(&format!("lines of {flags:?}"), [&lines(theirs), &lines(ours)]);
        }
    }
}

/// The notes on standard error in the tool's own name. They may stand behind the beginning of a call.
fn notes(name: &str, stderr: &[u8]) -> Vec<String> {
    let text = text(stderr);
    let own = text.lines().filter_map(|line| line.split_once(&format!("{name}: "))).map(|(_, note)| note);
    let plain = |word: &str| if word.parse::<u32>().is_ok() { "ID".to_owned() } else { word.to_owned() };
    own.map(|note| note.split(' ').map(plain).collect::<Vec<_>>().join(" ")).collect()
}

/// Numbers of tasks with their names: in front of lines and as arguments.
#[test]
fn tasks_are_named_as_strace_names_them() {
    let Some(_) = tools() else { return };
    let room = furnished();
    let named = |flags: &[&str]| {
        tools().expect("there a moment ago").map(|(_, mut tool)| {
            let out = room.path().join("out");
            tool.current_dir(room.path()).stdout(Stdio::null()).arg("-o").arg(&out).args(flags);
            output(tool.args(["--", "sh", "-c", "cat digits; kill -0 $$; true"]));
            let text = text(&fs::read(&out).expect("an output"));
            let without_id = |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
            let mut lines: Vec<String> = text.lines().map(without_id).collect();
            lines.retain(|line| !line.contains("SIGCHLD") && !line.contains("resumed") && !line.contains("unfinished"));
            let names = lines.iter().filter_map(|line| line.split(' ').next());
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.dedup();
            let kills = lines.iter().filter(|line| line.contains("kill(")).map(|line| {
                let (_, behind) = line.split_once("kill(").expect("found a moment ago");
                without_id(behind)
            });
            (kills.collect::<Vec<_>>(), names.contains(&"<cat>".to_owned()), names.contains(&"<sh>".to_owned()))
        })
    };
    for flags in [&["-f", "-Y"][..], &["-f", "--decode-pids=comm"]] {
        let [theirs, ours] = named(flags);
        assert_eq!(ours, theirs, "{flags:?}");
        assert!(ours.0[0].starts_with("<sh>, 0)") && ours.1 && ours.2, "{ours:?}");
    }
}

/// strace has it since 6.16: the name of each argument, `=`, its value.
#[test]
fn arguments_are_named() {
    if !can_trace() {
        return;
    }
    let room = furnished();
    let run =
        output(chic_trace().current_dir(room.path()).args(["-N", "-e", "trace=openat,read,close", "cat", "digits"]));
    let text = text(&run.stderr);
    for line in [
        r#"openat(dfd=AT_FDCWD, filename="digits", flags=O_RDONLY) = 3"#,
        r#"read(fd=3, buf="01234567890123456789012345678901"..., count=131072) = 100"#,
        "close(fd=3)                             = 0",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
}

/// strace has it since 6.3 (signalfd) and 6.10 (eventfd), in these words.
#[test]
fn counters_and_sets_of_signals_are_told() {
    if !can_trace() {
        return;
    }
    let room = room();
    let program = programs::build("kernel_objects", None, room.path());
    let told = |set: &str| {
        let calls = "trace=eventfd2,signalfd4,read,write,close";
        let flags = [set, "-e", calls, "--keep", "kept.ctrace", "-o", "told", "--"];
        output(chic_trace().current_dir(room.path()).args(flags).arg(&program));
        let live = fs::read_to_string(room.path().join("told")).expect("an output");
        output(chic_trace().current_dir(room.path()).args(["report", "kept.ctrace", set, "-o", "later"]));
        assert_eq!(fs::read_to_string(room.path().join("later")).expect("an output"), live, "{set}");
        fs::remove_file(room.path().join("kept.ctrace")).expect("removed");
        live
    };
    for set in ["-yy", "--decode-fds=eventfd,signalfd", "--decode-fds=all"] {
        let told = told(set);
        for part in [
            "eventfd2(5, 0)                          = 3<{eventfd-count=0x5, eventfd-id=",
            "write(3<{eventfd-count=0x5, eventfd-id=",
            "read(3<{eventfd-count=0x6, eventfd-id=",
            "close(3<{eventfd-count=0, eventfd-id=",
            "= 3<signalfd:[USR1 CHLD]>",
            "close(3<signalfd:[USR1 CHLD]>)",
        ] {
            assert!(told.contains(part), "{set}: {part} is not in:\n{told}");
        }
    }
    let links = told("--decode-fds=path");
    assert!(links.contains("close(3<anon_inode:[eventfd]>)") && links.contains("<anon_inode:[signalfd]>"), "{links}");
    let neither = told("--decode-fds=socket,dev,pidfd");
    assert!(!neither.contains("eventfd-count") && !neither.contains("signalfd:["), "{neither}");
    let one = told("--decode-fds=signalfd");
    assert!(one.contains("close(3)") && one.contains("close(3<signalfd:[USR1 CHLD]>)"), "{one}");
}

/// A recording is shown with each flag as the run itself is.
#[test]
fn a_recording_is_shown_as_the_run_is() {
    if !can_trace() {
        return;
    }
    let room = furnished();
    let program = ["--", "cat", "digits"];
    // What is read for the first time gets another time of access.
    output(Command::new("cat").arg("digits").current_dir(room.path()));
    let mut record = chic_trace();
    record.current_dir(room.path()).stdout(Stdio::null()).args(["record", "-s", "4096", "-o", "run.ctrace"]);
    output(record.args(program));
    for flags in [
        &["-X", "raw"][..],
        &["-X", "verbose"],
        &["-N"],
        &["-Y"],
        &["-e", "raw=%file"],
        &["-e", "verbose=none"],
        &["-e", "abbrev=execve"],
        &["-e", "read=3", "-e", "write=1"],
    ] {
        let told = |words: &[&str]| {
            let mut command = chic_trace();
            command.current_dir(room.path()).stdout(Stdio::null()).args(words).args(["-o", "told"]).args(flags);
            if words.is_empty() {
                command.arg("-f").args(program);
            }
            output(&mut command);
            let told = fs::read_to_string(room.path().join("told")).expect("an output");
            let without_id = |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
            told.lines().map(|line| alike(&without_id(line), flags)).collect::<Vec<_>>()
        };
        let [reported, live] = [&["report", "run.ctrace"][..], &[]].map(told);
        same_lines(&format!("{flags:?}"), [&live, &reported]);
    }
}

#[test]
fn quiet_leaves_out_the_notes_that_strace_leaves_out() {
    let room = furnished();
    for (flags, wanted) in [(&["-f"][..], 2), (&["-f", "-q"], 0), (&["-f", "-o", "file"], 0), (&["-f", "-qq"], 0)] {
        let Some(tools) = tools() else { return };
        for (name, mut tool) in tools {
            let run = output(tool.current_dir(room.path()).args(flags).args(["sh", "-c", FAMILY]));
            let notes = notes(name, &run.stderr);
            assert_eq!(notes, vec!["Process ID attached"; wanted], "{name} {flags:?}: {}", text(&run.stderr));
        }
    }
}

#[test]
fn a_running_program_is_told_as_strace_tells_it() {
    for (flags, with_file) in
        [(&[][..], true), (&["-q"], true), (&["-f", "-y", "-s", "3"], true), (&[], false), (&["-q"], false)]
    {
        let Some(tools) = tools() else { return };
        let room = furnished();
        let [(theirs, their_notes), (ours, our_notes)] =
            tools.map(|(name, tool)| attached(name, tool, room.path(), flags, with_file));
        same_lines(&format!("{flags:?} -p"), [&theirs, &ours]);
        assert_eq!(our_notes, their_notes, "{flags:?}, into a file: {with_file}");
        assert_eq!(our_notes.is_empty(), flags == ["-q"], "{our_notes:?}");
    }
}

/// What a tool tells of a `cat` that it attaches to, from a line on that comes after it has attached; and its
/// notes.
fn attached(name: &str, mut tool: Command, room: &Path, flags: &[&str], with_file: bool) -> (Vec<String>, Vec<String>) {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::null()).current_dir(room);
    let mut cat = cat.spawn().expect("cat runs");
    let (out, said) = (room.join(format!("{name}.out")), room.join(format!("{name}.err")));
    let stderr = fs::File::create(&said).expect("a file");
    tool.args(flags).arg("-p").arg(cat.id().to_string()).stderr(stderr);
    if with_file {
        tool.arg("-o").arg(&out);
    }
    let told = if with_file { &out } else { &said };
    let mut tracer = tool.spawn().expect("it starts");
    let mut input = cat.stdin.take().expect("piped");
    let patience = Instant::now();
    while !fs::read(told).is_ok_and(|so_far| text(&so_far).contains("write(1")) {
        assert!(patience.elapsed() < Duration::from_secs(20), "{name} {flags:?} does not attach");
        input.write_all(b"early\n").expect("cat reads");
        std::thread::sleep(Duration::from_millis(20));
    }
    input.write_all(b"some words\n").expect("cat reads");
    drop(input);
    assert!(cat.wait().expect("cat ends").success());
    let status = tracer.wait().expect("it ends with cat");
    let said = fs::read(&said).expect("what it said");
    assert!(status.success(), "{name}: {}", text(&said));
    let lines = text(&fs::read(told).expect("an output"));
    let lines = by_task(lines.lines().map(str::to_owned), with_file && flags.contains(&"-f"), false);
    let last = lines.iter().rposition(|line| line.starts_with("read(0") && line.contains("\"som"));
    let lines = lines[last.unwrap_or_else(|| panic!("{name}: {lines:#?}"))..].iter().map(|line| alike(line, flags));
    (lines.collect(), notes(name, &said))
}
