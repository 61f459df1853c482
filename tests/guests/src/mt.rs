//! `mt`: four threads, a mutex, a channel. Each thread writes five lines, unbuffered and in pieces, to a file
//! of its own; a sum is printed. Nothing it leaves depends on who runs first.

use std::fs::File;
use std::io::{Result, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

fn main() -> Result<()> {
    let total = Arc::new(Mutex::new(0u64));
    let (sender, receiver) = channel();
    let workers: Vec<_> = (0..4u64)
        .map(|number| {
            let (total, sender) = (total.clone(), sender.clone());
            thread::spawn(move || -> Result<()> {
                let mut file = File::create(format!("out{number}.txt"))?;
                for line in 0..5u64 {
                    writeln!(file, "thread {number} line {line}")?;
                    *total.lock().expect("nobody panics") += number * line;
                    sender.send(number * 10 + line).expect("the receiver lives");
                }
                Ok(())
            })
        })
        .collect();
    drop(sender);
    let mut received: Vec<u64> = receiver.iter().collect();
    for worker in workers {
        worker.join().expect("nobody panics")?;
    }
    received.sort_unstable();
    println!("sum {} of {}", *total.lock().expect("nobody panics"), received.len());
    println!("{}", received.iter().map(u64::to_string).collect::<Vec<_>>().join(" "));
    Ok(())
}
