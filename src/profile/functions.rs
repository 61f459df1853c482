//! Functions: which of a program are traced by probes, and how that is said.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use recording::event::TracepointSource;
use regex::{Regex, RegexBuilder};
use report::perf::trace_id;
use tracer::probes::chic::{Executed, Found};
use tracer::probes::uprobes::{self, Refusal};
use tracer::probes::{Marked, Mechanism, Point, Program, Search};
use tracer::{Plan, probes};

use crate::cli::profile::{By, Probes};
use crate::exit::say;
use crate::message::{Problem, named, safe};

/// Functions that can't be traced and are named with their reasons.
const NAMED: usize = 5;
/// What calls cost.
const BREAKPOINTS: &str = "functions are traced by breakpoints of ptrace: each call costs 22 µs or more";
/// Bytes of a compiled expression.
const SIZE: usize = 1 << 20;

/// Puts what was asked for into the plan, and what a program that Chic built tells by itself. What of that can't be
/// recorded comes back, with the key it is missing under. `fake`: times are those of the fake clock.
///
/// # Errors
/// Nothing that was asked for can be traced, or not in the way that was asked for, or a pattern can't be read: exit code 2.
pub fn ask(probes: &Probes, follow: bool, fake: bool, plan: &mut Plan) -> Result<Vec<(String, String)>, Problem> {
    let mut missing = Vec::new();
    let asked = add_asked(probes, follow, plan, &mut missing)?;
    match hooks(plan, follow) {
        Ok(Found::Hooks(_)) if !follow => {
            let why = "with --no-follow no breakpoints are set: its processes would be killed by them";
            missing.push(untold(why));
        }
        Ok(Found::Hooks(hooks)) => {
            say(&format_args!(
                "chic-trace: tracepoints of Chic recorded by breakpoints of ptrace: each costs 22 µs or more, which is in its times"
            ));
            missing.push(("overhead_ns_per_call".into(), BREAKPOINTS.into()));
            if hooks.skipped > 0 {
                let lines = format!("{} lines of .chic.meta could not be read", hooks.skipped);
                missing.push(("tracepoints".into(), lines));
            }
            plan.probes.get_or_insert_with(|| Program::of(&hooks.search)).add_chic(&hooks);
        }
        Ok(Found::Refused(why)) => missing.push(untold(&why)),
        // What is no program, or can't be read, is told when it is run.
        Ok(Found::No | Found::Own) | Err(_) => {}
    }
    if let Some(what) = asked {
        let cost = choose(probes.by, follow, fake, plan, &what)?;
        missing.push(("overhead_ns_per_call".into(), cost.into()));
    }
    Ok(missing)
}

/// What sets the probes of `what`, and how that is said. What a call costs by it.
///
/// # Errors
/// It can't be what was asked for.
fn choose(by: By, follow: bool, fake: bool, plan: &mut Plan, what: &str) -> Result<&'static str, Problem> {
    const LATE: &str = "by the fake clock events count as they come, and theirs come late";
    let refusal = match &plan.probes {
        _ if by == By::Breakpoints => None,
        _ if fake => Some(Refusal { why: LATE.into(), hint: None }),
        Some(program) => uprobes::refusal(program),
        None => None,
    };
    let why_not = match (by, refusal) {
        (By::Breakpoints, _) => String::new(),
        (_, None) => {
            plan.probes_by = Mechanism::Uprobes { or_breakpoints: by == By::Auto && follow };
            say(&format_args!(
                "chic-trace: {what} traced by uprobes: each call costs 2 µs or more, some 20 in a virtual machine, which is in \
                 its times"
            ));
            return Ok(
                "functions are traced by uprobes of the kernel: each call costs 2 µs or more, some 20 in a virtual machine",
            );
        }
        (By::Uprobes, Some(Refusal { why, hint })) => {
            let instead = "`--trace-fn-by breakpoints` needs no privilege, and costs 22 µs a call or more";
            let problem = Problem::usage(format!("cannot trace functions by uprobes: {why}")).hint(instead);
            return Err(hint.into_iter().fold(problem, Problem::hint));
        }
        (By::Auto, Some(Refusal { why, .. })) if !follow => {
            return Err(not_followed().hint(format!("no uprobes: {why}")));
        }
        (By::Auto, Some(Refusal { why, .. })) => format!("; no uprobes: {}", safe(&why)),
    };
    say(&format_args!(
        "chic-trace: {what} traced by breakpoints of ptrace: each call costs 22 µs or more, which is in its times{why_not}"
    ));
    Ok(BREAKPOINTS)
}

