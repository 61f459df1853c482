//! Programs by name: where PATH has them, and which one was probably meant.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file that `execvp` would run: a path as it is, a name by PATH.
pub fn find(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if name.as_encoded_bytes().contains(&b'/') {
        return runs(path).then(|| path.to_owned());
    }
    search_path().map(|dir| dir.join(name)).find(|file| runs(file))
}

/// The installed program whose name is nearest to this one.
pub fn nearest(name: &OsStr) -> Option<String> {
    let name = name.to_str()?;
    let (dir, word) = match name.rsplit_once('/') {
        Some((dir, word)) => (Some(PathBuf::from(if dir.is_empty() { "/" } else { dir })), word),
        None => (None, name),
    };
    let dirs: Vec<PathBuf> = match dir {
        Some(dir) => vec![dir],
        None => search_path().collect(),
    };
    let names: Vec<String> = dirs
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flat_map(|entries| entries.flatten())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let near = syscalls::nearest(word, names.iter().map(String::as_str))?;
    let found = dirs.iter().map(|dir| dir.join(near)).find(|file| runs(file))?;
    Some(if name.contains('/') { found.to_string_lossy().into_owned() } else { near.to_owned() })
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn runs(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name_and_by_path() {
        assert!(find("sh".as_ref()).is_some());
        assert_eq!(find("/bin/sh".as_ref()), Some("/bin/sh".into()));
        assert_eq!(find("no-such-program-at-all".as_ref()), None);
        assert_eq!(find("/etc/passwd".as_ref()), None, "not executable");
    }
}
