//! From a timeline to the documents: the sample of two threads, the scripts of the fake clock, and rules of weights.

use std::collections::BTreeMap;
use std::path::Path;

use report::perf::timeline::{
    Born, Call, Died, End, Frame, Given, Mark, Name, Reported, Roots, Stack, Timeline, Tracepoint, Weight, What,
};
use report::perf::{self, Allocations, Counter, CpuSource, Entries, Meta, RunLog, Summary, Tracepoints};
use serde_json::Value;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/perf-json").join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn value(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}"))
}

/// When a task ran.
#[derive(Clone)]
enum OnCpu {
    Switches(Vec<(u64, u64)>),
    Total(u64),
    Unknown,
}

#[derive(Clone)]
struct Sample {
    at: u64,
    frames: Stack,
}

#[derive(Clone)]
struct Task {
    pid: u32,
    tid: u32,
    process: Vec<u8>,
    name: Vec<u8>,
    born: u64,
    died: u64,
    on_cpu: OnCpu,
    marks: Vec<Mark>,
    samples: Vec<Sample>,
    calls: Vec<Call>,
}

/// A whole run, as the samples have it.
struct Told {
    wall: (u64, u64),
    tracepoints: Vec<Tracepoint>,
    tasks: Vec<Task>,
    has_calls: bool,
    roots: Roots,
    weight: Weight,
    given: Given,
}

impl Told {
    fn report(&self) -> Reported {
        let whole = self.settled(None);
        // However often it is settled, the result is the same.
        for step in [1, 7, 1000, 333_333] {
            let settled = self.settled(Some(step));
            assert_eq!(perf::json(&settled.document), perf::json(&whole.document), "settled each {step} ns");
            assert_eq!(settled.folded, whole.folded, "settled each {step} ns");
        }
        // Told while it happens, each task's marks behind all else.
        for steps in [3, 50, 1000] {
            let live = self.live((self.wall.1 - self.wall.0) / steps + 1);
            assert_eq!(perf::json(&live.document), perf::json(&whole.document), "told in {steps} steps");
            assert_eq!(live.folded, whole.folded, "told in {steps} steps");
        }
        whole
    }

    /// Told in steps of so many nanoseconds, and settled after each; marks come a step late.
    fn live(&self, step: u64) -> Reported {
        let mut timeline = Timeline::new(self.has_calls);
        for tracepoint in &self.tracepoints {
            timeline.tracepoint(tracepoint.clone());
        }
        for task in &self.tasks {
            let number = timeline.task(Born { pid: task.pid, tid: task.tid, at: task.born });
            timeline.expect_marks(number);
        }
        let (begin, end) = self.wall;
        let mut from = 0;
        for until in (begin..end + 3 * step).step_by(step as usize) {
            let now = from..until;
            let before = from.saturating_sub(step)..until.saturating_sub(step);
            let mut sample = 0;
            for (number, task) in self.tasks.iter().enumerate() {
                if let OnCpu::Switches(slices) = &task.on_cpu {
                    for (at, on) in slices.iter().flat_map(|(from, to)| [(*from, true), (*to, false)]) {
                        if now.contains(&at) {
                            timeline.switch(number, at, on);
                        }
                    }
                }
                let marks = task.marks.iter().filter(|mark| before.contains(&mark.at));
                marks.for_each(|mark| timeline.mark(number, *mark));
                let calls = task.calls.iter().filter(|call| now.contains(&call.entered));
                calls.for_each(|call| timeline.call(number, call.clone()));
                for taken in &task.samples {
                    if now.contains(&taken.at) {
                        timeline.sample(number, taken.at, sample);
                    }
                    sample += 1;
                }
                if before.contains(&task.died) {
                    timeline.died(number, task.died);
                }
            }
            timeline.settle(until);
            from = until;
        }
        timeline.report(self.end())
    }

