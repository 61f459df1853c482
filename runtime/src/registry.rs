//! Tracepoints of the process: their numbers, and which number an id has.
//!
//! Written at first use only and never taken away, so that a number may be used without a lock.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};
use core::{ptr, slice};

use crate::memory;

/// Most tracepoints of a process; further ones are dropped.
pub const MOST: usize = 65_536;
/// Labels are cut here, in bytes.
pub const LONGEST_LABEL: usize = 4_096;
/// Budgets above are garbage of a caller that passed fewer words.
const LARGEST_BUDGET: u64 = 1 << 40;

/// Budgets of one call; 0 = none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Budgets {
    /// µs
    pub cpu: u64,
    /// bytes
    pub mem: u64,
    /// µs
    pub gpu: u64,
    /// bytes
    pub io: u64,
}

/// Where a tracepoint stands; no file: not known.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub file: &'a [u8],
    pub line: u32,
}

/// Who made the tracepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A call into this library.
    Library,
    /// The compiler, at the borders of a function.
    CompilerHooks,
}

/// One tracepoint.
pub struct Descriptor {
    pub id: u64,
    pub source: Source,
    /// Address behind the call that entered it first; 0 = not known.
    pub site: AtomicU64,
    label: *const u8,
    label_len: usize,
    file: *const u8,
    file_len: usize,
    line: u32,
    /// cpu, mem, gpu, io; 0 = none.
    budgets: [AtomicU64; 4],
    /// The CPU budget in ticks; 0 = not worked out.
    pub cpu_ticks: AtomicU64,
    /// A second label was seen, and counted.
    collided: AtomicU32,
}

impl Descriptor {
    /// The bytes as given; they may be no UTF-8.
    pub fn label(&self) -> &[u8] {
        // SAFETY: our copy, which is never given back.
        unsafe { slice::from_raw_parts(self.label, self.label_len) }
    }

    fn place(&self) -> Place<'_> {
        // SAFETY: our copy, which is never given back.
        Place { file: unsafe { slice::from_raw_parts(self.file, self.file_len) }, line: self.line }
    }

    /// Keeps the first call site.
    #[inline(always)]
    pub fn note_site(&self, site: u64) {
        if self.site.load(Relaxed) == 0 {
            self.site.store(site, Relaxed);
        }
    }

    pub fn budgets(&self) -> Budgets {
        let [cpu, mem, gpu, io] = self.budgets.each_ref().map(|budget| budget.load(Relaxed));
        Budgets { cpu, mem, gpu, io }
    }
}

/// Hash table from a key to a number plus one. Twice as many places as there can be tracepoints.
struct Index {
    /// 0 = free, [`TAKEN`] = being filled, else the number.
    numbers: [AtomicU32; MOST * 2],
    keys: [AtomicU64; MOST * 2],
}

const TAKEN: u32 = u32::MAX;
/// There was no memory for the tracepoint of this key; the next use tries again. A place can't be given back, because
/// others may have walked over it.
const FAILED: u32 = u32::MAX - 1;

static BY_ID: Index =
    Index { numbers: [const { AtomicU32::new(0) }; MOST * 2], keys: [const { AtomicU64::new(0) }; MOST * 2] };
/// Functions with compiler hooks by their address.
static BY_ADDRESS: Index =
    Index { numbers: [const { AtomicU32::new(0) }; MOST * 2], keys: [const { AtomicU64::new(0) }; MOST * 2] };
/// Numbers begin at 1.
static DESCRIPTORS: [AtomicPtr<Descriptor>; MOST + 1] = [const { AtomicPtr::new(ptr::null_mut()) }; MOST + 1];
static LAST: AtomicU32 = AtomicU32::new(0);

static ID_COLLISIONS: AtomicU64 = AtomicU64::new(0);
static BUDGET_CONFLICTS: AtomicU64 = AtomicU64::new(0);
/// Two numbers of tracepoints' places that collided first: descriptor, and the other place.
static FIRST_COLLISION: AtomicPtr<Collision> = AtomicPtr::new(ptr::null_mut());

