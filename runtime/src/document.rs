//! perf.json, perf.summary.json and perf.folded of a program that runs alone.

use std::collections::BTreeMap;

use crate::clock::{Clock, Scale};
use crate::folded::{self, frame};
use crate::histogram::{bucket, fine_middle, percentile};
use crate::json::{Json, micros};
use crate::process::Config;
use crate::registry::{self, Descriptor, Source};
use crate::totals::{Sum, Totals};
use crate::{allocations, live, run_log};

/// The three texts.
pub struct Family {
    pub perf: String,
    pub summary: String,
    pub folded: String,
}

/// What a document is made of.
pub struct Facts<'a> {
    pub config: &'a Config,
    pub totals: &'a Totals,
    pub scale: Scale,
    pub clock: Clock,
    /// Ticks from the start to now.
    pub wall: u64,
    /// The program goes on.
    pub is_running: bool,
    /// Of a forked child.
    pub pid: Option<u32>,
    /// What an enter and its exit cost, nanoseconds.
    pub overhead_ns: Option<f64>,
}

/// A metric whose times are nanoseconds.
struct Metric<'a> {
    descriptor: &'static Descriptor,
    sum: &'a Sum,
    calls: u64,
    label: String,
    is_bad_label: bool,
}

/// What a metric of the summary is absent for.
type NotMeasured = BTreeMap<&'static str, String>;

impl Facts<'_> {
    fn is_fake(&self) -> bool {
        self.clock == Clock::Fake
    }

    fn wall_ns(&self) -> u64 {
        if self.is_fake() { self.totals.fake_end } else { self.scale.ns(self.wall) }
    }

    /// Nanoseconds in which no path was open. None: not all intervals were kept, and threads may have overlapped.
    fn idle_ns(&self) -> Option<u64> {
        let busy = if self.totals.threads <= 1 {
            self.totals.in_paths
        } else if self.totals.intervals_lost > 0 {
            return None;
        } else {
            self.totals.busy.iter().map(|(from, to)| to - from).sum()
        };
        Some(self.wall_ns().saturating_sub(self.scale.ns(busy)))
    }

    fn metrics(&self) -> Vec<Metric<'_>> {
        let mut metrics: Vec<Metric> = self
            .totals
            .rows
            .iter()
            .filter_map(|(number, sum)| {
                let descriptor = registry::descriptor(*number)?;
                let label = String::from_utf8_lossy(descriptor.label()).into_owned();
                let is_bad_label = label.as_bytes() != descriptor.label();
                Some(Metric { descriptor, sum, calls: sum.calls(), label, is_bad_label })
            })
            .collect();
        metrics.sort_by_key(|metric| (metric.sum.first, metric.descriptor.id));
        metrics
    }

    fn not_measured(&self, homeless: u64, metrics: &[Metric]) -> NotMeasured {
        let reason = if self.is_fake() { "fake clock" } else { "no recorder" };
        let mut reasons: NotMeasured =
            ["cpu", "io", "rusage", "samples", "syscalls"].map(|key| (key, reason.to_owned())).into();
        if !self.is_fake() {
            reasons.insert("cpu", "no recorder: durations are wall time".to_owned());
            if !allocations::are_counted() {
                reasons.insert("alloc", "no allocator of this library".to_owned());
            }
        }
        if self.overhead_ns.is_none() && !self.is_fake() {
            reasons.insert("overhead_ns_per_call", "no tracepoint was entered, or no memory".to_owned());
        }
        if self.idle_ns().is_none() {
            reasons.insert("idle", "too many spans of several threads to tell when none was open".to_owned());
        }
        if metrics.iter().any(|metric| metric.descriptor.budgets().gpu != 0) {
            reasons.insert("gpu", "no measure of GPU time".to_owned());
        }
        if homeless > 0 {
            reasons.insert("rng_streams", format!("{homeless} events of streams that were never begun"));
        }
        if let Some(collision) = registry::first_collision() {
            reasons.insert("id_collisions", collision);
        }
        reasons
    }
}

/// The three documents.
pub fn family(facts: &Facts) -> Family {
    let metrics = facts.metrics();
    let mut log = Json::new();
    let homeless = run_log::write(&mut log);
    let not_measured = facts.not_measured(homeless, &metrics);
    let mut perf = Json::new();
    perf.object(|json| {
        json.key("version").string("0.1.0");
        json.key("target").string(&facts.config.target);
        json.key("runs").array(|json| {
            json.item().object(|json| {
                json.key("profile").string(&facts.config.profile);
                json.key("metrics").array(|json| {
                    for metric in &metrics {
                        json.item().object(|json| metric.write(json, facts));
                    }
                });
                json.key("run_log");
                run_log::write(json);
                json.key("meta").object(|json| meta(json, facts));
            });
        });
        json.key("summary").object(|json| summary(json, facts, &metrics, &not_measured));
        json.key("schema_version").string("chic-trace.perf.v1");
        json.key("producer").object(|json| {
            json.key("name").string("chic-trace");
            json.key("version").string(env!("CARGO_PKG_VERSION"));
        });
    });
    let mut alone = Json::new();
    alone.object(|json| summary(json, facts, &metrics, &not_measured));
    Family { perf: perf.finish(), summary: alone.finish(), folded: folded::text(&stacks(facts)) }
}

