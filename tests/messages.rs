//! What we say when something can't be done: each case is made to happen, and the words are compared.

#[macro_use]
mod harness;
mod programs;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harness::Failure;
use harness::terminal::Terminal;
use programs::{can_trace, chic_trace, output, room, text};

fn at(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(words))
}

/// The message is these lines and nothing else.
#[track_caller]
fn says(run: &Output, code: i32, message: &str) {
    assert_eq!((run.status.code(), text(&run.stderr).trim_end()), (Some(code), message));
}

fn file(dir: &Path, name: &str, content: &[u8], mode: u32) {
    fs::write(dir.join(name), content).expect("written");
    fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).expect("its mode");
}

/// Runs a shell script with `$T` as our command.
fn shell(dir: &Path, script: &str) -> Output {
    output(Command::new("sh").current_dir(dir).env("T", env!("CARGO_BIN_EXE_chic-trace")).args(["-c", script]))
}

/// Ends the process when the test does.
struct Helper(std::process::Child);

impl Helper {
    fn start(program: &str, words: &[&str]) -> Helper {
        let mut command = Command::new(program);
        Helper(command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a file holds exactly this.
#[track_caller]
fn await_text(path: &Path, wanted: &str) {
    let mut found = String::new();
    for _ in 0..1000 {
        found = fs::read_to_string(path).unwrap_or_default();
        if found == wanted {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} holds\n{found}\nand not\n{wanted}", path.display());
}

fn state_of(pid: &str) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('?')
}

fn await_state(pid: &str, wanted: char) {
    for _ in 0..500 {
        if state_of(pid) == wanted {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("process {pid} is in state {}, not {wanted}", state_of(pid));
}

#[test]
fn a_program_that_does_not_start() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let own = fs::read(env!("CARGO_BIN_EXE_chic-trace")).expect("our own program");
    fs::create_dir(dir.join("directory")).expect("made");
    file(dir, "plain", b"x", 0o644);
    file(dir, "script", b"echo hi\n", 0o755);
    file(dir, "orphan", b"#!/no/such\n", 0o755);
    file(dir, "dos", b"#!/bin/sh\r\n", 0o755);
    file(dir, "empty", b"", 0o755);
    file(dir, "noise", &[0x00, 0x01, 0x02, 0xfe], 0o755);
    file(dir, "damaged", &own[..64], 0o755);
    std::os::unix::fs::symlink("there", dir.join("here")).expect("a link");
    std::os::unix::fs::symlink("here", dir.join("there")).expect("a link");
    file(dir, "written", &own, 0o755);
    let _writer = fs::OpenOptions::new().append(true).open(dir.join("written")).expect("open for writing");
    for (program, code, message) in [
        ("no-such-program-anywhere", 127, "no-such-program-anywhere: no directory of PATH has a program of this name"),
        ("./nothing", 127, "./nothing: there is no such file"),
        ("plain/x", 127, "plain/x: a part of its path is a file, not a directory"),
        ("", 127, "'': no directory of PATH has a program of this name"),
        ("./directory", 126, "./directory: it is a directory\n  hint: name the program in it"),
        ("./plain", 126, "./plain: it is not executable\n  hint: chmod +x ./plain"),
        (
            "./script",
            126,
            "./script: it is a script without a first line #!\n  \
             hint: run it by its interpreter: sh ./script, or begin it with #!/bin/sh",
        ),
        (
            "./orphan",
            126,
            "./orphan: its interpreter /no/such does not exist\n  \
             hint: install it, or correct the first line of the script",
        ),
        (
            "./dos",
            126,
            "./dos: its interpreter /bin/sh (its first line ends in a carriage return) does not exist\n  \
             hint: install it, or correct the first line of the script",
        ),
        ("./empty", 126, "./empty: it is empty\n  hint: build it again"),
        ("./noise", 126, "./noise: it is no program in a format of this system\n  hint: was it built for Linux?"),
        (
            "./damaged",
            126,
            "./damaged: it is a damaged program, or no program but a library or an object\n  hint: build it again",
        ),
        (
            "./written",
            126,
            "./written: it is open for writing\n  hint: wait until it has been written, or end who writes it",
        ),
        (
            "./here",
            126,
            "./here: its symbolic links lead round in a circle\n  hint: ls -l ./here shows where they lead",
        ),
    ] {
        let run = at(dir, &["-o", "trace", program]);
        says(&run, code, &format!("chic-trace: cannot run {message}"));
        let trace = fs::read_to_string(dir.join("trace")).unwrap_or_default();
        if program.contains('/') {
            assert!(trace.starts_with(&format!("execve(\"{program}\"")), "{program}: {trace}");
            assert!(trace.ends_with(&format!("+++ exited with {code} +++\n")), "{program}: {trace}");
        }
        let stored = at(dir, &["record", "-o", "run.ctrace", program]);
        assert_eq!(stored.status.code(), Some(code), "record {program}");
        let judged = at(dir, &["golden", "record", "x", "--dir", "goldens", "--", program]);
        assert_eq!(judged.status.code(), Some(5), "golden record {program}: {}", text(&judged.stderr));
    }
    assert!(!dir.join("goldens").exists(), "a golden of nothing was written");
}

/// The kernel counts the interpreter of a script as an argument more: with as many as the tracer itself can just
/// be started with, a script of a long first line can not.
#[test]
fn a_program_with_too_many_arguments() {
    if !can_trace() {
        return;
    }
    let room = room();
    let interpreter = room.path().join("i".repeat(180));
    std::os::unix::fs::symlink("/bin/sh", &interpreter).expect("a link");
    file(room.path(), "s", format!("#!{}\n", interpreter.display()).as_bytes(), 0o755);
    let started = |last: usize| {
        // A stack of 1 MiB allows a quarter of it; no single argument may be longer than 128 KiB.
        let script = r#"ulimit -s 1024 && exec "$T" -o trace ./s "$@""#;
        let mut command = Command::new("sh");
        command.env_clear().env("T", chic_trace().get_program()).current_dir(room.path());
        command.args(["-c", script, "sh"]).args(["x".repeat(100_000), "x".repeat(100_000), "x".repeat(last)]);
        Some(output(&mut command)).filter(|run| run.status.success() || text(&run.stderr).starts_with("chic-trace: "))
    };
    let (mut fits, mut too_long) = (0, 100_000);
    while too_long - fits > 1 {
        let middle = (fits + too_long) / 2;
        if started(middle).is_some() { fits = middle } else { too_long = middle }
    }
    assert!(started(fits / 2).is_some_and(|run| run.status.success()), "with fewer it runs");
    let run = started(fits).expect("started a moment ago");
    says(
        &run,
        126,
        "chic-trace: cannot run ./s: its arguments and environment are too long for the system\n  \
         hint: xargs cuts a long list of arguments into several runs",
    );
    let trace = fs::read_to_string(room.path().join("trace")).expect("the trace");
    assert!(trace.contains(" = -1 E2BIG (Argument list too long)\n"), "{trace}");
}

#[test]
fn the_search_in_path_is_that_of_execvp() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    for name in ["first", "second"] {
        fs::create_dir(dir.join(name)).expect("made");
    }
    file(&dir.join("first"), "tool", b"x", 0o644);
    let under = |path: &str| output(chic_trace().current_dir(dir).env("PATH", path).args(["-o", "/dev/null", "tool"]));
    says(&under("second"), 127, "chic-trace: cannot run tool: no directory of PATH has a program of this name");
    let closed = "chic-trace: cannot run first/tool: it is not executable\n  hint: chmod +x first/tool";
    says(&under("first:second"), 126, closed);
    file(&dir.join("second"), "tool", b"#!/bin/sh\nexit 7\n", 0o755);
    assert_eq!(under("first:second").status.code(), Some(7), "the search goes on behind what is closed");
    file(dir, "tool", b"#!/bin/sh\nexit 8\n", 0o755);
    assert_eq!(under(":second").status.code(), Some(8), "an empty element is the working directory");
}

#[test]
fn a_file_system_without_programs() {
    if !can_trace() {
        return;
    }
    let room = room();
    let script = "mount -t tmpfs -o noexec none . 2>&1 && cd . && cp /bin/true program && cd \"$PWD\" &&
        exec \"$T\" -o /dev/null \"$PWD/program\"";
    let run = output(
        Command::new("unshare")
            .args(["-m", "sh", "-c", script])
            .current_dir(room.path())
            .env("T", chic_trace().get_program()),
    );
    if run.status.code() != Some(126) && !text(&run.stderr).contains("chic-trace") {
        println!("skipped: no mount can be made here: {}{}", text(&run.stdout), text(&run.stderr));
        return;
    }
    let program = room.path().join("program");
    says(
        &run,
        126,
        &format!(
            "chic-trace: cannot run {}: it lies on a file system mounted noexec\n  hint: copy it to another file system",
            program.display()
        ),
    );
}

#[test]
fn what_can_not_be_traced() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let run = at(dir, &["-u", "no-such-user", "true"]);
    says(&run, 125, "chic-trace: cannot become user no-such-user: there is no user of this name in /etc/passwd");
    let inner = shell(dir, "\"$T\" -f -o /dev/null \"$T\" -o /dev/null true");
    let said = text(&inner.stderr);
    assert_eq!(inner.status.code(), Some(125), "{said}");
    assert!(said.starts_with("chic-trace: cannot trace the program: Operation not permitted\n"), "{said}");
    assert!(said.contains("(chic-trace) traces us and what we start: a task can have one tracer"), "{said}");
}

#[test]
fn a_process_that_can_not_be_attached_to() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let mut ended = Helper::start("true", &[]);
    let pid = ended.pid();
    await_state(&pid, 'Z');
    let zombie =
        format!("chic-trace: cannot attach to process {pid}: it has ended and only waits to be reaped by its parent");
    says(&at(dir, &["-p", &pid]), 125, &zombie);
    ended.0.wait().expect("it is reaped");
    let gone = format!("chic-trace: cannot attach to process {pid}: there is no such process");
    says(&at(dir, &["-p", &pid]), 125, &gone);

    let own = shell(dir, "exec \"$T\" -p $$");
    assert_eq!(own.status.code(), Some(125));
    assert!(text(&own.stderr).ends_with(": a process can't trace itself\n"), "{}", text(&own.stderr));

    let sleeper = Helper::start("sleep", &["60"]);
    let mut tracer = chic_trace();
    let tracer = tracer.current_dir(dir).args(["-o", "first", "-p", &sleeper.pid()]).stderr(Stdio::null());
    let tracer = Helper(tracer.spawn().expect("it starts"));
    let status = format!("/proc/{}/status", sleeper.pid());
    let traced_by = format!("TracerPid:\t{}\n", tracer.pid());
    for _ in 0..500 {
        if fs::read_to_string(&status).is_ok_and(|status| status.contains(&traced_by)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let twice = format!(
        "chic-trace: cannot attach to process {}: process {} (chic-trace) traces it already\n  \
         hint: a task can have one tracer: end the other one first",
        sleeper.pid(),
        tracer.pid()
    );
    says(&at(dir, &["-p", &sleeper.pid()]), 125, &twice);
    drop(tracer);

    if fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim() == "kthreadd") {
        let kernel = "chic-trace: cannot attach to process 2: it is a kernel thread, which can't be traced";
        says(&at(dir, &["-p", "2"]), 125, kernel);
    } else {
        println!("skipped: no kernel threads are seen here");
    }

    let short = Helper::start("sleep", &["0.5"]);
    let run = at(dir, &["-q", "-o", "several", "-p", &format!("{},{pid}", short.pid())]);
    says(&run, 125, &gone);
    let seen = fs::read_to_string(dir.join("several")).expect("a trace");
    assert!(seen.contains("exited with 0"), "the others are traced: {seen}");
}

/// A process number that nobody has.
fn nobody() -> String {
    let mut ended = Helper::start("true", &[]);
    ended.0.wait().expect("it ends");
    ended.pid()
}

#[test]
fn who_is_attached_to_is_told_at_once() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let none = nobody();
    for (words, quiet) in [
        (&["-o", "trace"][..], false),
        (&["-f", "-o", "trace"], false),
        (&["-c", "-o", "trace"], false),
        (&["--format", "json", "-o", "trace"], false),
        (&["record", "-o", "run.ctrace"], false),
        (&["-q", "-o", "trace"], true),
    ] {
        let (one, other) = (Helper::start("sleep", &["60"]), Helper::start("sleep", &["60"]));
        let (a, b) = (one.pid(), other.pid());
        let said = dir.join("said");
        let mut tracer = chic_trace();
        // The last one is the first again: it is attached to once.
        tracer.current_dir(dir).args(words).args(["-p", &a, "-p", &none, "-p", &b, "-p", &a, "-p", &none]);
        let tracer = tracer.stderr(fs::File::create(&said).expect("a file")).spawn();
        let mut tracer = Helper(tracer.expect("it starts"));
        let refused = format!("chic-trace: cannot attach to process {none}: there is no such process\n");
        let told =
            |what: &str, pid: &str| if quiet { String::new() } else { format!("chic-trace: Process {pid} {what}\n") };
        let wanted = [told("attached", &a), refused, told("attached", &b)].concat();
        await_text(&said, &wanted);
        let mut kill = Command::new("kill");
        assert!(kill.args(["-TERM", &tracer.pid()]).status().expect("kill runs").success());
        let status = tracer.0.wait().expect("it ends");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{words:?}");
        let mut lines: Vec<&str> = wanted.lines().collect();
        let detached = [told("detached", &a), told("detached", &b)];
        lines.extend(detached.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()));
        lines.sort_unstable();
        let said = fs::read_to_string(&said).expect("what it said");
        let mut found: Vec<&str> = said.lines().collect();
        found.sort_unstable();
        assert_eq!(found, lines, "{words:?}");
        for sleeper in [&a, &b] {
            await_state(sleeper, 'S');
        }
    }
}

