//! Placement: the tracer and the tasks that stop most share a core, while that pays.
//!
//! Most of a stop's price is waking the other side on another core; on one core it is a sixth of
//! that. So when stops come fast, the tracer and the hot tasks are pinned to the core where the
//! hottest last ran, and freed when they cool down. A program that starts makes little but calls and
//! may be over before its rate is known, so a new process begins pinned, unless others compute
//! meanwhile: it may be one of many that do. Tasks that compute in parallel are not kept together.
//!
//! It must not show. A target that asks for its CPUs, by call or by opening a file of /proc that names
//! them, finds the true masks of all tasks in place before the kernel answers, and its process is not
//! pinned again. A new thread gets its parent's true mask before its first instruction. What can still
//! tell: getcpu(2), observers outside the session, and a descriptor of a status file that was opened
//! before; should the tracer be killed by SIGKILL, an unfiltered target keeps the mask it has.

use recording::event::Record;
use std::collections::HashMap;

use crate::session::{Calls, Session};
use crate::sys::affinity::{self, Cpus};
use crate::sys::ptrace::Stopped;
use crate::sys::{Tid, clock};
use crate::task::{ByNumber, InCall, Task, Watch};
use crate::{Plan, look};

/// Stops are counted over so long, ns.
const WINDOW: u64 = 10_000_000;
/// Stops a second from which on pinning pays, while one task at a time runs.
const HOT: u64 = 10_000;
/// Stops a second from which on it keeps paying while several run: on one core they wait for each other. Two
/// tasks that work for 45 µs between stops come out even, and stop so often then.
const HOT_TOGETHER: u64 = 20_000;
/// Among more tasks than this nobody looks for those that compute when a process is born.
const MANY: usize = 64;
/// Tasks that may be pinned before anything grows.
const ROOM: usize = 64;
/// Stops a second from which on a task takes part.
const WARM: u64 = 1_000;

/// See the module.
#[derive(Debug)]
pub struct Placement {
    enabled: bool,
    window_began: u64,
    stops: u64,
    /// Nobody is pinned before this time, ns: what was opened is about to be read, or apart they are faster.
    not_before: u64,
    pin: Option<Pin>,
    /// True masks of the pinned.
    masks: HashMap<Tid, Cpus, ByNumber>,
    /// Stops of those who stop often, while they are looked at.
    hot: Vec<(u32, Tid)>,
}

#[derive(Debug, Clone, Copy)]
struct Pin {
    cpu: Cpus,
    number: usize,
    /// Our own mask.
    own: Cpus,
}

impl Placement {
    /// Under this plan: off where it is not asked for, where nothing stops, and under a filter that
    /// would not show an open below /proc.
    pub fn for_plan(plan: &Plan, calls: Calls) -> Placement {
        let sees_opens = match (&plan.wanted, calls) {
            (_, Calls::Every) => true,
            (Some(wanted), Calls::Filtered) => [libc::SYS_open, libc::SYS_openat, libc::SYS_openat2]
                .iter()
                .all(|nr| wanted.takes(syscalls::Abi::X86_64, *nr as u64)),
            _ => false,
        };
        Placement {
            enabled: plan.placement == crate::Placement::Auto && sees_opens,
            window_began: clock::monotonic_ns(),
            ..Placement::off()
        }
    }

    /// Never pins.
    pub fn off() -> Placement {
        Placement {
            enabled: false,
            window_began: 0,
            stops: 0,
            not_before: 0,
            pin: None,
            // Who is pinned first may be so in the midst of a run: then there is room already.
            masks: HashMap::with_capacity_and_hasher(ROOM, Default::default()),
            hot: Vec::with_capacity(ROOM),
        }
    }

    /// May somebody be pinned now or later?
    pub fn may_pin(&self) -> bool {
        self.enabled
    }

    /// Is anybody pinned?
    pub fn is_pinned(&self) -> bool {
        self.pin.is_some()
    }

