//! The engine on real programs: what is pushed, in which order, and how it ends.

mod kept;

use kept::{Kept, plan, run};
use recording::event::{Event, Kind, flag};
use recording::session::EndedBy;
use tracer::{Status, Wanted};

fn only(numbers: &[i64]) -> Option<Wanted> {
    let mut native = [0; 8];
    for nr in numbers {
        native[(nr / 64) as usize] |= 1 << (nr % 64);
    }
    Some(Wanted { native, i386: [0; 8], unknown: false })
}

#[test]
fn the_first_call_is_the_targets_execve_and_the_last_its_exit() {
    let (kept, ended) = run(&plan(&["true"]));
    assert_eq!(ended.root, Some(Status::Exited(0)));
    let calls = kept.calls();
    assert_eq!(calls[0].nr(), libc::SYS_execve as u64);
    assert_eq!(calls[0].result(), 0);
    let last = calls.last().expect("calls");
    assert_eq!(last.nr(), libc::SYS_exit_group as u64);
    assert!(!last.returned());
    let kinds: Vec<Option<Kind>> = kept.events().map(|e| e.kind()).collect();
    assert_eq!(kinds[0], Some(Kind::Born));
    assert_eq!(kinds.last().copied().flatten(), Some(Kind::Died));
    kept.assert_dense();
    let trailer = kept.trailer.as_ref().expect("a trailer");
    assert_eq!(trailer.ended, EndedBy::Complete);
    assert_eq!(trailer.root_status, Some(0));
    assert_eq!(trailer.totals.get(&1).copied(), Some(calls.len() as u64));
}

#[test]
fn every_task_is_followed_from_birth_to_death() {
    let (kept, ended) =
        run(&plan(&["sh", "-c", "for i in 1 2 3; do /bin/true | cat; done; (exit 3) & wait $!; exit 7"]));
    assert_eq!(ended.root, Some(Status::Exited(7)));
    let births: Vec<u32> = kept.of_kind(Kind::Born).iter().map(Event::task).collect();
    let mut deaths: Vec<u32> = kept.of_kind(Kind::Died).iter().map(Event::task).collect();
    assert_eq!(births.len(), 8);
    let mut sorted = births.clone();
    sorted.sort_unstable();
    deaths.sort_unstable();
    assert_eq!(sorted, deaths);
    assert!(kept.of_kind(Kind::Exec).len() >= 7);
    kept.assert_dense();
}

#[test]
fn not_following_leaves_children_alone() {
    let mut plan = plan(&["sh", "-c", "/bin/true; exit 4"]);
    plan.follow = false;
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(4)));
    assert_eq!(kept.of_kind(Kind::Born).len(), 1);
    assert!(kept.count(libc::SYS_wait4) >= 1);
}

#[test]
fn death_by_every_fatal_signal_is_told() {
    for signal in [libc::SIGTERM, libc::SIGKILL, libc::SIGUSR1, 34, 64] {
        let (kept, ended) = run(&plan(&["sh", "-c", &format!("ulimit -c 0; kill -{signal} $$")]));
        assert_eq!(ended.root, Some(Status::Killed { signal, core: false }), "signal {signal}");
        let died = kept.of_kind(Kind::Died);
        assert_eq!(died.last().map(|d| (d.u32(32), d.u8(36))), Some((signal as u32, 1)));
    }
}

#[test]
fn a_filter_shows_what_was_asked_and_nothing_else() {
    let mut plan = plan(&["sh", "-c", "/bin/true; cat /etc/hostname /nowhere; exit 2"]);
    plan.wanted = only(&[libc::SYS_openat]);
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(2)));
    assert!(kept.calls().iter().all(|c| c.nr() == libc::SYS_openat as u64));
    assert!(kept.count(libc::SYS_openat) >= 6);
    assert!(kept.calls().iter().any(|c| c.errno() == Some(libc::ENOENT as u16)));
    assert!(kept.header.as_ref().is_some_and(|h| h.kernel_filter));
    kept.assert_dense();
}

#[test]
fn with_no_call_wanted_only_lives_are_seen() {
    let mut plan = plan(&["sh", "-c", "/bin/true; exit 2"]);
    plan.wanted = only(&[]);
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(2)));
    assert_eq!(kept.calls().len(), 0);
    assert_eq!(kept.of_kind(Kind::Exec).len(), 2);
    assert!(!kept.header.as_ref().is_some_and(|h| h.kernel_filter));
}

