//! A golden is recorded once and holds in other surroundings: addresses, CPUs, load, locale, home, user, search path,
//! names and places of directories, what our own standard input is, and the C library a program is built with.
//!
//! The suite tries a few programs; `cargo test --test variation -- --ignored` the whole corpus.

mod built;
mod corpus_fixture;
mod harness;
mod programs;
#[path = "mutation/server.rs"]
mod server;

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use corpus_fixture::{Program, needs};
use harness::terminal::Terminal;
use programs::{can_trace, chic_trace, output, text};

/// One program, and its golden, in a room that every user may enter.
struct Case {
    program: Program,
    room: tempfile::TempDir,
}

/// What our own standard input is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Nothing,
    Pipe,
    File,
    Terminal,
}

/// One way to be elsewhere.
struct Surroundings {
    name: &'static str,
    /// What starts chic-trace.
    starter: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    options: Vec<&'static str>,
    /// Busy processes beside it.
    load: usize,
    input: Input,
    /// What the programs that show or keep it say otherwise there.
    shows: Shows,
}

/// What programs may show of their surroundings, rightly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    /// Dates and orders by locale.
    Locale,
    /// Sizes of directories, their order, the number of the device.
    FileSystem,
    /// Who owns files, and what passwd(5) says of a user's home.
    Owner,
}

impl Shows {
    fn by(self, program: &str) -> bool {
        match self {
            Shows::Nothing => false,
            Shows::Locale => ["ls", "sort_tmp", "bash_pipe", "make_j2"].contains(&program),
            // The index of git holds the number of the device.
            Shows::FileSystem => ["ls", "tar_czf", "git_status"].contains(&program),
            Shows::Owner => ["ls", "tar_czf", "git_status", "curl_local"].contains(&program),
        }
    }
}

fn of(name: &'static str) -> Surroundings {
    let (starter, environment, options) = (Vec::new(), Vec::new(), Vec::new());
    Surroundings { name, starter, environment, options, load: 0, input: Input::Nothing, shows: Shows::Nothing }
}

fn started(name: &'static str, words: &[&str]) -> Surroundings {
    Surroundings { starter: words.iter().map(OsString::from).collect(), ..of(name) }
}

fn with(name: &'static str, environment: &[(&'static str, &dyn AsRef<std::ffi::OsStr>)]) -> Surroundings {
    let environment = environment.iter().map(|(name, value)| (*name, value.as_ref().to_owned())).collect();
    Surroundings { environment, ..of(name) }
}

/// All of them; what this machine does not have is left out and said.
fn surroundings(room: &Path) -> Vec<Surroundings> {
    let long = room.join("t".repeat(200));
    for dir in [&long, &room.join("h")] {
        fs::create_dir_all(dir).expect("made");
        fs::set_permissions(dir, Permissions::from_mode(0o777)).expect("for everybody");
    }
    let mut all = vec![
        started("addresses not randomised", &["setarch", "-R"]),
        started("one CPU", &["taskset", "-c", "0"]),
        Surroundings { load: 8, ..of("load 8") },
        with("another home", &[("HOME", &room.join("h")), ("USER", &"somebody"), ("LOGNAME", &"somebody")]),
        // Another directory in front may hold another program of that name.
        with("another search path", &[("PATH", &"/nowhere:/usr/local/bin:/usr/sbin:/usr/bin:/usr/games:/bin:/sbin")]),
        with("a short directory", &[("TMPDIR", &"/tmp")]),
        with("a long directory", &[("TMPDIR", &long)]),
        with("no locale", &[("LANG", &"C"), ("LC_ALL", &"C")]),
        Surroundings { input: Input::Pipe, ..of("a pipe as standard input") },
        Surroundings { input: Input::File, ..of("a file as standard input") },
        Surroundings { input: Input::Terminal, ..of("a terminal as standard input") },
    ];
    match tempfile::tempdir_in("/dev/shm") {
        Ok(_) => {
            let memory = with("a directory in memory", &[("TMPDIR", &"/dev/shm")]);
            all.push(Surroundings { shows: Shows::FileSystem, ..memory });
        }
        Err(error) => println!("skipped: a directory in memory: {error}"),
    }
    if harness::is_root() {
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
        let environment = vec![("HOME", room.join("h").into())];
        all.push(Surroundings { environment, shows: Shows::Owner, ..started("nobody", &nobody) });
    } else {
        println!("skipped: another user needs root");
    }
    all.extend(locales(room));
    all
}

