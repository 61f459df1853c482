//! Observing: a session becomes processes, tasks and steps. A step is four bytes.

use std::collections::{BTreeMap, HashMap};

use recording::event::{BornHow, Event, Hidden, Kind, flag, text};
use recording::session::{EndedBy, Header, Trailer};
use recording::views::Ending;
use recording::{Batch, Sink, SinkError};
use syscalls::Abi;

use super::golden::Exit;

/// One call as it is compared: its name and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// Name of the call.
    pub name: String,
    /// `ok`, `!ENOENT`, or `?` for one that did not return.
    pub outcome: String,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.name, self.outcome)
    }
}

/// Something that may hide a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap(pub String);

/// A run as it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// argv of the root.
    pub argv: Vec<String>,
    /// Processes by key.
    pub processes: BTreeMap<String, RunProcess>,
    /// What may hide a difference.
    pub gaps: Vec<Gap>,
}

impl Run {
    /// Calls of all tasks.
    pub fn calls(&self) -> usize {
        self.processes.values().flat_map(|process| process.tasks.values()).map(|task| task.steps.len()).sum()
    }
}

/// A process of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunProcess {
    /// How it ended.
    pub exit: Exit,
    /// Its tasks by key: `t0`, `t0.1`.
    pub tasks: BTreeMap<String, RunTask>,
}

/// A task of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunTask {
    /// What it did, in order.
    pub steps: Vec<Step>,
}

/// The sink that observes.
#[derive(Debug, Default)]
pub struct Observer {
    argv: Vec<String>,
    /// Which process and task a tid is now.
    now: HashMap<u32, usize>,
    /// The process that a process id is now.
    process_now: HashMap<u32, usize>,
    tasks: Vec<Seen>,
    processes: Vec<SeenProcess>,
    /// Steps once each; tasks hold their numbers.
    steps: Vec<Step>,
    numbers: HashMap<(u8, u64, Outcome), u32>,
    gaps: Vec<Gap>,
    ended: Option<EndedBy>,
    filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Ok,
    Failed(u16),
    NotReturned,
}

#[derive(Debug)]
struct Seen {
    process: usize,
    /// The task that made it, within the same process.
    maker: Option<usize>,
    steps: Vec<u32>,
}

#[derive(Debug)]
struct SeenProcess {
    parent: Option<usize>,
    /// Basenames of what it executed, in order.
    images: Vec<String>,
    exit: Exit,
}

impl Observer {
    /// Nothing observed.
    pub fn new() -> Self {
        Self::default()
    }

    /// The run, when its session has ended.
    pub fn into_run(self) -> Run {
        let keys = self.process_keys();
        let task_keys = self.task_keys();
        let mut processes: BTreeMap<String, RunProcess> = self
            .processes
            .iter()
            .zip(&keys)
            .map(|(seen, key)| (key.clone(), RunProcess { exit: seen.exit.clone(), tasks: BTreeMap::new() }))
            .collect();
        for (task, task_key) in self.tasks.iter().zip(task_keys) {
            let steps = task.steps.iter().filter_map(|n| self.steps.get(*n as usize)).cloned().collect();
            let process = keys.get(task.process).and_then(|key| processes.get_mut(key));
            if let Some(process) = process {
                process.tasks.insert(task_key, RunTask { steps });
            }
        }
        let mut gaps = self.gaps;
        gaps.extend(self.filter.map(|filter| Gap(format!("the filter {filter} left calls out"))));
        let unfinished = match self.ended {
            Some(EndedBy::Complete) => None,
            Some(EndedBy::RootEnded) => Some("processes were left running"),
            Some(EndedBy::Limit) => Some("a limit ended the recording before the program did"),
            Some(EndedBy::Detached) => Some("the tracer let the program go"),
            Some(EndedBy::NotStarted) => Some("the program never ran"),
            Some(EndedBy::Incomplete | EndedBy::Damaged) | None => Some("the recording is incomplete"),
        };
        gaps.extend(unfinished.map(|why| Gap(why.into())));
        gaps.dedup();
        Run { argv: self.argv, processes, gaps }
    }

