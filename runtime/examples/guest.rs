//! Programs with spans, each for one thing that is hard to count: `guest NAME`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chic_trace_rt::{ChicAlloc, cost, flush, span, trace};

#[global_allocator]
static ALLOCATOR: ChicAlloc<std::alloc::System> = ChicAlloc(std::alloc::System);

unsafe extern "C" {
    fn chic_rt_trace_enter(id: u64, label: *const u8, len: u64, cpu: u64, mem: u64, gpu: u64);
    fn chic_rt_trace_exit(id: u64);
    fn chic_trace_rng_stream(id: u64, seed_hi: u64, seed_lo: u64);
    fn chic_trace_rng_event(id: u64, kind: u32, argument: u64);
}

fn enter(id: u64) {
    // SAFETY: no label.
    unsafe { chic_rt_trace_enter(id, std::ptr::null(), 0, 0, 0, 0) };
}

fn exit(id: u64) {
    // SAFETY: a plain call.
    unsafe { chic_rt_trace_exit(id) };
}

#[trace]
fn leaf() {}

#[trace]
fn pair() {
    leaf();
}

fn threads() {
    let count: u64 = std::env::args().nth(2).map_or(10_000, |count| count.parse().expect("a number"));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..count {
                    pair();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("the thread ends");
    }
}

#[trace]
fn down(depth: u32) {
    if depth > 1 {
        down(depth - 1);
    }
}

#[trace]
fn early(give_up: bool) -> u32 {
    if give_up {
        return 1;
    }
    leaf();
    2
}

#[trace]
fn question(text: &str) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = text.parse()?;
    Ok(number)
}

#[trace]
fn panics() {
    let _span = span!("inside");
    std::panic::resume_unwind(Box::new(7));
}

fn unwinding() {
    assert_eq!(early(true) + early(false), 3);
    assert!(question("7").is_ok() && question("x").is_err());
    for round in 0..3 {
        assert!(std::panic::catch_unwind(panics).is_err(), "{round}");
    }
    for round in 0.. {
        let _span = span!("in a loop");
        if round == 1 {
            break;
        }
    }
}

/// A type with methods of all kinds.
struct Parser<T> {
    rest: Vec<T>,
}

impl<T: Clone> Parser<T> {
    #[inline(never)]
    #[trace(name = "Parser::next", label = "hot path", level = debug)]
    #[cost(cpu = 42_µs, mem = 1_048_576, io = "64 KiB", gpu = 7)]
    /// A method with attributes before and behind.
    pub fn next(&mut self) -> Option<T> {
        self.rest.pop()
    }

    #[cost(mem = 4096b)]
    #[trace("backwards")]
    fn all<'a>(&'a self) -> impl Iterator<Item = T> + 'a
    where
        T: 'a,
    {
        #![allow(clippy::needless_return)]
        return self.rest.iter().rev().cloned();
    }
}

#[cost(cpu = 5us)]
unsafe extern "C" fn foreign(value: u32) -> u32 {
    value + 1
}

fn shapes() {
    let mut parser = Parser { rest: vec![1, 2, 3] };
    assert_eq!(parser.all().collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(parser.next(), Some(3));
    assert_eq!(Parser { rest: vec!["x"] }.next(), Some("x"));
    // SAFETY: unsafe in name only.
    assert_eq!(unsafe { foreign(1) }, 2);
}

#[trace(poll)]
async fn twice(mut left: u32) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = "7".parse()?;
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
    if left == 99 {
        return Ok(1);
    }
    Ok(number)
}

fn polls() {
    let mut future = std::pin::pin!(twice(2));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut polls = 0;
    loop {
        polls += 1;
        if let std::task::Poll::Ready(result) = future.as_mut().poll(&mut context) {
            assert_eq!(result, Ok(7));
            break;
        }
    }
    assert_eq!(polls, 3);
}

fn fork() {
    let _outer = span!("outer");
    leaf();
    // SAFETY: the child runs on with what fork gives it.
    let child = unsafe { libc::fork() };
    if child == 0 {
        leaf();
        leaf();
        return;
    }
    let mut status = 0;
    // SAFETY: our own child.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(status, 0);
    println!("{child}");
    leaf();
}

fn vfork() {
    // SAFETY: the child only counts and ends.
    #[allow(deprecated)]
    let child = unsafe { libc::vfork() };
    if child == 0 {
        leaf();
        // SAFETY: a child of vfork must end so.
        unsafe { libc::_exit(0) };
    }
    leaf();
}

fn quick_exit() {
    leaf();
    if std::env::args().nth(2).is_some() {
        flush(None).expect("written");
        leaf();
    }
    // SAFETY: ends the process.
    unsafe { libc::_exit(7) };
}

static TICKS: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_timer(_: libc::c_int) {
    TICKS.fetch_add(1, Relaxed);
    let _span = span!("handler");
    leaf();
}