#[test]
fn each_process_that_refuses_is_named() {
    if !can_trace() {
        return;
    }
    let room = room();
    let (one, other) = (nobody(), nobody());
    let refused = |pid: &str| format!("chic-trace: cannot attach to process {pid}: there is no such process");
    let run = at(room.path(), &["-o", "trace", "-p", &format!("{one},{other} {one}\n")]);
    says(&run, 125, &format!("{}\n{}", refused(&one), refused(&other)));
    let run = at(room.path(), &["-o", "trace", "-p", &one, "sh", "-c", "exit 3"]);
    says(&run, 3, &refused(&one));
}

#[test]
fn an_output_that_can_not_be_written() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let no_directory = "chic-trace: cannot write no/x: No such file or directory\n  hint: its directory does not exist";
    for words in [
        &["-o", "no/x", "true"][..],
        &["-ff", "-o", "no/x", "true"],
        &["--format", "json", "-o", "no/x", "true"],
        &["--keep", "no/x", "true"],
        &["record", "-o", "no/x", "true"],
    ] {
        says(&at(dir, words), 125, no_directory);
    }
    for words in [&["-o", "."][..], &["record", "-o", "."], &["--format", "json", "-o", "."]] {
        let run = at(dir, &[words, &["true"]].concat());
        assert_eq!(run.status.code(), Some(125), "{words:?}");
        assert!(text(&run.stderr).to_lowercase().contains("cannot write .: is a directory"), "{}", text(&run.stderr));
    }
    fs::create_dir(dir.join("gone")).expect("made");
    says(
        &at(dir, &["--format", "json", "-o", "gone/x", "sh", "-c", "rm -r gone; exit 4"]),
        125,
        "chic-trace: cannot write gone/x: No such file or directory\n  hint: its directory does not exist\n  \
         hint: the program itself ended with exit status 4",
    );
    says(
        &at(dir, &["--keep", "-", "true"]),
        2,
        "chic-trace: cannot take - for --keep: it takes a file\n  \
         hint: record -o - and record -o '|CMD' write a recording into a stream",
    );
    // The limit is on the tracer: what the program prints goes to a pipe.
    let run = shell(
        dir,
        "ulimit -f 1; \"$T\" -o trace sh -c 'ls -lR /usr/include /etc >listed 2>&1; ls / >/dev/null; exit 3'",
    );
    let said = text(&run.stderr);
    assert_eq!(run.status.code(), Some(125), "{said}");
    assert!(said.starts_with("chic-trace: cannot write trace: File too large\n  hint: at least "), "{said}");
}

