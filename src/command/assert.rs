//! `chic-trace assert`: the budgets of `renacer.toml`, judged.

mod found;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;

use assertions::{Configuration, CountCalls, Judged, Report, Summary, judge};

use recording::document::Brought;

use crate::bench::{BroughtBench, LiveBench, StoredBench, replay_whole};
use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::{Assert, Inconclusive};
use crate::command::compare::complete;
use crate::config::{self, ASSERT_RUNS};
use crate::emit::{self, Own};
use crate::exit::{Code, Ending, say};
use crate::message::{Problem, named, safe};
use crate::output;

/// Judges, prints, and chooses the code by what was printed.
pub fn run(general: &General, ask: Assert) -> Result<Ending, Problem> {
    let configuration = rules(general)?;
    let mut wanted = emit::wanted(&ask.emit, emit::MEASURES)?;
    wanted.extend(emit::configured(&configuration, "assert", emit::MEASURES)?);
    for warning in &configuration.warnings {
        say(&format_args!("chic-trace: {}", safe(warning)));
    }
    let program = ask.argv.first().map(|word| basename(word));
    let recorded = ask.recording.as_deref().map(|path| basename(path.as_os_str()));
    let run = ask.name.clone().or(program).or(recorded).unwrap_or_default();
    let mut report = match &ask.recording {
        Some(path) => match brought::open(path, &ask.reading)? {
            File::Recording => {
                // Whether there is anything to judge is told before any rule is.
                replay_whole(path, &mut CountCalls::new())?;
                judge(&configuration, &run, &mut StoredBench::new(path))?
            }
            File::Bytes(bytes) => {
                let Brought::Document(document) = brought::read(path, &bytes, &ask.reading)? else {
                    let what = format!("cannot judge {}: it is a table of counts", named(path));
                    return Err(Problem::usage(what).hint("chic-trace compare compares tables"));
                };
                complete(path, &document)?;
                judge(&configuration, &run, &mut BroughtBench::new(&document))?
            }
        },
        None => {
            let bench = LiveBench::new(ask.argv, ask.runs.unwrap_or(ASSERT_RUNS));
            judge(&configuration, &run, &mut bench.following(ask.follow))?
        }
    };
    report.results.extend(baselines(&configuration));
    let own = Own { json: &|| assertions::json(&report), text: &|| assertions::text(&report), junit: None };
    emit::write(&wanted, own, &found::findings(&configuration, &report, ask.form.inconclusive))?;
    let text = if ask.form.json {
        assertions::json(&report)
    } else {
        let colored = config::colored(general, std::io::stdout().is_terminal());
        crate::color::verdicts(&assertions::text(&report), colored)
    };
    match output::print(&text)? {
        Ending::Code(_) => Ok(code(&report, ask.form.inconclusive).into()),
        other => Ok(other),
    }
}

/// A row that says how many goldens there are, where `[ci] compare_with_baseline` asks for one. Whether they are
/// still met is no matter of budgets.
fn baselines(configuration: &Configuration) -> Option<Judged> {
    let setting = configuration.settings.get("ci.compare_with_baseline").filter(|setting| setting.value == "true")?;
    let dir = config::golden_dir(None, Some(configuration)).value;
    let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
    let golden = |path: &Path| path.extension().is_some_and(|extension| extension == "golden");
    let count = entries.filter(|entry| golden(&entry.path())).count();
    let goldens = if count == 1 { "1 golden".to_owned() } else { format!("{count} goldens") };
    let why = format!("{goldens} in {dir}: chic-trace golden check judges them");
    Some(Judged::not_run("compare_with_baseline", "goldens", setting.line, why))
}

fn rules(general: &General) -> Result<Configuration, Problem> {
    let nothing = |what: String| Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot judge anything: {what}"));
    let Some(configuration) = config::read(general)? else {
        return Err(nothing("there is no renacer.toml here".into())
            .hint("name one with --config FILE, or write one with an [[assertion]]"));
    };
    let name = &configuration.name;
    match configuration.rules.as_slice() {
        [] => {
            Err(nothing(format!("no rule in {name}")).hint("a rule is an [[assertion]] with name, type and a budget"))
        }
        [only] if !only.enabled => Err(nothing(format!("the only rule of {name} is disabled"))),
        rules if rules.iter().all(|rule| !rule.enabled) => Err(nothing(format!("every rule of {name} is disabled"))),
        _ => Ok(configuration),
    }
}

fn basename(word: &OsStr) -> String {
    Path::new(word).file_name().unwrap_or(word).to_string_lossy().into_owned()
}

fn code(report: &Report, inconclusive: Inconclusive) -> Code {
    match report.summary() {
        Summary::Within => Code::OK,
        Summary::Over => Code::FAILED,
        Summary::Nothing => Code::NOTHING_TO_JUDGE,
        Summary::Undecided => undecided(inconclusive),
    }
}

/// What the code of an undecided result is.
pub fn undecided(inconclusive: Inconclusive) -> Code {
    match inconclusive {
        Inconclusive::Code => Code::UNDECIDED,
        Inconclusive::Pass => Code::OK,
        Inconclusive::Fail => Code::FAILED,
    }
}
