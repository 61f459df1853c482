//! chic-trace for the tests of other projects: is this program still the accepted one?
//!
//! ```no_run
//! use chic_trace::{assert_golden, golden};
//!
//! // The golden lies in tests/goldens/cli.golden; `CHIC_GOLDEN=overwrite cargo test` records it.
//! assert_golden!("cli", ["./target/debug/cli", "--version"]);
//!
//! let check = golden::case("cli").command("./target/debug/cli").args(["--version"]).check()?;
//! assert!(check.is_same(), "{check}");
//! # Ok::<(), golden::Error>(())
//! ```
//!
//! In: a name and a command. Out: a [`golden::Outcome`], or why there is none. The program is traced
//! by the command `chic-trace` in a process of its own, so that tests may run in parallel.
#![forbid(unsafe_code)]

pub mod golden;

/// Panics unless the command does what its golden says.
///
/// `assert_golden!(NAME, ARGV)`; the golden lies in `tests/goldens` of the crate.
#[macro_export]
macro_rules! assert_golden {
    ($name:expr, $argv:expr) => {
        $crate::golden::case($name)
            .command_line($argv)
            .dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens"))
            .assert_same()
    };
}
