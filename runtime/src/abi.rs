//! The C interface: `include/chic_trace.h`.

use core::slice;
use core::sync::atomic::AtomicU32;

use crate::allocations::{self, AllocStats};
use crate::here::Quiet;
use crate::registry::{self, Budgets, Place, Source, Wanted};
use crate::ring::{Kind, Record};
use crate::run_log::{self, Kind as Draw};
use crate::{clock, files, process, task};

/// Bytes of a caller; none for NULL.
///
/// # Safety
/// `at` is null or `len` readable bytes.
unsafe fn bytes<'a>(at: *const u8, len: u64) -> &'a [u8] {
    if at.is_null() || len == 0 || len > isize::MAX as u64 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(at, len as usize) }
}

/// A way in that hands the address behind its call on, as a further argument. Switched off, it returns before anything
/// is saved.
#[cfg(target_arch = "x86_64")]
macro_rules! with_site {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) by $inner:ident, $($code:literal),+) => {
        $(#[$doc])*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($arg: $type),*) {
            core::arch::naked_asm!(
                ".cfi_startproc",
                "mov rax, qword ptr [rip + {mode}@GOTPCREL]",
                "cmp byte ptr [rax], {off}",
                "jne 2f",
                "ret",
                "2:",
                $($code),+,
                ".cfi_endproc",
                mode = sym process::MODE,
                off = const process::OFF,
                inner = sym $inner,
            )
        }
    };
}

#[cfg(target_arch = "x86_64")]
with_site! {
    /// Opens a span of tracepoint `id`. Budgets are per call: µs, bytes, µs; 0 = none.
    ///
    /// # Safety
    /// `label` is null or `label_len` readable bytes.
    chic_rt_trace_enter(id: u64, label: *const u8, label_len: u64, cpu_us: u64, mem_bytes: u64, gpu_us: u64)
    by enter_from,
    "push qword ptr [rsp]", ".cfi_adjust_cfa_offset 8", "call {inner}", "add rsp, 8", ".cfi_adjust_cfa_offset -8", "ret"
}

#[cfg(target_arch = "x86_64")]
with_site! {
    /// Opens a span of a tracepoint by its number; 0 counts as dropped.
    chic_trace_begin(number: u32) by begin_from, "mov rsi, qword ptr [rsp]", "jmp {inner}"
}

#[cfg(not(target_arch = "x86_64"))]
#[unsafe(no_mangle)]
pub extern "C" fn chic_rt_trace_enter(
    id: u64,
    label: *const u8,
    label_len: u64,
    cpu_us: u64,
    mem_bytes: u64,
    gpu_us: u64,
) {
    enter_from(id, label, label_len, cpu_us, mem_bytes, gpu_us, 0);
}

#[cfg(not(target_arch = "x86_64"))]
#[unsafe(no_mangle)]
pub extern "C" fn chic_trace_begin(number: u32) {
    begin_from(number, 0);
}

extern "C" fn enter_from(id: u64, label: *const u8, label_len: u64, cpu: u64, mem: u64, gpu: u64, site: u64) {
    if !process::is_on_for_enter() {
        return;
    }
    let budgets = if process::has_three_words() { Budgets::default() } else { Budgets { cpu, mem, gpu, io: 0 } };
    // SAFETY: the caller's promise.
    let label = unsafe { bytes(label, label_len) };
    let number = match registry::number_of(id) {
        Some(number) => {
            registry::check_again(number, label, budgets);
            number
        }
        None => first_use(&Wanted { id, label, budgets, place: NOWHERE, source: Source::Library, site }),
    };
    task::enter(number, id);
}

const NOWHERE: Place<'static> = Place { file: b"", line: 0 };

#[cold]
fn first_use(wanted: &Wanted) -> u32 {
    registry::number(wanted).unwrap_or(0)
}

/// Closes the innermost open span of tracepoint `id`; those inside it are abandoned.
#[unsafe(no_mangle)]
pub extern "C" fn chic_rt_trace_exit(id: u64) {
    if process::is_on() {
        exit_counted(id);
    }
}

/// Not inlined: what it saves is not saved when nothing is counted.
#[inline(never)]
fn exit_counted(id: u64) {
    task::exit(registry::number_of(id).unwrap_or(0), id);
}

/// Writes the documents at `path`, or where the environment says when it is null or empty. 0; −1 not written,
/// −2 no memory, −4 cannot open.
///
/// # Safety
/// `path` is null or `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chic_rt_trace_flush(path: *const u8, len: u64) -> i32 {
    let _quiet = Quiet::begin();
    // SAFETY: the caller's promise.
    let path = files::path_of(unsafe { bytes(path, len) });
    process::flush_asked_for(Some(path.as_path()).filter(|path| !path.as_os_str().is_empty()))
}

/// Counters of allocations; all zero when nobody counts.
#[unsafe(no_mangle)]
pub extern "C" fn chic_rt_alloc_stats() -> AllocStats {
    allocations::stats()
}

/// As [`chic_rt_alloc_stats`], into memory of the caller.
///
/// # Safety
/// `to` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chic_rt_alloc_stats_fill(to: *mut AllocStats) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(allocations::stats()) };
    }
}

/// Sets the counters of allocations to zero.
#[unsafe(no_mangle)]
pub extern "C" fn chic_rt_reset_alloc_stats() {
    allocations::reset();
}