    /// The mask of a task that has this one, when nobody is left who knows: ours, if it looks like our pin.
    fn without_pin(&self, found: Cpus) -> Cpus {
        self.pin.filter(|pin| pin.cpu == found).map_or(found, |pin| pin.own)
    }
}

impl Session<'_> {
    /// Counts a stop; every so often looks at the rate.
    pub(crate) fn note_stop(&mut self, tid: Tid) {
        if !self.placement.enabled {
            return;
        }
        self.placement.stops += 1;
        if let Some(task) = self.tasks.get_mut(tid) {
            task.stops += 1;
        }
        if self.placement.stops.is_multiple_of(32) {
            self.review_placement(Some(tid));
        }
    }

    /// At the end of a window: pin, keep or free. `stopped` is the task that has just stopped, if one has.
    pub(crate) fn review_placement(&mut self, stopped: Option<Tid>) {
        let elapsed = self.now.saturating_sub(self.placement.window_began);
        if !self.placement.enabled || elapsed < WINDOW {
            return;
        }
        let rate = self.placement.stops.saturating_mul(1_000_000_000) / elapsed;
        let pinned = self.placement.is_pinned();
        let enough = if pinned && self.several_run(stopped) { HOT_TOGETHER } else { HOT };
        if rate >= enough && self.now >= self.placement.not_before {
            self.pin_the_hot(elapsed);
        } else {
            if pinned && rate >= HOT {
                // Hot, but better apart: the next window would only tell that they are hot.
                self.placement.not_before = self.now.saturating_add(10 * WINDOW);
            }
            self.restore_placement();
        }
        self.placement.window_began = self.now;
        self.placement.stops = 0;
        self.tasks.forget_stops();
    }

    /// Do tasks run beside the one that has just stopped, or several?
    fn several_run(&self, stopped: Option<Tid>) -> bool {
        let running = |task: &&Task| task.call == InCall::No && Some(task.tid) != stopped;
        self.tasks.iter().filter(running).nth(usize::from(stopped.is_none())).is_some()
    }

    fn pin_the_hot(&mut self, elapsed: u64) {
        let warm = |stops: u32| u64::from(stops).saturating_mul(1_000_000_000) / elapsed >= WARM;
        let Placement { pin, masks, hot, .. } = &mut self.placement;
        hot.clear();
        hot.extend(
            self.tasks
                .iter()
                .filter(|task| warm(task.stops))
                .filter(|task| self.tasks.process(task.pid).is_none_or(|process| !process.asked_cpus))
                .map(|task| (task.stops, task.tid)),
        );
        hot.sort_unstable_by(|a, b| b.cmp(a));
        let Some((_, hottest)) = hot.first().copied() else { return self.restore_placement() };
        if pin.is_none() {
            *pin = look::last_cpu(hottest).and_then(pin_ourselves);
        }
        let Some(pin) = *pin else { return };
        for (_, tid) in hot.iter() {
            if !masks.contains_key(tid)
                && let Ok(mask) = affinity::get(*tid)
                && mask.has(pin.number)
                && affinity::is_fair(*tid)
                && affinity::set(*tid, &pin.cpu).is_ok()
            {
                masks.insert(*tid, mask);
            }
        }
        masks.retain(|tid, mask| {
            let stays = hot.iter().any(|(_, hot)| hot == tid);
            if !stays {
                pin.free(*tid, mask);
            }
            stays
        });
        if masks.is_empty() {
            self.restore_placement();
        }
    }

    /// Everybody gets the true mask back.
    pub(crate) fn restore_placement(&mut self) {
        let Some(pin) = self.placement.pin.take() else { return };
        for (tid, mask) in self.placement.masks.drain() {
            pin.free(tid, &mask);
        }
        let _ = affinity::set(Tid(0), &pin.own);
    }

    /// The program that we start begins on our core.
    pub(crate) fn place_root(&mut self, root: Tid) {
        if self.placement.enabled
            && let Ok(mask) = affinity::get(root)
        {
            self.pin_newborn(root, mask);
        }
    }

    /// A new task has the mask its parent had when it was made, a pin perhaps: before its first instruction it
    /// gets the true one, or begins pinned.
    pub(crate) fn place_newborn(&mut self, parent: Tid, child: Tid, thread: bool) {
        if !self.placement.enabled {
            return;
        }
        let Ok(found) = affinity::get(child) else { return };
        let mask = match self.placement.masks.get(&parent) {
            Some(mask) => *mask,
            // The pin may have ended since, and the parent too.
            None => affinity::get(parent).unwrap_or_else(|_| self.placement.without_pin(found)),
        };
        if !thread && self.nobody_computes() && self.pin_newborn(child, mask) {
            return;
        }
        if mask != found {
            let _ = affinity::set(child, &mask);
        }
    }

    /// Is every task in a call, as far as can be seen? The one that is being born is not known yet.
    fn nobody_computes(&self) -> bool {
        self.calls == Calls::Every
            && self.tasks.len() <= MANY
            && self.tasks.iter().all(|task| task.call != InCall::No || task.group_stopped)
    }

    /// Pins a task that has not run yet, to our core if nobody is pinned. Its true mask is `mask`.
    fn pin_newborn(&mut self, child: Tid, mask: Cpus) -> bool {
        let Placement { pin, masks, not_before, .. } = &mut self.placement;
        if self.leaving.is_some() || self.now < *not_before || mask.count() < 2 || !affinity::is_fair(child) {
            return false;
        }
        if pin.is_none() {
            *pin = affinity::current_cpu().and_then(pin_ourselves);
        }
        let pinned = pin.is_some_and(|pin| mask.has(pin.number) && affinity::set(child, &pin.cpu).is_ok());
        if pinned {
            masks.insert(child, mask);
        }
        pinned
    }

    /// The task ended or goes on under another number.
    pub(crate) fn forget_pinned(&mut self, tid: Tid) {
        self.placement.masks.remove(&tid);
    }

    /// Does this call ask for CPUs? Then the truth is put in place first. A file that tells them is read
    /// after it was opened, so an open counts also while nobody is pinned.
    pub(crate) fn hide_placement(&mut self, stopped: &Stopped, nr: u64, args: &[u64; 6]) {
        let pinned = self.placement.is_pinned();
        let opens = match nr as i64 {
            libc::SYS_open => self.names_a_status(stopped, args[0]),
            libc::SYS_openat | libc::SYS_openat2 => self.names_a_status(stopped, args[1]),
            _ => false,
        };
        let tells = match nr as i64 {
            libc::SYS_sched_getaffinity | libc::SYS_sched_setaffinity => pinned,
            // A child that we do not follow would keep the pin.
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 if pinned => {
                !self.follow || self.tasks.get(stopped.tid()).is_some_and(|task| task.watch == Watch::MakesUntraced)
            }
            _ => opens,
        };
        if !tells {
            return;
        }
        if opens {
            self.placement.not_before = self.now.saturating_add(10 * WINDOW);
        }
        self.restore_placement();
        if let Some(pid) = self.tasks.get(stopped.tid()).map(|task| task.pid)
            && let Some(process) = self.tasks.process_mut(pid)
        {
            process.asked_cpus = true;
        }
    }

    fn names_a_status(&self, stopped: &Stopped, addr: u64) -> bool {
        match self.tasks.get(stopped.tid()) {
            Some(task) if task.call == InCall::Shown && has_text(&task.record) => {
                task.record.view().payloads().next().is_none_or(|path| may_show_cpus(path.bytes))
            }
            _ => read_path(stopped, addr).is_none_or(|path| may_show_cpus(&path)),
        }
    }
}

