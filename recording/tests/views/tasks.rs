use recording::event::{BornHow, Measure, Reading, reading};
use recording::session::Header;
use recording::views::{Clock, Ending, Processes, Tasks};

use crate::stream::{One, Stream};

/// Both views, fed together.
struct Both {
    tasks: Tasks,
    processes: Processes,
    clock: Clock,
}

impl Both {
    fn new() -> Both {
        Both { tasks: Tasks::new(), processes: Processes::new(), clock: Clock::new(&Header::default()) }
    }

    fn take(&mut self, one: One) {
        self.tasks.observe(&one.event());
        self.processes.observe(&one.event(), &self.tasks, &self.clock);
    }
}

#[test]
fn processes_begin_run_and_end() {
    let (mut s, mut both) = (Stream::default(), Both::new());
    both.take(s.born(10, 1, BornHow::First, 10, 0));
    both.take(s.exec(10, 10, "/bin/sh", &["sh", "-c", "x"]));
    both.take(s.born(11, 10, BornHow::Fork, 11, 17));
    assert_eq!(both.processes.get(11).unwrap().command.exe, b"/bin/sh", "a fork runs what its maker runs");
    both.take(s.exec(11, 11, "/bin/ls", &["ls"]));
    both.take(s.born(12, 11, BornHow::Thread, 11, 0x10000));
    both.take(s.named(12, "worker"));
    assert_eq!((both.tasks.process_of(12), both.tasks.alive(), both.tasks.seen()), (11, 3, 3));
    let thread = both.tasks.get(12).unwrap();
    assert_eq!(
        (&thread.comm[..], thread.parent, &thread.command.argv[..]),
        (&b"worker"[..], 10, &[b"ls".to_vec()][..])
    );
    both.take(s.died(11, 11, false, 0));
    assert_eq!(both.processes.get(11).unwrap().end_ns, None, "a thread is still there");
    both.take(s.died(12, 11, true, 0x8b));
    both.take(s.died(10, 10, true, 0x700));
    let rows = both.processes.rows();
    let facts: Vec<_> = rows.iter().map(|p| (p.pid, p.ppid, p.tasks, p.start_ns, p.end_ns, p.ending)).collect();
    assert_eq!(
        facts,
        [
            (10, 1, 1, 100, Some(900), Some(Ending::Exited(7))),
            (11, 10, 2, 300, Some(800), Some(Ending::Killed { signal: 11, core: true })),
        ]
    );
    assert_eq!(rows[1].ending.unwrap().code(), 139);
    assert_eq!(both.processes.root().unwrap().pid, 10);
    assert_eq!(both.tasks.alive(), 0);
    assert!(!both.tasks.get(12).unwrap().alive, "the dead are remembered for a while");
}

#[test]
fn the_exec_of_a_thread_goes_on_as_its_leader() {
    let (mut s, mut both) = (Stream::default(), Both::new());
    both.take(s.born(10, 1, BornHow::First, 10, 0));
    both.take(s.born(12, 10, BornHow::Thread, 10, 0));
    both.take(s.died(10, 10, false, 0));
    both.take(s.exec(10, 12, "/bin/true", &["true"]));
    assert_eq!(both.tasks.alive(), 1);
    assert!(both.tasks.get(10).unwrap().alive);
    assert!(!both.tasks.get(12).unwrap().alive);
    assert_eq!(both.tasks.get(10).unwrap().comm, b"true");
    both.take(s.died(10, 10, true, 0));
    let row = both.processes.get(10).unwrap();
    assert_eq!((row.command.exe.as_slice(), row.ending), (&b"/bin/true"[..], Some(Ending::Exited(0))));
    assert_eq!(both.processes.rows().len(), 1);
}

#[test]
fn an_id_given_out_again_is_another_process() {
    let (mut s, mut both) = (Stream::default(), Both::new());
    both.take(s.born(10, 1, BornHow::First, 10, 0));
    for status in [0x100, 0x200] {
        both.take(s.born(11, 10, BornHow::Fork, 11, 0));
        both.take(s.died(11, 11, true, status));
    }
    let endings: Vec<_> = both.processes.rows().iter().map(|row| (row.pid, row.ending)).collect();
    assert_eq!(endings, [(10, None), (11, Some(Ending::Exited(1))), (11, Some(Ending::Exited(2)))]);
}

#[test]
fn a_task_nobody_announced_is_its_own_process() {
    let (mut s, mut both) = (Stream::default(), Both::new());
    both.take(s.died(77, 70, true, 9));
    assert_eq!(both.processes.rows()[0].pid, 70);
    assert_eq!(both.tasks.process_of(500), 500);
}

#[test]
fn the_dead_are_forgotten_in_the_end() {
    let (mut s, mut tasks) = (Stream::default(), Tasks::new());
    for tid in 1..=2_000 {
        tasks.observe(&s.born(tid, 0, BornHow::Fork, tid, 0).event());
        tasks.observe(&s.died(tid, tid, true, 0).event());
    }
    assert_eq!((tasks.get(1_000).is_some(), tasks.get(2_000).is_some()), (false, true));
    assert_eq!((tasks.alive(), tasks.seen()), (0, 2_000));
}

#[test]
fn accounts_and_counters_belong_to_the_process() {
    let (mut s, mut both) = (Stream::default(), Both::new());
    both.take(s.born(10, 1, BornHow::First, 10, 0));
    both.take(s.born(12, 10, BornHow::Thread, 10, 0));
    let of = |measure: Measure, status, value| Reading { measure: measure as u16, status, value };
    both.take(s.account(12, false, &[of(Measure::RunNs, 0, 1)]));
    both.take(s.account(10, true, &[of(Measure::UserUs, 0, 1_500), of(Measure::Rchar, reading::NOT_MEASURED, 0)]));
    both.take(s.counter(12, Measure::Cycles as u16, 1));
    both.take(s.counter(10, Measure::Cycles as u16, 100));
    both.take(s.counter(10, Measure::Cycles as u16, 200));
    let row = both.processes.get(10).unwrap();
    assert_eq!(row.value(Measure::UserUs), Some(1_500));
    assert_eq!((row.value(Measure::Rchar), row.value(Measure::RunNs)), (None, None));
    assert_eq!(row.not_measured.as_deref(), Some("no permission"));
    let counters: Vec<_> = row.counters.iter().map(|c| (c.measure, c.value, c.enabled_ns, c.running_ns)).collect();
    assert_eq!(counters, [(Measure::Cycles as u16, 200, 10, 5)]);
}
