//! `golden diff`: two recordings or goldens, compared; nothing is run.

use std::path::Path;

use goldens::{Contents, Form, Golden, Options, Report, Severity, Verdict, compare_goldens, diff, forms, hold_against};

use super::check::as_far_as_recorded;
use super::place::{Place, unreadable};
use super::reports::{Telling, code_of, tell, usual};
use super::settings::{Settings, configuration, level_of};
use crate::cli::General;
use crate::cli::ask::Compare;
use crate::emit;
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};

/// How two things that are there are compared.
pub struct Judging {
    configuration: Option<assertions::Configuration>,
    place: Place,
    /// Of two things that hold no options themselves.
    pub options: Options,
}

impl Judging {
    /// As it was asked for, else as renacer.toml says.
    pub fn of(general: &General, ask: &Compare) -> Result<Judging, Problem> {
        let configuration = configuration(general)?;
        let settings = Settings(configuration.as_ref());
        let place = Place::of(&ask.place, configuration.as_ref())?;
        let mut options = settings.options(&ask.compare)?;
        if settings.fail_on(ask.fail_on.as_deref()) {
            options.fail_on = Severity::Warning;
        }
        Ok(Judging { configuration, place, options })
    }

    /// The options of a golden, made weaker where that was asked for.
    pub fn against(&self, golden: &Golden, ask: &Compare) -> Result<Options, Problem> {
        Settings(self.configuration.as_ref()).recorded(&ask.compare, golden, ask.fail_on.as_deref())
    }

    /// The golden of this file or name; `None`: it is something else.
    pub fn golden(&self, path: &Path) -> Result<Option<(Golden, Contents)>, Problem> {
        let name = path.to_str().unwrap_or_default();
        if path.extension().is_some_and(|ending| ending == "golden" || ending == "new") {
            return self.place.store.read(path).map(Some).map_err(|error| unreadable(&error));
        }
        if !path.exists() && goldens::valid_full_name(name) {
            let (_, golden, contents) = self.place.read(name)?;
            return Ok(Some((golden, contents)));
        }
        Ok(None)
    }

    /// A golden, or else the recording that it must be.
    fn side(&self, path: &Path) -> Result<Side, Problem> {
        if let Some((golden, contents)) = self.golden(path)? {
            return Ok(Side::Golden(Box::new(golden), contents));
        }
        Ok(Side::Run(Box::new(as_far_as_recorded(path, &self.options)?)))
    }
}

/// One side.
enum Side {
    Golden(Box<Golden>, Contents),
    Run(Box<goldens::Run>),
}

/// Compares and prints.
pub fn run(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    let judging = Judging::of(general, ask)?;
    let [before, after] = &ask.files;
    let name = format!("{} and {}", named(before), named(after));
    let options = &judging.options;
    let comparison = match (judging.side(before)?, judging.side(after)?) {
        (Side::Run(before), Side::Run(after)) => {
            diff(&form(&before, None, options), &form(&after, None, options), options)
        }
        (Side::Golden(golden, contents), Side::Run(run)) | (Side::Run(run), Side::Golden(golden, contents)) => {
            hold_against(&golden, &contents, std::slice::from_ref(&run), &judging.against(&golden, ask)?)
        }
        (Side::Golden(before, kept_before), Side::Golden(after, kept_after)) => {
            let sides = [(&*before, &kept_before), (&*after, &kept_after)];
            return goldens_differ(general, &name, sides, &judging, ask);
        }
    };
    let report = [Report { name: &name, comparison: &comparison, pending: None, accept: None }];
    let emit = emit::wanted(&ask.emit, emit::VERDICTS)?;
    let telling = Telling { command: "compare", form: ask.form, emit: &emit, verbose: ask.verbose };
    let code = code_of(&comparison.verdict, ask.form);
    tell(general, &report, &|verbose| usual(&report, verbose), telling, code)
}

fn form(run: &goldens::Run, known: Option<&Golden>, options: &Options) -> Form {
    forms(&[run], known, options).remove(0)
}

/// Two goldens differ by their lines: what one of them only allows is no finding, and still not the same.
fn goldens_differ(
    general: &General,
    name: &str,
    [(before, kept_before), (after, kept_after)]: [(&Golden, &Contents); 2],
    judging: &Judging,
    ask: &Compare,
) -> Result<Ending, Problem> {
    let level = match &ask.compare.level {
        Some(word) => level_of(word)?,
        None => before.header.level.min(after.header.level),
    };
    let part = |golden: &Golden| {
        golden.project(level).ok_or_else(|| {
            Problem::usage(format!("cannot compare at level {level}: a golden holds {}", golden.header.level))
        })
    };
    let (before, after) = (part(before)?, part(after)?);
    let lines = lines_that_differ(&before.to_string(), &after.to_string());
    let options = Options { level, ..judging.against(&before, ask)? };
    let mut comparison =
        compare_goldens((&before, kept_before), (&after, kept_after), &crate::platform::here(), &options);
    comparison.verdict = if lines.is_empty() { Verdict::Same } else { Verdict::Different };
    if comparison.findings.is_empty() {
        comparison.notes.extend(lines.lines().map(str::to_owned));
    }
    let told = format!("{name}: {} ({level})\n{lines}", comparison.verdict.word());
    let report = [Report { name, comparison: &comparison, pending: None, accept: None }];
    let emit = emit::wanted(&ask.emit, emit::VERDICTS)?;
    let telling = Telling { command: "compare", form: ask.form, emit: &emit, verbose: ask.verbose };
    let code = if lines.is_empty() { Code::OK } else { Code::FAILED };
    tell(general, &report, &|_| told.clone(), telling, code)
}

/// Lines of both texts that the other has not, in place: sections are sorted, so this is a merge of two lists
/// with the heads of streams in front of their steps.
pub fn lines_that_differ(before: &str, after: &str) -> String {
    let owned = |text: &str| -> Vec<String> {
        let mut head = String::new();
        text.lines()
            .map(|line| match line.strip_prefix("  ") {
                Some(step) => format!("{head}: {step}"),
                None => {
                    head = line.to_owned();
                    head.clone()
                }
            })
            .collect()
    };
    let (before, after) = (owned(before), owned(after));
    let missing = |from: &[String], of: &[String]| -> Vec<String> {
        let mut left: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
        of.iter().for_each(|line| *left.entry(line.as_str()).or_default() += 1);
        let gone = |line: &&String| match left.get_mut(line.as_str()) {
            Some(times) if *times > 0 => {
                *times -= 1;
                false
            }
            _ => true,
        };
        from.iter().filter(gone).cloned().collect()
    };
    let gone = missing(&before, &after);
    let new = missing(&after, &before);
    gone.iter().map(|line| format!("- {line}\n")).chain(new.iter().map(|line| format!("+ {line}\n"))).collect()
}
