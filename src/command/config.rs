//! `chic-trace config`: the settings in force, and where each is from.

use std::fmt::Write as _;

use crate::cli::General;
use crate::exit::Ending;
use crate::message::{Problem, safe};
use crate::{config, output};

/// Prints one line a setting.
pub fn run(general: &General, show_origin: bool) -> Result<Ending, Problem> {
    let configuration = config::read(general)?;
    let settings = config::all(general, configuration.as_ref())?;
    let width = settings.iter().map(|setting| setting.name.len() + setting.value.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for setting in settings {
        let line = safe(&format!("{} = {}", setting.name, setting.value)).replace('\n', "\\n");
        let _ = match show_origin {
            true => writeln!(text, "{line:width$}  # {}", setting.origin, width = width + 3),
            false => writeln!(text, "{line}"),
        };
    }
    output::print(&text)
}
