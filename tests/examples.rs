//! The examples do what they show: the first run leaves a golden that waits, it is accepted, the second passes,
//! and a broken program fails. Each runs in a copy, so that nothing is left beside the original.

mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use programs::{can_trace, output, text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const CHIC_TRACE: &str = env!("CARGO_BIN_EXE_chic-trace");

/// A copy of an example.
struct Example {
    room: PathBuf,
}

impl Example {
    fn copied(name: &str) -> Example {
        // The same place every time: cargo knows again what it built there.
        let room = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples").join(name);
        let _ = fs::remove_dir_all(&room);
        copy(&Path::new(ROOT).join("examples").join(name), &room);
        Example { room }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.join(name)
    }

    /// Changes a file by putting one text in the place of another.
    fn change(&self, file: &str, from: &str, to: &str) {
        let before = fs::read_to_string(self.path(file)).expect("a file of the example");
        assert!(before.contains(from), "{file} holds {from:?}");
        fs::write(self.path(file), before.replace(from, to)).expect("written");
    }

    /// Runs a command as somebody does who has `chic-trace` in PATH and is no CI.
    fn run(&self, program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Output {
        let mut command = Command::new(program);
        let dir = Path::new(CHIC_TRACE).parent().expect("a directory");
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(words).current_dir(&self.room).env("PATH", format!("{}:{path}", dir.display()));
        for variable in
            ["CI", "TF_BUILD", "GITHUB_ACTIONS", "CHIC_GOLDEN", "CHIC_TRACE_NOT_MEASURED", "LD_LIBRARY_PATH"]
        {
            command.env_remove(variable);
        }
        output(&mut command)
    }

    /// First run, acceptance, second run, broken program.
    fn is_accepted_once(&self, test: &dyn Fn() -> Output, golden: &str, dir: &str, breaks: &dyn Fn(), says: &str) {
        let told = |run: &Output| text(&run.stdout) + &text(&run.stderr);
        let first = test();
        assert!(!first.status.success(), "there is no golden yet: {}", told(&first));
        let waits = self.path(dir).join(format!("{golden}.golden.new"));
        assert!(waits.exists(), "{} waits: {}", waits.display(), told(&first));
        assert!(told(&first).contains(&format!("golden accept {golden}")), "{}", told(&first));
        let accepted = self.run(CHIC_TRACE, &["golden", "accept", golden, "--dir", dir]);
        assert!(accepted.status.success(), "{}", told(&accepted));
        let second = test();
        assert!(second.status.success(), "nothing has changed: {}", told(&second));
        breaks();
        let broken = test();
        assert!(!broken.status.success() && told(&broken).contains(says), "{}", told(&broken));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("an example").flatten() {
        let (name, kind) = (entry.file_name(), entry.file_type().expect("a kind"));
        // What somebody made who tried the example in its place.
        if name == "target" || name == "goldens" || name == "__pycache__" {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("copied");
        }
    }
}

/// `cargo test` that takes over what this build made of external packages, and does not optimise ours again:
/// the test traces by the command that was built before.
fn cargo_test() -> Vec<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let mut words: Vec<String> = ["test", "--offline", "--locked", "--quiet", "--target-dir"].map(String::from).into();
    words.push(target.display().to_string());
    let ours = ["", "-syscalls", "-recording", "-tracer", "-report", "-goldens", "-assertions"];
    let settings = ["profile.dev.opt-level=1".to_owned(), "profile.dev.debug=\"line-tables-only\"".to_owned()];
    let unoptimised = ours.map(|name| format!("profile.dev.package.chic-trace{name}.opt-level=0"));
    words.extend(settings.into_iter().chain(unoptimised).flat_map(|setting| ["--config".to_owned(), setting]));
    words
}

#[test]
fn a_cargo_project_checks_its_binary() {
    if !can_trace() {
        return;
    }
    let example = Example::copied("golden-from-cargo");
    example.change("Cargo.toml", "\"../..\"", &format!("{ROOT:?}"));
    let words = cargo_test();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let test = || example.run(env!("CARGO"), &words);
    let built = example.run(env!("CARGO"), &[&words[..], &["--no-run"]].concat());
    assert!(built.status.success(), "{}", text(&built.stderr));
    example.is_accepted_once(
        &test,
        "words",
        "tests/goldens",
        &|| example.change("src/main.rs", "    file.sync_all()?;\n", ""),
        "no longer synced before rename",
    );
}

#[test]
fn a_shell_script_checks_a_program() {
    if !can_trace() {
        return;
    }
    let example = Example::copied("shell");
    let breaks = || example.change("upper.sh", "A-Z", "B-ZA");
    example.is_accepted_once(&|| example.run("./check.sh", &[]), "upper", "goldens", &breaks, "out.txt");
}

#[test]
fn pytest_checks_a_program() {
    if !can_trace() {
        return;
    }
    let example = Example::copied("pytest");
    if !example.run("sh", &["-c", "python3 -m pytest --version"]).status.success() {
        println!("skipped: no pytest here");
        return;
    }
    let test = || example.run("python3", &["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    let breaks = || example.change("upper.py", ".upper()", ".lower()");
    example.is_accepted_once(&test, "upper", "goldens", &breaks, "out.txt");
}
