//! What the attributes refuse, and how they say it. The compiler itself is asked.

mod harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Libraries of this crate that cargo built, the newest first: there may be some of other builds.
fn candidates() -> Vec<PathBuf> {
    let entries = fs::read_dir(harness::built().join("deps")).expect("a folder of libraries");
    let mut found: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("libchic_trace_rt-") && name.ends_with(".rlib")
        })
        .collect();
    found.sort_by_key(|path| fs::metadata(path).and_then(|it| it.modified()).ok());
    found.reverse();
    found
}

fn compile(library: &Path, folder: &Path, source: &str) -> Output {
    let file = folder.join("main.rs");
    fs::write(&file, source).expect("written");
    let mut external = std::ffi::OsString::from("chic_trace_rt=");
    external.push(library);
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=short"])
        .arg("--extern")
        .arg(external)
        .arg("-L")
        .arg(harness::built().join("deps"))
        .arg("--out-dir")
        .arg(folder)
        .arg(file)
        .output()
        .expect("rustc runs")
}

fn source(item: &str) -> String {
    format!(
        "#![allow(dead_code)]\nuse chic_trace_rt::{{cost, trace}};\n{item}\n#[trace] fn a() {{}} #[cost(cpu = 1)] fn b() {{}}\n"
    )
}

/// A library that a good program compiles with.
fn library(folder: &Path) -> PathBuf {
    let good = source("#[trace] #[cost(cpu = 42_µs, mem = 4096b, io = \"1 MB\")] fn good() {}");
    let mut last = String::new();
    for library in candidates() {
        let output = compile(&library, folder, &good);
        if output.status.success() {
            return library;
        }
        last = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    panic!("no library compiles a good program: {last}");
}

#[test]
fn what_is_refused_says_what_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = library(folder.path());
    for (item, message) in [
        ("#[trace] #[trace] fn f() {}", "a second #[trace]"),
        ("#[cost(cpu = 1)] #[cost(cpu = 2)] fn f() {}", "a second #[cost]"),
        ("#[trace] #[cost(cpu = 1)] #[cost(cpu = 2)] fn f() {}", "a second #[cost]"),
        ("#[trace(colour = 1)] fn f() {}", "unknown argument `colour`; accepted: #[trace]"),
        ("#[trace(\"\")] fn f() {}", "empty label; accepted"),
        ("#[trace(\"a\", , )] fn f() {}", "empty argument; accepted"),
        ("#[trace(\"a\", label = \"b\")] fn f() {}", "`label` twice"),
        ("#[trace(name = 7)] fn f() {}", "the name must be a plain string"),
        ("#[trace(level = loud)] fn f() {}", "unknown level `loud`, expected `perf` or `debug`"),
        ("#[cost(7)] fn f() {}", "a budget needs its name; accepted: #[cost("),
        ("#[cost] fn f() {}", "no budget; accepted: #[cost("),
        ("#[cost(time = 7)] fn f() {}", "unknown budget `time`; accepted"),
        ("#[cost(cpu = 7, cpu = 8)] fn f() {}", "`cpu` twice"),
        ("#[cost(cpu = 7ms)] fn f() {}", "`7ms` is no budget for `cpu`; accepted: 42, 42us, 42_us, 42µs, 42_µs"),
        ("#[cost(cpu = \"7\")] fn f() {}", "is no budget for `cpu`"),
        ("#[cost(mem = \"7 kiB\")] fn f() {}", "is no budget for `mem`; accepted: 4096, 4096b, \"64 KiB\", \"1 MB\""),
        ("#[cost(mem)] fn f() {}", "`mem` has no value"),
        ("#[trace] const fn f() {}", "a const fn can't be traced"),
        ("#[trace] async fn f() {}", "the span would cover other tasks' time between polls"),
        ("#[cost(cpu = 1)] pub async unsafe fn f() {}", "the span would cover other tasks' time between polls"),
        ("#[trace(poll)] fn f() {}", "#[trace(poll)] is for an async fn"),
        ("#[trace] struct F;", "expected a function with a body"),
        ("trait T { #[trace] fn f(); }", "expected a function with a body"),
    ] {
        let output = compile(&library, folder.path(), &source(item));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "compiles: {item}");
        assert!(errors.contains(message), "{item}\n{errors}");
        // The short form has a line for each error, a literal's own included, and one that counts them.
        let ours = errors.lines().filter(|line| line.contains(message)).count();
        assert_eq!(ours, 1, "{item}\n{errors}");
    }
}

#[test]
fn what_is_accepted_compiles_without_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = library(folder.path());
    for item in [
        "#[trace(poll)] async fn f(x: &str) -> Result<u8, std::num::ParseIntError> { let y = x.parse()?; Ok(y) }",
        "#[trace(poll)] async fn f() {}",
        "#[trace(poll)] async fn f<F: Fn(u8) -> u8>(f: F) -> Option<u8> where F: Clone { let x = Some(f(1))?; Some(x) }",
        "#[trace(poll)] pub(crate) async fn f<T: Clone>(x: T) -> impl Clone { x }",
        "#[chic_trace_rt::cost(gpu = 7us)] #[inline] #[chic_trace_rt::trace(label = \"l\")] pub unsafe fn f() {}",
        "/// Documented.\n#[trace]\n#[must_use]\nfn f<const N: usize>(x: [u8; N]) -> usize where [u8; N]: Sized { x.len() }",
        "trait T { #[trace] fn f(&self) -> u8 { let _span = 7; _span } }",
        "#[trace] fn r#match() -> fn() -> u8 { fn g() -> u8 { 1 } g }",
        "fn f() { let _a = chic_trace_rt::span!(\"a\"); let _b = chic_trace_rt::span!(\"b\", cpu = 10, mem = 1 << 20,); }",
    ] {
        let output = compile(&library, folder.path(), &source(item));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && errors.is_empty(), "{item}\n{errors}");
    }
}
