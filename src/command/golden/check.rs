//! `golden check`: one run, up to two more when it differs, and the verdict.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use goldens::{
    Code as FindingCode, Comparison, Confirmed, Contents, Finding, Golden, Options, ProcKey, Report, Run, Severity,
    Stdin, Verdict, compare, forms, hold_against,
};

use goldens::document::{Compared, against, told};
use recording::document::Brought;
use recording::file::Recording;

use super::learning::Learning;
use super::place::{Place, Writing};
use super::record::{Header, case, recorded, write};
use super::references;
use super::reports::{Telling, code_of, tell, usual};
use super::settings::{Settings, configuration};
use super::traces::Traces;
use crate::bench::not_judged;
use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::{GoldenCheck, VerdictForm};
use crate::command::compare::complete;
use crate::config;
use crate::emit;
use crate::exit::{Code, Ending, say};
use crate::message::{Problem, named, quoted, safe};
use crate::output::cannot_open;
use crate::runner::{Case, Environment, Fixture, Input, Listing, NoRun};

/// Checks what was asked, prints, and chooses the code by what was printed.
pub fn run(general: &General, ask: &GoldenCheck) -> Result<Ending, Problem> {
    let mut wanted = emit::wanted(&ask.emit, emit::VERDICTS)?;
    let configuration = configuration(general)?;
    if let Some(configuration) = &configuration {
        wanted.extend(emit::configured(configuration, "golden-check", emit::VERDICTS)?);
    }
    let settings = Settings(configuration.as_ref());
    let place = Place::of(&ask.place, configuration.as_ref())?;
    if let (Some(wish), [], false) = (ask.unreferenced, ask.names.as_slice(), ask.recorded_command) {
        return references::tell(&place, &[], wish).map(Ending::from);
    }
    let traces = Traces::of(configuration.as_ref());
    traces.warnings().for_each(|warning| say(&format_args!("chic-trace: {}", safe(warning))));
    let names = match ask.names.as_slice() {
        [] => {
            let mut names = place.store.names();
            let others = traces.names().filter(|name| !names.iter().any(|known| known == name));
            let others: Vec<String> = others.map(String::from).collect();
            names.extend(others);
            names
        }
        names => names.to_vec(),
    };
    let unreadable = unreadable(ask, &place, &traces, &names)?;
    if !unreadable.is_empty() {
        unreadable.iter().for_each(say);
        return Ok(worst(unreadable.iter().map(|problem| problem.code)).into());
    }
    if names.is_empty() {
        let dir = named(place.store.dir());
        return Err(Problem::new(
            Code::NOTHING_TO_JUDGE,
            format!("cannot check anything: there is no golden in {dir}"),
        ));
    }
    let mut checks = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match (Checking { ask, settings: &settings, place: &place, traces: &traces, name: &name }.check()) {
            Ok(check) => checks.push(check),
            // Of several goldens, each is told.
            Err(problem) if ask.recorded_command && ask.names.len() != 1 => problems.push(problem),
            Err(problem) => return Err(problem),
        }
    }
    problems.iter().for_each(say);
    let unreferenced = ask.unreferenced.map_or(Ok(Code::OK), |wish| references::tell(&place, &ask.names, wish))?;
    let codes = checks.iter().map(|check| check.code(ask.form)).chain(problems.iter().map(|problem| problem.code));
    let code = worst(codes.chain([unreferenced]));
    let reports: Vec<Report<'_>> = checks.iter().map(Checked::report).collect();
    let telling = Telling { command: "golden check", form: ask.form, emit: &wanted, verbose: ask.verbose };
    tell(general, &reports, &|verbose| usual(&reports, verbose), telling, code)
}

/// Traces of renacer.toml that stand for goldens and can't be read, when one of these is among them: nothing is run
/// before all of them are told.
fn unreadable(
    ask: &GoldenCheck,
    place: &Place,
    traces: &Traces<'_>,
    names: &[String],
) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    let mut asked = false;
    for name in traces.names() {
        if !place.find(name)?.exists()
            && let Err(problem) = traces.golden(name, &ask.reading)
        {
            asked |= names.iter().any(|known| known == name);
            problems.push(problem);
        }
    }
    Ok(if asked { problems } else { Vec::new() })
}

/// Of several results: the first of these that occurred.
pub fn worst(codes: impl Iterator<Item = Code>) -> Code {
    let codes: Vec<Code> = codes.collect();
    let order = [Code::FAILED, Code::USAGE, Code::NOT_STARTED, Code::NOTHING_TO_JUDGE, Code::UNDECIDED];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Code::OK)
}

/// A check that was made.
struct Checked {
    name: String,
    comparison: Comparison,
    pending: Option<String>,
    accept: Option<String>,
    accepted: bool,
}

