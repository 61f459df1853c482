//! Runtime files: what a program reads because of where it runs, not because of what it does.
//!
//! In: a path. Out: the class of files it belongs to, or nothing. Which of these a run reads depends on the
//! locale, the terminal, the time zone, the name service and the library search of the machine.

/// The class of a runtime file, by its absolute path.
pub fn runtime_class(path: &[u8]) -> Option<&'static str> {
    by_place(path).or_else(|| by_name(path))
}

/// Beginnings of paths, the class behind them.
const PLACES: &[(&[u8], &str)] = &[
    (b"/usr/lib/locale/", "locale"),
    (b"/usr/share/locale/", "locale"),
    (b"/usr/share/locale-langpack/", "locale"),
    (b"/usr/share/i18n/", "locale"),
    (b"/usr/share/zoneinfo/", "zoneinfo"),
    (b"/usr/share/lib/zoneinfo/", "zoneinfo"),
    (b"/etc/zoneinfo/", "zoneinfo"),
    (b"/usr/share/terminfo/", "terminfo"),
    (b"/lib/terminfo/", "terminfo"),
    (b"/usr/lib/terminfo/", "terminfo"),
    (b"/etc/terminfo/", "terminfo"),
    (b"/etc/ld.so.conf.d/", "ldso"),
];

/// Whole paths.
const FILES: &[(&[u8], &str)] = &[
    (b"/etc/locale.alias", "locale"),
    (b"/etc/locale.conf", "locale"),
    (b"/etc/default/locale", "locale"),
    (b"/etc/localtime", "zoneinfo"),
    (b"/etc/timezone", "zoneinfo"),
    (b"/etc/nsswitch.conf", "nss"),
    (b"/etc/host.conf", "nss"),
    (b"/etc/gai.conf", "nss"),
    (b"/etc/ld.so.cache", "ldso"),
    (b"/etc/ld.so.conf", "ldso"),
    (b"/etc/ld.so.preload", "ldso"),
    (b"/etc/ld.so.nohwcap", "ldso"),
    (b"/etc/termcap", "terminfo"),
];

fn by_place(path: &[u8]) -> Option<&'static str> {
    let place = PLACES.iter().find(|(place, _)| path.starts_with(place) || path == without_slash(place));
    place.or_else(|| FILES.iter().find(|(file, _)| path == *file)).map(|(_, class)| *class)
}

fn without_slash(place: &[u8]) -> &[u8] {
    place.strip_suffix(b"/").unwrap_or(place)
}

/// Files that lie in many places, by their name or the directories on the way.
fn by_name(path: &[u8]) -> Option<&'static str> {
    let file = path.rsplit(|byte| *byte == b'/').next()?;
    let in_libraries =
        path.starts_with(b"/lib") || path.starts_with(b"/usr/lib") || path.starts_with(b"/usr/local/lib");
    if has_part(path, b"__pycache__") || (file.ends_with(b".pyc") && is_python(path)) {
        return Some("python-cache");
    }
    if is_python(path) {
        return Some("python");
    }
    match () {
        () if is_category(path, file) => Some("locale"),
        () if in_libraries && has_part(path, b"gconv") => Some("gconv"),
        () if in_libraries && file.starts_with(b"libnss_") => Some("nss"),
        () if has_part(path, b".terminfo") || file == b".termcap" => Some("terminfo"),
        () if in_libraries && (has_part(path, b"perl") || has_part(path, b"perl5")) => Some("perl"),
        () if path.starts_with(b"/usr/share/perl") => Some("perl"),
        () if in_libraries && has_part(path, b"ruby") => Some("ruby"),
        () => None,
    }
}

/// The files of a locale, one for each category, which `LOCPATH` finds anywhere (locale(7)); that of messages lies
/// in a directory of its own.
fn is_category(path: &[u8], file: &[u8]) -> bool {
    const CATEGORIES: &[&str] = &[
        "ADDRESS",
        "COLLATE",
        "CTYPE",
        "IDENTIFICATION",
        "MEASUREMENT",
        "MESSAGES",
        "MONETARY",
        "NAME",
        "NUMERIC",
        "PAPER",
        "TELEPHONE",
        "TIME",
    ];
    let category = file.strip_prefix(b"LC_");
    category.is_some_and(|word| CATEGORIES.iter().any(|known| known.as_bytes() == word))
        || path.ends_with(b"/LC_MESSAGES/SYS_LC_MESSAGES")
}

fn has_part(path: &[u8], name: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|part| part == name)
}

/// A library directory of a Python: `…/lib/python3.11` and what lies in it, but for what was installed into it.
fn is_python(path: &[u8]) -> bool {
    let mut before: &[u8] = b"";
    for part in path.split(|byte| *byte == b'/') {
        let version = part.strip_prefix(b"python").and_then(|rest| rest.first());
        if matches!(before, b"lib" | b"lib64") && version.is_some_and(|digit| digit.is_ascii_digit() || *digit == b'.')
        {
            return !has_part(path, b"site-packages") && !has_part(path, b"dist-packages");
        }
        before = part;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::runtime_class;

    #[test]
    fn each_class_has_its_files() {
        let cases = [
            ("/usr/lib/locale/locale-archive", Some("locale")),
            ("/usr/share/locale/de/LC_MESSAGES/coreutils.mo", Some("locale")),
            ("/opt/locales/de_DE.UTF-8/LC_COLLATE", Some("locale")),
            ("/opt/locales/de_DE.UTF-8/LC_MESSAGES", Some("locale")),
            ("/opt/locales/de_DE.UTF-8/LC_MESSAGES/SYS_LC_MESSAGES", Some("locale")),
            ("/opt/app/de/LC_MESSAGES/app.mo", None),
            ("/opt/app/LC_NOTHING", None),
            ("/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", Some("gconv")),
            ("/usr/share/zoneinfo/Etc/UTC", Some("zoneinfo")),
            ("/etc/localtime", Some("zoneinfo")),
            ("/home/me/.terminfo/x/xterm", Some("terminfo")),
            ("/lib/x86_64-linux-gnu/libnss_files.so.2", Some("nss")),
            ("/etc/ld.so.cache", Some("ldso")),
            ("/usr/lib/python3.11/os.py", Some("python")),
            ("/usr/lib/python3.11", Some("python")),
            ("/opt/py/lib/python3.11/__pycache__/os.cpython-311.pyc", Some("python-cache")),
            ("/home/me/app/__pycache__/app.cpython-311.pyc", Some("python-cache")),
            ("/usr/lib/python3/dist-packages/yaml/__init__.py", None),
            ("/usr/lib/x86_64-linux-gnu/perl/5.36/strict.pm", Some("perl")),
            ("/lib/x86_64-linux-gnu/libc.so.6", None),
            ("/etc/hosts", None),
            ("/etc/passwd", None),
            ("/home/me/locale/de", None),
            ("/usr/share/localexyz", None),
            ("", None),
        ];
        for (path, class) in cases {
            assert_eq!(runtime_class(path.as_bytes()), class, "{path}");
        }
    }
}
