//! The mutation matrix: guests whose mutants differ in one thing each, how they are installed and recorded,
//! and what each level must find of them.
#![allow(dead_code)] // Each test binary uses its part of it.

pub mod baselines;
pub mod record;
pub mod server;
pub mod table;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The directory in which cargo puts the programs of this build.
fn build_directory() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chic-trace")).parent().expect("a program lies in a directory")
}

/// Builds the guests.
pub fn build() {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "-p", "guests", "--manifest-path"]);
        build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        build.arg("--target-dir").arg(build_directory().parent().expect("a target directory"));
        if build_directory().ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the guests do not build");
    });
}

/// Installs a mutant of a guest below `room`: the same path for each, since it must not show in argv.
pub fn install(guest: Guest, mutant: &str, room: &Path) -> PathBuf {
    build();
    let mut program = std::fs::read(build_directory().join(guest.name())).expect("the guest was built");
    let marker = b"CHIC-MUTANT:base\0";
    let at = program.windows(marker.len()).position(|window| window == marker).expect("it has a marker");
    let name = &mut program[at + b"CHIC-MUTANT:".len()..at + 48];
    name.fill(0);
    name[..mutant.len()].copy_from_slice(mutant.as_bytes());
    let bin = room.join("bin");
    std::fs::create_dir_all(&bin).expect("a directory");
    let path = bin.join(guest.name());
    let new = bin.join(format!("{}.new", guest.name()));
    std::fs::write(&new, program).expect("a program");
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    std::fs::rename(&new, &path).expect("in its place");
    path
}
