//! Attaching: seizing what runs already.

use std::collections::HashSet;

use crate::session::Session;
use crate::sys::{Errno, Tid, process, ptrace};
use crate::{Error, Plan, look};

impl Session<'_> {
    /// Seizes the processes of the plan, each once; says how many refused. The plan's owner hears of each
    /// refusal before the next process is tried.
    ///
    /// # Errors
    /// The last refusal, when there is nothing else to trace.
    pub fn attach_all(&mut self, plan: &Plan) -> Result<usize, Error> {
        let mut asked = HashSet::new();
        let mut refusals = 0;
        let mut newest = None;
        for pid in plan.attach.iter().filter(|pid| asked.insert(**pid)) {
            if let Some(before) = newest.take() {
                self.tell_refusal(plan, &before);
            }
            newest = self.attach(*pid).err();
            refusals += usize::from(newest.is_some());
        }
        match newest {
            Some(last) if self.tasks.is_empty() => return Err(last),
            Some(last) => self.tell_refusal(plan, &last),
            None => {}
        }
        Ok(refusals)
    }

    /// The sink sees who was attached to before.
    fn tell_refusal(&mut self, plan: &Plan, refusal: &Error) {
        self.stream.tick();
        (plan.on_refusal)(refusal);
    }

    /// Seizes a process: all its tasks when following, else the one task of this number. What is traced
    /// already stays so.
    fn attach(&mut self, pid: u32) -> Result<(), Error> {
        let tid = Tid(pid);
        if tid == process::own_pid() {
            return Err(refused(pid, "a process can't trace itself", None, vec![]));
        }
        if self.tasks.get(tid).is_some() {
            return Ok(());
        }
        if !self.follow {
            return self.attach_task(tid);
        }
        // New threads may appear while we go through the list: repeat it until it is stable.
        let mut seen = HashSet::new();
        loop {
            let tids = match look::tasks(tid) {
                Ok(tids) => tids,
                Err(_) if !seen.is_empty() => return Ok(()),
                Err(_) => return Err(why_not(tid, Errno(libc::ESRCH))),
            };
            let before = seen.len();
            for task in tids {
                if seen.insert(task) && self.tasks.get(task).is_none() {
                    match self.attach_task(task) {
                        Ok(()) => {}
                        // A thread may end while we come; the process's own refusal is ours.
                        Err(error) if task == tid => return Err(error),
                        Err(_) => {}
                    }
                }
            }
            if seen.len() == before {
                return Ok(());
            }
        }
    }

    fn attach_task(&mut self, tid: Tid) -> Result<(), Error> {
        ptrace::seize(tid, self.options()).map_err(|errno| why_not(tid, errno))?;
        let pid = look::Status::of(tid).map_or(tid, |status| Tid(status.pid));
        if self.early.stopped.contains_key(&tid) {
            return Ok(());
        }
        self.add_attached(tid, pid);
        // Should it be gone, its status says so.
        let _ = ptrace::interrupt(tid);
        Ok(())
    }
}

/// The facts behind a refusal.
fn why_not(tid: Tid, errno: Errno) -> Error {
    let Some(status) = look::Status::of(tid) else {
        return refused(tid.0, "there is no such process", Some(errno), vec![]);
    };
    if status.tracer != 0 {
        let why = format!("process {} ({}) traces it already", status.tracer, look::comm(Tid(status.tracer)));
        return refused(tid.0, &why, Some(errno), vec!["a task can have one tracer: end the other one first".into()]);
    }
    let state = std::fs::read_to_string(format!("/proc/{tid}/stat")).unwrap_or_default();
    let state = state.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    if state == Some('Z') || state == Some('X') {
        return refused(tid.0, "it has ended and only waits to be reaped by its parent", Some(errno), vec![]);
    }
    if look::exe(tid).is_empty() && look::argv(tid, 16).is_empty() && process::ids().1 == 0 {
        return refused(tid.0, "it is a kernel thread, which can't be traced", Some(errno), vec![]);
    }
    let (_, euid, _) = process::ids();
    let mut hints = vec![];
    let mut why = errno.text();
    if euid != 0 && status.euid != euid {
        why = format!("it belongs to user {}, we are user {euid}", status.euid);
        hints.push("run as that user or as root".into());
    } else if let Some(scope) = crate::header::ptrace_scope()
        && scope > 0
        && euid != 0
    {
        why = format!("{why}: kernel.yama.ptrace_scope is {scope}, so only a parent may trace its children");
        hints.push("start the program under chic-trace, run as root, or set ptrace_scope to 0".into());
    }
    if errno == Errno(libc::EPERM) && hints.is_empty() {
        let more = "it has privileges or a user namespace that we lack; in a container, --cap-add SYS_PTRACE may help";
        hints.push(more.into());
    }
    refused(tid.0, &why, Some(errno), hints)
}

fn refused(pid: u32, why: &str, errno: Option<Errno>, hints: Vec<String>) -> Error {
    Error {
        doing: "attach to".into(),
        what: format!("process {pid}"),
        why: why.into(),
        hints,
        errno: errno.map(|e| e.0),
    }
}
