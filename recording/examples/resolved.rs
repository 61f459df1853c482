//! What the calls of a recording are about: one line a call, then the tables.
//!
//! `cargo run -p chic-trace-recording --example resolved FILE [--time]`

use std::path::Path;
use std::time::Instant;

use recording::file::Recording;
use recording::resolve::{Consumer, Happened, MovedBytes, ObjectId, Resolved, Resolver, Tables};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

struct Print;

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn name(tables: &Tables, id: ObjectId) -> String {
    tables.object(id).map_or("?".into(), |object| format!("{:?}#{} {}", object.kind, id.0, text(&object.name)))
}

impl Consumer for Print {
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>) {
        print!("{:>6} p{} t{} {} = {:?}", call.index, call.process.0, call.thread.0, call.name, call.outcome);
        for (errno, times) in call.attempts {
            print!(" after {times} x {}", syscalls::errno::errno(*errno).map_or("?", |errno| errno.name));
        }
        for about in call.about {
            print!(" [{}", about.arg);
            if about.element > 0 {
                print!(".{}", about.element);
            }
            if let Some(fd) = about.fd {
                print!(" fd {fd}");
            }
            if let Some(path) = &about.path {
                print!(" {}", text(path));
            }
            print!(" {}]", name(tables, about.object));
        }
        for moved in call.moved {
            let way = if moved.into { "into" } else { "from" };
            print!(" {way} #{} {}..{}", moved.object.0, moved.start, moved.end);
            match &moved.bytes {
                MovedBytes::Known(bytes) => print!(" {:?}", text(bytes.get(..24).unwrap_or(bytes))),
                MovedBytes::Digest(_) => print!(" digest"),
                MovedBytes::NotKept => {}
            }
        }
        println!();
    }

    fn happened(&mut self, _: &Tables, what: &Happened<'_>) {
        match what {
            Happened::File(state) => println!(
                "       file {} {:?} end={} {:?} {:o} size {} bytes {:?} {:?}",
                text(state.path),
                state.object,
                state.at_end,
                state.kind,
                state.mode,
                state.size,
                state.bytes.as_ref().map(|bytes| bytes.len()),
                state.unreadable,
            ),
            other => println!("       {other:?}"),
        }
    }
}

/// Takes every event and does nothing with it.
struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        batch.events().for_each(drop);
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Looks at nothing.
#[derive(Default)]
struct Count(u64);

impl Consumer for Count {
    fn call(&mut self, _: &Tables, _: &Resolved<'_>) {
        self.0 += 1;
    }
    fn happened(&mut self, _: &Tables, _: &Happened<'_>) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which recording?")?;
    if std::env::args().any(|arg| arg == "--time") {
        let mut resolver = Resolver::new(Count::default());
        let start = Instant::now();
        Recording::open(Path::new(&path))?.replay(&mut Nothing)?;
        let reading = start.elapsed();
        Recording::open(Path::new(&path))?.replay(&mut resolver)?;
        let took = start.elapsed() - reading;
        let calls = u128::from(resolver.finish().0.0.max(1));
        let (read, both) = (reading.as_nanos() / calls, took.as_nanos() / calls);
        println!("{calls} calls: {read} ns each to read, {both} ns to read and resolve");
        return Ok(());
    }
    let mut resolver = Resolver::new(Print);
    Recording::open(Path::new(&path))?.replay(&mut resolver)?;
    let (_, tables) = resolver.finish();
    for process in &tables.processes {
        let images: Vec<String> = process
            .images
            .iter()
            .map(|image| {
                let argv: Vec<String> = image.argv.iter().map(|word| text(word)).collect();
                format!(
                    "{} {argv:?} in {} env {:?}",
                    text(&image.exe),
                    text(&image.cwd),
                    image.env.as_ref().map(Vec::len)
                )
            })
            .collect();
        println!("{} parent {:?} {:?} {images:#?}", process.pid, process.parent, process.exit);
    }
    for thread in &tables.threads {
        println!("{thread:?}");
    }
    for (id, object) in tables.objects.iter().enumerate() {
        let names: Vec<String> = object.names.iter().map(|(at, name)| format!("{at}:{}", text(name))).collect();
        println!(
            "#{id} {:?} {} {names:?} made {:?} excl {} removed {} inherited {} {:?} {:?} {:?}",
            object.kind,
            text(&object.name),
            object.made_by,
            object.exclusive,
            object.removed,
            object.inherited,
            object.identity,
            object.local.as_ref().map(|(local, chosen)| (text(local), chosen)),
            object.peer.as_deref().map(text),
        );
    }
    Ok(())
}