    fn settled(&self, step: Option<u64>) -> Reported {
        let mut timeline = Timeline::new(self.has_calls);
        for tracepoint in &self.tracepoints {
            timeline.tracepoint(tracepoint.clone());
        }
        let mut stack = 0;
        for task in &self.tasks {
            let number = timeline.task(Born { pid: task.pid, tid: task.tid, at: task.born });
            if let OnCpu::Switches(slices) = &task.on_cpu {
                for (from, to) in slices {
                    timeline.switch(number, *from, true);
                    timeline.switch(number, *to, false);
                }
            }
            task.marks.iter().for_each(|mark| timeline.mark(number, *mark));
            task.calls.iter().for_each(|call| timeline.call(number, call.clone()));
            for sample in &task.samples {
                timeline.sample(number, sample.at, stack);
                stack += 1;
            }
            timeline.died(number, task.died);
        }
        if let Some(step) = step {
            let (begin, end) = self.wall;
            let first = begin.max(end.saturating_sub(step * 1000));
            (0..=1000).map(|i| first + i * step).take_while(|at| *at <= end).for_each(|at| timeline.settle(at));
        }
        timeline.report(self.end())
    }

    fn end(&self) -> End {
        let died = |task: &Task| Died {
            at: task.died,
            process: task.process.clone(),
            name: task.name.clone(),
            ran: if let OnCpu::Total(total) = task.on_cpu { Some(total) } else { None },
        };
        let samples = self.tasks.iter().flat_map(|task| &task.samples);
        End {
            wall: self.wall,
            tasks: self.tasks.iter().map(died).collect(),
            stacks: samples.map(|sample| sample.frames.clone()).collect(),
            roots: self.roots,
            weight: self.weight,
            given: self.given.clone(),
        }
    }
}

/// Functions by number, tracepoints by function and label.
#[derive(Default)]
struct Names {
    functions: Vec<String>,
    tracepoints: Vec<Tracepoint>,
}

impl Names {
    fn function(&mut self, name: &str) -> u64 {
        let at = self.functions.iter().position(|known| known == name).unwrap_or_else(|| {
            self.functions.push(name.to_owned());
            self.functions.len() - 1
        });
        at as u64
    }

    fn tracepoint(&mut self, function: &str, label: &str) -> u32 {
        let id = perf::trace_id(function.as_bytes(), label.as_bytes());
        if let Some(at) = self.tracepoints.iter().position(|known| known.id == id) {
            return at as u32;
        }
        let code = Some(self.function(function));
        self.tracepoints.push(Tracepoint { id, label: label.into(), code, ..Tracepoint::default() });
        (self.tracepoints.len() - 1) as u32
    }

    fn mark(&mut self, mark: &Value) -> Mark {
        let (at, what) = (number(&mark[1]), &mark[2]);
        let number = self.tracepoint(word(&what["function"]), word(&what["label"]));
        let tracepoint = &mut self.tracepoints[number as usize];
        tracepoint.budget_cpu_us = what["cpu"].as_u64();
        tracepoint.budget_gpu_us = what["gpu"].as_u64();
        tracepoint.budget_mem_bytes = what["mem"].as_u64();
        tracepoint.budget_io_bytes = what["io"].as_u64();
        let bytes = |key: &str| number_of(&what["alloc"], key);
        tracepoint.alloc = what["alloc"].is_object().then(|| Allocations {
            calls: bytes("calls"),
            bytes: bytes("bytes"),
            freed_bytes: bytes("freed_bytes"),
        });
        let what = if word(&mark[0]) == "enter" { What::Enter } else { What::Exit { peak_bytes: None } };
        Mark { at, tracepoint: number, what }
    }

    fn sample(&mut self, sample: &Value) -> Sample {
        let frames = list(&sample[1]).iter().map(|frame| match frame.as_str() {
            Some("[truncated]") => Frame { name: Name::Truncated, code: None },
            Some(name) => Frame { name: Name::Symbol(name.as_bytes().into()), code: Some(self.function(name)) },
            None => Frame { name: Name::Module(word(&frame["module"]).as_bytes().into()), code: None },
        });
        Sample { at: number(&sample[0]), frames: frames.collect() }
    }
}

