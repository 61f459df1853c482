//! What waits to be accepted: `golden accept`, `reject` and `review`.

use std::path::Path;

use goldens::{Comparison, Contents, Golden, Report, StoreError, compare_goldens, folder, text, waiting};

use super::diff::lines_that_differ;
use super::place::{Place, not_in_ci, unreadable, unwritten, valid};
use super::settings::{Settings, configuration};
use crate::cli::General;
use crate::cli::ask::{CompareAs, GoldenPlace, Waiting};
use crate::exit::{Code, Ending, say};
use crate::keys;
use crate::message::{Problem, named, safe};
use crate::output;

/// Lines of a difference that review shows at once.
const SHOWN: usize = 40;

/// Puts what waits in the place of the goldens.
pub fn accept(general: &General, ask: &Waiting) -> Result<Ending, Problem> {
    not_in_ci("accept")?;
    let place = place(general, &ask.place)?;
    let mut text = String::new();
    for name in names(&place, ask)? {
        take(&place, &name, ask.single)?;
        text += &format!("accepted {}\n", named(&place.store.path(&name)));
    }
    output::print(&nothing_if_empty(text))
}

/// Removes what waits.
pub fn reject(general: &General, ask: &Waiting) -> Result<Ending, Problem> {
    let place = place(general, &ask.place)?;
    let mut text = String::new();
    for name in names(&place, ask)? {
        place.store.reject(&name).map_err(|error| unwritten(&error))?;
        text += &format!("rejected {}\n", named(&waiting(&place.store.path(&name))));
    }
    output::print(&nothing_if_empty(text))
}

fn place(general: &General, ask: &GoldenPlace) -> Result<Place, Problem> {
    let configuration = configuration(general)?;
    Place::of(ask, configuration.as_ref())
}

fn nothing_if_empty(text: String) -> String {
    if text.is_empty() { "nothing waits to be accepted\n".into() } else { text }
}

/// The names that are meant; each must wait.
fn names(place: &Place, ask: &Waiting) -> Result<Vec<String>, Problem> {
    let known = place.store.waiting();
    if ask.all {
        return Ok(known);
    }
    for name in &ask.names {
        valid(name)?;
        if !known.contains(name) {
            let problem = Problem::new(
                Code::NOTHING_TO_JUDGE,
                format!("cannot go on: {} does not wait to be accepted", named(&waiting(&place.store.path(name)))),
            );
            return Err(match syscalls::nearest(name, known.iter().map(String::as_str)) {
                Some(near) => problem.hint(format!("the nearest is {near}")),
                None => problem.hint("golden check leaves one when a program does something else"),
            });
        }
    }
    Ok(ask.names.clone())
}

/// Accepts one.
fn take(place: &Place, name: &str, single: bool) -> Result<(), Problem> {
    let waits = waiting(&place.store.path(name));
    let (golden, _) = place.store.read(&waits).map_err(|error| unreadable(&error))?;
    if golden.header.runs < 3 && !single {
        return Err(Problem::new(
            Code::FAILED,
            format!("cannot accept {name}: it comes from {} runs, and three show what varies", golden.header.runs),
        )
        .hint("--single accepts it as it is"));
    }
    place.store.accept(name).map_err(|error| match error {
        StoreError::Io { .. } => unwritten(&error),
        other => unreadable(&other),
    })
}

/// Walks through all that wait. Without a terminal it shows them and changes nothing.
pub fn review(general: &General, ask: &GoldenPlace) -> Result<Ending, Problem> {
    let configuration = configuration(general)?;
    let place = Place::of(ask, configuration.as_ref())?;
    let settings = Settings(configuration.as_ref());
    let names = place.store.waiting();
    if names.is_empty() {
        return output::print("nothing waits to be accepted\n");
    }
    let asks = keys::somebody_there();
    for (at, name) in names.iter().enumerate() {
        let (short, whole) = difference(&place, &settings, name)?;
        let title = format!("{name} ({} of {})\n", at + 1, names.len());
        if let other @ (Ending::BrokenPipe | Ending::Signal(_)) = output::print(&safe(&format!("{title}{short}")))? {
            return Ok(other);
        }
        if asks && !decide(&place, name, &whole)? {
            return Ok(Code::OK.into());
        }
    }
    // Nobody was there to decide: what waits still waits.
    Ok(if asks { Code::OK } else { Code::FAILED }.into())
}