impl Checked {
    fn report(&self) -> Report<'_> {
        Report {
            name: &self.name,
            comparison: &self.comparison,
            pending: self.pending.as_deref(),
            accept: self.accept.as_deref(),
        }
    }

    fn code(&self, form: VerdictForm) -> Code {
        if self.accepted { Code::OK } else { code_of(&self.comparison.verdict, form) }
    }
}

/// What one check is made with.
struct Checking<'a> {
    ask: &'a GoldenCheck,
    settings: &'a Settings<'a>,
    place: &'a Place,
    traces: &'a Traces<'a>,
    name: &'a str,
}

impl Checking<'_> {
    fn check(&self) -> Result<Checked, Problem> {
        let path = self.place.find(self.name)?;
        let trace = if path.exists() { None } else { self.traces.golden(self.name, &self.ask.reading)? };
        let is_trace = trace.is_some();
        let (path, golden, contents) = match trace {
            Some(learned) => (path, learned.golden, learned.contents),
            None if path.exists() => self.place.read(self.name)?,
            None => return self.missing(&path),
        };
        let asked = self.settings.recorded(&self.ask.compare, &golden, self.ask.fail_on.as_deref())?;
        let options = Options { substs: super::record::substitutions(&self.ask.judged.subst)?, ..asked };
        if let Some(recording) = &self.ask.recording {
            return self.stored(recording, (&golden, &contents), &options).map(|made| self.checked(made));
        }
        let case = self.case(&path, &golden)?;
        if self.ask.recorded_command {
            let command: Vec<String> = case.argv.iter().map(|word| quoted(word)).collect();
            say(&safe(&format!("chic-trace: {}: {}", self.name, command.join(" "))));
        }
        let header = Header::of(&case)?;
        let weaker = options.level < golden.header.level || options.lines() != golden.header.options;
        let mut checked =
            self.compared_live(&path, (&golden, &contents), case, options, (&header, !weaker && !is_trace))?;
        if weaker && checked.comparison.verdict == Verdict::Different {
            let why = "nothing waits to be accepted: this check compares less than the golden";
            checked.comparison.notes.push(why.into());
        }
        Ok(checked)
    }

    /// Runs, again while it differs, and says what came of it.
    fn compared_live(
        &self,
        path: &Path,
        (golden, contents): (&Golden, &Contents),
        case: Case,
        options: Options,
        (header, keeps): (&Header, bool),
    ) -> Result<Checked, Problem> {
        let confirm = self.settings.confirm(self.ask.confirm)?;
        let timeout = case.timeout.as_secs_f64();
        let mut learning = Learning::new(case, options);
        let Learning { runner, options, runs } = &mut learning;
        let comparison = match goldens::check(runner, runs, (golden, contents), options, confirm) {
            Ok(comparison) => comparison,
            Err(NoRun::TimedOut(_)) => return Ok(self.checked(timed_out(&shown(golden, options), options, timeout))),
            Err(NoRun::Refused(problem)) => return Err(problem),
        };
        let mut checked = self.checked(comparison);
        match checked.comparison.verdict {
            Verdict::Different if keeps => self.keep(path, &mut checked, &mut learning, header)?,
            // What waited for a difference that is gone is stale.
            Verdict::Same | Verdict::SameWithWarnings if keeps && self.place.writing != Writing::No => {
                self.place.store.reject_at(path).map_err(|error| super::place::unwritten(&error))?;
            }
            _ => {}
        }
        Ok(checked)
    }

    /// A run that is there: a recording, or what a document tells of one.
    fn stored(
        &self,
        path: &Path,
        (golden, contents): (&Golden, &Contents),
        options: &Options,
    ) -> Result<Comparison, Problem> {
        let File::Bytes(bytes) = brought::open(path, &self.ask.reading)? else {
            let run = as_far_as_recorded(path, options)?;
            return Ok(hold_against(golden, contents, std::slice::from_ref(&run), options));
        };
        let Brought::Document(document) = brought::read(path, &bytes, &self.ask.reading)? else {
            let what = format!("cannot check {} with {}: it is a table of counts", self.name, named(path));
            return Err(Problem::usage(what).hint("chic-trace compare compares tables"));
        };
        complete(path, &document)?;
        let Compared { mut comparison, not_compared } =
            against(&shown(golden, options), contents, &told(&document, options), options, false);
        comparison.notes.extend(not_compared.into_iter().map(|fact| format!("not compared: {fact}")));
        Ok(comparison)
    }

    fn checked(&self, comparison: Comparison) -> Checked {
        Checked { name: self.name.to_owned(), comparison, pending: None, accept: None, accepted: false }
    }

    /// Learns from runs of what differs, so that accepting it is only a rename.
    fn keep(
        &self,
        path: &Path,
        checked: &mut Checked,
        learning: &mut Learning,
        header: &Header,
    ) -> Result<(), Problem> {
        if self.place.writing == Writing::No && !config::in_ci() {
            return Ok(());
        }
        let runs = self.settings.runs(self.ask.runs)?.enough();
        let learned = match learning.learned(self.name, runs, false, header) {
            Ok(learned) => learned,
            Err(problem) => {
                checked.comparison.notes.push(format!("no golden waits to be accepted: {}", problem.what));
                return Ok(());
            }
        };
        let keep = self.settings.keep_content(None)?;
        if self.place.writing == Writing::Overwrite {
            write(self.place, path, &learned.golden, &learned.contents, keep, header)?;
            checked.comparison.notes.push(format!("accepted at once: {} is replaced", named(path)));
            checked.accepted = true;
            return Ok(());
        }
        let waits = self.place.keep_waiting(path, &learned.golden, &learned.contents, keep)?;
        if let Some(waits) = &waits {
            self.place.store.keep_listing(waits, header.listing.as_deref()).map_err(|e| super::place::unwritten(&e))?;
        }
        checked.pending = waits.map(|path| named(&path));
        checked.accept = Some(format!("chic-trace golden accept {}{}", self.name, self.dir_flag()));
        Ok(())
    }

    fn dir_flag(&self) -> String {
        self.ask.place.dir.as_ref().map_or_else(String::new, |dir| format!(" --dir {}", quoted(dir.as_os_str())))
    }

    /// There is no golden: one is made to be accepted, when there is a command to make it from.
    fn missing(&self, path: &Path) -> Result<Checked, Problem> {
        let judged = &self.ask.judged;
        let command: Vec<String> = judged.argv.iter().map(|word| quoted(word)).collect();
        let command = if command.is_empty() { "CMD ARGS".to_owned() } else { command.join(" ") };
        let problem = self.place.missing(self.name, path, &command);
        if judged.argv.is_empty() || (self.place.writing == Writing::No && !config::in_ci()) {
            return Err(problem);
        }
        let case = case(self.settings, judged)?;
        let header = Header::of(&case)?;
        let options = self.settings.options(&self.ask.compare)?;
        let mut learning = Learning::new(case, options);
        let runs = self.settings.runs(self.ask.runs)?.enough();
        let learned = learning.learned(self.name, runs, false, &header)?;
        let keep = self.settings.keep_content(None)?;
        if matches!(self.place.writing, Writing::Unseen | Writing::Overwrite) {
            write(self.place, path, &learned.golden, &learned.contents, keep, &header)?;
            say(&safe(recorded(path, &learned.golden).trim_end()));
            let forms = forms(&learning.runs.iter().collect::<Vec<_>>(), Some(&learned.golden), &learning.options);
            return Ok(self.checked(compare(
                &learned.golden,
                &learned.contents,
                &forms[..1.min(forms.len())],
                &learning.options,
            )));
        }
        match self.place.keep_waiting(path, &learned.golden, &learned.contents, keep)? {
            None => Err(problem),
            Some(waits) => {
                self.place
                    .store
                    .keep_listing(&waits, header.listing.as_deref())
                    .map_err(|e| super::place::unwritten(&e))?;
                let accept = format!("chic-trace golden accept {}{}", self.name, self.dir_flag());
                Err(problem.hint(format!("{} waits; accept with: {accept}", named(&waits))))
            }
        }
    }

    /// The case of a check: as it was recorded, changed by what is given.
    fn case(&self, path: &Path, golden: &Golden) -> Result<Case, Problem> {
        let given = &self.ask.judged;
        let mut case = case(self.settings, given)?;
        let cannot = |what: String| Problem::usage(format!("cannot check {}: {what}", self.name));
        if self.ask.recorded_command {
            case.argv = recorded_command(golden).ok_or_else(|| {
                cannot("its command holds what was learned, it can't be run".into())
                    .hint(format!("chic-trace golden check {} -- CMD ARGS", self.name))
            })?;
        }
        case.environment = Environment::recorded(&golden.header.env, case.environment);
        if given.fixture.is_none() {
            case.fixture = self.recorded_fixture(golden)?;
        }
        if given.stdin.is_none() {
            case.stdin = self.recorded_stdin(golden)?;
        }
        self.same_fixture(path, golden, &case.fixture)?;
        if case.stdin.stored()? != golden.header.stdin {
            return Err(cannot("standard input is another than the recorded one".into())
                .hint("--stdin FILE names it; golden record --force records it anew"));
        }
        Ok(case)
    }

    fn recorded_fixture(&self, golden: &Golden) -> Result<Fixture, Problem> {
        let Some(hash) = golden.header.fixture else { return Ok(Fixture::InPlace) };
        if hash == Listing::default().hash() {
            return Ok(Fixture::Empty);
        }
        let noted = noted_path(golden, "fixture").filter(|dir| dir.is_dir());
        noted.map(Fixture::Copy).ok_or_else(|| {
            Problem::usage(format!("cannot check {}: it was recorded with a fixture that is not here", self.name))
                .hint("--fixture DIR names it")
        })
    }

    fn recorded_stdin(&self, golden: &Golden) -> Result<Input, Problem> {
        let missing = || {
            Problem::usage(format!(
                "cannot check {}: it was recorded with a standard input that is not here",
                self.name
            ))
            .hint("--stdin FILE names it")
        };
        let file = || noted_path(golden, "stdin").filter(|file| Path::new(file).exists()).ok_or_else(missing);
        Ok(match golden.header.stdin {
            Stdin::Null => Input::Null,
            Stdin::Tty => Input::Tty,
            Stdin::File(..) => Input::File(file()?),
            Stdin::Pipe(..) => {
                let noted = noted_path(golden, "stdin").ok_or_else(missing)?;
                Input::Pipe(noted)
            }
        })
    }

    /// A fixture that has changed judges nothing.
    fn same_fixture(&self, path: &Path, golden: &Golden, fixture: &Fixture) -> Result<(), Problem> {
        let Some(listing) = fixture.listing()? else {
            return match golden.header.fixture {
                None => Ok(()),
                Some(_) => Err(Problem::usage(format!("cannot check {}: it was recorded with a fixture", self.name))),
            };
        };
        let Some(recorded) = golden.header.fixture else {
            return Err(Problem::usage(format!("cannot check {}: it was recorded without a fixture", self.name)));
        };
        if listing.hash() == recorded {
            return Ok(());
        }
        let problem =
            Problem::usage(format!("cannot check {}: the fixture is another than the recorded one", self.name));
        let differs = self.place.store.listing(path).map(|kept| listing.differs(&kept)).unwrap_or_default();
        let problem = if differs.is_empty() { problem } else { problem.hint(differs.join(", ")) };
        Err(problem.hint("golden record --force records it anew"))
    }
}

