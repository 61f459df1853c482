//! `golden record`: several runs, and what they have in common.

use std::ffi::OsString;
use std::path::Path;

use goldens::{Contents, Golden, HeaderFacts, Options, Refused, Runs};

use super::ignored;
use super::learning::Learning;
use super::place::{Place, not_in_ci, unwritten, valid};
use super::settings::{Settings, configuration};
use crate::cli::General;
use crate::cli::ask::{GoldenRecord, Judged};
use crate::exit::{Code, Ending};
use crate::message::{Problem, named, safe};
use crate::output;
use crate::runner::{Case, Environment, Fixture, Input, Runner, Vary};

/// Learns a golden and writes it.
pub fn run(general: &General, ask: &GoldenRecord) -> Result<Ending, Problem> {
    valid(&ask.name)?;
    let configuration = configuration(general)?;
    let settings = Settings(configuration.as_ref());
    let place = Place::of(&ask.place, configuration.as_ref())?;
    let path = place.store.path(&ask.name);
    if path.exists() {
        if !ask.force {
            return Err(Problem::new(Code::FAILED, format!("cannot record {}: {} exists", ask.name, named(&path)))
                .hint("--force replaces it; golden check says first what would change"));
        }
        not_in_ci(&format!("replace {}", named(&path)))?;
    }
    let options = Options {
        substs: substitutions(&ask.judged.subst)?,
        allow: ask.allow.iter().map(|word| allowance(word)).collect::<Result<_, _>>()?,
        accept_outliers: ask.accept_outliers,
        accept_loose: ask.accept_loose,
        single: ask.single,
        ..settings.options(&ask.compare)?
    };
    let runs = if ask.single { Runs::exactly(1) } else { settings.runs(ask.runs)? };
    if runs.count < 3 && !ask.single {
        return Err(Problem::usage(format!("cannot learn from {} runs: at least 3 show what varies", runs.count))
            .hint("--single takes one run as it is"));
    }
    let case = case(&settings, &ask.judged)?;
    let header = Header::of(&case)?;
    // It may lie in what the program lists: it is there before the first run.
    std::fs::create_dir_all(place.store.dir()).map_err(|error| {
        Problem::usage(format!("cannot make {}: {}", named(place.store.dir()), output::reason(&error)))
    })?;
    let mut learning = Learning::new(case, options);
    let learned = learning.learned(&ask.name, runs, ask.drop_outliers, &header).inspect_err(|_| {
        // Nothing is left of it when nothing was learned; one that holds something stays.
        let _ = std::fs::remove_dir(place.store.dir());
    })?;
    let keep = settings.keep_content(ask.keep_content)?;
    write(&place, &path, &learned.golden, &learned.contents, keep, &header)?;
    let ending = output::print(&recorded(&path, &learned.golden))?;
    ignored::offer(&path)?;
    Ok(ending)
}

/// What stands in the head of a golden and is known before its runs.
pub struct Header {
    facts: HeaderFacts,
    /// The entries of the fixture, to be kept beside the golden.
    pub listing: Option<String>,
}

impl Header {
    /// Of this case.
    pub fn of(case: &Case) -> Result<Header, Problem> {
        let listing = case.fixture.listing()?;
        let mut notes = Vec::new();
        if let Fixture::Copy(dir) = &case.fixture {
            notes.extend(path_note("fixture", dir));
        }
        if let Some(path) = case.stdin.path() {
            notes.extend(path_note("stdin", path));
        }
        let facts = HeaderFacts {
            env: case.environment.stored(),
            stdin: case.stdin.stored()?,
            fixture: listing.as_ref().map(crate::runner::Listing::hash),
            notes,
        };
        Ok(Header { facts, listing: listing.map(|listing| listing.text()) })
    }

    /// With what could not be varied.
    pub fn facts(&self, runner: &Runner) -> HeaderFacts {
        let mut facts = self.facts.clone();
        facts.notes.extend(runner.notes());
        facts
    }
}