/// What accepting would change: verdict and findings with the contents, and all lines.
fn difference(place: &Place, settings: &Settings<'_>, name: &str) -> Result<(String, String), Problem> {
    let path = place.store.path(name);
    let (new, new_contents) = place.store.read(&waiting(&path)).map_err(|error| unreadable(&error))?;
    let old = match place.store.read(&path) {
        Ok(old) => Some(old),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(unreadable(&error)),
    };
    let Some((old, old_contents)) = old else {
        let head = format!(
            "  new, from {} runs, asserts {} of {} steps\n",
            new.header.runs, new.header.asserts.0, new.header.asserts.1
        );
        return Ok((head.clone() + &contents_that_differ(&path, None, (&new, &new_contents)), head + &new.to_string()));
    };
    let lines = lines_that_differ(&old.to_string(), &new.to_string());
    let comparison = found(settings, (&old, &old_contents), (&new, &new_contents))?;
    let mut short = text(&Report { name, comparison: &comparison, pending: None, accept: None }, true) + "\n";
    // What a run may do now that it might not before is in the lines alone.
    if comparison.findings.is_empty() {
        short += &cut(&lines);
    }
    let contents = contents_that_differ(&path, Some((&old, &old_contents)), (&new, &new_contents));
    Ok((short + &contents, lines))
}

/// What a run that does what the new golden says would be told by a check against the old one.
fn found(
    settings: &Settings<'_>,
    (old, old_contents): (&Golden, &Contents),
    (new, new_contents): (&Golden, &Contents),
) -> Result<Comparison, Problem> {
    let level = old.header.level.min(new.header.level);
    let asked = CompareAs { level: Some(level.word().to_owned()), ..CompareAs::default() };
    let options = settings.recorded(&asked, old, None)?;
    let (old, new) = (old.project(level), new.project(level));
    let (Some(old), Some(new)) = (old, new) else {
        return Err(Problem::usage(format!("cannot compare two goldens at level {level}")));
    };
    Ok(compare_goldens((&old, old_contents), (&new, new_contents), &crate::platform::here(), &options))
}

/// As many lines as are read at once.
fn cut(lines: &str) -> String {
    let mut short: String = lines.lines().take(SHOWN).map(|line| format!("  {line}\n")).collect();
    let more = lines.lines().count().saturating_sub(SHOWN);
    if more > 0 {
        short += &format!("  and {more} more lines; d shows all\n");
    }
    short
}

/// Content files that change, as lines.
fn contents_that_differ(path: &Path, old: Option<(&Golden, &Contents)>, new: (&Golden, &Contents)) -> String {
    let texts = |(golden, contents): (&Golden, &Contents)| -> std::collections::BTreeMap<String, Vec<u8>> {
        golden.kept_files(contents, u64::MAX).into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect()
    };
    let (old, new) = (old.map(texts).unwrap_or_default(), texts(new));
    let mut out = String::new();
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before == after {
            continue;
        }
        out += &format!("  {}/{name}\n", named(&folder(path)));
        let lines =
            |bytes: Option<&Vec<u8>>| String::from_utf8_lossy(bytes.map_or(&[][..], Vec::as_slice)).into_owned();
        let changed = lines_that_differ(&lines(before).replace("  ", " "), &lines(after).replace("  ", " "));
        changed.lines().take(20).for_each(|line| out += &format!("    {line}\n"));
    }
    out
}

/// Asks until there is a decision; `false`: no further questions.
fn decide(place: &Place, name: &str, whole: &str) -> Result<bool, Problem> {
    let question = "a accept, r reject, s skip, d whole difference, q quit: ";
    loop {
        match keys::ask(question, &['a', 'r', 's', 'd', 'q']) {
            Some('a') => {
                not_in_ci("accept")?;
                if let Err(problem) = take(place, name, false) {
                    say(&problem);
                    continue;
                }
                output::print(&format!("accepted {name}\n"))?;
                return Ok(true);
            }
            Some('r') => {
                place.store.reject(name).map_err(|error| unwritten(&error))?;
                output::print(&format!("rejected {name}\n"))?;
                return Ok(true);
            }
            Some('s') => return Ok(true),
            Some('d') => drop(output::print(&safe(whole))?),
            _ => return Ok(false),
        }
    }
}