impl Pin {
    /// Gives the task its mask back, unless somebody else has changed it since.
    fn free(&self, tid: Tid, mask: &Cpus) {
        if affinity::get(tid).is_ok_and(|now| now == self.cpu) {
            let _ = affinity::set(tid, mask);
        }
    }
}

/// To this core, if we may run there and elsewhere.
fn pin_ourselves(number: usize) -> Option<Pin> {
    let own = affinity::get(Tid(0)).ok()?;
    if !own.has(number) || own.count() < 2 {
        return None;
    }
    let cpu = Cpus::only(number);
    affinity::set(Tid(0), &cpu).ok()?;
    Some(Pin { cpu, number, own })
}

fn has_text(record: &Record) -> bool {
    record.view().payloads().next().is_some_and(|p| p.head.shape == recording::event::Shape::Text)
}

/// Up to 64 words of a path.
fn read_path(stopped: &Stopped, addr: u64) -> Option<Vec<u8>> {
    let mut path = Vec::with_capacity(64);
    for i in 0..64 {
        for byte in stopped.peek(addr.checked_add(8 * i)?)?.to_ne_bytes() {
            if byte == 0 {
                return Some(path);
            }
            path.push(byte);
        }
    }
    Some(path)
}

/// Could a file of this name tell a task's CPUs? Anything below a directory `proc` but what is known not to;
/// and, because the directory may be one of /proc, every relative `status`.
fn may_show_cpus(path: &[u8]) -> bool {
    let inside = path.split(|b| *b == b'/').any(|part| part == b"proc") && !tells_nothing_of_cpus(path);
    inside || (path.first() != Some(&b'/') && path.rsplit(|b| *b == b'/').next() == Some(b"status"))
}

