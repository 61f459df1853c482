//! What users of renacer have around them: variables that have no effect here, settings that have one.

use crate::cli::General;
use crate::cli::ask::{Format, Look};
use crate::config;
use crate::exit::say;
use crate::message::{Problem, safe};

/// Says with `-v` which variables of renacer are set, and which sections of renacer.toml change nothing.
pub fn tell(general: &General, look: &Look) {
    if !look.verbose {
        return;
    }
    let mut names: Vec<String> = std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("RENACER_"))
        .collect();
    names.sort_unstable();
    for name in names {
        say(&format_args!("chic-trace: {} is set: it is a variable of renacer and has no effect here", safe(&name)));
    }
    // Whoever needs the file says what is wrong with it.
    let configuration = config::read(general).ok().flatten();
    for remark in configuration.iter().flat_map(|file| &file.remarks) {
        say(&format_args!("chic-trace: {}", safe(remark)));
    }
}

/// `[lamport_clock] enabled` of renacer.toml is `--lamport`, where a document has that clock.
pub fn heed(general: &General, look: &mut Look) -> Result<(), Problem> {
    let has_clock = matches!(look.format, Format::Json | Format::JsonLines) && !look.compact;
    if has_clock && !look.lamport {
        let configuration = config::read(general)?;
        look.lamport = configuration.is_some_and(|file| file.get("lamport_clock.enabled") == Some("true"));
    }
    Ok(())
}
