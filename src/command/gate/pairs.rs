//! Two programs, the old one and the new one with the same arguments: run in turns, or at the same time, until it is
//! known which is slower.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

use assertions::gate::{
    Bench, Judged, Looks, Measured, Measurement, Missing, Pair, Pairs, Row, Run, Side, Used, Values, Verdict, counters,
};
use tracer::{Launch, Usage};

use assertions::gate::counters::Traced;

use super::runs::{self, Stage, ended_well};
use super::settings::CheckSettings;
use super::{counted, cpus, failed};
use crate::cli::gate::{Counted, Turns};
use crate::host;
use crate::message::{Problem, named};
use crate::output::reason;
use crate::{perf, programs};

/// What came of it.
pub struct Paired {
    /// Of the old program.
    pub baseline: Side,
    /// Of the new one.
    pub candidate: Side,
    /// What is said of each measure.
    pub judged: Judged,
    /// The runs themselves.
    pub measurement: Measurement,
}

/// How long the starts of one program in a run take together, where they are not counted by the user: the speed of a
/// machine that others use as well changes within less.
const RUN: Duration = Duration::from_millis(500);

/// More starts than this make no run: what a short program costs is mostly the start itself.
const MOST_SAMPLES: usize = 10;

/// Runs both until every measure is decided or the looks are over; then counts what they do.
pub fn run(counted: &Counted, turns: &Turns, check: &CheckSettings) -> Result<Paired, Problem> {
    let mut old = counted.argv.clone();
    if let Some(first) = old.first_mut() {
        first.clone_from(&turns.baseline);
    }
    let mut both = Both::new([old, counted.argv.clone()], counted, turns)?;
    let id = counted::id(counted);
    let selected = |metric: &str| metric.contains(&check.filter) || id.contains(&check.filter);
    both.pairs_up_to(turns.pairs.unwrap_or(Looks::of(1).pairs()[0]))?;
    let mut measures = both.measured();
    measures.retain(|measured| selected(measured.metric));
    let mut rows = Vec::new();
    if !measures.is_empty() {
        let mut pairs = Pairs::new(&id, &measures, turns.pairs, &check.parameters);
        while let Some(wanted) = pairs.wanted() {
            both.pairs_up_to(wanted)?;
            pairs.look(&both.measured());
        }
        rows = pairs.into_rows();
    }
    let steal = both.measurement.steal_percent.filter(|steal| *steal > check.max_steal_percent);
    for row in rows.iter_mut().filter(|row| row.unit == "ns") {
        if let Some(steal) = steal {
            row.verdict = Verdict::NotMeasured;
            row.reason = Some(format!("host-busy: other guests of the machine took {steal:.1} % of its time"));
        }
    }
    let family_size = rows.len();
    // What is decided by these measures alone needs no runs that are not timed.
    if check.filter.is_empty() || id.contains(&check.filter) || rows.is_empty() {
        let mut counted = both.counted(&id, check)?;
        counted.retain(|row| selected(&row.metric));
        rows.extend(counted);
    }
    if rows.is_empty() {
        let missing = both.measurement.not_measured.iter().map(|missing| format!("; {}", told(missing)));
        let missing: String = missing.collect();
        return Err(failed(format!("cannot compare anything: no measure has {:?} in its name{missing}", check.filter)));
    }
    rows.sort_by(|a, b| a.metric.cmp(&b.metric));
    let [baseline, candidate] = both.sides(&id)?;
    let judged = Judged { rows, family_size, failures: Vec::new() };
    Ok(Paired { baseline, candidate, judged, measurement: both.measurement })
}

/// A line about something that was not measured.
pub fn told(missing: &Missing) -> String {
    format!("{} is not compared: {}", missing.metric, missing.reason)
}

/// Both programs and their runs.
struct Both {
    argv: [Vec<OsString>; 2],
    pads: [usize; 2],
    stage: Stage,
    began: Option<Ticks>,
    /// Why instructions are not counted.
    no_counter: String,
    /// Why page faults are not counted.
    no_faults: Option<String>,
    started: Vec<[u64; 2]>,
    /// Starts of each so far, those in runs.
    starts: usize,
    measurement: Measurement,
}

/// Old and new, as indices.
const OLD: usize = 0;
const NEW: usize = 1;

impl Both {
    /// One run of each that nobody counts fills the caches.
    fn new(argv: [Vec<OsString>; 2], counted: &Counted, turns: &Turns) -> Result<Both, Problem> {
        let randomised = tracer::without_aslr().err();
        let (side_by_side, in_turns) = match turns.duet.then(cpus::two_free) {
            None => (None, None),
            Some(Ok(two)) => (Some(two), None),
            Some(Err(why)) => (None, Some(why)),
        };
        // What runs is in a group of its own: nobody else ends it when we are told to end.
        tracer::interrupts::hold();
        let stage = Stage { stdin: turns.stdin.clone(), timeout: counted.timeout, no_aslr: randomised.is_none() };
        let mut both = Both {
            pads: pads([&argv[OLD], &argv[NEW]].map(|argv| argv.first().map_or(OsStr::new(""), |word| word))),
            argv,
            stage,
            began: Ticks::now(),
            no_counter: String::new(),
            no_faults: None,
            started: Vec::new(),
            starts: 0,
            measurement: Measurement { randomised, side_by_side, in_turns, ..Measurement::default() },
        };
        let longest = both.once(OLD)?.wall_ns.max(both.once(NEW)?.wall_ns);
        both.measurement.samples = turns.samples.unwrap_or_else(|| samples(longest));
        Ok(both)
    }

