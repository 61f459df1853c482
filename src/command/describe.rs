//! What describes us to other programs: schemas, completions, the man pages.

use std::path::Path;

use clap_complete::Shell;

use crate::cli::flags;
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::output::{cannot_write, print};

/// `schema NAME`.
pub fn schema(name: &str) -> Result<Ending, Problem> {
    if let Some(text) = report::schema(name) {
        return print(text);
    }
    let known: Vec<&str> = report::schema::names().collect();
    let problem = Problem::usage(format!("cannot print the schema of {name:?}: there is no such format"));
    let problem = match syscalls::nearest(name, known.iter().copied()) {
        Some(near) => problem.hint(format!("the nearest is {near}")),
        None => problem,
    };
    Err(problem.hint(format!("known are {}", known.join(", "))))
}

/// `completions SHELL`.
pub fn completions(shell: Shell) -> Result<Ending, Problem> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut flags::command(), "chic-trace", &mut bytes);
    print(&String::from_utf8_lossy(&bytes))
}

/// `man [DIR]`: the page, or all pages into a directory.
pub fn man(dir: Option<&Path>) -> Result<Ending, Problem> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        return match clap_mangen::Man::new(flags::command()).render(&mut page) {
            Ok(()) => print(&String::from_utf8_lossy(&page)),
            Err(error) => Err(Problem::new(Code::TRACER_FAILED, format!("cannot print the man page: {error}"))),
        };
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(flags::command(), dir));
    written.map(|()| Code::OK.into()).map_err(|error| cannot_write(dir, &error))
}
