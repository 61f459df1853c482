//! Steps: raw steps with canonical names, contents and ranges.

use recording::resolve::{ObjectId, ProcId};

use super::Maker;
use crate::content::Content;
use crate::content::Hash;
use crate::model::{Arg, Exit, Step};
use crate::run::raw::{Ended, FlowId, Raw, RawStep};
use crate::run::{Known, Run};
use crate::value::Value;

impl Maker<'_> {
    /// The number in the form of each raw step.
    pub(super) fn all_steps(&mut self) -> Vec<u32> {
        let run = self.run;
        run.steps.rows().iter().map(|raw| self.number(raw)).collect()
    }

    fn number(&mut self, raw: &RawStep) -> u32 {
        let step = self.step(raw);
        let next = self.steps.len() as u32;
        match self.step_numbers.get(&step) {
            Some(number) => *number,
            None => {
                self.step_numbers.insert(step.clone(), next);
                self.steps.push(step);
                next
            }
        }
    }

    /// A raw step, canonical.
    pub(super) fn step(&mut self, raw: &RawStep) -> Step {
        let mut args = Vec::with_capacity(raw.args.len() + 1);
        raw.args.iter().for_each(|arg| self.argument(arg, &mut args));
        let errno = match raw.ended {
            Ended::Well => None,
            Ended::Failed(errno) => Some(errno_name(errno)),
            Ended::Unfinished => Some("unfinished".into()),
        };
        Step { verb: raw.verb, args: args.into(), errno }
    }

    /// One argument; ranges with their content are two.
    pub(super) fn argument(&mut self, raw: &Raw, out: &mut Vec<Arg>) {
        match raw {
            Raw::Flow(flow, start, end) => self.flow_range(*flow, *start, *end, out),
            Raw::File(range) => self.file_range(*range, out),
            Raw::Span(object, start, end) => out.push(self.span(*object, *start, *end)),
            Raw::Opaque(len) => out.extend([Arg::Span(0, Some(*len)), Arg::Hash(None)]),
            Raw::Anything => out.extend([Arg::Span(0, None), Arg::Hash(None)]),
            Raw::Blob(bytes) => {
                let run = self.run;
                let bytes = self.names.content(run.names.get(*bytes), false).bytes;
                let hash = self.hash(&bytes);
                out.push(Arg::Hash(hash));
            }
            Raw::Listing(listing) => self.listing(*listing, out),
            Raw::Spawned(process) => out.extend(self.never_executes(*process).then(|| word("fork"))),
            Raw::Ending(process) => out.extend(ending(&exit(self.run, *process))),
            Raw::Field(name, raw) => {
                let value = self.value(raw);
                out.push(Arg::Field((*name).into(), value));
            }
            plain => {
                let value = self.value(plain);
                out.push(Arg::word(value));
            }
        }
    }

    /// An argument that is one word.
    pub(super) fn value(&mut self, raw: &Raw) -> Value {
        match raw {
            Raw::Word(word) => Value::from_syntax(*word),
            Raw::Made(word) => Value::literal(word.as_bytes()),
            Raw::Number(number) => Value::from_syntax(number.to_string()),
            Raw::Octal(mode) => Value::from_syntax(format!("{mode:04o}")),
            Raw::Text(text) => self.names.text(self.run.names.get(*text)),
            Raw::Path(path) => self.names.path(self.run.names.get(*path)),
            Raw::Size(object, size) => Value::from_syntax(self.file_offset(*object, *size).to_string()),
            Raw::Process(process) => Value::from_syntax(self.key(*process)),
            Raw::Thread(thread) => Value::from_syntax(self.thread(*thread)),
            Raw::Failed(errno) => Value::from_syntax(format!("!{}", errno_name(*errno))),
            Raw::Object(object) => Value::from_syntax(self.reference(*object)),
            Raw::Uid(id) => own_or(*id, self.run.header.uid),
            Raw::Gid(id) => own_or(*id, self.run.header.gid),
            _ => Value::from_syntax("*"),
        }
    }

    fn key(&self, id: ProcId) -> String {
        self.keys.get(id.0 as usize).map_or_else(|| "{PID}".into(), |key| key.0.to_string())
    }

    /// `Pt0.1`: a thread of the root.
    fn thread(&self, id: recording::resolve::ThreadId) -> String {
        let process = self.run.tables.thread(id).map(|row| row.process);
        let key = process.map_or_else(|| "{PID}".into(), |process| self.key(process));
        format!("{key}{}", super::threads::key(self.run, id))
    }

    /// `file:$CWD/conf`.
    pub(super) fn reference(&self, id: ObjectId) -> String {
        match self.objects.get(id.0 as usize) {
            Some(object) => format!("{}:{}", object.kind.word(), object.name),
            None => "-".into(),
        }
    }

    fn never_executes(&self, id: ProcId) -> bool {
        self.run.tables.process(id).is_some_and(|row| row.images.is_empty())
            && self.run.processes.get(id.0 as usize).is_none_or(|facts| facts.executed.is_empty())
    }

    fn flow_range(&mut self, id: FlowId, start: u64, end: u64, out: &mut Vec<Arg>) {
        let known = self.run.flows.get(id.0 as usize).is_some_and(|flow| end <= flow.bytes.kept.len() as u64);
        let Some(flow) = self.flow(id) else { return };
        let (from, to) = (flow.offset(start), flow.offset(end));
        let bytes = flow.slice(from, to).filter(|_| known).map(<[u8]>::to_vec);
        out.push(Arg::Span(from, Some(to)));
        let hash = bytes.and_then(|bytes| self.hash(&bytes));
        out.push(Arg::Hash(hash));
    }

    fn file_range(&mut self, at: u32, out: &mut Vec<Arg>) {
        let run = self.run;
        let (Some(range), Some(known)) = (run.ranges.get(at as usize), run.known.get(at as usize)) else { return };
        match known {
            Known::Final => self.final_range(range.object, range.start, range.end, out),
            Known::Told => {
                let bytes = range.bytes.as_deref().unwrap_or_default();
                let canonical = self.names.content(bytes, !range.wrote).bytes;
                let hash = self.hash(&canonical);
                let end = range.start.saturating_add(canonical.len() as u64);
                out.extend([Arg::Span(range.start, Some(end)), Arg::Hash(hash)]);
            }
            Known::Hash(hash) => self.hashed_range(range.start, range.end, Some(*hash), out),
            Known::Unknown => self.hashed_range(range.start, range.end, None, out),
        }
    }

    fn final_range(&mut self, object: ObjectId, start: u64, end: u64, out: &mut Vec<Arg>) {
        let Some(file) = self.file(object) else { return self.hashed_range(start, end, None, out) };
        let (from, to) = (file.offset(start), file.offset(end));
        let content = match file.whole(from, to) {
            Some(content) => Some(content),
            None => file.slice(from, to).map(Content::known),
        };
        out.push(Arg::Span(from, Some(to)));
        out.push(Arg::Hash(content.and_then(|content| {
            self.contents.keep(&content);
            content.hash
        })));
    }

    fn hashed_range(&self, start: u64, end: u64, hash: Option<Hash>, out: &mut Vec<Arg>) {
        out.extend([Arg::Span(start, Some(end)), Arg::Hash(hash)]);
    }

    fn span(&mut self, object: ObjectId, start: u64, end: u64) -> Arg {
        let end = (end != u64::MAX).then(|| self.file_offset(object, end));
        Arg::Span(self.file_offset(object, start), end)
    }

    /// Where an offset of a file lies in its canonical content.
    fn file_offset(&mut self, object: ObjectId, offset: u64) -> u64 {
        match self.run.states.bytes(object) {
            Some(bytes) if offset <= bytes.len() as u64 => self.file(object).map_or(offset, |file| file.offset(offset)),
            _ => offset,
        }
    }

    /// How many names, and the hash of the sorted names with their types.
    fn listing(&mut self, at: u32, out: &mut Vec<Arg>) {
        let run = self.run;
        let Some(entries) = run.listings.get(at as usize) else { return };
        let mut lines: Vec<String> =
            entries.iter().map(|entry| format!("{} {}\n", self.names.listed(&entry.name), entry.kind)).collect();
        lines.sort();
        let hash = self.hash(lines.concat().as_bytes());
        out.extend([word(&entries.len().to_string()), Arg::Hash(hash)]);
    }
}