    /// Makes pairs until there are so many. The first start is one of the old program before one of the new, the second
    /// the other way round, and so on, within a pair and from pair to pair; at the same time, they change CPUs instead.
    fn pairs_up_to(&mut self, count: usize) -> Result<(), Problem> {
        while self.measurement.pairs.len() < count {
            let before = Ticks::now();
            let mut began = None;
            let (mut baseline, mut candidate) = (Vec::new(), Vec::new());
            for _ in 0..self.measurement.samples {
                let first = self.starts % 2;
                let (started, [old, new]) = match self.measurement.side_by_side {
                    Some(cpus) => self.at_once(if first == OLD { cpus } else { [cpus[1], cpus[0]] })?,
                    None => self.in_turns(first)?,
                };
                self.starts += 1;
                began.get_or_insert(started);
                baseline.push(old);
                candidate.push(new);
            }
            let now = Ticks::now();
            self.started.extend(began);
            self.measurement.steal_percent = Ticks::steal_percent(self.began, now);
            self.measurement.pairs.push(Pair {
                baseline,
                candidate,
                load_1m: host::load_1m(),
                steal_percent: Ticks::steal_percent(before, now),
                cpu_khz: host::cpu_khz(),
            });
        }
        Ok(())
    }

    /// When each began, and what it used.
    fn in_turns(&mut self, first: usize) -> Result<([u64; 2], [Used; 2]), Problem> {
        let mut started = [0; 2];
        let mut one = |which: usize| {
            started[which] = host::unix_ms(SystemTime::now());
            self.once(which)
        };
        let (a, b) = (one(first)?, one(1 - first)?);
        Ok((started, if first == OLD { [a, b] } else { [b, a] }))
    }

    /// The same with both at the same time, each on one of these CPUs.
    fn at_once(&mut self, cpus: [u32; 2]) -> Result<([u64; 2], [Used; 2]), Problem> {
        let launches = [self.launch(OLD, Some(cpus[OLD]))?, self.launch(NEW, Some(cpus[NEW]))?];
        let now = host::unix_ms(SystemTime::now());
        let runs = self.stage.bare(&[&launches[OLD], &launches[NEW]])?;
        let mut used = runs.into_iter().enumerate().map(|(which, usage)| self.used(which, usage));
        let mut next = || used.next().unwrap_or_else(|| Err(failed("run-failed: a run was not seen")));
        Ok(([now; 2], [next()?, next()?]))
    }

    fn measured(&mut self) -> Vec<Measured> {
        self.measurement.measured(host::own_peak_bytes(), &self.no_counter)
    }

    /// What both do: calls by runs that are not timed, page faults by those that are.
    fn counted(&mut self, id: &str, check: &CheckSettings) -> Result<Vec<Row>, Problem> {
        let traced = match self.traced(OLD).and_then(|old| Ok([old, self.traced(NEW)?])) {
            Ok(both) => both,
            // What can't be traced is timed all the same.
            Err(problem) => match problem.what.strip_prefix("run-failed: ") {
                Some(why) => {
                    self.missing("calls", why.to_owned());
                    [Vec::new(), Vec::new()]
                }
                None => return Err(problem),
            },
        };
        if let Some(why) = self.no_faults.clone() {
            self.missing("faults", format!("counter-unavailable: {why}"));
        }
        let faults = self.measurement.faults();
        let of = |which: usize| counted::counters(&traced[which], &faults[which], &self.argv[which]);
        let (old, new) = (of(OLD), of(NEW));
        let (rows, unsteady) = counters::compare_fresh(id, &old, &new, check.calls_percent);
        for name in unsteady {
            self.missing(&name, "it differs from run to run".to_owned());
        }
        Ok(rows)
    }

    /// Runs of one under the tracer.
    fn traced(&self, which: usize) -> Result<Vec<Traced>, Problem> {
        let run = |_| {
            let (counts, status) = self.stage.traced(self.launch(which, None)?)?;
            ended_well(&self.argv[which].first().cloned().unwrap_or_default(), status)?;
            Ok(counts)
        };
        (0..counters::RUNS).map(run).collect()
    }

    fn missing(&mut self, metric: &str, reason: String) {
        self.measurement.not_measured.push(Missing { metric: metric.to_owned(), reason });
    }

    fn launch(&self, which: usize, cpu: Option<u32>) -> Result<Launch, Problem> {
        self.stage.launch(&self.argv[which], self.pads[which], cpu)
    }

    fn once(&mut self, which: usize) -> Result<Used, Problem> {
        let launch = self.launch(which, None)?;
        let usage = self.stage.bare(&[&launch])?.pop();
        usage.map_or_else(|| Err(failed("run-failed: a run was not seen")), |usage| self.used(which, usage))
    }

