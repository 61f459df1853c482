//! strace's text: one line a call, signal or ending, as `strace` 6.1 would print it.
//!
//! A line is written when its call completes. Only when another line comes between entry and exit it
//! is split, as strace splits it: the engine announces such a call, its first half is held back, and
//!
//! ```text
//! the call completes first        the held half, the rest          read(3, "ab", 2) = 2
//! another line comes first        the held half, <unfinished ...>  read(3,  <unfinished ...>
//!                                 later <... resumed>, the rest    <... read resumed>"ab", 2) = 2
//! ```
//!
//! A call that never returned is held back too, until the next event says whether its task ended
//! (`= ?`) or was let go (`<detached ...>`).

pub(crate) mod call;
mod notices;
mod options;
mod stamps;

use recording::event::{Call, Event, Kind};
use recording::session::{Header, Trailer};
use recording::views::{Clock as Ticks, Tasks, took_ns};
use recording::{Batch, Sink, SinkError};
use syscalls::{Abi, Syscall};

pub use options::{CallSets, Clock, Constants, Decoding, HexStrings, Notes, Precision, Prefix, Quiet, TextOptions};
pub(crate) use stamps::span as write_span;

use self::call::Named;
use self::stamps::Stamps;
use crate::args::{Quoting, Style};
use crate::digits;
use crate::output::{Stream, TaskFiles};
use crate::per_task::PerTask;
use crate::shown::{Outcomes, is_own};
use crate::{Destination, Stacks};

/// How a task died whose id a thread of its process took over by execve.
const SUPERSEDED: u8 = 2;

/// Prints strace's text.
#[derive(Debug)]
pub struct Text {
    options: TextOptions,
    style: Style,
    to: Target,
    ticks: Ticks,
    stamps: Stamps,
    tasks: Tasks,
    memory: PerTask<Memory>,
    stacks: Option<Stacks>,
    held: Held,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Target {
    One(Stream),
    PerTask(TaskFiles),
}

/// What is remembered of a task from one event to the next.
#[derive(Debug, Default)]
struct Memory {
    /// Its line was broken off: the rest begins with `<... read resumed>`.
    split: bool,
    /// ABI of its last call; 64-bit at birth.
    abi: u8,
    /// Its last call, which `restart_syscall` continues.
    last: Option<&'static Syscall>,
    /// Number of its last call.
    nr: Option<u64>,
    /// It goes on under this id; its execve is still told under the old one.
    now: Option<u32>,
}

/// A line that is not finished: at most one, and no line follows it before it is.
#[derive(Debug, Default)]
struct Held {
    line: Vec<u8>,
    /// Bytes of it that were handed on already.
    written: usize,
    task: u32,
    waits_for: Option<Await>,
}

/// How much of a call stands in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Nothing.
    Not,
    /// The first half.
    Half,
    /// The first half stands in a line above.
    Split,
}

/// What an unfinished line waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Await {
    /// The call's exit.
    Exit,
    /// What became of a task that never returned from its call.
    Fate {
        /// Were arguments left open?
        arguments: bool,
        /// Was the line split before?
        split: bool,
    },
}

impl Text {
    /// A printer with these options.
    pub fn new(options: TextOptions, to: Destination) -> Self {
        let to = match to {
            Destination::PerTask { base, append } => Target::PerTask(TaskFiles::new(base, append)),
            one @ Destination::One { .. } => Target::One(one.into_stream()),
        };
        Text {
            style: Style::of_text(&options),
            stamps: Stamps::new(options.time, options.relative),
            options,
            to,
            ticks: Ticks::new(&Header::default()),
            tasks: Tasks::new(),
            memory: PerTask::default(),
            stacks: None,
            held: Held::default(),
            scratch: Vec::new(),
        }
    }

    /// Calls are shown with where they come from.
    pub fn with_stacks(mut self, stacks: Option<Stacks>) -> Self {
        self.stacks = stacks;
        self
    }

    /// Are calls printed in halves? Not when only the exit decides whether they are shown, nor when
    /// each task has a file of its own.
    fn splits(&self) -> bool {
        self.options.shown.outcomes == Outcomes::ALL && matches!(self.to, Target::One(_))
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        self.settle_fate(event)?;
        if let Some(call) = event.call() {
            return if is_own(event) { Ok(()) } else { self.call(call) };
        }
        // A birth counts before its line, a death behind it: the prefix follows the number alive.
        match event.kind() {
            Some(Kind::Died) if event.u8(36) != SUPERSEDED => {
                self.notice(event)?;
                if let Some(names) = &mut self.style.task_names {
                    names.ended(event.task());
                }
                self.tasks.observe(event);
                self.memory.remove(event.task());
                self.forget_stack(event.task());
                match &mut self.to {
                    Target::PerTask(files) => files.close(event.task()),
                    Target::One(_) => Ok(()),
                }
            }
            _ => {
                if let Some(stacks) = &mut self.stacks {
                    stacks.observe(event);
                }
                self.tasks.observe(event);
                self.note_name(event);
                self.notice(event)
            }
        }
    }

