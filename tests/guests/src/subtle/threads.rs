//! Threads, memory and entropy: how many, which first, how much.

use crate::{chance, check, spin};
use std::fs::{self, OpenOptions};
use std::io::{Read, Result, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Random bytes are drawn once to five times, the heap grows in other steps.
pub fn draws(number: u32) -> Result<()> {
    for _ in 0..=number {
        let mut bytes = [0u8; 16];
        check(unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) })?;
        unsafe { libc::sbrk(4096) };
    }
    println!("drawn");
    Ok(())
}

/// Threads allocate; anonymous mappings are longer or shorter.
pub fn arenas(number: u32) -> Result<()> {
    for nth in 0..=number as usize {
        let len = (nth + 1) * 4096 * (1 + number as usize);
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping that nobody else uses.
        unsafe {
            let at = libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, anonymous, -1, 0);
            libc::munmap(at, len);
        }
    }
    let workers: Vec<_> = (0..2).map(|nth| thread::spawn(move || vec![nth as u8; 200_000].len())).collect();
    let total: usize = workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum();
    println!("{total}");
    Ok(())
}

extern "C" fn nothing(_: libc::c_int) {}

/// A runtime: three to five threads for eight tasks, a signal to itself now and then, a monitor that naps 10 to 46
/// times, and an end by whoever is last.
pub fn runtime(number: u32) -> Result<()> {
    unsafe { libc::signal(libc::SIGURG, nothing as extern "C" fn(libc::c_int) as usize) };
    static MONITORED: AtomicBool = AtomicBool::new(false);
    let tasks = Mutex::new((0..8).rev().collect::<Vec<u32>>());
    let finished = Mutex::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10 + 18 * number {
                let nap = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
                unsafe { libc::nanosleep(&nap, std::ptr::null_mut()) };
            }
            MONITORED.store(true, Ordering::Release);
        });
        for nth in 0..2 + number {
            let (tasks, finished) = (&tasks, &finished);
            scope.spawn(move || {
                if nth == 0 && number == 1 {
                    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), libc::SIGURG) };
                }
                loop {
                    let task = tasks.lock().ok().and_then(|mut tasks| tasks.pop());
                    let Some(task) = task else { break };
                    spin(2 + number);
                    fs::write(format!("task{task}"), "done\n").expect("written");
                    let mut finished = finished.lock().expect("nobody panics");
                    *finished += 1;
                    if *finished == 8 {
                        while !MONITORED.load(Ordering::Acquire) {
                            std::hint::spin_loop();
                        }
                        std::process::exit(0);
                    }
                }
            });
        }
    });
    Ok(())
}

/// An event loop: a timer and the end of a read of a file arrive in either order.
pub fn event_loop(number: u32) -> Result<()> {
    let descriptor = |fd: i32| -> Result<OwnedFd> { Ok(unsafe { OwnedFd::from_raw_fd(check(fd)?) }) };
    let loop_ = descriptor(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    let timer = descriptor(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?;
    let event = descriptor(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) })?;
    for (key, fd) in [(0, &timer), (1, &event)] {
        let mut wanted = libc::epoll_event { events: libc::EPOLLIN as u32, u64: key };
        check(unsafe { libc::epoll_ctl(loop_.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &mut wanted) })?;
    }
    let mut when: libc::itimerspec = unsafe { std::mem::zeroed() };
    when.it_value.tv_nsec = 20_000_000;
    check(unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &when, std::ptr::null_mut()) })?;
    let teller = event.as_raw_fd();
    let reader = thread::spawn(move || -> Result<()> {
        spin(if number > 0 { 60 } else { 0 });
        fs::read("conf")?;
        check(unsafe { libc::write(teller, 1u64.to_ne_bytes().as_ptr().cast(), 8) }).map(drop)
    });
    for _ in 0..2 {
        let mut got: libc::epoll_event = unsafe { std::mem::zeroed() };
        check(unsafe { libc::epoll_wait(loop_.as_raw_fd(), &mut got, 1, -1) })?;
        let (fd, name) = if got.u64 == 0 { (&timer, "timer") } else { (&event, "reader") };
        let mut count = [0u8; 8];
        check(unsafe { libc::read(fd.as_raw_fd(), count.as_mut_ptr().cast(), 8) })?;
        fs::write(name, "done\n")?;
    }
    reader.join().unwrap_or(Ok(()))
}

/// Two threads with files of any name, one removed, one kept, in either order.
pub fn temporaries(number: u32) -> Result<()> {
    let work = |keep: bool, first: bool| -> Result<()> {
        spin(if first { 0 } else { 20 });
        let name = format!("tmp.{}", chance()?);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&name)?;
        writeln!(file, "{}", if keep { "kept" } else { "for a moment" })?;
        drop(file);
        if keep { Ok(()) } else { fs::remove_file(name) }
    };
    let workers = [true, false].map(|keep| thread::spawn(move || work(keep, keep == (number == 0))));
    for worker in workers {
        worker.join().unwrap_or(Ok(()))?;
    }
    // Whoever comes later may find it there.
    let mut conf = Vec::new();
    fs::File::open("conf")?.read_to_end(&mut conf)?;
    Ok(())
}
