//! The search for the program, as execvp(3) does it, before the fork: so that the target's first
//! call is its one execve.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::StartFailure;
use crate::sys::process::may_execute;

/// The path to give to execve: `program` itself when it holds a slash, else the first file of that
/// name in `path` that we may execute. An empty element is the working directory; a file without
/// permission is remembered while the search goes on.
pub fn find(program: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, StartFailure> {
    if program.as_bytes().contains(&b'/') {
        return Ok(program.into());
    }
    let mut refused = None;
    if !program.is_empty() {
        for dir in path.unwrap_or(OsStr::new("/bin:/usr/bin")).as_bytes().split(|b| *b == b':') {
            let file = join(dir, program);
            match std::fs::metadata(&file) {
                Ok(meta) if meta.is_file() => {
                    let Ok(name) = CString::new(file.as_os_str().as_bytes()) else { continue };
                    match may_execute(&name) {
                        Ok(()) => return Ok(file),
                        Err(_) => refused = refused.or(Some(file)),
                    }
                }
                Ok(_) => refused = refused.or(Some(file)),
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    refused = refused.or(Some(file));
                }
                Err(_) => {}
            }
        }
    }
    Err(match refused {
        Some(file) => StartFailure { errno: libc::EACCES, path: Some(file), found: true },
        None => StartFailure { errno: libc::ENOENT, path: None, found: false },
    })
}

fn join(dir: &[u8], name: &OsStr) -> PathBuf {
    let mut file = if dir.is_empty() { b".".to_vec() } else { dir.to_vec() };
    file.push(b'/');
    file.extend_from_slice(name.as_bytes());
    OsString::from_vec(file).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(dir: &std::path::Path, name: &str, mode: u32) {
        let path = dir.join(name);
        std::fs::write(&path, "x").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode set");
    }

    #[test]
    fn a_refused_file_is_remembered_while_the_search_goes_on() {
        let one = tempfile::tempdir().expect("a directory");
        let two = tempfile::tempdir().expect("a directory");
        file(one.path(), "tool", 0o644);
        let path = std::env::join_paths([one.path(), two.path()]).expect("a path");
        let refused = find(OsStr::new("tool"), Some(&path)).expect_err("not executable");
        assert_eq!((refused.errno, refused.found), (libc::EACCES, true));
        assert_eq!(refused.path, Some(one.path().join("tool")));
        file(two.path(), "tool", 0o755);
        assert_eq!(find(OsStr::new("tool"), Some(&path)), Ok(two.path().join("tool")));
    }

    #[test]
    fn a_name_that_is_nowhere_was_not_found() {
        let missing = find(OsStr::new("no-such-program"), Some(OsStr::new("/bin:/usr/bin")));
        assert_eq!(missing, Err(StartFailure { errno: libc::ENOENT, path: None, found: false }));
        assert_eq!(find(OsStr::new(""), None).map_err(|f| f.found), Err(false));
    }

    #[test]
    fn a_slash_ends_the_search() {
        assert_eq!(find(OsStr::new("./nothing"), None), Ok(PathBuf::from("./nothing")));
    }
}
