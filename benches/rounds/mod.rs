//! What benches share: ways of running something that are measured in turn, in random order, and compared within a
//! round, since times mean little across machines and much within a round.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What each way gave in one round.
pub type Round<W> = Vec<(W, f64)>;

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures every way once a round; the order within a round is not fixed.
pub fn interleaved<W: Copy>(rounds: usize, ways: &[W], mut measure: impl FnMut(W) -> f64) -> Vec<Round<W>> {
    let mut ways = ways.to_vec();
    let mut state = u64::from(std::process::id());
    let mut round = || {
        shuffle(&mut ways, &mut state);
        ways.iter().map(|way| (*way, measure(*way))).collect()
    };
    (0..rounds).map(|_| round()).collect()
}

fn shuffle<W>(items: &mut [W], state: &mut u64) {
    for i in (1..items.len()).rev() {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        items.swap(i, (*state >> 33) as usize % (i + 1));
    }
}

/// Median, least and greatest of the ratios of two ways over the rounds.
pub fn ratio<W: PartialEq>(rounds: &[Round<W>], a: W, b: W) -> Option<String> {
    let of = |round: &Round<W>, way: &W| round.iter().find(|(known, _)| known == way).map(|(_, value)| *value);
    let mut ratios: Vec<f64> = rounds.iter().filter_map(|round| Some(of(round, &a)? / of(round, &b)?)).collect();
    if ratios.is_empty() {
        return None;
    }
    let middle = median(&mut ratios);
    Some(format!("{middle:.3} ({:.3}-{:.3})", ratios[0], ratios[ratios.len() - 1]))
}

/// The median of one way.
pub fn middle<W: PartialEq>(rounds: &[Round<W>], way: W) -> f64 {
    let mut values: Vec<f64> = rounds.iter().flatten().filter(|(known, _)| *known == way).map(|(_, v)| *v).collect();
    median(&mut values)
}

/// Where programs are built for the bench.
pub fn built(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    target.join("release").join(name)
}

pub fn build(words: &[&str]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "-q"]).args(words).status().expect("cargo runs");
    assert!(status.success(), "{words:?} builds");
}

/// Keeps what else runs on this machine from the CPUs, where that is allowed; and what cargo sets from programs, which would
/// search its folders for every library. To be called before there is another thread.
#[allow(unsafe_code, reason = "no safe form takes a variable away")]
pub fn go_first() -> String {
    // SAFETY: nobody else looks at the environment yet.
    unsafe { std::env::remove_var("LD_LIBRARY_PATH") };
    std::fs::write("/proc/self/autogroup", "-10")
        .map_or_else(|error| format!("autogroup nice not set: {error}"), |()| "autogroup nice -10".into())
}

pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_string();
    let steal = read("/proc/stat").lines().next().and_then(|l| l.split_whitespace().nth(8)).unwrap_or("?").to_string();
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    format!("Linux {kernel}, {cpus} CPUs, load {load}, steal ticks {steal}")
}
