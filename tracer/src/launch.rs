//! Launching: a plan's program becomes a child that waits to be seized.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::sys::affinity::{self, Cpus};
use crate::sys::process::{self, ChildFd, Program, Step, User};
use crate::sys::seccomp::Instruction;
use crate::sys::{Errno, Tid, startup};
use crate::{EnvChange, Error, Launch, StartFailure, Stdio, search};

/// A program that was looked for.
pub enum Found {
    /// Ready to be forked.
    Program(Box<Program>),
    /// There is none to execute.
    Missing(StartFailure),
}

/// Prepares everything that the child needs, so that between fork and exec nothing is computed.
pub fn prepare(launch: &Launch, control: &crate::signals::Control) -> Result<Found, Error> {
    let Some(name) = launch.argv.first() else {
        return Err(refused("start", "a program", "no name was given", None));
    };
    let path = match search::find(name, std::env::var_os("PATH").as_deref()) {
        Ok(path) => path,
        Err(failure) => return Ok(Found::Missing(failure)),
    };
    let mut argv = launch.argv.iter().map(|word| text(word)).collect::<Result<Vec<_>, _>>()?;
    if let (Some(argv0), Some(first)) = (&launch.argv0, argv.first_mut()) {
        *first = text(argv0)?;
    }
    let (dispositions, mask) = control.for_child();
    Ok(Found::Program(Box::new(Program {
        path: text(path.as_os_str())?,
        argv,
        env: environment(&launch.env)?,
        cwd: launch.cwd.as_ref().map(|dir| text(dir.as_os_str())).transpose()?,
        user: launch.user.as_deref().map(|name| user(name, Path::new("/etc"))).transpose()?,
        umask: launch.umask,
        close_others: launch.close_others,
        no_terminal: launch.no_terminal,
        cpus: launch.cpu.map(|cpu| Cpus::only(cpu as usize)).or_else(|| launch.one_cpu.then(first_cpu).flatten()),
        own_group: launch.own_group,
        no_aslr: launch.no_aslr,
        stdio: std::array::from_fn(|fd| child_fd(fd as i32, &launch.stdio[fd])),
        dispositions,
        mask,
        filter: None,
        no_new_privs: false,
    })))
}

/// The first of the CPUs that we may use, alone.
fn first_cpu() -> Option<Cpus> {
    let mask = affinity::get(Tid(0)).ok()?;
    mask.list().first().map(|cpu| Cpus::only(*cpu as usize))
}

/// Adds the filter to a program.
pub fn with_filter(program: &mut Program, filter: Vec<Instruction>, privileged: bool) {
    program.filter = Some(filter);
    program.no_new_privs = !privileged && !crate::sys::seccomp::no_new_privs();
}

/// Why a child that was to become the target did not.
pub fn failure(step: Step, errno: Errno, launch: &Launch, path: &CString) -> Result<StartFailure, Error> {
    let what = match step {
        Step::Exec => {
            let path = OsString::from_vec(path.as_bytes().to_vec()).into();
            return Ok(StartFailure { errno: errno.0, path: Some(path), found: is_there(errno, &path_of(launch)) });
        }
        Step::Cwd => {
            ("change to the directory", launch.cwd.as_ref().map_or_else(String::new, |d| d.display().to_string()))
        }
        Step::User => ("become user", launch.user.clone().unwrap_or_default()),
        Step::Stdio => ("give the program", "its standard descriptors".into()),
        Step::Filter => ("install", "the filter for the calls asked for".into()),
    };
    Err(refused(what.0, &what.1, &errno.text(), Some(errno)))
}

fn path_of(launch: &Launch) -> OsString {
    launch.argv.first().cloned().unwrap_or_default()
}

/// ENOENT of a file that is there is its interpreter's or loader's.
fn is_there(errno: Errno, name: &OsStr) -> bool {
    !matches!(errno.0, libc::ENOENT | libc::ENOTDIR)
        || !name.as_bytes().contains(&b'/')
        || std::fs::symlink_metadata(name).is_ok()
}

/// An error about what was tried.
pub fn refused(doing: &str, what: &str, why: &str, errno: Option<Errno>) -> Error {
    Error { doing: doing.into(), what: what.into(), why: why.into(), hints: vec![], errno: errno.map(|e| e.0) }
}

fn text(word: &OsStr) -> Result<CString, Error> {
    CString::new(word.as_bytes())
        .map_err(|_| refused("pass", &format!("{:?}", word), "it holds a NUL byte, which no program can receive", None))
}

