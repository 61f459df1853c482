//! Counts the words of `in.txt` and replaces `count.txt` by their number.

use std::fs::{self, File};
use std::io::{self, Write};

fn main() -> io::Result<()> {
    let words = fs::read_to_string("in.txt")?.split_whitespace().count();
    let mut file = File::create("count.new")?;
    writeln!(file, "{words}")?;
    file.sync_all()?;
    fs::rename("count.new", "count.txt")?;
    println!("{words} words");
    Ok(())
}
