//! Live: a file that somebody still writes. The writer's lock says so.

use std::fs::File;
use std::io;
use std::time::Duration;

/// How long a reader sleeps between two looks.
const BETWEEN: Duration = Duration::from_millis(50);

/// The lock of a file that is followed.
pub struct Live {
    file: File,
    gone: bool,
}

impl Live {
    /// Of this file.
    pub fn new(file: &File) -> io::Result<Live> {
        Ok(Live { file: file.try_clone()?, gone: false })
    }

    /// Is somebody writing? Where there are no locks, somebody always may be. Once the answer is no
    /// it stays so, and all that was written is there.
    pub fn is_written(&mut self) -> bool {
        if !self.gone && self.file.try_lock_shared().is_ok() {
            let _ = self.file.unlock();
            self.gone = true;
        }
        !self.gone
    }

    /// Waits for a moment.
    pub fn sleep(&self) {
        std::thread::sleep(BETWEEN);
    }
}
