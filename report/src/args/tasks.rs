//! Names of tasks by their number (`-Y`): those of the run, as the kernel would tell them at that moment.

use std::collections::HashMap;

use super::Style;
use super::string::Quoting;
use crate::digits;

/// Names of the tasks that were seen. One that has ended keeps its name until its parent has waited for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskNames {
    names: HashMap<u32, Name>,
}

#[derive(Debug, Clone)]
struct Name {
    comm: Vec<u8>,
    ended: bool,
}

impl TaskNames {
    /// So it is called from now on.
    pub(crate) fn named(&mut self, task: u32, comm: Vec<u8>) {
        self.names.insert(task, Name { comm, ended: false });
    }

    /// It has ended.
    pub(crate) fn ended(&mut self, task: u32) {
        if let Some(name) = self.names.get_mut(&task) {
            name.ended = true;
        }
    }

    /// Its parent has waited for it: if it has ended, nobody knows its number any more.
    pub(crate) fn waited_for(&mut self, task: u32) {
        if self.names.get(&task).is_some_and(|name| name.ended) {
            self.names.remove(&task);
        }
    }

    /// What it is called.
    pub(crate) fn get(&self, task: u32) -> Option<&[u8]> {
        self.names.get(&task).map(|name| &*name.comm)
    }

    /// The same of a task that has not ended.
    fn alive(&self, task: u32) -> Option<&[u8]> {
        self.names.get(&task).filter(|name| !name.ended).map(|name| &*name.comm)
    }
}

/// How the number of a task reads in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// With the name of the task, where that is asked for and known.
    Task,
    /// The same; the call has just waited for it, and if it has ended its number is free.
    WaitedFor,
}

/// Appends the number of a task, with its name where that is asked for and known.
pub(crate) fn write_task(out: &mut Vec<u8>, style: &Style, number: i64, how: Numbered) {
    digits::signed(out, number);
    let Some((names, task)) = style.task_names.as_ref().zip(u32::try_from(number).ok()) else { return };
    let name = match how {
        Numbered::Task => names.get(task),
        Numbered::WaitedFor => names.alive(task),
    };
    if let Some(name) = name {
        out.push(b'<');
        Quoting::note(style.hex).write(out, name);
        out.push(b'>');
    }
}
