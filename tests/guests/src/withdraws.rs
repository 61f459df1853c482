//! A program that takes itself out of others' sight, and goes on making calls.
//!
//! `withdraws CASE`: `undumpable`, `user`, `namespaces`, `chroot`, `unmounted`, `killed`. After it each opens
//! `/no such file of CASE`, asks for its parent three times and starts `guest nothing`. Ends with 77 where the
//! machine does not let it.

use crate::posix::{Ending, check, fork, getppid, must, outcome, say, wait};
use crate::words::{Words, c_string};

/// A case by name, and how it withdraws; false where it may not.
type Case = (&'static str, fn() -> bool);

const CASES: &[Case] = &[
    ("undumpable", undumpable),
    ("user", user),
    ("namespaces", namespaces),
    ("chroot", chroot),
    ("unmounted", unmounted),
    ("killed", killed),
];

pub fn run(words: &Words) -> i32 {
    let name = words.text(0);
    let Some((_, withdraw)) = CASES.iter().find(|(known, _)| *known == name) else { return 2 };
    let own = must("open", unsafe { libc::open(c"/proc/self/exe".as_ptr(), libc::O_RDONLY) }) as i32;
    if !withdraw() {
        say!("{name}: {}", outcome(-1));
        return 77;
    }
    say!("{name} here: {}", sees(name));
    let child = fork(|| {
        say!("{name} in a child: {}", sees(name));
        let argv = words.call("nothing", &[]);
        let words = [argv[0].as_ptr(), argv[1].as_ptr(), std::ptr::null()];
        let none = [std::ptr::null::<libc::c_char>()];
        unsafe { libc::syscall(libc::SYS_execveat, own, c"".as_ptr(), &words, &none, libc::AT_EMPTY_PATH) };
        say!("{name}: execveat {}", outcome(-1));
        3
    });
    say!("{name}: the child {}", wait(child));
    0
}

/// What is looked for in the trace: an open that fails, and three easy calls.
fn sees(name: &str) -> String {
    let path = c_string(format!("/no such file of {name}").as_bytes());
    let opened = outcome(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) });
    for _ in 0..3 {
        getppid();
    }
    opened
}

fn undumpable() -> bool {
    must("prctl", unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) });
    true
}

/// Gives up root; the kernel makes the process undumpable with it.
fn user() -> bool {
    unsafe { libc::setresgid(65534, 65534, 65534) == 0 && libc::setresuid(65534, 65534, 65534) == 0 }
}

/// New user, mount, network, IPC and host name spaces for itself, and a new PID space for its child.
fn namespaces() -> bool {
    let all = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    unsafe { libc::unshare(all) == 0 }
}

/// Into an empty directory.
fn chroot() -> bool {
    must("mkdir", unsafe { libc::mkdir(c"empty".as_ptr(), 0o755) });
    unsafe { libc::chroot(c"empty".as_ptr()) == 0 && libc::chdir(c"/".as_ptr()) == 0 }
}

/// Without /proc, in a mount space of its own.
fn unmounted() -> bool {
    let none = std::ptr::null();
    unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(none, c"/".as_ptr(), none, libc::MS_REC | libc::MS_PRIVATE, none.cast()) == 0
            && libc::umount2(c"/proc".as_ptr(), libc::MNT_DETACH) == 0
    }
}

/// As the kernel kills when memory is short: from without, at once.
fn killed() -> bool {
    let victim = fork(|| {
        loop {
            getppid();
        }
    });
    crate::posix::nap(20_000);
    crate::posix::kill(victim, libc::SIGKILL);
    check(wait(victim) == Ending::Killed(libc::SIGKILL), "it died by SIGKILL");
    true
}
