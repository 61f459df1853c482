//! The programs of the corpus: command lines, what they find, and what they need of the machine.

#![allow(dead_code)] // Each test binary uses its part of it.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What a program finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixture {
    /// `in1` and `in2`, the numbers up to 400 up and down, and `tree`, 36 small files.
    Plain,
    /// And `big`, 60 000 lines in disorder.
    Big,
    /// `tree` committed to a repository, one file changed after that.
    Repository,
    /// A Makefile with three targets that do not depend on each other and one that does on all.
    Makefile,
    /// A C program of two files.
    Source,
}

/// One program.
#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    pub command: Vec<String>,
    pub fixture: Fixture,
    pub options: &'static [&'static str],
    /// Among those that do the same in every run.
    pub deterministic: bool,
}

const PYTHON_SET: &str = "import json
words = {'alpha', 'beta', 'gamma', 'delta', 'epsilon'}
for word in words:
    with open(word + '.txt', 'w') as out:
        out.write(word * 3)
with open('all.json', 'w') as out:
    json.dump(sorted(words), out)
";

const PYTHON_SQLITE: &str = "import sqlite3
db = sqlite3.connect('t.db')
db.execute('create table t (a integer, b text)')
for i in range(200):
    db.execute('insert into t values (?, ?)', (i, 'row %d' % i))
db.commit()
db.execute('delete from t where a % 2 = 0')
db.commit()
print(db.execute('select count(*) from t').fetchone()[0])
";

const BASH_PIPE: &str = "cat in1 | grep 1 | sort -n | uniq | wc -l; for i in 1 2 3; do echo $i | tr 1 2; done";

/// All twelve.
pub fn programs() -> Vec<Program> {
    let python = python().unwrap_or_else(|| "python3".into());
    let url = format!("http://127.0.0.1:{}/in1", super::server::PORT);
    let mt = super::built::guest("mt").display().to_string();
    let plain = |name, command: &[&str], deterministic| Program {
        name,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        fixture: Fixture::Plain,
        options: &[],
        deterministic,
    };
    vec![
        plain("ls", &["ls", "-laR", "tree"], true),
        plain("cat", &["cat", "in1", "in2"], true),
        // How much it sorts at a time depends on the CPUs: its golden holds on one.
        Program {
            fixture: Fixture::Big,
            ..plain("sort_tmp", &["sort", "-S", "100k", "-T", ".", "big", "-o", "sorted"], true)
        },
        Program { fixture: Fixture::Repository, ..plain("git_status", &["git", "status", "--short"], false) },
        Program { fixture: Fixture::Makefile, ..plain("make_j2", &["make", "-j2", "-s"], true) },
        plain("python_set", &[&python, "-c", PYTHON_SET], true),
        plain("python_sqlite", &[&python, "-c", PYTHON_SQLITE], false),
        plain("tar_czf", &["tar", "czf", "o.tgz", "tree"], false),
        plain("bash_pipe", &["bash", "-c", BASH_PIPE], true),
        plain("rust_mt", &[&mt], true),
        plain("curl_local", &["curl", "-s", "-o", "page", &url], false),
        Program { fixture: Fixture::Source, ..plain("gcc", &["gcc", "-O1", "-o", "hello", "hello.c"], true) },
    ]
}

/// Why a program can't be shown here.
pub fn needs(program: &Program) -> Option<String> {
    if program.name == "curl_local"
        && let Err(reason) = super::server::start()
    {
        return Some(reason);
    }
    let command = program.command.first().map(String::as_str).unwrap_or_default();
    let found = Command::new("sh").args(["-c", &format!("command -v {command}")]).output();
    let found = found.is_ok_and(|output| output.status.success());
    (!found).then(|| format!("{command} is not installed"))
}

/// The interpreter itself, not a script that looks for one.
fn python() -> Option<String> {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Makes what a program finds.
pub fn make(fixture: Fixture, dir: &Path) {
    fs::create_dir_all(dir).expect("a directory");
    let lines = |numbers: &mut dyn Iterator<Item = u32>| numbers.map(|n| format!("{n}\n")).collect::<String>();
    write(dir, "in1", &lines(&mut (1..=400)));
    write(dir, "in2", &lines(&mut (1..=400).rev()));
    tree(dir);
    match fixture {
        Fixture::Plain => {}
        Fixture::Big => write(dir, "big", &shuffled()),
        Fixture::Repository => repository(dir),
        Fixture::Makefile => write(
            dir,
            "Makefile",
            "all: a b c\n\tcat a.out b.out c.out > all.out\na:\n\tsort in1 > a.out\nb:\n\tsort -n in2 > b.out\n\
             c:\n\twc in1 in2 > c.out\n",
        ),
        Fixture::Source => {
            write(dir, "hello.h", "#define WORD \"hello\"\n");
            let source = "#include <stdio.h>\n#include \"hello.h\"\nint main(void) { puts(WORD); return 0; }\n";
            write(dir, "hello.c", source);
        }
    }
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, text).expect("a file");
}

fn tree(dir: &Path) {
    for part in ["a", "b", "c/d"] {
        for number in 0..12 {
            write(dir, &format!("tree/{part}/file{number}"), &format!("file {number} of {part}\n"));
        }
    }
}

/// 60 000 lines in the order of a fixed linear congruence.
fn shuffled() -> String {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..60_000).map(|_| format!("line {:08}\n", next() % 100_000_000)).collect()
}

fn repository(dir: &Path) {
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main"]).args(words);
        git.env("GIT_AUTHOR_DATE", "946684800 +0000").env("GIT_COMMITTER_DATE", "946684800 +0000");
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(dir);
        // Without git the program is skipped.
        let _ = git.output();
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "all"]);
    write(dir, "tree/a/file0", "changed\n");
    // The index holds when its files were changed: that is not the "now" of the runs that follow.
    std::thread::sleep(std::time::Duration::from_secs(5));
}
