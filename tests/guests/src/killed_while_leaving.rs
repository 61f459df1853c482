//! Tasks killed while they are leaving or becoming another program.
//!
//! `killed_while_leaving ROUNDS`: ROUNDS children leave or exec at about the time they are killed. Each
//! of them must end, one way or the other.

use crate::posix::{Dice, Ending, Pid, check, close, exec, fork, pipe, read, say, wait, write_all};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let rounds = words.number(0, 100);
    let mut dice = Dice::new(11);
    let next = words.call("nothing", &[]);
    for round in 0..rounds {
        let (wait_here, go) = pipe();
        let leaver = fork(|| {
            read(wait_here, &mut [0]);
            match round % 3 {
                0 => exec(&next),
                1 => std::thread::spawn(|| unsafe { libc::syscall(libc::SYS_exit_group, 0) }).join().map_or(1, |_| 1),
                _ => 0,
            }
        });
        write_all(go, b"x");
        spin(dice.below(4000));
        murder(leaver);
        close(wait_here);
        close(go);
    }
    say!("{rounds} left or were killed");
    0
}

/// A moment too short for a sleep.
fn spin(turns: u64) {
    for turn in 0..turns {
        std::hint::black_box(turn);
    }
}

fn murder(pid: Pid) {
    // It may be gone and wait to be buried: that is no error.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    let ending = wait(pid);
    check(matches!(ending, Ending::Exited(0) | Ending::Killed(libc::SIGKILL)), "it must have left or been killed");
}
