//! Hooks that a compiler puts at the borders of functions (`-finstrument-functions`). Dead until they are woken.

use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::id::trace_id;
use crate::registry::{self, Budgets, Place, Source, Wanted};
use crate::{process, task};

static AWAKE: AtomicBool = AtomicBool::new(false);
static LINKED: AtomicBool = AtomicBool::new(false);

pub fn wake() {
    AWAKE.store(true, Relaxed);
}

/// Whether hooks were seen before the library was started.
pub fn are_linked() -> bool {
    LINKED.load(Relaxed)
}

#[inline(always)]
fn is_awake() -> bool {
    if !AWAKE.load(Relaxed) {
        if !LINKED.load(Relaxed) {
            LINKED.store(true, Relaxed);
        }
        // The first hook may come before any constructor of ours.
        return process::is_on() && AWAKE.load(Relaxed);
    }
    process::is_on()
}

/// `module+0xoffset`: the same in every run, wherever the module lies.
fn label_of(address: *const c_void) -> String {
    // SAFETY: zero bytes are a valid Dl_info.
    let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
    // SAFETY: `info` is ours; any address may be asked for.
    if unsafe { libc::dladdr(address, &mut info) } == 0 || info.dli_fname.is_null() {
        return format!("[unknown]+{:#x}", address.addr());
    }
    // SAFETY: the loader's own text, which ends in NUL.
    let path = unsafe { CStr::from_ptr(info.dli_fname) }.to_string_lossy();
    let module = path.rsplit('/').next().unwrap_or_default();
    format!("{module}+{:#x}", address.addr() - info.dli_fbase.addr())
}

#[cold]
fn first_use(function: *const c_void, site: *const c_void) -> Option<u32> {
    let _quiet = crate::here::Quiet::begin();
    registry::number_for_address(function.addr() as u64, || {
        let label = label_of(function);
        registry::number(&Wanted {
            id: trace_id(label.as_bytes(), label.as_bytes()),
            label: label.as_bytes(),
            budgets: Budgets::default(),
            place: Place { file: b"", line: 0 },
            source: Source::CompilerHooks,
            site: site.addr() as u64,
        })
    })
}

fn id_of(number: u32) -> u64 {
    registry::descriptor(number).map_or(0, |descriptor| descriptor.id)
}

/// Called by the compiler's code at the entry of a function.
#[unsafe(no_mangle)]
pub extern "C" fn __cyg_profile_func_enter(function: *const c_void, site: *const c_void) {
    if !is_awake() || !process::is_on_for_enter() {
        return;
    }
    let number = registry::number_at(function.addr() as u64).or_else(|| first_use(function, site)).unwrap_or(0);
    task::enter(number, id_of(number));
}

/// Called by the compiler's code at every exit of a function.
#[unsafe(no_mangle)]
pub extern "C" fn __cyg_profile_func_exit(function: *const c_void, _site: *const c_void) {
    if !is_awake() {
        return;
    }
    let number = registry::number_at(function.addr() as u64).unwrap_or(0);
    task::exit(number, id_of(number));
}
