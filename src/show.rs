//! Showing: which printers a form needs, with which options.

use recording::Sink;
use report::accessed::Accessed;
use report::clusters::{ClusterTable, Grouped};
use report::csv::{CountOptions, Counts};
use report::document::Form;
use report::function_time::FunctionTime;
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::rows::{RowOptions, Rows, TableOptions};
use report::summary::{Summary, SummaryOptions};
use report::text::{Prefix, Quiet, Text, TextOptions};

use crate::cli::ask::{Format, Look};
use crate::clusters::Groups;
use crate::message::Problem;
use crate::output::{Output, Where};
use crate::places::{Asked, Seen};
use crate::selection::Selection;

/// Bytes of a string that strace shows.
pub const USUAL_STRINGS: u64 = 32;

/// What the printers have to know beside the look.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Are several tasks shown?
    pub follow: bool,
    /// Is it written to a file of its own (`-o`)?
    pub own_file: bool,
    /// One file per task?
    pub separately: bool,
    /// Is the document on our standard output?
    pub on_stdout: bool,
    /// Bytes of a string in a document, unless the look says so: live as strace has it, later what was kept.
    pub strings: u64,
}

impl Setting {
    /// Would text stand on standard error?
    pub fn text_on_stderr(&self) -> bool {
        !(self.own_file || self.separately || self.on_stdout)
    }
}

/// The printers of a form. The table behind text shares its stream; beside a document it goes to
/// standard error.
pub fn printers(
    look: &Look,
    selection: &Selection,
    setting: Setting,
    output: &Output,
    (asked, seen): (&Asked, &Seen),
    groups: Option<&Groups>,
) -> Result<Vec<Box<dyn Sink>>, Problem> {
    let to = output.destination()?;
    let mut printers: Vec<Box<dyn Sink>> = Vec::new();
    match look.format {
        Format::Text => printers
            .push(Box::new(Text::new(text(look, selection, setting), to).with_stacks(asked.stacks(asked.lines, seen)))),
        Format::Json => {
            printers.push(Box::new(Json::new(json(look, selection, setting), to).with_stacks(asked.stacks(true, seen))))
        }
        Format::JsonLines => printers
            .push(Box::new(JsonLines::new(json(look, selection, setting), to).with_stacks(asked.stacks(true, seen)))),
        Format::Csv => printers
            .push(Box::new(Rows::csv(rows(look, selection, setting), to).with_stacks(asked.stacks(false, seen)))),
        Format::Html => printers
            .push(Box::new(Rows::html(rows(look, selection, setting), to).with_stacks(asked.stacks(false, seen)))),
        Format::Counts => printers.push(Box::new(Counts::new(counts(look, selection), to))),
        Format::Summary => printers.push(Box::new(Summary::new(summary(look, selection, output), to))),
    }
    let has_more = has_table_behind(look) || groups.is_some();
    let stderr = (has_more && look.format.is_document()).then(|| Output::open(Where::Stderr, false)).transpose()?;
    let beside = stderr.as_ref().unwrap_or(output);
    if has_table_behind(look) {
        printers.push(Box::new(Summary::new(summary(look, selection, beside), beside.destination()?)));
    }
    if let Some(groups) = groups {
        let grouped = Grouped::new(groups.clusters.clone(), selection.shown());
        printers.push(Box::new(ClusterTable::new(grouped, beside.destination()?)));
    }
    if asked.function_time
        && let Some(stacks) = asked.stacks(false, seen)
    {
        let to = Output::open(Where::Stderr, false)?.destination()?;
        printers.push(Box::new(FunctionTime::new(selection.shown(), stacks, to)));
    }
    let Some(only) = selection.accesses() else { return Ok(printers) };
    let only = |printer| Box::new(Accessed::new(only.clone(), printer)) as Box<dyn Sink>;
    Ok(printers.into_iter().map(only).collect())
}

/// The form in which a document is shown that was given in place of a recording.
pub fn form(look: &Look, selection: &Selection, setting: Setting, output: &Output) -> Form {
    match look.format {
        Format::Text => Form::Text(text(look, selection, setting)),
        Format::Json => Form::Json(json(look, selection, setting)),
        Format::JsonLines => Form::JsonLines(json(look, selection, setting)),
        Format::Csv => Form::Csv(rows(look, selection, setting)),
        Format::Counts => Form::Counts(counts(look, selection)),
        Format::Html => Form::Html(rows(look, selection, setting)),
        Format::Summary => Form::Summary(summary(look, selection, output)),
    }
}

/// The table behind it.
pub fn table_behind(look: &Look, selection: &Selection, output: &Output) -> Option<Form> {
    has_table_behind(look).then(|| Form::Summary(summary(look, selection, output)))
}

/// Is there a table of its own behind the calls? A page holds it.
fn has_table_behind(look: &Look) -> bool {
    look.table_too && look.format != Format::Html
}

fn rows(look: &Look, selection: &Selection, setting: Setting) -> RowOptions {
    RowOptions {
        text: text(look, selection, setting),
        source: look.source,
        table: look.table_too.then_some(table(look)),
        whole: setting.on_stdout && look.format.is_whole(),
    }
}

fn table(look: &Look) -> TableOptions {
    TableOptions { sort: look.sort, spread: look.spread }
}

fn counts(look: &Look, selection: &Selection) -> CountOptions {
    CountOptions { table: table(look), durations: look.duration.is_some(), shown: selection.shown() }
}

fn text(look: &Look, selection: &Selection, setting: Setting) -> TextOptions {
    let usual = TextOptions::default();
    TextOptions {
        prefix: if setting.separately {
            Prefix::Never
        } else if look.always_pid || (setting.follow && setting.own_file) {
            Prefix::Always
        } else {
            Prefix::WhenSeveral
        },
        time: look.time,
        relative: look.relative,
        duration: look.duration,
        column: look.column.map_or(usual.column, usize::from),
        strings: look.strings.map_or(usual.strings, saturated),
        verbose: look.verbose,
        decoding: look.decoding.clone(),
        hex: look.hex,
        notes: look.notes,
        quiet: Quiet {
            // As strace: a file of its own holds calls, not remarks.
            personality: look.quiet.personality || setting.own_file,
            exit: look.quiet.exit,
            thread_execve: look.quiet.thread_execve,
        },
        number: look.number,
        pointer: look.pointer,
        speaker: speaker(look, setting),
        shown: selection.shown(),
    }
}

/// Notes about tasks that come under the tracer stand between the lines of standard error only; beside
/// other outputs a [`crate::herald::Herald`] may say them.
fn speaker(look: &Look, setting: Setting) -> Option<String> {
    (setting.text_on_stderr() && !look.quiet.attach).then(|| "chic-trace".to_owned())
}

fn json(look: &Look, selection: &Selection, setting: Setting) -> JsonOptions {
    JsonOptions {
        compact: look.compact,
        durations: look.duration.is_some(),
        by_syscall: look.table_too,
        spread: look.spread,
        lamport: look.lamport,
        start_time: look.time.is_some(),
        whole: setting.on_stdout,
        strings: Some(saturated(look.strings.unwrap_or(setting.strings))),
        verbose: look.verbose,
        raw: look.decoding.calls.raw.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        shown: selection.shown(),
    }
}

fn summary(look: &Look, selection: &Selection, output: &Output) -> SummaryOptions {
    let overhead_ns = u64::try_from(look.overhead.as_nanos()).unwrap_or(u64::MAX);
    SummaryOptions {
        sort: look.sort,
        columns: look.columns.clone(),
        overhead_ns,
        spread: look.spread,
        width: output.columns(),
        shown: selection.shown(),
    }
}

fn saturated(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
