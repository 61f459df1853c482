//! The mutation matrix: guests whose mutants differ in one thing each, how they are installed and recorded,
//! and what each level must find of them.
#![allow(dead_code)] // Each test binary uses its part of it.

pub mod baselines;
pub mod record;
pub mod server;
pub mod table;

use std::path::{Path, PathBuf};

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guest {
    /// Does a little of everything.
    Mut,
    /// Its point is what comes before what.
    Order,
}

impl Guest {
    pub fn name(self) -> &'static str {
        match self {
            Guest::Mut => "mut",
            Guest::Order => "order",
        }
    }
}

/// Installs a mutant of a guest below `room`: the same path for each, since it must not show in argv.
pub fn install(guest: Guest, mutant: &str, room: &Path) -> PathBuf {
    let path = room.join("bin").join(guest.name());
    crate::built::install(guest.name(), mutant, &path);
    path
}
