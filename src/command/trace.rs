//! `chic-trace PROG`: a live run, shown while it runs.

use recording::Sink;

use crate::cli::General;
use crate::cli::ask::{Calls, Format, Target, Trace};
use crate::cli::profile::How;
use crate::clusters::Groups;
use crate::debug::Debug;
use crate::exit::{Ending, say};
use crate::foreign;
use crate::herald::Herald;
use crate::message::{Problem, named, safe};
use crate::output::{self, Output, Where};
use crate::own_cost::OwnCost;
use crate::places::{Asked, Seen};
use crate::profile::{self, Profiling, Settings};
use crate::selection::Selection;
use crate::show::{self, Setting, USUAL_STRINGS};
use crate::{config, plan, session, tips};

/// Runs, shows, and ends as the program ended.
pub fn run(general: &General, ask: Trace) -> Result<Ending, Problem> {
    let Trace { target, calls, session, mut look, out, keep, profile, own_cost } = ask;
    foreign::tell(general, &look);
    foreign::heed(general, &mut look)?;
    let groups = Groups::of(look.clusters.as_ref())?;
    let mut profiling = profile.map(|how| profiling(general, &how, &target, &calls, session.follow)).transpose()?;
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
    let asked = Asked::of(&look)?;
    let mut plan = plan::shown(target, &selection, &session, &look, moved);
    plan.call_stacks = asked.any();
    plan.read_along = look.format == Format::Text && to.is_terminal();
    if groups.as_ref().is_some_and(Groups::ask_for_descriptors) {
        plan.limits.notes = plan.limits.notes.max(1);
    }
    match &profiling {
        Some(profiling) => profiling.ask(&mut plan),
        None => plan::take_tracepoints(&mut plan),
    }
    let mut behind = session::stand_behind(&plan)?;
    selection.tell(look.quiet);
    let output = Output::open_as(to, look.format.is_whole(), out.append)?;
    plan.helpers.extend(output.helper());
    let seen = Seen::default();
    let mut sinks = show::printers(&look, &selection, setting, &output, (&asked, &seen), groups.as_ref())?;
    let mut cost = own_cost.then(OwnCost::new);
    if let Some(file) = keep {
        if !matches!(Where::named(&file), Where::File(_)) {
            return Err(Problem::usage(format!("cannot take {} for --keep: it takes a file", named(&file)))
                .hint("record -o - and record -o '|CMD' write a recording into a stream"));
        }
        sinks.push(Box::new(output::recording(&file)?) as Box<dyn Sink>);
    }
    if look.debug {
        sinks.push(Box::new(Debug));
    }
    let spoken = look.format == Format::Text && setting.text_on_stderr();
    if !plan.attach.is_empty() && !look.quiet.attach && !spoken {
        sinks.push(Box::new(Herald));
    }
    let mut all: Vec<&mut dyn Sink> = sinks.iter_mut().map(|sink| &mut **sink as &mut dyn Sink).collect();
    all.extend(profiling.as_mut().map(Profiling::sink));
    all.extend(cost.as_mut().map(|cost| cost as &mut dyn Sink));
    let mut ran = session::run_into(&plan, &mut behind, &mut all)?;
    drop(sinks);
    let (status, sampled) = (ran.status(), ran.take_sampling());
    let problems = profiling.map_or_else(Vec::new, |profiling| profiling.finish(status, sampled));
    ran.close(output)?;
    cost.iter().for_each(OwnCost::tell);
    if let Some(tip) = look.tip {
        tips::say(tip);
    }
    seen.missing(&asked).iter().for_each(|line| say(&format_args!("chic-trace: {}", safe(line))));
    ran.ending_behind_as(behind, look.quiet, |outcome| profile::ending(outcome, status, problems))
}

fn profiling(general: &General, how: &How, target: &Target, calls: &Calls, follow: bool) -> Result<Profiling, Problem> {
    if target.argv.is_empty() || !target.attach.is_empty() {
        return Err(Problem::usage("cannot profile a process that runs already: samples begin with the program")
            .hint("chic-trace profile -- CMD starts it"));
    }
    let configuration = config::read(general)?;
    let settings = Settings::of(how, configuration.as_ref())?;
    Ok(Profiling::new(settings, target.argv.clone(), calls.trace.is_none(), follow))
}