#[test]
fn a_fifo_has_a_reader_or_is_given_up() {
    if !can_trace() {
        return;
    }
    let room = room();
    let read = shell(room.path(), "mkfifo pipe; cat pipe > seen & \"$T\" -o pipe true; wait; cat seen");
    assert_eq!(read.status.code(), Some(0));
    assert!(text(&read.stdout).contains("+++ exited with 0 +++"), "{}", text(&read.stdout));
    let run = at(room.path(), &["-o", "pipe", "touch", "ran"]);
    says(&run, 125, "chic-trace: cannot write pipe: nobody opened this FIFO for reading within 5 s");
    assert!(!room.path().join("ran").exists(), "a trace that nobody can have was made");
}

#[test]
fn closed_streams_are_not_written_to() {
    if !can_trace() {
        return;
    }
    let room = room();
    let closed = "chic-trace: cannot write standard output: it is closed\n  \
                  hint: name a file with -o, or do not close it (>&-)";
    for words in ["--format json true", "-o - true", "--help", "man"] {
        says(&shell(room.path(), &format!("\"$T\" {words} >&-")), 125, closed);
    }
    assert_eq!(shell(room.path(), "\"$T\" true 2>&-").status.code(), Some(125));
    // What is not ours to write to stays as it was.
    let native = shell(room.path(), "ls -l /proc/self/fd 1>&3 3>seen <&- >&- 2>&- 3>seen; cat seen | wc -l");
    let traced =
        shell(room.path(), "\"$T\" -o trace ls -l /proc/self/fd 1>&3 3>seen <&- >&- 2>&- 3>seen; cat seen | wc -l");
    assert_eq!(text(&native.stdout), text(&traced.stdout));
    let run = shell(room.path(), "\"$T\" -o trace true >&- 2>&- <&-");
    assert_eq!(run.status.code(), Some(0));
}

