//! `chic-trace profile`: runs a program and writes where its time went.

use crate::cli::General;
use crate::cli::ask::Quiet;
use crate::cli::profile::{Profile, is_wasm};
use crate::exit::Ending;
use crate::message::Problem;
use crate::profile::{Profiling, Settings, ending, functions};
use crate::{config, output, plan, session};

/// Runs, writes, and ends as the program ended.
pub fn run(general: &General, ask: Profile) -> Result<Ending, Problem> {
    let Profile { target, session, how, backend, probes } = ask;
    let configuration = config::read(general)?;
    let settings = Settings::of(&how, configuration.as_ref())?;
    if backend.as_deref() == Some("wasm") || backend.is_none() && target.argv.first().is_some_and(is_wasm) {
        return Err(Problem::usage("cannot profile a WASM program: WASM support is not built"));
    }
    let (calls, fake) = (settings.calls, settings.fake);
    let mut profiling = Profiling::new(settings, target.argv.clone(), calls, session.follow);
    let mut plan = plan::profiled(target, &session, calls)?;
    profiling.ask(&mut plan);
    if probes.list {
        return output::print(&functions::list(&probes, &plan)?);
    }
    profiling.lacks(functions::ask(&probes, session.follow, fake, &mut plan)?);
    let mut behind = session::stand_behind(&plan)?;
    let mut ran = session::run_into(&plan, &mut behind, &mut [profiling.sink()])?;
    let (status, sampled) = (ran.status(), ran.take_sampling());
    let problems = profiling.finish(status, sampled);
    ran.ending_behind_as(behind, Quiet::default(), |outcome| ending(outcome, status, problems))
}
