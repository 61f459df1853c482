//! What reading a document costs: MB of text for a second of one core, in the forms that people bring. Each
//! figure is the median of the rounds; time is that spent on the core, so that a busy machine tells the same.
//!
//!     cargo bench --bench documents [-- CALLS]

use std::fmt::Write as _;

use recording::document::{self, Brought, Options};

const ROUNDS: usize = 5;

/// As renacer writes: registers, indented.
fn registers(calls: u64) -> String {
    let mut out = String::from("{\n  \"version\": \"0.6.2\",\n  \"format\": \"renacer-json-v1\",\n  \"syscalls\": [\n");
    for n in 0..calls {
        let (name, second, result) = match n % 4 {
            0 => ("openat", format!("\\\"/usr/lib/x86_64/lib{}.so\\\"", n % 1000), 3),
            1 => ("newfstatat", format!("{:#x}", 0x7652_c410_0000 + n), 0),
            2 => ("read", format!("{:#x}", 0x7652_c410_0000 + n), 832),
            _ => ("close", "0x1c21c".to_owned(), 0),
        };
        let comma = if n + 1 == calls { "" } else { "," };
        let _ = write!(
            out,
            "    {{\n      \"name\": \"{name}\",\n      \"args\": [\n        \"0x3\",\n        \"{second}\",\n        \"0x80000\"\n      ],\n      \"result\": {result}\n    }}{comma}\n",
        );
    }
    let _ = write!(out, "  ],\n  \"summary\": {{\n    \"total_syscalls\": {calls},\n    \"exit_code\": 0\n  }}\n}}\n");
    out
}

/// As we write: a call a line.
fn ours(calls: u64) -> String {
    let head = "{\n  \"version\": \"0.1.0\",\n  \"format\": \"renacer-json-v1\",\n  \"schema\": 1,\n  \"generator\": \"chic-trace 0.1.0\",\n  \"syscalls\": [\n";
    let mut out = String::from(head);
    for n in 0..calls {
        let (name, nr, args, result) = match n % 4 {
            0 => (
                "openat",
                257,
                format!("\"AT_FDCWD\", \"/usr/lib/x86_64/lib{}.so\", \"O_RDONLY|O_CLOEXEC\"", n % 1000),
                3,
            ),
            1 => ("fstat", 5, "\"3\", \"{st_mode=S_IFREG|0644, st_size=1234, ...}\"".to_owned(), 0),
            2 => ("write", 1, "\"1\", \"twenty bytes of it.\\n\", \"20\"".to_owned(), 20),
            _ => ("close", 3, "\"3\"".to_owned(), 0),
        };
        let comma = if n + 1 == calls { "" } else { "," };
        let _ = writeln!(
            out,
            "    {{\"name\": \"{name}\", \"args\": [{args}], \"result\": {result}, \"seq\": {n}, \"nr\": {nr}, \"pid\": 4711, \"tid\": 4711, \"ts_ns\": {}}}{comma}",
            n * 1500
        );
    }
    let _ = write!(
        out,
        "  ],\n  \"summary\": {{\"total_syscalls\": {calls}, \"exit_code\": 0, \"ended\": \"exited\"}}\n}}\n"
    );
    out
}

/// Seconds that this thread has spent on a core (proc(5), `schedstat`).
fn on_core() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

fn measure(what: &str, text: &str, calls: u64) {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = on_core();
            let read = document::read(text.as_bytes(), &Options::default());
            let took = on_core() - begun;
            match read {
                Ok(Brought::Document(document)) => assert_eq!(document.calls.len() as u64, calls),
                other => panic!("{what}: {other:?}"),
            }
            took
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let seconds = rounds.get(ROUNDS / 2).copied().unwrap_or(f64::NAN);
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "{what:<10} {megabytes:>8.1} MB {:>8.0} MB/s {:>8.0} ns per call",
        megabytes / seconds,
        seconds * 1e9 / calls as f64
    );
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let calls: u64 = asked.unwrap_or(500_000);
    measure("registers", &registers(calls), calls);
    measure("ours", &ours(calls), calls);
}