#[test]
fn readers_that_leave() {
    if !can_trace() {
        return;
    }
    let room = room();
    for words in ["ls -R /usr/share 2>&1 >/dev/null", "--format jsonl ls -R /usr/share 2>/dev/null"] {
        let script = format!("{{ \"$T\" {words}; echo $? > code; }} | head -n 1; cat code");
        let run = shell(room.path(), &script);
        assert!(text(&run.stdout).ends_with("\n141\n"), "{words}: {}", text(&run.stdout));
        assert!(run.stderr.is_empty(), "{words}: {}", text(&run.stderr));
    }
}

#[test]
fn values_out_of_range_name_the_nearest() {
    let room = room();
    for (words, message) in [
        (&["-p", "-1"][..], "\"-1\" for --attach <PID>: from 1 to 4294967295 are possible, the nearest is 1"),
        (&["-p", "me"], "\"me\" for --attach <PID>: it is no whole number; from 1 to 4294967295 are possible"),
        (&["-s", "-1"], "\"-1\" for --string-limit <N>: from 0 to 16777216 are possible, the nearest is 0"),
        (
            &["-s", "16777217"],
            "\"16777217\" for --string-limit <N>: from 0 to 16777216 are possible, the nearest is 16777216",
        ),
        (&["-a", "-3"], "\"-3\" for --columns <N>: from 0 to 65535 are possible, the nearest is 0"),
        (&["-I", "9"], "\"9\" for --interruptible <N>: from 1 to 4 are possible, the nearest is 4"),
        (&["--grace", "x"], "\"x\" for --grace <SECONDS>: it is no number of seconds, such as 0.5"),
    ] {
        let run = at(room.path(), &[words, &["touch", "x"]].concat());
        says(&run, 2, &format!("chic-trace: cannot take {message}\n  hint: chic-trace --help shows all flags"));
    }
    assert!(!room.path().join("x").exists(), "the program ran");
}

