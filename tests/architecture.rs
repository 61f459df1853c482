//! The house rules that a compiler does not check: which crate may name which, who owns an
//! external package, and where `unsafe` lives. docs/ARCHITECTURE.md explains them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Crates of this workspace by directory, with their level: an edge must point to a lower level.
const LEVELS: &[(&str, &str, u8)] = &[
    ("syscalls", "syscalls", 0),
    ("recording", "recording", 1),
    ("tracer", "tracer", 2),
    ("report", "report", 2),
    ("goldens", "goldens", 2),
    ("assertions", "assertions", 2),
    (".", "chic-trace", 3),
    // Outside: they live in other people's programs, name nothing of ours, and nothing of ours names them.
    ("runtime/macros", "chic-trace-rt-macros", 10),
    ("runtime", "chic-trace-rt", 11),
    ("runtime/shared", "chic-trace-rt-shared", 12),
];

/// What the crates outside may use of this workspace: each other.
const OUTSIDE: &[&str] = &["chic-trace-rt-macros", "chic-trace-rt", "chic-trace-rt-shared"];

/// External packages and the crates that may depend on them.
const OWNERS: &[(&str, &[&str])] = &[
    ("addr2line", &["tracer"]),
    ("anstream", &["chic-trace", "report"]),
    ("anstyle", &["chic-trace", "report"]),
    ("blake3", &["recording", "goldens", "assertions", "report", "tracer", "chic-trace-rt"]),
    ("clap", &["chic-trace"]),
    ("clap_complete", &["chic-trace"]),
    ("clap_mangen", &["chic-trace"]),
    ("console", &["chic-trace"]),
    ("cpp_demangle", &["tracer"]),
    ("framehop", &["tracer"]),
    ("gimli", &["tracer"]),
    ("iced-x86", &["tracer"]),
    ("inferno", &["report"]),
    ("jiff", &["report", "assertions"]),
    ("libc", &["tracer", "chic-trace-rt", "chic-trace-rt-shared"]),
    ("memmap2", &["tracer"]),
    ("object", &["tracer"]),
    ("perf-event-open-sys", &["tracer"]),
    ("regex", &["chic-trace", "syscalls", "goldens", "assertions"]),
    ("rustc-demangle", &["tracer"]),
    ("serde", &["chic-trace", "recording", "report", "goldens", "assertions"]),
    ("serde_json", &["chic-trace", "recording", "report", "goldens", "assertions"]),
    ("similar", &["goldens"]),
    ("strsim", &["syscalls"]),
    ("tempfile", &["chic-trace", "report"]),
    ("thiserror", &["chic-trace", "syscalls", "recording", "tracer", "report", "goldens", "assertions"]),
    ("toml", &["assertions"]),
    ("xxhash-rust", &["recording"]),
];

