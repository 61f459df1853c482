//! `golden diff`: two recordings or goldens, compared; nothing is run.

use std::io::IsTerminal;
use std::path::Path;

use goldens::{Comparison, Form, Golden, Observer, Options, Report, compare, diff, forms};

use super::check::{code_of, shown};
use super::place::{Place, unreadable};
use super::settings::{Settings, configuration, level_of};
use crate::bench::replay_whole;
use crate::cli::General;
use crate::cli::ask::GoldenDiff;
use crate::config;
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};
use crate::output;

/// One side.
enum Side {
    Golden(Box<Golden>, goldens::Contents),
    Run(Box<goldens::Run>),
}

/// Compares and prints.
pub fn run(general: &General, ask: &GoldenDiff) -> Result<Ending, Problem> {
    let configuration = configuration(general)?;
    let settings = Settings(configuration.as_ref());
    let place = Place::of(&ask.place, configuration.as_ref())?;
    let mut options = settings.options(&ask.compare)?;
    if ask.fail_on.as_deref() == Some("warning") {
        options.fail_on = goldens::Severity::Warning;
    }
    let before = side(&place, &ask.before, &options)?;
    let after = side(&place, &ask.after, &options)?;
    let name = format!("{} and {}", named(&ask.before), named(&ask.after));
    let comparison = match (before, after) {
        (Side::Run(before), Side::Run(after)) => {
            diff(&form(&before, None, &options), &form(&after, None, &options), &options)
        }
        (Side::Golden(golden, contents), Side::Run(run)) | (Side::Run(run), Side::Golden(golden, contents)) => {
            against(&golden, &contents, &run, ask, &settings)?
        }
        (Side::Golden(before, _), Side::Golden(after, _)) => return goldens_differ(&name, &before, &after, ask),
    };
    let report = Report { name: &name, comparison: &comparison, pending: None, accept: None };
    let colored = config::colored(general, std::io::stdout().is_terminal());
    match output::print(&shown(&[report], ask.form, false, colored))? {
        Ending::Code(_) => Ok(code_of(&comparison.verdict, ask.form).into()),
        other => Ok(other),
    }
}

/// A recording, a golden's file, or a golden's name.
fn side(place: &Place, path: &Path, options: &Options) -> Result<Side, Problem> {
    let name = path.to_str().unwrap_or_default();
    if path.extension().is_some_and(|ending| ending == "golden" || ending == "new") {
        let (golden, contents) = place.store.read(path).map_err(|error| unreadable(&error))?;
        return Ok(Side::Golden(Box::new(golden), contents));
    }
    if !path.exists() && goldens::valid_full_name(name) {
        let (_, golden, contents) = place.read(name)?;
        return Ok(Side::Golden(Box::new(golden), contents));
    }
    let mut observer = Observer::new(options);
    replay_whole(path, &mut observer)?;
    Ok(Side::Run(Box::new(observer.into_run())))
}

fn form(run: &goldens::Run, known: Option<&Golden>, options: &Options) -> Form {
    forms(&[run], known, options).remove(0)
}

fn against(
    golden: &Golden,
    contents: &goldens::Contents,
    run: &goldens::Run,
    ask: &GoldenDiff,
    settings: &Settings<'_>,
) -> Result<Comparison, Problem> {
    let options = settings.recorded(&ask.compare, golden, ask.fail_on.as_deref())?;
    let golden = golden.project(options.level).unwrap_or_else(|| golden.clone());
    let forms = forms(&[run], Some(&golden), &options);
    Ok(compare(&golden, contents, &forms, &options))
}

/// Two goldens differ by their lines.
fn goldens_differ(name: &str, before: &Golden, after: &Golden, ask: &GoldenDiff) -> Result<Ending, Problem> {
    if ask.form.json || ask.form.junit {
        return Err(Problem::usage("cannot take --format for two goldens: they differ by their lines")
            .hint("leave it out, or compare a recording with a golden"));
    }
    let level = match &ask.compare.level {
        Some(word) => level_of(word)?,
        None => before.header.level.min(after.header.level),
    };
    let part = |golden: &Golden| {
        golden.project(level).ok_or_else(|| {
            Problem::usage(format!("cannot compare at level {level}: a golden holds {}", golden.header.level))
        })
    };
    let text = lines_that_differ(&part(before)?.to_string(), &part(after)?.to_string());
    let (verdict, code) = if text.is_empty() { ("same", Code::OK) } else { ("different", Code::FAILED) };
    match output::print(&format!("{name}: {verdict} ({level})\n{text}"))? {
        Ending::Code(_) => Ok(code.into()),
        other => Ok(other),
    }
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
