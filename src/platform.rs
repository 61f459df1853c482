//! The platform at hand: architecture and libc family, as goldens name them.

use std::path::Path;

use goldens::Platform;

/// What this machine's programs are built for, as far as its loaders tell.
pub fn here() -> Platform {
    let arch = std::env::consts::ARCH;
    let musl = Path::new(&format!("/lib/ld-musl-{arch}.so.1")).exists();
    let glibc =
        ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"].iter().any(|path| Path::new(path).exists());
    let libc = match (glibc, musl) {
        (false, true) => "musl",
        (false, false) => "none",
        (true, _) => "glibc",
    };
    Platform { arch: arch.into(), libc: libc.into() }
}

/// The target triple of programs of this machine.
pub fn triple() -> String {
    let Platform { arch, libc } = here();
    match libc.as_str() {
        "musl" => format!("{arch}-unknown-linux-musl"),
        _ => format!("{arch}-unknown-linux-gnu"),
    }
}
