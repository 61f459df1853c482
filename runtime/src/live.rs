//! Threads that have tables, from their first event to their end, and what those that ended left.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

use crate::here::{Quiet, Stage, here};
use crate::lock::{Held, Lock};
use crate::task::Task;
use crate::totals::Totals;
use crate::{allocations, clock};

static FIRST: AtomicPtr<Task> = AtomicPtr::new(ptr::null_mut());
static KEY: AtomicU32 = AtomicU32::new(u32::MAX);
/// Enters in threads that have no tables.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Guards the removal of tasks and what ended ones left. Adding needs no lock.
pub static LOCK: Lock = Lock::new();

struct Left(UnsafeCell<Option<Totals>>);
// SAFETY: used with LOCK held only.
unsafe impl Sync for Left {}
static LEFT: Left = Left(UnsafeCell::new(None));

/// Rounds of destructors that a C library promises (PTHREAD_DESTRUCTOR_ITERATIONS). Ours waits for the last,
/// because those of others may hold spans.
const ROUNDS: u32 = 4;

/// Asks the C library to tell of the ends of threads.
pub fn start() {
    let mut key = 0;
    // SAFETY: `key` is ours; `thread_ends` has the signature asked for.
    if unsafe { libc::pthread_key_create(&mut key, Some(thread_ends)) } == 0 {
        KEY.store(key, Relaxed);
    }
}

fn mark(task: *mut Task) {
    let key = KEY.load(Relaxed);
    if key != u32::MAX {
        // SAFETY: a key that exists.
        unsafe { libc::pthread_setspecific(key, task.cast()) };
    }
}

/// A thread had its first event.
pub fn add(task: *mut Task) {
    let mut first = FIRST.load(Relaxed);
    loop {
        // SAFETY: the caller's task, which nobody else knows yet.
        unsafe { (*task).next.store(first, Relaxed) };
        match FIRST.compare_exchange_weak(first, task, Release, Relaxed) {
            Ok(_) => break,
            Err(other) => first = other,
        }
    }
    mark(task);
}

/// An enter in a thread that has no tables.
#[cold]
pub fn lose_enter() {
    LOST.fetch_add(1, Relaxed);
}

pub fn lost_enters() -> u64 {
    LOST.load(Relaxed)
}

fn remove(task: *mut Task, _held: &Held) {
    // SAFETY: with the lock held no task goes away, so that all links are good.
    unsafe {
        let next = (*task).next.load(Relaxed);
        if FIRST.compare_exchange(task, next, AcqRel, Acquire).is_ok() {
            return;
        }
        let mut at = FIRST.load(Acquire);
        while !at.is_null() {
            let link = &(*at).next;
            if link.load(Acquire) == task {
                return link.store(next, Release);
            }
            at = link.load(Acquire);
        }
    }
}

/// All tasks that live. None goes away as long as the lock is held.
pub fn tasks<'a>(_held: &'a Held) -> Vec<&'a Task> {
    let mut all = Vec::new();
    // SAFETY: with the lock held no task goes away.
    let mut at = unsafe { FIRST.load(Acquire).as_ref() };
    while let Some(task) = at {
        all.push(task);
        // SAFETY: as above.
        at = unsafe { task.next.load(Acquire).as_ref() };
    }
    all
}

/// What ended threads left.
pub fn with_left<R>(_held: &Held, f: impl FnOnce(&mut Totals) -> R) -> R {
    // SAFETY: the lock is held, and nothing below takes it again.
    f(unsafe { (*LEFT.0.get()).get_or_insert_with(Totals::default) })
}

extern "C" fn thread_ends(at: *mut libc::c_void) {
    let at = at.cast::<Task>();
    // SAFETY: the key holds this thread's task only.
    let Some(task) = (unsafe { at.as_ref() }) else { return };
    if task.rounds.fetch_add(1, Relaxed) + 1 < ROUNDS {
        return mark(at);
    }
    let _quiet = Quiet::begin();
    allocations::report(task, false);
    {
        let held = LOCK.take();
        with_left(&held, |left| left.add_task(task, true));
        remove(at, &held);
    }
    // SAFETY: the calling thread's own storage.
    unsafe {
        (*here()).task = ptr::null_mut();
        (*here()).stage = Stage::Never;
    }
    // SAFETY: out of the list, and readers hold the lock while they look.
    unsafe { Task::free(at) };
}

/// In a child of a fork: nothing happened yet. Spans that were open are remembered, because their exits may come.
/// The lock is held, by the thread that forked.
pub fn start_anew() {
    // SAFETY: the only thread of the process; its own storage.
    let here = unsafe { &mut *here() };
    let mine = core::mem::replace(&mut here.task, ptr::null_mut());
    if here.stage == Stage::Ready {
        here.stage = Stage::Fresh;
    }
    mark(ptr::null_mut());
    let mut at = FIRST.swap(ptr::null_mut(), AcqRel);
    // What the parent's threads left stays untouched: freeing it would copy its pages.
    // SAFETY: the only thread of the process.
    unsafe { core::mem::forget((*LEFT.0.get()).take()) };
    LOST.store(0, Relaxed);
    clock::start(clock::chosen());
    while !at.is_null() {
        // SAFETY: a task of the parent, whose thread does not exist here.
        let next = unsafe { (*at).next.load(Relaxed) };
        if at != mine {
            // SAFETY: as above.
            unsafe { Task::free(at) };
        }
        at = next;
    }
    // The tables of this thread stay: the fork may have happened in a signal handler, above a hook that uses them.
    if !mine.is_null() {
        // SAFETY: tables of this thread, taken out of use above.
        unsafe { inherit(&*mine) };
    }
}

fn inherit(before: &Task) {
    let open = before.path.iter().take(before.depth()).map(|span| span.number.load(Relaxed));
    // Exits of spans that were open two forks ago may come as well.
    let older = before.before_fork.iter().map(|open| open.load(Relaxed)).take_while(|number| *number != 0);
    let all: Vec<u32> = older.chain(open).collect();
    if all.is_empty() {
        return;
    }
    let Some((task, _)) = crate::task::mine() else { return };
    for (slot, number) in task.before_fork.iter().zip(all) {
        slot.store(number, Relaxed);
    }
    task.set_name(&before.name());
}