/// Files of the whole system, and files of a process without its mask, that most programs open when
/// they start (`/proc/filesystems`, `/proc/self/maps`).
fn tells_nothing_of_cpus(path: &[u8]) -> bool {
    const OF_A_PROCESS: [&[u8]; 10] =
        [b"auxv", b"cgroup", b"cmdline", b"comm", b"environ", b"exe", b"limits", b"maps", b"mountinfo", b"mounts"];
    let Some(name) = path.strip_prefix(b"/proc/") else { return false };
    match name.strip_prefix(b"self/") {
        Some(name) => OF_A_PROCESS.contains(&name),
        None => {
            let lower = |b: &u8| b.is_ascii_lowercase();
            !name.is_empty() && name.iter().all(lower) && name != b"self"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_could_tell_the_cpus_is_taken_for_asking() {
        for path in ["/proc/self/status", "//proc/1/status", "proc", "status", "../12/status", "/x/../proc/self"] {
            assert!(may_show_cpus(path.as_bytes()), "{path}");
        }
        for path in ["/proc/", "/proc/1", "/proc/self", "/proc/thread-self", "/proc/self/maps/../status"] {
            assert!(may_show_cpus(path.as_bytes()), "{path}");
        }
        for path in [
            "/etc/passwd",
            "/var/status",
            "a.so",
            "",
            "/usr/lib/x",
            "/proc/filesystems",
            "/proc/self/maps",
            "asm/processor.h",
            "/x/process/y",
        ] {
            assert!(!may_show_cpus(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_filter_without_opens_forbids_pinning() {
        let wanted = |numbers: &[i64]| {
            let mut native = [0; 8];
            for nr in numbers {
                native[(nr / 64) as usize] |= 1 << (nr % 64);
            }
            Some(crate::Wanted { native, i386: [0; 8], unknown: false })
        };
        let enabled = |wanted, calls| {
            let mut plan = crate::plan::tests::plan();
            plan.wanted = wanted;
            Placement::for_plan(&plan, calls).enabled
        };
        assert!(enabled(None, Calls::Every));
        assert!(!enabled(wanted(&[libc::SYS_write]), Calls::Filtered));
        assert!(enabled(wanted(&[libc::SYS_open, libc::SYS_openat, libc::SYS_openat2]), Calls::Filtered));
        assert!(!enabled(wanted(&[]), Calls::None));
    }
}
