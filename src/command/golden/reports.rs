//! Reports: comparisons in the form that was asked for, on standard output and in files, and their exit code.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use goldens::{Report, Verdict, json, junit, text};

use crate::cli::General;
use crate::cli::ask::VerdictForm;
use crate::command::assert::undecided;
use crate::config;
use crate::exit::{Code, Ending};
use crate::message::{Problem, quoted};
use crate::output;

/// How reports are told.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// On standard output.
    pub form: VerdictForm,
    /// Into files: `KIND:PATH` each.
    pub emit: &'a [OsString],
    /// Also what is only information.
    pub verbose: bool,
}

/// Reports as text; with everything or not.
pub fn usual(reports: &[Report<'_>], verbose: bool) -> String {
    let texts: Vec<String> = reports.iter().map(|report| text(report, verbose)).collect();
    texts.join("\n")
}

/// Writes the files, prints, and ends with this code. `as_text` is the text form, with everything or not.
pub fn tell(
    general: &General,
    reports: &[Report<'_>],
    as_text: &dyn Fn(bool) -> String,
    telling: Telling<'_>,
    code: Code,
) -> Result<Ending, Problem> {
    for word in telling.emit {
        let (kind, path) = emitted(word)?;
        let text = match kind {
            Kind::Json => json(reports),
            Kind::Junit => junit(reports),
            Kind::Text => as_text(true),
        };
        std::fs::write(path, text).map_err(|error| output::cannot_write(path, &error))?;
    }
    let colored = config::colored(general, std::io::stdout().is_terminal());
    let shown = match telling.form {
        VerdictForm { json: true, .. } => json(reports),
        VerdictForm { junit: true, .. } => junit(reports),
        _ => crate::color::verdicts(&as_text(telling.verbose), colored),
    };
    match output::print(&shown)? {
        Ending::Code(_) => Ok(code.into()),
        other => Ok(other),
    }
}

enum Kind {
    Json,
    Junit,
    Text,
}

/// `KIND:PATH`.
fn emitted(word: &OsStr) -> Result<(Kind, &Path), Problem> {
    let mut parts = word.as_bytes().splitn(2, |byte| *byte == b':');
    let kind = match parts.next() {
        Some(b"json") => Kind::Json,
        Some(b"junit") => Kind::Junit,
        Some(b"text") => Kind::Text,
        _ => {
            return Err(Problem::usage(format!("cannot emit {}: there is no such form", quoted(word)))
                .hint("json:PATH, junit:PATH or text:PATH"));
        }
    };
    Ok((kind, Path::new(OsStr::from_bytes(parts.next().unwrap_or_default()))))
}

/// A verdict as an exit code.
pub fn code_of(verdict: &Verdict, form: VerdictForm) -> Code {
    match verdict {
        Verdict::Same | Verdict::SameWithWarnings => Code::OK,
        Verdict::Different => Code::FAILED,
        Verdict::Flaky => undecided(form.inconclusive),
        Verdict::NotMeasured(_) => Code::NOTHING_TO_JUDGE,
    }
}