/// A tracepoint as a caller of [`chic_trace_register`] describes it.
#[repr(C)]
pub struct TraceDesc {
    pub function: *const u8,
    pub function_len: u64,
    /// Null or empty: the function's name.
    pub label: *const u8,
    pub label_len: u64,
    /// Budgets per call: µs, bytes, µs, bytes; 0 = none.
    pub cpu_budget_us: u64,
    pub mem_budget_bytes: u64,
    pub gpu_budget_us: u64,
    pub io_budget_bytes: u64,
    /// Null or empty: not known.
    pub file: *const u8,
    pub file_len: u64,
    pub line: u32,
}

/// The number of a tracepoint; 0: there are too many, no memory, or nothing is traced.
///
/// # Safety
/// `desc` is null or can be read, and so can what it points to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chic_trace_register(desc: *const TraceDesc) -> u32 {
    // SAFETY: the caller's promise.
    let Some(desc) = (unsafe { desc.as_ref() }) else { return 0 };
    if !process::is_on() {
        return 0;
    }
    // SAFETY: the caller's promise.
    let (function, label, file) = unsafe {
        (bytes(desc.function, desc.function_len), bytes(desc.label, desc.label_len), bytes(desc.file, desc.file_len))
    };
    let budgets = Budgets {
        cpu: desc.cpu_budget_us,
        mem: desc.mem_budget_bytes,
        gpu: desc.gpu_budget_us,
        io: desc.io_budget_bytes,
    };
    register(function, if label.is_empty() { function } else { label }, budgets, Place { file, line: desc.line })
}

/// As [`chic_trace_register`].
pub fn register(function: &[u8], label: &[u8], budgets: Budgets, place: Place) -> u32 {
    let id = crate::id::trace_id(function, label);
    first_use(&Wanted { id, label, budgets, place, source: Source::Library, site: 0 })
}

extern "C" fn begin_from(number: u32, site: u64) {
    if !process::is_on_for_enter() {
        return;
    }
    let id = match registry::descriptor(number) {
        Some(descriptor) => {
            descriptor.note_site(site);
            descriptor.id
        }
        None => 0,
    };
    task::enter(number, id);
}

/// Closes the innermost open span of a tracepoint by its number.
#[unsafe(no_mangle)]
pub extern "C" fn chic_trace_end(number: u32) {
    if process::is_on() {
        task::exit(number, registry::descriptor(number).map_or(0, |descriptor| descriptor.id));
    }
}

/// The id of a function and a label.
///
/// # Safety
/// Both are null or readable for their length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chic_trace_id(
    function: *const u8,
    function_len: u64,
    label: *const u8,
    label_len: u64,
) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { crate::id::trace_id(bytes(function, function_len), bytes(label, label_len)) }
}

/// A random stream begins with a seed of 128 bits.
#[unsafe(no_mangle)]
pub extern "C" fn chic_trace_rng_stream(id: u64, seed_hi: u64, seed_lo: u64) {
    if !process::is_on() || !run_log::is_on() {
        return;
    }
    run_log::stream(id, u128::from(seed_hi) << 64 | u128::from(seed_lo));
    tell(Kind::Stream, id, 0, Some([seed_lo, seed_hi, 0, 0]));
}

/// Something is drawn from a stream: `kind` 0 next (bits), 1 advance (by), 2 split (id of the child). Other kinds
/// are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn chic_trace_rng_event(id: u64, kind: u32, argument: u64) {
    if !process::is_on() || !run_log::is_on() {
        return;
    }
    let Some(kind) = Draw::from_number(kind) else { return };
    run_log::event(id, kind, argument);
    let kind = match kind {
        Draw::Next => Kind::Next,
        Draw::Advance => Kind::Advance,
        Draw::Split => Kind::Split,
    };
    tell(kind, id, argument, None);
}

/// Tells a recorder, where there is one.
fn tell(kind: Kind, a: u64, b: u64, more: Option<[u64; 4]>) {
    if !crate::recorder::is_present() {
        return;
    }
    let Some((task, _)) = task::mine() else { return };
    let Some(ring) = task.ring() else { return };
    let is_fake = clock::chosen() == clock::Clock::Fake;
    let time = if is_fake { task.fake.load(core::sync::atomic::Ordering::Relaxed) } else { clock::ticks() };
    let record = Record { time, descriptor: 0, kind, depth: 0, a, b };
    match more {
        Some(words) => ring.push_with(&record, words),
        None => ring.push(&record),
    };
}

/// The name of the calling thread in perf.folded, instead of the system's.
///
/// # Safety
/// `name` is null or `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chic_trace_thread_name(name: *const u8, len: u64) {
    if process::is_on()
        && let Some((task, _)) = task::mine()
    {
        // SAFETY: the caller's promise.
        task.set_name(unsafe { bytes(name, len) });
    }
}

/// 1: events count; 0: they are switched off.
#[unsafe(no_mangle)]
pub extern "C" fn chic_trace_enabled() -> i32 {
    i32::from(process::is_on())
}

/// Keeps a number that is found at first use.
pub fn number_in(cell: &AtomicU32, find: impl FnOnce() -> u32) -> u32 {
    use core::sync::atomic::Ordering::Relaxed;
    match cell.load(Relaxed) {
        0 => {
            let number = find();
            cell.store(number, Relaxed);
            number
        }
        number => number,
    }
}
