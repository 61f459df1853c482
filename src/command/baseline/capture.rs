//! `chic-trace baseline capture`: workloads in turns, a row for each run whatever became of it, two summaries.

use std::path::{Path, PathBuf};
use std::time::Duration;

use assertions::baseline::{
    self, CaptureHost, CapturedRun, CapturedWorkload, Metrics, MetricsOf, Provenance, RunStatus, Summary, names,
    original_names,
};

use super::child::{Child, Ended};
use super::{compare, failed, modules};
use crate::cli::General;
use crate::cli::baseline::Capture as Ask;
use crate::exit::{Code, Ending, say};
use crate::host;
use crate::message::{Problem, named, safe};
use crate::output::{self, reason};
use crate::{config, perf, programs};

/// What Wasmoon runs, when nobody says what.
const RUN: [&str; 4] =
    ["examples/core3.wasm", "examples/benchmark.wasm", "examples/stream.wasm", "examples/box_easy2.wasm"];
const TEST: [&str; 3] = ["spec/const.wast", "spec/int_exprs.wast", "spec/float_exprs.wast"];

/// What is captured: flags, then `[baseline]` of renacer.toml, then what Wasmoon has.
struct Plan {
    binary: String,
    out_dir: PathBuf,
    timeout_sec: f64,
    subcommand: String,
    workloads: Vec<String>,
    names: Vec<String>,
}

/// Captures, writes both summaries, and fails when a run did.
pub fn run(general: &General, ask: &Ask) -> Result<Ending, Problem> {
    let plan = plan(general, ask)?;
    let repeated = ask.iterations > 1 || ask.warmup > 0;
    let raw = if repeated { plan.out_dir.join("raw") } else { plan.out_dir.clone() };
    let cannot = |path: &Path, error| failed(format!("cannot write {}: {}", named(path), reason(&error)));
    std::fs::create_dir_all(&raw).map_err(|error| cannot(&raw, error))?;
    let summaries = ["summary.json", "summary.md"].map(|name| plan.out_dir.join(name));
    for path in &summaries {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot(path, error)),
            _ => {}
        }
    }
    // What runs is in a group of its own: nobody else ends it when we are told to end.
    tracer::interrupts::hold();
    let workloads = match captured(ask, &plan, &raw) {
        Ok(workloads) => workloads,
        Err(signal) => return Ok(Ending::Signal(signal)),
    };
    let mut capture = capture(ask, &plan, workloads);
    if let Some(path) = &ask.baseline {
        capture.comparison = Some(compared(ask, path, &capture));
    }
    let [json, page] = &summaries;
    let written = |result: Result<(), Problem>| result.map_err(|problem| Problem { code: Code::FAILED, ..problem });
    written(perf::write(json, capture.json().as_bytes()))?;
    written(perf::write(page, capture.markdown().as_bytes()))?;
    let line = |text: &str| say(&format_args!("chic-trace: {}", safe(text).replace('\n', "\\n")));
    for (workload, run) in capture.failures() {
        let why = run.error.as_deref().unwrap_or_default();
        line(&format!("{}: {}: {why}", workload.workload, run.status.word()));
    }
    let worse = capture.comparison.as_ref().map(|compared| compared.failures.as_slice()).unwrap_or_default();
    worse.iter().for_each(|failure| line(failure));
    let failures = capture.failures().count();
    let runs: usize = capture.workloads.iter().map(|workload| workload.runs.len()).sum();
    let said = format!(
        "captured {runs} runs of {} workloads in {}: {failures} failed\n",
        capture.workloads.len(),
        named(&plan.out_dir)
    );
    match output::print(&said)? {
        Ending::Code(_) if failures > 0 || !worse.is_empty() => Ok(Code::FAILED.into()),
        ending => Ok(ending),
    }
}