    fn used(&mut self, which: usize, usage: Usage) -> Result<Used, Problem> {
        ended_well(&self.argv[which].first().cloned().unwrap_or_default(), usage.status)?;
        if let Err(why) = &usage.instructions {
            self.no_counter.clone_from(why);
        }
        if let Err(why) = usage.minor_faults.as_ref().and(usage.major_faults.as_ref()) {
            self.no_faults = Some(why.clone());
        }
        Ok(used(&usage))
    }

    fn sides(&self, id: &str) -> Result<[Side; 2], Problem> {
        let (git_sha, git_dirty) = host::git();
        let here = host::Host::here().digest;
        let walls = self.measurement.walls();
        let side = |which: usize| -> Result<Side, Problem> {
            let word = self.argv[which].first().cloned().unwrap_or_default();
            let path = programs::find(&word).unwrap_or_else(|| word.clone().into());
            let cannot = |error: std::io::Error| failed(format!("cannot read {}: {}", named(&path), reason(&error)));
            let bytes = perf::bytes(&path).map_err(cannot)?;
            let run = |(at, wall): (usize, &[f64; 2])| Run {
                pair: Some(at as u64),
                started_at_unix_ms: self.started.get(at).map(|started| started[which]),
                benches: vec![Bench::of(id, "wall", "ns", Values::Summary(wall[which]))],
            };
            Ok(Side {
                name: word.to_string_lossy().into_owned(),
                host_digest: Some(here.clone()),
                content_blake3: Some(assertions::gate::content_blake3([("program", bytes.as_slice())])),
                runs: walls.iter().enumerate().map(run).collect(),
                ..Side::default()
            })
        };
        // Only the new program is taken to be built from what lies here.
        let candidate = side(NEW)?;
        Ok([side(OLD)?, Side { git_sha, git_dirty, ..candidate }])
    }
}

/// How many starts of a program that takes so long make a run.
fn samples(wall_ns: u64) -> usize {
    let fill = RUN.as_nanos().div_ceil(u128::from(wall_ns.max(1)));
    usize::try_from(fill).unwrap_or(MOST_SAMPLES).clamp(1, MOST_SAMPLES)
}

fn used(usage: &Usage) -> Used {
    let ns = |time: std::time::Duration| time.as_nanos() as u64;
    let accounts = runs::accounts(usage);
    Used {
        wall_ns: ns(usage.wall),
        user_ns: ns(usage.user),
        system_ns: ns(usage.system),
        max_rss_bytes: usage.max_rss_bytes,
        instructions: accounts.instructions,
        minor_faults: accounts.minor_faults,
        major_faults: accounts.major_faults,
    }
}

/// What each environment needs more, so that names of different length put the stack at the same place. A program's
/// name stands there twice: as its first argument, and as the file that was executed.
fn pads(names: [&OsStr; 2]) -> [usize; 2] {
    let size = |name: &OsStr| {
        let file = programs::find(name).map_or(0, |path| path.as_os_str().as_bytes().len());
        name.as_bytes().len() + file
    };
    let sizes = names.map(size);
    let most = sizes[OLD].max(sizes[NEW]);
    sizes.map(|size| most - size)
}

/// Processor time of the machine in ticks: all of it, and what other guests took.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    fn now() -> Option<Ticks> {
        Ticks::of(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first eight columns (proc_stat(5)); those behind them are in `user` and `nice` already.
    fn of(text: &str) -> Option<Ticks> {
        let columns = text.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().take(8);
        let columns: Vec<u64> = columns.map_while(|column| column.parse().ok()).collect();
        Some(Ticks { all: columns.iter().sum(), stolen: *columns.get(7)? })
    }

    fn steal_percent(from: Option<Ticks>, to: Option<Ticks>) -> Option<f64> {
        let (from, to) = (from?, to?);
        let all = to.all.checked_sub(from.all).filter(|all| *all > 0)?;
        Some(to.stolen.saturating_sub(from.stolen) as f64 / all as f64 * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_environments_are_equally_large() {
        assert_eq!(pads(["/bin/sh".as_ref(), "/bin/sh".as_ref()]), [0, 0]);
        let [old, new] = pads(["/no/old".as_ref(), "/no/longer-name".as_ref()]);
        assert_eq!((old, new), (8, 0));
    }

    #[test]
    fn a_run_of_a_short_program_is_several_starts() {
        assert_eq!(
            [0, 1_000_000, 50_000_000, 125_000_001, 499_999_999, 500_000_000, u64::MAX].map(samples),
            [10, 10, 10, 4, 2, 1, 1]
        );
    }

    #[test]
    fn time_taken_by_others_is_a_share_of_all_time() {
        let at = |text: &str| Ticks::of(text);
        let (from, to) = (at("cpu  100 0 50 800 0 0 0 50 7 7\n"), at("cpu  150 0 50 840 0 0 0 60 9 9\n"));
        assert_eq!(Ticks::steal_percent(from, to), Some(10.0));
        assert_eq!(Ticks::steal_percent(from, from), None);
        assert_eq!(at("cpu  1 2 3").map(|ticks| ticks.all), None);
    }
}
