//! Names of constants: flags and enumerations of the kernel's interface.
//!
//! One table per argument that takes such values, in the order in which strace prints them. Values are
//! those of x86-64; they come from the kernel's headers, and a test compares them with those installed.
//! An `int` is held as its 32 bits: -1 is `0xffff_ffff`.

/// A list of named values.
#[derive(Debug)]
pub struct Names {
    /// Name of the table, as this crate calls it.
    pub title: &'static str,
    /// What strace puts behind a value without a name: `MAP_???`.
    pub unknown: &'static str,
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
    ($($(#[$doc:meta])* $title:ident $unknown:literal: $($value:literal $name:ident),* ;)*) => {
        $(
            $(#[$doc])*
            pub static $title: $crate::names::Names = $crate::names::Names {
                title: stringify!($title),
                unknown: $unknown,
                rows: &[$(($value, stringify!($name))),*],
            };
        )*
        /// Every table of this file.
        pub(super) static TABLES: &[&$crate::names::Names] = &[$(&$title),*];
    };
}

mod files;
mod ipc;
mod memory;
mod net;
mod poll;
mod process;
mod signal;
mod system;
mod terminal;
mod time;

pub use {files::*, ipc::*, memory::*, net::*, poll::*, process::*, signal::*, system::*, terminal::*, time::*};

/// Every table, by family.
pub fn tables() -> impl Iterator<Item = &'static Names> {
    [
        files::TABLES,
        ipc::TABLES,
        memory::TABLES,
        net::TABLES,
        poll::TABLES,
        process::TABLES,
        signal::TABLES,
        system::TABLES,
        terminal::TABLES,
        time::TABLES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
