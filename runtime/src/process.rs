//! The process: how it was started, which mode it is in, what is written when.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering::*};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::clock::{self, Clock, Scale};
use crate::document::{self, Facts};
use crate::files::{self, Error, Names};
use crate::here::Quiet;
use crate::totals::Totals;
use crate::{allocations, hooks, live, memory, recorder, registry, run_log, task};

/// Whether hooks do anything.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    Undecided = 0,
    Starting = 1,
    On = 2,
    Off = 3,
}

/// One of [`Mode`]: what every event looks at first.
pub static MODE: AtomicU8 = AtomicU8::new(Mode::Undecided as u8);
/// [`MODE`] when nothing is counted.
pub const OFF: u8 = Mode::Off as u8;
static CONFIG: OnceLock<Config> = OnceLock::new();
static IS_CHILD: AtomicBool = AtomicBool::new(false);
/// Some span was entered; without one no file is written.
static WAS_USED: AtomicBool = AtomicBool::new(false);
/// The program itself asked for files under a recorder.
static WAS_FLUSHED: AtomicBool = AtomicBool::new(false);
/// Callers of `chic_rt_trace_enter` pass three words.
static THREE_WORDS: AtomicBool = AtomicBool::new(false);

/// What the environment says.
pub struct Config {
    pub profile: String,
    pub target: String,
    /// Absolute, unless the working directory is not known.
    output: PathBuf,
    run_log: Option<PathBuf>,
    /// Seconds, from `SOURCE_DATE_EPOCH`.
    epoch: Option<u64>,
}

/// The triple of this build.
const TRIPLE: &str = if cfg!(all(target_arch = "x86_64", target_env = "musl")) {
    "x86_64-unknown-linux-musl"
} else if cfg!(target_arch = "x86_64") {
    "x86_64-unknown-linux-gnu"
} else if cfg!(all(target_arch = "aarch64", target_env = "musl")) {
    "aarch64-unknown-linux-musl"
} else if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "unknown-unknown-linux"
};

/// A variable; empty counts as unset.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Option<String> {
    let value = variable(name)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn is_truthy(name: &str) -> bool {
    text(name).is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.to_lowercase().as_str()))
}

fn absolute(path: OsString) -> PathBuf {
    let path = PathBuf::from(path);
    if path.is_absolute() {
        return path;
    }
    let ends_in_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let Ok(folder) = std::env::current_dir() else { return path };
    let mut whole = folder.join(&path);
    if ends_in_slash {
        whole.push("");
    }
    whole
}

impl Config {
    fn read() -> Config {
        Config {
            profile: text("CHIC_TRACE_PROFILE").unwrap_or_else(|| "default".to_owned()),
            target: text("CHIC_TRACE_TARGET").unwrap_or_else(|| TRIPLE.to_owned()),
            output: absolute(variable("CHIC_TRACE_OUTPUT").unwrap_or_else(|| "perf.json".into())),
            run_log: variable("CHIC_RUN_LOG").map(absolute),
            epoch: text("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok()),
        }
    }

    /// RFC 3339 in UTC, with milliseconds.
    pub fn started_at(&self) -> String {
        let ns = self.epoch.map_or_else(clock::started_at, |seconds| seconds.saturating_mul(1_000_000_000));
        date(ns / 1_000_000)
    }
}

/// RFC 3339 of milliseconds since 1970.
fn date(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0 in eras of 400 years; years that begin in March have their leap day last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60,
        ms % 1_000
    )
}

/// Whether events count. The first one starts the library, should no constructor have done so.
#[inline(always)]
pub fn is_on() -> bool {
    match MODE.load(Relaxed) {
        on if on == Mode::On as u8 => true,
        off if off == Mode::Off as u8 => false,
        _ => start(),
    }
}

/// As [`is_on`], and the first span makes that files are written.
#[inline(always)]
pub fn is_on_for_enter() -> bool {
    if !is_on() {
        return false;
    }
    if !WAS_USED.load(Relaxed) {
        WAS_USED.store(true, Relaxed);
    }
    true
}

