//! Children killed at any moment, in the middle of their calls.
//!
//! `murdered_children TASKS KILLS`: TASKS children make all kinds of calls; KILLS times one of them is
//! killed, buried and replaced; at last all are killed. KILLS + TASKS deaths by SIGKILL.

use crate::posix::{Dice, Ending, Pid, check, fork, getppid, kill, nap, say, wait};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let (tasks, kills) = (words.number(0, 16), words.number(1, 100));
    let mut dice = Dice::new(7);
    let mut alive: Vec<Pid> = (0..tasks).map(|_| fork(victim)).collect();
    for _ in 0..kills {
        let one = dice.below(tasks as u64) as usize;
        nap(dice.below(300));
        bury(alive[one]);
        alive[one] = fork(victim);
    }
    alive.iter().for_each(|pid| bury(*pid));
    say!("{} killed by SIGKILL", kills + tasks);
    0
}

fn bury(pid: Pid) {
    kill(pid, libc::SIGKILL);
    check(wait(pid) == Ending::Killed(libc::SIGKILL), "a murdered child must have died by SIGKILL");
}

fn victim() -> i32 {
    loop {
        getppid();
        let fd = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        unsafe { libc::write(fd, c"x".as_ptr().cast(), 1) };
        unsafe { libc::close(fd) };
        if let Ok(0) = std::thread::spawn(getppid).join() {
            return 1;
        }
        nap(200);
    }
}
