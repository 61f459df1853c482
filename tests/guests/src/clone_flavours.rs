//! Children made in every way there is: fork, clone3, with CLONE_PARENT, CLONE_PTRACE, CLONE_UNTRACED.
//!
//! The children write their task ids to the file `tids`, one `FLAVOUR TID` a line.

use crate::posix::{Ending, Pid, check, fork, getppid, must, pid, pipe, read, say, tid, wait, write_all};
use crate::words::Words;

const CLONE_PARENT: u64 = libc::CLONE_PARENT as u64;
const CLONE_PTRACE: u64 = libc::CLONE_PTRACE as u64;
const CLONE_UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
const CHILD: u64 = libc::SIGCHLD as u64;

pub fn run(_: &Words) -> i32 {
    let _ = std::fs::remove_file("tids");
    // A child made with CLONE_PARENT becomes ours: two processes end here.
    let (from_middle, to_us) = pipe();
    let us = pid();
    let middle = fork(|| make_all(us, to_us));
    let mut name = [0; 4];
    check(read(from_middle, &mut name) == 4, "the id of the child with CLONE_PARENT");
    check(wait(i32::from_ne_bytes(name)) == Ending::Exited(4), "CLONE_PARENT makes a child of the grandparent");
    check(wait(middle) == Ending::Exited(0), "the maker must end well");
    say!("all flavours born, heard and buried");
    0
}

fn make_all(grandparent: Pid, report_to: i32) -> i32 {
    let us = pid();
    expect("fork", fork(|| child("fork", us, 1)), 1);
    expect("clone3", clone3(0, || child("clone3", us, 2)), 2);
    expect("clone3-vfork", clone3(libc::CLONE_VFORK as u64, || child("clone3-vfork", us, 3)), 3);
    let sibling = clone(CLONE_PARENT, || child("parent", grandparent, 4));
    write_all(report_to, &sibling.to_ne_bytes());
    expect("ptrace", clone(CLONE_PTRACE, || child("ptrace", us, 5)), 5);
    expect("untraced", clone(CLONE_UNTRACED, || child("untraced", us, 6)), 6);
    expect("clone3-untraced", clone3(CLONE_UNTRACED, || child("clone3-untraced", us, 7)), 7);
    0
}

fn expect(flavour: &str, born: Pid, code: i32) {
    check(wait(born) == Ending::Exited(code), "the child must end with its own code");
    say!("{flavour}: ended with {code}");
}

fn child(flavour: &str, parent: Pid, code: i32) -> i32 {
    check(getppid() == parent, "the parent must be the one asked for");
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND;
    let fd = must("open of tids", unsafe { libc::open(c"tids".as_ptr(), flags, 0o644) }) as i32;
    write_all(fd, format!("{flavour} {}\n", tid()).as_bytes());
    code
}

/// The plain call: no stack of its own, so it returns twice as fork does.
fn clone(flags: u64, child: impl FnOnce() -> i32) -> Pid {
    twice(must("clone", unsafe { libc::syscall(libc::SYS_clone, flags | CHILD, 0, 0, 0, 0) }), child)
}

fn clone3(flags: u64, child: impl FnOnce() -> i32) -> Pid {
    let mut asked: libc::clone_args = unsafe { std::mem::zeroed() };
    asked.flags = flags;
    asked.exit_signal = CHILD;
    twice(must("clone3", unsafe { libc::syscall(libc::SYS_clone3, &asked, size_of_val(&asked)) }), child)
}

fn twice(result: i64, child: impl FnOnce() -> i32) -> Pid {
    match result {
        0 => {
            let code = child();
            unsafe { libc::_exit(code) }
        }
        pid => pid as Pid,
    }
}
