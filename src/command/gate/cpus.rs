//! CPUs for two programs that run at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long CPUs are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What a CPU that is free does not do, percent of the time.
const FREE_PERCENT: u64 = 50;

/// The two CPUs of ours that do least, on cores of their own where there are such.
///
/// # Errors
/// Why there are none.
pub fn two_free() -> Result<[u32; 2], String> {
    let own = tracer::own_cpus();
    if own.len() < 2 {
        return Err(format!("{} CPU is allowed here, 2 are needed", own.len()));
    }
    let before = idle();
    std::thread::sleep(LOOK);
    let after = idle();
    let share = |cpu: u32| {
        let ((idle_before, all_before), (idle_after, all_after)) = before.get(&cpu).zip(after.get(&cpu))?;
        let all = all_after.checked_sub(*all_before).filter(|all| *all > 0)?;
        Some(idle_after.saturating_sub(*idle_before) * 100 / all)
    };
    // What the kernel does not say of a CPU is no reason against it.
    let shares: Vec<(u32, u64)> = own.iter().map(|cpu| (*cpu, share(*cpu).unwrap_or(100))).collect();
    let free = |cpu: &&(u32, u64)| cpu.1 >= FREE_PERCENT;
    chosen(shares.iter().filter(free).map(|(cpu, share)| (*cpu, *share, core(*cpu))).collect()).ok_or_else(|| {
        let busy = shares.iter().filter(|cpu| !free(cpu)).count();
        format!("{busy} of {} CPUs are busy, 2 free ones are needed", own.len())
    })
}

/// Two of these, the idlest first; the second on another core, if there is one.
fn chosen(mut free: Vec<(u32, u64, Option<String>)>) -> Option<[u32; 2]> {
    free.sort_by_key(|(cpu, share, _)| (std::cmp::Reverse(*share), *cpu));
    let (first, rest) = free.split_first()?;
    let apart = |other: &&(u32, u64, Option<String>)| other.2.is_none() || other.2 != first.2;
    let second = rest.iter().find(apart).or(rest.first())?;
    Some([first.0, second.0])
}

/// Ticks of idleness, and all ticks, of each CPU (proc_stat(5)).
fn idle() -> BTreeMap<u32, (u64, u64)> {
    std::fs::read_to_string("/proc/stat").map(|text| idle_of(&text)).unwrap_or_default()
}

fn idle_of(text: &str) -> BTreeMap<u32, (u64, u64)> {
    let cpu = |line: &str| {
        let (name, columns) = line.strip_prefix("cpu")?.split_once(' ')?;
        // user nice system idle iowait irq softirq steal; guests are in user and nice already.
        let columns: Vec<u64> = columns.split_ascii_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
        let waiting = columns.get(4).copied().unwrap_or(0);
        Some((name.parse().ok()?, (columns.get(3)? + waiting, columns.iter().sum())))
    };
    text.lines().filter_map(cpu).collect()
}

/// The core that a CPU belongs to, as the list of those that share it.
fn core(cpu: u32) -> Option<String> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_idlest_are_chosen_on_cores_of_their_own() {
        let core = |name: &str| Some(name.to_owned());
        let all = vec![(0, 60, core("0-1")), (1, 90, core("0-1")), (2, 80, core("2-3")), (3, 100, core("2-3"))];
        assert_eq!(chosen(all), Some([3, 1]));
        assert_eq!(chosen(vec![(0, 90, core("0-1")), (1, 90, core("0-1"))]), Some([0, 1]), "siblings, if need be");
        assert_eq!(chosen(vec![(4, 90, None), (5, 95, None)]), Some([5, 4]));
        assert_eq!(chosen(vec![(4, 90, None)]), None);
    }

    #[test]
    fn idleness_is_read_by_cpu() {
        let text = "cpu  9 9 9 9 9 9 9 9\ncpu0 10 0 10 70 5 0 0 5 3 0\ncpu12 1 0 0 9 0 0 0 0\nintr 5\n";
        assert_eq!(idle_of(text), BTreeMap::from([(0, (75, 100)), (12, (9, 10))]));
    }
}
