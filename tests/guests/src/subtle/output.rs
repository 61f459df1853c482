//! What is printed and stored: orders, dates, clocks.

use crate::{check, fork, order, reap, spin};
use std::fs::{self, File};
use std::io::{Result, Write};
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A mapping in the order of its hash table: a line for each, and all on one line.
pub fn mapping(number: u32) -> Result<()> {
    let words = ["alpha", "gamma", "kappa", "delta"];
    let order = order(number, 4);
    for at in &order {
        println!("{}: {at}", words[*at as usize]);
    }
    let pairs: Vec<String> = order.iter().map(|at| format!("'{}': {at}", words[*at as usize])).collect();
    fs::write("mapping", format!("{{{}}}\n", pairs.join(", ")))?;
    fs::write("count", "4\n")?;
    fs::write("sum", "6\n")
}

/// Children write to one standard output, in any order.
pub fn children(number: u32) -> Result<()> {
    let order = order(number, 3);
    let children: Vec<_> = (0..3u32)
        .map(|nth| {
            let place = order.iter().position(|other| *other == nth).unwrap_or(0) as u32;
            fork(|| {
                spin(place * 15);
                let line = format!("child {nth} was here\n");
                check(unsafe { libc::write(1, line.as_ptr().cast(), line.len()) }).map(drop)
            })
        })
        .collect::<Result<_>>()?;
    children.into_iter().try_for_each(reap)
}

/// Closes its output before it ends, as careful programs do to learn of errors.
pub fn closed_stdout(number: u32) -> Result<()> {
    println!("last words");
    spin(number);
    check(unsafe { libc::close(1) })?;
    check(unsafe { libc::close(2) }).map(drop)
}

/// Seconds and nanoseconds since 1970.
fn now() -> (u64, u32) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs(), now.subsec_nanos())
}

/// An archive that holds the time of a file, in a wrapper that holds the time of now.
pub fn archive(_: u32) -> Result<()> {
    let conf = fs::metadata("conf")?;
    let mut out = File::create("o.tgz")?;
    let mut header = vec![0x1f, 0x8b, 8, 0];
    header.extend((now().0 as u32).to_le_bytes());
    header.extend([0, 3]);
    out.write_all(&header)?;
    write!(out, "conf\0{:o}\0{:011o}\0", conf.mode(), conf.mtime())?;
    out.write_all(&fs::read("conf")?)
}

/// Broken-down time by this function of the C library.
fn fields(seconds: u64, local: bool) -> libc::tm {
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    let time = seconds as libc::time_t;
    unsafe { if local { libc::localtime_r(&time, &mut tm) } else { libc::gmtime_r(&time, &mut tm) } };
    tm
}

fn formatted(tm: &libc::tm, format: &std::ffi::CStr) -> String {
    let mut text = [0u8; 100];
    let len = unsafe { libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), tm) };
    String::from_utf8_lossy(&text[..len]).into_owned()
}

/// Now, in the notations of this world, in text and in names; with a number it is another day.
pub fn dates(number: u32) -> Result<()> {
    // The C library reads TZ when it is asked to.
    unsafe extern "C" {
        fn tzset();
    }
    unsafe { tzset() };
    let (mut seconds, nanoseconds) = now();
    seconds -= u64::from(number) * 86_400;
    let (utc, local) = (fields(seconds, false), fields(seconds, true));
    let mut out = File::create("dates")?;
    for format in [c"%a, %d %b %Y %H:%M:%S GMT", c"%Y-%m-%dT%H:%M:%SZ", c"%Y-%m-%d %H:%M:%S"] {
        writeln!(out, "utc {}", formatted(&utc, format))?;
    }
    for format in [c"%Y-%m-%dT%H:%M:%S%z", c"%a %b %e %H:%M:%S %Y", c"%Y-%m-%d", c"%H:%M:%S", c"%b %e %H:%M"] {
        writeln!(out, "local {}", formatted(&local, format))?;
    }
    let micros = nanoseconds / 1000;
    writeln!(out, "s {seconds}\nms {seconds}{:03}\nus {seconds}{micros:06}", micros / 1000)?;
    fs::write(formatted(&local, c"log-%Y%m%d"), "of a day\n")
}
