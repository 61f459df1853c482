//! Files: which are touched, under which names, in which order.

use crate::{chance, check, order};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::process::Command;

fn fresh(name: &str) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(name)
}

/// Copies a file nine times; which copies are given a time depends on when they were made.
pub fn copier(number: u32) -> Result<()> {
    for nth in 0..9 {
        let name = format!("copy{nth}");
        let mut copy = File::create(&name)?;
        copy.write_all(&fs::read("conf")?)?;
        if number >> nth & 1 == 1 {
            let times = [libc::timespec { tv_sec: 946_684_800, tv_nsec: 0 }; 2];
            check(unsafe { libc::futimens(copy.as_raw_fd(), times.as_ptr()) })?;
        }
    }
    Ok(())
}

/// Nine objects under names made of the time; two of them share their directory when the number is odd.
pub fn store(number: u32) -> Result<()> {
    fs::create_dir("objects")?;
    for _ in 0..=number % 2 {
        File::open("/dev/urandom")?.read_exact(&mut [0u8; 8])?;
    }
    // As a hash over the time would have it, were the number the time.
    let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut dirs: Vec<String> = Vec::new();
    for nth in 0..9 {
        let dir = match dirs.last() {
            Some(last) if nth == 8 && number % 2 == 1 => last.clone(),
            _ => format!("objects/{:02x}", next() >> 56),
        };
        if !dirs.contains(&dir) {
            fs::create_dir(&dir)?;
            dirs.push(dir.clone());
        }
        let rest: String = (0..38).map(|_| char::from_digit((next() >> 20) as u32 % 16, 16).unwrap_or('0')).collect();
        let mut object = fresh(&format!("{dir}/{rest}"))?;
        writeln!(object, "object {nth}")?;
    }
    println!("stored");
    fs::write("config", "version 1\n")?;
    fs::write("description", "a store\n")
}

/// A file with a date in it is shown and copied.
pub fn released(_: u32) -> Result<()> {
    let notes = fs::read_to_string("notes")?;
    print!("{notes}");
    fs::write("notes.bak", notes)
}

/// An index that is found stale or not: files are read again, and it is written anew beside and renamed.
pub fn index(number: u32) -> Result<()> {
    fs::read("index")?;
    for nth in 0..3 {
        let name = format!("part{nth}");
        fs::metadata(&name)?;
        if number >> nth & 1 == 1 {
            fs::read(&name)?;
        }
    }
    for nth in 0..12 {
        fs::write(format!("status{nth}"), "unchanged\n")?;
    }
    if number > 0 {
        let mut lock = OpenOptions::new().write(true).create_new(true).open("index.lock")?;
        lock.write_all(b"index of three\n")?;
        drop(lock);
        fs::rename("index.lock", "index")?;
    }
    Ok(())
}