/// Where a check finds it again: only what is the same on every machine, a relative path of plain words.
fn path_note(what: &str, path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| path.is_relative() && !text.contains(char::is_whitespace))?;
    Some(format!("{what} {text}"))
}

/// Why nothing was learned.
pub fn refusal(name: &str, refused: &Refused) -> Problem {
    let code = if let Refused::Gap { .. } = refused { Code::NOTHING_TO_JUDGE } else { Code::FAILED };
    Problem::new(code, format!("cannot record {name}: {refused}")).hint("nothing was written")
}

/// The case of a command line.
pub fn case(settings: &Settings<'_>, judged: &Judged) -> Result<Case, Problem> {
    let env: Vec<OsString> = settings.env().into_iter().map(OsString::from).chain(judged.env.iter().cloned()).collect();
    Ok(Case {
        argv: judged.argv.clone(),
        fixture: Fixture::of(judged.fixture.as_deref()),
        environment: Environment::of(&env, &judged.redact, judged.env_all)?,
        stdin: judged.stdin.as_deref().map_or(Input::Null, Input::of),
        timeout: settings.timeout(judged.timeout)?,
        vary: Vary::read(&settings.vary(judged.vary.as_deref()))?,
    })
}

/// `NAME=VALUE` of `--subst`.
pub fn substitutions(words: &[String]) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let valid = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    let read = |word: &String| match word.split_once('=') {
        Some((name, value)) if valid(name) && !value.is_empty() => Ok((name.to_owned(), value.as_bytes().to_vec())),
        _ => Err(Problem::usage(format!(
            "cannot take {word:?} for --subst: NAME=VALUE, NAME of capital letters, digits, _"
        ))),
    };
    words.iter().map(read).collect()
}

/// `CODE[:OBJECT]` of `--allow`.
fn allowance(word: &str) -> Result<(String, Option<String>), Problem> {
    let (code, object) = word.split_once(':').map_or((word, None), |(code, object)| (code, Some(object.to_owned())));
    if goldens::Code::from_word(code).is_some() {
        return Ok((code.to_owned(), object));
    }
    let problem = Problem::usage(format!("cannot allow {code:?}: there is no such code"));
    match syscalls::nearest(code, goldens::Code::ALL.iter().map(|code| code.word())) {
        Some(near) => Err(problem.hint(format!("the nearest is {near}"))),
        None => Err(problem.hint("chic-trace golden explain CODE says what a code means")),
    }
}

/// Writes a golden in its place, contents and fixture listing beside it.
pub fn write(
    place: &Place,
    path: &Path,
    golden: &Golden,
    contents: &Contents,
    keep: u64,
    header: &Header,
) -> Result<(), Problem> {
    place.store.write(path, golden, contents, keep).map_err(|error| unwritten(&error))?;
    place.store.keep_listing(path, header.listing.as_deref()).map_err(|error| unwritten(&error))
}

/// What is said of a golden that was learned.
pub fn recorded(path: &Path, golden: &Golden) -> String {
    let header = &golden.header;
    let (asserted, total) = header.asserts;
    let share = asserted.saturating_mul(100).checked_div(total).unwrap_or(0);
    let masked = total.saturating_sub(asserted);
    let masked = if masked > 0 { format!(", {masked} masked") } else { String::new() };
    let runs = if header.runs == 1 { "1 run".to_owned() } else { format!("{} runs", header.runs) };
    let level = header.level;
    let mut text = format!(
        "recorded {} from {runs} ({level}): asserts {asserted} of {total} steps ({share} %){masked}\n",
        named(path)
    );
    for note in &header.notes {
        let words: Vec<String> = note
            .iter()
            .map(|word| {
                word.literal_bytes().map_or_else(|| word.to_string(), |b| String::from_utf8_lossy(&b).into_owned())
            })
            .collect();
        text += &(safe(&format!("note: {}", words.join(" "))) + "\n");
    }
    text
}