fn plan(general: &General, ask: &Ask) -> Result<Plan, Problem> {
    let configuration = config::read(general)?;
    let setting = |key: &str| configuration.as_ref().and_then(|all| all.get(key)).map(String::from);
    let or = |flag: &Option<String>, key: &str, usual: &str| {
        flag.clone().or_else(|| setting(key)).unwrap_or_else(|| usual.to_owned())
    };
    let subcommand = or(&ask.subcommand, "baseline.subcommand", "run");
    if !["run", "test", "none"].contains(&subcommand.as_str()) {
        return Err(Problem::usage(format!(
            "cannot take baseline.subcommand {subcommand:?}: run, test or none is needed"
        )));
    }
    let mut workloads = ask.workloads.clone();
    if workloads.is_empty() {
        let configured = configuration.as_ref().and_then(|all| all.list("baseline.workloads")).map(<[String]>::to_vec);
        let usual: &[&str] = if subcommand == "test" { &TEST } else { &RUN };
        workloads = configured.unwrap_or_else(|| usual.iter().map(|word| word.to_string()).collect());
    }
    let given = setting("baseline.timeout_sec").and_then(|text| text.parse().ok());
    let usual = if ask.iterations > 1 { 180.0 } else { 120.0 };
    let timeout_sec = ask.timeout_sec.or(given).unwrap_or(usual);
    let missing: Vec<&String> = workloads.iter().filter(|workload| !Path::new(workload).is_file()).collect();
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(|workload| named(Path::new(workload))).collect();
        return Err(failed(format!("cannot capture anything: there is no {}", missing.join(", no "))));
    }
    let mut once: Vec<String> = Vec::new();
    if !ask.compat {
        workloads.retain(|workload| {
            let new = !once.contains(workload);
            once.extend(new.then(|| workload.clone()));
            new
        });
    }
    let names = if ask.compat {
        original_names(&workloads).map_err(|[a, b]| {
            failed(format!("cannot capture anything: files of {a} and {b} would have the same names"))
                .hint("without --wasmoon-compat they have names of their own")
        })?
    } else {
        names(&workloads)
    };
    let out_dir = ask.out_dir.clone().or_else(|| setting("baseline.out_dir").map(PathBuf::from));
    Ok(Plan {
        binary: or(&ask.binary, "baseline.binary", "./wasmoon"),
        out_dir: out_dir.unwrap_or_else(|| "docs/perf/baselines/latest".into()),
        timeout_sec,
        subcommand,
        workloads,
        names,
    })
}

/// Runs of all workloads in turns: what the machine does meanwhile meets all of them.
/// An error is the signal by which we were told to end.
fn captured(ask: &Ask, plan: &Plan, raw: &Path) -> Result<Vec<CapturedWorkload>, i32> {
    let mut all: Vec<CapturedWorkload> = plan
        .workloads
        .iter()
        .map(|workload| CapturedWorkload {
            workload: workload.clone(),
            blake3: hash(Path::new(workload)),
            runs: Vec::new(),
        })
        .collect();
    let rounds = (0..ask.warmup).map(|id| (id, true)).chain((0..ask.iterations).map(|id| (id, false)));
    for (run_id, warmup) in rounds {
        for (workload, name) in all.iter_mut().zip(&plan.names) {
            let infix = match (ask.iterations > 1 || ask.warmup > 0, warmup) {
                (false, _) => String::new(),
                (true, true) => format!(".warmup{run_id}"),
                (true, false) => format!(".run{run_id}"),
            };
            let file = |ending: &str| raw.join(format!("{name}{infix}.{ending}"));
            let files = [file("metrics.json"), file("stdout.log"), file("stderr.log")];
            let run = one(plan, &workload.workload, files, (run_id, warmup))?;
            let ok = run.status == RunStatus::Ok;
            workload.runs.push(run);
            if !ok && ask.fail_fast {
                return Ok(all);
            }
        }
    }
    Ok(all)
}

