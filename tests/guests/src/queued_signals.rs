//! Real-time signals with values: number, order, value and sender must arrive unchanged.
//!
//! A child queues 64 signals (8 numbers x 8 values); they are taken once by sigwaitinfo and once by a
//! handler. Then numbers that C libraries keep to themselves (32, 33), ignored.

use crate::posix::{Ending, LONG, check, fork, handle, kill, mask, must, pid, say, signals, until, wait};
use crate::words::Words;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

const COUNT: usize = 64;
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static NUMBERS: [AtomicI32; COUNT] = [const { AtomicI32::new(0) }; COUNT];
static VALUES: [AtomicI32; COUNT] = [const { AtomicI32::new(0) }; COUNT];
static SENDERS: [AtomicI32; COUNT] = [const { AtomicI32::new(0) }; COUNT];

pub fn run(_: &Words) -> i32 {
    let numbers: Vec<i32> = (2..10).map(|above| libc::SIGRTMIN() + above).collect();
    mask(libc::SIG_BLOCK, &numbers);
    let sender = send_all(&numbers);
    let set = signals(&numbers);
    for _ in 0..COUNT {
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        must("sigwaitinfo", unsafe { libc::sigwaitinfo(&set, &mut info) });
        note(&info);
    }
    tell("waited for", sender);

    numbers.iter().for_each(|number| handle_alone(*number, &numbers));
    let sender = send_all(&numbers);
    mask(libc::SIG_UNBLOCK, &numbers);
    check(until(LONG, || TAKEN.load(Ordering::SeqCst) == COUNT), "all must be handled");
    tell("handled", sender);

    let ignored = libc::SIGRTMIN() + 2;
    crate::posix::dispose(ignored, libc::SIG_IGN);
    kill(pid(), ignored);
    for private in [32, 33] {
        crate::posix::dispose(private, libc::SIG_IGN);
        kill(pid(), private);
    }
    say!("SIGRTMIN+2, 32 and 33 ignored");
    let fatal = fork(|| {
        mask(libc::SIG_BLOCK, &numbers);
        crate::posix::dispose(ignored, libc::SIG_DFL);
        kill(pid(), ignored);
        mask(libc::SIG_UNBLOCK, &numbers);
        0
    });
    say!("SIGRTMIN+2 without a handler: {}", wait(fatal));
    0
}

/// A child queues the values 0..64, eight for each number, and ends; its process id.
fn send_all(numbers: &[i32]) -> i32 {
    let parent = pid();
    TAKEN.store(0, Ordering::SeqCst);
    let sender = fork(|| {
        for value in 0..COUNT {
            let carried = libc::sigval { sival_ptr: value as _ };
            must("sigqueue", unsafe { libc::sigqueue(parent, numbers[value % numbers.len()], carried) });
        }
        0
    });
    check(wait(sender) == Ending::Exited(0), "the sender must end well");
    sender
}

/// While one is handled the others wait, so the order is that of delivery.
fn handle_alone(number: i32, others: &[i32]) {
    handle(number, 0, on_signal);
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    must("sigaction", unsafe { libc::sigaction(number, std::ptr::null(), &mut action) });
    action.sa_mask = signals(others);
    must("sigaction", unsafe { libc::sigaction(number, &action, std::ptr::null_mut()) });
}

extern "C" fn on_signal(_: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    note(unsafe { &*info });
}

fn note(info: &libc::siginfo_t) {
    let place = TAKEN.load(Ordering::SeqCst);
    if place < COUNT {
        let right = info.si_code == libc::SI_QUEUE;
        NUMBERS[place].store(if right { info.si_signo } else { -info.si_code }, Ordering::SeqCst);
        VALUES[place].store(unsafe { info.si_value() }.sival_ptr as i32, Ordering::SeqCst);
        SENDERS[place].store(unsafe { info.si_pid() }, Ordering::SeqCst);
    }
    TAKEN.store(place + 1, Ordering::SeqCst);
}

/// Lowest number first, and within a number in the order sent.
fn tell(how: &str, sender: i32) {
    let all = |list: &[AtomicI32; COUNT]| list.iter().map(|item| item.load(Ordering::SeqCst)).collect::<Vec<_>>();
    let from_child = all(&SENDERS).iter().filter(|pid| **pid == sender).count();
    let above: Vec<i32> = all(&NUMBERS).iter().map(|number| number - libc::SIGRTMIN()).collect();
    say!("{how}: {from_child} from the child");
    say!("  numbers above SIGRTMIN {above:?}");
    say!("  values {:?}", all(&VALUES));
}