#[test]
fn a_program_that_is_not_there_or_not_executable_is_told_apart() {
    let (kept, ended) = run(&plan(&["no-such-program-here"]));
    let failure = ended.not_started.expect("not started");
    assert_eq!((failure.errno, failure.found), (libc::ENOENT, false));
    assert_eq!(kept.trailer.as_ref().map(|t| t.ended), Some(EndedBy::NotStarted));

    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("script");
    std::fs::write(&script, "echo no interpreter\n").expect("written");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
    let (kept, ended) = run(&plan(&[script.to_str().expect("a path")]));
    let failure = ended.not_started.expect("not started");
    assert_eq!((failure.errno, failure.found), (libc::ENOEXEC, true));
    let calls = kept.calls();
    assert_eq!(calls.len(), 1, "the failed execve and nothing of ours");
    assert_eq!(calls[0].errno(), Some(libc::ENOEXEC as u16));
    assert_eq!(kept.trailer.as_ref().and_then(|t| t.not_started_errno), Some(libc::ENOEXEC));
}

#[test]
fn an_open_call_is_announced_once_when_another_task_speaks() {
    let mut kept = Kept { announce: true, ..Kept::default() };
    let ended = tracer::run(&plan(&["sh", "-c", "/bin/true; /bin/true"]), &mut kept).expect("a session");
    assert_eq!(ended.root, Some(Status::Exited(0)));
    let announced: Vec<(u32, u64)> =
        kept.events().filter(|e| e.is_announcement()).map(|e| (e.task(), e.seq())).collect();
    assert!(announced.len() >= 2, "a wait4 is open while each child runs");
    let whole: Vec<(u32, u64)> = kept.calls().iter().map(|c| (c.event.task(), c.event.seq())).collect();
    for one in &announced {
        assert_eq!(announced.iter().filter(|other| *other == one).count(), 1);
        assert_eq!(whole.iter().filter(|other| *other == one).count(), 1, "{one:?} comes whole later");
    }
}

#[test]
fn an_interrupted_call_and_its_continuation_are_marked() {
    let script = "trap : USR1; (sleep 0.2; kill -USR1 $$; sleep 0.2) & wait; wait; exit 0";
    let (kept, _) = run(&plan(&["sh", "-c", script]));
    let interrupted: Vec<_> = kept.calls().into_iter().filter(|c| c.event.flags() & flag::INTERRUPTED != 0).collect();
    assert!(!interrupted.is_empty());
    assert!(interrupted.iter().all(|c| (-516..=-512).contains(&c.result())));
    let signals = kept.of_kind(Kind::Signal);
    assert!(signals.iter().any(|s| s.u32(32) == libc::SIGUSR1 as u32));
}

#[test]
fn what_outlives_the_root_is_left_running_after_the_grace() {
    let mut plan = plan(&["sh", "-c", "sleep 30 & exit 5"]);
    plan.grace = std::time::Duration::from_millis(100);
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(5)));
    assert_eq!(ended.left.len(), 1);
    assert_eq!(ended.left[0].1, "sleep");
    assert_eq!(kept.trailer.as_ref().map(|t| t.ended), Some(EndedBy::RootEnded));
    assert_eq!(kept.of_kind(Kind::Detached).len(), 1);
    let pid = ended.left[0].0 as i32;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    assert!(status.contains("TracerPid:\t0"));
    assert!(!status.contains("State:\tT") && !status.contains("State:\tt"));
    let killed = std::process::Command::new("kill").arg(pid.to_string()).status().expect("kill runs");
    assert!(killed.success());
}

#[test]
fn a_limit_ends_the_recording_and_not_the_target() {
    let mut plan = plan(&["sh", "-c", "/bin/true; /bin/true; exit 6"]);
    plan.max_events = Some(20);
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(6)));
    assert_eq!(kept.of_kind(Kind::Limit).len(), 1);
    assert!(kept.events().count() <= 25);
    assert_eq!(kept.trailer.as_ref().map(|t| t.ended), Some(EndedBy::Limit));
}

#[test]
fn a_bare_run_tells_status_and_usage() {
    let plan = plan(&["sh", "-c", "exit 9"]);
    let usage = tracer::run_untraced(plan.launch.as_ref().expect("a launch")).expect("a run");
    assert_eq!(usage.status, Some(Status::Exited(9)));
    assert!(usage.wall.as_nanos() > 0 && usage.max_rss_bytes > 0);
}

#[test]
fn every_process_has_an_account_and_the_target_its_counters() {
    let mut plan = plan(&["sh", "-c", "/bin/true; exit 0"]);
    plan.counters = tracer::Counters::Task;
    let (kept, _) = run(&plan);
    let accounts = kept.of_kind(Kind::Account);
    assert_eq!(accounts.iter().filter(|a| a.u32(32) == 0).count(), 2, "one per task");
    let processes: Vec<_> = accounts.iter().filter(|a| a.u32(32) == 1).collect();
    assert_eq!(processes.len(), 2, "one per process");
    let rss = recording::event::Measure::MaxRssBytes as u16;
    for process in processes {
        let reading = process.readings().find(|r| r.measure == rss).expect("a peak");
        assert!(reading.status & recording::event::reading::NOT_MEASURED == 0 && reading.value > 100_000);
    }
    kept.assert_dense();
}

