//! The chain: which tasks determined when the root was over.
//!
//! ```text
//! root   ────wait────────────┐──────   the root waits for a child: until it ended, the child decides
//! child       ───────────────┘
//! ```

use std::collections::HashMap;

use recording::event::{Event, Kind};

use super::made::Made;
use crate::finding::text;

/// Waits that are kept.
const MOST: usize = 1 << 16;
/// A wait that is shorter decides nothing, ns.
const SHORT: u64 = 50_000;
/// Links of a chain.
const LONGEST: usize = 64;

#[derive(Debug, Clone)]
struct Task {
    tid: u32,
    process: u32,
    /// The process that made its process.
    parent: u32,
    exe: Vec<u8>,
    born: u64,
    died: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    task: usize,
    from: u64,
    to: u64,
    /// For threads of the own process, or for children?
    threads: bool,
}

/// Births, deaths and waits of a run; times in ns since its start.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    tasks: Vec<Task>,
    of: HashMap<u32, usize>,
    waits: Vec<Wait>,
}

/// A link: a program and how long it decided, ns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub exe: String,
    pub ns: u64,
}

impl Chain {
    pub fn event(&mut self, event: &Event<'_>, at: u64, process: u32, parent: u32, exe: &[u8]) {
        let tid = event.task();
        match event.kind() {
            Some(Kind::Born) => {
                self.of.insert(tid, self.tasks.len());
                self.tasks.push(Task { tid, process, parent, exe: exe.to_vec(), born: at, died: None });
            }
            Some(Kind::Exec) => {
                if let Some(task) = self.of.get(&tid).and_then(|at| self.tasks.get_mut(*at)) {
                    task.exe = exe.to_vec();
                }
            }
            Some(Kind::Died) => {
                if let Some(task) = self.of.get(&tid).and_then(|at| self.tasks.get_mut(*at)) {
                    task.died = Some(at);
                }
            }
            _ => {}
        }
    }

    /// A call of a task, from entry to exit.
    pub fn call(&mut self, made: &Made<'_>, from: u64, to: u64) {
        let threads = match made.row.map_or("", |row| row.name) {
            "wait4" | "waitid" | "waitpid" => false,
            "futex" => true,
            _ => return,
        };
        let Some(task) = self.of.get(&made.call.event.task()).copied() else { return };
        if to.saturating_sub(from) >= SHORT && self.waits.len() < MOST {
            self.waits.push(Wait { task, from, to, threads });
        }
    }

    /// The links in order of time; one when nobody was waited for.
    pub fn into_links(self) -> Vec<Link> {
        let Some(end) = self.tasks.first().map(|root| root.died.unwrap_or(u64::MAX)) else { return vec![] };
        let mut links = vec![];
        self.decided(0, end, 0, &mut links);
        links.reverse();
        let mut joined: Vec<Link> = vec![];
        for link in links {
            match joined.last_mut() {
                Some(last) if last.exe == link.exe => last.ns += link.ns,
                _ => joined.push(link),
            }
        }
        joined
    }

    /// What decided when a task came to `end`, the last first. Gives back where the task began.
    fn decided(&self, task: usize, mut end: u64, depth: usize, links: &mut Vec<Link>) {
        let Some(own) = self.tasks.get(task) else { return };
        while links.len() < LONGEST && depth < LONGEST {
            let waits = self.waits.iter().filter(|wait| wait.task == task && wait.to <= end);
            let last = waits.max_by_key(|wait| wait.to).and_then(|wait| Some((wait, self.waited_for(own, wait)?)));
            let Some((wait, child)) = last else { break };
            let Some(over) = self.tasks.get(child).and_then(|child| child.died) else { break };
            let born = self.tasks.get(child).map_or(0, |child| child.born);
            links.push(Link { exe: text(&own.exe), ns: end.saturating_sub(over.max(wait.from)) });
            self.decided(child, over, depth + 1, links);
            // Before the child was there, the task itself decided.
            end = born.min(wait.from);
        }
        links.push(Link { exe: text(&own.exe), ns: end.saturating_sub(own.born) });
    }

    /// The task that ended last while this one waited.
    fn waited_for(&self, own: &Task, wait: &Wait) -> Option<usize> {
        let ended = |task: &Task| task.died.is_some_and(|died| died >= wait.from && died <= wait.to);
        let is_one = |task: &Task| match wait.threads {
            true => task.process == own.process && task.tid != own.tid,
            false => task.parent == own.process && task.process == task.tid,
        };
        let tasks = self.tasks.iter().enumerate().filter(|(_, task)| ended(task) && is_one(task));
        tasks.max_by_key(|(_, task)| task.died).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(tid: u32, parent: u32, exe: &str, born: u64, died: u64) -> Task {
        Task { tid, process: tid, parent, exe: exe.into(), born, died: Some(died) }
    }

    #[test]
    fn whoever_is_waited_for_decides() {
        const MS: u64 = 1_000_000;
        let chain = Chain {
            tasks: vec![
                task(1, 0, "sh", 0, 100 * MS),
                task(2, 1, "fast", 10 * MS, 20 * MS),
                task(3, 1, "slow", 12 * MS, 95 * MS),
            ],
            of: HashMap::new(),
            waits: vec![Wait { task: 0, from: 13 * MS, to: 96 * MS, threads: false }],
        };
        let links = chain.into_links();
        let shown: Vec<(&str, u64)> = links.iter().map(|link| (link.exe.as_str(), link.ns / MS)).collect();
        assert_eq!(shown, [("sh", 12), ("slow", 83), ("sh", 5)]);
    }

    #[test]
    fn alone_a_task_decides_for_itself() {
        let chain = Chain { tasks: vec![task(1, 0, "ls", 5, 25)], ..Chain::default() };
        assert_eq!(chain.into_links(), [Link { exe: "ls".into(), ns: 20 }]);
    }
}
