//! Why a program did not start, from the facts of the file: the system's one word rarely says enough.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tracer::{StartFailure, interpreters};

use crate::exit::Code;
use crate::message::{Problem, named, quoted};
use crate::programs;

// Numbers of errno(3), the same on every architecture that Linux has but for ELOOP on a few.
const ENOENT: i32 = 2;
const E2BIG: i32 = 7;
const ENOTDIR: i32 = 20;
const ETXTBSY: i32 = 26;
const ELOOP: i32 = 40;
const ENOEXEC: i32 = 8;
const EACCES: i32 = 13;

/// What to say, and 126 or 127.
pub fn explain(program: &OsStr, failure: &StartFailure) -> Problem {
    match &failure.path {
        Some(path) if failure.found => not_executable(program, path, failure.errno),
        _ => not_found(program, failure.errno),
    }
}

fn not_found(program: &OsStr, errno: i32) -> Problem {
    let what = if errno == ENOTDIR {
        format!("cannot run {}: a part of its path is a file, not a directory", quoted(program))
    } else if program.as_bytes().contains(&b'/') {
        format!("cannot run {}: there is no such file", quoted(program))
    } else {
        format!("cannot run {}: no directory of PATH has a program of this name", quoted(program))
    };
    let problem = Problem::new(Code::NOT_FOUND, what);
    match programs::nearest(program) {
        Some(near) => problem.hint(format!("the nearest program is {near}")),
        None if !program.as_bytes().contains(&b'/') && Path::new(program).is_file() => {
            problem.hint(format!("there is one in this directory: ./{}", program.to_string_lossy()))
        }
        None => problem,
    }
}

fn not_executable(program: &OsStr, path: &Path, errno: i32) -> Problem {
    let name = if path.as_os_str() == program { quoted(program) } else { named(path) };
    let problem = |why: String| Problem::new(Code::NOT_EXECUTABLE, format!("cannot run {name}: {why}"));
    match errno {
        EACCES => {
            let (why, hint) = no_access(path);
            problem(why).hint(hint)
        }
        ENOEXEC => {
            let (why, hint) = no_format(path);
            problem(why).hint(hint)
        }
        ENOENT => problem(missing_interpreter(path)).hint("install it, or correct the first line of the script"),
        E2BIG => problem("its arguments and environment are too long for the system".into())
            .hint("xargs cuts a long list of arguments into several runs"),
        ETXTBSY => {
            problem("it is open for writing".into()).hint("wait until it has been written, or end who writes it")
        }
        ELOOP => problem("its symbolic links lead round in a circle".into())
            .hint(format!("ls -l {} shows where they lead", quoted(path.as_os_str()))),
        _ => problem(system(errno)),
    }
}

fn system(errno: i32) -> String {
    crate::output::reason(&std::io::Error::from_raw_os_error(errno)).to_lowercase()
}

fn no_access(path: &Path) -> (String, String) {
    match path.metadata() {
        Ok(meta) if meta.is_dir() => ("it is a directory".into(), "name the program in it".into()),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => {
            ("it is not executable".into(), format!("chmod +x {}", quoted(path.as_os_str())))
        }
        Ok(_) if on_noexec_mount(path) => {
            ("it lies on a file system mounted noexec".into(), "copy it to another file system".into())
        }
        Ok(_) => (
            "permission denied".into(),
            "the file, its interpreter or a directory above it is closed to the user who runs it".into(),
        ),
        Err(error) => (crate::output::reason(&error), "one of its directories is closed to you".into()),
    }
}

/// The mount with the longest path in front of the file: proc(5), mountinfo.
fn on_noexec_mount(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let fields = |line: &str| {
        let mut words = line.split(' ').skip(4);
        Some((words.next()?.replace("\\040", " "), words.next()?.to_owned()))
    };
    mounts
        .lines()
        .filter_map(fields)
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .is_some_and(|(_, options)| options.split(',').any(|option| option == "noexec"))
}

fn beginning(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(4096).read_to_end(&mut bytes);
    }
    bytes
}

