//! Lines that are no calls: signals, stops, endings.

use recording::SinkError;
use recording::event::{Event, Kind};

use super::{SUPERSEDED, Text};
use crate::{args, digits, signal};

/// What a line between the calls says.
enum Notice {
    Signal,
    StoppedBy,
    Exited,
    Killed,
    Superseded,
    Attached,
    Detached,
}

impl Text {
    /// Prints the line of an event that is no call, when it has one and it is shown.
    pub(super) fn notice(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Some(notice) = self.notice_of(event) else { return Ok(()) };
        let task = event.task();
        if let Notice::Attached | Notice::Detached = notice {
            return self.speak(event, &notice);
        }
        self.break_off()?;
        let mut line = std::mem::take(self.buffer(task));
        let ip = if event.kind() == Some(Kind::Signal) { event.u64(40) } else { 0 };
        self.leader(&mut line, task, event.at(), None, ip);
        match notice {
            Notice::Signal => {
                line.extend_from_slice(b"--- ");
                signal::write_name(&mut line, event.u32(32));
                line.push(b' ');
                let info = event.bytes().get(48..176).unwrap_or_default();
                args::write_siginfo(&mut line, &self.style, info);
                line.extend_from_slice(b" ---\n");
            }
            Notice::StoppedBy => {
                line.extend_from_slice(b"--- stopped by ");
                signal::write_name(&mut line, event.u32(32));
                line.extend_from_slice(b" ---\n");
            }
            Notice::Exited => {
                line.extend_from_slice(b"+++ exited with ");
                digits::dec(&mut line, u64::from(event.u32(32)));
                line.extend_from_slice(b" +++\n");
            }
            Notice::Killed => {
                line.extend_from_slice(b"+++ killed by ");
                signal::write_name(&mut line, event.u32(32));
                line.extend_from_slice(if event.u8(37) != 0 { b" (core dumped) +++\n" } else { b" +++\n" });
            }
            Notice::Superseded => {
                line.extend_from_slice(b"+++ superseded by execve in pid ");
                digits::dec(&mut line, u64::from(event.u32(32)));
                line.extend_from_slice(b" +++\n");
            }
            Notice::Attached | Notice::Detached => {}
        }
        *self.buffer(task) = line;
        self.event_written(task)
    }

    fn notice_of(&mut self, event: &Event<'_>) -> Option<Notice> {
        let shown = self.options.shown.takes_event(event);
        let quiet = self.options.quiet;
        match event.kind()? {
            Kind::Signal if shown => Some(Notice::Signal),
            Kind::Stopped if shown => Some(Notice::StoppedBy),
            Kind::Died if event.u8(36) == 0 => (!quiet.exit).then_some(Notice::Exited),
            Kind::Died if event.u8(36) == SUPERSEDED => None,
            Kind::Died => self.options.shown.takes_signal(event.u32(32)).then_some(Notice::Killed),
            Kind::Exec if event.u32(32) != event.task() => {
                self.take_over(event.u32(32), event.task());
                (!quiet.thread_execve).then_some(Notice::Superseded)
            }
            Kind::Born if self.options.speaker.is_some() => self.is_news(event).then_some(Notice::Attached),
            Kind::Detached if self.options.speaker.is_some() => Some(Notice::Detached),
            _ => None,
        }
    }

    /// The root command needs no announcement.
    fn is_news(&self, event: &Event<'_>) -> bool {
        event.u8(36) != recording::event::BornHow::First as u8
    }

    /// A thread that calls execve goes on under the id of its process; its line with it.
    fn take_over(&mut self, old: u32, new: u32) {
        if self.held.task == old && self.held.waits_for.is_some() {
            // The line is broken off by the one about to come, under the id that goes on.
            self.held.task = new;
        }
        *self.memory.of(new) = std::mem::take(self.memory.of(old));
        self.memory.of(old).now = Some(new);
    }

    /// A note of ours between the lines of the target; it does not break a line off.
    fn speak(&mut self, event: &Event<'_>, notice: &Notice) -> Result<(), SinkError> {
        let task = event.task();
        let Some(speaker) = self.options.speaker.clone() else { return Ok(()) };
        let line = self.buffer(task);
        line.extend_from_slice(speaker.as_bytes());
        line.extend_from_slice(b": Process ");
        digits::dec(line, u64::from(task));
        line.extend_from_slice(match notice {
            Notice::Detached => b" detached\n",
            _ => b" attached\n",
        });
        self.event_written(task)
    }
}
