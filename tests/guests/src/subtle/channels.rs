//! Pipes and sockets: how bytes are cut, who takes which, which numbers the kernel chose.

use crate::{check, fork, order, reap, spin};
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{SystemTime, UNIX_EPOCH};

fn pipe() -> Result<[std::fs::File; 2]> {
    let mut fds = [0; 2];
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the pipe is new and nobody else's.
    Ok(fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }.into()))
}

/// Children take tokens from one pipe and give them back, in any order; the parent asks once more or less often.
pub fn tokens(number: u32) -> Result<()> {
    let [read, mut write] = pipe()?;
    write.write_all(b"+")?;
    let order = order(number, 3);
    let mut children = Vec::new();
    for nth in 0..3u32 {
        let place = order.iter().position(|other| *other == nth).unwrap_or(0) as u32;
        let (mut read, mut write) = (read.try_clone()?, write.try_clone()?);
        children.push(fork(move || {
            spin(10 + place * 10);
            let mut token = [0u8];
            read.read_exact(&mut token)?;
            std::fs::write(format!("part{nth}"), format!("part {nth}\n"))?;
            write.write_all(&token)
        })?);
    }
    for _ in 0..number % 2 {
        // The last one is still at work.
        let mut status = 0;
        unsafe { libc::waitpid(children[order[2] as usize], &mut status, libc::WNOHANG) };
        let mut limit: libc::rlimit = unsafe { std::mem::zeroed() };
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    }
    children.into_iter().try_for_each(reap)
}

/// A daemon that answers lookups, each on a connection of its own.
pub fn lookups(number: u32) -> Result<()> {
    let daemon = UnixListener::bind("daemon.socket")?;
    // Other sockets come and go: numbers of the kernel differ from run to run.
    for _ in 0..number {
        UnixStream::pair()?;
    }
    let server = fork(|| {
        for _ in 0..3 {
            let (mut client, _) = daemon.accept()?;
            let mut question = [0u8; 5];
            client.read_exact(&mut question)?;
            client.write_all(b"known\n")?;
        }
        Ok(())
    })?;
    for _ in 0..3 {
        let mut client = UnixStream::connect("daemon.socket")?;
        client.write_all(b"root\n")?;
        let mut answer = String::new();
        client.read_to_string(&mut answer)?;
        print!("{answer}");
    }
    reap(server)
}

/// Bytes that arrive in one piece or in several, through a pipe and through a socket.
pub fn pieces(number: u32) -> Result<()> {
    let cuts = [&[8usize, 4][..], &[12], &[3, 4, 5]][number as usize % 3];
    let send = |out: &mut dyn Write, bytes: &[u8]| -> Result<()> {
        let mut rest = bytes;
        for cut in cuts {
            let (piece, more) = rest.split_at(*cut);
            out.write_all(piece)?;
            spin(8);
            rest = more;
        }
        Ok(())
    };
    let [mut read, mut write] = pipe()?;
    let sender = fork(|| send(&mut write, b"archive data"))?;
    drop(write);
    let mut got = [0u8; 4096];
    let mut bytes = Vec::new();
    loop {
        let count = read.read(&mut got)?;
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(&got[..count]);
    }
    std::fs::write("archive", &bytes)?;
    reap(sender)?;
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let sender = fork(|| send(&mut theirs, b"header, body"))?;
    drop(theirs);
    bytes.clear();
    loop {
        let count = ours.read(&mut got)?;
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(&got[..count]);
    }
    std::fs::write("reply", &bytes)?;
    reap(sender)
}

/// A page fetched from a port that the kernel chose, with a date in the reply.
pub fn page(number: u32) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = fork(|| {
        let (mut client, _) = listener.accept()?;
        let mut request = [0u8; 512];
        let _ = client.read(&mut request)?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as libc::time_t;
        let mut tm: libc::tm = unsafe { std::mem::zeroed() };
        let mut date = [0u8; 64];
        let len = unsafe {
            libc::gmtime_r(&seconds, &mut tm);
            let format = c"%a, %d %b %Y %H:%M:%S GMT";
            libc::strftime(date.as_mut_ptr().cast(), date.len(), format.as_ptr(), &tm)
        };
        let date = String::from_utf8_lossy(&date[..len]).into_owned();
        let head = format!("HTTP/1.0 200 OK\r\nDate: {date}\r\nContent-Length: 5\r\n\r\n");
        if number.is_multiple_of(2) {
            client.write_all(format!("{head}page\n").as_bytes())
        } else {
            client.write_all(head.as_bytes())?;
            spin(10);
            client.write_all(b"page\n")
        }
    })?;
    let mut client = TcpStream::connect(address)?;
    client.write_all(format!("GET /page HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut reply = String::new();
    client.read_to_string(&mut reply)?;
    std::fs::write("page", reply.split("\r\n\r\n").nth(1).unwrap_or_default())?;
    reap(server)
}
