//! Compares the tables of names with C headers: those of this machine, or those of a newer kernel below a
//! directory that `make headers_install INSTALL_HDR_PATH=…` filled (its `include`).
//!
//! ```text
//! cargo run -p chic-trace-syscalls --example names
//! cargo run -p chic-trace-syscalls --example names -- linux/usr/include
//! ```
//!
//! `wrong` is a mistake in our table (exit status 1), `absent` what those headers do not have (yet), `further` what
//! they have beside our tables: rows to be added where a call takes them.

#[path = "../tests/headers/compiler.rs"]
mod compiler;
#[path = "../tests/headers/names.rs"]
mod names;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = std::env::args_os().nth(1).map(PathBuf::from);
    let Some(found) = names::compare(root.as_deref()) else {
        eprintln!("names: cannot ask headers: no C compiler (gcc) that links a program");
        return ExitCode::from(2);
    };
    for (what, lines) in [("wrong", &found.wrong), ("absent", &found.absent), ("further", &found.further)] {
        lines.iter().for_each(|line| println!("{what} {line}"));
    }
    println!("{} names have the value of a header", found.checked);
    ExitCode::from(u8::from(!found.wrong.is_empty()))
}
