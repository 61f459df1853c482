//! `chic-trace gate history`: values over time.

use assertions::gate::history::{csv, json, series, text};

use super::failed;
use super::reasons::line;
use super::settings::Settings;
use super::store::Place;
use crate::cli::General;
use crate::cli::gate::{History, HistoryForm};
use crate::exit::Ending;
use crate::host;
use crate::message::Problem;
use crate::output;

/// Reads, chooses, prints. Nothing is judged.
pub fn run(general: &General, ask: &History) -> Result<Ending, Problem> {
    let settings = Settings::with_store(general, ask.store.as_deref())?;
    let name = ask.name.as_deref().unwrap_or_else(|| settings.baseline());
    let Some(mut entries) = Place::of(&settings.store, name).history()? else {
        return Err(failed(format!("cannot show the history of {name}: there is none"))
            .hint("chic-trace gate save --name NAME begins one"));
    };
    let kept = entries.len();
    let here = host::Host::here().digest;
    let host = ask.host.as_deref().unwrap_or(&here);
    entries.retain(|entry| {
        (host == "all" || entry.host_digest.starts_with(host))
            && ask.metric.as_ref().is_none_or(|metric| entry.metric == *metric)
            && ask.filter.as_ref().is_none_or(|filter| entry.bench_id.contains(filter.as_str()))
    });
    if entries.is_empty() {
        let what =
            format!("nothing to show of {name}: none of its {kept} values is of this host, benchmark and metric");
        line(&format!("{what}; --host all takes those of every host"));
    }
    let series = series(&entries, ask.last);
    output::print(&match ask.form {
        HistoryForm::Text => text(&series),
        HistoryForm::Json => json(&series),
        HistoryForm::Csv => csv(&series),
    })
}