impl Metric<'_> {
    fn write(&self, json: &mut Json, facts: &Facts) {
        let descriptor = self.descriptor;
        let budgets = descriptor.budgets();
        json.key("trace_id").number(descriptor.id);
        json.key("mir_id").string(&self.label);
        json.key("label").string(&self.label);
        json.key("cpu_us").number(micros(mean(facts.scale.ns_wide(self.sum.sum), self.calls)));
        for (key, budget) in
            [("budget_cpu_us", budgets.cpu), ("budget_gpu_us", budgets.gpu), ("budget_mem_bytes", budgets.mem)]
        {
            if budget == 0 { json.key(key).number("null") } else { json.key(key).number(budget) }
        }
        json.key("trace_id_hex").string(&format!("{:016x}", descriptor.id));
        if self.is_bad_label {
            let hex: String = descriptor.label().iter().map(|byte| format!("{byte:02x}")).collect();
            json.key("label_hex").string(&hex);
        }
        if descriptor.source == Source::CompilerHooks {
            json.key("source").string("compiler-hooks");
        }
        json.key("calls").number(self.calls);
        for (key, count) in [("unclosed", self.sum.unclosed), ("abandoned", self.sum.abandoned)] {
            if count != 0 {
                json.key(key).number(count);
            }
        }
        json.key("max_depth").number(self.sum.deepest);
        json.key("threads").number(self.sum.threads);
        json.key("wall").object(|json| self.write_times(json, facts.scale));
        self.write_budgets(json, facts);
    }

    fn write_times(&self, json: &mut Json, scale: Scale) {
        let ns = |ticks: u64| u128::from(scale.ns(ticks));
        let (smallest, largest) = (scale.ns(self.sum.smallest), scale.ns(self.sum.largest));
        json.key("total_us").number(micros(ns(self.sum.total)));
        json.key("self_us").number(micros(ns(self.sum.own)));
        json.key("min_us").number(micros(u128::from(smallest)));
        json.key("max_us").number(micros(u128::from(largest)));
        if self.calls > 1 {
            json.key("stddev_us").number(micros(self.deviation_ns(scale)));
        }
        let buckets = self.buckets(scale, smallest, largest);
        for (key, percent) in [("p50_us", 50), ("p95_us", 95), ("p99_us", 99)] {
            json.key(key).number(micros(u128::from(percentile(&buckets, percent, smallest, largest))));
        }
        let hist: Vec<String> = buckets.iter().map(|(bucket, count)| format!("{bucket}:{count}")).collect();
        json.key("hist").string(&hist.join(" "));
    }

    /// Buckets of the document. The extremes are known exactly; no bucket may lie outside them.
    fn buckets(&self, scale: Scale, smallest: u64, largest: u64) -> Vec<(usize, u64)> {
        let mut buckets: BTreeMap<usize, u64> = BTreeMap::new();
        for (fine, count) in &self.sum.buckets {
            let ns = scale.ns(fine_middle(*fine)).max(smallest).min(largest);
            *buckets.entry(bucket(ns)).or_default() += count;
        }
        buckets.into_iter().collect()
    }

    /// Standard deviation of all calls (n − 1).
    fn deviation_ns(&self, scale: Scale) -> u128 {
        let n = u128::from(self.calls);
        // n·Σx² − (Σx)² is exact as long as it fits; above, doubles are exact enough.
        let spread = n
            .checked_mul(self.sum.squares)
            .zip(self.sum.sum.checked_mul(self.sum.sum))
            .map(|(a, b)| a.saturating_sub(b) as f64)
            .unwrap_or_else(|| (n as f64 * self.sum.squares as f64 - (self.sum.sum as f64).powi(2)).max(0.0));
        let variance = spread / (n as f64 * (n - 1) as f64);
        (variance.sqrt() * scale.factor()).round_ties_even() as u128
    }

    fn write_budgets(&self, json: &mut Json, facts: &Facts) {
        let budgets = self.descriptor.budgets();
        let has_memory = self.sum.mem_measured > 0 && !facts.is_fake();
        if budgets.io != 0 {
            json.key("budget_io_bytes").number(budgets.io);
        }
        if has_memory {
            json.key("mem_bytes").number(self.sum.mem_peak);
            let [alloc, zeroed, realloc, _, alloc_bytes, zeroed_bytes, realloc_bytes, freed] = self.sum.allocated;
            let (calls, bytes) = (alloc + zeroed + realloc, alloc_bytes + zeroed_bytes + realloc_bytes);
            json.key("alloc").object(|json| {
                json.key("calls").number(calls);
                json.key("bytes").number(bytes);
                json.key("freed_bytes").number(freed);
            });
        }
        if budgets.cpu != 0 {
            json.key("over_cpu_calls").number(self.sum.over_cpu);
        }
        if budgets.mem != 0 && has_memory {
            json.key("over_mem_calls").number(self.sum.over_mem);
        }
    }
}

