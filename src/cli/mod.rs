//! The command line: from words to an [`Ask`].
//!
//! In: the words of this process. Out: what they ask for, or a [`Problem`] that says why they ask
//! for nothing that exists. Nothing is opened and no program is looked up, but for one question: is a
//! first word that looks like a mistyped command the name of a program after all?

pub mod ask;
pub mod baseline;
mod expr;
pub mod flags;
pub mod gate;
mod help;
pub mod inject;
mod parts;
pub mod perf;
pub mod profile;
mod read;
mod refused;
mod split;
mod strace;
mod time;

use std::ffi::{OsStr, OsString};

use clap::ArgMatches;
use clap::error::{ContextKind, ErrorKind};

pub use ask::{Ask, General};

use crate::message::Problem;
use crate::programs;
use split::Split;

/// Reads a command line, its first word (our own name) included.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<(General, Ask), Problem> {
    let command = flags::command();
    let Split { flags, rest, dashes } = split::split(&command, args.into_iter().skip(1))?;
    let subcommand = rest.first().filter(|_| !dashes).and_then(|word| command.find_subcommand(word));
    if let Some(subcommand) = subcommand {
        refuse_foreign_flags(subcommand, &rest)?;
        let name = subcommand.get_name();
        let rest = if name == "report" { split::with_source(rest) } else { rest };
        return Ok(match parse(command.clone(), name, flags.into_iter().chain(rest))? {
            Parsed::Print(text) => (General::default(), Ask::Print(text)),
            Parsed::Matches(matches) => (read::general(&matches), of_subcommand(&matches)?),
        });
    }
    Ok(match parse(command.clone(), "", flags)? {
        Parsed::Print(text) => (General::default(), Ask::Print(text)),
        Parsed::Matches(matches) => {
            if let Some(word) = rest.first().filter(|_| !dashes) {
                mistyped(&command, word)?;
            }
            let ask = match read::tip_alone(&matches, &rest)? {
                Some(tip) => Ask::Tip(tip),
                None => Ask::Trace(Box::new(read::trace(&matches, rest)?)),
            };
            (read::general(&matches), ask)
        }
    })
}

/// Flags of renacer and strace behind a subcommand are named there too.
fn refuse_foreign_flags(subcommand: &clap::Command, rest: &[OsString]) -> Result<(), Problem> {
    let mut words = rest.get(1..).unwrap_or_default();
    let mut command = subcommand;
    if let Some(inner) = words.first().and_then(|word| subcommand.find_subcommand(word)) {
        (command, words) = (inner, words.get(1..).unwrap_or_default());
    }
    split::refuse_flags(command, words)
}

/// What clap makes of a command line.
enum Parsed {
    Matches(ArgMatches),
    /// Help or version.
    Print(String),
}

/// `name`: of the subcommand that the words are of, empty without one.
fn parse(command: clap::Command, name: &str, words: impl IntoIterator<Item = OsString>) -> Result<Parsed, Problem> {
    let named = std::iter::once(OsString::from("chic-trace")).chain(words);
    match command.try_get_matches_from(named) {
        Ok(matches) => Ok(Parsed::Matches(matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(Parsed::Print(error.render().to_string())),
            _ => Err(problem(&error, name)),
        },
    }
}

/// clap's complaint in our words.
fn problem(error: &clap::Error, name: &str) -> Problem {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let flag = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let rendered = error.render().to_string();
    let first = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let mut problem = Problem::usage(match error.kind() {
        // In the words of the command that it comes from.
        ErrorKind::UnknownArgument if name == "seed" => format!("unrecognised seed option `{flag}`"),
        ErrorKind::UnknownArgument => format!("cannot take {flag}: there is no such flag"),
        ErrorKind::InvalidSubcommand => {
            format!(
                "cannot run {}: there is no such command",
                context(ContextKind::InvalidSubcommand).unwrap_or_default()
            )
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            format!("cannot take {flag}: its value is missing")
        }
        ErrorKind::InvalidValue => format!("cannot take {value:?} for {flag}: it is none of its values"),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map_or(first, ToString::to_string);
            format!("cannot take {value:?} for {flag}: {why}")
        }
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg).unwrap_or_else(|| "it".into());
            format!("cannot take {flag} together with {other}: one of them has to go")
        }
        ErrorKind::MissingRequiredArgument => format!("cannot go on: {flag} is missing"),
        _ => format!("cannot read the command line: {first}"),
    });
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand] {
        if let Some(near) = context(kind) {
            problem = problem.hint(format!("the nearest is {near}"));
        }
    }
    if let Some(known) = context(ContextKind::ValidValue).filter(|known| !known.is_empty()) {
        problem = problem.hint(format!("known are {known}"));
    }
    problem.hint("chic-trace --help shows all flags")
}

