//! Time and scheduling: sleeps, waits without descriptors, timers, draws of entropy, policies.

use syscalls::names::SCHED_POLICIES;

use super::Lowering;
use super::scene::{BEFORE, Scene, u64_at};
use crate::model::Verb;
use crate::run::raw::{Key, Raw};

const NANOS: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;

/// A sleep of so many nanoseconds was asked for.
fn sleep(lower: &mut Lowering, scene: &Scene<'_>, nanos: u64) {
    let facts = lower.run.process(scene.process());
    facts.count("sleep.count", 1);
    facts.count("sleep.total", nanos / MILLI);
}

/// `struct timespec` in ns.
fn spec(bytes: &[u8]) -> Option<u64> {
    Some(u64_at(bytes, 0)?.saturating_mul(NANOS).saturating_add(u64_at(bytes, 8)?))
}

/// -, -, time
pub(super) fn nanosleep(lower: &mut Lowering, scene: &Scene<'_>) {
    let asked = scene.bytes(0, BEFORE).and_then(spec).unwrap_or(0);
    sleep(lower, scene, asked);
}

/// clock, flags, time: until a moment (`TIMER_ABSTIME`) counts what is left of it.
pub(super) fn clock_nanosleep(lower: &mut Lowering, scene: &Scene<'_>) {
    const TIMER_ABSTIME: u64 = 1;
    let asked = scene.data(2, BEFORE).and_then(spec).unwrap_or(0);
    if scene.arg(1) & TIMER_ABSTIME != 0 {
        // The moment itself says nothing about how long; how long it took does, in whole milliseconds.
        let took = scene.call.event.call().map_or(0, |call| call.left().saturating_sub(scene.call.event.at()));
        return sleep(lower, scene, took);
    }
    sleep(lower, scene, asked);
}

/// A wait without descriptors is a sleep when it is longer than a millisecond.
fn idle(lower: &mut Lowering, scene: &Scene<'_>, descriptors: bool, timeout: Option<u64>) {
    if descriptors {
        return lower.info(scene, "poll.calls");
    }
    match timeout {
        Some(nanos) if nanos > MILLI => sleep(lower, scene, nanos),
        _ => lower.run.process(scene.process()).count("poll.empty", 1),
    }
}

/// number, -, milliseconds
pub(super) fn poll(lower: &mut Lowering, scene: &Scene<'_>) {
    let timeout = u64::try_from(scene.arg(2) as i32).ok().map(|millis| millis.saturating_mul(MILLI));
    idle(lower, scene, scene.arg(0) != 0, timeout);
}

/// number, -, `struct timespec`
pub(super) fn ppoll(lower: &mut Lowering, scene: &Scene<'_>) {
    let timeout = scene.data(2, BEFORE).and_then(spec);
    idle(lower, scene, scene.arg(0) != 0, timeout);
}

/// number, -, `struct timeval`
pub(super) fn select(lower: &mut Lowering, scene: &Scene<'_>) {
    let value = scene.data(2, BEFORE).and_then(|value| Some((u64_at(value, 0)?, u64_at(value, 8)?)));
    let timeout =
        value.map(|(seconds, micros)| seconds.saturating_mul(NANOS).saturating_add(micros.saturating_mul(1000)));
    idle(lower, scene, selects(scene), timeout);
}

/// number, -, `struct timespec`
pub(super) fn pselect(lower: &mut Lowering, scene: &Scene<'_>) {
    let timeout = scene.data(2, BEFORE).and_then(spec);
    idle(lower, scene, selects(scene), timeout);
}

fn selects(scene: &Scene<'_>) -> bool {
    scene.arg(0) != 0 && (1..4).any(|set| scene.word(set) != 0)
}

pub(super) fn epoll_wait(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "poll.calls");
}

pub(super) fn futex(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "futex.waits");
}

pub(super) fn reads(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "time.reads");
}

pub(super) fn yields(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "yield");
}

pub(super) fn random(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "entropy.draws");
}

/// `0`, `finite`: a timer that never fires is not armed.
fn class(setting: Option<&[u8]>) -> Raw {
    let armed =
        setting.is_some_and(|setting| setting.get(16..32).is_some_and(|value| value.iter().any(|byte| *byte != 0)));
    Raw::Word(if armed { "finite" } else { "0" })
}

/// timerfd, setting
pub(super) fn arm_timerfd(lower: &mut Lowering, scene: &Scene<'_>) {
    let class = class(scene.data(1, BEFORE));
    let Some(object) = scene.object(0) else { return super::own::special_on_nothing(lower, scene, Verb::Arm) };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Arm, [class]);
    }
}

/// -, setting
pub(super) fn arm_timer(lower: &mut Lowering, scene: &Scene<'_>) {
    let class = class(scene.data(1, BEFORE));
    lower.step(scene, Key::Own, Verb::Arm, [Raw::Word("timer"), class]);
}

pub(super) fn timer_create(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.step(scene, Key::Own, Verb::Arm, [Raw::Word("timer")]);
}

/// -, `struct itimerval`
pub(super) fn setitimer(lower: &mut Lowering, scene: &Scene<'_>) {
    let class = class(scene.data(1, BEFORE));
    lower.step(scene, Key::Own, Verb::Arm, [Raw::Word("itimer"), class]);
}

/// seconds
pub(super) fn alarm(lower: &mut Lowering, scene: &Scene<'_>) {
    let class = if scene.arg(0) == 0 { "0" } else { "finite" };
    lower.step(scene, Key::Own, Verb::Arm, [Raw::Word("alarm"), Raw::Word(class)]);
}

fn set(lower: &mut Lowering, scene: &Scene<'_>, what: &'static str, word: &str) {
    if scene.worked() {
        lower.run.process(scene.process()).words.entry(what).or_default().insert(word.into());
    }
}

/// policy
pub(super) fn set_policy(lower: &mut Lowering, scene: &Scene<'_>) {
    set(lower, scene, "sched.policy", SCHED_POLICIES.name(scene.arg(0) & 0xffff).unwrap_or("other"));
}

pub(super) fn set_attributes(lower: &mut Lowering, scene: &Scene<'_>) {
    set(lower, scene, "sched.policy", "attributes");
}

/// mask
pub(super) fn set_affinity(lower: &mut Lowering, scene: &Scene<'_>) {
    let cpus: u32 = scene.data(0, BEFORE).unwrap_or_default().iter().map(|byte| byte.count_ones()).sum();
    set(lower, scene, "sched.affinity", &format!("{cpus}"));
}