    /// `P`, `P/sh`, `P/sh#2`: the parent's key and the images, siblings of one name by birth.
    fn process_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::with_capacity(self.processes.len());
        let mut taken: HashMap<String, u32> = HashMap::new();
        for process in &self.processes {
            // A parent is always seen before its child.
            let key = match process.parent.and_then(|parent| keys.get(parent)) {
                None => "P".to_owned(),
                Some(parent) if process.images.is_empty() => format!("{parent}/fork"),
                Some(parent) => format!("{parent}/{}", process.images.join(">")),
            };
            keys.push(numbered(&mut taken, key));
        }
        keys
    }

    /// `t0` for the first task of a process, `t0.1` for the first thread it made.
    fn task_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::with_capacity(self.tasks.len());
        let mut made: HashMap<usize, u32> = HashMap::new();
        for task in &self.tasks {
            let key = match task.maker.and_then(|maker| keys.get(maker).map(|key| (maker, key))) {
                None => "t0".to_owned(),
                Some((maker, key)) => {
                    let number = made.entry(maker).or_default();
                    *number += 1;
                    format!("{key}.{number}")
                }
            };
            keys.push(key);
        }
        keys
    }

    fn call(&mut self, event: &Event<'_>) {
        let Some(call) = event.call() else { return };
        // What was interrupted and made again is one call; our own library's calls are nobody's.
        if event.is_announcement() || event.flags() & (flag::INTERRUPTED | flag::INSTRUMENTATION) != 0 {
            return;
        }
        let outcome = match (call.returned(), call.errno()) {
            (false, _) => Outcome::NotReturned,
            (true, None) => Outcome::Ok,
            (true, Some(errno)) => Outcome::Failed(errno),
        };
        let key = (event.abi(), call.nr(), outcome);
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => self.number(key),
        };
        let task = self.task(event.task());
        if let Some(task) = self.tasks.get_mut(task) {
            task.steps.push(number);
        }
    }

    fn number(&mut self, key: (u8, u64, Outcome)) -> u32 {
        let (abi, nr, outcome) = key;
        let name = match Abi::from_raw(abi).and_then(|abi| syscalls::lookup(abi, nr)) {
            Some(row) => row.name.to_owned(),
            None => format!("syscall_{nr}"),
        };
        let outcome = match outcome {
            Outcome::Ok => "ok".to_owned(),
            Outcome::NotReturned => "?".to_owned(),
            Outcome::Failed(errno) => match syscalls::errno::errno(errno) {
                Some(errno) => format!("!{}", errno.name),
                None => format!("!E{errno}"),
            },
        };
        let number = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        self.steps.push(Step { name, outcome });
        self.numbers.insert(key, number);
        number
    }

    /// The task of a tid; one that nobody announced begins a process of its own.
    fn task(&mut self, tid: u32) -> usize {
        match self.now.get(&tid) {
            Some(task) => *task,
            None => self.begin(tid, None, None),
        }
    }

    fn begin(&mut self, tid: u32, process: Option<usize>, maker: Option<usize>) -> usize {
        let process = process.unwrap_or_else(|| {
            let parent = maker.and_then(|maker| self.tasks.get(maker)).map(|task| task.process);
            self.processes.push(SeenProcess { parent, images: Vec::new(), exit: Exit::Running });
            self.process_now.insert(tid, self.processes.len() - 1);
            self.processes.len() - 1
        });
        let maker = maker.filter(|maker| self.tasks.get(*maker).is_some_and(|task| task.process == process));
        self.tasks.push(Seen { process, maker, steps: Vec::new() });
        self.now.insert(tid, self.tasks.len() - 1);
        self.tasks.len() - 1
    }

    fn born(&mut self, event: &Event<'_>) {
        let maker = self.now.get(&event.u32(32)).copied();
        let thread = BornHow::from_raw(event.u8(36)) == Some(BornHow::Thread);
        let process = thread.then(|| self.process_now.get(&event.u32(48)).copied()).flatten();
        self.begin(event.task(), process, maker);
    }

    fn exec(&mut self, event: &Event<'_>) {
        let task = self.task(event.u32(32));
        if event.u32(32) != event.task() {
            self.now.remove(&event.u32(32));
            self.now.insert(event.task(), task);
        }
        let image = event.text(text::MAIN).unwrap_or_default();
        let name = image.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).trim_end_matches(" (deleted)").to_owned();
        let process = self.tasks.get(task).and_then(|task| self.processes.get_mut(task.process));
        if let Some(process) = process {
            process.images.push(name);
        }
    }

    fn died(&mut self, event: &Event<'_>) {
        if event.u8(38) == 0 {
            return;
        }
        let process = self.process_now.get(&event.u32(40)).copied();
        if let Some(process) = process.and_then(|process| self.processes.get_mut(process)) {
            process.exit = match Ending::from_wait_status(event.u32(44)) {
                Ending::Exited(code) => Exit::Exited(code),
                Ending::Killed { signal, .. } => Exit::Killed(
                    syscalls::signal::name(signal.into()).map_or_else(|| format!("SIG{signal}"), String::from),
                ),
            };
        }
    }

    fn gap(&mut self, what: &str, event: &Event<'_>) {
        let why = event.text(text::MAIN).unwrap_or_default();
        let why = String::from_utf8_lossy(why);
        self.gaps.push(Gap(if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") }));
    }
}

/// `key`, or `key#2` for the second of that name.
fn numbered(taken: &mut HashMap<String, u32>, key: String) -> String {
    let count = taken.entry(key.clone()).or_default();
    *count += 1;
    if *count == 1 { key } else { format!("{key}#{count}") }
}

impl Sink for Observer {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.argv = header.argv.clone();
        self.filter = header.filter.clone();
        if !header.follow {
            self.gaps.push(Gap("only one task was followed".into()));
        }
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            match event.kind() {
                Some(Kind::Call) => self.call(&event),
                Some(Kind::Born) => self.born(&event),
                Some(Kind::Exec) => self.exec(&event),
                Some(Kind::Died) => self.died(&event),
                Some(Kind::Lost) => self.gap("events were lost", &event),
                Some(Kind::Unseen) if hides_calls(event.u32(32)) => self.gap("not all could be seen", &event),
                _ => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.ended = Some(trailer.ended);
        Ok(())
    }
}

fn hides_calls(what: u32) -> bool {
    [Hidden::UntracedChild, Hidden::IoUring, Hidden::OtherTracer, Hidden::UnpatchedSites]
        .iter()
        .any(|hidden| *hidden as u32 == what)
}
