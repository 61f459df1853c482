//! How tests run guests and real programs: alone, under chic-trace, and under tracers that do nothing.
//!
//! A [`Room`] is a working directory with a clean environment; every process started in it can be found
//! again, so nothing is left behind. A [`Tracer`] is a command that takes our options. What a run showed
//! is an [`Outcome`]; what the tracer wrote is a [`Trace`]. Nothing here panics: a check is a function
//! that returns [`Failure`], so that the same check can be asked to fail (see [`Tracer::fakes`]).
#![allow(dead_code, unused_imports)] // Each test binary uses its part of it.

pub mod both;
pub mod processes;
pub mod room;
pub mod strace;
pub mod terminal;
pub mod trace;

pub use room::{Outcome, Room, Running};
pub use trace::{Call, Trace};

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Why a check did not pass.
#[derive(Debug)]
pub enum Failure {
    /// What was expected and what was found.
    Wrong(String),
    /// This machine can't show it, and why.
    Skipped(String),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Wrong(what)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

/// What a check says.
pub type Verdict = Result<(), Failure>;

/// Returns [`Failure::Wrong`] with this text unless it holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::harness::Failure::Wrong(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

/// Returns [`Failure::Skipped`] with this text.
macro_rules! skip {
    ($($text:tt)+) => {
        return Err($crate::harness::Failure::Skipped(format!($($text)+)))
    };
}
pub(crate) use skip;

/// Makes a check a test: a skipped one says why and passes.
pub fn pass(check: impl FnOnce(&Tracer) -> Verdict) {
    hear_interrupts();
    match check(&Tracer::real()) {
        Ok(()) => {}
        Err(Failure::Skipped(reason)) => println!("skipped: {reason}"),
        Err(Failure::Wrong(what)) => panic!("{what}"),
    }
}

/// A shell's job in the background is started with SIGINT and SIGQUIT ignored, and everything it starts inherits that;
/// guests that are to die of them would live.
pub fn hear_interrupts() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: the default action; nobody in a test handles either.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A command that takes chic-trace's options.
#[derive(Debug, Clone)]
pub struct Tracer {
    program: PathBuf,
}

impl Tracer {
    /// The chic-trace of this build, or the program that `CHIC_TEST_TRACER` names.
    pub fn real() -> Self {
        let named = std::env::var_os("CHIC_TEST_TRACER");
        Self { program: named.map_or_else(|| env!("CARGO_BIN_EXE_chic-trace").into(), PathBuf::from) }
    }

    /// Two tracers that do nothing, with their names: under each of them every check must fail.
    pub fn fakes() -> [(&'static str, Self); 2] {
        [("true", Self { program: "/bin/true".into() }), ("run only, log nothing", Self { program: runs_only() })]
    }

    /// The program itself.
    pub fn program(&self) -> &Path {
        &self.program
    }
}

/// A script that runs the program after `--` and writes a complete document without a single call.
fn runs_only() -> PathBuf {
    const SCRIPT: &str = r#"#!/bin/sh
out=/dev/null
while [ $# -gt 0 ]; do
    case $1 in
        -o) out=$2; shift 2 ;;
        --) shift; break ;;
        *) shift ;;
    esac
done
echo '{"version": "0", "format": "renacer-json-v1", "stream": "begin"}' > "$out"
echo '{"stream": "end", "processes": [], "recording": {"complete": true}, "summary": {}}' >> "$out"
[ $# -eq 0 ] || exec "$@"
"#;
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = build_directory().join("runs-only");
        // Written apart and moved: another test may be running it.
        let new = build_directory().join(format!("runs-only.{}", std::process::id()));
        std::fs::write(&new, SCRIPT).expect("the script can be written");
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).expect("and made executable");
        std::fs::rename(&new, &path).expect("and put in its place");
        path
    })
    .clone()
}

/// Where cargo puts the programs of this build.
fn build_directory() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chic-trace")).parent().expect("a program lies in a directory")
}

/// The program with all guests, built once.
pub fn guest() -> &'static Path {
    static GUEST: OnceLock<PathBuf> = OnceLock::new();
    GUEST.get_or_init(|| {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "-p", "guests", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        build.arg("--target-dir").arg(build_directory().parent().expect("target directory"));
        if build_directory().ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo can be run").success(), "the guests do not build");
        build_directory().join("guest")
    })
}

/// The command line of a guest: `words` is `NAME [ARGS]` separated by blanks.
pub fn call_guest(words: &str) -> Vec<OsString> {
    std::iter::once(guest().into()).chain(words.split_whitespace().map(OsString::from)).collect()
}

/// Are we root? Some checks need it.
pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}
