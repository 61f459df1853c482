//! Programs of one file each, built while the test runs, and the command that traces them.
//!
//! Each is built as it is, and again with `--cfg changed` (or another word): the test that accepts
//! the first has to refuse the second.
#![allow(dead_code)] // Each test binary uses its part of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command under test, without what the caller's environment or cargo (the search path of libraries)
/// would change.
pub fn chic_trace() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
    for variable in [
        "CI",
        "TF_BUILD",
        "GITHUB_ACTIONS",
        "CHIC_GOLDEN",
        "CHIC_TRACE_ENGINE",
        "CHIC_TRACE_NOT_MEASURED",
        "LD_LIBRARY_PATH",
    ] {
        command.env_remove(variable);
    }
    command
}

/// A directory for one test.
pub fn room() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Builds `tests/programs/NAME.rs`; `changed` is a `--cfg` of it.
pub fn build(name: &str, changed: Option<&str>, into: &Path) -> PathBuf {
    build_with(name, changed, &["-C", "panic=abort"], into)
}

/// The same with these flags of rustc.
pub fn build_with(name: &str, changed: Option<&str>, flags: &[&str], into: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name).with_extension("rs");
    let program = into.join(format!("{name}{}", changed.map(|word| format!("-{word}")).unwrap_or_default()));
    let beside = Path::new(env!("CARGO")).with_file_name("rustc");
    let rustc = if beside.is_file() { beside } else { "rustc".into() };
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "-O", "-A", "unexpected_cfgs"]).args(flags).arg("-o").arg(&program);
    if let Some(word) = changed {
        command.arg("--cfg").arg(word);
    }
    let built = command.arg(&source).output().expect("rustc runs");
    assert!(built.status.success(), "{}:\n{}", source.display(), String::from_utf8_lossy(&built.stderr));
    program
}

/// A program of `tests/probed`, if there is a compiler.
pub fn compiled(into: &Path, source: &str, flags: &[&str]) -> Option<PathBuf> {
    let compiler = if source.ends_with(".cpp") { "g++" } else { "gcc" };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probed").join(source);
    let program = into.join(source.split('.').next().unwrap_or_default());
    match Command::new(compiler).args(flags).arg(path).arg("-o").arg(&program).output() {
        Ok(built) if built.status.success() => Some(program),
        Ok(built) => {
            println!("skipped: {compiler} {flags:?}: {}", text(&built.stderr));
            None
        }
        Err(error) => {
            println!("skipped: {compiler}: {error}");
            None
        }
    }
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a command wrote, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Can programs be traced here at all? If not, says why; the test passes without having looked.
pub fn can_trace() -> bool {
    let run = output(chic_trace().args(["-o", "/dev/null", "true"]));
    if run.status.success() {
        return true;
    }
    println!("skipped: {}", text(&run.stderr).lines().next().unwrap_or("tracing is not permitted"));
    false
}

/// Runs `chic-trace` with these words in this directory.
pub fn run(dir: &Path, words: &[&dyn AsRef<OsStr>]) -> Output {
    let mut command = chic_trace();
    command.current_dir(dir).args(words.iter().map(|word| word.as_ref()));
    output(&mut command)
}
