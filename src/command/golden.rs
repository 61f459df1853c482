//! `chic-trace golden record` and `golden check`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use goldens::{Check, Golden, Observer, Runner, Verdict, check, learn};
use recording::Sink;

use crate::bench::{not_started, replay_whole, traced_plan};
use crate::cli::General;
use crate::cli::ask::{GoldenCheck, GoldenRecord, VerdictForm};
use crate::command::assert::undecided;
use crate::config;
use crate::exit::{Code, Ending};
use crate::message::{Problem, named, quoted};
use crate::output::{self, reason};
use crate::start_failure;

/// Runs a program under the tracer.
struct Live(Vec<OsString>);

impl Runner for Live {
    type Error = Problem;

    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Problem> {
        let ended = tracer::run(&traced_plan(self.0.clone())?, sink).map_err(|error| not_started(&error))?;
        match (ended.not_started, self.0.first()) {
            (Some(failure), Some(program)) => {
                Err(Problem { code: Code::NOT_STARTED, ..start_failure::explain(program, &failure) })
            }
            _ => Ok(()),
        }
    }
}

/// Replays a recording.
struct Stored<'p>(&'p Path);

impl Runner for Stored<'_> {
    type Error = Problem;

    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Problem> {
        replay_whole(self.0, sink)
    }

    fn can_repeat(&self) -> bool {
        false
    }
}

/// Learns a golden and writes it.
pub fn record(general: &General, ask: GoldenRecord) -> Result<Ending, Problem> {
    let path = path_of(general, &ask.name, ask.dir.as_deref())?;
    let exists = path.exists();
    if exists && !ask.force {
        return Err(Problem::new(Code::FAILED, format!("cannot record {}: {} exists", ask.name, named(&path)))
            .hint("--force replaces it; golden check says first what would change"));
    }
    if exists && config::in_ci() {
        return Err(Problem::usage(format!("cannot replace {}: goldens are never replaced in CI", named(&path))));
    }
    let configuration = config::read(general)?;
    let runs = config::golden_runs(ask.runs, configuration.as_ref());
    let count: u32 = runs.value.parse().ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| {
        Problem::usage(format!("cannot make {} runs ({}): 1 to 100 are possible", runs.value, runs.origin))
    })?;
    let mut live = Live(ask.argv);
    let mut observed = Vec::new();
    for _ in 0..count {
        let mut observer = Observer::new();
        live.run(&mut observer)?;
        observed.push(observer.into_run());
    }
    let golden = learn(&observed).map_err(|refused| {
        Problem::new(Code::FAILED, format!("cannot record {}: {refused}", ask.name)).hint("nothing was written")
    })?;
    write(&path, &golden)?;
    output::print(&recorded(&path, &golden))
}

fn recorded(path: &Path, golden: &Golden) -> String {
    let (asserted, all) = golden.asserts;
    let share = asserted.saturating_mul(100).checked_div(all).unwrap_or(0);
    let runs = if golden.runs == 1 { "1 run".to_owned() } else { format!("{} runs", golden.runs) };
    let mut text = format!("recorded {} from {runs}: asserts {asserted} of {all} calls ({share} %)\n", named(path));
    for left in &golden.left_out {
        let counts: Vec<String> = left.counts.iter().map(u64::to_string).collect();
        let what = if left.call == "*" { "all calls".to_owned() } else { left.call.clone() };
        let line = format!("left out  {} {}: {what}, made {} times", left.process, left.task, counts.join(", "));
        text += &(crate::message::safe(&line) + "\n");
    }
    text
}

/// Whole or not at all, beside its name first.
fn write(path: &Path, golden: &Golden) -> Result<(), Problem> {
    let failed =
        |error: std::io::Error| Problem::new(Code::USAGE, format!("cannot write {}: {}", named(path), reason(&error)));
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir).map_err(failed)?;
    let temporary = tempfile::Builder::new()
        .prefix(".golden.")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(dir)
        .map_err(failed)?;
    temporary.as_file().write_all(golden.to_string().as_bytes()).map_err(failed)?;
    temporary.persist(path).map(drop).map_err(|error| failed(error.error))
}

/// Checks a run or a recording against its golden.
pub fn check_one(general: &General, ask: GoldenCheck) -> Result<Ending, Problem> {
    let path = path_of(general, &ask.name, ask.dir.as_deref())?;
    let golden = read(&path, &ask.name, &ask.argv)?;
    let result = match &ask.recording {
        Some(recording) => check(&ask.name, &golden, &mut Stored(recording))?,
        None => check(&ask.name, &golden, &mut Live(ask.argv.clone()))?,
    };
    let text = if ask.form.json {
        goldens::json(&result)
    } else {
        let colored = config::colored(general, std::io::stdout().is_terminal());
        crate::color::verdicts(&text(&result, &ask.argv), colored)
    };
    match output::print(&text)? {
        Ending::Code(_) => Ok(code(&result, ask.form).into()),
        other => Ok(other),
    }
}

fn text(result: &Check, argv: &[OsString]) -> String {
    let mut text = goldens::text(result);
    if result.verdict == Verdict::Different && !argv.is_empty() {
        let command: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
        text += &format!(
            "\naccept with: chic-trace golden record {} --force -- {}\n",
            result.name,
            crate::message::safe(&command.join(" "))
        );
    }
    text
}

fn code(result: &Check, form: VerdictForm) -> Code {
    match result.verdict {
        Verdict::Same => Code::OK,
        Verdict::Different => Code::FAILED,
        Verdict::Flaky => undecided(form.inconclusive),
        Verdict::NotMeasured(_) => Code::NOTHING_TO_JUDGE,
    }
}

fn read(path: &Path, name: &str, argv: &[OsString]) -> Result<Golden, Problem> {
    let text = match File::open(path).and_then(std::io::read_to_string) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let command: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
            let command = if command.is_empty() { "CMD ARGS".to_owned() } else { command.join(" ") };
            return Err(Problem::new(
                Code::NOTHING_TO_JUDGE,
                format!("cannot check {name}: there is no {}", named(path)),
            )
            .hint(format!("chic-trace golden record {name} -- {command}")));
        }
        Err(error) => return Err(Problem::usage(format!("cannot read {}: {}", named(path), reason(&error)))),
    };
    Golden::parse(&text)
        .map_err(|bad| Problem::usage(format!("cannot read {}: {bad}", named(path))).hint("nothing was changed"))
}

/// The file of a golden.
pub fn path_of(general: &General, name: &str, dir: Option<&Path>) -> Result<PathBuf, Problem> {
    if !goldens::valid_name(name) {
        return Err(Problem::usage(format!("cannot take {name:?} as the name of a golden"))
            .hint("1 to 128 of letters, digits, dot, underscore and dash; no dot in front"));
    }
    let configuration = if dir.is_some() { None } else { config::read(general)? };
    let dir = config::golden_dir(dir, configuration.as_ref()).value;
    Ok(Path::new(OsStr::new(&dir)).join(format!("{name}.golden")))
}
