//! Ports: the tools of tests/pairs in Rust, chosen by the name they are called by, each also with two
//! mistakes. Which mistake is in the marker, as of the mutants, so that neither argv nor environment shows it.

mod files;
mod json;
mod text;
mod world;

#[path = "../mutants/marker.rs"]
mod marker;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args();
    let called = words.next().unwrap_or_default();
    let args: Vec<String> = words.collect();
    let tool = Path::new(&called).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let result = match tool {
        "wc" => text::wc(&args),
        "sortu" => text::sortu(&args),
        "csvsum" => text::csvsum(&args),
        "jsonfmt" => json::jsonfmt(&args),
        "heads" => text::heads(&args),
        "copytree" => files::copytree(&args),
        "rotate" => files::rotate(),
        "run3" => world::run3(),
        "fetch" => world::fetch(&args),
        "config" => world::config(&args),
        _ => Err(std::io::Error::other("call it by the name of a tool")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{tool}: {error}");
        ExitCode::from(101)
    })
}