/// A path that the golden notes.
fn noted_path(golden: &Golden, what: &str) -> Option<PathBuf> {
    let text = |note: &Vec<goldens::Value>| -> Option<Vec<u8>> {
        let words: Vec<Vec<u8>> = note.iter().map(|word| word.literal_bytes()).collect::<Option<_>>()?;
        Some(words.join(&b' '))
    };
    let path = |note: Vec<u8>| note.strip_prefix(what.as_bytes())?.strip_prefix(b" ").map(<[u8]>::to_vec);
    let mut notes = golden.header.notes.iter().filter_map(text);
    notes.find_map(path).map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
}

/// The command of a golden as words; `$TARGET` is this build's.
fn recorded_command(golden: &Golden) -> Option<Vec<OsString>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let word = |value: &goldens::Value| match value.as_str().strip_prefix("$TARGET/") {
        Some(rest) => Some(target.join(rest).into_os_string()),
        None => value.literal_bytes().map(OsString::from_vec),
    };
    golden.header.argv.iter().map(word).collect()
}

/// A recording, observed as far as it goes.
pub fn as_far_as_recorded(path: &Path, options: &Options) -> Result<Run, Problem> {
    let recording = Recording::open(path).map_err(|error| cannot_open(path, &error))?;
    Run::as_far_as_recorded(recording, options).map_err(|why| not_judged(path, &why))
}

