//! A guest that knows where it spends its time.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/guests/src/spins.rs");

/// The guest, with frame pointers or without.
pub fn spins(frame_pointers: bool) -> PathBuf {
    static BUILT: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, wanted) in [("with", "yes"), ("without", "no")] {
            let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
            rustc.args(["--edition", "2024", "-g", "-C", "opt-level=1", "-C", "relocation-model=pie"]);
            rustc.arg("-C").arg(format!("force-frame-pointers={wanted}"));
            let built = rustc.arg("-o").arg(directory.path().join(name)).arg(SOURCE).status().expect("rustc runs");
            assert!(built.success(), "the guest does not build");
        }
        directory
    });
    directory.path().join(if frame_pointers { "with" } else { "without" })
}