fn environment(changes: &[EnvChange]) -> Result<Vec<CString>, Error> {
    let mut vars: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    for change in changes {
        match change {
            EnvChange::Clear => vars.clear(),
            EnvChange::Remove(name) => vars.retain(|(n, _)| n != name),
            EnvChange::Set(name, value) => match vars.iter_mut().find(|(n, _)| n == name) {
                Some(var) => var.1 = value.clone(),
                None => vars.push((name.clone(), value.clone())),
            },
        }
    }
    vars.into_iter()
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            text(&name)
        })
        .collect()
}

fn child_fd(fd: i32, stdio: &Stdio) -> ChildFd {
    match stdio {
        Stdio::Inherit if startup::was_closed(fd) => ChildFd::Close,
        Stdio::Inherit => ChildFd::Keep,
        Stdio::Same(other) if startup::was_closed(*other) => ChildFd::Close,
        Stdio::Same(other) => ChildFd::Copy(*other),
        Stdio::From(own) => ChildFd::Copy(own.as_raw_fd()),
    }
}

/// Looks a user up: a number, or a name of passwd(5), with the groups of group(5); `UID:GID` as they are, without
/// further groups. The files are read here because a static binary can't ask the C library's name services.
fn user(name: &str, etc: &Path) -> Result<User, Error> {
    if let Some((uid, gid)) = name.split_once(':') {
        return match (uid.parse(), gid.parse()) {
            (Ok(uid), Ok(gid)) => Ok(User { uid, gid, groups: vec![] }),
            _ => Err(refused("become user", name, "UID:GID takes two numbers", None)),
        };
    }
    let read = |file: &str| std::fs::read(etc.join(file)).unwrap_or_default();
    let passwd = read("passwd");
    let passwd = String::from_utf8_lossy(&passwd);
    let number: Option<u32> = name.parse().ok();
    let line = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| {
        fields.first() == Some(&name) || (number.is_some() && fields.get(2).and_then(|f| f.parse().ok()) == number)
    });
    let field = |i: usize| line.as_ref().and_then(|fields| fields.get(i)).and_then(|f| f.parse::<u32>().ok());
    let Some(uid) = field(2).or(number) else {
        return Err(refused("become user", name, "there is no user of this name in /etc/passwd", None));
    };
    let gid = field(3).unwrap_or(uid);
    let login = line.as_ref().and_then(|fields| fields.first().copied()).unwrap_or(name);
    let group = read("group");
    let mut groups: Vec<u32> = String::from_utf8_lossy(&group)
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.get(3).is_some_and(|members| members.split(',').any(|m| m == login)))
        .filter_map(|fields| fields.get(2).and_then(|f| f.parse().ok()))
        .collect();
    groups.push(gid);
    groups.sort_unstable();
    groups.dedup();
    Ok(User { uid, gid, groups })
}

/// Starts a child for this program; it waits until it is let go.
pub fn fork(program: &Program) -> Result<process::Child, Error> {
    process::spawn(program).map_err(|errno| refused("start", "a process", &errno.text(), Some(errno)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name_and_by_number_with_its_groups() {
        let etc = tempfile::tempdir().expect("a directory");
        std::fs::write(etc.path().join("passwd"), "root:x:0:0::/:/bin/sh\nbo:x:1000:100::/home/bo:/bin/sh\n")
            .expect("written");
        std::fs::write(etc.path().join("group"), "adm:x:4:al,bo\nusers:x:100:\nbroken\nbo2:x:7:bob\n")
            .expect("written");
        let expected = User { uid: 1000, gid: 100, groups: vec![4, 100] };
        assert_eq!(user("bo", etc.path()).expect("found"), expected);
        assert_eq!(user("1000", etc.path()).expect("found"), expected);
        assert_eq!(user("77", etc.path()).expect("a number"), User { uid: 77, gid: 77, groups: vec![77] });
        assert_eq!(user("1000:7", etc.path()).expect("both"), User { uid: 1000, gid: 7, groups: vec![] });
        assert!(user("bo:7", etc.path()).is_err());
        assert!(user("nobody-here", etc.path()).expect_err("unknown").to_string().contains("nobody-here"));
    }

    #[test]
    fn the_environment_changes_in_order() {
        let set = |n: &str, v: &str| EnvChange::Set(n.into(), v.into());
        let env = environment(&[EnvChange::Clear, set("A", "1"), set("B", "2"), set("A", "3")]).expect("made");
        assert_eq!(env, [c"A=3".to_owned(), c"B=2".to_owned()]);
        let env = environment(&[EnvChange::Clear, set("A", "1"), EnvChange::Remove("A".into())]).expect("made");
        assert!(env.is_empty());
    }
}
