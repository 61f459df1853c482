//! chic-trace for the tests of other projects: is this program still the accepted one?
//!
//! ```no_run
//! use chic_trace::{assert_golden, golden};
//!
//! // The golden lies in tests/goldens/cli.golden. The first run fails and leaves one that waits;
//! // `chic-trace golden accept cli`, or `CHIC_GOLDEN=overwrite cargo test`, accepts it.
//! assert_golden!("cli", ["./target/debug/cli", "--version"]);
//! assert_golden!("ls", ["ls", "-laR", "tree"], fixture = "tests/fixtures/tree", level = golden::Level::Outcome);
//!
//! let verdict = golden::case("wc").command("./target/debug/wc").args(["in1"]).root(golden::Root::Any).check()?;
//! assert!(verdict.is_same(), "{verdict}");
//! # Ok::<(), golden::Error>(())
//! ```
//!
//! In: a name and a command. Out: a [`golden::Outcome`], or why there is none. The program is traced
//! by the command `chic-trace` in a process of its own, so that tests may run in parallel.
#![forbid(unsafe_code)]

pub mod golden;

/// Panics unless the command does what its golden says.
///
/// `assert_golden!(NAME)`, `assert_golden!(NAME, ARGV)`, `assert_golden!(NAME, ARGV, key = value, ...)` with the
/// methods of [`golden::Case`] as keys (`env` takes pairs). Without ARGV the command is the crate's binary of the
/// crate's own name. The golden lies in `tests/goldens` of the crate.
#[macro_export]
macro_rules! assert_golden {
    (@ $case:ident env $value:expr) => { $case.envs($value) };
    (@ $case:ident $key:ident $value:expr) => { $case.$key($value) };
    ($name:expr $(,)?) => {
        match ::core::option_env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME"))) {
            Some(program) => $crate::assert_golden!($name, [program]),
            None => panic!("assert_golden!({:?}) needs a command: this crate has no binary of its name", $name),
        }
    };
    ($name:expr, $argv:expr $(, $key:ident = $value:expr)* $(,)?) => {{
        let case = $crate::golden::case($name)
            .command_line($argv)
            .dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens"));
        $(let case = $crate::assert_golden!(@ case $key $value);)*
        case.assert_same()
    }};
}