fn number_of(value: &Value, key: &str) -> u64 {
    number(&value[key])
}

fn call(call: &Value) -> Call {
    let result = call["result"].as_i64().expect("a result");
    let name = word(&call["name"]);
    let bytes = |wanted: &str| if name == wanted { u64::try_from(result).unwrap_or(0) } else { 0 };
    Call {
        name: name.into(),
        entered: number(&call["entered"]),
        left: number(&call["left"]),
        failed: result < 0,
        read_bytes: bytes("read"),
        written_bytes: bytes("write"),
        class: call["class"].as_str().map(|class| &*String::from(class).leak()),
        into: None,
    }
}

/// The sample tells the growth of live heap for a tracepoint, and how many of its spans were above the budget.
fn give_peaks(marks: &mut [Mark], sample: &[Value]) {
    let mut given: BTreeMap<u32, u64> = BTreeMap::new();
    for (mark, value) in marks.iter_mut().zip(sample) {
        let (Some(peak), What::Exit { peak_bytes }) = (value[2]["mem_bytes"].as_u64(), &mut mark.what) else {
            continue;
        };
        let seen = given.entry(mark.tracepoint).or_default();
        *peak_bytes = Some(if *seen <= number_of(&value[2], "over_mem") && *seen == 0 { peak } else { 0 });
        *seen += 1;
    }
}

fn sampled() -> Told {
    let sample = value("full/timeline.json");
    let mut names = Names::default();
    let tasks = list(&sample["tasks"]).iter().map(|task| {
        let mut marks: Vec<Mark> = list(&task["spans"]).iter().map(|mark| names.mark(mark)).collect();
        give_peaks(&mut marks, list(&task["spans"]));
        let slices = list(&task["oncpu"]).iter().map(|slice| (number(&slice[0]), number(&slice[1])));
        Task {
            pid: 100,
            tid: number(&task["tid"]) as u32,
            process: word(&task["process"]).into(),
            name: word(&task["name"]).into(),
            born: number(&task["born"]),
            died: number(&task["died"]),
            on_cpu: OnCpu::Switches(slices.collect()),
            marks,
            samples: list(&task["samples"]).iter().map(|sample| names.sample(sample)).collect(),
            calls: list(&task["calls"]).iter().map(call).collect(),
        }
    });
    let tasks = tasks.collect();
    Told {
        wall: (number(&sample["wall"][0]), number(&sample["wall"][1])),
        tracepoints: names.tracepoints,
        tasks,
        has_calls: true,
        roots: Roots::Auto,
        weight: Weight::Wall,
        given: given(&sample["given"]),
    }
}