#[test]
fn settings_that_can_not_be_read() {
    let room = room();
    let dir = room.path();
    says(&at(dir, &["--config", "no.toml", "config"]), 2, "chic-trace: cannot read no.toml: No such file or directory");
    fs::write(dir.join("cut.toml"), "a = [\n").expect("written");
    let run = at(dir, &["--config", "cut.toml", "config"]);
    assert!(
        text(&run.stderr).starts_with("chic-trace: cannot use cut.toml:1:5: unclosed array"),
        "{}",
        text(&run.stderr)
    );
    assert_eq!(run.status.code(), Some(2));
    fs::write(dir.join("bytes.toml"), [0xff, 0xfe]).expect("written");
    says(&at(dir, &["--config", "bytes.toml", "config"]), 2, "chic-trace: cannot read bytes.toml: byte 0 is no UTF-8");
    let none = at(dir, &["assert", "--", "true"]);
    says(
        &none,
        4,
        "chic-trace: cannot judge anything: there is no renacer.toml here\n  \
         hint: name one with --config FILE, or write one with an [[assertion]]",
    );
}

#[test]
fn we_run_without_an_environment() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = output(chic_trace().env_clear().current_dir(room.path()).args(["-o", "t", "/bin/sh", "-c", "exit 6"]));
    says(&run, 6, "");
    for columns in ["1", "0", "-5", "x", "99999999999999999999"] {
        let run = output(chic_trace().env("COLUMNS", columns).arg("-h"));
        assert!(run.status.success() && text(&run.stdout).contains("Usage:"), "COLUMNS={columns}");
    }
}