struct Collision {
    first: u32,
    file: *const u8,
    file_len: usize,
    line: u32,
}

enum Found {
    Known(u32),
    /// The place is ours to fill.
    Ours(usize),
    Full,
}

impl Index {
    #[inline(always)]
    fn start(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 47) as usize
    }

    /// The number of a key that is known.
    #[inline(always)]
    fn get(&self, key: u64) -> Option<u32> {
        let start = Self::start(key);
        for step in 0..MOST * 2 {
            let slot = start.wrapping_add(step) & (MOST * 2 - 1);
            let number = self.numbers.get(slot)?.load(Acquire);
            if number == 0 {
                return None;
            }
            if number != TAKEN && self.keys.get(slot)?.load(Relaxed) == key {
                return (number != FAILED).then_some(number);
            }
        }
        None
    }

    /// The number of a key, or a place for it. Waits, but not for ever, for another thread that fills one: it may
    /// be this very thread, below a signal handler.
    fn find(&self, key: u64) -> Found {
        let start = Self::start(key);
        for step in 0..MOST * 2 {
            let slot = start.wrapping_add(step) & (MOST * 2 - 1);
            let (Some(number), Some(held)) = (self.numbers.get(slot), self.keys.get(slot)) else { return Found::Full };
            if number.compare_exchange(0, TAKEN, Acquire, Acquire).is_ok() {
                held.store(key, Relaxed);
                return Found::Ours(slot);
            }
            let mut patience = 10_000;
            while number.load(Acquire) == TAKEN {
                patience -= 1;
                if patience == 0 {
                    return Found::Full;
                }
                // SAFETY: a call without arguments.
                unsafe { libc::sched_yield() };
            }
            if held.load(Relaxed) == key {
                return match number.compare_exchange(FAILED, TAKEN, Acquire, Acquire) {
                    Ok(_) => Found::Ours(slot),
                    Err(TAKEN) => Found::Full,
                    Err(known) => Found::Known(known),
                };
            }
        }
        Found::Full
    }

    fn fill(&self, slot: usize, number: u32) {
        if let Some(place) = self.numbers.get(slot) {
            place.store(number, Release);
        }
    }
}

/// What is known of a tracepoint when it is used for the first time.
pub struct Wanted<'a> {
    pub id: u64,
    pub label: &'a [u8],
    pub budgets: Budgets,
    pub place: Place<'a>,
    pub source: Source,
    pub site: u64,
}

/// The tracepoint with a number from here.
#[inline(always)]
pub fn descriptor(number: u32) -> Option<&'static Descriptor> {
    // SAFETY: null, or a descriptor that is whole and stays.
    unsafe { DESCRIPTORS.get(number as usize)?.load(Acquire).as_ref() }
}

/// The number of a tracepoint that was used before.
#[inline(always)]
pub fn number_of(id: u64) -> Option<u32> {
    BY_ID.get(id)
}

/// The number of a function with compiler hooks that was called before.
#[inline(always)]
pub fn number_at(address: u64) -> Option<u32> {
    BY_ADDRESS.get(address)
}

/// How many tracepoints there are.
pub fn count() -> u32 {
    LAST.load(Acquire).min(MOST as u32)
}

/// Whether there may be tracepoints that were dropped.
pub fn is_full() -> bool {
    LAST.load(Relaxed) >= MOST as u32
}

pub fn id_collisions() -> u64 {
    ID_COLLISIONS.load(Relaxed)
}

pub fn budget_conflicts() -> u64 {
    BUDGET_CONFLICTS.load(Relaxed)
}

/// The first two places that share an id, in words.
pub fn first_collision() -> Option<String> {
    // SAFETY: null, or a collision that is whole and stays.
    let collision = unsafe { FIRST_COLLISION.load(Acquire).as_ref()? };
    let first = descriptor(collision.first)?;
    // SAFETY: a copy of ours that stays.
    let file = unsafe { slice::from_raw_parts(collision.file, collision.file_len) };
    let place = first.place();
    Some(format!(
        "{} at {}:{} and at {}:{} share an id and are counted as one: give one of them a name",
        String::from_utf8_lossy(first.label()),
        String::from_utf8_lossy(place.file),
        place.line,
        String::from_utf8_lossy(file),
        collision.line
    ))
}

