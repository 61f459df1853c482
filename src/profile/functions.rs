//! Functions: which of a program are traced by probes, and how that is said.

use recording::event::TracepointSource;
use regex::{Regex, RegexBuilder};
use report::perf::trace_id;
use tracer::probes::{Marked, Point, Program, Search};
use tracer::{Plan, probes};

use crate::cli::profile::Probes;
use crate::exit::say;
use crate::message::{Problem, named, safe};

/// Functions that can't be traced and are named with their reasons.
const NAMED: usize = 5;
/// Bytes of a compiled expression.
const SIZE: usize = 1 << 20;

/// Puts what was asked for into the plan.
///
/// # Errors
/// Nothing can be traced, or a pattern can't be read: exit code 2.
pub fn ask(probes: &Probes, follow: bool, plan: &mut Plan) -> Result<(), Problem> {
    if probes.functions.is_empty() && probes.usdt.is_empty() {
        return Ok(());
    }
    if !follow {
        return Err(Problem::usage("cannot trace functions with --no-follow")
            .hint("a process that is not traced would be killed by the breakpoints it inherits"));
    }
    let file = file(plan)?;
    let patterns = patterns(&probes.functions)?;
    let search = search(&file, &patterns)?;
    let mut program = Program::of(&search);
    let functions = add_functions(&search, &mut program);
    let spans = if probes.usdt.is_empty() { Ok(0) } else { add_spans(&file, &probes.usdt, &mut program) };
    let wanted = !patterns.is_empty();
    if program.is_empty() {
        let why = if wanted { nothing(&search) } else { spans.err().unwrap_or_default() };
        return Err(Problem::usage(format!("cannot trace any function of {}: {why}", named(&search.file)))
            .hint("`profile --list-fns --trace-fn REGEX -- CMD` tells of each function why"));
    }
    if wanted {
        tell_refused(&search);
    }
    if let Err(why) = &spans {
        say(&format_args!("chic-trace: {}", safe(why)));
    }
    let spans = spans.unwrap_or(0);
    let counted =
        |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
    let what: Vec<String> = counted(functions, "function").into_iter().chain(counted(spans, "USDT span")).collect();
    say(&format_args!(
        "chic-trace: {} traced by breakpoints of ptrace: each call costs 22 µs or more, which is in its times",
        what.join(" and "),
    ));
    plan.probes = Some(program);
    Ok(())
}

/// Prints what would be traced.
///
/// # Errors
/// As [`ask`].
pub fn list(probes: &Probes, plan: &Plan) -> Result<String, Problem> {
    let file = file(plan)?;
    let mut patterns = patterns(&probes.functions)?;
    if patterns.is_empty() {
        patterns.push(pattern("")?);
    }
    let search = search(&file, &patterns)?;
    let line = |text: String| format!("{}\n", safe(&text).replace('\n', "\\n"));
    let mut lines: Vec<String> = Vec::new();
    for found in &search.functions {
        let said = found.body.as_ref().map_or_else(|why| format!("cannot be traced: {why}"), |_| "traceable".into());
        lines.push(line(format!("{}: {said}", found.function.name)));
    }
    lines.extend(search.copies.iter().map(|(name, copies)| line(copies.why(name))));
    if lines.is_empty() {
        return Err(Problem::usage(format!("no function of {} is listed: {}", named(&search.file), nothing(&search))));
    }
    Ok(lines.concat())
}

fn file(plan: &Plan) -> Result<std::path::PathBuf, Problem> {
    let launch = plan.launch.as_ref().ok_or_else(|| Problem::usage("cannot trace functions: no program is given"))?;
    probes::program_of(launch).map_err(|why| {
        let name = launch.argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Problem::usage(format!("cannot look for functions in {}: {why}", safe(&name)))
    })
}

fn pattern(text: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(text).size_limit(SIZE).build().map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Problem::usage(format!("cannot read the regular expression `{text}`: {why}"))
    })
}

fn patterns(texts: &[String]) -> Result<Vec<Regex>, Problem> {
    texts.iter().map(|text| pattern(text)).collect()
}

fn unread(file: &std::path::Path, why: &str) -> Problem {
    Problem::usage(format!("cannot look for functions in {}: {why}", named(file)))
}

fn search(file: &std::path::Path, patterns: &[Regex]) -> Result<Search, Problem> {
    let matches = |name: &str| patterns.iter().any(|pattern| pattern.is_match(name));
    probes::functions(file, &matches).map_err(|why| unread(file, &why))
}