/// Locales that are made here: what is installed is not for us to change.
fn locales(room: &Path) -> Vec<Surroundings> {
    let dir = room.join("locales");
    fs::create_dir_all(&dir).expect("made");
    let made = [("German", "de_DE"), ("Turkish", "tr_TR")].into_iter().filter_map(|(name, locale)| {
        let mut localedef = Command::new("localedef");
        localedef.args(["--no-archive", "-i", locale, "-f", "UTF-8"]).arg(dir.join(format!("{locale}.UTF-8")));
        let made = localedef.output();
        if !made.is_ok_and(|made| made.status.success()) {
            println!("skipped: {name}: localedef makes no {locale}; the package locales has what it needs");
            return None;
        }
        let word = format!("{locale}.UTF-8");
        let mut german = with(name, &[("LANG", &word), ("LC_ALL", &word), ("LOCPATH", &dir)]);
        german.options = vec!["--env", "LOCPATH"];
        Some(Surroundings { shows: Shows::Locale, ..german })
    });
    made.collect()
}

/// Processes that compute until they are dropped.
struct Busy(Vec<Child>);

impl Busy {
    fn start(count: usize) -> Busy {
        let one = |_| Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell");
        Busy((0..count).map(one).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Case {
    fn new(program: Program) -> Case {
        let room = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(room.path(), Permissions::from_mode(0o755)).expect("for everybody");
        for dir in ["home", "goldens"] {
            fs::create_dir(room.path().join(dir)).expect("made");
            fs::set_permissions(room.path().join(dir), Permissions::from_mode(0o777)).expect("for everybody");
        }
        corpus_fixture::make(program.fixture, &room.path().join("fixture"));
        Case { program, room }
    }

    /// `chic-trace golden WORD`, started by these words.
    fn golden(&self, word: &str, options: &[&str], starter: &[OsString]) -> Command {
        let plain = chic_trace();
        let mut command = match starter.split_first() {
            None => plain,
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(plain.get_program());
                for (name, value) in plain.get_envs().filter(|(_, value)| value.is_none()) {
                    assert!(value.is_none());
                    command.env_remove(name);
                }
                command
            }
        };
        command.args(["golden", word, self.program.name]).args(options);
        command.arg("--dir").arg(self.room.path().join("goldens"));
        command.arg("--fixture").arg(self.room.path().join("fixture")).args(self.program.options);
        command.arg("--").args(&self.program.command).current_dir(self.room.path());
        for name in ["LC_ALL", "LANGUAGE", "TMPDIR", "TZ"] {
            command.env_remove(name);
        }
        command
            .env("LANG", "C")
            .env("HOME", self.room.path().join("home"))
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null());
        command
    }

    fn check(&self, elsewhere: &Surroundings) -> Output {
        let _busy = Busy::start(elsewhere.load);
        let mut check = self.golden("check", &elsewhere.options, &elsewhere.starter);
        check.envs(elsewhere.environment.iter().map(|(name, value)| (name, value)));
        match elsewhere.input {
            Input::Nothing => output(&mut check),
            Input::File => output(check.stdin(File::open(self.room.path().join("fixture/in1")).expect("a file"))),
            Input::Pipe => {
                let mut child = check.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
                let mut child = child.as_mut().map(|child| (child.stdin.take(), child)).expect("it starts");
                drop(child.0.take());
                finished(child.1)
            }
            Input::Terminal => {
                let shown = Terminal::start(check).and_then(Terminal::finish);
                let (status, shown) = shown.unwrap_or_else(|failure| panic!("{failure:?}"));
                Output { status, stdout: shown.into_bytes(), stderr: Vec::new() }
            }
        }
    }
}

fn finished(child: &mut Child) -> Output {
    let read = |stream: Option<&mut dyn std::io::Read>| {
        let mut bytes = Vec::new();
        stream.map(|stream| stream.read_to_end(&mut bytes));
        bytes
    };
    let stdout = read(child.stdout.as_mut().map(|stream| stream as &mut dyn std::io::Read));
    let stderr = read(child.stderr.as_mut().map(|stream| stream as &mut dyn std::io::Read));
    Output { status: child.wait().expect("it ends"), stdout, stderr }
}

/// Can this user run the program at all?
fn reachable(program: &Program, starter: &[OsString]) -> bool {
    let Some((first, rest)) = starter.split_first() else { return true };
    let mut probe = Command::new(first);
    probe.args(rest).args(["sh", "-c", "command -v \"$0\" && command -v \"$1\"", env!("CARGO_BIN_EXE_chic-trace")]);
    probe.args(program.command.first()).output().is_ok_and(|run| run.status.success())
}

/// Checks these programs in all surroundings; what alarmed, in words.
fn alarms(names: Option<&[&str]>) -> Vec<String> {
    let mut alarms = Vec::new();
    let wanted = |program: &Program| names.is_none_or(|names| names.contains(&program.name));
    for program in corpus_fixture::programs().into_iter().filter(wanted) {
        if let Some(reason) = needs(&program) {
            println!("skipped: {}: {reason}", program.name);
            continue;
        }
        let case = Case::new(program);
        let recorded = output(&mut case.golden("record", &[], &[]));
        if !recorded.status.success() {
            alarms.push(format!("{}: record: {}{}", case.program.name, text(&recorded.stdout), text(&recorded.stderr)));
            continue;
        }
        for elsewhere in surroundings(case.room.path()) {
            let (program, place) = (case.program.name, elsewhere.name);
            if elsewhere.shows.by(program) {
                continue;
            }
            if !reachable(&case.program, &elsewhere.starter) {
                println!("skipped: {program}: {place}: it can't be run so");
                continue;
            }
            let checked = case.check(&elsewhere);
            let said = format!("{}{}", text(&checked.stdout), text(&checked.stderr));
            match checked.status.code() {
                Some(0) => {}
                // What did not come back in a second and third run is no alarm, and is shown.
                Some(3) => println!("{program}: {place}: {}", said.lines().next().unwrap_or_default()),
                code => alarms.push(format!("{program}: {place}: {code:?}\n{said}")),
            }
        }
    }
    alarms
}

fn hold(names: Option<&[&str]>) {
    if can_trace() {
        let alarms = alarms(names);
        assert!(alarms.is_empty(), "{} alarms\n{}", alarms.len(), alarms.join("\n"));
    }
}

#[test]
fn goldens_hold_in_other_surroundings() {
    hold(Some(&["cat", "bash_pipe", "rust_mt"]));
}

#[test]
#[ignore = "minutes: the whole corpus in all surroundings"]
fn goldens_of_the_corpus_hold_in_other_surroundings() {
    hold(None);
}

/// Builds `notes` in this way, or says why not.
fn build(room: &Path, way: &str, options: &[&str]) -> Option<PathBuf> {
    let program = room.join(format!("notes-{way}"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/notes.rs");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "-O", "-A", "unexpected_cfgs", source, "-o"]).arg(&program).args(options);
    let built = output(&mut rustc);
    if !built.status.success() {
        let said = text(&built.stderr);
        println!("skipped: {way}: {}", said.lines().next().unwrap_or_default());
        return None;
    }
    Some(program)
}

#[test]
fn a_build_with_another_c_library_has_the_same_outcome() {
    if !can_trace() {
        return;
    }
    let room = programs::room();
    let installed = room.path().join("notes");
    let golden = |word: &str, options: &[&str], code: i32| {
        let mut command = chic_trace();
        command.args(["golden", word, "notes", "--dir", "goldens", "--fixture", "-"]).args(options);
        let run = output(command.arg("--").arg(&installed).current_dir(room.path()));
        assert_eq!(run.status.code(), Some(code), "{word}: {}{}", text(&run.stdout), text(&run.stderr));
        text(&run.stdout)
    };
    let dynamic = build(room.path(), "dynamic", &[]).expect("the compiler that built this test");
    fs::rename(dynamic, &installed).expect("installed");
    golden("record", &["--runs", "3", "--level", "outcome"], 0);
    let others =
        [("static", &["-C", "target-feature=+crt-static"][..]), ("musl", &["--target", "x86_64-unknown-linux-musl"])];
    for (way, options) in others {
        if let Some(program) = build(room.path(), way, options) {
            fs::rename(program, &installed).expect("installed");
            let said = golden("check", &[], 0);
            assert!(said.starts_with("notes: same (outcome)"), "{way}: {said}");
        }
    }
}
