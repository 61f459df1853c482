//! The section `.chic.meta` of programs that Chic built: their tracepoints and budgets, as text.
//!
//! A label may hold `;` and `=`, and nothing is escaped: a line is cut from both its ends.

use std::collections::HashMap;

/// The line that the records stand behind.
const TITLE: &str = "Chic Metadata";

/// What the section says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// In the order of the section.
    pub tracepoints: Vec<Tracepoint>,
    /// Lines that could not be read.
    pub skipped: Vec<Skipped>,
}

/// A tracepoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracepoint {
    /// Qualified name of its function.
    pub function: String,
    /// Its id.
    pub trace_id: u64,
    /// Its label.
    pub label: String,
    /// `perf` or `debug`.
    pub level: String,
    /// Of a call.
    pub budgets: Budgets,
}

/// Budgets of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgets {
    /// Microseconds.
    pub cpu_us: Option<u64>,
    /// Microseconds.
    pub gpu_us: Option<u64>,
    /// Bytes.
    pub mem_bytes: Option<u64>,
}

/// A line that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// From 1, the title is one.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Reads the section; what is not UTF-8 in it becomes U+FFFD.
pub fn read(section: &[u8]) -> Metadata {
    let text = String::from_utf8_lossy(section);
    let mut metadata = Metadata::default();
    let mut costs: HashMap<&str, Budgets> = HashMap::new();
    let lines = text.lines().zip(1..).skip_while(|(line, _)| line.trim_end_matches('\0') != TITLE).skip(1);
    for (line, number) in lines {
        let line = line.trim_end_matches('\0');
        if let Some(record) = line.strip_prefix("trace:") {
            match tracepoint(record) {
                Ok(tracepoint) => metadata.tracepoints.push(tracepoint),
                Err(why) => metadata.skipped.push(Skipped { line: number, why }),
            }
        } else if let Some((function, fields)) = line.strip_prefix("cost:").and_then(|record| record.split_once('=')) {
            costs.insert(function, cost(fields));
        }
    }
    for tracepoint in &mut metadata.tracepoints {
        if let Some(cost) = costs.get(tracepoint.function.as_str()) {
            tracepoint.budgets.fill(*cost);
        }
    }
    metadata
}

impl Budgets {
    /// Takes what it lacks.
    fn fill(&mut self, other: Budgets) {
        self.cpu_us = self.cpu_us.or(other.cpu_us);
        self.gpu_us = self.gpu_us.or(other.gpu_us);
        self.mem_bytes = self.mem_bytes.or(other.mem_bytes);
    }

    /// Where a key of a budget is kept.
    fn field(&mut self, key: &str) -> Option<&mut Option<u64>> {
        match key {
            "cpu_us" => Some(&mut self.cpu_us),
            "gpu_us" => Some(&mut self.gpu_us),
            "mem_bytes" => Some(&mut self.mem_bytes),
            _ => None,
        }
    }
}

/// `FUNCTION=id=N;label=L;level=W` and budgets behind it.
fn tracepoint(record: &str) -> Result<Tracepoint, &'static str> {
    let (function, rest) = record.split_once("=id=").ok_or("there is no id")?;
    let (id, rest) = rest.split_once(";label=").ok_or("there is no label")?;
    let trace_id = id.parse().map_err(|_| "id is not a number")?;
    let mut budgets = Budgets::default();
    let mut rest = rest;
    while let Some((before, field)) = rest.rsplit_once(';') {
        let Some((key, value)) = field.split_once('=') else { break };
        let (Some(budget), Ok(value)) = (budgets.field(key), value.parse()) else { break };
        *budget = Some(value);
        rest = before;
    }
    let (label, level) = rest.rsplit_once(";level=").ok_or("there is no level")?;
    if !["perf", "debug"].contains(&level) {
        return Err("level is neither perf nor debug");
    }
    Ok(Tracepoint { function: function.into(), trace_id, label: label.into(), level: level.into(), budgets })
}

/// Budgets of a function, whatever stands between them.
fn cost(fields: &str) -> Budgets {
    let mut budgets = Budgets::default();
    for (key, value) in fields.split(';').filter_map(|field| field.split_once('=')) {
        if let (Some(budget), Ok(value)) = (budgets.field(key), value.parse()) {
            *budget = Some(value);
        }
    }
    budgets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_may_hold_what_separates_fields() {
        let line = b"x\nChic Metadata\ntrace:f=id=7;label=a;level=perf;cpu_us=1 b=c;level=debug;cpu_us=9;mem_bytes=3\n";
        let metadata = read(line);
        let budgets = Budgets { cpu_us: Some(9), gpu_us: None, mem_bytes: Some(3) };
        let label = "a;level=perf;cpu_us=1 b=c".to_owned();
        let expected = Tracepoint { function: "f".into(), trace_id: 7, label, level: "debug".into(), budgets };
        assert_eq!(metadata.tracepoints, [expected]);
    }

    #[test]
    fn bad_lines_are_counted_and_costs_fill_gaps() {
        let text = "Chic Metadata\ncost:g=cpu_us=5;trace_id=1\ntrace:g=id=1;label=g;level=perf\ntrace:h\n\
                    trace:h=id=2;label=h\ntrace:h=id=2;label=h;level=loud\n";
        let metadata = read(text.as_bytes());
        let budgets: Vec<Budgets> = metadata.tracepoints.iter().map(|tracepoint| tracepoint.budgets).collect();
        assert_eq!(budgets, [Budgets { cpu_us: Some(5), ..Budgets::default() }]);
        let lines: Vec<usize> = metadata.skipped.iter().map(|skipped| skipped.line).collect();
        assert_eq!(lines, [4, 5, 6]);
        assert_eq!(read(b"no title\ntrace:f=id=1;label=f;level=perf"), Metadata::default());
    }
}