/// Σ/n, half to even.
fn mean(sum: u128, n: u64) -> u128 {
    let n = u128::from(n.max(1));
    let (whole, twice_rest) = (sum / n, sum % n * 2);
    whole + u128::from(twice_rest > n || (twice_rest == n && whole % 2 == 1))
}

fn meta(json: &mut Json, facts: &Facts) {
    if !facts.is_fake() {
        let command: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        if !command.is_empty() {
            json.key("command").array(|json| {
                for word in &command {
                    json.item().string(word);
                }
            });
        }
        json.key("started_at").string(&facts.config.started_at());
        if facts.is_running {
            json.key("exit").object(|json| json.key("running").number(true));
        }
        json.key("recorder").string("runtime");
    }
    json.key("clock").string(facts.clock.name());
    json.key("cpu_source").string(if facts.is_fake() { "fake" } else { "wall" });
    if let Some(pid) = facts.pid.filter(|_| !facts.is_fake()) {
        json.key("pid").number(pid);
    }
}

fn summary(json: &mut Json, facts: &Facts, metrics: &[Metric], not_measured: &NotMeasured) {
    json.key("profile").string(&facts.config.profile);
    json.key("target").string(&facts.config.target);
    json.key("wall_time_ns").number(facts.wall_ns());
    for key in ["cpu_user_ns", "cpu_system_ns", "max_rss_kb", "io_read_blocks", "io_write_blocks"] {
        json.key(key).number("null");
    }
    if allocations::are_counted() && !facts.is_fake() {
        json.key("alloc").object(write_allocations);
    } else {
        json.key("alloc").number("null");
    }
    json.key("sampling_interval_ns").number("null");
    if let Some(idle) = facts.idle_ns() {
        json.key("idle_ns").number(idle);
    }
    json.key("processes").number(1);
    json.key("threads").number(facts.totals.threads);
    json.key("tracepoints").object(|json| tracepoints(json, facts, metrics));
    json.key("not_measured").object(|json| {
        for (key, reason) in not_measured {
            json.key(key).string(reason);
        }
    });
}

fn write_allocations(json: &mut Json) {
    let stats = allocations::all();
    for (key, value) in [
        ("alloc_calls", stats.alloc_calls),
        ("alloc_zeroed_calls", stats.alloc_zeroed_calls),
        ("realloc_calls", stats.realloc_calls),
        ("free_calls", stats.free_calls),
        ("alloc_bytes", stats.alloc_bytes),
        ("alloc_zeroed_bytes", stats.alloc_zeroed_bytes),
        ("realloc_bytes", stats.realloc_bytes),
        ("freed_bytes", stats.freed_bytes),
    ] {
        json.key(key).number(value);
    }
}

fn tracepoints(json: &mut Json, facts: &Facts, metrics: &[Metric]) {
    let sum = |f: fn(&Sum) -> u64| metrics.iter().map(|metric| f(metric.sum)).sum::<u64>();
    json.key("calls").number(metrics.iter().map(|metric| metric.calls).sum::<u64>());
    json.key("dropped").number(facts.totals.dropped + live::lost_enters());
    json.key("unmatched_exits").number(facts.totals.unmatched);
    json.key("unclosed").number(sum(|sum| sum.unclosed));
    json.key("abandoned").number(sum(|sum| sum.abandoned));
    let bad_labels = metrics.iter().filter(|metric| metric.is_bad_label).count() as u64;
    for (key, count) in [
        ("inherited_exits", facts.totals.inherited),
        ("id_collisions", registry::id_collisions()),
        ("budget_conflicts", registry::budget_conflicts()),
        ("bad_labels", bad_labels),
    ] {
        if count != 0 {
            json.key(key).number(count);
        }
    }
    if let Some(ns) = facts.overhead_ns {
        json.key("overhead_ns_per_call").number(format_args!("{ns:.1}"));
    }
}

/// Nanoseconds by stack. The thread's name is the root where there are several.
fn stacks(facts: &Facts) -> BTreeMap<String, u128> {
    let mut stacks: BTreeMap<String, u128> = BTreeMap::new();
    for ((thread, path), ticks) in &facts.totals.stacks {
        let ns = facts.scale.ns(*ticks);
        if ns == 0 {
            continue;
        }
        let root = (facts.totals.threads > 1).then(|| frame(thread));
        let labels = path.iter().filter_map(|number| registry::descriptor(*number)).map(|it| frame(it.label()));
        let frames: Vec<String> = root.into_iter().chain(labels).collect();
        *stacks.entry(frames.join(";")).or_default() += u128::from(ns);
    }
    let in_paths: u128 = stacks.values().sum();
    // For a single thread the picture lines up with the clock to the nanosecond.
    let idle = if facts.totals.threads <= 1 {
        Some(u128::from(facts.wall_ns()).saturating_sub(in_paths))
    } else {
        facts.idle_ns().map(u128::from)
    };
    if let Some(idle) = idle.filter(|idle| *idle != 0) {
        stacks.insert(folded::IDLE.to_owned(), idle);
    }
    stacks
}