fn not_followed() -> Problem {
    Problem::usage("cannot trace functions with --no-follow")
        .hint("a process that is not traced would be killed by the breakpoints it inherits")
}

/// Where a program tells Chic's runtime of its tracepoints. With `follow` those are looked at that are executed later, too.
fn hooks(plan: &mut Plan, follow: bool) -> Result<Found, String> {
    let word = |name| std::env::var(name).unwrap_or_default().trim().to_lowercase();
    if ["off", "0"].contains(&word("CHIC_TRACE").as_str()) {
        return Ok(Found::No);
    }
    let three_words = word("CHIC_TRACE_ABI") == "3";
    plan.chic = follow.then_some(Executed { three_words, known: None });
    let file = probes::program_of(plan.launch.as_ref().ok_or("no program is given")?)?;
    let found = probes::chic::hooks(&file, three_words)?;
    if let (Some(executed), Ok(meta)) = (&mut plan.chic, std::fs::metadata(&file)) {
        executed.known = Some((meta.dev(), meta.ino()));
    }
    Ok(found)
}

fn untold(why: &str) -> (String, String) {
    let why = format!("Chic built the program, and its tracepoints are not recorded: {why}");
    say(&format_args!("chic-trace: {}", safe(&why)));
    ("tracepoints".into(), why)
}

/// What that is, in words.
fn add_asked(
    probes: &Probes,
    follow: bool,
    plan: &mut Plan,
    missing: &mut Vec<(String, String)>,
) -> Result<Option<String>, Problem> {
    if probes.functions.is_empty() && probes.usdt.is_empty() {
        return match (probes.libraries, probes.by) {
            (false, By::Auto) => Ok(None),
            (true, _) => Err(Problem::usage("--trace-fn-libs names no function")
                .hint("`--trace-fn REGEX` or `--trace-usdt GLOB` says what is traced in libraries, too")),
            (false, _) => Err(Problem::usage("--trace-fn-by names no function")
                .hint("`--trace-fn REGEX` or `--trace-usdt GLOB` says what is traced")),
        };
    }
    if !follow && probes.by == By::Breakpoints {
        return Err(not_followed());
    }
    let file = file(plan)?;
    let patterns = patterns(&probes.functions)?;
    let wanted = !patterns.is_empty();
    let main = search(&file, &patterns)?;
    let mut program = Program::of(&main);
    let mut spans_and_counters = [0, 0];
    let mut why_none = None;
    let mut functions = 0;
    let libraries = if probes.libraries { libraries(&main)? } else { Vec::new() };
    for (number, file) in std::iter::once(&main.file).chain(&libraries).enumerate() {
        let found;
        let search = match number {
            0 => &main,
            // One that can't be read has nothing that is asked for.
            _ => match search(file, &patterns) {
                Ok(search) => {
                    found = search;
                    program.add_library(&found);
                    &found
                }
                Err(_) => continue,
            },
        };
        functions += add_functions(search, &mut program);
        if wanted {
            tell_refused(search);
        }
        if !probes.usdt.is_empty() {
            match add_own(file, &probes.usdt, &mut program, missing) {
                Ok(added) => spans_and_counters.iter_mut().zip(added).for_each(|(sum, more)| *sum += more),
                Err(why) => why_none = why_none.or(Some(why)),
            }
        }
    }
    program.drop_idle();
    let [spans, counters] = spans_and_counters;
    let no_probe = (spans + counters == 0).then_some(why_none).flatten();
    if program.is_empty() {
        let why = if wanted { nothing(&main) } else { no_probe.unwrap_or_default() };
        let where_else = if probes.libraries { " and its libraries" } else { "" };
        return Err(Problem::usage(format!("cannot trace any function of {}{where_else}: {why}", named(&main.file)))
            .hint("`profile --list-fns --trace-fn REGEX -- CMD` tells of each function why"));
    }
    if let Some(why) = no_probe {
        say(&format_args!("chic-trace: {}", safe(&why)));
    }
    let counted =
        |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
    let what = [counted(functions, "function"), counted(spans, "USDT span"), counted(counters, "USDT probe")];
    let what: Vec<String> = what.into_iter().flatten().collect();
    plan.probes = Some(program);
    Ok(Some(what.join(", ")))
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
    let main = search(&file, &patterns)?;
    let mut lines = listed(&main, "");
    if probes.libraries {
        for file in libraries(&main)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            lines.extend(search(&file, &patterns).iter().flat_map(|found| listed(found, &format!("{name}: "))));
        }
    }
    if lines.is_empty() {
        return Err(Problem::usage(format!("no function of {} is listed: {}", named(&main.file), nothing(&main))));
    }
    Ok(lines.concat())
}

