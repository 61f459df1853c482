//! `chic-trace perf svg`: folded stacks as a picture.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use report::perf::Folded;
use report::perf::svg::{NoPicture, render};

use crate::cli::perf::PerfSvg;
use crate::exit::{Code, Ending, say};
use crate::message::{Problem, named};
use crate::output::reason;
use crate::perf;

/// Reads, draws, writes.
pub fn run(ask: &PerfSvg) -> Result<Ending, Problem> {
    let path = &ask.file;
    let bytes = perf::bytes(path).map_err(|error| unread(path, &error))?;
    let folded = Folded::read(&bytes).map_err(|bad| Problem::usage(format!("cannot read {}: {bad}", named(path))))?;
    let title = ask.title.clone().unwrap_or_else(|| name(path));
    match render(&folded, &title) {
        Ok(picture) => {
            let to = ask.to.clone().unwrap_or_else(|| beside(path));
            perf::write(&to, &picture)?;
            Ok(Code::OK.into())
        }
        Err(NoPicture::Empty) => {
            say(&format_args!("profiling skipped flamegraph generation: no samples found at {}", named(path)));
            Ok(Code::OK.into())
        }
        Err(error) => Err(Problem::usage(format!("cannot draw {}: {error}", named(path)))),
    }
}

fn unread(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::usage(format!("profiling output missing folded stacks at {}", named(path))),
        _ => Problem::usage(format!("cannot read {}: {}", named(path), reason(error))),
    }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// `perf.folded` becomes `perf.svg`, anything else gets the ending.
fn beside(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == "folded") {
        return path.with_extension("svg");
    }
    let mut named = OsString::from(path);
    named.push(".svg");
    named.into()
}
