//! `golden more`: further runs, perhaps on another machine, widen a golden.

use goldens::{Options, Runner as _, forms, join};

use super::place::{Place, not_in_ci, unwritten};
use super::record::{Header, case, recorded, refusal, substitutions};
use super::settings::{MORE_RUNS, Settings, configuration};
use crate::cli::General;
use crate::cli::ask::GoldenRecord;
use crate::exit::Ending;
use crate::message::Problem;
use crate::output;
use crate::runner::{NoRun, Runner};

/// Joins further runs into a golden.
pub fn run(general: &General, ask: &GoldenRecord) -> Result<Ending, Problem> {
    not_in_ci(&format!("widen {}", ask.name))?;
    let configuration = configuration(general)?;
    let settings = Settings(configuration.as_ref());
    let place = Place::of(&ask.place, configuration.as_ref())?;
    let (path, mut golden, mut contents) = place.read(&ask.name)?;
    let options = Options {
        substs: substitutions(&ask.judged.subst)?,
        accept_loose: ask.accept_loose,
        ..settings.recorded(&ask.compare, &golden, None)?
    };
    let case = case(&settings, &ask.judged)?;
    let listing = Header::of(&case)?.listing.or_else(|| place.store.listing(&path));
    let mut runner = Runner::new(case, &options);
    let mut runs = Vec::new();
    for _ in 0..ask.runs.unwrap_or(MORE_RUNS) {
        runs.push(runner.run(&options).map_err(NoRun::into_problem)?);
    }
    let forms = forms(&runs.iter().collect::<Vec<_>>(), Some(&golden), &options);
    join(&mut golden, &mut contents, &forms, &options).map_err(|refused| refusal(&ask.name, &refused))?;
    let keep = settings.keep_content(ask.keep_content)?;
    place.store.write(&path, &golden, &contents, keep).map_err(|error| unwritten(&error))?;
    place.store.keep_listing(&path, listing.as_deref()).map_err(|error| unwritten(&error))?;
    output::print(&recorded(&path, &golden))
}
