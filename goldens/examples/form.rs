//! The canonical form of recordings, in a text like that of goldens. Of several, which are judged together,
//! the first is printed, and whether the others are equal to it.
//!
//! `cargo run -p chic-trace-goldens --example form [--calls] [--info] [--time] FILE.ctrace…`

#[path = "../tests/form_text/mod.rs"]
mod form_text;

use std::path::Path;
use std::time::Instant;

use goldens::{Level, Observer, Options, Run, forms};
use recording::file::Recording;

fn main() {
    let mut options = Options::at(Level::Protocol);
    let (mut info, mut time) = (false, false);
    let mut files = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--calls" => options.level = Level::Calls,
            "--info" => info = true,
            "--time" => time = true,
            _ => files.push(arg),
        }
    }
    let begun = Instant::now();
    let runs: Vec<Run> = files.iter().filter_map(|file| run(file, &options)).collect();
    let lowered = begun.elapsed();
    let forms = forms(&runs.iter().collect::<Vec<_>>(), None, &options);
    if time {
        let calls: u64 = forms.iter().map(|form| form.total_calls).sum();
        eprintln!(
            "{calls} calls: read and lowered in {lowered:?}, renamed and projected in {:?}",
            begun.elapsed() - lowered
        );
    }
    let texts: Vec<String> = forms.iter().map(|form| form_text::text(form, info)).collect();
    let Some(first) = texts.first() else { return eprintln!("usage: form [--calls] [--info] [--time] FILE.ctrace…") };
    print!("{first}");
    for (file, other) in files.iter().zip(&texts).skip(1) {
        println!("# {file}: {}", if other == first { "equal" } else { "different" });
        if other != first {
            differences(first, other);
        }
    }
}

fn run(file: &str, options: &Options) -> Option<Run> {
    let mut observer = Observer::new(options);
    let replayed = Recording::open(Path::new(file)).map(|recording| recording.replay(&mut observer));
    match replayed {
        Ok(Ok(_)) => Some(observer.into_run()),
        Ok(Err(error)) => {
            eprintln!("form: {file}: {error}");
            None
        }
        Err(error) => {
            eprintln!("form: {file}: {error}");
            None
        }
    }
}

fn differences(a: &str, b: &str) {
    let (left, right): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    left.iter().filter(|line| !right.contains(line)).for_each(|line| println!("-{line}"));
    right.iter().filter(|line| !left.contains(line)).for_each(|line| println!("+{line}"));
}