fn one(plan: &Plan, workload: &str, files: [PathBuf; 3], (run_id, warmup): (u32, bool)) -> Result<CapturedRun, i32> {
    let mut argv = vec![plan.binary.clone()];
    argv.extend((plan.subcommand != "none").then(|| plan.subcommand.clone()));
    argv.push(workload.to_owned());
    let timeout = Duration::try_from_secs_f64(plan.timeout_sec).unwrap_or(Duration::MAX);
    let ended = Child { argv: &argv, files: &files, timeout }.run();
    if let Ok(Ended { interrupted: Some(signal), .. }) = ended {
        return Err(signal);
    }
    let metrics = modules::read(&files[0]);
    let (status, error) = status(&ended, metrics.as_ref(), plan.timeout_sec);
    let metrics_present = files[0].exists();
    let whole = metrics.and_then(Result::ok).map(|(metrics, _)| metrics);
    let (exit_code, signal, elapsed) = match &ended {
        Ok(ended) => (ended.exit_code, ended.signal, ended.elapsed),
        Err(_) => (127, None, Duration::ZERO),
    };
    Ok(CapturedRun {
        run_id,
        warmup,
        command: argv,
        status,
        exit_code,
        signal,
        elapsed_ns: elapsed.as_nanos() as u64,
        module_compile_us: whole.as_ref().map(|metrics| metrics.module_compile_us),
        total_code_size: whole.as_ref().map(|metrics| baseline::totals(metrics).value("code_size")),
        files: files.map(|file| shown(&file)),
        metrics_present,
        error,
    })
}

fn status(
    ended: &std::io::Result<Ended>,
    metrics: Option<&Result<(Metrics, Vec<String>), String>>,
    timeout_sec: f64,
) -> (RunStatus, Option<String>) {
    match (ended, metrics) {
        (Err(error), _) => (RunStatus::SpawnFailed, Some(reason(error))),
        (Ok(ended), _) if ended.timed_out => {
            (RunStatus::TimedOut, Some(format!("it did not end within {timeout_sec} s")))
        }
        (Ok(Ended { signal: Some(signal), .. }), _) => {
            (RunStatus::Signalled, Some(format!("signal {signal} ended it")))
        }
        (Ok(ended), _) if ended.exit_code != 0 => {
            (RunStatus::ExitNonzero, Some(format!("it ended with status {}", ended.exit_code)))
        }
        (Ok(_), None) => (RunStatus::MetricsMissing, Some("it wrote no metrics".to_owned())),
        (Ok(_), Some(Err(why))) => (RunStatus::MetricsInvalid, Some(why.clone())),
        (Ok(_), Some(Ok((_, incomplete)))) => match incomplete.first() {
            Some(why) => (RunStatus::MetricsIncomplete, Some(why.clone())),
            None => (RunStatus::Ok, None),
        },
    }
}

/// A path as summaries hold it: without `./` in front.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

fn hash(path: &Path) -> Option<String> {
    let bytes = perf::bytes(path).ok()?;
    Some(baseline::blake3(&bytes))
}

fn capture(ask: &Ask, plan: &Plan, workloads: Vec<CapturedWorkload>) -> baseline::Capture {
    let here = host::Host::here();
    let (git_sha, git_dirty) = host::git();
    baseline::Capture {
        compat: ask.compat,
        generated_at_unix_sec: host::generated_at_unix_ms() / 1000,
        binary: plan.binary.clone(),
        subcommand: plan.subcommand.clone(),
        iterations: ask.iterations,
        warmup: ask.warmup,
        timeout_sec: plan.timeout_sec,
        thresholds: ask.options.thresholds,
        provenance: Provenance {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            binary_blake3: programs::find(plan.binary.as_ref()).and_then(|path| hash(&path)),
            host: CaptureHost {
                system: here.system,
                machine: here.machine,
                cpu_model: here.cpu_model,
                kernel: here.kernel,
                n_cpus: here.n_cpus,
            },
            git_sha,
            git_dirty,
        },
        workloads,
        comparison: None,
    }
}

/// What a baseline says of this capture, in the words of Wasmoon.
fn compared(ask: &Ask, path: &Path, capture: &baseline::Capture) -> baseline::Compared {
    let name = path.to_string_lossy().into_owned();
    let refused =
        |failure: String| baseline::Compared { baseline: name.clone(), findings: Vec::new(), failures: vec![failure] };
    let before = match compare::summary(path) {
        Ok(before) => before,
        Err(problem) => return refused(problem.what),
    };
    match Summary::read(capture.json().as_bytes()) {
        Ok(after) => {
            let none = MetricsOf::new();
            baseline::compare((&before.summary, &before.metrics), (&after, &none), &ask.options).compat(&name)
        }
        Err(why) => refused(why),
    }
}