    fn call(&mut self, call: Call<'_>) -> Result<(), SinkError> {
        let named = Named::of(call);
        if call.event.is_announcement() {
            let announced = self.splits() && self.options.shown.names_call(&call);
            return if announced { self.open(&named) } else { Ok(()) };
        }
        let told_as = call.event.task();
        let task = self.memory.of(told_as).now.unwrap_or(told_as);
        if task != told_as {
            self.memory.remove(told_as);
            if self.options.shown.takes_call(&call) {
                self.leave_file(told_as, task, &named)?;
            }
        }
        if self.options.shown.takes_call(&call) {
            self.complete(task, &named)?;
        }
        if let Some(names) = &mut self.style.task_names
            && named.row.is_some_and(|row| matches!(row.name, "wait4" | "waitpid"))
            && let Ok(child) = u32::try_from(call.result())
        {
            names.waited_for(child);
        }
        // A line that waits for its task's fate is not told yet.
        if self.held.waits_for.is_none() || self.held.task != task {
            self.forget_stack(told_as);
        }
        let memory = self.memory.of(task);
        (memory.last, memory.nr) = (named.row, Some(call.nr()));
        Ok(())
    }

    /// Holds the first half of a call back.
    fn open(&mut self, named: &Named<'_>) -> Result<(), SinkError> {
        let event = &named.call.event;
        self.break_off()?;
        self.personality(event)?;
        let mut line = std::mem::take(&mut self.held.line);
        line.clear();
        let interrupted = self.call_leader(&mut line, named);
        named.first_half(&mut line, &self.style, interrupted);
        self.held = Held { line, written: 0, task: event.task(), waits_for: Some(Await::Exit) };
        Ok(())
    }

    /// A thread's execve begins in the thread's file and ends in that of its process.
    fn leave_file(&mut self, from: u32, to: u32, named: &Named<'_>) -> Result<(), SinkError> {
        if matches!(self.to, Target::One(_)) {
            return Ok(());
        }
        let mut line = std::mem::take(self.buffer(from));
        let interrupted = self.call_leader(&mut line, named);
        named.first_half(&mut line, &self.style, interrupted);
        line.extend_from_slice(b" <pid changed to ");
        digits::dec(&mut line, u64::from(to));
        line.extend_from_slice(b" ...>\n");
        *self.buffer(from) = line;
        self.memory.remove(from);
        self.memory.of(to).split = true;
        match &mut self.to {
            Target::PerTask(files) => files.close(from),
            Target::One(_) => Ok(()),
        }
    }

    /// Prints a call that has left, or what is left of it.
    fn complete(&mut self, task: u32, named: &Named<'_>) -> Result<(), SinkError> {
        let event = &named.call.event;
        if self.held.waits_for == Some(Await::Exit) && self.held.task == task {
            let mut line = std::mem::take(&mut self.held.line);
            let from = std::mem::take(&mut self.held.written);
            self.held.waits_for = None;
            let finished = self.finish_call(&mut line, 0, named, Begun::Half);
            self.held.line = line;
            let Some(fate) = finished else {
                self.release_held(task, from);
                self.dump_lines(task, named);
                return self.event_written(task);
            };
            self.await_fate(task, from, fate);
            return Ok(());
        }
        self.break_off()?;
        let split = std::mem::take(&mut self.memory.of(task).split);
        if !split {
            self.personality(event)?;
        }
        let mut line = std::mem::take(self.buffer(task));
        let start = line.len();
        let begun = if split { Begun::Split } else { Begun::Not };
        if split || !named.call.entered() {
            self.leader(&mut line, task, named.call.left().max(event.at()), Some(named.call.nr()), named.call.ip());
            line.extend_from_slice(b"<... ");
            named.write_name(&mut line);
            line.extend_from_slice(b" resumed>");
        }
        match self.finish_call(&mut line, start, named, begun) {
            None => {
                *self.buffer(task) = line;
                self.stack_lines(task, event.task());
                self.dump_lines(task, named);
                self.event_written(task)
            }
            Some(fate) => {
                self.held.line.clear();
                self.held.line.extend_from_slice(&line[start..]);
                line.truncate(start);
                *self.buffer(task) = line;
                self.await_fate(task, 0, fate);
                Ok(())
            }
        }
    }