#[test]
fn help_is_a_screen_and_then_everything() {
    let short = text(&at(Path::new("/"), &["-h"]).stdout);
    assert!(short.lines().count() <= 60, "{} lines", short.lines().count());
    let long = text(&at(Path::new("/"), &["--help"]).stdout);
    let examples = long.split("Examples:").nth(1).and_then(|end| end.split("Streams:").next()).unwrap_or_default();
    assert_eq!(examples.lines().filter(|line| line.starts_with("  chic-trace ")).count(), 5, "{examples}");
    assert!(examples.lines().all(|line| line.chars().count() <= 80), "{examples}");
    for code in ["125  ", "126  ", "127  ", "141  ", "  5  "] {
        assert!(long.contains(code), "{code}");
    }
}

#[test]
fn what_describes_us_is_understood_by_others() {
    let room = room();
    for (shell, check) in [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish --no-execute")] {
        let run = at(room.path(), &["completions", shell]);
        assert!(run.status.success());
        fs::write(room.path().join("completions"), &run.stdout).expect("written");
        for word in ["golden", "report"] {
            assert!(text(&run.stdout).contains(word), "{shell} does not complete {word}");
        }
        match Command::new("sh").current_dir(room.path()).args(["-c", &format!("{check} completions")]).output() {
            Ok(checked) if checked.status.code() == Some(127) => println!("skipped: no {shell} here"),
            checked => assert!(checked.as_ref().is_ok_and(|c| c.status.success()), "{shell}: {checked:?}"),
        }
    }
    fs::write(room.path().join("page.1"), &at(room.path(), &["man"]).stdout).expect("written");
    let shown = output(Command::new("sh").current_dir(room.path()).args(["-c", "groff -man -Tascii page.1 | col -bx"]));
    if shown.status.success() && !shown.stdout.is_empty() {
        assert!(text(&shown.stdout).contains("--string-limit"), "{}", text(&shown.stdout));
    } else {
        println!("skipped: no groff here");
    }
    assert!(at(room.path(), &["man", "pages"]).status.success());
    assert!(room.path().join("pages/chic-trace-golden-check.1").exists());
}

