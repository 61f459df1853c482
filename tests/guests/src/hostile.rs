//! A program that asks for anything: random numbers, pointers, lengths and clone flags.
//!
//! `hostile SEED ROUNDS CALLS`: ROUNDS children make CALLS such calls each, and are killed when they sleep too
//! long. They have no user, no root, no network and no PIDs but their own: what they ask for can hurt nobody. Ends
//! with 77 where that can't be had.

use crate::posix::{Dice, Pid, fork, kill, must, nap, outcome, say, wait};
use crate::words::Words;
use std::time::{Duration, Instant};

/// Numbers of calls end below this one.
const CALLS: u64 = 480;
/// Sleeps too long to be worth it, or would end what the test needs.
const LEFT_OUT: &[libc::c_long] = &[
    libc::SYS_pause,
    libc::SYS_sync,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_reboot,
    libc::SYS_vfork,
];

pub fn run(words: &Words) -> i32 {
    let (seed, rounds, calls) = (words.number(0, 1), words.number(1, 20), words.number(2, 24));
    if !is_confined() {
        say!("confinement: {}", outcome(-1));
        return 77;
    }
    // The first process of a PID space: with its end all others end.
    let first = fork(|| {
        for round in 0..rounds {
            one_round(seed * 1_000_003 + round, calls);
        }
        0
    });
    let ending = wait(first);
    say!("{rounds} rounds of {calls} calls: {ending}");
    0
}

fn is_confined() -> bool {
    const NOBODY: libc::uid_t = 65534;
    let spaces = libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC;
    let root = unsafe { libc::geteuid() } == 0;
    unsafe {
        libc::mkdir(c"empty".as_ptr(), 0o777);
        let nobody = !root
            || libc::setgroups(0, std::ptr::null()) == 0
                && libc::setresgid(NOBODY, NOBODY, NOBODY) == 0
                && libc::setresuid(NOBODY, NOBODY, NOBODY) == 0;
        nobody
            && libc::unshare(spaces | libc::CLONE_NEWUTS) == 0
            && libc::chroot(c"empty".as_ptr()) == 0
            && libc::chdir(c"/".as_ptr()) == 0
    }
}

fn one_round(seed: usize, calls: usize) {
    let started = Instant::now();
    let child = fork(|| ask_for_anything(seed, calls));
    while !has_ended(child) {
        if started.elapsed() > Duration::from_millis(500) {
            kill(child, libc::SIGKILL);
            wait(child);
            return;
        }
        nap(500);
    }
}

fn has_ended(child: Pid) -> bool {
    unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::WNOHANG) != 0 }
}

fn limit(what: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    must("setrlimit", unsafe { libc::setrlimit(what, &limit) });
}

fn ask_for_anything(seed: usize, calls: usize) -> i32 {
    let mut dice = Dice::new(seed as u64 + 1);
    for (what, most) in [
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_CPU, 2),
        (libc::RLIMIT_FSIZE, 1 << 16),
        (libc::RLIMIT_AS, 1 << 30),
        (libc::RLIMIT_NPROC, 64),
    ] {
        limit(what, most);
    }
    let place = Place::new(&mut dice);
    unsafe {
        for fd in 0..3 {
            libc::close(fd);
        }
        libc::syscall(libc::SYS_pipe2, place.base, 0);
        libc::alarm(1);
    }
    for _ in 0..calls {
        match dice.below(16) {
            0 => clone_somehow(&mut dice, &place),
            _ => any_call(&mut dice, &place),
        }
    }
    0
}

/// Three pages: words of all sorts, words of all sorts, nothing.
struct Place {
    base: u64,
}

const PAGE: u64 = 4096;

impl Place {
    fn new(dice: &mut Dice) -> Self {
        let (both, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let base = must("mmap", unsafe { libc::mmap(std::ptr::null_mut(), 3 * 4096, both, shared, -1, 0) } as i64);
        let place = Self { base: base as u64 };
        for at in 0..2 * PAGE / 8 {
            let word = place.word(dice);
            unsafe { ((place.base + at * 8) as *mut u64).write(word) };
        }
        must("mprotect", unsafe { libc::mprotect((place.base + 2 * PAGE) as *mut _, 4096, libc::PROT_NONE) });
        place
    }

    /// A word such as calls are given.
    fn word(&self, dice: &mut Dice) -> u64 {
        match dice.below(12) {
            0 => 0,
            1 => u64::MAX - dice.below(16),
            2 => dice.below(8),
            3 => dice.below(1 << 16),
            4 => 1 << dice.below(64),
            5 => dice.below(u64::MAX),
            6 => 0x7fff_ffff,
            7 => 0xffff_8000_0000_0000 + dice.below(1 << 40),
            // To the edge, over it, and anywhere before.
            8 => self.base + 2 * PAGE - dice.below(64),
            9 => self.base + 2 * PAGE + dice.below(64),
            _ => self.base + dice.below(2 * PAGE),
        }
    }
}

fn any_call(dice: &mut Dice, place: &Place) {
    let nr = match dice.below(20) {
        0 => dice.below(u64::MAX),
        1 => dice.below(CALLS) | 0x4000_0000,
        _ => dice.below(CALLS),
    } as libc::c_long;
    let words: [u64; 6] = std::array::from_fn(|_| place.word(dice));
    if !LEFT_OUT.contains(&(nr & 0xfff)) {
        let [a, b, c, d, e, f] = words;
        unsafe { libc::syscall(nr, a, b, c, d, e, f) };
    }
}

/// With any flags; what comes of it ends at once.
fn clone_somehow(dice: &mut Dice, place: &Place) {
    let own_memory = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_SETTLS;
    let flags = dice.below(1 << 32) & !(own_memory as u64);
    let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, place.base, place.base + 8, 0) };
    if child == 0 {
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}
