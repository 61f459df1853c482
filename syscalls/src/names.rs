//! Names of constants: flags and enumerations of the kernel's interface.
//!
//! One table per argument that takes such values, in the order in which strace prints them, with the headers
//! that they come from. Values are those of x86-64. `cargo run -p chic-trace-syscalls --example names` compares
//! them with headers and lists what those have besides; a test does so with the headers installed.
//! An `int` is held as its 32 bits: -1 is `0xffff_ffff`.

/// A list of named values.
#[derive(Debug)]
pub struct Names {
    /// Name of the table, as this crate calls it.
    pub title: &'static str,
    /// What strace puts behind a value without a name: `MAP_???`.
    pub unknown: &'static str,
    /// The headers that define the names, as a program includes them: those that the kernel installs
    /// (`linux/fs.h`), else those of the C library (`sys/socket.h`). What only the kernel itself knows stands in
    /// a header of its source (`include/linux/key.h`).
    pub headers: &'static [&'static str],
    /// Value and name, in the order in which they are printed.
    pub rows: &'static [(u64, &'static str)],
}

impl Names {
    /// The name of exactly this value.
    pub fn name(&self, value: u64) -> Option<&'static str> {
        self.rows.iter().find(|row| row.0 == value).map(|row| row.1)
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $title:ident $unknown:literal from $($header:literal)+: $($value:literal $name:ident),* ;)*) => {
        $(
            $(#[$doc])*
            pub static $title: $crate::names::Names = $crate::names::Names {
                title: stringify!($title),
                unknown: $unknown,
                headers: &[$($header),+],
                rows: &[$(($value, stringify!($name))),*],
            };
        )*
        /// Every table of this file.
        pub(super) static TABLES: &[&$crate::names::Names] = &[$(&$title),*];
    };
}

mod asynchronous;
mod files;
mod ipc;
mod memory;
mod net;
mod poll;
mod process;
mod route;
mod signal;
mod system;
mod terminal;
mod time;

pub use {
    asynchronous::*, files::*, ipc::*, memory::*, net::*, poll::*, process::*, route::*, signal::*, system::*,
    terminal::*, time::*,
};

/// Every table, by family.
pub fn tables() -> impl Iterator<Item = &'static Names> {
    [
        asynchronous::TABLES,
        files::TABLES,
        ipc::TABLES,
        memory::TABLES,
        net::TABLES,
        poll::TABLES,
        process::TABLES,
        route::TABLES,
        signal::TABLES,
        system::TABLES,
        terminal::TABLES,
        time::TABLES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