/// Letters of commands that no other word is taken for.
const SHORT: usize = 4;

/// A first word that is within two letters of a command of ours, or a word of renacer, and that is
/// no program either.
fn mistyped(command: &clap::Command, word: &OsStr) -> Result<(), Problem> {
    let Some(text) = word.to_str().filter(|text| !text.contains('/')) else { return Ok(()) };
    // Two letters of four are no slip: `slep` is a program misspelled, not `seed`.
    let long = command.get_subcommands().map(clap::Command::get_name).filter(|name| name.len() > SHORT);
    let near = syscalls::nearest(text, long);
    let refusal = refused::word(text).or_else(|| {
        near.map(|near| {
            Problem::usage(format!("cannot run {text}: there is neither such a command nor such a program"))
                .hint(format!("the nearest command is chic-trace {near}"))
        })
    });
    match refusal {
        Some(problem) if programs::find(word).is_none() => Err(problem),
        _ => Ok(()),
    }
}

fn of_subcommand(matches: &ArgMatches) -> Result<Ask, Problem> {
    let Some((name, inner)) = matches.subcommand() else {
        return Err(Problem::usage("cannot read the command line: no command is given"));
    };
    if let Some(stray) = flags_in_front(matches) {
        return Err(Problem::usage(format!("cannot take --{stray} in front of {name}: it would have no effect"))
            .hint(format!("put it behind {name}; chic-trace {name} --help shows what it takes")));
    }
    let text = |id: &str| inner.get_one::<String>(id).cloned().unwrap_or_default();
    Ok(match name {
        "record" => Ask::Record(read::record(inner)?),
        "profile" => Ask::Profile(Box::new(read::profile(inner)?)),
        "report" => Ask::Report(Box::new(read::report(inner)?)),
        "compare" => Ask::Compare(read::compare(inner)),
        "assert" => Ask::Assert(read::assert(inner)?),
        "golden" => Ask::Golden(Box::new(read::golden(inner)?)),
        "perf" => Ask::Perf(perf::perf(inner)),
        "perf-report" => Ask::Perf(perf::Perf::Report(perf::report(inner))),
        "baseline" => Ask::Baseline(baseline::baseline(inner)),
        "gate" => Ask::Gate(gate::gate(inner)),
        "seed" => Ask::Seed(perf::seed(inner)),
        "config" => Ask::Config { show_origin: inner.get_flag("show-origin") },
        "schema" => Ask::Schema(text("name")),
        "completions" => match inner.get_one::<clap_complete::Shell>("shell") {
            Some(shell) => Ask::Completions(*shell),
            None => return Err(Problem::usage("cannot print completions: no shell is named")),
        },
        _ => Ask::Man(inner.get_one::<std::path::PathBuf>("dir").cloned()),
    })
}

/// A flag of the bare command that was given in front of a subcommand.
fn flags_in_front(matches: &ArgMatches) -> Option<String> {
    let global = ["color", "config", "no-config"];
    matches
        .ids()
        .map(clap::Id::as_str)
        .find(|id| !global.contains(id) && matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine))
        .map(String::from)
}

#[cfg(test)]
mod tests {
    use report::text::Notes;
    use tracer::{Interruptible, StepAside};

    use super::*;

    fn ask(line: &str) -> Result<Ask, Problem> {
        let words = std::iter::once("chic-trace").chain(line.split_whitespace());
        read(words.map(OsString::from)).map(|(_, ask)| ask)
    }

