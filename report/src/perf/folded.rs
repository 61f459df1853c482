//! Folded stacks: one line a stack, `frame;frame COUNT`, sorted bytewise, counts in microseconds.

use std::collections::BTreeMap;
use std::fmt;

/// No task on a CPU, no span open.
pub(super) const IDLE: &str = "[idle]";
/// Inside a span, off the CPU.
pub(super) const BLOCKED: &str = "[blocked]";
/// On a CPU, outside of all spans, no sample there.
pub(super) const UNSAMPLED: &str = "[unsampled]";
/// Root-most frame of a stack that could not be followed to its entry.
pub(super) const TRUNCATED: &str = "[truncated]";

/// Sums from here on are not exact in what draws them.
pub(super) const TOO_MUCH: u64 = 1 << 53;

/// Stacks with their weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    lines: BTreeMap<String, u64>,
}

/// A line that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Folded {
    /// From stacks with whole microseconds.
    pub(super) fn of_lines(lines: BTreeMap<String, u64>) -> Self {
        Folded { lines: lines.into_iter().filter(|(_, micros)| *micros > 0).collect() }
    }

    /// From stacks with nanoseconds. The sum is rounded once; the microseconds that this leaves over go one each to the
    /// stacks that lost most, of equal ones to the bytewise smaller.
    pub fn of_nanos(stacks: &BTreeMap<String, u128>) -> Self {
        let sum: u128 = stacks.values().sum();
        let floors: u128 = stacks.values().map(|nanos| nanos / 1000).sum();
        let missing = usize::try_from((sum + 500) / 1000 - floors).unwrap_or(usize::MAX);
        let mut by_loss: Vec<(&String, u128)> = stacks.iter().map(|(stack, nanos)| (stack, nanos % 1000)).collect();
        by_loss.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let mut lines: BTreeMap<String, u64> = stacks
            .iter()
            .map(|(stack, nanos)| (stack.clone(), u64::try_from(nanos / 1000).unwrap_or(u64::MAX)))
            .collect();
        for (stack, _) in by_loss.into_iter().take(missing) {
            if let Some(micros) = lines.get_mut(stack) {
                *micros = micros.saturating_add(1);
            }
        }
        Self::of_lines(lines)
    }

    /// Reads a file: any order, `\r\n` or `\n`; equal stacks are added.
    pub fn read(bytes: &[u8]) -> Result<Self, BadLine> {
        let mut folded = Folded::default();
        let mut sum: u64 = 0;
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let bad = |what: String| BadLine { line: number + 1, what };
            let (stack, micros) = split(line).map_err(bad)?;
            sum = sum.saturating_add(micros);
            if sum >= TOO_MUCH {
                return Err(bad(format!("the counts up to here add up to {TOO_MUCH} or more: too much to be drawn")));
            }
            *folded.lines.entry(stack.to_owned()).or_default() += micros;
        }
        Ok(folded)
    }

    /// Adds the stacks of another, but for idle time unless `idle`.
    pub fn add(&mut self, other: &Folded, idle: bool) {
        for (stack, micros) in other.lines.iter().filter(|(stack, _)| idle || *stack != IDLE) {
            let line = self.lines.entry(stack.clone()).or_default();
            *line = line.saturating_add(*micros);
        }
        if !idle {
            self.lines.remove(IDLE);
        }
    }

    /// The stacks in order.
    pub fn lines(&self) -> impl Iterator<Item = (&str, u64)> {
        self.lines.iter().map(|(stack, micros)| (stack.as_str(), *micros))
    }

    /// No stack at all?
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Sum of all weights, microseconds.
    pub fn total(&self) -> u128 {
        self.lines.values().map(|micros| u128::from(*micros)).sum()
    }
}

impl fmt::Display for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|(stack, micros)| writeln!(f, "{stack} {micros}"))
    }
}

/// Stack and count of a line, or what is wrong with it.
fn split(line: &[u8]) -> Result<(&str, u64), String> {
    let line = std::str::from_utf8(line).map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    let is_number = |word: &str| word.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit());
    let (stack, count) = match line.rsplit_once(' ') {
        Some((stack, count)) if is_number(count) => (stack, count),
        _ => return Err("there is no count at its end".to_owned()),
    };
    let micros = count
        .parse()
        .map_err(|_| format!("its count {} is no whole number from 0 to {}", count.escape_debug(), u64::MAX))?;
    if stack.rsplit_once(' ').is_some_and(|(_, word)| word.parse::<f64>().is_ok()) {
        return Err("it has two counts: it tells a difference of two files".to_owned());
    }
    if stack.split(';').any(|frame| frame.trim().is_empty()) {
        return Err("one of its frames is empty".to_owned());
    }
    Ok((stack, micros))
}
