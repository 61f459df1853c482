//! The descriptors it was started with: number, kind, flags. None of a tracer's may be among them.

use crate::posix::say;
use crate::words::Words;
use std::os::unix::ffi::OsStrExt;

pub fn run(_: &Words) -> i32 {
    // Listed first, told later: stdout may be one of those that are closed.
    let mut open: Vec<(i32, String)> = std::fs::read_dir("/proc/self/fd")
        .expect("the list of descriptors")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            let link = std::fs::read_link(entry.path()).ok()?;
            let link = String::from_utf8_lossy(link.as_os_str().as_bytes()).into_owned();
            // The list itself is open while it is read.
            (!(link.starts_with("/proc/") && link.ends_with("/fd"))).then_some((number, link))
        })
        .collect();
    open.sort();
    let mut list = String::new();
    for (number, link) in open {
        let kind = link.split_once(":[").map_or(link.as_str(), |(kind, _)| kind);
        let (own, shared) = unsafe { (libc::fcntl(number, libc::F_GETFD), libc::fcntl(number, libc::F_GETFL)) };
        list.push_str(&format!("{number}: {kind}, flags {own} {shared:#x}\n"));
    }
    std::fs::write("descriptors", &list).expect("the file descriptors");
    say!("{}", list.trim_end());
    0
}
