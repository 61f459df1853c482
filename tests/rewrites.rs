//! Ten tools in Python and their ports in Rust: the golden of the original holds for the right port, and not
//! for the two wrong ones, whose difference is named.

mod built;
#[path = "mutation/server.rs"]
mod server;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One tool.
struct Pair {
    name: &'static str,
    args: &'static [&'static str],
    /// What the report on the first wrong port must say.
    a: &'static str,
    /// And on the second.
    b: &'static str,
}

const PAIRS: &[Pair] = &[
    Pair { name: "wc", args: &["in1", "in2"], a: "stdout: line 2", b: "stdout" },
    Pair { name: "sortu", args: &["words", "sorted"], a: "sorted: content differs", b: "sorted.new" },
    Pair { name: "csvsum", args: &["data.csv"], a: "stdout: line", b: "stdout" },
    Pair {
        name: "jsonfmt",
        args: &["in.json", "out.json"],
        a: "out.json: content differs",
        b: "out.json: 1 byte shorter",
    },
    Pair { name: "heads", args: &["in1", "missing", "in2"], a: "exit status 1 -> 0", b: "stdout" },
    Pair { name: "copytree", args: &["tree", "copy"], a: "copy/sub/y: mode 0755 -> 0644", b: "copy/link" },
    Pair { name: "rotate", args: &[], a: "log.2", b: "log: mode 0644 -> 0600" },
    Pair {
        name: "run3",
        args: &[],
        a: "no longer runs /usr/bin/tr",
        b: "runs /usr/bin/sort with `-n` instead of `-r`",
    },
    Pair {
        name: "fetch",
        args: &["18231"],
        a: "sends `GET /in2` to 127.0.0.1:18231, was `GET /in1`",
        b: "body: content differs",
    },
    Pair { name: "config", args: &["depth=3"], a: "stdout: line 2: `depth=3` -> `depth=2`", b: "new output on stderr" },
];

/// A directory with the original's goldens and the ports.
struct Room {
    directory: tempfile::TempDir,
    python: String,
}

impl Room {
    fn new() -> Option<Room> {
        let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        let python = String::from_utf8_lossy(&python.stdout).trim().to_owned();
        (!python.is_empty()).then(|| Room { directory: tempfile::tempdir().expect("a directory"), python })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A port under the name of its tool.
    fn port(&self, tool: &str, mistake: &str) -> PathBuf {
        let path = self.path(&format!("ports-{mistake}")).join(tool);
        built::install("pairs", mistake, &path);
        path
    }

    fn golden(&self, verb: &str, pair: &Pair, options: &[&str], command: &[&str]) -> Output {
        let mut run = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
        run.args(["golden", verb, pair.name, "--fixture"])
            .arg(self.path("fixture"))
            .arg("--dir")
            .arg(self.path("goldens"));
        run.args(["--env", "LANG=C.UTF-8", "--env", "TOOL_DEPTH=2", "--env", "TOOL_USER=me"]).args(options);
        run.arg("--").args(command).args(pair.args).current_dir(self.directory.path());
        for variable in
            ["CI", "TF_BUILD", "GITHUB_ACTIONS", "CHIC_GOLDEN", "CHIC_TRACE_NOT_MEASURED", "LD_LIBRARY_PATH"]
        {
            run.env_remove(variable);
        }
        run.output().expect("chic-trace runs")
    }

    fn record(&self, pair: &Pair, level: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pairs").join(pair.name).with_extension("py");
        let options: Vec<&str> = level.iter().copied().chain(["--force"]).collect();
        self.golden("record", pair, &options, &[&self.python, "-I", "-S", &script.display().to_string()])
    }

    fn check(&self, pair: &Pair, mistake: &str) -> Output {
        let port = self.port(pair.name, mistake);
        self.golden("check", pair, &["--root", "any"], &[&port.display().to_string()])
    }
}

/// What the tools find.
fn fixture(dir: &Path) {
    let write = |name: &str, text: &str, mode: u32| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    };
    write("in1", &(1..=12).map(|n| format!("{n}\n")).collect::<String>(), 0o644);
    write("in2", "zwei Wörter über\nÄpfel\n", 0o644);
    write("words", "b\nA\na\nb\nC\n", 0o644);
    write("data.csv", "z,0.1\na,1\nz,0.25\nm,2.125\n", 0o644);
    write("in.json", "{\"z\": 1, \"a\": [1, {\"c\": null, \"b\": \"x\"}], \"m\": {}}", 0o644);
    write("tree/x", "x\n", 0o600);
    write("tree/sub/y", "y\n", 0o755);
    symlink("x", dir.join("tree/link")).expect("a link");
    write("log", "now\n", 0o644);
    write("log.1", "before\n", 0o644);
    write("settings", "color=red\ndepth=1\n", 0o644);
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs every pair at a level; what is wrong, in words.
fn judge(level: &[&str]) -> Vec<String> {
    let Some(room) = Room::new() else {
        println!("skipped: no python3 here");
        return Vec::new();
    };
    if let Err(reason) = server::start() {
        println!("skipped: {reason}");
        return Vec::new();
    }
    fixture(&room.path("fixture"));
    let mut wrong = Vec::new();
    for pair in PAIRS {
        let recorded = room.record(pair, level);
        if !recorded.status.success() {
            wrong.push(format!("{}: record: {}", pair.name, text(&recorded)));
            continue;
        }
        let right = room.check(pair, "base");
        if right.status.code() != Some(0) {
            wrong.push(format!("{}: the right port: {}", pair.name, text(&right)));
        }
        for (letter, sentence) in [("a", pair.a), ("b", pair.b)] {
            let checked = room.check(pair, &format!("{}-{letter}", pair.name));
            if checked.status.code() != Some(1) || !text(&checked).contains(sentence) {
                wrong.push(format!("{}, port {letter}, wanted {sentence:?}: {}", pair.name, text(&checked)));
            }
        }
    }
    wrong
}

fn hold(level: &[&str]) {
    let wrong = judge(level);
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn right_ports_pass_and_wrong_ones_do_not_at_outcome() {
    hold(&["--level", "outcome"]);
}

/// Two programs read different files of their runtimes; what else they read is compared.
#[test]
fn right_ports_pass_and_wrong_ones_do_not_at_hermetic() {
    hold(&["--level", "hermetic", "--inputs", "no-runtime"]);
}