/// The number of a tracepoint; makes one at first use. None: there are too many, or no memory.
pub fn number(wanted: &Wanted) -> Option<u32> {
    // A place in the index is for those that get a number.
    if is_full() && BY_ID.get(wanted.id).is_none() {
        return None;
    }
    match BY_ID.find(wanted.id) {
        Found::Full => None,
        Found::Known(number) => {
            compare(number, wanted);
            Some(number)
        }
        Found::Ours(slot) => {
            let number = make(wanted);
            BY_ID.fill(slot, number.unwrap_or(FAILED));
            number
        }
    }
}

/// As [`number`], found again by an address.
pub fn number_for_address(address: u64, make_wanted: impl FnOnce() -> Option<u32>) -> Option<u32> {
    if is_full() && BY_ADDRESS.get(address).is_none() {
        return None;
    }
    match BY_ADDRESS.find(address) {
        Found::Full => None,
        Found::Known(number) => Some(number),
        Found::Ours(slot) => {
            let number = make_wanted();
            BY_ADDRESS.fill(slot, number.unwrap_or(FAILED));
            number
        }
    }
}

/// Whether a budget is none that a caller can have meant.
fn is_garbage(budget: u64) -> bool {
    budget > LARGEST_BUDGET
}

fn accepted(budgets: Budgets) -> Budgets {
    let keep = |budget| {
        if is_garbage(budget) {
            BUDGET_CONFLICTS.fetch_add(1, Relaxed);
            return 0;
        }
        budget
    };
    Budgets { cpu: keep(budgets.cpu), mem: keep(budgets.mem), gpu: keep(budgets.gpu), io: keep(budgets.io) }
}

/// Copies bytes to where they stay. None: no memory.
fn copy(bytes: &[u8]) -> Option<*const u8> {
    if bytes.is_empty() {
        return Some(ptr::dangling());
    }
    let at = take(bytes.len(), 1)?;
    // SAFETY: `take` gave that many bytes, to us alone.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    Some(at)
}

/// Pages from which descriptors and their texts are cut. The low bits of a page's address hold nothing, so that
/// one word would do; two are simpler, and a place lost to a race is only a few bytes.
static PAGE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
const PAGE_BYTES: usize = 1 << 16;

/// Memory that stays; the first word of a page counts what is taken of it.
fn take(bytes: usize, align: usize) -> Option<*mut u8> {
    if bytes > PAGE_BYTES / 4 {
        let at = memory::map(bytes);
        return (!at.is_null()).then_some(at);
    }
    loop {
        let page = PAGE.load(Acquire);
        if !page.is_null() {
            // SAFETY: a page of ours begins with its counter.
            let taken = unsafe { AtomicU64::from_ptr(page.cast()) };
            let from = taken.fetch_add((bytes + align) as u64, Relaxed) as usize;
            if from + bytes + align <= PAGE_BYTES {
                let from = from.next_multiple_of(align);
                // SAFETY: inside the page, as just checked.
                return Some(unsafe { page.add(from) });
            }
        }
        let fresh = memory::map(PAGE_BYTES);
        if fresh.is_null() {
            return None;
        }
        // SAFETY: a fresh page begins with its counter, which takes eight bytes itself.
        unsafe { AtomicU64::from_ptr(fresh.cast()).store(8, Relaxed) };
        if PAGE.compare_exchange(page, fresh, AcqRel, Relaxed).is_err() {
            // SAFETY: nobody has seen it.
            unsafe { memory::unmap(fresh, PAGE_BYTES) };
        }
    }
}

/// The longest piece of a label that is kept: whole characters, if it has any.
fn cut(label: &[u8]) -> &[u8] {
    let Some(kept) = label.get(..LONGEST_LABEL) else { return label };
    let whole = (0..4).find(|back| label.get(kept.len() - back).is_none_or(|byte| byte & 0xc0 != 0x80));
    kept.get(..kept.len() - whole.unwrap_or(0)).unwrap_or(kept)
}

