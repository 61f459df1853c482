//! Two programs, run in turns: the old one and the new one with the same arguments, until it is known which is slower.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

use assertions::gate::{
    Bench, Judged, Looks, Measured, Measurement, Missing, Pair, Pairs, Run, Side, Used, Values, Verdict,
};
use tracer::{EnvChange, Launch, Status, Stdio, Usage};

use super::settings::CheckSettings;
use super::{counted, failed};
use crate::cli::gate::{Counted, Turns};
use crate::host;
use crate::message::{Problem, named, quoted};
use crate::output::reason;
use crate::{bench, perf, programs, start_failure};

/// The variable that makes both environments equally large: how the stack lies shifts times.
const PAD: &str = "CHIC_TRACE_PAD";

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

/// Runs both until every measure is decided or the looks are over.
pub fn run(counted: &Counted, turns: &Turns, check: &CheckSettings) -> Result<Paired, Problem> {
    let mut old = counted.argv.clone();
    if let Some(first) = old.first_mut() {
        first.clone_from(&turns.baseline);
    }
    let mut both = Both::new([old, counted.argv.clone()], turns)?;
    let id = counted::id(counted);
    let selected = |measured: &Measured| measured.metric.contains(&check.filter) || id.contains(&check.filter);
    both.pairs_up_to(turns.pairs.unwrap_or(Looks::of(1).pairs()[0]))?;
    let mut measures = both.measured();
    measures.retain(selected);
    if measures.is_empty() {
        let missing = both.measurement.not_measured.iter().map(|missing| format!("; {}", told(missing)));
        let missing: String = missing.collect();
        return Err(failed(format!("cannot compare anything: no measure has {:?} in its name{missing}", check.filter)));
    }
    let mut pairs = Pairs::new(&id, &measures, turns.pairs, &check.parameters);
    while let Some(wanted) = pairs.wanted() {
        both.pairs_up_to(wanted)?;
        pairs.look(&both.measured());
    }
    let mut rows = pairs.into_rows();
    let steal = both.measurement.steal_percent.filter(|steal| *steal > check.max_steal_percent);
    for row in rows.iter_mut().filter(|row| row.unit == "ns") {
        if let Some(steal) = steal {
            row.verdict = Verdict::NotMeasured;
            row.reason = Some(format!("host-busy: other guests of the machine took {steal:.1} % of its time"));
        }
    }
    rows.sort_by(|a, b| a.metric.cmp(&b.metric));
    let family_size = rows.len();
    let [baseline, candidate] = both.sides(&id)?;
    let judged = Judged { rows, family_size, failures: Vec::new() };
    Ok(Paired { baseline, candidate, judged, measurement: both.measurement })
}

/// A line about something that was not measured.
pub fn told(missing: &Missing) -> String {
    format!("{} is not compared: {}", missing.metric, missing.reason)
}

/// Both programs and their runs.
struct Both<'a> {
    argv: [Vec<OsString>; 2],
    pads: [usize; 2],
    turns: &'a Turns,
    no_aslr: bool,
    began: Option<Ticks>,
    /// Why instructions are not counted.
    no_counter: String,
    started: Vec<[u64; 2]>,
    measurement: Measurement,
}

/// Old and new, as indices.
const OLD: usize = 0;
const NEW: usize = 1;

