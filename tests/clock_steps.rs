//! The time of day steps while we trace: it is shown as it is, and no duration knows of it.

mod programs;

use programs::{build, can_trace, chic_trace, output, room, text};

/// Calls in several batches, each with readings of the clocks of its own.
const NAPS: [&str; 3] = ["sh", "-c", "for i in 1 2 3 4 5 6; do sleep 0.05; done"];

#[test]
fn the_time_of_day_steps_and_durations_do_not() {
    if !can_trace() {
        return;
    }
    let room = room();
    let clock = build("stepping_clock", None, room.path());
    let under = |options: &[&str]| {
        let mut command = chic_trace();
        command.current_dir(room.path()).env("LD_PRELOAD", &clock).args(["-E", "LD_PRELOAD", "-f", "-o", "trace"]);
        let run = output(command.args(options).args(NAPS));
        assert!(run.status.success(), "{}", text(&run.stderr));
        std::fs::read_to_string(room.path().join("trace")).expect("a trace")
    };

    let seconds = |word: &str| word.parse::<f64>().unwrap_or_else(|_| panic!("{word:?} is no time"));
    let shown = under(&["-ttt", "-T"]);
    let times: Vec<f64> = shown.lines().filter_map(|line| line.split_whitespace().nth(1)).map(seconds).collect();
    let steps = times.windows(2).map(|two| two[1] - two[0]);
    let (back, forth) = (steps.clone().any(|step| step < -3000.0), steps.clone().any(|step| step > 3000.0));
    assert!(back && forth, "the time of day does not step: {times:?}");
    let last = shown.lines().filter_map(|line| line.strip_suffix('>')?.rsplit_once('<')).map(|(_, last)| last);
    let took: Vec<f64> = last.filter(|last| *last != "unfinished ...").map(seconds).collect();
    assert!(took.len() > 100, "{shown}");
    assert!(took.iter().all(|took| (0.0..60.0).contains(took)), "{took:?}");

    let shown = under(&["-r"]);
    let since: Vec<f64> = shown.lines().filter_map(|line| line.split_whitespace().nth(1)).map(seconds).collect();
    assert!(since.len() > 100 && since.iter().all(|since| (0.0..60.0).contains(since)), "{since:?}");

    let document: serde_json::Value = serde_json::from_str(&under(&["-T", "--format", "json"])).expect("JSON");
    let calls = document["syscalls"].as_array().expect("calls");
    let took = calls.iter().filter_map(|call| call["duration_ns"].as_i64());
    assert!(took.clone().count() > 100 && took.clone().all(|took| (0..60_000_000_000).contains(&took)), "{calls:?}");
}
