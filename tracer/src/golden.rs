//! Golden mode: the states of files on their way into the stream.

use crate::session::Session;
use crate::sys::{Tid, clock};

impl Session<'_> {
    /// Pushes what the stop of `tid` told of files, as its events.
    pub(crate) fn push_file_states(&mut self, tid: Tid) {
        while self.capture.has_file_states() {
            let Some(task) = self.tasks.get_mut(tid) else { return };
            if self.capture.next_file_state(&mut self.event, tid.0, task.seq, self.now) {
                task.seq += 1;
                self.stream.push(&self.event);
            }
        }
    }

    /// Pushes the states of all files of the run, as events of the root.
    pub(crate) fn push_last_file_states(&mut self) {
        self.capture.session_over();
        let Some(root) = self.root else { return };
        self.now = clock::monotonic_ns();
        let mut seq = self.tasks.get(root).map_or(self.root_seq, |task| task.seq);
        while self.capture.has_file_states() {
            if self.capture.next_file_state(&mut self.event, root.0, seq, self.now) {
                seq += 1;
                self.stream.push(&self.event);
            }
        }
        match self.tasks.get_mut(root) {
            Some(task) => task.seq = seq,
            None => self.root_seq = seq,
        }
    }
}
