//! Tasks: whose event it is, by number and time, because numbers are given out again and the kernel's own records come
//! late.

use std::collections::HashMap;

use recording::event::{Event, Measure, reading};
use report::perf::timeline::{Born, Died, Timeline};

/// A task. Times are CLOCK_MONOTONIC, ns.
#[derive(Debug)]
struct Task {
    pid: u32,
    tid: u32,
    name: Vec<u8>,
    born: u64,
    died: Option<u64>,
    /// When it left a CPU last; `None` while on one, or when that was never told.
    left: Option<u64>,
    is_on: bool,
    /// By schedstat, ns.
    ran: Option<u64>,
    /// Time on a CPU by its switches.
    switched: u64,
    on_since: u64,
    /// Was its end handed on?
    is_buried: bool,
    /// The task that had this number before.
    earlier: Option<usize>,
}

/// All tasks of a run, numbered as in its timeline.
#[derive(Debug, Default)]
pub struct Tasks {
    tasks: Vec<Task>,
    latest: HashMap<u32, usize>,
    /// The root and its name, until it begins.
    waiting: Option<(u32, Vec<u8>)>,
    /// Births told before a timeline knows them.
    unborn: Vec<usize>,
    began: Option<u64>,
    /// The first task of the run.
    root: Option<u32>,
    ended: u64,
    /// Names told of tasks that count by the fake clock only.
    names: HashMap<u32, (u32, Vec<u8>)>,
    /// Not yet handed on.
    dying: Vec<usize>,
    /// Only tasks that count by the fake clock are any.
    is_fake: bool,
    /// Nobody is followed: the kernel tells of tasks that are none of the run.
    is_alone: bool,
}

impl Tasks {
    /// None yet.
    pub fn new(is_fake: bool, is_alone: bool) -> Tasks {
        Tasks { is_fake, is_alone, ..Tasks::default() }
    }

    /// When the first instruction of the program was about to run.
    pub fn began(&self) -> Option<u64> {
        self.began
    }

    /// The first task of the run.
    pub fn root(&self) -> Option<u32> {
        self.root
    }

    /// The process of a task.
    pub fn pid(&self, task: usize) -> u32 {
        self.tasks.get(task).map_or(0, |task| task.pid)
    }

    /// A task was born; `process` is 0 where it is its own. Of a process that another one made, both tasks.
    pub fn born(
        &mut self,
        tid: u32,
        process: u32,
        maker: u32,
        at: u64,
        first: bool,
        name: Option<&[u8]>,
    ) -> Option<(usize, usize)> {
        let pid = if process == 0 { tid } else { process };
        let inherited = || self.names.get(&maker).map(|(_, name)| name.clone()).unwrap_or_default();
        let name = name.map_or_else(inherited, <[u8]>::to_vec);
        self.names.insert(tid, (pid, name.clone()));
        if first && self.began.is_none() {
            self.root = Some(tid);
            self.waiting = Some((tid, name));
            return None;
        }
        let maker = self.latest.get(&maker).copied();
        match self.latest.get(&tid).and_then(|number| self.tasks.get_mut(*number)) {
            // Something of it was told before its birth.
            Some(known) if known.died.is_none() => (known.pid, known.name) = (pid, name),
            _ if self.is_fake => {}
            _ => self.add(pid, tid, at, name),
        }
        maker.zip(self.latest.get(&tid).copied()).filter(|_| pid == tid)
    }

    /// A program was executed. Is it the first of the run?
    pub fn exec(&mut self, tid: u32, at: u64, name: Option<&[u8]>) -> bool {
        let begins = match self.waiting.take_if(|(root, _)| *root == tid) {
            Some((root, name)) if self.began.is_none() => {
                self.began = Some(at);
                if !self.is_fake {
                    self.add(root, root, at, name);
                }
                true
            }
            _ => false,
        };
        if let Some(task) = self.latest.get(&tid).and_then(|number| self.tasks.get_mut(*number)) {
            // A thread that executes takes over the number of its leader, who is told to be dead by then.
            task.died = None;
        }
        if let Some(name) = name {
            self.named(tid, name);
        }
        begins
    }

    /// The task has this name.
    pub fn named(&mut self, tid: u32, name: &[u8]) {
        if let Some((_, known)) = self.names.get_mut(&tid) {
            name.clone_into(known);
        }
        if let Some(task) = self.latest.get(&tid).and_then(|number| self.tasks.get_mut(*number)) {
            name.clone_into(&mut task.name);
        }
    }

    /// The task ended.
    pub fn died(&mut self, tid: u32, at: u64) {
        self.ended = self.ended.max(at);
        let Some(number) = self.latest.get(&tid).copied() else { return };
        if let Some(task) = self.tasks.get_mut(number) {
            task.died = Some(at);
            self.dying.push(number);
        }
    }

    /// The number may be given out again; by the fake clock the task has no end but its last event.
    pub fn forget(&mut self, tid: u32) {
        self.latest.remove(&tid);
    }

    /// The kernel's account of a task.
    pub fn account(&mut self, event: &Event<'_>) {
        let Some(task) = self.latest.get(&event.task()).and_then(|number| self.tasks.get_mut(*number)) else { return };
        if self.is_fake {
            return;
        }
        let run = |r: &recording::event::Reading| r.measure == Measure::RunNs as u16;
        task.ran = event.readings().find(run).filter(|r| r.status & reading::NOT_MEASURED == 0).map(|r| r.value);
    }