/// A recording, observed; from one that is incomplete nothing is learned.
pub fn replayed(path: &Path, options: &Options) -> Result<Run, Problem> {
    let recording = Recording::open(path).map_err(|error| cannot_open(path, &error))?;
    Run::of(recording, options).map_err(|why| not_judged(path, &why))
}

/// As much of a golden as these options compare.
fn shown(golden: &Golden, options: &Options) -> Golden {
    golden.project(options.level).unwrap_or_else(|| golden.clone())
}

/// A run that does not end is a difference: goldens are of programs that do.
fn timed_out(golden: &Golden, options: &Options, seconds: f64) -> Comparison {
    let confirmed = Confirmed { seen: 1, runs: 1 };
    let finding = Finding {
        code: FindingCode::Exit,
        severity: Severity::Error,
        level: options.level,
        process: ProcKey("P".into()),
        object: None,
        attribute: "timeout".into(),
        sentence: format!("does not end within {seconds} s"),
        before: vec![],
        after: vec![],
        event: None,
        count: 1,
        confirmed,
        follows_from: None,
        with_it: vec![],
        source: None,
    };
    Comparison {
        level: options.level,
        verdict: Verdict::Different,
        findings: vec![finding],
        flaky: vec![],
        runs: 1,
        asserts: golden.header.asserts,
        notes: vec![],
        diffs: 0,
    }
}
