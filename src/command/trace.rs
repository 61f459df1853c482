//! `chic-trace PROG`: a live run, shown while it runs.

use recording::Sink;

use crate::cli::ask::{Format, Trace};
use crate::exit::Ending;
use crate::herald::Herald;
use crate::message::{Problem, named};
use crate::output::{self, Output, Where};
use crate::selection::Selection;
use crate::show::{self, Setting, USUAL_STRINGS};
use crate::{plan, session};

/// Runs, shows, and ends as the program ended.
pub fn run(ask: Trace) -> Result<Ending, Problem> {
    let Trace { target, calls, session, look, out, keep, profile } = ask;
    if profile.is_some() {
        return Err(Problem::usage("cannot profile a run that is shown: not built in this version")
            .hint("chic-trace profile -- CMD profiles a run of its own"));
    }
    let selection = Selection::of(&calls)?;
    let to = Where::of(&out, look.format);
    let moved = to.takes_stdout(look.format);
    let setting = Setting {
        follow: session.follow || target.attach.len() + usize::from(!target.argv.is_empty()) > 1,
        own_file: matches!(to, Where::File(_) | Where::Pipe(_)),
        separately: matches!(to, Where::PerTask(_)),
        on_stdout: to == Where::Stdout,
        strings: USUAL_STRINGS,
    };
    let mut plan = plan::shown(target, &selection, &session, &look, moved);
    let mut behind = session::stand_behind(&plan)?;
    let output = Output::open(to, look.format == Format::Json)?;
    plan.helpers.extend(output.helper());
    let mut sinks = show::printers(&look, &selection, setting, &output)?;
    if let Some(file) = keep {
        if !matches!(Where::named(&file), Where::File(_)) {
            return Err(Problem::usage(format!("cannot take {} for --keep: it takes a file", named(&file)))
                .hint("record -o - and record -o '|CMD' write a recording into a stream"));
        }
        sinks.push(Box::new(output::recording(&file)?) as Box<dyn Sink>);
    }
    let spoken = look.format == Format::Text && setting.text_on_stderr();
    if !plan.attach.is_empty() && !look.quiet.attach && !spoken {
        sinks.push(Box::new(Herald));
    }
    let ran = session::run(&plan, &mut behind, &mut sinks)?;
    drop(sinks);
    ran.close(output)?;
    ran.ending_behind(behind, look.quiet)
}