impl<'a> Both<'a> {
    /// One run of each that nobody counts fills the caches.
    fn new(argv: [Vec<OsString>; 2], turns: &'a Turns) -> Result<Both<'a>, Problem> {
        let randomised = tracer::without_aslr().err();
        let mut both = Both {
            pads: pads([&argv[OLD], &argv[NEW]].map(|argv| argv.first().map_or(OsStr::new(""), |word| word))),
            argv,
            turns,
            no_aslr: randomised.is_none(),
            began: Ticks::now(),
            no_counter: String::new(),
            started: Vec::new(),
            measurement: Measurement { randomised, ..Measurement::default() },
        };
        both.once(OLD)?;
        both.once(NEW)?;
        Ok(both)
    }

    /// Makes pairs until there are so many. Pair 0 runs the old program first, pair 1 the new one, and so on.
    fn pairs_up_to(&mut self, count: usize) -> Result<(), Problem> {
        while self.measurement.pairs.len() < count {
            let before = Ticks::now();
            let first = self.measurement.pairs.len() % 2;
            let mut started = [0; 2];
            let mut one = |which: usize| {
                started[which] = host::unix_ms(SystemTime::now());
                self.once(which)
            };
            let (a, b) = (one(first)?, one(1 - first)?);
            let (baseline, candidate) = if first == OLD { (a, b) } else { (b, a) };
            let now = Ticks::now();
            self.started.push(started);
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

    fn measured(&mut self) -> Vec<Measured> {
        self.measurement.measured(host::own_peak_bytes(), &self.no_counter)
    }

    fn once(&mut self, which: usize) -> Result<Used, Problem> {
        let argv = self.argv[which].clone();
        let program = argv.first().cloned().unwrap_or_default();
        let cannot = |why: String| failed(format!("run-failed: {} {why}", quoted(&program)));
        let [null, out, err] = bench::judged_stdio()?;
        let stdin = match &self.turns.stdin {
            Some(path) => Stdio::From(opened(path)?.into()),
            None => null,
        };
        let pad = EnvChange::Set(PAD.into(), "x".repeat(self.pads[which]).into());
        let launch =
            Launch { argv, env: vec![pad], stdio: [stdin, out, err], no_aslr: self.no_aslr, ..Launch::default() };
        let usage = tracer::run_untraced(&launch).map_err(|error| cannot(error.to_string()))?;
        if let Some(signal) = tracer::interrupts::taken() {
            return Err(failed(format!("cannot go on: stopped by signal {signal}")));
        }
        if let Some(failure) = &usage.not_started {
            let problem = start_failure::explain(&program, failure);
            return Err(Problem { hints: problem.hints, ..cannot(format!("did not start: {}", problem.what)) });
        }
        match usage.status {
            Some(Status::Exited(0)) => {
                if let Err(why) = &usage.instructions {
                    self.no_counter.clone_from(why);
                }
                Ok(used(&usage))
            }
            Some(Status::Exited(code)) => Err(cannot(format!("ended with status {code}"))),
            Some(Status::Killed { signal, .. }) => Err(cannot(format!("was ended by signal {signal}"))),
            None => Err(cannot("ended unseen".to_owned())),
        }
    }

    fn sides(&self, id: &str) -> Result<[Side; 2], Problem> {
        let (git_sha, git_dirty) = host::git();
        let here = host::Host::here().digest;
        let side = |which: usize, of: &dyn Fn(&Pair) -> &Used| -> Result<Side, Problem> {
            let word = self.argv[which].first().cloned().unwrap_or_default();
            let path = programs::find(&word).unwrap_or_else(|| word.clone().into());
            let cannot = |error: std::io::Error| failed(format!("cannot read {}: {}", named(&path), reason(&error)));
            let bytes = perf::bytes(&path).map_err(cannot)?;
            let run = |(at, pair): (usize, &Pair)| Run {
                pair: Some(at as u64),
                started_at_unix_ms: self.started.get(at).map(|started| started[which]),
                benches: vec![Bench::of(id, "wall", "ns", Values::Summary(of(pair).wall_ns as f64))],
            };
            Ok(Side {
                name: word.to_string_lossy().into_owned(),
                host_digest: Some(here.clone()),
                content_blake3: Some(assertions::gate::content_blake3([("program", bytes.as_slice())])),
                runs: self.measurement.pairs.iter().enumerate().map(run).collect(),
                ..Side::default()
            })
        };
        // Only the new program is taken to be built from what lies here.
        let candidate = side(NEW, &|pair| &pair.candidate)?;
        Ok([side(OLD, &|pair| &pair.baseline)?, Side { git_sha, git_dirty, ..candidate }])
    }
}

fn opened(path: &Path) -> Result<File, Problem> {
    let cannot = |error| Problem::usage(format!("cannot read {} as standard input: {}", named(path), reason(&error)));
    File::open(path).map_err(cannot)
}

fn used(usage: &Usage) -> Used {
    let ns = |time: std::time::Duration| time.as_nanos() as u64;
    Used {
        wall_ns: ns(usage.wall),
        user_ns: ns(usage.user),
        system_ns: ns(usage.system),
        max_rss_bytes: usage.max_rss_bytes,
        instructions: usage.instructions.as_ref().ok().copied(),
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
    fn time_taken_by_others_is_a_share_of_all_time() {
        let at = |text: &str| Ticks::of(text);
        let (from, to) = (at("cpu  100 0 50 800 0 0 0 50 7 7\n"), at("cpu  150 0 50 840 0 0 0 60 9 9\n"));
        assert_eq!(Ticks::steal_percent(from, to), Some(10.0));
        assert_eq!(Ticks::steal_percent(from, from), None);
        assert_eq!(at("cpu  1 2 3").map(|ticks| ticks.all), None);
    }
}