    /// It came onto a CPU or left it.
    pub fn switched(&mut self, task: usize, at: u64, on: bool) {
        let Some(task) = self.tasks.get_mut(task) else { return };
        if task.is_on && !on {
            task.switched += at.saturating_sub(task.on_since.max(task.born));
        }
        task.is_on = on;
        task.on_since = at;
        task.left = (!on).then_some(at);
    }

    /// The task that had this number at this time, made up where its birth was not told.
    pub fn at(&mut self, tid: u32, at: u64, timeline: &mut Timeline) -> Option<usize> {
        self.began?;
        if !self.latest.contains_key(&tid) {
            if self.is_alone {
                return None;
            }
            let (pid, name) = self.names.get(&tid).cloned().unwrap_or((tid, Vec::new()));
            self.add(pid, tid, at, name);
        }
        self.tell(timeline);
        let mut number = *self.latest.get(&tid)?;
        while let Some(task) = self.tasks.get(number) {
            match task.earlier {
                Some(earlier) if task.born > at => number = earlier,
                _ => break,
            }
        }
        Some(number)
    }

    /// The task that counts by the fake clock: only one that enters a span is one.
    pub fn counting(&mut self, tid: u32, timeline: &mut Timeline) -> Option<usize> {
        if let Some(number) = self.latest.get(&tid) {
            return Some(*number);
        }
        let (pid, name) = self.names.get(&tid).cloned().unwrap_or((tid, Vec::new()));
        self.add(pid, tid, 0, name);
        self.tell(timeline);
        self.latest.get(&tid).copied()
    }

    /// Its fake clock stands there.
    pub fn counted(&mut self, task: usize, at: u64) {
        if let Some(task) = self.tasks.get_mut(task) {
            task.died = Some(at);
        }
    }

    /// Hands on the ends of tasks that are older than `until`.
    pub fn bury(&mut self, until: u64, timeline: &mut Timeline) {
        self.tell(timeline);
        let tasks = &mut self.tasks;
        self.dying.retain(|number| {
            let Some(task) = tasks.get_mut(*number) else { return false };
            // One that came back to life by an exec dies again.
            let Some(end) = task.end().filter(|end| *end < until) else { return task.died.is_some() };
            task.is_buried = true;
            timeline.died(*number, end);
            false
        });
    }

    /// The run is over at this time.
    pub fn end(&mut self, at: u64) {
        if self.tasks.iter().any(|task| task.died.is_none()) {
            self.ended = self.ended.max(at);
        }
    }

    /// How many processes there were.
    pub fn processes(&self) -> u64 {
        self.tasks.iter().map(|task| task.pid).collect::<std::collections::HashSet<_>>().len() as u64
    }

    /// From the first instruction of the program to the end of the last task.
    pub fn wall(&self) -> (u64, u64) {
        let began = self.began.unwrap_or(self.ended);
        let last = self.tasks.iter().map(|task| task.end().unwrap_or(self.ended)).max();
        (began, last.unwrap_or(self.ended).max(began))
    }

    /// Wall time of the fake clock: the largest counter.
    pub fn fake_wall(&self) -> (u64, u64) {
        (0, self.tasks.iter().filter_map(|task| task.died).max().unwrap_or(0))
    }

    /// What is known of all tasks at the end.
    pub fn ends(&mut self, timeline: &mut Timeline) -> Vec<Died> {
        self.tell(timeline);
        let leaders: HashMap<u32, &[u8]> = self
            .tasks
            .iter()
            .filter(|task| task.tid == task.pid)
            .map(|task| (task.pid, task.name.as_slice()))
            .collect();
        let of_process = |task: &Task| {
            let told = self.names.get(&task.pid).map(|(_, name)| name.as_slice());
            leaders.get(&task.pid).copied().or(told).unwrap_or(&task.name).to_vec()
        };
        let died = |task: &Task| Died {
            at: task.end().unwrap_or(self.ended).max(task.born),
            process: of_process(task),
            name: task.name.clone(),
            ran: task.ran,
        };
        self.tasks.iter().map(died).collect()
    }

    /// Tasks whose time by switches is not that of schedstat: more than 1 % and 1 ms apart.
    pub fn disagreeing(&self) -> usize {
        let differs = |task: &&Task| {
            task.ran.is_some_and(|ran| {
                let gap = ran.abs_diff(task.switched);
                task.switched > 0 && gap > ran / 100 && gap > 1_000_000
            })
        };
        self.tasks.iter().filter(differs).count()
    }

    fn add(&mut self, pid: u32, tid: u32, at: u64, name: Vec<u8>) {
        let number = self.tasks.len();
        let earlier = self.latest.insert(tid, number);
        self.tasks.push(Task {
            pid,
            tid,
            name,
            born: at,
            died: None,
            left: None,
            is_on: false,
            ran: None,
            switched: 0,
            on_since: at,
            is_buried: false,
            earlier,
        });
        self.unborn.push(number);
    }

    /// Tells the timeline of tasks that it does not know.
    fn tell(&mut self, timeline: &mut Timeline) {
        for number in self.unborn.drain(..) {
            if let Some(task) = self.tasks.get(number) {
                timeline.task(Born { pid: task.pid, tid: task.tid, at: task.born });
            }
        }
    }
}

impl Task {
    /// When it ended. Its last departure from a CPU is nearer to that than the moment at which its end was told.
    fn end(&self) -> Option<u64> {
        self.died.map(|died| self.left.map_or(died, |left| left.min(died)).max(self.born))
    }
}