pub fn has_three_words() -> bool {
    THREE_WORDS.load(Relaxed)
}

#[cold]
fn start() -> bool {
    if MODE.compare_exchange(Mode::Undecided as u8, Mode::Starting as u8, AcqRel, Acquire).is_err() {
        return MODE.load(Acquire) == Mode::On as u8;
    }
    let _quiet = Quiet::begin();
    keep();
    if text("CHIC_TRACE").is_some_and(|value| ["off", "0"].contains(&value.to_lowercase().as_str())) {
        MODE.store(Mode::Off as u8, Release);
        return false;
    }
    let answer = recorder::hello(hooks::are_linked());
    let options = answer.as_ref().map_or(0, |answer| answer.options);
    clock::start(match &answer {
        _ if options & recorder::FAKE != 0 || is_truthy("CHIC_TRACE_FAKE_CLOCK") => Clock::Fake,
        Some(answer) if answer.clock == Clock::Tsc as u32 => Clock::Tsc,
        Some(_) => Clock::Monotonic,
        None if clock::tsc_is_trusted() => Clock::Tsc,
        None => Clock::Monotonic,
    });
    let are_wanted = answer.is_none() || options & recorder::COUNT_ALLOCATIONS != 0;
    allocations::allow(are_wanted && clock::chosen() != Clock::Fake);
    let config = CONFIG.get_or_init(Config::read);
    if config.run_log.is_some() {
        run_log::switch_on();
    }
    if is_truthy("CHIC_PROFILE_AUTO_TRACE") || options & recorder::HOOKS_LIVE != 0 {
        hooks::wake();
    }
    THREE_WORDS.store(text("CHIC_TRACE_ABI").as_deref() == Some("3"), Relaxed);
    check_cadence();
    live::start();
    // SAFETY: the handlers stay.
    unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) };
    MODE.store(Mode::On as u8, Release);
    true
}

/// Nothing is sampled here, but a cadence that is none is told where it is found.
fn check_cadence() {
    for name in ["CHIC_TRACE_SAMPLE_NS", "CHIC_TRACE_SAMPLE_HZ", "CHIC_TRACE_SAMPLE_MS"] {
        if let Some(value) = text(name) {
            if value.parse::<u64>().is_err() {
                complain(&format!("{name} is `{}`, expected a whole number: ignored", value.escape_debug()));
            }
            return;
        }
    }
}

fn complain(what: &str) {
    use std::io::Write;
    // One write, so that it is one line; nobody can be told when stderr is gone.
    let _ = std::io::stderr().write_all(format!("chic-trace: {what}\n").as_bytes());
}

extern "C" fn before_fork() {
    core::mem::forget(live::LOCK.take());
}

extern "C" fn after_fork() {
    live::LOCK.release();
}

extern "C" fn in_child() {
    let _quiet = Quiet::begin();
    IS_CHILD.store(true, Relaxed);
    WAS_USED.store(false, Relaxed);
    WAS_FLUSHED.store(false, Relaxed);
    run_log::start_anew();
    allocations::start_anew();
    if recorder::is_present() {
        recorder::hello(hooks::are_linked());
    }
    live::start_anew();
    live::LOCK.release();
}

/// Bytes that a document may take, to be had before it is begun.
fn expected_bytes(tasks: usize) -> usize {
    (1 << 20) + registry::count() as usize * 4_096 + tasks * (4 << 20)
}

fn has_memory(bytes: usize) -> bool {
    let at = memory::map(bytes);
    if at.is_null() {
        return false;
    }
    // SAFETY: just mapped, and nobody has seen it.
    unsafe { memory::unmap(at, bytes) };
    true
}