/// Directories in which `unsafe` may stand: the tracer's system room, the library that lives in other programs, and
/// programs and helpers of tests. The attributes only know the word, and forbid the thing.
const UNSAFE_ROOMS: &[&str] = &[
    "tracer/src/sys",
    "runtime/src",
    "runtime/macros/src",
    "runtime/benches",
    "runtime/shared",
    "runtime/examples",
    "runtime/tests",
    "tests",
    "tracer/tests",
    "recording/tests",
    "report/tests",
    "goldens/tests",
    "benches",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(dir: &str) -> toml::Table {
    let path = root().join(dir).join("Cargo.toml");
    fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
        .parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names under `[dependencies]`, `[build-dependencies]` and their `[target.…]` forms.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(|t| t.as_table()) {
        tables.extend(targets.values().filter_map(|t| t.as_table()));
    }
    tables
        .iter()
        .flat_map(|t| ["dependencies", "build-dependencies"].map(|section| t.get(section)))
        .flatten()
        .filter_map(|section| section.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect()
}

/// What is wrong with the edges of one crate.
fn broken_edges(name: &str, level: u8, dependencies: &[String]) -> Vec<String> {
    let levels: BTreeMap<&str, u8> = LEVELS.iter().map(|(_, name, level)| (*name, *level)).collect();
    let owners: BTreeMap<&str, &[&str]> = OWNERS.iter().copied().collect();
    dependencies
        .iter()
        .filter_map(|dependency| match (levels.get(dependency.as_str()), owners.get(dependency.as_str())) {
            (Some(_), _) if OUTSIDE.contains(&name) && !OUTSIDE.contains(&dependency.as_str()) => {
                Some(format!("{name} must not name {dependency}: it depends on nothing of ours"))
            }
            (Some(below), _) if *below < level => None,
            (Some(_), _) => Some(format!("{name} must not name {dependency}: it is not below it")),
            (None, Some(owners)) if owners.contains(&name) => None,
            (None, Some(owners)) => Some(format!("{name} must not use {dependency}: it belongs to {owners:?}")),
            (None, None) => {
                Some(format!("{name} uses {dependency}, which nobody owns: add it to OWNERS with a reason"))
            }
        })
        .collect()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Lines of code (comments and strings aside, roughly) that say `unsafe`.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let says_unsafe = |line: &str| {
        let code = line.split("//").next().unwrap_or("");
        code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "unsafe")
            && !code.trim_start().starts_with('"')
    };
    text.lines().enumerate().filter(|(_, line)| says_unsafe(line)).map(|(i, _)| i + 1).collect()
}

#[test]
fn edges_point_downwards_and_packages_have_owners() {
    let mut broken = Vec::new();
    for (dir, name, level) in LEVELS {
        let dependencies = dependencies(&manifest(dir));
        broken.extend(broken_edges(name, *level, &dependencies));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_member_is_known_here() {
    let workspace = manifest(".");
    let members = workspace["workspace"]["members"].as_array().expect("members is an array");
    let mut found: Vec<&str> = members.iter().filter_map(|m| m.as_str()).collect();
    found.retain(|member| !LEVELS.iter().any(|(dir, ..)| dir == member) && *member != "tests/guests");
    assert!(found.is_empty(), "members without a level: {found:?}");
}

#[test]
fn unsafe_stays_in_its_rooms() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 15, "only {} files found: the walk is broken", files.len());
    let mut broken = Vec::new();
    for file in files {
        let relative = file.strip_prefix(root()).unwrap_or(&file);
        if UNSAFE_ROOMS.iter().any(|room| relative.starts_with(room)) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file is readable");
        broken.extend(unsafe_lines(&text).into_iter().map(|line| format!("{}:{line}", relative.display())));
    }
    assert!(broken.is_empty(), "unsafe outside its rooms:\n{}", broken.join("\n"));
}

#[test]
fn every_crate_forbids_unsafe_at_its_root() {
    for (dir, name, _) in LEVELS {
        let roots: &[&str] = if *dir == "." { &["src/lib.rs", "src/main.rs"] } else { &["src/lib.rs"] };
        let wanted = match *name {
            "tracer" => "#![deny(unsafe_code)]",
            "chic-trace-rt" | "chic-trace-rt-shared" => continue,
            _ => "#![forbid(unsafe_code)]",
        };
        for file in roots {
            let text = fs::read_to_string(root().join(dir).join(file)).expect("a crate has a root");
            assert!(text.contains(wanted), "{dir}/{file} does not say {wanted}");
        }
    }
}

/// The checks above can fail: here they do.
/// Name and version of every external package that is locked here.
fn locked(dir: &str) -> Vec<(String, String)> {
    let path = root().join(dir).join("Cargo.lock");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lock: toml::Table = text.parse().expect("a lock file");
    let packages = lock["package"].as_array().expect("packages").iter();
    let external = packages.filter(|package| package.get("source").is_some());
    external
        .map(|package| ["name", "version"].map(|key| package[key].as_str().expect("text").to_owned()).into())
        .collect()
}

/// The example is built by a test without a network: from what was fetched for this workspace.
#[test]
fn the_example_is_locked_to_what_the_workspace_is_locked_to() {
    let ours = locked(".");
    let other: Vec<_> =
        locked("examples/golden-from-cargo").into_iter().filter(|package| !ours.contains(package)).collect();
    assert!(other.is_empty(), "examples/golden-from-cargo/Cargo.lock has other versions: {other:?}");
}

#[test]
fn a_forbidden_edge_and_a_stray_unsafe_are_found() {
    assert_eq!(broken_edges("report", 2, &["tracer".into()]), ["report must not name tracer: it is not below it"]);
    assert_eq!(broken_edges("recording", 1, &["goldens".into()]).len(), 1);
    assert_eq!(broken_edges("goldens", 2, &["recording".into(), "regex".into()]), Vec::<String>::new());
    assert_eq!(broken_edges("goldens", 2, &["libc".into()]).len(), 1);
    assert_eq!(broken_edges("chic-trace-rt", 11, &["recording".into()]).len(), 1);
    assert_eq!(broken_edges("tracer", 2, &["chic-trace-rt".into()]).len(), 1);
    assert_eq!(broken_edges("tracer", 2, &["left-pad".into()]).len(), 1);
    assert_eq!(unsafe_lines("fn f() {\n    unsafe { g() }\n}\n// unsafe in words\n"), [2]);
}