fn own_or(id: u32, own: u32) -> Value {
    match id {
        _ if id == own => Value::from_syntax("own"),
        u32::MAX => Value::from_syntax("-1"),
        id => Value::from_syntax(id.to_string()),
    }
}

fn word(text: &str) -> Arg {
    Arg::Word(Value::from_syntax(text))
}

pub(super) fn errno_name(errno: u16) -> Box<str> {
    syscalls::errno::errno(errno).map_or_else(|| format!("E{errno}").into(), |errno| errno.name.into())
}

/// How a process ended.
pub(super) fn exit(run: &Run, id: ProcId) -> Exit {
    use recording::resolve::Exit as Raw;
    match run.tables.process(id).map(|row| row.exit) {
        Some(Raw::Exited(code)) => Exit::Exited(code),
        Some(Raw::Killed { signal, core }) => {
            Exit::Killed { signal: crate::facet::signal_name(signal.into()).into(), core }
        }
        Some(Raw::Running) | None => Exit::Running,
    }
}

fn ending(exit: &Exit) -> Option<Arg> {
    Some(match exit {
        Exit::Exited(code) => Arg::Field("exit".into(), Value::from_syntax(code.to_string())),
        Exit::Killed { signal, core } => {
            let core = if *core { "+core" } else { "" };
            Arg::Field("killed".into(), Value::from_syntax(format!("{signal}{core}")))
        }
        Exit::Running => return None,
    })
}