/// A line for each function.
fn listed(search: &Search, before: &str) -> Vec<String> {
    let line = |text: String| format!("{before}{}\n", safe(&text).replace('\n', "\\n"));
    let said = |found: &probes::Found| {
        let said = found.body.as_ref().map_or_else(|why| format!("cannot be traced: {why}"), |_| "traceable".into());
        line(format!("{}: {said}", found.function.name))
    };
    let copies = search.copies.iter().map(|(name, copies)| line(copies.why(name)));
    search.functions.iter().map(said).chain(copies).collect()
}

fn libraries(search: &Search) -> Result<Vec<std::path::PathBuf>, Problem> {
    probes::libraries(&search.file).map_err(|why| {
        Problem::usage(format!("cannot look for the libraries of {}: {why}", named(&search.file)))
            .hint("without --trace-fn-libs only functions of the program are traced")
    })
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
    let before = program.len();
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
    program.len() - before
}

/// Adds the spans between probes that the program has itself, and counters of those that are no ends of spans; how many of
/// each. Those at which no breakpoint can stand are missing.
fn add_own(
    file: &std::path::Path,
    globs: &[String],
    program: &mut Program,
    missing: &mut Vec<(String, String)>,
) -> Result<[usize; 2], String> {
    let globs: Vec<Regex> = globs.iter().map(|glob| of_glob(glob)).collect();
    let matches = |provider: &str, name: &str| {
        let name = format!("{provider}:{name}");
        globs.iter().any(|glob| glob.is_match(&name))
    };
    let (search, marked) = probes::marked(file, &matches)?;
    if let Some(why) = search.why_nothing {
        return Err(format!("no USDT probe is traced: {why}"));
    }
    let mut ends = BTreeMap::<(&[u8], &[u8]), [Vec<&Marked>; 2]>::new();
    let mut single = BTreeMap::<(&[u8], &[u8]), Vec<&Marked>>::new();
    for mark in &marked {
        let (provider, name) = (mark.probe.provider.as_slice(), mark.probe.name.as_slice());
        match probes::usdt::end_of_span(name) {
            Some((span, begins)) => ends.entry((provider, span)).or_default()[usize::from(!begins)].push(mark),
            None => single.entry((provider, name)).or_default().push(mark),
        }
    }
    ends.retain(|_, [begins, finishes]| {
        let is_whole = !begins.is_empty() && !finishes.is_empty();
        for mark in begins.iter().chain(finishes.iter()).filter(|_| !is_whole) {
            single.entry((&mark.probe.provider, &mark.probe.name)).or_default().push(mark);
        }
        is_whole
    });
    let mut added = [0, 0];
    let mut refused = |key: &str, point: Point, is_added: bool, added: &mut usize| {
        *added += usize::from(is_added);
        if !is_added {
            let label = String::from_utf8_lossy(&point.label).into_owned();
            let why = format!("{label}: not traced: no breakpoint can stand at its instruction");
            say(&format_args!("chic-trace: {}", safe(&why)));
            missing.push((key.to_owned(), why));
        }
    };
    let [spans, counters] = &mut added;
    for ((provider, span), [begins, finishes]) in &ends {
        let point = usdt_point(provider, span, begins);
        let is_added = program.add_span(point.clone(), begins, finishes);
        refused("functions", point, is_added, spans);
    }
    for ((provider, name), places) in &single {
        let point = usdt_point(provider, name, places);
        let is_added = program.add_counter(point.clone(), places);
        refused("counters", point, is_added, counters);
    }
    if added == [0, 0] {
        return Err("no USDT probe matches, or none can be traced".into());
    }
    Ok(added)
}

fn usdt_point(provider: &[u8], name: &[u8], places: &[&Marked]) -> Point {
    let label = [b"usdt:", provider, b":", name].concat();
    let address = places.first().map_or(0, |mark| mark.probe.address);
    Point { id: trace_id(&label, &label), label, source: TracepointSource::Usdt, address }
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
