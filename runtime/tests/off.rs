//! What the library costs in system calls, against a build with the feature `off`, in which all of it vanishes.

mod harness;

use harness::command;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = r#"
use chic_trace_rt::{ChicAlloc, cost, span, trace};

#[global_allocator]
static ALLOCATOR: ChicAlloc<std::alloc::System> = ChicAlloc(std::alloc::System);

#[trace]
#[cost(cpu = 42_us)]
fn leaf() {
    let _span = span!("inside", cpu = 7);
}

fn main() {
    for _ in 0..1000 {
        leaf();
    }
    println!("done");
}
"#;

/// The program, built with these features of the library, in a project of its own.
fn build(feature: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = harness::built().parent().expect("a target folder").join("off-guest").join(format!("with-{feature}"));
    fs::create_dir_all(project.join("src")).expect("a folder");
    let manifest = format!(
        "[package]\nname = \"leaf\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies.chic-trace-rt]\npath = {:?}\nfeatures = [{}]\n[workspace]\n",
        root,
        if feature == "off" { "\"off\"" } else { "" }
    );
    fs::write(project.join("Cargo.toml"), manifest).expect("written");
    fs::write(project.join("src/main.rs"), PROGRAM).expect("written");
    fs::copy(root.join("../Cargo.lock"), project.join("Cargo.lock")).expect("copied");
    let target = project.parent().expect("a folder").join(format!("target-{feature}"));
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(&target)
        .current_dir(&project)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug/leaf")
}

/// Calls by name, with paths where they say what a call is for.
fn calls(program: &Path, folder: &Path) -> BTreeMap<String, usize> {
    let log = folder.join("log");
    let output = command("strace")
        .arg("-o")
        .arg(&log)
        .arg(program)
        .env("CHIC_TRACE_OUTPUT", folder.join("perf.json"))
        .output()
        .expect("strace runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n");
    let mut calls = BTreeMap::new();
    for line in fs::read_to_string(log).expect("a log").lines() {
        *calls.entry(line.split('(').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    calls
}

#[test]
fn a_program_alone_makes_few_further_calls() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: no strace");
        return;
    }
    let (on, off) = (build("on"), build("off"));
    let (folder, quiet) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let with = calls(&on, folder.path());
    let without = calls(&off, quiet.path());
    assert_eq!(fs::read_dir(quiet.path()).expect("a folder").count(), 1, "only the log");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 4);
    let mut further: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in &with {
        let more = count - without.get(name).copied().unwrap_or(0).min(*count);
        if more > 0 {
            further.insert(name, more);
        }
    }
    assert_eq!(further.remove("prctl"), Some(1));
    // The tables, and what the allocator maps for the documents.
    for name in ["mmap", "munmap", "madvise", "brk", "mremap"] {
        further.remove(name);
    }
    // The name of the clock source, three files through temporary ones, and whether the path is a folder.
    for name in ["openat", "read", "close", "write", "rename", "statx", "fstat", "lseek"] {
        further.remove(name);
    }
    // The process id in temporary names; a debug build asks whether a descriptor is one before it closes it.
    for name in ["getpid", "fcntl"] {
        further.remove(name);
    }
    assert_eq!(further, BTreeMap::new());
}