    /// Appends what stands in front of a call, and says which call it may continue.
    fn call_leader(&mut self, line: &mut Vec<u8>, named: &Named<'_>) -> Option<&'static Syscall> {
        let event = &named.call.event;
        self.leader(line, event.task(), event.at(), Some(named.call.nr()), named.call.ip());
        if let Some(stacks) = &mut self.stacks {
            stacks.write_source(line, event.task());
        }
        self.memory.of(event.task()).last
    }

    /// Appends what is not there yet; `start` is where the line begins. A call that did not return
    /// stays open, and is told apart by what comes next.
    fn finish_call(&mut self, line: &mut Vec<u8>, start: usize, named: &Named<'_>, begun: Begun) -> Option<Await> {
        let returned = named.call.returned();
        match (named.call.entered(), begun) {
            (false, _) => {}
            (true, Begun::Not) => {
                let interrupted = self.call_leader(line, named);
                if returned {
                    named.whole(line, &self.style, interrupted);
                } else {
                    named.first_half(line, &self.style, interrupted);
                }
            }
            (true, Begun::Half | Begun::Split) if returned => named.second_half(line, &self.style),
            (true, Begun::Half | Begun::Split) => {}
        }
        if !returned {
            let arguments = named.leaves_open(&self.style, &mut self.scratch);
            return Some(Await::Fate { arguments, split: begun == Begun::Split });
        }
        line.push(b')');
        self.align(line, start);
        named.result(line, &self.style);
        if let Some(precision) = self.options.duration
            && let Some(took) = took_ns(&named.call, &self.ticks)
        {
            line.extend_from_slice(b" <");
            stamps::span(line, took, precision);
            line.push(b'>');
        }
        line.push(b'\n');
        None
    }

    fn await_fate(&mut self, task: u32, written: usize, fate: Await) {
        (self.held.task, self.held.written, self.held.waits_for) = (task, written, Some(fate));
    }

    /// Finishes a line whose task never returned, now that the next event is there.
    fn settle_fate(&mut self, next: &Event<'_>) -> Result<(), SinkError> {
        let Some(Await::Fate { arguments, split }) = self.held.waits_for else { return Ok(()) };
        self.held.waits_for = None;
        let detached = next.kind() == Some(Kind::Detached) && next.task() == self.held.task;
        match detached {
            // strace has nothing to add to a line that it broke off.
            true if split => return Ok(()),
            true => self.held.line.extend_from_slice(b" <detached ...>\n"),
            false => self.end_unreturned(arguments),
        }
        self.put_held(self.held.task, self.held.written)
    }

    fn end_unreturned(&mut self, arguments: bool) {
        let mut line = std::mem::take(&mut self.held.line);
        if arguments {
            line.extend_from_slice(b" <unfinished ...>");
        }
        line.push(b')');
        self.align(&mut line, 0);
        line.extend_from_slice(b"= ?\n");
        self.held.line = line;
    }

    /// Another line comes: a line that waits for an exit is broken off.
    fn break_off(&mut self) -> Result<(), SinkError> {
        if self.held.waits_for != Some(Await::Exit) {
            return Ok(());
        }
        self.held.waits_for = None;
        self.held.line.extend_from_slice(b" <unfinished ...>\n");
        let task = self.held.task;
        self.memory.of(task).split = true;
        let from = self.held.written;
        let line = std::mem::take(&mut self.held.line);
        self.buffer(task).extend_from_slice(line.get(from..).unwrap_or_default());
        self.held.line = line;
        Ok(())
    }

    /// Hands on the held line from this byte on.
    fn put_held(&mut self, task: u32, from: usize) -> Result<(), SinkError> {
        self.release_held(task, from);
        self.event_written(task)
    }

    fn release_held(&mut self, task: u32, from: usize) {
        let line = std::mem::take(&mut self.held.line);
        self.buffer(task).extend_from_slice(line.get(from..).unwrap_or_default());
        self.held.line = line;
        self.stack_lines(task, task);
    }

    /// The data of a call stands under its line.
    fn dump_lines(&mut self, task: u32, named: &Named<'_>) {
        let (read, write) = (&self.options.decoding.read_dumps, &self.options.decoding.write_dumps);
        if read.is_none() && write.is_none() {
            return;
        }
        let wanted = |fd: i32, is_read: bool| if is_read { read.has(fd) } else { write.has(fd) };
        let out = match &mut self.to {
            Target::One(stream) => stream.buffer(),
            Target::PerTask(files) => files.buffer(task),
        };
        crate::args::write_dump(out, &self.style, &named.call, named.abi, wanted);
    }

    /// What a task is called now, where that is asked for.
    fn note_name(&mut self, event: &Event<'_>) {
        let Some(names) = &mut self.style.task_names else { return };
        if matches!(event.kind(), Some(Kind::Born | Kind::Exec | Kind::Named))
            && let Some(task) = self.tasks.get(event.task())
        {
            names.named(task.tid, task.comm.clone());
        }
    }

    /// Appends the name of a task, where that is asked for and known.
    fn task_name(&self, line: &mut Vec<u8>, task: u32) -> bool {
        let Some(name) = self.style.task_names.as_ref().and_then(|names| names.get(task)) else { return false };
        line.push(b'<');
        Quoting::note(self.style.hex).write(line, name);
        line.push(b'>');
        true
    }

    /// The frames of a call stand under its line. Its task may go by another number by now.
    fn stack_lines(&mut self, task: u32, told_as: u32) {
        let Some(mut stacks) = self.stacks.take() else { return };
        stacks.write_lines(self.buffer(task), told_as);
        self.stacks = Some(stacks);
    }

    fn forget_stack(&mut self, task: u32) {
        if let Some(stacks) = &mut self.stacks {
            stacks.told(task);
        }
    }

    /// Says that a task changed to another word size.
    fn personality(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let task = event.task();
        let memory = self.memory.of(task);
        if std::mem::replace(&mut memory.abi, event.abi()) == event.abi() || self.options.quiet.personality {
            return Ok(());
        }
        let mode: &[u8] = match Abi::from_raw(event.abi()) {
            Some(Abi::I386 | Abi::Arm) => b"32 bit",
            Some(Abi::X32) => b"x32",
            _ => b"64 bit",
        };
        let mut line = std::mem::take(self.buffer(task));
        self.leader(&mut line, task, event.at(), None, 0);
        line.extend_from_slice(b"[ Process PID=");
        digits::dec(&mut line, u64::from(task));
        line.extend_from_slice(b" runs in ");
        line.extend_from_slice(mode);
        line.extend_from_slice(b" mode. ]\n");
        *self.buffer(task) = line;
        Ok(())
    }

    /// Appends what stands in front of every line.
    fn leader(&mut self, line: &mut Vec<u8>, task: u32, at: u64, nr: Option<u64>, ip: u64) {
        match self.options.prefix {
            Prefix::Always => {
                let start = line.len();
                digits::dec(line, u64::from(task));
                if !self.task_name(line, task) {
                    line.truncate(start);
                    digits::dec_left(line, u64::from(task), 5);
                }
                line.push(b' ');
            }
            Prefix::WhenSeveral if self.tasks.alive() > 1 => {
                line.extend_from_slice(b"[pid ");
                digits::dec_right(line, u64::from(task), 5);
                self.task_name(line, task);
                line.extend_from_slice(b"] ");
            }
            Prefix::WhenSeveral | Prefix::Never => {}
        }
        self.stamps.write(line, &self.ticks, at);
        if self.options.number {
            let nr = nr.or(self.memory.of(task).nr);
            line.push(b'[');
            digits::dec_right(line, nr.unwrap_or(0), 4);
            line.extend_from_slice(b"] ");
        }
        if self.options.pointer {
            line.push(b'[');
            match ip {
                0 => line.extend_from_slice(b"????????????????"),
                ip => digits::hex_zeros(line, ip, 16),
            }
            line.extend_from_slice(b"] ");
        }
    }

    /// Appends spaces up to the column of the `=`, at least one.
    fn align(&self, line: &mut Vec<u8>, start: usize) {
        let column = line.len().saturating_sub(start);
        digits::spaces(line, self.options.column.saturating_sub(column).max(1));
    }

    fn buffer(&mut self, task: u32) -> &mut Vec<u8> {
        match &mut self.to {
            Target::One(stream) => stream.buffer(),
            Target::PerTask(files) => files.buffer(task),
        }
    }

    fn event_written(&mut self, task: u32) -> Result<(), SinkError> {
        match &mut self.to {
            Target::One(stream) => stream.event_written(),
            Target::PerTask(files) => files.event_written(task),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        match &mut self.to {
            Target::One(stream) => stream.flush(),
            Target::PerTask(files) => files.flush(),
        }
    }
}

impl Sink for Text {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.ticks = Ticks::new(header);
        self.stamps.begin(header);
        Ok(())
    }

    fn wants_entered(&self) -> bool {
        self.splits()
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.ticks.batch(batch.clock);
        batch.events().try_for_each(|event| self.event(&event))
    }

    /// A watcher sees a call that does not return as far as it is known.
    fn idle(&mut self) -> Result<(), SinkError> {
        if self.held.waits_for == Some(Await::Exit)
            && let Target::One(stream) = &mut self.to
        {
            let news = self.held.line.get(self.held.written..).unwrap_or_default();
            stream.buffer().extend_from_slice(news);
            self.held.written = self.held.line.len();
        }
        self.flush()
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        if let Some(Await::Fate { arguments, .. }) = self.held.waits_for.take_if(|w| *w != Await::Exit) {
            self.end_unreturned(arguments);
            self.put_held(self.held.task, self.held.written)?;
        }
        self.break_off()?;
        self.flush()
    }
}
