//! The smallest use of this crate: runs a program and says on stderr how many events of each kind it
//! made. `count [-p PID]… [-n NUMBER]… [-x] [-1] [-P] [PROGRAM ARG…]`: -n asks for these calls only, -x
//! for none, -1 does not follow, -P switches core placement off.

use std::collections::BTreeMap;

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use tracer::{Counters, Launch, Placement, Plan, Status, Wanted};

#[derive(Default)]
struct Count(BTreeMap<String, u64>);

impl Sink for Count {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            *self.0.entry(event.kind().map_or_else(|| "?".into(), |kind| format!("{kind:?}"))).or_default() += 1;
        }
        Ok(())
    }
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.0.insert("stops".into(), trailer.stops);
        Ok(())
    }
}

fn main() {
    let mut plan = Plan {
        on_refusal: |error| eprintln!("count: {error}"),
        counters: Counters::Process,
        version: "example".into(),
        ..Plan::default()
    };
    let mut args = std::env::args_os().skip(1).peekable();
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|word| word.to_str().and_then(|n| n.parse::<u32>().ok())).unwrap_or(0);
        let none = Wanted { native: [0; 8], i386: [0; 8], unknown: false };
        match arg.to_str() {
            Some("-p") => plan.attach.push(number()),
            Some("-n") => {
                let nr = number() as usize;
                plan.wanted.get_or_insert(none).native[nr / 64 % 8] |= 1 << (nr % 64);
            }
            Some("-x") => plan.wanted = Some(none),
            Some("-1") => plan.follow = false,
            Some("-P") => plan.placement = Placement::Off,
            _ => {
                plan.launch = Some(Launch { argv: std::iter::once(arg).chain(args).collect(), ..Launch::default() });
                break;
            }
        }
    }
    let mut count = Count::default();
    match tracer::run(&plan, &mut count) {
        Err(error) => {
            eprintln!("count: {error}");
            std::process::exit(125);
        }
        Ok(ended) => {
            eprintln!("{:?}", count.0);
            for warning in &ended.warnings {
                eprintln!("count: {warning}");
            }
            if !ended.left.is_empty() {
                eprintln!("count: left {:?}", ended.left);
            }
            if let Some(mute) = ended.mute {
                mute.linger();
            }
            match ended.root {
                Some(Status::Exited(code)) => std::process::exit(code.into()),
                Some(Status::Killed { signal, .. }) => tracer::exit::die_by(signal),
                None => std::process::exit(ended.not_started.map_or(0, |f| if f.found { 126 } else { 127 })),
            }
        }
    }
}