#[test]
fn what_can_not_be_judged_is_no_pass() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let rules = "[[assertion]]\nname = \"few\"\ntype = \"span_count\"\nmax_spans = 100000\n";
    fs::write(dir.join("renacer.toml"), rules).expect("written");
    assert!(at(dir, &["record", "--golden", "-o", "whole", "true"]).status.success());
    assert_eq!(at(dir, &["record", "-o", "never", "./nothing"]).status.code(), Some(127));
    assert!(at(dir, &["-e", "trace=none", "--keep", "empty", "-o", "/dev/null", "true"]).status.success());
    let whole = fs::read(dir.join("whole")).expect("a recording");
    fs::write(dir.join("cut"), &whole[..whole.len() - 8]).expect("written");
    let mut newer = whole.clone();
    newer[8] = 9;
    fs::write(dir.join("newer"), newer).expect("written");
    assert!(at(dir, &["golden", "record", "x", "--", "true"]).status.success());
    let message = "chic-trace: cannot read renacer.toml: 4 lines of program output, no trace: ";
    for judge in [&["assert"][..], &["golden", "check", "x"]] {
        let run = at(dir, &[judge, &["--recording", "renacer.toml"]].concat());
        assert_eq!(run.status.code(), Some(2), "{judge:?}: {}", text(&run.stderr));
        assert!(text(&run.stderr).starts_with(message), "{judge:?}: {}", text(&run.stderr));
    }
    for (file, code, message) in [
        ("whole", 0, ""),
        ("never", 4, "chic-trace: cannot judge never: its program could not be started"),
        ("empty", 4, "chic-trace: cannot judge empty: it holds no calls"),
        ("cut", 4, "chic-trace: cannot judge cut: it is incomplete: it ends at byte "),
        (
            "newer",
            2,
            "chic-trace: cannot read newer: it has format version 9, this build reads up to 1\n  hint: read it",
        ),
        ("none", 2, "chic-trace: cannot read none: No such file or directory"),
    ] {
        for judge in [&["assert", "--recording", file][..], &["golden", "check", "x", "--recording", file]] {
            let run = at(dir, judge);
            assert_eq!(run.status.code(), Some(code), "{judge:?}: {}{}", text(&run.stdout), text(&run.stderr));
            let compared = judge[0] == "golden" && file == "cut";
            let message =
                if compared { "x: not measured: the recording has no end: incomplete at byte " } else { message };
            let said = text(if compared { &run.stdout } else { &run.stderr });
            assert!(said.starts_with(message), "{judge:?}: {said}");
        }
    }
    let golden = dir.join("goldens/x.golden");
    let later = fs::read_to_string(&golden).expect("a golden").replacen("golden 1", "golden 9", 1);
    fs::write(&golden, &later).expect("written");
    let newer = "chic-trace: cannot read goldens/x.golden:1: version 9 of goldens; this program reads version 1\n  \
                 hint: nothing was changed";
    says(&at(dir, &["golden", "check", "x", "--", "true"]), 2, newer);
    assert_eq!(fs::read_to_string(&golden).expect("a golden"), later);
    let missing = "chic-trace: cannot check y: there is no goldens/y.golden\n  hint: chic-trace golden record y -- true\n  \
         hint: goldens/y.golden.new waits; accept with: chic-trace golden accept y";
    says(&at(dir, &["golden", "check", "y", "--", "true"]), 4, missing);
}

/// A name that would colour, retitle, reverse, erase and forge lines on a terminal that took it as it is.
const HOSTILE: &[u8] = b"e\x1b[31m\x1b]0;t\x07\xe2\x80\xae\xc2\x9b\x7f\r\n\t\xff\nchic-trace: all is well";

/// Bytes that a terminal must not get, but for line ends and colours of ours.
fn harmful(shown: &str) -> Option<String> {
    let plain = shown.replace("\r\n", "\n");
    let mut plain = plain.as_str().to_owned();
    for colour in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"] {
        for word in ["same", "different", "inconclusive", "within", "over"] {
            plain = plain.replace(&format!("{colour}{word}\u{1b}[0m"), word);
        }
    }
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    if plain.contains("\nchic-trace: all is well") {
        return Some("a line was forged".into());
    }
    plain.find(bad).map(|at| format!("{:?}", plain.get(at.saturating_sub(40)..at + 8)))
}