/// `trace:` and the id, for a tracepoint without a label.
fn made_up(id: u64) -> [u8; 22] {
    let mut label = *b"trace:0000000000000000";
    for (i, at) in label.iter_mut().skip(6).enumerate() {
        let digit = (id >> (60 - 4 * i) & 15) as u8;
        *at = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
    label
}

fn make(wanted: &Wanted) -> Option<u32> {
    let budgets = accepted(wanted.budgets);
    let made_up = made_up(wanted.id);
    let label = if wanted.label.is_empty() { &made_up } else { cut(wanted.label) };
    let at = take(size_of::<Descriptor>(), align_of::<Descriptor>())?.cast::<Descriptor>();
    let descriptor = Descriptor {
        id: wanted.id,
        source: wanted.source,
        site: AtomicU64::new(wanted.site),
        label: copy(label)?,
        label_len: label.len(),
        file: copy(wanted.place.file)?,
        file_len: wanted.place.file.len(),
        line: wanted.place.line,
        budgets: [budgets.cpu, budgets.mem, budgets.gpu, budgets.io].map(AtomicU64::new),
        cpu_ticks: AtomicU64::new(0),
        collided: AtomicU32::new(0),
    };
    let number = LAST.fetch_update(Relaxed, Relaxed, |last| (last < MOST as u32).then_some(last + 1)).ok()? + 1;
    // SAFETY: memory of ours, large enough and aligned.
    unsafe { at.write(descriptor) };
    DESCRIPTORS.get(number as usize)?.store(at, Release);
    Some(number)
}

/// A tracepoint that is there is met again: does it say the same?
fn compare(number: u32, wanted: &Wanted) {
    let Some(known) = descriptor(number) else { return };
    let other_label = !wanted.label.is_empty() && cut(wanted.label) != known.label();
    let place = known.place();
    let other_place = !place.file.is_empty()
        && !wanted.place.file.is_empty()
        && (place.file, place.line) != (wanted.place.file, wanted.place.line);
    if other_place || (other_label && known.collided.swap(1, Relaxed) == 0) {
        ID_COLLISIONS.fetch_add(1, Relaxed);
        remember(number, wanted.place);
    }
    settle_budgets(known, wanted.budgets);
}

/// Budgets of a further use. The first one that says any holds.
fn settle_budgets(known: &Descriptor, budgets: Budgets) {
    let given = [budgets.cpu, budgets.mem, budgets.gpu, budgets.io];
    for (held, given) in known.budgets.iter().zip(given) {
        if given == 0 || held.load(Relaxed) == given {
            continue;
        }
        if is_garbage(given) || held.compare_exchange(0, given, Relaxed, Relaxed).is_err() {
            BUDGET_CONFLICTS.fetch_add(1, Relaxed);
        }
    }
}

/// A use by [`number_of`] that may carry something else than the first: cheap where it is the same.
#[inline(always)]
pub fn check_again(number: u32, label: &[u8], budgets: Budgets) {
    let Some(known) = descriptor(number) else { return };
    if known.budgets() != budgets {
        settle_budgets(known, budgets);
    }
    if label.len() != known.label_len || label.first() != known.label().first() {
        different_label(number, label);
    }
}

#[cold]
fn different_label(number: u32, label: &[u8]) {
    let Some(known) = descriptor(number) else { return };
    if !label.is_empty() && cut(label) != known.label() && known.collided.swap(1, Relaxed) == 0 {
        ID_COLLISIONS.fetch_add(1, Relaxed);
    }
}

fn remember(first: u32, place: Place) {
    if place.file.is_empty() || !FIRST_COLLISION.load(Relaxed).is_null() {
        return;
    }
    let (Some(file), Some(at)) = (copy(place.file), take(size_of::<Collision>(), align_of::<Collision>())) else {
        return;
    };
    let at = at.cast::<Collision>();
    // SAFETY: memory of ours, large enough and aligned.
    unsafe { at.write(Collision { first, file, file_len: place.file.len(), line: place.line }) };
    let _ = FIRST_COLLISION.compare_exchange(ptr::null_mut(), at, AcqRel, Relaxed);
}
