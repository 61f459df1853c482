//! The command: arguments become an ask, the ask is carried out, the exit code is chosen.
#![forbid(unsafe_code)]

mod cli;
mod exit;
mod message;
mod programs;

fn main() {
    let outcome = cli::read(std::env::args_os()).and_then(|(general, ask)| {
        let _ = (general, ask);
        Ok(exit::Ending::from(exit::Code::OK))
    });
    exit::with(outcome)
}