#[test]
fn a_path_is_copied_where_the_call_reads_it() {
    let mut plan = plan(&["cat", "/nowhere/at/all"]);
    plan.wanted = only(&[libc::SYS_openat]);
    let (kept, _) = run(&plan);
    let found = kept.events().any(|e| e.payloads().any(|p| p.bytes == b"/nowhere/at/all"));
    let known = syscalls::lookup(syscalls::Abi::X86_64, libc::SYS_openat as u64).is_some();
    assert_eq!(found, known);
}

#[test]
fn a_sink_that_fails_at_once_leaves_the_target_to_itself() {
    struct Full;
    impl recording::Sink for Full {
        fn begin(&mut self, _: &recording::session::Header) -> Result<(), recording::SinkError> {
            let source = std::io::Error::from_raw_os_error(libc::ENOSPC);
            Err(recording::SinkError { what: "the file".into(), source, events_kept: 0 })
        }
        fn events(&mut self, _: &recording::Batch<'_>) -> Result<(), recording::SinkError> {
            panic!("nothing is pushed after a failure")
        }
        fn end(&mut self, _: &recording::session::Trailer) -> Result<(), recording::SinkError> {
            panic!("nothing is pushed after a failure")
        }
    }
    for wanted in [None, only(&[libc::SYS_openat])] {
        let mut plan = plan(&["sh", "-c", "/bin/true; exit 8"]);
        plan.wanted = wanted;
        let ended = tracer::run(&plan, &mut Full).expect("a session");
        assert_eq!(ended.root, Some(Status::Exited(8)));
        assert_eq!(ended.sink_error.map(|e| e.what), Some("the file".into()));
    }
}

#[test]
fn a_busy_target_never_sees_that_it_is_pinned() {
    let own = std::fs::read_to_string("/proc/self/status").expect("our status");
    let cpus = own.lines().find(|line| line.starts_with("Cpus_allowed_list")).expect("our CPUs").to_string();
    let script = "i=0; while [ $i -lt 4000 ]; do : < /dev/null; i=$((i+1)); done; while read line; do \
                  case $line in Cpus_allowed_list*) echo \"$line\";; esac; done < /proc/self/status > cpus";
    let dir = tempfile::tempdir().expect("a directory");
    let mut plan = plan(&["sh", "-c", script]);
    plan.placement = tracer::Placement::Auto;
    plan.launch.as_mut().expect("a launch").cwd = Some(dir.path().to_path_buf());
    let (_, ended) = run(&plan);
    assert_eq!(ended.root, Some(Status::Exited(0)));
    let seen = std::fs::read_to_string(dir.path().join("cpus")).expect("written");
    assert_eq!(seen.split_whitespace().collect::<Vec<_>>(), cpus.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn at_the_deadline_every_task_is_killed_and_the_recording_is_whole() {
    let mut plan = plan(&["sh", "-c", "sleep 300 & while :; do :; done"]);
    plan.deadline = Some(std::time::Duration::from_millis(300));
    let (kept, ended) = run(&plan);
    assert!(ended.timed_out);
    assert!(matches!(ended.root, Some(Status::Killed { signal: libc::SIGKILL, .. })), "{:?}", ended.root);
    assert_eq!(kept.of_kind(Kind::Born).len(), kept.of_kind(Kind::Died).len());
    assert_eq!(kept.trailer.as_ref().map(|trailer| trailer.ended), Some(EndedBy::Complete));
    let quiet = run(&kept::plan(&["true"]));
    assert!(!quiet.1.timed_out);
}

#[test]
fn a_run_may_be_held_to_one_cpu_and_an_address_space_that_is_not_randomised() {
    let show = "grep -h Cpus_allowed_list /proc/self/status; cat /proc/self/personality";
    let output = |one_cpu: bool, no_aslr: bool| {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut plan = plan(&["sh", "-c", show]);
        let launch = plan.launch.as_mut().expect("a launch");
        (launch.one_cpu, launch.no_aslr) = (one_cpu, no_aslr);
        launch.stdio[1] = tracer::Stdio::From(file.reopen().expect("opened").into());
        run(&plan);
        std::fs::read_to_string(file.path()).expect("readable")
    };
    let (free, held) = (output(false, false), output(true, true));
    let cpus = |text: &str| text.lines().next().unwrap_or_default().split('\t').nth(1).map(str::to_owned);
    assert!(cpus(&held).is_some_and(|cpus| cpus.parse::<u32>().is_ok()), "{held}");
    match tracer::without_aslr() {
        Ok(()) => assert!(held.contains("00040000") && !free.contains("00040000"), "{free}{held}"),
        Err(why) => println!("skipped: {why}"),
    }
}
