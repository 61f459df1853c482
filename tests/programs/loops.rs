//! Reads `cfg` three times. Changed, it reads `more` before (`reads`), removes `old` (`removes`), or removes it,
//! renames `more`, makes a directory and opens `cfg` to the world (`changes`).

use std::fs;
use std::os::unix::fs::PermissionsExt;

fn main() -> std::io::Result<()> {
    if cfg!(reads) {
        fs::read("more")?;
    }
    for _ in 0..3 {
        fs::read("cfg")?;
    }
    if cfg!(any(removes, changes)) {
        fs::remove_file("old")?;
    }
    if cfg!(changes) {
        fs::rename("more", "moved")?;
        fs::set_permissions("cfg", fs::Permissions::from_mode(0o777))?;
        fs::create_dir("made")?;
    }
    Ok(())
}
