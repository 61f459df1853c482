//! A PID namespace within: the child is process 1 there and has another number outside.
//!
//! Ends with 77 when the machine has no namespaces for us.

use crate::posix::{Ending, check, fork, outcome, pid, say, tid, wait};
use crate::words::Words;

pub fn run(_: &Words) -> i32 {
    if unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWPID) } == -1 {
        say!("unshare: {}", outcome(-1));
        return 77;
    }
    let first = fork(|| {
        say!("getpid {}, gettid {}, getppid {}", pid(), tid(), crate::posix::getppid());
        let second = fork(|| {
            say!("getpid {}, getppid {}", pid(), crate::posix::getppid());
            let thread = std::thread::spawn(|| say!("a thread: getpid {}, gettid {}", pid(), tid()));
            i32::from(thread.join().is_err())
        });
        check(second == 2, "the parent inside must know its child by the inner number");
        check(wait(second) == Ending::Exited(0), "the second one inside must end well");
        4
    });
    check(first > 2, "the parent outside must know its child by the outer number");
    say!("the first one inside {}", wait(first));
    0
}
