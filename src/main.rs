//! The command: arguments become an ask, the ask is carried out, the exit code is chosen.
#![forbid(unsafe_code)]

mod bench;
mod brought;
mod cli;
mod clusters;
mod color;
mod command;
mod config;
mod debug;
mod emit;
mod exit;
mod foreign;
mod herald;
mod host;
mod keys;
mod message;
mod output;
mod own_cost;
mod perf;
mod places;
mod plan;
mod platform;
mod profile;
mod programs;
mod ratios;
mod runner;
mod selection;
mod session;
mod show;
mod start_failure;
mod tips;
mod transpiler_map;

fn main() {
    let asked = cli::read(std::env::args_os());
    let outcome = asked.and_then(command::run);
    exit::with(outcome)
}