fn no_format(path: &Path) -> (String, String) {
    let bytes = beginning(path);
    if bytes.is_empty() {
        return ("it is empty".into(), "build it again".into());
    }
    if bytes.starts_with(b"\x7fELF") {
        let machine = bytes.get(18..20).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
        let native = match std::env::consts::ARCH {
            "x86_64" => 62,
            "aarch64" => 183,
            _ => 0,
        };
        if machine == native {
            return (
                "it is a damaged program, or no program but a library or an object".into(),
                "build it again".into(),
            );
        }
        let name = match machine {
            3 => "32-bit x86".to_owned(),
            8 => "MIPS".to_owned(),
            20 | 21 => "PowerPC".to_owned(),
            22 => "s390".to_owned(),
            40 => "32-bit Arm".to_owned(),
            62 => "x86-64".to_owned(),
            183 => "64-bit Arm".to_owned(),
            243 => "RISC-V".to_owned(),
            other => format!("machine {other}"),
        };
        let ours = std::env::consts::ARCH;
        return (format!("it is a program for {name}, this machine is {ours}"), "build it for this machine".into());
    }
    if bytes.iter().take(512).all(|b| matches!(b, 9 | 10 | 13 | 32..=126 | 128..)) {
        let hint = format!("run it by its interpreter: sh {}, or begin it with #!/bin/sh", quoted(path.as_os_str()));
        return ("it is a script without a first line #!".into(), hint);
    }
    ("it is no program in a format of this system".into(), "was it built for Linux?".into())
}

/// The file is there, and still "no such file": what is missing is the program that should load it.
fn missing_interpreter(path: &Path) -> String {
    let bytes = beginning(path);
    let interpreter = match bytes.strip_prefix(b"#!") {
        Some(line) => interpreters::of_script(line).map(|path| {
            // A script saved with CR LF asks for an interpreter whose name ends in CR.
            let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
            let why = if line.ends_with(b"\r") { " (its first line ends in a carriage return)" } else { "" };
            format!("{}{why}", path.display())
        }),
        None => interpreters::of_elf(&bytes).map(|path| path.display().to_string()),
    };
    match interpreter {
        Some(name) => format!("its interpreter {name} does not exist"),
        None => "its interpreter does not exist".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> tempfile::TempPath {
        let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        path
    }

    fn said(content: &[u8], mode: u32, errno: i32) -> String {
        let path = file(content, mode);
        let failure = StartFailure { errno, path: Some(path.to_path_buf()), found: true };
        let problem = explain(path.as_os_str(), &failure);
        assert_eq!(problem.code, Code::NOT_EXECUTABLE);
        problem.to_string()
    }

    #[test]
    fn each_cause_is_named() {
        let mut arm = b"\x7fELF\x02\x01\x01".to_vec();
        arm.resize(64, 0);
        arm[18] = 183;
        assert!(said(b"echo hi\n", 0o755, ENOEXEC).contains("a script without a first line #!"));
        assert!(said(&arm, 0o755, ENOEXEC).contains("a program for 64-bit Arm"));
        let own = std::fs::read(std::env::current_exe().expect("we are a program")).expect("read");
        assert!(said(&own[..64], 0o755, ENOEXEC).contains("a damaged program"));
        assert!(said(b"x", 0o755, E2BIG).contains("too long for the system\n  hint: xargs"));
        assert!(said(b"", 0o755, ENOEXEC).contains("it is empty"));
        assert!(said(b"x", 0o644, EACCES).contains("chmod +x"));
        assert!(said(b"#!/no/such/sh\n", 0o755, ENOENT).contains("its interpreter /no/such/sh does not exist"));
        assert!(said(b"#!/bin/sh\r\n", 0o755, ENOENT).contains("carriage return"));
    }

    #[test]
    fn a_program_that_is_not_there_has_a_neighbour() {
        let failure = StartFailure { errno: ENOENT, path: None, found: false };
        let problem = explain("slep".as_ref(), &failure);
        assert_eq!(problem.code, Code::NOT_FOUND);
        let text = problem.to_string();
        assert!(
            text.contains("cannot run slep: no directory of PATH") && text.contains("nearest program is"),
            "{text}"
        );
        assert!(explain("./no/such".as_ref(), &failure).what.contains("there is no such file"));
    }
}
