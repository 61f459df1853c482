//! Keeps a note: reads the old one, writes the new one beside it and renames it. Changed, it
//! writes in place (`in_place`), does not sync (`no_sync`), or ends with status 1 (`fails`).

use std::fs::{self, File};
use std::io::Write;

fn main() {
    let old = fs::read("note").unwrap_or_default();
    let name = if cfg!(in_place) { "note" } else { "note.new" };
    let mut file = File::create(name).expect("a note");
    file.write_all(&old).expect("written");
    file.write_all(b"one more\n").expect("written");
    if !cfg!(no_sync) {
        file.sync_all().expect("synced");
    }
    drop(file);
    if !cfg!(in_place) {
        fs::rename("note.new", "note").expect("renamed");
    }
    println!("noted");
    if cfg!(fails) {
        std::process::exit(1);
    }
}