/// What is given has the form of the documents: it is read as a part of one.
fn given(given: &Value) -> Given {
    let mut summary = given["summary"].clone();
    for (key, value) in [("profile", given["profile"].clone()), ("target", given["target"].clone())] {
        summary[key] = value;
    }
    summary["wall_time_ns"] = 0.into();
    let mut sampling = given["sampling"].clone();
    sampling["samples"] = 0.into();
    summary["sampling"] = sampling;
    let document = serde_json::json!({
        "version": "0.1.0", "target": given["target"],
        "runs": [{"profile": given["profile"], "metrics": [], "meta": given["meta"]}], "summary": summary,
    });
    let read = perf::read(document.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    // A value of serde_json has lost what is above 64 bits and the order of keys.
    let full = perf::read(text("full/perf.json").as_bytes()).unwrap_or_else(|error| panic!("{error}")).document;
    let run_log = full.runs[0].run_log.clone().expect("a run log");
    let mut run = read.document.runs.into_iter().next().expect("a run");
    let mut summary = *read.document.summary.expect("a summary");
    let counter = &given["counters"][0];
    summary.counters = Some(vec![Counter {
        name: word(&counter["name"]).into(),
        value: number_of(counter, "value"),
        unit: word(&counter["unit"]).into(),
        scope: word(&counter["scope"]).into(),
        enabled_ns: counter["enabled_ns"].as_u64(),
        running_ns: counter["running_ns"].as_u64(),
    }]);
    let missing = given["summary"]["not_measured"].as_object().expect("reasons");
    let ordered =
        ["counters.instructions", "budget_gpu_us"].map(|key| (key.to_owned(), word(&missing[key]).to_owned()));
    summary.not_measured = Some(Entries(ordered.into()));
    summary.tracepoints =
        Some(Tracepoints { overhead_ns_per_call: given["overhead_ns_per_call"].as_f64(), ..Tracepoints::default() });
    Given {
        profile: word(&given["profile"]).into(),
        target: word(&given["target"]).into(),
        run_log,
        meta: *run.meta.take().expect("meta"),
        summary,
    }
}

#[test]
fn the_sample_gives_its_four_files() {
    let Reported { document, folded, .. } = sampled().report();
    assert_eq!(folded.to_string(), text("full/perf.folded"));
    assert_eq!(folded.total(), 30_000);
    assert_eq!(perf::json(&document), text("full/perf.json"));
    let summary = document.summary.as_ref().expect("a summary");
    assert_eq!(perf::summary_json(summary), text("full/perf.summary.json"));
    assert_eq!(perf::compat(&document), text("full/perf.compat.json"));
}

/// Each enter and each exit reads the counter of its thread and then adds a microsecond.
fn played(script: &Value) -> Told {
    let mut names = Names::default();
    let tasks = list(script).iter().zip(1..).map(|(thread, tid)| {
        let mut clock = 0;
        let marks = list(&thread["events"]).iter().map(|event| {
            let tracepoint = names.tracepoint(word(&event[1]), word(&event[2]));
            let what = if word(&event[0]) == "enter" { What::Enter } else { What::Exit { peak_bytes: None } };
            clock += 1000;
            Mark { at: clock - 1000, tracepoint, what }
        });
        let marks: Vec<Mark> = marks.collect();
        Task {
            pid: 1,
            tid,
            process: "p".into(),
            name: word(&thread["thread"]).into(),
            born: 0,
            died: clock,
            on_cpu: OnCpu::Unknown,
            marks,
            samples: Vec::new(),
            calls: Vec::new(),
        }
    });
    let tasks: Vec<Task> = tasks.collect();
    let missing = ["cpu", "io", "rusage", "samples", "syscalls"].map(|key| (key.to_owned(), "fake clock".to_owned()));
    Told {
        wall: (0, tasks.iter().map(|task| task.died).max().unwrap_or(0)),
        tracepoints: names.tracepoints,
        tasks,
        has_calls: false,
        roots: Roots::Auto,
        weight: Weight::Wall,
        given: Given {
            profile: "default".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            run_log: RunLog::default(),
            meta: meta(CpuSource::Fake),
            summary: Summary { not_measured: Some(Entries(missing.into())), ..Summary::default() },
        },
    }
}

fn meta(cpu_source: CpuSource) -> Meta {
    Meta {
        command: None,
        started_at: None,
        exit: None,
        host: None,
        recorder: None,
        engines: None,
        clock: "fake".into(),
        cpu_source,
        pid: None,
        parts: None,
        incomplete: None,
        approximate: None,
    }
}

#[test]
fn scripts_of_the_fake_clock_give_their_files() {
    for name in ["nested", "recursion", "threads", "broken-nesting", "labels"] {
        let Reported { document, folded, .. } = played(&value(&format!("fake-clock/{name}.script.json"))).report();
        assert_eq!(folded.to_string(), text(&format!("fake-clock/{name}.perf.folded")), "{name}");
        assert_eq!(perf::json(&document), text(&format!("fake-clock/{name}.perf.json")), "{name}");
        let summary = document.summary.as_ref().expect("a summary");
        assert_eq!(perf::summary_json(summary), text(&format!("fake-clock/{name}.perf.summary.json")), "{name}");
    }
}

/// One task, one span from 1 ms to 3 ms of 10 ms.
fn small(on_cpu: OnCpu, samples: &[u64]) -> Told {
    let mut timeline = played(&value("fake-clock/nested.script.json"));
    let mut names = Names::default();
    let tracepoint = names.tracepoint("f", "f");
    let exit = What::Exit { peak_bytes: None };
    let marks =
        vec![Mark { at: 1_000_000, tracepoint, what: What::Enter }, Mark { at: 3_000_000, tracepoint, what: exit }];
    let sample = |at: &u64| Sample {
        at: *at,
        frames: [Frame { name: Name::Symbol(b"main".as_slice().into()), code: None }].into(),
    };
    let task = Task {
        died: 10_000_000,
        on_cpu,
        marks,
        samples: samples.iter().map(sample).collect(),
        ..timeline.tasks[0].clone()
    };
    timeline.wall = (0, 10_000_000);
    timeline.tracepoints = names.tracepoints;
    timeline.tasks = vec![task];
    timeline.given.meta = meta(CpuSource::Wall);
    timeline
}

#[test]
fn weights_add_up_to_the_wall_time_of_one_task() {
    let lines = |timeline: &Told| timeline.report().folded.to_string();
    let switched = small(OnCpu::Switches(vec![(0, 2_000_000), (4_000_000, 5_000_000)]), &[]);
    assert_eq!(lines(&switched), "[idle] 6000\n[unsampled] 2000\nf 1000\nf;[blocked] 1000\n");
    let sampled = small(OnCpu::Switches(vec![(0, 2_000_000), (4_000_000, 5_000_000)]), &[500_000, 4_500_000]);
    assert_eq!(lines(&sampled), "[idle] 6000\nf 1000\nf;[blocked] 1000\nmain 2000\n");
    let total = small(OnCpu::Total(6_000_000), &[500_000]);
    assert_eq!(lines(&total), "[idle] 4000\nf 2000\nmain 4000\n");
    let unknown = small(OnCpu::Unknown, &[]);
    assert_eq!(lines(&unknown), "[idle] 8000\nf 2000\n");
    let mut cpu = switched;
    cpu.weight = Weight::Cpu;
    assert_eq!(lines(&cpu), "[unsampled] 2000\nf 1000\n");
}

#[test]
fn without_switches_of_several_tasks_there_is_no_idle_time() {
    let mut timeline = small(OnCpu::Total(6_000_000), &[]);
    let second = Task { tid: 2, name: "io".into(), ..timeline.tasks[0].clone() };
    timeline.tasks.push(second);
    let Reported { document, folded, .. } = timeline.report();
    assert!(folded.lines().all(|(stack, _)| stack != "[idle]"));
    let missing = document.summary.and_then(|summary| summary.not_measured).expect("reasons");
    assert!(missing.0.iter().any(|(key, _)| key == "idle"));
}

#[test]
fn roots_tell_tasks_apart() {
    let mut timeline = small(OnCpu::Unknown, &[]);
    let other = Task { pid: 2, tid: 2, process: "child".into(), ..timeline.tasks[0].clone() };
    timeline.tasks.push(other);
    let lines = |timeline: &Told| timeline.report().folded.to_string();
    assert_eq!(lines(&timeline), "[idle] 8000\nchild;f 2000\np;f 2000\n");
    timeline.roots = Roots::Tid;
    assert!(lines(&timeline).contains("p-2/2;f 2000"), "{}", lines(&timeline));
    timeline.roots = Roots::None;
    assert_eq!(lines(&timeline), "[idle] 8000\nf 4000\n");
}