    fn trace(line: &str) -> ask::Trace {
        match ask(line) {
            Ok(Ask::Trace(trace)) => *trace,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn golden(line: &str) -> ask::Golden {
        match ask(line) {
            Ok(Ask::Golden(golden)) => *golden,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        ask(line).map_or_else(|problem| problem.to_string(), |ask| panic!("{line}: {ask:?}"))
    }

    #[test]
    fn the_flags_in_the_fingers() {
        let asked = trace("-ff -o out -s 64 -ttt -T -yy -v -xx -qq -e trace=%file -e signal=INT -z -a 30 ls -l");
        assert_eq!(asked.target.argv, ["ls", "-l"]);
        assert!(asked.session.follow && asked.out.separately);
        assert_eq!(asked.out.to, Some("out".into()));
        assert_eq!((asked.look.strings, asked.look.notes, asked.look.column), (Some(64), Notes::ALL, Some(30)));
        assert_eq!(asked.calls.trace.as_deref(), Some("%file"));
        assert_eq!(asked.calls.signals.as_deref(), Some("INT"));
        assert!(asked.look.time.is_some_and(|clock| clock.epoch) && asked.look.duration.is_some());
        assert!(asked.look.quiet.exit && !asked.look.quiet.thread_execve);
        assert!(!asked.calls.outcomes.failed);
    }

    #[test]
    fn how_a_session_is_led() {
        let asked =
            trace("-DD -I 2 -b execve --argv0=x -A -o out -P a -P b -e fd=3 -e inject=a:error=EIO --fault=b -f ls");
        assert_eq!(asked.target.step_aside, Some(StepAside::OwnGroup));
        assert_eq!(asked.target.argv0, Some("x".into()));
        assert_eq!(asked.session.interruptible, Interruptible::Waiting);
        assert!(asked.session.detach_on_exec && asked.out.append);
        assert_eq!(asked.calls.paths, ["a", "b"].map(std::path::PathBuf::from));
        assert_eq!(
            asked.calls.injections.iter().map(inject::Words::flag).collect::<Vec<_>>(),
            ["-e inject=a:error=EIO", "-e fault=b"]
        );
        assert_eq!(trace("--daemonize=session ls").target.step_aside, Some(StepAside::OwnSession));
        assert_eq!(trace("--daemonize ls").target.step_aside, Some(StepAside::Beside));
        assert_eq!(trace("--interruptible=never_tstp ls").session.interruptible, Interruptible::NeverNorStopped);
        assert_eq!(trace("-e trace=a --trace=b ls").calls.trace.as_deref(), Some("b"));
        assert_eq!(trace("--trace=b -e trace=a ls").calls.trace.as_deref(), Some("a"));
        assert_eq!(trace("-y --decode-fds=dev ls").look.notes, Notes { device: true, ..Notes::NONE });
        assert_eq!(trace("--tips=3,full ls").look.tip, Some(ask::Tip { id: Some(3), full: true }));
        assert_eq!((trace("--tips=none ls").look.tip, trace("ls").look.tip), (None, None));
        assert!(matches!(ask("--tips=id:2"), Ok(Ask::Tip(ask::Tip { id: Some(2), full: false }))));
        assert!(trace("-F ls").session.follow);
    }

    #[test]
    fn forms_and_tables() {
        use ask::Format::*;
        for (line, format, table_too) in [
            ("ls", Text, false),
            ("-c ls", Summary, false),
            ("-C ls", Text, true),
            ("--format summary ls", Summary, false),
            ("--format json ls", Json, false),
            ("--format json -c ls", Json, true),
            ("--format jsonl ls", JsonLines, false),
        ] {
            let look = trace(line).look;
            assert_eq!((look.format, look.table_too), (format, table_too), "{line}");
        }
    }

    #[test]
    fn only_the_bare_command_needs_f_to_follow() {
        assert!(!trace("ls").session.follow);
        assert!(trace("-f ls").session.follow);
        match ask("record -- ls") {
            Ok(Ask::Record(record)) => {
                assert!(record.session.follow);
                assert_eq!(record.target.argv, ["ls"]);
            }
            other => panic!("{other:?}"),
        }
        assert!(
            matches!(ask("record --no-follow ls -f"), Ok(Ask::Record(r)) if !r.session.follow && r.target.argv.len() == 2)
        );
    }

    #[test]
    fn a_program_may_have_the_name_of_a_command() {
        assert_eq!(trace("-- record -o x").target.argv, ["record", "-o", "x"]);
    }

    #[test]
    fn commands_read_their_words() {
        use ask::Golden;
        assert!(
            matches!(ask("report x.ctrace --format json -T"), Ok(Ask::Report(r)) if r.look.format == ask::Format::Json)
        );
        assert!(
            matches!(golden("golden record cli --runs 4 -- ./cli -f"), Golden::Record(g) if g.judged.argv.len() == 2 && g.runs == Some(4))
        );
        assert!(matches!(golden("golden check cli --recording x"), Golden::Check(g) if g.recording.is_some()));
        assert!(matches!(golden("golden check a b --recorded-command"), Golden::Check(g) if g.names.len() == 2));
        assert!(
            matches!(golden("golden check a --level outcome -- ls -l"), Golden::Check(g) if g.judged.argv.len() == 2)
        );
        assert!(matches!(golden("golden accept --all"), Golden::Accept(w) if w.all));
        assert!(matches!(golden("golden explain io.shape"), Golden::Explain { what, .. } if what == "io.shape"));
        assert!(matches!(ask("assert --runs 3 -- true"), Ok(Ask::Assert(a)) if a.runs == Some(3)));
        assert!(matches!(ask("--no-config assert -- true"), Ok(Ask::Assert(_))));
    }

    #[test]
    fn complaints_name_the_nearest() {
        for (line, says) in [
            ("--frmat json ls", "the nearest is --format"),
            ("--format jsn ls", "cannot take \"jsn\" for --format <FORMAT>: it is none of its values"),
            ("-s -1 ls", "cannot take \"-1\" for --string-limit <N>"),
            ("-s 999999999 ls", "999999999"),
            ("-S sise ls", "cannot sort by \"sise\""),
            ("-I 9 ls", "cannot take \"9\" for --interruptible <N>: from 1 to 4"),
            ("--interruptible=nver ls", "the nearest is never"),
            ("--trace-pth x ls", "the nearest is --trace-path"),
            ("--inject-x ls", "the nearest is --inject"),
            ("-b fork ls", "only execve lets a task go"),
            ("-DDDD ls", "-D more than three times"),
            ("-D -p 1", "-D without a program"),
            ("-U calls ls", "-U without -c"),
            ("-c -U cals ls", "the nearest is calls"),
            ("-c -U calls,count ls", "twice"),
            ("-O x ls", "it is no time"),
            ("--tips=x ls", "for --tips"),
            ("-A --format json -o x ls", "cannot take -A for --format json"),
            ("-e fd=x ls", "it is no descriptor"),
            ("-e quiet=exti ls", "exit is the nearest"),
            ("record -e status=failed ls", "they say what is shown"),
            ("report x -e inject=all:error=EIO", "nothing runs"),
            ("-a x ls", "cannot take \"x\" for --columns <N>"),
            ("", "neither a program nor -p PID"),
            ("--tips=none", "neither a program nor -p PID"),
            ("-p 1,x", "\"x\": it is no whole number"),
            ("--stack-trace-frame-limit=257 -k ls", "the nearest is 256"),
            ("--stack-trace-frame-limit=2 ls", "without -k"),
            ("recrod -- ls", "the nearest command is chic-trace record"),
            ("validate --generate x", "word of renacer"),
            ("-f record ls", "cannot take --follow-forks in front of record"),
            ("assert", "neither a command nor a recording"),
            ("golden chek x", "the nearest is check"),
            ("-c -ff -o x ls", "-ff"),
            ("record --ml-anomaly ls", "flag of renacer"),
            ("-z -Z ls", "-z together with -Z"),
            ("--compact ls", "--compact without --format json"),
        ] {
            let refusal = refusal(line);
            assert!(refusal.contains(says), "{line}: {refusal}");
        }
    }
}
