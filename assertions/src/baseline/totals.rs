//! Totals: where the time of a compilation went, and what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::metrics::{COLUMNS, EGRAPH, Function, Metrics, Pass, STAGES};

/// Sums over a module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// Functions.
    pub functions: usize,
    /// Wall time of the module, microseconds.
    pub module_compile_us: u64,
    /// All stages of all functions, microseconds.
    pub stages_us: u64,
    /// By [`COLUMNS`].
    pub values: [u64; COLUMNS.len()],
    /// By [`EGRAPH`].
    pub egraph: [u64; EGRAPH.len()],
    /// In the order in which the first functions made them.
    pub passes: Vec<PassTotal>,
}

/// A pass over all functions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PassTotal {
    /// Its name.
    pub name: String,
    /// How often it was made.
    pub times: u64,
    /// Microseconds.
    pub duration_us: u64,
    /// Instructions that it took away; below 0: that it added.
    pub removed: i64,
    /// How often it changed something.
    pub changed: u64,
}

/// Adds everything up.
pub fn totals(metrics: &Metrics) -> Totals {
    let mut all = Totals {
        functions: metrics.functions.len(),
        module_compile_us: metrics.module_compile_us,
        ..Totals::default()
    };
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for function in &metrics.functions {
        all.stages_us = all.stages_us.saturating_add(function.stages_us());
        add(&mut all.values, function.values);
        for pass in &function.ir_passes {
            add(&mut all.egraph, pass.egraph.map(Option::unwrap_or_default));
            let at = *numbers.entry(&pass.name).or_insert(all.passes.len());
            if at == all.passes.len() {
                all.passes.push(PassTotal { name: pass.name.clone(), ..PassTotal::default() });
            }
            if let Some(total) = all.passes.get_mut(at) {
                total.add(pass);
            }
        }
    }
    all
}

fn add<const N: usize>(sums: &mut [u64; N], values: [u64; N]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum = sum.saturating_add(value));
}

impl Totals {
    /// A sum by its column.
    pub fn value(&self, column: &str) -> u64 {
        COLUMNS.iter().position(|known| *known == column).and_then(|at| self.values.get(at)).copied().unwrap_or(0)
    }
}

impl PassTotal {
    fn add(&mut self, pass: &Pass) {
        self.times += 1;
        self.duration_us = self.duration_us.saturating_add(pass.duration_us);
        let removed = i128::from(pass.before_insts) - i128::from(pass.after_insts);
        let removed = i64::try_from(removed).unwrap_or(if removed > 0 { i64::MAX } else { i64::MIN });
        self.removed = self.removed.saturating_add(removed);
        self.changed += u64::from(pass.changed);
    }
}

/// The functions with most in a column, most first; `stages_us` is the sum of the stages. `None`: no such column.
pub fn top<'a>(metrics: &'a Metrics, column: &str, count: usize) -> Option<Vec<(&'a Function, u64)>> {
    let value = |function: &Function| match column {
        "stages_us" => Some(function.stages_us()),
        column => function.value(column),
    };
    value(&Function::default())?;
    let mut all: Vec<(&Function, u64)> = metrics.functions.iter().filter_map(|f| Some((f, value(f)?))).collect();
    all.sort_by_key(|(function, value)| (std::cmp::Reverse(*value), function.func_idx));
    all.truncate(count);
    Some(all)
}

/// Folded stacks `module;function;stage;pass`, a line each, in microseconds, so that compile time can be drawn.
pub fn folded(metrics: &Metrics, module: &str) -> String {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    let mut push = |stack: String, us: u64| {
        if us > 0 {
            let sum = stacks.entry(stack).or_insert(0);
            *sum = sum.saturating_add(us);
        }
    };
    let module = frame(module);
    let mut stages = 0u64;
    for function in &metrics.functions {
        stages = stages.saturating_add(function.stages_us());
        let name = frame(&function.func_name);
        for stage in STAGES {
            let us = function.value(stage).unwrap_or(0);
            let word = stage.trim_end_matches("_us");
            if word != "optimize" {
                push(format!("{module};{name};{word}"), us);
                continue;
            }
            let mut rest = us;
            for pass in &function.ir_passes {
                push(format!("{module};{name};{word};{}", frame(&pass.name)), pass.duration_us);
                rest = rest.saturating_sub(pass.duration_us);
            }
            push(format!("{module};{name};{word};[rest]"), rest);
        }
    }
    push(format!("{module};[translation and bookkeeping]"), metrics.module_compile_us.saturating_sub(stages));
    stacks.iter().fold(String::new(), |mut out, (stack, us)| {
        let _ = writeln!(out, "{stack} {us}");
        out
    })
}

/// A name as one frame of a stack: what cuts stacks and lines is replaced.
fn frame(name: &str) -> String {
    name.chars().map(|c| if c == ';' || c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}

/// Totals, passes and the dearest functions, for people.
pub fn show(metrics: &Metrics, by: &str, count: usize) -> Option<String> {
    let dearest = top(metrics, by, count)?;
    let all = totals(metrics);
    let mut out = String::new();
    let rest = all.module_compile_us.saturating_sub(all.stages_us);
    let _ = writeln!(out, "{} functions of {}", all.functions, metrics.expected_functions);
    let _ = writeln!(out, "{:<24} {:>12}", "module_compile_us", all.module_compile_us);
    let _ = writeln!(out, "{:<24} {:>12}\n{:<24} {rest:>12}", "stages_us", all.stages_us, "rest_us");
    for (name, value) in COLUMNS.iter().zip(all.values).chain(EGRAPH.iter().zip(all.egraph)) {
        let _ = writeln!(out, "{name:<24} {value:>12}");
    }
    if !all.passes.is_empty() {
        let _ = writeln!(out, "\n{:<24} {:>8} {:>12} {:>10} {:>8}", "pass", "times", "us", "removed", "changed");
    }
    for pass in &all.passes {
        let PassTotal { name, times, duration_us, removed, changed } = pass;
        let name = crate::perf::escaped(name);
        let _ = writeln!(out, "{name:<24} {times:>8} {duration_us:>12} {removed:>10} {changed:>8}");
    }
    if !dearest.is_empty() {
        let _ = writeln!(out, "\n{:<24} {:>8} {by:>14}", "function", "index");
    }
    for (function, value) in dearest {
        let name = crate::perf::escaped(&function.func_name);
        let _ = writeln!(out, "{name:<24} {:>8} {value:>14}", function.func_idx);
    }
    Some(out)
}
