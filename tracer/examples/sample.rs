//! Runs a command without ptrace, samples it, and prints folded stacks:
//! `cargo run --release -p chic-trace-tracer --example sample -- [--fp|--tables|--cycles] COMMAND [ARGS]`

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::process::ExitCode;

use tracer::sampling::{self, Clock, Frame, How, Seen, Stacks};
use tracer::{Launch, Status};

fn main() -> ExitCode {
    let mut argv: Vec<_> = std::env::args_os().skip(1).collect();
    let mut how = How::default();
    while let Some(flag) = argv.first().filter(|word| word.to_string_lossy().starts_with("--")).cloned() {
        match flag.to_str() {
            Some("--fp") => how.stacks = Stacks::FramePointers,
            Some("--tables") => how.stacks = Stacks::Tables,
            Some("--cycles") => how.clock = Clock::Cycles(1000),
            _ => {
                eprintln!("sample: {flag:?} is none of --fp, --tables, --cycles");
                return ExitCode::from(2);
            }
        }
        argv.remove(0);
    }
    let mut stacks: HashMap<(Vec<Frame>, bool), u64> = HashMap::new();
    let mut on_since: HashMap<u32, u64> = HashMap::new();
    let mut on_cpu_ns = 0;
    let mut see = |seen: Seen<'_>| match seen {
        Seen::Sample(sample) => *stacks.entry((sample.frames.to_vec(), sample.complete)).or_default() += 1,
        Seen::Switch { tid, at_ns, on: true, .. } => drop(on_since.insert(tid, at_ns)),
        Seen::Switch { tid, at_ns, on: false, .. } => {
            on_cpu_ns += on_since.remove(&tid).map_or(0, |since| at_ns.saturating_sub(since));
        }
        _ => {}
    };
    let sampled = match sampling::run(&Launch { argv, ..Launch::default() }, how, &mut see) {
        Ok(sampled) => sampled,
        Err(error) => {
            eprintln!("sample: {error}");
            error.hints.iter().for_each(|hint| eprintln!("  {hint}"));
            return ExitCode::from(125);
        }
    };
    let Some(mut sampler) = sampled.sampler else {
        eprintln!("sample: not started: {:?}", sampled.not_started);
        return ExitCode::from(127);
    };
    let mut folded: BTreeMap<String, u64> = BTreeMap::new();
    for ((frames, complete), count) in stacks {
        let mut names: Vec<String> = frames.iter().flat_map(|frame| sampler.names(*frame)).collect();
        if !complete {
            names.push("[truncated]".into());
        }
        names.reverse();
        let line = names.iter().map(|name| name.replace(';', ":").replace(char::is_whitespace, "_"));
        *folded.entry(line.collect::<Vec<_>>().join(";")).or_default() += count;
    }
    for (stack, count) in folded {
        println!("{} {count}", stack.escape_debug().to_string().replace("\\'", "'"));
    }
    eprintln!("sample: {:?}", sampled.report);
    eprintln!("sample: {} µs on CPU; {} mappings", on_cpu_ns / 1000, sampler.mappings().len());
    sampler.problems().iter().for_each(|problem| eprintln!("sample: {problem}"));
    match sampled.status {
        Some(Status::Exited(code)) => ExitCode::from(code),
        _ => ExitCode::from(1),
    }
}
