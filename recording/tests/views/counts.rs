use recording::event::{Event, Record, State, Via, flag};
use recording::session::Header;
use recording::views::{Clock, Tally, took_ns};

use crate::stream::Stream;

fn observe(tally: &mut Tally, event: Event<'_>) {
    tally.observe(&event.call().expect("a call"), &Clock::new(&Header::default()));
}

#[test]
fn calls_errors_and_times_are_counted_by_number() {
    let mut stream = Stream::default();
    let mut tally = Tally::new();
    for _ in 0..3 {
        observe(&mut tally, stream.call(1, "read", &[], 5).event());
    }
    observe(&mut tally, stream.call(1, "read", &[], -11).event());
    observe(&mut tally, stream.call(1, "openat", &[], -4096).event());
    observe(&mut tally, stream.announced(1, "openat").event());
    let rows = tally.rows();
    assert_eq!(rows.iter().map(|row| (row.abi, row.nr)).collect::<Vec<_>>(), [(0, Some(0)), (0, Some(257))]);
    let read = rows[0].count;
    assert_eq!((read.calls, read.errors, read.timed, read.total_ns, read.range_ns()), (4, 1, 4, 160, Some((40, 40))));
    assert_eq!((rows[1].count.calls, rows[1].count.errors), (1, 0), "-4096 is no error, an announcement no call");
    assert_eq!((tally.total().calls, tally.total().errors), (5, 1));
}

#[test]
fn calls_without_an_exit_or_an_entry_have_no_time() {
    let mut tally = Tally::new();
    let clock = Clock::new(&Header::default());
    let mut record = Record::default();
    for (state, flags, left) in [
        (State::Done, flag::NO_EXIT, 0),
        (State::Abandoned, 0, 0),
        (State::Done, flag::NO_ENTRY, 900),
        (State::Done, flag::INSTRUMENTATION, 900),
    ] {
        record.begin_call(Via::Ptrace, 0, 1, 0, 100, 35, &[0; 6], 0, 0);
        record.finish_call(state, left, 0);
        record.add_flags(flags);
        let call = record.view().call().expect("a call");
        if flags != flag::INSTRUMENTATION {
            assert_eq!(took_ns(&call, &clock), None);
        }
        tally.observe(&call, &clock);
    }
    let rows = tally.rows();
    assert_eq!((rows.len(), rows[0].count.calls, rows[0].count.timed, rows[0].count.range_ns()), (1, 3, 0, None));
}

#[test]
fn any_number_of_any_abi_is_counted_and_few_are_kept() {
    let mut tally = Tally::new();
    let mut record = Record::default();
    let strange = [(2, 0x4000_0000 | 1), (2, 1), (0, u64::MAX), (1, 511), (1, 512), (200, 3)];
    let flood = (0..10_000u64).map(|nr| (0, 1_000_000 + nr));
    for (abi, nr) in strange.into_iter().chain(flood) {
        record.begin_call(Via::Ptrace, abi, 1, 0, 100, nr, &[0; 6], 0, 0);
        record.finish_call(State::Done, 150, 0);
        observe(&mut tally, record.view());
    }
    let rows = tally.rows();
    for (abi, nr) in strange {
        assert!(rows.iter().any(|row| (row.abi, row.nr) == (abi, Some(nr)) && row.count.calls == 1), "{abi} {nr}");
    }
    assert!(rows.len() < 5_000);
    assert_eq!(rows.iter().map(|row| row.count.calls).sum::<u64>(), 10_006);
    assert_eq!(tally.total().calls, 10_006);
    let mut twice = Tally::new();
    twice.merge(&tally);
    twice.merge(&tally);
    assert_eq!(twice.total().calls, 20_012);
    assert_eq!(twice.rows().iter().map(|row| row.count.calls).sum::<u64>(), 20_012);
}
