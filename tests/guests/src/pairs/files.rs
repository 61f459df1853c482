//! copytree, rotate.

use std::fs;
use std::io::{Error, Result};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;
use std::process::ExitCode;

use crate::marker::is;

/// a: modes by umask; b: follows symbolic links.
pub fn copytree(args: &[String]) -> Result<ExitCode> {
    let [source, target] = args else { return Err(Error::other("two names")) };
    copy(Path::new(source), Path::new(target))?;
    Ok(ExitCode::SUCCESS)
}

fn copy(source: &Path, target: &Path) -> Result<()> {
    fs::create_dir(target)?;
    for entry in fs::read_dir(source)? {
        let (from, to) = (entry.as_ref().map(|e| e.path()), entry.as_ref().map(|e| target.join(e.file_name())));
        let (Ok(from), Ok(to)) = (from, to) else { continue };
        let meta = fs::symlink_metadata(&from)?;
        if meta.is_symlink() && !is("copytree-b") {
            symlink(fs::read_link(&from)?, &to)?;
        } else if meta.is_dir() {
            copy(&from, &to)?;
        } else if is("copytree-a") {
            fs::write(&to, fs::read(&from)?)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    if !is("copytree-a") {
        fs::set_permissions(target, fs::metadata(source)?.permissions())?;
    }
    Ok(())
}

/// a: drops log.2; b: the new log is 0600.
pub fn rotate() -> Result<ExitCode> {
    if Path::new("log.1").exists() {
        if is("rotate-a") { fs::remove_file("log.1")? } else { fs::rename("log.1", "log.2")? }
    }
    fs::rename("log", "log.1")?;
    let mode = if is("rotate-b") { 0o600 } else { 0o666 };
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open("log")?;
    Ok(ExitCode::SUCCESS)
}