#[test]
fn names_of_the_target_do_nothing_to_a_terminal() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let name = OsStr::from_bytes(HOSTILE);
    let named = |before: &str| OsStr::from_bytes(&[before.as_bytes(), HOSTILE].concat()).to_owned();
    fs::write(dir.join(name), "x").expect("written");
    fs::write(dir.join(named("script")), "#!/no\u{1b}[31m/such\n").expect("written");
    fs::set_permissions(dir.join(named("script")), fs::Permissions::from_mode(0o755)).expect("its mode");
    fs::copy("/bin/true", dir.join(named("p"))).expect("copied");
    let nameless = r#"import ctypes, os; ctypes.CDLL(None).prctl(15, b"\x1b[31m\x07\n", 0, 0, 0); os.fork()"#;
    let word = OsStr::new;
    for words in [
        &[word("--"), word("/bin/true"), name][..],
        &[word("-f"), word("-v"), word("-yy"), word("--"), word("/bin/cat"), name],
        &[word("-f"), word("python3"), word("-c"), word(nameless)],
        &[word("-c"), word("--"), word("/bin/true"), name],
        &[word("-o"), word("-"), word("--"), word("/bin/true"), name],
        &[word("--format"), word("json"), word("--"), word("/bin/true"), name],
        &[word("--format"), word("jsonl"), word("--"), word("/bin/true"), name],
        &[&named("./")],
        &[&named("./script")],
        &[&named("./p")],
        &[&named("./nothing")],
        &[&named("nothing")],
        &[word("-o"), &named("no/"), word("true")],
        &[word("--keep"), &named("no/"), word("true")],
        &[word("record"), word("-o"), &named("no/"), word("true")],
        &[word("report"), name],
        &[word("report"), &named("no/")],
        &[word("--config"), name, word("config")],
        &[word("golden"), word("record"), word("x"), word("--dir"), &named("dir"), word("--"), word("/bin/cat"), name],
        &[word("golden"), word("check"), word("x"), word("--dir"), &named("dir"), word("--"), word("/bin/ls"), name],
        &[word("golden"), word("check"), word("x"), word("--dir"), &named("no"), word("--"), word("/bin/ls"), name],
    ] {
        let mut command = chic_trace();
        command.current_dir(dir).args(words);
        let shown = Terminal::start(command).and_then(Terminal::finish);
        match shown {
            Ok((_, shown)) => {
                // What the program itself prints (cat says what it read, ls what it can't find) is its own.
                assert_eq!(harmful(&shown), None, "{words:?} shows {shown:?}");
                let silent = words.first() == Some(&&*named("./p"));
                assert!(silent || !shown.is_empty(), "{words:?} shows nothing");
            }
            Err(Failure::Skipped(why)) => println!("skipped: {why}"),
            Err(Failure::Wrong(why)) => panic!("{words:?}: {why}"),
        }
    }
}

/// Somebody who watches sees each call where it was made.
#[test]
fn lines_stand_between_what_the_program_prints() {
    if !can_trace() {
        return;
    }
    let mut command = chic_trace();
    command.args(["-e", "trace=write", "sh", "-c", "echo one; echo two; echo three >&2"]);
    let shown = match Terminal::start(command).and_then(Terminal::finish) {
        Ok((_, shown)) => shown,
        Err(Failure::Skipped(why)) => return println!("skipped: {why}"),
        Err(Failure::Wrong(why)) => panic!("{why}"),
    };
    let said = ["one", "two", "three"]
        .into_iter()
        .flat_map(|word| [format!("{word}\r\n"), format!("\"{word}\\n\", {}) ", word.len() + 1)]);
    let places: Vec<Option<usize>> = said.map(|part| shown.find(&part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}: {shown}");
}