/// A timer of 10 kHz whose handler has spans, over a loop that has the same.
fn handler() {
    let _outer = span!("outer");
    // SAFETY: zero bytes are valid for both; the handler only counts.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_timer as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
        let every = libc::timeval { tv_sec: 0, tv_usec: 100 };
        libc::setitimer(
            libc::ITIMER_REAL,
            &libc::itimerval { it_interval: every, it_value: every },
            std::ptr::null_mut(),
        );
    }
    let mut rounds = 0u64;
    while TICKS.load(Relaxed) < 2_000 {
        leaf();
        rounds += 1;
    }
    // SAFETY: as above; signals are ignored from here.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_IGN) };
    println!("{} {rounds}", TICKS.load(Relaxed));
}

#[trace]
fn allocates() -> Vec<u8> {
    let small = vec![1u8; 1000];
    let large = vec![2u8; 50_000];
    drop(large);
    small
}

fn allocations() {
    for _ in 0..3 {
        let kept = allocates();
        assert_eq!(kept.len(), 1000);
    }
}

fn dropped() {
    for id in 1..=150_000 {
        enter(id);
        exit(id);
    }
}

/// Without room for tables, and without room for a document.
fn no_memory() {
    let limit = |bytes| {
        // SAFETY: a plain struct; the hard limit stays.
        unsafe {
            let mut limit: libc::rlimit = std::mem::zeroed();
            libc::getrlimit(libc::RLIMIT_AS, &mut limit);
            limit.rlim_cur = bytes;
            assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &limit), 0);
        }
    };
    std::thread::spawn(move || {
        limit(1);
        leaf();
        leaf();
        limit(libc::RLIM_INFINITY);
        leaf();
    })
    .join()
    .expect("the thread ends");
    leaf();
    limit(1);
    let error = flush(None).expect_err("no memory");
    limit(libc::RLIM_INFINITY);
    assert_eq!(error.kind(), std::io::ErrorKind::OutOfMemory);
}

fn random() {
    // SAFETY: plain calls.
    unsafe {
        chic_trace_rng_stream(1, 0, 0x0123_4567_89ab_cdef);
        chic_trace_rng_event(1, 0, 64);
        chic_trace_rng_event(1, 1, 5);
        chic_trace_rng_event(1, 2, 9);
    }
    leaf();
}

/// A child of a fork draws from a stream of its own.
fn random_in_child() {
    leaf();
    // SAFETY: the child runs on with what fork gives it.
    let child = unsafe { libc::fork() };
    if child == 0 {
        return random();
    }
    // SAFETY: our own child.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    println!("{child}");
}

fn left_open() {
    enter(5);
    std::thread::spawn(|| enter(6)).join().expect("the thread ends");
    std::thread::spawn(|| {
        enter(8);
        std::thread::sleep(std::time::Duration::from_secs(600));
    });
    while !flushed_has_threads(3) {
        std::thread::yield_now();
    }
}

/// Whether a snapshot knows so many threads.
fn flushed_has_threads(count: u64) -> bool {
    flush(None).expect("written");
    let path = std::env::var_os("CHIC_TRACE_OUTPUT").expect("a path");
    let text = std::fs::read_to_string(path).expect("readable");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    document["summary"]["threads"] == count
}

/// As above, while others count as fast as they can.
fn snapshots() {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..300_000 {
                    pair();
                }
            })
        })
        .collect();
    for _ in 0..20 {
        flush(None).expect("written");
    }
    for thread in threads {
        thread.join().expect("the thread ends");
    }
}

fn churn() {
    for _ in 0..500 {
        std::thread::spawn(pair).join().expect("the thread ends");
    }
}

mod one {
    pub struct A;
    pub struct B;
    impl A {
        #[chic_trace_rt::trace]
        pub fn make() {}
    }
    impl B {
        #[chic_trace_rt::trace]
        pub fn make() {}
    }
}

fn collide() {
    one::A::make();
    one::B::make();
    one::B::make();
}

fn budgets() {
    #[cost(cpu = 2, io = 7)]
    fn nested(depth: u32) {
        for _ in 0..depth {
            leaf();
        }
    }
    nested(0);
    nested(1);
    nested(2);
}

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "threads" => threads(),
        "recursion" => down(4),
        "deep" => down(5_000),
        "unwinding" => unwinding(),
        "shapes" => shapes(),
        "polls" => polls(),
        "fork" => fork(),
        "vfork" => vfork(),
        "quick-exit" => quick_exit(),
        "handler" => handler(),
        "allocations" => allocations(),
        "dropped" => dropped(),
        "no-memory" => no_memory(),
        "random" => random(),
        "random-in-child" => random_in_child(),
        "left-open" => left_open(),
        "snapshots" => snapshots(),
        "churn" => churn(),
        "collide" => collide(),
        "budgets" => budgets(),
        "nothing" => return ExitCode::from(3),
        "leaf" => leaf(),
        "leaf-and-fail" => {
            leaf();
            return ExitCode::from(3);
        }
        other => panic!("no program `{other}`"),
    }
    ExitCode::SUCCESS
}
