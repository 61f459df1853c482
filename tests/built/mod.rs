//! Programs of `tests/guests`, built with this build, and their mutants: copies with another name in their marker.
#![allow(dead_code)] // Each test binary uses its part of it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// A program of the guests.
pub fn guest(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let directory = Path::new(env!("CARGO_BIN_EXE_chic-trace")).parent().expect("a program lies in a directory");
    BUILT.call_once(|| {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "-p", "guests", "--manifest-path"]);
        build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        build.arg("--target-dir").arg(directory.parent().expect("a target directory"));
        if directory.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the guests do not build");
    });
    directory.join(name)
}

/// Installs a mutant of a program as `path`: which one it is must not show in argv.
pub fn install(program: &str, mutant: &str, path: &Path) {
    let mut bytes = std::fs::read(guest(program)).expect("the guest was built");
    let marker = b"CHIC-MUTANT:base\0";
    let at = bytes.windows(marker.len()).position(|window| window == marker).expect("it has a marker");
    let name = &mut bytes[at + b"CHIC-MUTANT:".len()..at + 48];
    name.fill(0);
    name[..mutant.len()].copy_from_slice(mutant.as_bytes());
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    // Written apart and moved: the last mutant may still be running.
    let new = path.with_extension("new");
    std::fs::write(&new, bytes).expect("a program");
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    std::fs::rename(&new, path).expect("in its place");
}