/// Writes the three files at `path`, or where the environment says.
///
/// # Errors
/// [`Error`]; the files that were there stay then.
pub fn flush(path: Option<&Path>, is_running: bool) -> Result<(), Error> {
    let config = CONFIG.get_or_init(Config::read);
    let _quiet = Quiet::begin();
    let held = live::LOCK.take_unless_held().ok_or(Error::Busy)?;
    let tasks = live::tasks(&held);
    if !has_memory(expected_bytes(tasks.len())) {
        return Err(Error::Memory);
    }
    let mut totals = Totals::default();
    live::with_left(&held, |left| totals.add(left));
    // Names are asked for only where they are shown: with several threads.
    let are_several = totals.threads as usize + tasks.len() > 1;
    for task in tasks {
        totals.add_task(task, are_several);
    }
    drop(held);
    let pid = IS_CHILD.load(Relaxed).then(std::process::id);
    let (clock, wall) = (clock::chosen(), clock::ticks().saturating_sub(clock::start_ticks()));
    let scale = Scale::measure();
    let entered = totals.rows.keys().next().filter(|_| clock != Clock::Fake);
    let overhead = entered.and_then(|number| task::cost_of_pairs(*number));
    let overhead_ns = overhead.map(|(ticks, pairs)| ticks as f64 * scale.factor() / f64::from(pairs));
    let family = document::family(&Facts { config, totals: &totals, scale, clock, wall, is_running, pid, overhead_ns });
    let names = Names::of(path.unwrap_or(&config.output), pid.filter(|_| path.is_none()))?;
    files::write(&names.folded, &family.folded)?;
    files::write(&names.summary, &family.summary)?;
    files::write(&names.perf, &family.perf)?;
    write_run_log(config, &names.perf, pid)
}

fn write_run_log(config: &Config, perf: &Path, pid: Option<u32>) -> Result<(), Error> {
    let Some(path) = &config.run_log else { return Ok(()) };
    let path = match pid {
        Some(pid) => {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{pid}"));
            PathBuf::from(name)
        }
        None => path.clone(),
    };
    if files::are_same(&path, perf) {
        return Ok(());
    }
    let mut json = crate::json::Json::new();
    run_log::write(&mut json);
    files::write(&path, &json.finish())
}

/// `chic_rt_trace_flush`: 0, or −1, −2, −4.
pub fn flush_asked_for(path: Option<&Path>) -> i32 {
    if !is_on() {
        return 0;
    }
    recorder::quiet();
    if let Some(task) = task::known() {
        allocations::report(task, false);
    }
    let result = std::panic::catch_unwind(|| flush(path, true));
    recorder::loud();
    match result {
        Ok(Ok(())) => {
            WAS_FLUSHED.store(true, Relaxed);
            if let (true, Some(path)) = (recorder::is_present(), path.or(CONFIG.get().map(|it| it.output.as_path()))) {
                recorder::flushed(path.as_os_str().as_encoded_bytes());
            }
            0
        }
        Ok(Err(Error::Memory)) => -2,
        Ok(Err(Error::Open(..) | Error::Name(_))) => -4,
        Ok(Err(Error::Write(..) | Error::Busy)) | Err(_) => -1,
    }
}

extern "C" fn starts() {
    is_on();
}

extern "C" fn ends() {
    if MODE.load(Relaxed) != Mode::On as u8 {
        return;
    }
    if recorder::is_present() && allocations::are_counted() {
        let _quiet = Quiet::begin();
        if let Some((task, _)) = task::mine() {
            allocations::report(task, true);
        }
    }
    if !WAS_USED.load(Relaxed) {
        return;
    }
    if recorder::writes_family() && !WAS_FLUSHED.load(Relaxed) {
        return;
    }
    recorder::quiet();
    if let Ok(Err(error)) = std::panic::catch_unwind(|| flush(None, false)) {
        complain(&error.to_string());
    }
    recorder::loud();
}

/// Before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static STARTS: extern "C" fn() = starts;

/// Behind all other handlers of the program: the lowest priority runs last.
#[used]
#[unsafe(link_section = ".fini_array.00000")]
static ENDS: extern "C" fn() = ends;

/// Names both, so that a linker which takes the one takes the other.
fn keep() {
    // SAFETY: reads two words of ours.
    unsafe {
        core::ptr::read_volatile(&raw const STARTS);
        core::ptr::read_volatile(&raw const ENDS);
    }
}
