//! A terminal of our own: somebody types, resizes and reads along.

use super::{Failure, ensure};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// A program that leads a session on a pseudo-terminal.
pub struct Terminal {
    keys: File,
    child: Child,
    shown: String,
}

/// What a step may take.
const LIMIT: Duration = Duration::from_secs(20);

impl Terminal {
    /// Starts the command with the terminal as stdin, stdout, stderr and controlling terminal.
    pub fn start(mut command: Command) -> Result<Self, Failure> {
        let (master, slave) = pair(24, 80)?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        // SAFETY: setsid and ioctl may be called between fork and exec; they touch no memory of ours.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() == -1 || libc::ioctl(0, libc::TIOCSCTTY, 0) == -1 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            })
        };
        let child = command.spawn().map_err(|error| format!("cannot start {:?}: {error}", command.get_program()))?;
        // The command holds copies of the other side: the end of the program must end our reading.
        drop(command);
        Ok(Self { keys: master.into(), child, shown: String::new() })
    }

    /// Reads along until this text has been shown.
    pub fn await_text(&mut self, text: &str) -> Result<(), Failure> {
        let start = Instant::now();
        while !self.shown.contains(text) {
            ensure!(start.elapsed() < LIMIT, "{text:?} is not shown within {LIMIT:?}, but {:?}", self.shown);
            ensure!(
                self.read_some(Duration::from_millis(50))?,
                "the terminal closed before {text:?}: {:?}",
                self.shown
            );
        }
        Ok(())
    }

    pub fn press(&mut self, keys: &[u8]) -> Result<(), Failure> {
        Ok(self.keys.write_all(keys)?)
    }

    pub fn resize(&mut self, rows: u16, columns: u16) -> Result<(), Failure> {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the descriptor is open and the structure outlives the call.
        let result = unsafe { libc::ioctl(self.keys.as_raw_fd(), libc::TIOCSWINSZ, &size) };
        ensure!(result == 0, "cannot resize the terminal: {}", std::io::Error::last_os_error());
        Ok(())
    }

    /// Reads to the end; the status and everything that was shown.
    pub fn finish(mut self) -> Result<(ExitStatus, String), Failure> {
        let start = Instant::now();
        while self.read_some(Duration::from_millis(50))? {
            ensure!(start.elapsed() < LIMIT, "the program does not end; shown so far: {:?}", self.shown);
        }
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(start.elapsed() < LIMIT, "the program does not end; shown so far: {:?}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        };
        Ok((status, std::mem::take(&mut self.shown)))
    }

    /// Reads what is there within this time; false at the end.
    fn read_some(&mut self, limit: Duration) -> Result<bool, Failure> {
        let mut asked = libc::pollfd { fd: self.keys.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which outlives the call.
        if unsafe { libc::poll(&mut asked, 1, limit.as_millis() as i32) } <= 0 {
            return Ok(true);
        }
        let mut bytes = [0; 4096];
        match self.keys.read(&mut bytes) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.shown += &String::from_utf8_lossy(&bytes[..count]);
                Ok(true)
            }
            // All programs have closed the other side.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both sides of a new terminal.
fn pair(rows: u16, columns: u16) -> Result<(OwnedFd, OwnedFd), Failure> {
    let (mut master, mut slave) = (-1, -1);
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let none = std::ptr::null_mut();
    // SAFETY: the out-pointers and the size outlive the call; name and settings may be null.
    let result = unsafe { libc::openpty(&mut master, &mut slave, none, none.cast(), &size) };
    ensure!(result == 0, "cannot open a terminal: {}", std::io::Error::last_os_error());
    // SAFETY: openpty gave two open descriptors that nobody else owns.
    let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
    // Programs must not inherit them but as their stdin, stdout and stderr.
    for fd in [&master, &slave] {
        // SAFETY: fcntl takes numbers only.
        unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok((master, slave))
}
