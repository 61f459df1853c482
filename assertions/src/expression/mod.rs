//! Expressions: conditions over the measures of a run, as `custom` writes them.
//!
//! ```text
//! ||  &&  !  ==  !=  <  <=  >  >=  +  -  *  /  ( )      numbers      calls("write")
//! ```

mod evaluate;
mod parse;

use syscalls::Filter;

pub use evaluate::Decided;

/// Values of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Calls of all tasks.
    Calls,
    /// Those that failed.
    Errors,
    /// From exec to end of the root, without tracing.
    WallMs,
    /// In user mode, without tracing.
    UserMs,
    /// In the kernel, without tracing.
    SysMs,
    /// Both.
    CpuMs,
    /// Peak resident set of the largest process.
    MaxRssBytes,
    /// Peak of private anonymous memory.
    AllocBytes,
    /// Bytes moved out of objects.
    BytesRead,
    /// Bytes moved into objects.
    BytesWritten,
    /// Processes.
    Processes,
    /// Tasks.
    Tasks,
    /// Signals delivered.
    Signals,
    /// Exit code of the root; 128 and the signal when it was killed.
    ExitCode,
}

impl Metric {
    /// All of them with their names.
    pub const ALL: [(&'static str, Metric); 14] = [
        ("calls", Metric::Calls),
        ("errors", Metric::Errors),
        ("wall_ms", Metric::WallMs),
        ("user_ms", Metric::UserMs),
        ("sys_ms", Metric::SysMs),
        ("cpu_ms", Metric::CpuMs),
        ("max_rss_bytes", Metric::MaxRssBytes),
        ("alloc_bytes", Metric::AllocBytes),
        ("bytes_read", Metric::BytesRead),
        ("bytes_written", Metric::BytesWritten),
        ("processes", Metric::Processes),
        ("tasks", Metric::Tasks),
        ("signals", Metric::Signals),
        ("exit_code", Metric::ExitCode),
    ];

    /// Its name.
    pub fn word(self) -> &'static str {
        Metric::ALL.iter().find(|(_, metric)| *metric == self).map_or("", |(name, _)| name)
    }
}

/// Functions of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// How many.
    Calls,
    /// How many failed.
    Errors,
    /// Bytes that they moved.
    Bytes,
    /// Time in them, ms.
    TimeMs,
    /// Median time of one, microseconds.
    P50Us,
    /// 99 of 100 take no longer, microseconds.
    P99Us,
    /// The longest, microseconds.
    MaxUs,
}

impl Function {
    /// All of them with their names.
    pub const ALL: [(&'static str, Function); 7] = [
        ("calls", Function::Calls),
        ("errors", Function::Errors),
        ("bytes", Function::Bytes),
        ("time_ms", Function::TimeMs),
        ("p50_us", Function::P50Us),
        ("p99_us", Function::P99Us),
        ("max_us", Function::MaxUs),
    ];

    /// Its name.
    pub fn word(self) -> &'static str {
        Function::ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    /// Is it about times of single calls, which tracing moves?
    pub fn is_time(self) -> bool {
        matches!(self, Function::TimeMs | Function::P50Us | Function::P99Us | Function::MaxUs)
    }
}

/// A function with its filter.
#[derive(Debug, Clone)]
pub struct Metered {
    /// What is asked.
    pub function: Function,
    /// The filter as it was written.
    pub text: String,
    /// The same, read.
    pub filter: Filter,
}

/// A condition.
#[derive(Debug, Clone)]
pub struct Expression {
    /// As it was written.
    pub text: String,
    node: Node,
    /// The functions in it; [`Node::Function`] has their numbers.
    pub metered: Vec<Metered>,
}

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Metric(Metric),
    Function(usize),
    Not(Box<Node>),
    Negative(Box<Node>),
    Both(Operator, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divided,
}

impl Operator {
    /// Does it give a condition?
    fn decides(self) -> bool {
        !matches!(self, Operator::Plus | Operator::Minus | Operator::Times | Operator::Divided)
    }

    /// Does it take conditions?
    fn joins(self) -> bool {
        matches!(self, Operator::Or | Operator::And)
    }
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// Byte of the text at which it goes wrong.
    pub at: usize,
    /// Bytes that are meant.
    pub len: usize,
    /// What is wrong.
    pub what: String,
    /// What was probably meant, and what an expression may hold.
    pub hints: Vec<String>,
}

impl Expression {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`BadExpression`] at the first word that can't be understood.
    pub fn read(text: &str) -> Result<Expression, BadExpression> {
        parse::read(text)
    }

    /// The measures in it, each once.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut found = vec![];
        collect(&self.node, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn collect(node: &Node, found: &mut Vec<Metric>) {
    match node {
        Node::Metric(metric) => found.push(*metric),
        Node::Not(inner) | Node::Negative(inner) => collect(inner, found),
        Node::Both(_, left, right) => {
            collect(left, found);
            collect(right, found);
        }
        Node::Number(_) | Node::Function(_) => {}
    }
}
