//! `golden explain`: what a code means, or why each mask of a golden exists.

use goldens::{Code as FindingCode, Golden, Why, explain_code};

use super::place::Place;
use super::settings::configuration;
use crate::cli::General;
use crate::cli::ask::GoldenPlace;
use crate::exit::Ending;
use crate::message::Problem;
use crate::output;

/// Explains a code, else the golden of this name.
pub fn run(general: &General, what: &str, place: &GoldenPlace, json: bool) -> Result<Ending, Problem> {
    if let Some(code) = FindingCode::from_word(what) {
        let text = format!(
            "{what}: {}, visible from level {} on\n\n{}\n",
            code.severity().word(),
            code.level(),
            explain_code(code)
        );
        return output::print(&text);
    }
    let configuration = configuration(general)?;
    let place = Place::of(place, configuration.as_ref())?;
    let path = place.find(what)?;
    if !path.exists() {
        let problem = Problem::usage(format!("cannot explain {what:?}: it is neither a code nor a golden"));
        let names = place.store.names();
        let known = FindingCode::ALL.iter().map(|code| code.word()).chain(names.iter().map(String::as_str));
        return Err(match syscalls::nearest(what, known) {
            Some(near) => problem.hint(format!("the nearest is {near}")),
            None => problem,
        });
    }
    let (_, golden, _) = place.read(what)?;
    if json {
        return output::print(&format!("{:#}\n", golden.json()));
    }
    output::print(&explained(what, &golden))
}

fn explained(name: &str, golden: &Golden) -> String {
    let header = &golden.header;
    let (asserted, total) = header.asserts;
    let masked = total.saturating_sub(asserted);
    let mut text = format!(
        "{name}: level {}, learned from {} runs, asserts {asserted} of {total} steps, {masked} masked\n",
        header.level, header.runs
    );
    for mask in &golden.masks {
        let why = match mask.why {
            Why::Varied(distinct, runs) => format!("{distinct} values in {runs} runs"),
            Why::User => "written by a person".to_owned(),
        };
        let class = mask.class.as_ref().map_or_else(String::new, |class| format!(" holds {class}"));
        text += &format!("{} {} {}: {}{class}: {why}\n", mask.process, mask.object, mask.verb, mask.place);
    }
    for allow in &golden.allows {
        let reason: Vec<&str> = allow.reason.iter().map(|word| word.as_str()).collect();
        text += &format!("allowed {} {}: {}\n", allow.code, allow.object, reason.join(" "));
    }
    let presences = golden.streams.iter().filter(|stream| stream.presence != goldens::Presence::Required);
    for stream in presences {
        text += &format!("{} {}: seen {} times\n", stream.process, stream.object, stream.presence);
    }
    text
}
