//! What a repository need not know: goldens that wait to be accepted belong into `.gitignore`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config;
use crate::exit::say;
use crate::keys;
use crate::message::{Problem, named};
use crate::output::cannot_write;

/// The line that ignores them, and their contents.
const LINE: &str = "*.golden.new*";

/// Offers the line, once: when somebody is there to answer, the golden lies in a repository, and nothing
/// there speaks of goldens that wait.
pub fn offer(golden: &Path) -> Result<(), Problem> {
    if config::in_ci() || !keys::somebody_there() {
        return Ok(());
    }
    let Some(file) = unaware(golden) else { return Ok(()) };
    let question = format!("keep goldens that wait out of git: add {LINE} to {}? y yes, n no: ", named(&file));
    if keys::ask(&question, &['y', 'n']) != Some('y') {
        return Ok(());
    }
    add(&file).map_err(|error| cannot_write(&file, &error))?;
    say(&format_args!("chic-trace: {LINE} stands in {}", named(&file)));
    Ok(())
}

/// The `.gitignore` of the golden's repository, if it does not say anything yet.
fn unaware(golden: &Path) -> Option<PathBuf> {
    let dir = std::path::absolute(golden.parent()?).ok()?;
    let file = config::repository(&dir)?.join(".gitignore");
    let ignored = fs::read_to_string(&file).unwrap_or_default();
    (!ignored.lines().any(|line| line.contains(".golden.new"))).then_some(file)
}

fn add(file: &Path) -> io::Result<()> {
    let before = fs::read(file).unwrap_or_default();
    let open_line = before.last().is_some_and(|byte| *byte != b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    writeln!(file, "{}{LINE}", if open_line { "\n" } else { "" })
}