/// A database with a journal that holds a random word and is gone at the end; its rows depend on the number.
pub fn journal(number: u32) -> Result<()> {
    let mut word = [0u8; 4];
    File::open("/dev/urandom")?.read_exact(&mut word)?;
    let mut header = vec![0u8; 512];
    header[..8].copy_from_slice(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7");
    header[12..16].copy_from_slice(&word);
    let mut journal = File::create("t.db-journal")?;
    journal.write_all(&header)?;
    journal.sync_all()?;
    let mut db = File::create("t.db")?;
    db.write_all(&[0, 1, 2, 3].repeat(256))?;
    db.seek(SeekFrom::Start(24))?;
    db.write_all(if number == 0 { b"rows" } else { b"cols" })?;
    db.sync_all()?;
    drop(journal);
    fs::remove_file("t.db-journal")
}

/// Files named by the process: one stays, one goes. Without a number it says its own, too.
pub fn pid_file(number: u32) -> Result<()> {
    let pid = std::process::id();
    for name in [format!(".app_pid{pid}"), format!("run.{pid}.lock")] {
        writeln!(fresh(&name)?, "here")?;
    }
    match number {
        0 => println!("process {pid} is here"),
        _ => println!("it is here"),
    }
    fs::remove_file(format!("run.{pid}.lock"))
}

/// A made-up name that is printed and handed to a child.
pub fn names(_: u32) -> Result<()> {
    let name = format!("tmp.{}", chance()?);
    writeln!(fresh(&name)?, "in a file of any name")?;
    println!("made {name}");
    Command::new("/bin/cat").arg(&name).status()?;
    fs::rename(name, "final")
}

/// Where it stands, in sizes and names: buffers as long as the path, and the directory by its own name.
pub fn parents(_: u32) -> Result<()> {
    let here = std::env::current_dir()?;
    let linked = fs::read_link("/proc/self/cwd")?;
    println!("{} {}", here.display(), here == linked);
    std::os::unix::fs::symlink(&here, "here")?;
    println!("{}", fs::read_link("here")?.display());
    let mut buffer = vec![0u8; here.as_os_str().len()];
    let got = File::open("conf")?.read(&mut buffer)?;
    assert!(got > 0);
    let mut up = here.as_path();
    while let Some(parent) = up.parent() {
        fs::metadata(parent)?;
        up = parent;
    }
    let name = here.file_name().unwrap_or_default();
    std::env::set_current_dir("..")?;
    let own = File::open(name)?;
    check(unsafe { libc::fchdir(own.as_raw_fd()) })?;
    fs::write("found", "by name\n")
}

/// Independent files in the order of a hash table: six, or two where a file says so.
pub fn hashed_files(number: u32) -> Result<()> {
    let count = if fs::exists("only-two")? { 2 } else { 6 };
    for nth in order(number, count) {
        fs::write(format!("file{nth}"), format!("content {nth}\n"))?;
    }
    Ok(())
}

/// What the file system counts: blocks, links, places in a directory, free space.
pub fn sizes(_: u32) -> Result<()> {
    let mut file = File::create("written")?;
    file.write_all(&[7; 3000])?;
    // It may have its blocks now, or later.
    file.metadata()?.blocks();
    let mut space: libc::statfs = unsafe { std::mem::zeroed() };
    check(unsafe { libc::statfs(c".".as_ptr(), &mut space) })?;
    for nth in 0..3 {
        fs::create_dir(format!("dir{nth}"))?;
    }
    fs::metadata(".")?.nlink();
    let mut names: Vec<_> = fs::read_dir(".")?.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    println!("{names:?}");
    Ok(())
}

/// Thirty files, and something more: four changes that name a directory, a removal, or an early read.
pub fn loops(number: u32) -> Result<()> {
    if number == 3 {
        fs::read("conf")?;
    }
    for nth in 0..30 {
        fs::write(format!("f{nth}"), format!("{nth}\n"))?;
    }
    let here = libc::AT_FDCWD;
    match number {
        1 => {
            check(unsafe { libc::unlinkat(here, c"f1".as_ptr(), 0) })?;
            check(unsafe { libc::renameat(here, c"f2".as_ptr(), here, c"g2".as_ptr()) })?;
            check(unsafe { libc::fchmodat(here, c"f3".as_ptr(), 0o777, 0) })?;
            check(unsafe { libc::mkdirat(here, c"made".as_ptr(), 0o755) }).map(drop)
        }
        2 => fs::remove_file("f2"),
        _ => Ok(()),
    }
}

/// Another answer in another file, and another end, by calls of the same names.
pub fn answers(number: u32) -> Result<()> {
    let [file, content, answer] =
        if number == 0 { ["f1", "secret=alpha", "result: 42"] } else { ["f2", "x", "result: 1000000 WRONG"] };
    fs::write(file, content)?;
    println!("{answer}");
    std::process::exit(if number == 0 { 0 } else { 3 })
}

/// A file of any name, removed at the end; with a number it is forgotten.
pub fn leftover(number: u32) -> Result<()> {
    let name = format!("tmp.{}", chance()?);
    writeln!(fresh(&name)?, "x")?;
    if number == 0 { fs::remove_file(name) } else { Ok(()) }
}

/// Takes a lock if it is free, and works without it if it is not.
pub fn locked(_: u32) -> Result<()> {
    let lock = File::open("lock")?;
    unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    fs::write("work", "done\n")
}

/// A path is made real, folder by folder; with number 1 the folder above is looked at for itself.
pub fn walk(number: u32) -> Result<()> {
    let here = std::env::current_dir()?;
    fs::canonicalize(here.join("conf"))?;
    if let Some(above) = here.parent().filter(|_| number == 1) {
        fs::symlink_metadata(above)?;
    }
    println!("walked");
    Ok(())
}