/// Why no function can be traced.
fn nothing(search: &Search) -> String {
    if let Some(why) = &search.why_nothing {
        return why.clone();
    }
    let bodies = search.functions.iter().filter_map(|found| {
        let why = found.body.as_ref().err()?;
        Some(format!("{}: {why}", found.function.name))
    });
    let copies = search.copies.iter().map(|(name, copies)| copies.why(name));
    let why: Vec<String> = copies.chain(bodies).take(NAMED).collect();
    if why.is_empty() { "no symbol matches".into() } else { why.join("; ") }
}

fn tell_refused(search: &Search) {
    let refused: Vec<_> = search.functions.iter().filter(|found| found.body.is_err()).collect();
    for found in refused.iter().take(NAMED) {
        let why = found.body.as_ref().err().cloned().unwrap_or_default();
        say(&format_args!("chic-trace: {} is not traced: {why}", safe(&found.function.name)));
    }
    for (name, copies) in search.copies.iter().take(NAMED) {
        say(&format_args!("chic-trace: {}", safe(&copies.why(name))));
    }
    let untold = refused.len().saturating_sub(NAMED) + search.copies.len().saturating_sub(NAMED);
    if untold > 0 {
        say(&format_args!("chic-trace: {untold} more are not traced; `--list-fns` tells why"));
    }
}

fn add_functions(search: &Search, program: &mut Program) -> usize {
    for found in &search.functions {
        let Ok(body) = &found.body else { continue };
        if program.len() == probes::MOST {
            say(&format_args!("chic-trace: only the first {} functions are traced", probes::MOST));
            break;
        }
        let symbol = &found.function.symbol;
        let point = Point {
            id: trace_id(symbol, symbol),
            label: found.function.name.clone().into_bytes(),
            source: TracepointSource::Probe,
            address: found.function.address,
        };
        program.add_function(point, body);
    }
    program.len()
}

/// Adds the spans between probes that the program has itself; how many.
fn add_spans(file: &std::path::Path, globs: &[String], program: &mut Program) -> Result<usize, String> {
    let globs: Vec<Regex> = globs.iter().map(|glob| of_glob(glob)).collect();
    let matches = |provider: &str, name: &str| {
        let name = format!("{provider}:{name}");
        globs.iter().any(|glob| glob.is_match(&name))
    };
    let (search, marked) = probes::marked(file, &matches)?;
    if let Some(why) = search.why_nothing {
        return Err(format!("no USDT probe is traced: {why}"));
    }
    let mut ends = std::collections::BTreeMap::<(&[u8], &[u8]), [Vec<&Marked>; 2]>::new();
    let mut single = 0;
    for mark in &marked {
        match probes::usdt::end_of_span(&mark.probe.name) {
            Some((span, begins)) => {
                let both = ends.entry((&mark.probe.provider, span)).or_default();
                both[usize::from(!begins)].push(mark);
            }
            None => single += 1,
        }
    }
    let mut added = 0;
    for ((provider, span), [begins, finishes]) in &ends {
        if begins.is_empty() || finishes.is_empty() {
            single += begins.len() + finishes.len();
            continue;
        }
        let label = [b"usdt:", *provider, b":", *span].concat();
        let address = begins.first().map_or(0, |mark| mark.probe.address);
        let point = Point { id: trace_id(&label, &label), label, source: TracepointSource::Usdt, address };
        added += usize::from(program.add_span(point, begins, finishes));
    }
    if single > 0 {
        let what = if single == 1 { "probe is" } else { "probes are" };
        say(&format_args!(
            "chic-trace: {single} USDT {what} not counted: only pairs are (__entry/__return, __start/__done, __begin/__end)"
        ));
    }
    if added == 0 {
        return Err("no pair of USDT probes matches".into());
    }
    Ok(added)
}

/// `*` and `?` of a pattern; all else stands for itself.
fn of_glob(glob: &str) -> Regex {
    let text = regex::escape(glob).replace(r"\*", ".*").replace(r"\?", ".");
    RegexBuilder::new(&format!("^(?s:{text})$")).size_limit(SIZE).build().unwrap_or_else(|_| nothing_at_all())
}

fn nothing_at_all() -> Regex {
    // Longer than any name.
    Regex::new("$^x").unwrap_or_else(|error| unreachable!("{error}"))
}
